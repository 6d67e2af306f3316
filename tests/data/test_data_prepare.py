"""Upstream releases become the download layout and labels: exact forms, no leak from test sets, notes of stand-ins."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from data_samples import conllu, json_lines, squad, write

from xtreme_bench.benchmark import OVERALL
from xtreme_bench.data import intermediate, layout, targets, text
from xtreme_bench.data.formats import read_questions
from xtreme_bench.data.release.params import ReleaseCorpus
from xtreme_bench.data.release.preparation import cut, evenly
from xtreme_bench.data.release.prepare import make_corpus, make_labels, prepare
from xtreme_bench.data.usable import MOST_UNUSABLE
from xtreme_bench.data.usage import Usage
from xtreme_bench.errors import InputError
from xtreme_bench.recipe.setting import sources_of
from xtreme_bench.stage.job import Job

NLI = ("entailment", "neutral", "contradiction")
EVERY_STAND_IN = ("xnli", "pawsx", "panx", "mlqa", "bucc2018")


def tsv(rows: Iterable[Iterable[str]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter="\t").writerows(rows)
    return stream.getvalue()


def nli_rows(language: str, premises: int = 10) -> list[list[str]]:
    return [[f"{language} premise {i}", f"{language} guess {i} {j}", NLI[j]] for i in range(premises) for j in range(3)]


def write_releases(root: Path) -> None:
    """A release of every kind that is recognised, with a few examples each."""
    for language in ("en", "sw"):
        write(root, f"ready/xnli/dev-{language}.tsv", tsv(nli_rows(language)))
    for language in ("en", "de"):
        rows = [[f'{language} "a" {i}', "NS" if i == 1 else f"{language} b {i}", str(i % 2)] for i in range(30)]
        write(root, f"ready/pawsx/dev-{language}.tsv", tsv(rows))
    sentence = [("1", "Ada", "PROPN", "2"), ("2", "sings", "VERB", "0")]
    for split in ("train", "dev", "test"):
        write(root, f"ud/UD_English-A/en_a-ud-{split}.conllu", conllu(sentence, [("1", split, "X", "0")]))
    write(root, "ud/UD_German-B/de_b-ud-test.conllu", conllu([("1", "Ulm", "PROPN", "0")]))
    for language in ("en", "ja"):
        blocks = [f"{language}{i}\tB-LOC\nx\tO\n" for i in range(8)]
        write(root, f"ready/panx/dev-{language}.tsv", "\n".join(blocks))
    write(root, "ready/panx/train-en.tsv", "Ulm\tB-LOC\nis\tO\n\nen7\tB-LOC\nx\tO\n")
    write(root, "tatoeba/v1/tatoeba.deu-eng.deu", "Danke.\nHallo!\nNein.\n")
    write(root, "tatoeba/v1/tatoeba.deu-eng.eng", "Thanks. \nHello!\nNo.\n")
    write(root, "tatoeba/v1/tatoeba.pol-eng.pol", "Nie.\n")
    write(root, "tatoeba/v1/tatoeba.pol-eng.eng", "No.\n")
    for side, name in (("zh", "zh"), ("en", "en")):
        write(root, f"bucc/zh-en.sample.{side}", "".join(f"{name}-{i:09d}\t{name} text {i}\n" for i in range(20)))
    write(root, "bucc/zh-en.sample.gold", "".join(f"zh-{i:09d}\ten-{i + 1:09d}\n" for i in range(0, 12, 2)))
    write_questions(root)
    records = [{"ind": i, "ctx_a": "He sits.", "ctx_b": "he", "endings": list("abcd"), "label": 0} for i in range(20)]
    write(root, "hellaswag/hellaswag_train.jsonl", json_lines(records))
    write(root, "excerpts/xnli/dev-ru.tsv", "not\ta data set\tneutral\n")
    write(root, "mock/labels/xnli/test-en.tsv", "neutral\n")


def write_questions(root: Path) -> None:
    passages = [{"id": f"s{i}", "context": f"Passage {i} is here", "answers": [(8, str(i))]} for i in range(12)]
    write(root, "squad/dev-v1.1.json", squad(passages))
    write(root, "xquad/xquad.en.json", squad([passages[3], passages[5]]))
    write(root, "xquad/xquad.ro.json", squad([passages[3]]))
    write(root, "MLQA_V1/dev/dev-context-de-question-de.json", squad([passages[1] | {"context": "Absätze 1"}]))
    train = [{"id": "0", "context": f"It was {i}", "answers": [(7, str(i))]} for i in range(20)]
    write(root, "ready/tydiqa/tydiqa.goldp.en.train.json", squad(train))
    blank = [{"id": "finnish--5-1", "context": "Äiti tuli. Se oli yö", "question": "Kuka?", "answers": [(0, "")]}]
    write(root, "ready/tydiqa/tydiqa.goldp.fi.dev.json", squad(blank))
    record = {"id": "-5-1", "passage_text": "Äiti tuli.\nSe oli yö", "question_text": "Kuka?"}
    record["answers"] = [{"text": "Äiti", "start_byte": 0}, {"text": "Se oli yö", "start_byte": 12}]
    write(root, "tydiqa/gold/finnish-dev.jsonl", json_lines([record]))
    write(root, "tydiqa/gold/telugu-dev.jsonl", json_lines([record | {"id": "9-0"}]))


@pytest.fixture
def prepared(tmp_path):
    write_releases(tmp_path / "releases")
    data, labels = tmp_path / "data", tmp_path / "labels"
    notes = prepare([tmp_path / "releases"], data, labels, dev_as_test=EVERY_STAND_IN)
    return data, labels, notes["tasks"]


def words(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split()


def test_rows_at_one_position_in_all_languages_are_on_one_side_and_premises_stay_together(prepared):
    data, labels, notes = prepared
    train = list(targets.read_train(data, "xnli", "train"))
    dev = list(targets.read_train(data, "xnli", "dev"))
    english, swahili = (list(targets.read_test(data, "xnli", language)) for language in ("en", "sw"))
    assert [row.text_b[3:] for row in english] == [row.text_b[3:] for row in swahili]
    premises = [{row.text_a for row in rows} for rows in (train, dev, english)]
    assert len(set.union(*premises)) == sum(map(len, premises)) == 10
    assert words(labels / "xnli/test-sw.tsv") == [NLI[int(row.text_b[-1])] for row in swahili]
    assert any("there is no training set" in remark for remark in notes["xnli"]["remarks"])


def test_training_pairs_that_share_a_sentence_with_a_test_pair_are_left_out(tmp_path):
    rows = nli_rows("en")
    rows[0][0] = rows[-1][0]
    write(tmp_path / "in", "xnli/dev-en.tsv", tsv(rows))
    prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels", dev_as_test=["xnli"])
    train = list(targets.read_train(tmp_path / "data", "xnli", "train"))
    assert rows[0][1] not in {row.text_b for row in train}
    assert rows[1][1] in {row.text_b for row in train}


def test_a_real_training_set_is_used_whole_and_the_development_set_cut_in_two(tmp_path):
    write(tmp_path / "in", "xnli/train-en.tsv", "a\tb\tneutral\r\n")
    write(tmp_path / "in", "xnli/dev-en.tsv", tsv(nli_rows("en")))
    prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels", dev_as_test=["xnli"])
    assert len(list(targets.read_train(tmp_path / "data", "xnli", "train"))) == 1
    assert len(list(targets.read_train(tmp_path / "data", "xnli", "dev"))) == 15
    assert len(list(targets.read_test(tmp_path / "data", "xnli", "en"))) == 15


def test_development_sets_of_different_length_cannot_be_cut_by_position(tmp_path):
    write(tmp_path / "in", "xnli/dev-en.tsv", tsv(nli_rows("en")))
    write(tmp_path / "in", "xnli/dev-sw.tsv", tsv(nli_rows("sw", 9)))
    with pytest.raises(InputError, match="must have the same rows in all languages") as caught:
        prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels", dev_as_test=["xnli"])
    assert [(problem.language, problem.message) for problem in caught.value.problems] == [
        ("en", "30 rows"),
        ("sw", "27 rows"),
    ]


def test_a_folder_in_the_download_layout_is_kept_as_it_is(tmp_path):
    files = {
        "xnli/train-en.tsv": "a\tb\tneutral\r\n",
        "xnli/dev-de.tsv": '"say ""x"""\tb\tneutral\r\n',
        "xnli/test-de.tsv": "a\tb\r\n",
        "panx/test-de.tsv": "Ulm\nist\n\n\nschön\n",
        "panx/train-en.tsv": "Ulm\tB-LOC\n\n\nist\tO\n\n",
        "udpos/dev-de.tsv": "Ulm\tPROPN\n",
        "tatoeba/de-en.de": "Nein.\n",
        "tatoeba/de-en.en": "No.\n",
        "bucc2018/de-en.dev.de": "de-000000001\tNein.\n",
        "bucc2018/de-en.dev.en": "en-000000001\tNo.\n",
        "bucc2018/de-en.dev.gold": "de-000000001\ten-000000001\n",
        "squad/train-v1.1.json": squad([{"id": "q", "context": "Ada", "answers": [(0, "Ada")]}]),
        "squad/dev-v1.1.json": squad([{"id": "q", "context": "Ada", "answers": [(0, "Ada")]}]),
        "qqp/train.tsv": "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\ta\tb\t0\n",
    }
    for file, content in files.items():
        write(tmp_path / "in", file, content)
    prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    for file, content in files.items():
        assert (tmp_path / "data" / file).read_bytes().decode() == content, file
    assert not (tmp_path / "labels").exists()


