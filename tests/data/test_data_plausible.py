"""Far fewer records than are published are an error, at `data prepare` and before a run, unless a part is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from data_samples import content, write

from xtreme_bench.audit import scope
from xtreme_bench.cli.main import cli
from xtreme_bench.data import plausible
from xtreme_bench.data.counts import Memory
from xtreme_bench.data.release.params import ReleaseCorpus
from xtreme_bench.data.release.prepare import make_corpus, make_labels, prepare
from xtreme_bench.data.usage import Usage
from xtreme_bench.errors import InputError
from xtreme_bench.files import Digests
from xtreme_bench.run.reproduce import Places, planned, reproduce
from xtreme_bench.stage.job import Job

RECIPE = """
description: small
seed: 1
model: {scratch: {layers: 1, width: 8, heads: 1, feedforward: 8, vocabulary: 100, positions: 514}}
pretraining: {steps: 1, languages: [en]}
intermediate: {tasks: {commonsenseqa: {languages: [en]}}, steps: 1}
targets: {udpos: {languages: [tl, af]}, tatoeba: {languages: [jv]}}
retrieval: {layer: 1, pooling: mean}
"""
CHOICES = [{"label": letter, "text": letter} for letter in "AB"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def tatoeba(folder: Path, pairs: int) -> None:
    for side in ("jav", "eng"):
        write(folder, f"in/tatoeba.jav-eng.{side}", "".join(f"{side} {i:04}\n" for i in range(pairs)))


def download(folder: Path, *, filipino: int = 55, dev: int = 1_221) -> Path:
    """A data folder for the recipe, whole but for what is asked for less of."""
    record = {"id": "c", "question": {"stem": "Q", "choices": CHOICES}, "answerKey": "A"}
    for split, number in (("train", 9_741), ("dev", dev)):
        write(folder, f"data/commonsenseqa/{split}_rand_split.jsonl", number * (json.dumps(record) + "\n"))
    for file, number in (("train-en", 21_253), ("dev-en", 3_974), ("test-tl", filipino), ("test-af", 425)):
        write(folder, f"data/udpos/{file}.tsv", number * ("Oo\n\n" if "test" in file else "Oo\tINTJ\n\n"))
    for side in ("jv", "en"):
        write(folder, f"data/tatoeba/jv-en.{side}", "".join(f"{i:04}\n" for i in range(205)))
    write(folder, "data/text/en.txt", "Yes.\n")
    write(folder, "small.yaml", RECIPE)
    return folder / "data"


def said(result: Result) -> str:
    assert isinstance(result.exception, InputError)
    return str(result.exception)


@pytest.mark.parametrize(
    ("task", "split", "language", "records", "too_few"),
    [
        ("tatoeba", "test", "jv", 163, True),
        ("tatoeba", "test", "jv", 164, False),
        ("tatoeba", "test", "jv", 10**6, False),
        ("xnli", "test", "sw", 1, True),
        ("squad_v1", "train", "en", 43_000, True),
        ("tydiqa", "test", "en", 440, False),
        ("cosmosqa", "train", "en", 25_262, False),
        ("udpos", "train", "en", 12_543, True),  # one treebank of several
        ("snli", "train", "en", 5, True),
        ("anli", "dev", "en", 3_200, False),
        ("mnli", "train", "de", 50_000, True),
        ("bucc2018", "test", "de", 1, False),  # nobody publishes how many
        ("squad_v1", "train", "fi", 1, False),
        ("xcopa", "test", "et", 1, False),
    ],
)
def test_far_too_few_is_less_than_a_constant_share_of_what_is_published(task, split, language, records, too_few):
    assert plausible.far_too_few(task, split, language, records) is too_few


def test_prepare_writes_and_says_everything_and_then_ends_with_an_error_that_lists_all(tmp_path):
    tatoeba(tmp_path, 20)
    write(tmp_path, "in/multinli_1.0_dev_matched.jsonl",
          json.dumps({"pairID": "p", "sentence1": "a", "sentence2": "b", "gold_label": "neutral"}) + "\n")  # fmt: skip
    arguments = ["data", "prepare", str(tmp_path / "in"), "--to", str(tmp_path / "data")]
    result = CliRunner().invoke(cli, arguments)
    message = said(result)
    assert "tatoeba test jv: 20 records, 205 are published" in message
    assert "mnli dev en: 1 record, 9,815 are published" in message
    assert "--allow-partial" in message
    assert "LASER v1" in result.stdout
    assert content(tmp_path / "data-labels/tatoeba/test-jv.tsv").count("\n") == 20
    assert len(json.loads(content(tmp_path / "data/prepare.json"))["too_few"]) == 2
    assert isinstance(CliRunner().invoke(cli, arguments).exception, InputError)  # also when nothing is left to do
    assert CliRunner().invoke(cli, [*arguments, "--allow-partial"]).exit_code == 0
    assert CliRunner().invoke(cli, [*arguments, "--sample", "5"]).exit_code == 0


def test_a_whole_corpus_is_no_error_and_neither_is_what_stands_in_for_a_test_set(tmp_path):
    tatoeba(tmp_path, 205)
    for side in ("de", "en"):
        write(tmp_path, f"in/de-en.sample.{side}", "".join(f"{side}-{i:09d}\tx\n" for i in range(9)))
    write(tmp_path, "in/xnli/dev-en.tsv", "".join(f"a {i}\tb\tneutral\r\n" for i in range(60)))
    places = [tmp_path / "in"], tmp_path / "data", tmp_path / "labels"
    assert prepare(*places)["too_few"] == ["xnli dev en: 60 records, 2,490 are published"]
    assert prepare(*places, dev_as_test=["xnli"])["too_few"] == []


@pytest.mark.parametrize("stage", [make_corpus, make_labels])
def test_the_stages_that_prepare_releases_refuse_a_part_unless_they_are_told(tmp_path, stage):
    tatoeba(tmp_path, 20)
    used = Usage(targets={}, pretraining=None, intermediate={}, aligned={}, finetuning={}, select_on=["en"])
    for at, (sample, partial) in enumerate(((0, False), (10, False), (0, True))):
        params = ReleaseCorpus(dev_as_test=(), sample=sample, unusable=0.0, partial=partial, used=used)
        job = Job(params, {"releases": tmp_path / "in"}, tmp_path / f"out{at}", tmp_path / "work")
        job.out.mkdir()
        if sample or partial:
            assert stage(job)["tasks"]["tatoeba"]["examples"]
        else:
            with pytest.raises(InputError, match="20 records, 205 are published"):
                stage(job)


@pytest.mark.slow
def test_a_run_and_its_plan_refuse_a_data_folder_with_far_too_few_records_before_any_work(tmp_path):
    data = download(tmp_path, filipino=20, dev=100)
    places = Places(data, store=tmp_path / "store")
    for start in (lambda: reproduce(str(tmp_path / "small.yaml"), places),
                  lambda: planned(str(tmp_path / "small.yaml"), places, "local")):  # fmt: skip
        with pytest.raises(InputError, match="far fewer records than are published") as caught:
            start()
        assert [problem.message for problem in caught.value.problems] == [
            "commonsenseqa dev en: 100 records, 1,221 are published",
            "udpos test tl: 20 records, 55 are published",
        ]
    assert not (tmp_path / "store/stages").exists()
    arguments = ["plan", str(tmp_path / "small.yaml"), "--data", str(data), "--store", str(tmp_path / "store")]
    assert said(CliRunner().invoke(cli, arguments))
    assert CliRunner().invoke(cli, [*arguments, "--allow-partial"]).exit_code == 0


def test_a_whole_data_folder_is_counted_once(tmp_path):
    data, memory = download(tmp_path), tmp_path / "memory.json"
    used = Usage(
        targets={"udpos": ["tl"]},
        pretraining=None,
        intermediate={},
        aligned={},
        finetuning={"udpos": ["en"]},
        select_on=["en"],
    )
    told: list[str] = []

    def tell(done: int, total: int, note: str) -> None:
        told.append(note)

    plausible.of_folder(data, used, Memory(memory, Digests(tmp_path / "digests.json")), tell)
    assert told == ["udpos train en", "udpos dev en", "udpos test tl", ""]
    known = json.loads(content(memory))
    assert sorted(entry["records"] for entry in known.values()) == [55, 3_974, 21_253]
    name = next(name for name in known if name.endswith("udpos test tl"))
    memory.write_text(json.dumps({**known, name: {**known[name], "records": 3}}))
    with pytest.raises(InputError, match="3 records, 55 are published"):  # remembered, not read again
        plausible.of_folder(data, used, Memory(memory, Digests(tmp_path / "digests.json")), tell)


def test_a_part_of_the_releases_has_another_key_than_the_whole(tmp_path):
    (tmp_path / "in").mkdir()
    recipe = write(tmp_path, "small.yaml", f"data: {{source: releases}}\n{RECIPE}")
    keys = [
        planned(str(recipe), Places(tmp_path / "in", store=tmp_path / "store", partial=partial), "local")[0]
        .stages[0]
        .key
        for partial in (False, True, False)
    ]
    assert keys[0] == keys[2] != keys[1]


def test_what_a_recipe_uses_is_all_that_is_counted(tmp_path):
    used = Usage(
        targets={"tatoeba": ["jv"]}, pretraining=None, intermediate={}, aligned={}, finetuning={}, select_on=["en"]
    )
    data = download(tmp_path, filipino=1, dev=1)
    plausible.of_folder(
        data, used, Memory(tmp_path / "memory.json", Digests(tmp_path / "digests.json")), lambda done, total, note: None
    )
    assert scope.files(used) == ["tatoeba/jv-en.en", "tatoeba/jv-en.jv"]
