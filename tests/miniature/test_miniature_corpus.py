from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from xtreme_bench import benchmark
from xtreme_bench.benchmark import BIO_TAGS, TASKS, UPOS_TAGS
from xtreme_bench.cli.main import cli
from xtreme_bench.data import intermediate, layout, targets, text
from xtreme_bench.errors import InputError
from xtreme_bench.intermediate import CORPORA, INTERMEDIATE, SPLITS
from xtreme_bench.miniature.corpus import make_corpus, make_labels, write_corpus, write_labels
from xtreme_bench.miniature.params import Miniature
from xtreme_bench.miniature.realise import LANGUAGES
from xtreme_bench.miniature.scope import Scope
from xtreme_bench.miniature.targets import pair_files
from xtreme_bench.stage.job import Job

SETTING: dict[str, Any] = {"seed": 5, "scale": 0.02, "languages": ["zh", "en", "de"]}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("miniature")
    for stage, name in ((make_corpus, "data"), (make_labels, "labels")):
        out = folder / name
        out.mkdir()
        facts = stage(Job(params=Miniature(**SETTING), inputs={}, out=out, work=folder))
        assert facts["files"] == len([path for path in out.rglob("*") if path.is_file()])
    return folder / "data", folder / "labels"


@pytest.fixture(scope="module")
def data(folders: tuple[Path, Path]) -> Path:
    return folders[0]


@pytest.fixture(scope="module")
def labels(folders: tuple[Path, Path]) -> Path:
    return folders[1]


def languages(task: str) -> list[str]:
    return [code for code in SETTING["languages"] if code in TASKS[task].languages]


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def words(sentence: str) -> set[str]:
    return set(re.findall(r"\w+", sentence))