def test_treebank_words_and_tags_go_to_data_and_labels(prepared):
    data, labels, _ = prepared
    assert (data / "udpos/train-en.tsv").read_text() == "Ada\tPROPN\nsings\tVERB\n\ntrain\tX\n"
    assert (data / "udpos/test-en.tsv").read_text() == "Ada\nsings\n\ntest\n"
    assert (labels / "udpos/test-en.tsv").read_text() == "PROPN\nVERB\n\nX\n"


def test_the_second_half_of_tagged_development_sets_stands_in_for_test_sets(prepared):
    data, labels, _ = prepared
    assert len(list(targets.read_train(data, "panx", "dev"))) == 4
    assert [row.words[0] for row in targets.read_test(data, "panx", "ja")] == ["ja4", "ja5", "ja6", "ja7"]
    assert words(labels / "panx/test-ja.tsv") == ["B-LOC", "O"] * 4


def test_english_of_tatoeba_is_sorted_and_its_labels_are_the_lines_of_the_translations(prepared):
    data, labels, notes = prepared
    foreign, english = targets.read_tatoeba(data, "de")
    assert [row.text for row in english] == ["Hello!", "No.", "Thanks."]
    gold = [int(line) for line in words(labels / "tatoeba/test-de.tsv")]
    assert [foreign[i].text for i in gold] == ["Hallo!", "Nein.", "Danke."]
    assert set(notes["tatoeba"]["examples"]) == {"test de"}


