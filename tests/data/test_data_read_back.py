"""What `prepare` writes, the readers accept: every form of every corpus is prepared, and every file read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from data_samples import conllu, json_lines, squad, write
from small_dialogues import ONTOLOGY, released

from xtreme_bench.benchmark import TASKS, of_group
from xtreme_bench.data import intermediate, layout, targets, text
from xtreme_bench.data.dialogues import read_dialogues, read_ontology
from xtreme_bench.data.formats import read_pairs, read_questions, read_tagged
from xtreme_bench.data.release.forms import FORMS
from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.data.release.recognition import recognise
from xtreme_bench.intermediate import INTERMEDIATE, parts_of
from xtreme_bench.official.gold import read_gold

EVERY_STAND_IN = ("xnli", "pawsx", "panx", "mlqa", "bucc2018")
QUESTIONS = [{"id": f"q{i}", "context": f"Der See {i:02} ist tief.", "answers": [(15, "tief")]} for i in range(12)]
SQUAD = squad(QUESTIONS)
IMPOSSIBLE = squad([*QUESTIONS, {"id": "q99", "context": "Nein.", "answers": [], "is_impossible": True}], "v2.0")
TYDIQA = squad([{**one, "id": f"{name}--{i}-0"} for name in ("finnish", "english") for i, one in enumerate(QUESTIONS)])
TYDIQA_READY = squad([{**one, "id": "0"} for one in QUESTIONS])
NLI = [{"pairID": f"{i}", "sentence1": f"A {i}", "sentence2": f"B {i}", "gold_label": "neutral"} for i in range(12)]
RELEASED = "gold_label\tsentence1_binary_parse\tx\ty\tz\tsentence1\tsentence2\tpairID\n" + "".join(
    f"neutral\t(a)\tx\tx\tx\tA {i}\tB {i}\t{i}\n" for i in range(12)
)
GLUE = "index\tpromptID\tpairID\tgenre\tsentence1\tsentence2\tgold_label\n" + "".join(
    f"{i}\t{i}\t{i}\tfiction\tA {i}\tB {i}\tneutral\n" for i in range(12)
)
XNLI = "language\tgold_label\tx\tx\tx\tx\tsentence1\tsentence2\n" + "".join(
    f"{language}\tneutral\t\t\t\t\tA {i}\tB {i}\n" for language in ("en", "de") for i in range(12)
)
XNLI_LINES = json_lines([{"language": language, **one} for language in ("en", "de") for one in NLI])
X_FINAL = "id\tsentence1\tsentence2\tlabel\n" + "".join(f'{i}\t"a" {i}\tb {i}\t1\n' for i in range(12))
PAIRS, SAME = ("".join(f"a {i}\tb {i}\t{label}\r\n" for i in range(12)) for label in ("neutral", "1"))
TEST_PAIRS = "".join(f"a {i}\tb {i}\r\n" for i in range(12))
TREE = conllu(*[[("1", f"Ada{i}", "PROPN", "2"), ("2", "singt", "VERB", "0")] for i in range(12)])
TAGGED, NAMES = (
    "\n".join(f"Ulm{i}\t{tag}\nist\t{other}\n" for i in range(12)) for tag, other in (("X", "VERB"), ("B-LOC", "O"))
)
WORDS = "\n".join(f"Ulm{i}\nist\n" for i in range(12))
WIKIANN = "".join(f"de:Ulm{i}\tB-LOC\nde:ist\tO\n\n" for i in range(12))
LINES = "".join(f"Satz {i:02}\n" for i in range(12))
BUCC = {
    side: "".join(f"{side}-{i:09d}\tSatz {i}\n" for i in range(12)) for side in ("de", "en")
} | {"gold": "".join(f"de-{i:09d}\ten-{i:09d}\n" for i in range(0, 12, 2))}  # fmt: skip
PASSAGE = {"id": "-5-1", "passage_text": "Äiti tuli.", "question_text": "Kuka?",
           "answers": [{"text": "Äiti", "start_byte": 0}]}  # fmt: skip
ANLI = json_lines([{"uid": f"{i}", "context": "c", "hypothesis": "h", "label": "e"} for i in range(12)])
JIANT = json_lines([{"premise": "a", "hypothesis": "b", "label": "neutral"}] * 12)
HELLASWAG = json_lines([{"ind": i, "ctx_a": "A", "ctx_b": "", "endings": list("abcd"), "label": 1} for i in range(12)])
COMMONSENSE = json_lines([
    {"id": f"{i}", "question": {"stem": "Q", "choices": [{"label": "A", "text": "a"}, {"label": "B", "text": "b"}]},
     "answerKey": "B"} for i in range(12)
])  # fmt: skip
WOZ = json.dumps(released("en", 12, 1))
HOTEL = {"hotel": {"semi": {"area": "east"}, "book": {"booked": []}}}
MULTIWOZ = json.dumps({"A": {"log": [{"text": "hi", "metadata": {}}, {"text": "ok", "metadata": HOTEL}]}})
WOZ_ONTOLOGY = json.dumps({"informable": ONTOLOGY["en"]})
COSMOSQA = "id,context,question,answer0,answer1,answer2,answer3,label\r\n" + "".join(
    f"{i},c{i},q,a,b,c,d,1\r\n" for i in range(12)
)
QQP = "\t".join(intermediate.QQP_COLUMNS) + "\n" + "".join(f"{i}\t1\t2\tA?\tB?\t0\n" for i in range(12))
COPA = json_lines([{"premise": "a", "choice1": "b", "choice2": "c", "question": "cause", "label": 1}])

# (corpus, form) -> the files of a source that holds nothing else.
RELEASES: dict[tuple[str, str], dict[str, str]] = {
    ("xnli", "XNLI-1.0"): {"xnli.dev.tsv": XNLI, "xnli.test.jsonl": XNLI_LINES},
    ("xnli", "XNLI-MT-1.0"): {f"multinli.train.{language}.tsv": "premise\thypo\tlabel\n" + PAIRS.replace("\r", "")
                              for language in ("en", "de")},
    ("xnli", "XTREME"): {"xnli/train-en.tsv": PAIRS, "dev-en.tsv": PAIRS, "dev-de.tsv": PAIRS,
                         "xnli/test-de.tsv": TEST_PAIRS},
    ("xnli_dev", "prepared"): {f"xnli_dev/{folder}{split}.tsv": PAIRS for folder in ("", "de/")
                               for split in ("train", "dev")},
    ("pawsx_dev", "prepared"): {f"pawsx_dev/{folder}{split}.tsv": SAME for folder in ("", "de/")
                                for split in ("train", "dev")},
    ("tydiqa_train", "prepared"): {f"tydiqa_train/{folder}{split}.json": SQUAD for folder in ("", "de/")
                                   for split in ("train", "dev")},
    ("pawsx", "x-final"): {f"{language}/{name}.tsv": X_FINAL for language in ("en", "de")
                           for name in ("train", "translated_train", "dev_2k", "test_2k")},
    ("pawsx", "XTREME"): {"pawsx/train-en.tsv": SAME, "dev-en.tsv": SAME, "pawsx/test-de.tsv": TEST_PAIRS},
    ("udpos", "Universal Dependencies"): {f"{language}_x-ud-{split}.conllu": TREE for language in ("en", "de")
                                          for split in ("train", "dev", "test")},
    ("udpos", "XTREME"): {"train-en.tsv": TAGGED, "udpos/dev-en.tsv": TAGGED, "udpos/test-de.tsv": WORDS},
    ("panx", "WikiAnn"): {f"panx_dataset/{language}/{split}": WIKIANN.replace("de:", f"{language}:")
                          for language in ("en", "de") for split in ("train", "dev", "test")},
    ("panx", "XTREME"): {"panx/train-en.tsv": NAMES, "dev-en.tsv": NAMES, "panx/test-de.tsv": WORDS},
    ("tatoeba", "LASER v1"): {"tatoeba.deu-eng.deu": LINES, "tatoeba.deu-eng.eng": LINES},
    ("tatoeba", "XTREME"): {"tatoeba/de-en.de": LINES, "tatoeba/de-en.en": LINES},
    ("bucc2018", "BUCC 2018"): {f"de-en.{split}.{side}": lines for split in ("sample", "training")
                                for side, lines in BUCC.items()},
    ("bucc2018", "XTREME"): {f"de-en.{split}.{side}": lines for split in ("dev", "test")
                             for side, lines in BUCC.items() if (split, side) != ("test", "gold")},
    ("xquad", "XQuAD"): {"xquad.de.json": SQUAD},
    ("mlqa", "MLQA"): {f"{split}-context-de-question-{asked}.json": SQUAD for split in ("dev", "test")
                       for asked in ("de", "en")},
    ("tydiqa", "TyDiQA-GoldP 1.1"): {"tydiqa-goldp-v1.1-train.json": TYDIQA, "tydiqa-goldp-v1.1-dev.json": TYDIQA},
    ("tydiqa", "XTREME"): {f"tydiqa.goldp.{language}.train.json": TYDIQA_READY for language in ("en", "sw")} |
                          {"tydiqa.goldp.fi.dev.json": squad(QUESTIONS)},
    ("tydiqa", "gold passages"): {"finnish-dev.jsonl": json_lines([PASSAGE])},
    ("squad_v1", "SQuAD 1.1"): {"train-v1.1.json": SQUAD, "dev-v1.1.json": SQUAD},
    ("squad_v1", "SQuAD 1.1 translated"): {"de_squad-translate-train-train-v1.1.json": SQUAD,
                                           "de_squad-translate-train-dev-v1.1.json": SQUAD,
                                           "squad.translate.train.en-sw.json": SQUAD},
    ("squad_v2", "SQuAD 2.0"): {"train-v2.0.json": IMPOSSIBLE, "dev-v2.0.json": IMPOSSIBLE},
    ("snli", "SNLI 1.0"): {"snli_1.0_train.jsonl": json_lines(NLI), "snli_1.0_dev.txt": RELEASED},
    ("mnli", "MultiNLI 1.0"): {"multinli_1.0_train.jsonl": json_lines([{**one, "pairID": None} for one in NLI]),
                               "multinli_1.0_dev_matched.txt": RELEASED},
    ("mnli", "GLUE"): {"train.tsv": GLUE, "dev_matched.tsv": GLUE},
    ("mnli", "jiant"): {"mnli/train.jsonl": JIANT, "mnli/val.jsonl": JIANT},
    ("anli", "ANLI"): {f"R{number}/{split}.jsonl": ANLI for number in (1, 2, 3) for split in ("train", "dev")},
    ("qqp", "GLUE"): {"train.tsv": QQP, "dev.tsv": QQP},
    ("hellaswag", "HellaSwag"): {"hellaswag_train.jsonl": HELLASWAG, "hellaswag_val.jsonl": HELLASWAG},
    ("cosmosqa", "CosmosQA"): {"train.csv": COSMOSQA, "valid.csv": COSMOSQA},
    ("commonsenseqa", "CommonsenseQA"): {f"{split}_rand_split.jsonl": COMMONSENSE for split in ("train", "dev")},
    ("ccg", "jiant"): {"ccg.train": "It is\tN N\n", "ccg.dev": "It is\tN N\n", "tags_to_id.json": '{"N": 0}'},
    ("woz", "WoZ 2.0"): {"ontology_dstc2_en.json": WOZ_ONTOLOGY, **{
        f"woz_{split}_en.json": WOZ for split in ("train", "validate", "test")}},
    ("multiwoz", "ConvLab-2"): {"multiwoz/ontology.json": json.dumps({"hotel-area": ["east"]}), **{
        f"multiwoz{ending}/{split}.json": MULTIWOZ for ending in ("", "_zh") for split in ("train", "val", "test")}},
    ("xcopa", "XCOPA"): {"data/et/test.et.jsonl": COPA, "data/et/val.et.jsonl": COPA},
    ("xcopa", "COPA"): {"COPA/train.jsonl": COPA},
    ("xcopa", "XTREME"): {"xcopa/val-et.jsonl": COPA},
}  # fmt: skip


def readers(data: Path) -> Iterator[tuple[list[str], Callable[[], object]]]:
    """(files, what reads them), for everything that a stage may read, and development sets in other languages."""
    languages = ("en", "de", "fi", "sw")
    for source in layout.SOURCES:
        for split in layout.SPLITS:
            yield [layout.source_file(source, split)], lambda a=source, b=split: list(targets.read_train(data, a, b))
    for task in of_group("dialogue"):
        for language in TASKS[task].languages:
            file = layout.ontology_file(task, language)
            yield [file], lambda a=data / file: read_ontology(a, "test")
            file = layout.source_file(task, "train", language)
            yield [file], lambda a=data / file: list(read_dialogues(a, "test", states=True))
    for task in INTERMEDIATE:
        for part in parts_of(task):
            for language in languages:
                tags = layout.label_files(part, [language])
                for split in layout.SPLITS:
                    files = [*layout.intermediate_split_files(part, split, language), *tags]
                    if part == task:
                        yield files, lambda a=task, b=split, c=language: list(intermediate.read(data, a, b, c))
                    for file in files if part != task else ():
                        yield [file], lambda a=part, b=data / file: list(intermediate.read_file(a, b, "test"))
    for task, row in TASKS.items():
        for language in row.languages:
            if task == "tatoeba":
                yield layout.test_files(task, language), lambda a=language: targets.read_tatoeba(data, a)
            elif task == "bucc2018":
                for split in ("dev", "test"):
                    files = list(layout.bucc_files(language, split))
                    yield files, lambda a=language, b=split: targets.read_bucc(data, a, b)
                yield [layout.bucc_gold_file(language)], lambda a=language: targets.read_bucc_gold(data, a)
            else:
                yield [layout.test_file(task, language)], lambda a=task, b=language: list(targets.read_test(data, a, b))
            if row.group in ("classification", "tagging"):
                read = read_pairs if row.group == "classification" else read_tagged
                for file in (f"{task}/{split}-{language}.tsv" for split in layout.SPLITS):
                    yield [file], lambda a=read, b=data / file, c=row.labels: list(a(b, "test", c))
    for language in languages:
        yield [layout.text_file(language)], lambda a=language: text.read_text(data, a)
        yield list(layout.parallel_files(language)), lambda a=language: text.read_parallel(data, a)


# Nothing in this program reads these.
UNREAD = ("xcopa/", "prepare.json", "mlqa/MLQA_V1/dev/")


def files_below(folder: Path) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if path.parts[0] != ".prepare"}


def read_back(data: Path, labels: Path) -> set[str]:
    """Read every file below `data` and `labels`; returns those that were read."""
    there, read = files_below(data), set()
    for files, reader in readers(data):
        if there.issuperset(files):
            assert reader(), files
            read |= set(files)
    for one in files_below(labels):
        task, name = one.split("/")
        if task in TASKS and not name.startswith("ontology-"):
            assert read_gold(labels / one, task, name[5:7])
    for path in (data / "tydiqa/tydiqa-goldp-v1.1-train").glob("*.json"):
        assert list(read_questions(path, "test", answers=True, ids_repeat=True))
        read.add(path.relative_to(data).as_posix())
    for file in there:
        if file.startswith("mlqa/MLQA_V1/test/"):
            assert list(read_questions(data / file, "test", answers=False))
            read.add(file)
    assert {file for file in there - read if not file.startswith(UNREAD)} == set()
    return read


def test_the_table_has_every_form_and_its_files_are_of_that_form(tmp_path):
    assert {(form.corpus, form.name) for form in FORMS} == set(RELEASES)
    for at, (key, files) in enumerate(RELEASES.items()):
        paths = [(file, write(tmp_path / str(at), file, written)) for file, written in files.items()]
        found = recognise(paths)
        assert {(match.name, key) for match in found.matches[key]} == {(file, key) for file in files}, key


@pytest.mark.parametrize("options", [{}, {"sample": 3}, {"dev_as_test": EVERY_STAND_IN}], ids=str)
@pytest.mark.parametrize("key", RELEASES, ids=str)
def test_whatever_is_prepared_from_a_form_can_be_read(tmp_path, key, options):
    for file, written in RELEASES[key].items():
        write(tmp_path, f"in/{file}", written)
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels", **options)
    assert notes["tasks"]
    assert read_back(tmp_path / "data", tmp_path / "labels") or key[0] in ("xcopa", "mlqa")


def test_all_forms_together_are_prepared_and_read_and_every_task_is_there(tmp_path):
    for corpus, form in RELEASES:
        for file, written in RELEASES[corpus, form].items():
            write(tmp_path, f"in/{corpus}/{form}/{file}", written)
    prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    read = read_back(tmp_path / "data", tmp_path / "labels")
    for source in layout.SOURCES:
        assert read.issuperset(layout.training_files(source)), source
    for task in INTERMEDIATE:
        assert read.issuperset(layout.intermediate_files(task)), task
    assert json.loads((tmp_path / "data/prepare.json").read_text())["tasks"].keys() >= {
        *TASKS,
        *INTERMEDIATE,
    } - {"anli_plus"}