def questions(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for article in json.loads(path.read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                yield paragraph["context"], question


@pytest.mark.parametrize("source", ["xnli", "pawsx", "udpos", "panx", "squad", "tydiqa"])
def test_the_readers_of_the_real_data_read_every_training_set(data: Path, source: str) -> None:
    assert len(list(targets.read_train(data, source, "train"))) > len(list(targets.read_train(data, source, "dev"))) > 0


@pytest.mark.parametrize("task", ["xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa"])
def test_the_readers_of_the_real_data_read_every_test_set(data: Path, labels: Path, task: str) -> None:
    for language in languages(task):
        rows = list(targets.read_test(data, task, language))
        gold = labels / TASKS[task].file(language)
        if task in ("xnli", "pawsx"):
            assert len(rows) == len(lines(gold))
        elif task in ("udpos", "panx"):
            sentences = gold.read_text("utf-8").removesuffix("\n\n").split("\n\n")
            assert [len(row.words) for row in rows] == [len(one.split("\n")) for one in sentences]  # type: ignore[union-attr]
        else:
            assert [row.id for row in rows] == [question["id"] for _, question in questions(gold)]


@pytest.mark.parametrize("language", SETTING["languages"])
@pytest.mark.parametrize("task", [name for name, row in INTERMEDIATE.items() if row.miniature])
def test_the_readers_of_the_real_data_read_every_intermediate_task(data: Path, task: str, language: str) -> None:
    assert len(list(intermediate.read(data, task, "train", language))) > 11
    assert len(list(intermediate.read(data, task, "dev", language))) > 11


def test_it_has_the_intermediate_tasks_that_their_table_says(data: Path) -> None:
    for name, row in CORPORA.items():
        files = [file for split in SPLITS for file in layout.intermediate_split_files(name, split)]
        assert all((data / file).is_file() for file in files) == row.miniature


def test_no_file_of_the_corpus_tells_a_test_label(data: Path) -> None:
    for task in ("xnli", "pawsx"):
        for path in (data / task).glob("test-*.tsv"):
            with path.open(encoding="utf-8", newline="") as file:
                assert {len(row) for row in csv.reader(file, delimiter="\t")} == {2}
    for task in ("udpos", "panx"):
        for path in (data / task).glob("test-*.tsv"):
            assert "\t" not in path.read_text("utf-8")
    blank = [*data.glob("xquad/*"), *data.glob("mlqa/MLQA_V1/test/*"), *data.glob("tydiqa/*-dev/*")]
    assert len(blank) == sum(len(languages(task)) for task in ("xquad", "mlqa", "tydiqa"))
    for path in blank:
        assert all(question["answers"] == [{"answer_start": 0, "text": ""}] for _, question in questions(path))
    gold = {path.name for path in data.glob("bucc2018/*gold")}
    assert gold == {f"{code}-en.dev.gold" for code in languages("bucc2018")}


def test_labels_are_written_for_every_test_language(labels: Path) -> None:
    written = {path.relative_to(labels).as_posix() for path in labels.rglob("test-*")}
    tasks = [task for task in TASKS.values() if task.miniature]
    assert written == {task.file(code) for task in tasks for code in languages(task.name)}


def test_tables_end_their_lines_as_xtreme_does(data: Path) -> None:
    for task in ("xnli", "pawsx"):
        raw = (data / task / "dev-de.tsv").read_bytes()
        assert raw.count(b"\r\n") == raw.count(b"\n") == len(lines(data / task / "dev-de.tsv"))
    assert (data / "cosmosqa/valid.csv").read_bytes().startswith(b"id,context,question,answer0,answer1")
    assert (data / "udpos/dev-de.tsv").read_text("utf-8").endswith("\n\n")
    panx = (data / "panx/dev-de.tsv").read_text("utf-8")
    assert panx.endswith("\tO\n")
    assert not panx.endswith("\n\n")


def test_tags_are_those_of_xtreme_and_every_name_begins(data: Path) -> None:
    for row in targets.read_train(data, "udpos", "train"):
        assert set(row.tags) <= set(UPOS_TAGS)  # type: ignore[union-attr, arg-type]
    seen: Counter[str] = Counter()
    for language in languages("panx"):
        before = "O"
        for line in lines(data / f"panx/dev-{language}.tsv"):
            tag = line.partition("\t")[2] or "O"
            assert not tag.startswith("I-") or before[2:] == tag[2:]
            seen[tag] += bool(line)
            before = tag
    assert set(seen) == set(BIO_TAGS)


def test_chinese_names_are_tagged_by_character(data: Path) -> None:
    assert {len(line.partition("\t")[0]) for line in lines(data / "panx/dev-zh.tsv") if line} == {1}


def test_test_names_are_not_all_in_the_training_set(data: Path) -> None:
    known = {line.partition("\t")[0] for line in lines(data / "panx/train-en.tsv") if line.endswith("PER")}
    asked = {line for line in lines(data / "panx/test-en.tsv") if line.istitle()}
    unseen = {"Anna", "Maria", "Sara", "Adam", "Ivan", "Omar"}
    assert not unseen & known
    assert unseen & asked


@pytest.mark.parametrize("task", ["xquad", "mlqa", "tydiqa"])
def test_answers_stand_in_their_context(labels: Path, task: str) -> None:
    for language in languages(task):
        for context, question in questions(labels / TASKS[task].file(language)):
            (answer,) = question["answers"]
            assert context[answer["answer_start"] :].startswith(answer["text"])
            assert answer["text"] == answer["text"].strip() != ""


def test_a_third_of_squad_2_has_no_answer(data: Path) -> None:
    found = [question["is_impossible"] for _, question in questions(data / "squad/train-v2.0.json")]
    assert 0.2 < sum(found) / len(found) < 0.45
    for _, question in questions(data / "squad/train-v2.0.json"):
        assert question["is_impossible"] == (not question["answers"])


def test_parallel_test_sets_say_the_same(data: Path, labels: Path) -> None:
    for task in ("xnli", "pawsx"):
        assert len({(labels / task / f"test-{code}.tsv").read_text() for code in languages(task)}) == 1
    ids = [[question["id"] for _, question in questions(path)] for path in sorted((data / "xquad").iterdir())]
    assert ids.count(ids[0]) == len(languages("xquad"))


def test_tatoeba_is_sorted_and_its_gold_finds_the_translation(data: Path, labels: Path) -> None:
    translation = dict(text.read_parallel(data, "de"))
    foreign, english = targets.read_tatoeba(data, "de")
    assert [row.text for row in english] == sorted({row.text for row in english})
    gold = [int(line) for line in lines(labels / "tatoeba/test-de.tsv")]
    assert sorted(gold) == list(range(len(foreign)))
    assert not set(translation) & {row.text for row in foreign}
    names = {"Anna", "Bruno", "Leo", "Maria", "Rita", "Nora", "Tina", "Adam", "Marco", "Omar", "Ivan", "Lina"}
    for line, row in zip(gold, english, strict=True):
        assert names & words(row.text) == names & words(foreign[line].text)


def test_a_fifth_of_bucc_has_a_translation_and_no_test_sentence_is_in_the_text(data: Path, labels: Path) -> None:
    for code in languages("bucc2018"):
        for split in ("dev", "test"):
            foreign, english = targets.read_bucc(data, code, split)
            gold = targets.read_bucc_gold(data, code) if split == "dev" else {
                tuple(line.split("\t")) for line in lines(labels / f"bucc2018/test-{code}.tsv")
            }  # fmt: skip
            assert {pair[0] for pair in gold} <= {row.id for row in foreign}
            assert {pair[1] for pair in gold} <= {row.id for row in english}
            assert 0.15 <= len(gold) / len(foreign) <= 0.25
            assert 0.15 <= len(gold) / len(english) <= 0.25
            pairs = text.read_parallel(data, code)
            assert not {row.text for row in foreign} & {*text.read_text(data, code), *(pair[0] for pair in pairs)}
            assert not {row.text for row in english} & {*text.read_text(data, "en"), *(pair[1] for pair in pairs)}


def test_supertags_tell_the_use_of_a_verb(data: Path) -> None:
    tags = {tag for row in intermediate.read(data, "ccg", "train") for tag in row.tags}  # type: ignore[union-attr]
    assert {r"S[dcl]\NP", r"(S[dcl]\NP)/NP", r"((S[dcl]\NP)/NP)/PP", r"(S[dcl]\NP)/S[em]", "NP/N", "N/N"} <= tags


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_in_another_process(data: Path, labels: Path, tmp_path: Path) -> None:
    code = (
        "import sys, json; from pathlib import Path; from xtreme_bench.miniature.corpus import *; "
        "a = json.loads(sys.argv[1]); write_labels(Path(sys.argv[3]), **a); write_corpus(Path(sys.argv[2]), **a)"
    )
    again = {**SETTING, "languages": sorted(SETTING["languages"])}
    command = [sys.executable, "-c", code, json.dumps(again), str(tmp_path / "data"), str(tmp_path / "labels")]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert digests(tmp_path / "data") == digests(data)
    assert digests(tmp_path / "labels") == digests(labels)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
def test_another_seed_gives_other_examples(data: Path) -> None:
    others = dict(pair_files(Scope(6, 0.02, ("en",)), "xnli"))["xnli/test-en.tsv"]
    assert others
    assert not set(others.splitlines()) & set(lines(data / "xnli/test-en.tsv"))


def test_a_language_without_a_grammar_and_a_corpus_without_english_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'dee'; did you mean 'de'\?; .* must include en"):
        write_corpus(tmp_path, seed=1, scale=1, languages=["dee"])
    with pytest.raises(InputError, match="scale is 0"):
        write_labels(tmp_path, seed=1, scale=0, languages=["en"])
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_all_languages_are_written_at_full_size(tmp_path: Path) -> None:
    write_corpus(tmp_path, seed=1, scale=1.0, languages=LANGUAGES)
    for language in LANGUAGES:
        assert len(text.read_text(tmp_path, language)) == 8000
        assert language == "en" or len(text.read_parallel(tmp_path, language)) > 5900


@pytest.mark.slow
def test_the_command_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "MINIATURE_LANGUAGES", ("en",))
    said: list[tuple[int, int, str]] = []
    files = write_corpus(tmp_path, seed=1, scale=0.01, languages=["en"], progress=lambda *step: said.append(step))
    shares = [done / total for done, total, _ in said]
    assert len(said) == files + 1
    assert (shares[0], shares, shares[-1]) == (0, sorted(shares), 1)
    assert {file for _, _, file in said[:-1]} == {
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()
    }
    done = CliRunner().invoke(cli, ["data", "miniature", "--to", str(tmp_path / "again"), "--scale", "0.001"])
    assert "[1/2] corpora: done in" in done.stderr