def test_half_of_bucc_chooses_the_threshold_and_the_other_half_is_scored(prepared):
    data, labels, _ = prepared
    (dev_zh, dev_en), (test_zh, test_en) = (targets.read_bucc(data, "zh", split) for split in ("dev", "test"))
    gold = {tuple(line.split("\t")) for line in (labels / "bucc2018/test-zh.tsv").read_text().splitlines()}
    dev_gold = targets.read_bucc_gold(data, "zh")
    assert len(gold) == len(dev_gold) == 3
    for pairs, foreign, english in ((dev_gold, dev_zh, dev_en), (gold, test_zh, test_en)):
        assert {pair[0] for pair in pairs} <= {row.id for row in foreign}
        assert {pair[1] for pair in pairs} <= {row.id for row in english}
    for dev, test in ((dev_zh, test_zh), (dev_en, test_en)):
        assert not {row.id for row in dev} & {row.id for row in test}
        assert len(dev) + len(test) == 20


def test_answers_are_only_in_the_labels(prepared):
    data, labels, _ = prepared
    written = json.loads((data / "xquad/xquad.en.json").read_text())
    assert written["data"][0]["paragraphs"][0]["qas"][0]["answers"] == [{"answer_start": 0, "text": ""}]
    gold = list(read_questions(labels / "xquad/test-en.json", "labels", answers=True))
    assert [(row.id, row.answers[0].text) for row in gold] == [("s3", "3"), ("s5", "5")]
    assert not (data / "xquad/xquad.ro.json").exists()
    assert (labels / "mlqa/test-de.json").exists()


