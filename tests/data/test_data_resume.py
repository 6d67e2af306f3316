"""`data prepare`, started again: only what is unfinished or has changed is done, and the result is the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from data_samples import conllu, squad, write

from xtreme_bench.data.release import prepare as module
from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.errors import InputError

STEPS = dict(module.STEPS)


@pytest.fixture
def ran(monkeypatch):
    """The names of the steps that have run, in order."""
    names: list[str] = []

    def watched(name):
        def step(preparation):
            names.append(name)
            STEPS[name](preparation)

        return step

    monkeypatch.setattr(module, "STEPS", tuple((name, watched(name)) for name in STEPS))
    return names


def releases(folder: Path) -> None:
    for split in ("train", "dev"):
        write(folder, f"xnli/{split}-en.tsv", "a premise\ta guess\tneutral\r\n" * 2)
    write(folder, "ud/de_a-ud-test.conllu", conllu([("1", "Ulm", "PROPN", "0")]))
    write(folder, "xquad.en.json", squad([{"id": "q", "context": "Ada", "answers": [(0, "Ada")]}]))
    passages = [
        {"id": f"q{i}", "context": text, "answers": [(0, text)]} for i, text in enumerate(("Ada", "Ben", "Eva"))
    ]
    write(folder, "dev-v1.1.json", squad(passages))


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".prepare" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def run(folder: Path, name: str = "data", **options) -> dict:
    return prepare([folder / "in"], folder / name, folder / f"{name}-labels", **options)


def test_a_second_run_does_nothing_and_says_so(tmp_path, ran):
    releases(tmp_path / "in")
    notes, before, said = run(tmp_path), tree(tmp_path), []
    ran.clear()
    assert run(tmp_path, progress=lambda done, total, note: said.append(note)) == notes
    assert ran == []
    assert said == ["already prepared, and nothing has changed"]
    assert tree(tmp_path) == before


def test_a_run_that_was_interrupted_goes_on_with_the_corpus_it_was_at(tmp_path, ran, monkeypatch):
    releases(tmp_path / "in")
    whole = run(tmp_path, "whole")

    def killed(preparation):
        preparation.spool.offer_text("en", ["half of it"])
        with preparation.writing("xquad/xquad.en.json") as stream:
            stream.write("half")
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(STEPS, "xquad", killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path)
    assert not (tmp_path / "data/xquad/xquad.en.json").exists()
    assert not (tmp_path / "data/prepare.json").exists()
    ran.clear()
    assert run(tmp_path) == whole
    assert ran[0] == "xquad"
    for half in ("", "-labels"):
        assert tree(tmp_path / f"data{half}") == tree(tmp_path / f"whole{half}")


def test_a_changed_release_is_prepared_again_with_what_depends_on_it_alone(tmp_path, ran):
    releases(tmp_path / "in")
    run(tmp_path)
    ran.clear()
    write(tmp_path / "in", "ud/de_a-ud-test.conllu", conllu([("1", "Bonn", "PROPN", "0")]))
    notes = run(tmp_path)
    # What SQuAD may keep, and the text, follow from all test sets.
    assert ran == ["udpos", "squad_v1", "squad_v2", "text"]
    assert (tmp_path / "data/udpos/test-de.tsv").read_text() == "Bonn\n"
    assert notes == run(tmp_path, "fresh")
    assert tree(tmp_path / "data") == tree(tmp_path / "fresh")


def test_what_other_inputs_or_options_wrote_does_not_stay(tmp_path):
    releases(tmp_path / "in")
    run(tmp_path, dev_as_test=["xnli"])
    assert (tmp_path / "data-labels/xnli/test-en.tsv").exists()
    (tmp_path / "in/ud/de_a-ud-test.conllu").unlink()
    run(tmp_path)
    run(tmp_path, "fresh")
    assert not (tmp_path / "data-labels/xnli/test-en.tsv").exists()
    for half in ("", "-labels"):
        assert tree(tmp_path / f"data{half}") == tree(tmp_path / f"fresh{half}")


def test_results_that_were_removed_or_changed_are_made_again(tmp_path, ran):
    releases(tmp_path / "in")
    run(tmp_path)
    before = tree(tmp_path)
    (tmp_path / "data/xquad/xquad.en.json").unlink()
    (tmp_path / "data-labels/udpos/test-de.tsv").write_text("changed by hand")
    ran.clear()
    run(tmp_path)
    assert ran == ["udpos", "xquad"]
    assert tree(tmp_path) == before


def test_a_fault_leaves_what_is_finished_and_nothing_of_what_is_not(tmp_path, ran):
    releases(tmp_path / "in")
    path = write(tmp_path / "in", "ud/de_a-ud-test.conllu", "1\tUlm\n\n")
    with pytest.raises(InputError, match="1 fault"):
        run(tmp_path)
    assert (tmp_path / "data/xnli/train-en.tsv").exists()
    assert not [path for half in ("data", "data-labels") for path in (tmp_path / half).rglob("udpos/*")]
    path.unlink()
    ran.clear()
    run(tmp_path)
    assert "xnli" not in ran


def test_a_damaged_journal_only_means_that_all_is_done_again(tmp_path, ran):
    releases(tmp_path / "in")
    run(tmp_path)
    before = tree(tmp_path)
    for content in ("", "[]", '{"xnli": 1, "text": {"key": 2}}', "\x00"):
        (tmp_path / "data/.prepare/journal.json").write_text(content)
        ran.clear()
        run(tmp_path)
        assert ran == list(STEPS)
        assert tree(tmp_path) == before


def test_a_journal_from_elsewhere_removes_nothing_outside_the_data(tmp_path):
    releases(tmp_path / "in")
    mine = write(tmp_path, "mine.txt", "keep")
    entry = {"key": "", "notes": {}, "written": {str(mine): [4, 0], f"{tmp_path}/data/../mine.txt": [4, 0]}}
    write(tmp_path, "data/.prepare/journal.json", json.dumps({"xnli": entry}))
    run(tmp_path)
    assert mine.read_text() == "keep"


@pytest.mark.slow
def test_killed_again_and_again_it_ends_in_the_same_bytes(tmp_path):
    sentence = [("1", "Ulm", "PROPN", "0")]
    for language in ("de", "en", "fr", "es"):
        write(tmp_path, f"in/{language}_a-ud-test.conllu", conllu(*[sentence] * 20_000))
    releases(tmp_path / "in")
    run(tmp_path, "whole")
    command = [
        sys.executable,
        "-m",
        "xtreme_bench.cli",
        "data",
        "prepare",
        str(tmp_path / "in"),
        "--allow-partial",
        "--to",
    ]
    kills = 0
    for wait in (0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 60):
        process = subprocess.Popen(
            [*command, str(tmp_path / "data")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONHASHSEED": str(int(wait * 10))},
        )
        time.sleep(min(wait, 2))
        if wait < 60 and process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        assert process.wait(60) in (0, -signal.SIGKILL)
    assert kills > 2
    for half in ("", "-labels"):
        assert tree(tmp_path / f"data{half}") == tree(tmp_path / f"whole{half}")
