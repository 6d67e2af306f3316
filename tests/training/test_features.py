"""Tokenised corpora on the disk: the same examples as in memory, in a stream, whatever the threads."""

from __future__ import annotations

import json
import resource
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_samples import write as write_file
from small_dialogues import write_dialogues
from toy_training import SETTINGS, choices_of, digests, tiny_encoder, write_corpus

from xtreme_bench.data import layout
from xtreme_bench.data.corpora import Choice, Corpus, Limits
from xtreme_bench.errors import InputError
from xtreme_bench.rows import PairRow
from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.examples import Example, Examples, lengths, write
from xtreme_bench.training.families import subwords
from xtreme_bench.training.features import BATCH, FAMILIES, features, tokenise
from xtreme_bench.training.params import Features

SOURCE = {**SETTINGS, "examples": 0, "evaluate_on": 0, "max_length": 24, "stride": 8}
CHOICES: dict[str, Choice] = {
    **{name: choices_of({**SOURCE, "source": name})["features"] for name in ("xnli", "panx", "squad")},
    "hellaswag": choices_of({**SOURCE, "tasks": {"hellaswag": {}}})["hellaswag"],
    "panx test": choices_of({**SOURCE, "task": "panx", "languages": ["en", "de"]})["features"],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tiny_encoder().tokenizer


def same(one: Example, other: Example) -> bool:
    pairs = [*zip(one.sequences, other.sequences, strict=True), (one.target, other.target)]
    pairs += [(one.positions, other.positions), (one.extra, other.extra)]
    return one.row == other.row and all(a is b or (a is not None and np.array_equal(a, b)) for a, b in pairs)


@pytest.mark.parametrize("name", CHOICES)
def test_examples_from_the_disk_are_those_that_the_family_makes(
    tmp_path: Path, data: Path, tokenizer: Any, name: str
) -> None:
    corpus = CHOICES[name].open(data)
    for part in corpus.parts:
        made = tokenise(corpus, part, tokenizer, tmp_path / part, Counter(), threads=2)
        rows = corpus.rows(part)
        expected = FAMILIES[corpus.family].features(rows, tokenizer, corpus.labels, corpus.limits)
        assert len(made) == len(expected) >= len(rows) == made.rows
        assert all(map(same, made, expected))
        assert same(made[-1], expected[-1])
        assert [example.row for example in made[1:3]] == [example.row for example in expected[1:3]]
        assert lengths(made) == lengths(expected)
        assert made.tokens == sum(len(ids) for example in expected for ids in example.sequences)
    with pytest.raises(IndexError):
        made[len(made)]


def corpus_of(rows: int, taken: list[int]) -> Corpus:
    """Pairs that note when they are read."""

    def read(dropped: Counter[str]) -> Any:
        for at in range(rows):
            taken.append(at)
            yield PairRow(str(at), "cat dog", "bird " * (at % 7), "neutral")

    return Corpus("xnli", "classification", ("neutral",), Limits(16), {"train": read})


def test_rows_are_numbered_over_batches_and_threads_change_no_byte(tmp_path: Path, tokenizer: Any) -> None:
    rows = 2 * BATCH + 5
    for threads in (1, 4):
        made = tokenise(corpus_of(rows, []), "train", tokenizer, tmp_path / str(threads), Counter(), threads)
        assert [example.row for example in made] == list(range(rows))
    assert digests(tmp_path / "1") == digests(tmp_path / "4")


def test_only_the_batches_at_work_are_in_memory(tmp_path: Path, tokenizer: Any) -> None:
    taken: list[int] = []
    ahead: list[int] = []

    def progress(done: int) -> None:
        ahead.append(len(taken) - done)

    tokenise(corpus_of(12 * BATCH, taken), "train", tokenizer, tmp_path / "x", Counter(), 2, progress)
    assert max(ahead) <= 5 * BATCH


def test_the_stage_says_what_it_read_and_what_the_format_leaves_out(tmp_path: Path, data: Path) -> None:
    lines = [{"sentence1": "a cat", "sentence2": "a dog", "gold_label": label} for label in ("neutral", "-", "-")]
    text = "".join(json.dumps({"pairID": str(at), **line}) + "\n" for at, line in enumerate(lines))
    for split in ("train", "dev_matched"):
        write_file(tmp_path, f"data/mnli/multinli_1.0_{split}.jsonl", text)
    for file in layout.intermediate_files("mnli"):
        write_file(tmp_path, f"data/{file}", text)
    encoders.save(tmp_path / "encoder", tiny_encoder())
    choice = choices_of({**SOURCE, "tasks": {"mnli": {}}})["mnli"]
    said: list[str] = []
    (tmp_path / "out").mkdir()
    job = Job(
        Features(choice, threads=2),
        {"data": tmp_path / "data", "encoder": tmp_path / "encoder"},
        tmp_path / "out",
        tmp_path,
        lambda done, total, note: said.append(note),
    )
    facts = features(job)
    assert facts["rows"] == facts["examples"] == {"train": 1, "dev": 1}
    assert facts["dropped"]["train"] == {"pairs without a gold label": 2}
    assert facts["summary"] == "2 rows, 4 pairs without a gold label left out (66.7 %)"
    assert said == ["mnli train, 0 rows", "mnli train, 1 rows", "mnli dev, 0 rows", "mnli dev, 1 rows"]


def test_values_that_an_ontology_lacks_are_counted_beside_the_rows_that_have_them(tmp_path: Path) -> None:
    file = write_dialogues(tmp_path / "data") / "woz/train-en.json"
    dialogues = json.loads(file.read_text("utf-8"))
    for turn in dialogues["1-0"]:
        turn["state"] = {"food": "tiger"}
    file.write_text(json.dumps(dialogues), "utf-8")
    encoders.save(tmp_path / "encoder", tiny_encoder())
    (tmp_path / "out").mkdir()
    choice = choices_of({**SOURCE, "source": "woz"})["features"]
    inputs = {"data": tmp_path / "data", "encoder": tmp_path / "encoder"}
    facts = features(Job(Features(choice, threads=1), inputs, tmp_path / "out", tmp_path))
    turns = len(dialogues["1-0"])
    assert facts["summary"].startswith(f"52 rows, {turns} values outside the ontology")
    assert "left out" not in facts["summary"]


def test_a_fault_behind_the_rows_that_are_used_is_still_found(tmp_path: Path, tokenizer: Any) -> None:
    write_file(tmp_path, "xnli/train-en.tsv", "a\tb\tneutral\nonly one text\n")
    choice = choices_of({**SOURCE, "source": "xnli", "examples": 1, "unusable": 0.0})["features"]
    with pytest.raises(InputError, match=r"train-en\.tsv:2: "):
        tokenise(choice.open(tmp_path), "train", tokenizer, tmp_path / "x", Counter(), threads=1)


def test_examples_of_one_folder_have_the_same_parts(tmp_path: Path) -> None:
    ids = (np.array([0, 2], np.int32),)
    with pytest.raises(ValueError, match="others have none"):
        write(tmp_path / "x", [(0, [Example(0, ids, ids[0]), Example(1, ids)])])
    write(tmp_path / "none", [])
    assert len(Examples(tmp_path / "none")) == Examples(tmp_path / "none").rows == 0
    assert lengths(Examples(tmp_path / "none")) == []


def test_what_the_disk_refuses_is_an_error_and_no_shorter_file(tmp_path: Path, tokenizer: Any) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            tokenise(corpus_of(2 * BATCH, []), "train", tokenizer, tmp_path / "x", Counter(), threads=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.slow
def test_pairs_are_cut_as_the_tokenizer_cuts_them(tokenizer: Any) -> None:
    texts = [" ".join(["cat"] * count) for count in range(12)]
    pairs = [(one, other, room) for one in texts for other in texts for room in range(6, 20)]
    for one, other, room in pairs:
        (ours,) = subwords.encode_pairs([one], [other], tokenizer, room)
        (theirs,) = tokenizer([one], [other], truncation="longest_first", max_length=room)["input_ids"]
        tokenizer.backend_tokenizer.no_truncation()
        assert ours.ids.tolist() == theirs