def test_tydiqa_answers_are_joined_by_id_with_byte_offsets_as_code_points(prepared):
    data, labels, _ = prepared
    (gold,) = list(read_questions(labels / "tydiqa/test-fi.json", "labels", answers=True))
    assert [(answer.start, answer.text) for answer in gold.answers] == [(0, "Äiti"), (11, "Se oli yö")]
    assert gold.context == "Äiti tuli. Se oli yö"
    (row,) = targets.read_test(data, "tydiqa", "te")
    assert (row.id, row.context) == ("telugu-9-0", "Äiti tuli. Se oli yö")


def test_squad_cut_from_its_development_set_has_no_passage_of_xquad(prepared):
    data, _, notes = prepared
    rows = [*targets.read_train(data, "squad", "train"), *targets.read_train(data, "squad", "dev")]
    assert sorted(row.id for row in rows) == sorted(f"s{i}" for i in range(12) if i not in (3, 5))
    assert "2 questions on passages of test sets are left out" in notes["squad_v1"]["remarks"][0]


def test_a_task_with_one_split_is_cut_in_two_and_noted(prepared):
    data, _, notes = prepared
    assert len(list(intermediate.read(data, "hellaswag", "train"))) == 18
    assert len(list(intermediate.read(data, "hellaswag", "dev"))) == 2
    assert "only hellaswag_train.jsonl was found" in notes["hellaswag"]["remarks"][0]


def test_no_text_for_pretraining_is_in_a_test_set(prepared):
    data, _, _ = prepared
    english = text.read_text(data, "en")
    assert {"Ulm is", "en0 x", "en premise 0", "train", "It was 0"} <= set(english)
    # Training sentences of panx and udpos that are also test sentences.
    assert not {"en7 x", "Ada sings"} & set(english)
    for language in ("en", "sw"):
        tested = {row.text_a for row in targets.read_test(data, "xnli", language)}
        assert not tested & set(text.read_text(data, language))
    pairs = text.read_parallel(data, "sw")
    assert ("sw premise 0", "en premise 0") in pairs
    assert not {english for _, english in pairs} & {row.text_a for row in targets.read_test(data, "xnli", "en")}
    assert not [pair for pair in text.read_parallel(data, "de") if "NS" in pair]


def test_a_sample_of_a_test_set_is_spread_over_the_file_and_the_same_in_all_languages(tmp_path):
    for language in ("en", "de"):
        rows = [["id", f"{language} {at}", f"{language} b {at}", str(at % 2)] for at in range(10)]
        table = [["id", "sentence1", "sentence2", "label"], *rows]
        write(tmp_path, f"in/x-final/{language}/test_2k.tsv", "".join("\t".join(row) + "\n" for row in table))
        write(
            tmp_path,
            f"in/xquad/xquad.{language}.json",
            squad(
                [{"id": f"s{at}", "context": f"Passage {at} is here", "answers": [(8, str(at))]} for at in range(10)]
            ),
        )
    lines = [f"{at}\tB-LOC\nx\tO\n" for at in range(10)]
    write(tmp_path, "in/panx/test-en.tsv", "\n".join(line.replace("\tB-LOC", "").replace("\tO", "") for line in lines))
    data, labels = tmp_path / "data", tmp_path / "labels"
    prepare([tmp_path / "in"], data, labels, sample=3)
    for language in ("en", "de"):
        pairs = targets.read_test(data, "pawsx", language)
        assert [row.text_a for row in pairs] == [f"{language} {at}" for at in (0, 3, 6)]
        assert words(labels / f"pawsx/test-{language}.tsv") == ["0", "1", "0"]
        assert [row.id for row in targets.read_test(data, "xquad", language)] == ["s0", "s3", "s6"]
    assert [row.words[0] for row in targets.read_test(data, "panx", "en")] == ["0", "3", "6"]


@pytest.mark.parametrize(
    ("total", "wanted", "kept"),
    [(10, 3, [0, 3, 6]), (10, 10, [*range(10)]), (3, 10, [0, 1, 2]), (0, 5, []), (5, 0, []), (7, 2, [0, 3])],
)
def test_samples_are_spread_evenly(total, wanted, kept):
    assert evenly(total, wanted) == kept


def test_a_sample_keeps_as_many_test_examples_and_labels_agree(tmp_path):
    write_releases(tmp_path / "in")
    data, labels = tmp_path / "data", tmp_path / "labels"
    prepare([tmp_path / "in"], data, labels, dev_as_test=EVERY_STAND_IN, sample=2)
    assert len(list(targets.read_test(data, "xnli", "sw"))) == len(words(labels / "xnli/test-sw.tsv")) == 2
    assert len(list(targets.read_test(data, "panx", "ja"))) == 2
    foreign, english = targets.read_tatoeba(data, "de")
    assert [row.text for row in foreign] == ["Danke.", "Hallo!"]
    assert words(labels / "tatoeba/test-de.tsv") == ["1", "0"]
    gold = [line.split("\t") for line in (labels / "bucc2018/test-zh.tsv").read_text().splitlines()]
    foreign, english = targets.read_bucc(data, "zh", "test")
    assert len(gold) == 2
    assert {pair[0] for pair in gold} <= {row.id for row in foreign}
    assert {pair[1] for pair in gold} <= {row.id for row in english}
    assert len(foreign) < 10


def test_the_two_stages_write_what_prepare_writes_and_only_their_half(tmp_path, prepared):
    whole = {"data": prepared[0], "labels": prepared[1]}
    used = Usage(targets={}, pretraining=None, intermediate={}, aligned={}, finetuning={}, select_on=["en"])
    params = ReleaseCorpus(tuple(EVERY_STAND_IN), sample=0, unusable=MOST_UNUSABLE, partial=True, used=used)
    for name, function in (("data", make_corpus), ("labels", make_labels)):
        out = tmp_path / "stage" / name
        out.mkdir(parents=True)
        facts = function(Job(params, {"releases": tmp_path / "releases"}, out, tmp_path / "work"))
        assert json.loads(json.dumps(facts)) == facts
        made, wanted = (
            {p.relative_to(x): p.read_bytes() for p in x.rglob("*") if p.is_file() and ".prepare" not in p.parts}
            for x in (out, whole[name])
        )
        assert made == wanted


def test_results_inside_a_source_and_labels_inside_the_data_are_refused(tmp_path):
    write_releases(tmp_path / "in")
    with pytest.raises(InputError, match="lies in the folder of releases"):
        prepare([tmp_path / "in"], tmp_path / "in/data", tmp_path / "labels")
    with pytest.raises(InputError, match="lies in the data folder"):
        prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "data/labels")


def test_sources_that_hold_nothing_known_or_do_not_exist_are_refused(tmp_path):
    write(tmp_path / "in", "holiday.jpg", "no")
    with pytest.raises(InputError, match="no file below .* is what a release of XTREME's corpora holds"):
        prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    with pytest.raises(InputError, match="must be existing folders or archives") as caught:
        prepare([tmp_path / "in", tmp_path / "a", tmp_path / "b"], tmp_path / "data", tmp_path / "labels")
    assert [problem.file for problem in caught.value.problems] == [str(tmp_path / "a"), str(tmp_path / "b")]
    with pytest.raises(InputError, match="did you mean 'xnli'"):
        prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels", dev_as_test=["xnil"])


@pytest.mark.parametrize("split", ["train", "dev"])
def test_a_malformed_release_is_an_error_that_names_file_and_line(tmp_path, split):
    path = write(tmp_path / "in", f"xnli/{split}-en.tsv", "a\tb\tneutral\r\na\tb\r\na\tb\r\n")
    with pytest.raises(InputError) as caught:
        prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [(str(path), 2), (str(path), 3)]


def test_a_cut_moves_on_to_the_end_of_its_group():
    assert cut("aabbbcc", 1 / 2) == 5
    assert cut("abcd", 1 / 2) == 2
    assert cut("aaaa", 1 / 2) == 4
    assert cut("", 1 / 2) == 0


def test_every_fine_tuning_source_of_the_sample_can_be_read(prepared):
    data, _, _ = prepared
    for source in sources_of(OVERALL):
        for split in layout.SPLITS:
            assert list(targets.read_train(data, source, split)), (source, split)
