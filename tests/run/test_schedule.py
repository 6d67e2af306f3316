"""Stages of a plan become results in the store: in order, once, and again when they are damaged."""

import errno
import io
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from xtreme_bench.engines.base import Message
from xtreme_bench.errors import InputError, StageError
from xtreme_bench.files import Digests
from xtreme_bench.run.progress import Display
from xtreme_bench.run.schedule import Share, execute
from xtreme_bench.stage import worker
from xtreme_bench.stage.guard import guarded
from xtreme_bench.stage.job import Job
from xtreme_bench.stage.kinds import KINDS, Kind
from xtreme_bench.stage.stage import Accepted, Folder, Stage
from xtreme_bench.stage.store import Store


class Here:
    """An engine that runs the stage in this process, and notes which."""

    image = None

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.closed = False

    def run(self, folder: Path, message: Message) -> None:
        worker.run_stage(folder / "stage.json", message)
        self.ran.append((folder / "out" / "text").read_text())

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True)
class Word:
    word: str
    patience: int = 1


def join(job: Job[Word]) -> dict[str, object]:
    """A stage that joins the texts of its inputs and its own word."""
    if job.params.word == "bad":
        raise InputError("the word is bad")
    job.progress(1, 2, "half")
    if job.params.word == "thief":
        next(job.out.parents[2].glob("stages/*/out/text")).read_text()
    parts = [(folder / "text").read_text() for _, folder in sorted(job.inputs.items())]
    (job.out / "text").write_text("".join([*parts, str(job.params.word)]))
    return {"summary": f"{len(parts)} parts"}


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("xtreme_bench.joining")
    module.join, module.Word = join, Word  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "xtreme_bench.joining", module)
    monkeypatch.setitem(
        KINDS, "join", Kind("xtreme_bench.joining:join", "xtreme_bench.joining:Word", "join", aside=("patience",))
    )
    # What a stage may read is a rule of its whole process, and here the scheduler lives in the same one.
    monkeypatch.setattr(worker, "guarded", lambda closed, opened: nullcontext())


def stage(word: str, **inputs: Stage) -> Stage:
    return Stage("join", f"join {word}", Word(word), inputs)


def run(stages: list[Stage], store: Store, jobs: int = 2) -> tuple[Here, str]:
    engine, log = Here(), io.StringIO()
    execute(stages, store, engine, jobs=jobs, display=Display(len(stages), log))
    return engine, log.getvalue()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def diamond() -> list[Stage]:
    a = stage("a")
    b, c = stage("b", x=a), stage("c", x=a)
    return [a, b, c, stage("d", x=b, y=c)]


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_every_stage_runs_once_and_after_its_inputs(store: Store, jobs: int) -> None:
    stages = diamond()
    engine, _ = run(stages, store, jobs)
    assert sorted(engine.ran) == ["a", "ab", "abacd", "ac"]
    assert (store.out(stages[-1].key) / "text").read_text() == "abacd"


class Telling(Here):
    def run(self, folder: Path, message: Message) -> None:
        super().run(folder, message)
        message({"progress": [0, 1, "begun again"], "lasting": True})


def test_what_a_stage_says_to_last_is_in_a_log_however_soon_it_comes_after_the_line_before(store: Store) -> None:
    log = io.StringIO()
    execute([stage("a")], store, Telling(), jobs=1, display=Display(1, log))
    assert log.getvalue().splitlines()[:-1] == ["  join a: started", "  join a: begun again"]


def test_a_second_run_does_nothing_and_says_so(store: Store) -> None:
    run(diamond(), store)
    engine, log = run(diamond(), store)
    assert engine.ran == []
    assert log.splitlines() == [f"[{n}/4] join {w}: already in the store" for n, w in enumerate("abcd", 1)]


def taken(before: Stage, word: str = "a") -> Stage:
    """A stage in whose place a finished one of other code is accepted."""
    return replace(stage(word), accepted=Accepted(before.key, ("xtreme_bench.joining",)))


def test_what_was_accepted_is_taken_as_it_is_and_what_reads_it_is_made_on_top(store: Store) -> None:
    before = stage("old")
    run([before], store)
    after = stage("b", x=taken(before))
    engine, log = run([taken(before), after], store)
    assert engine.ran == ["oldb"]
    assert "join a: already in the store, accepted although code of joining differs from the finished run\n" in log
    record = store.record(after.key)
    assert record is not None
    assert record["inputs"] == {"x": before.key}


def test_what_was_accepted_and_is_damaged_since_is_neither_used_nor_made_by_this_code(store: Store) -> None:
    before = stage("old")
    run([before], store)
    (store.out(before.key) / "text").write_text("nonsense")
    with pytest.raises(StageError, match="its accepted result is now damaged"):
        run([taken(before)], store)
    assert (store.out(before.key) / "text").read_text() == "nonsense"


def test_a_damaged_output_is_named_and_only_its_stage_runs_again(store: Store) -> None:
    stages = diamond()
    run(stages, store)
    (store.out(stages[1].key) / "text").write_text("nonsense")
    engine, log = run(stages, store)
    assert engine.ran == ["ab"]
    assert f"damaged: {store.out(stages[1].key) / 'text'}: has changed since the stage was finished" in log


def test_an_error_names_the_stage_and_what_had_finished_stays(store: Store) -> None:
    a = stage("a")
    with pytest.raises(InputError, match="stage `join bad`: the word is bad"):
        run([a, stage("bad", x=a)], store)
    assert store.record(a.key) is not None


def test_the_engine_is_closed_when_a_stage_fails(store: Store) -> None:
    engine = Here()
    with pytest.raises(InputError):
        execute([stage("bad")], store, engine, jobs=1, display=Display(1, io.StringIO()))
    assert engine.closed


def test_a_stage_that_ends_with_the_failure_of_another_was_stopped(store: Store) -> None:
    class Slow(Here):
        ended = threading.Event()

        def run(self, folder: Path, message: Message) -> None:
            if '"bad"' in (folder / "stage.json").read_text():
                super().run(folder, message)
            assert self.ended.wait(10)
            raise StageError("its process was ended")

        def close(self) -> None:
            self.ended.set()

    log = io.StringIO()
    with pytest.raises(InputError, match="the word is bad"):
        execute([stage("long"), stage("bad")], store, Slow(), jobs=2, display=Display(2, log))
    assert "  join bad: failed" in log.getvalue()
    assert "  join long: stopped" in log.getvalue()


class Failing(Here):
    """An engine whose stages fail if their word is that of a machine that fails."""

    def run(self, folder: Path, message: Message) -> None:
        super().run(folder, message)
        if "fails" in self.ran[-1]:
            raise StageError("no memory")


def seeds() -> tuple[list[Stage], list[Share]]:
    """A stage that two seeds share, two of the first seed, the first of which fails, and two of the second."""
    a = stage("a")
    one, two = stage("fails", x=a), stage("two", x=a)
    stages = [a, one, replace(stage("b", x=one), name="end"), two, replace(stage("c", x=two), name="end")]
    of = [frozenset(one.key for one in some) for some in (stages[1:3], stages[3:])]
    return stages, [Share("seed 1", of[0]), Share("seed 2", of[1])]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_stage_that_fails_for_one_seed_does_not_end_the_others(store: Store, jobs: int) -> None:
    (stages, shares), log, engine = seeds(), io.StringIO(), Failing()
    failed = execute(stages, store, engine, jobs=jobs, display=Display(5, log), shares=shares)
    assert {at: str(error) for at, error in failed.items()} == {0: "stage `join fails, seed 1`: no memory"}
    assert sorted(engine.ran) == ["a", "afails", "atwo", "atwoc"]
    assert not engine.closed
    assert "  join fails, seed 1: failed\n" in log.getvalue()
    assert "/5] end, seed 2: done" in log.getvalue()
    assert "stage `join fails, seed 1`: no memory\n" in log.getvalue()


def test_a_stage_that_fails_and_belongs_to_no_seed_ends_all(store: Store) -> None:
    (stages, shares), engine = seeds(), Failing()
    with pytest.raises(StageError, match="stage `join fails`: no memory"):
        execute(stages, store, engine, jobs=1, display=Display(5, io.StringIO()), shares=shares[1:])
    assert engine.closed
    assert engine.ran == ["a", "afails"]


def test_what_all_seeds_share_is_not_made_when_all_have_failed(store: Store) -> None:
    bad, shared = stage("fails"), stage("shared")
    shares, engine = [Share("seed 1", frozenset({bad.key}))], Failing()
    failed = execute([bad, shared], store, engine, jobs=1, display=Display(2, io.StringIO()), shares=shares)
    assert list(failed) == [0]
    assert engine.ran == ["fails"]


@pytest.mark.parametrize("failing", ["one", "all"])
def test_a_baseline_is_made_no_further_when_all_seeds_of_the_recipe_have_failed(store: Store, failing: str) -> None:
    stages, engine = [stage("fails"), *([stage("good")] if failing == "one" else []), stage("before")], Failing()
    shares = [Share("a seed", frozenset({one.key}), beside=one is stages[-1]) for one in stages]
    failed = execute(stages, store, engine, jobs=1, display=Display(3, io.StringIO()), shares=shares)
    assert list(failed) == ([0] if failing == "one" else [0, 1])
    assert engine.ran == (["fails", "good", "before"] if failing == "one" else ["fails"])


def test_a_store_that_cannot_be_written_is_an_error_that_says_where(store: Store) -> None:
    (store.root / "partial").write_text("a file where a folder should be")
    with pytest.raises(StageError, match="Not a directory|File exists"):
        run([stage("a")], store)


def test_a_full_disk_that_names_no_file_is_an_error_without_a_none(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Here, folder: Path, message: Message) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Here, "run", full)
    with pytest.raises(StageError, match="No space left on device; free space or fix the folder"):
        run([stage("a")], store)


def test_names_and_asides_are_not_part_of_the_key_but_parameters_and_inputs_are() -> None:
    a, b = stage("a"), stage("b")
    renamed = Stage("join", "another name", Word("a", patience=5), {})
    assert a.key == renamed.key
    assert len({a.key, b.key, stage("a", x=a).key, stage("a", x=b).key, stage("a", y=b).key}) == 5


def test_the_record_holds_what_ran_with_which_inputs_versions_and_for_how_long(store: Store) -> None:
    stages = diamond()
    run(stages, store)
    record = store.record(stages[-1].key)
    assert record is not None
    assert record["params"] == {"word": "d"}
    assert record["inputs"] == {"x": stages[1].key, "y": stages[2].key}
    assert record["versions"]["python"]
    assert record["seconds"] >= 0
    assert record["ran"]["host"]
    assert record["facts"] == {"summary": "2 parts"}


def test_a_stage_cannot_read_what_another_made_unless_it_is_its_input(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run([stage("a")], store)
    monkeypatch.setattr(worker, "guarded", guarded)
    with pytest.raises(StageError, match="stage `join thief`: .* is closed to this stage"):
        run([stage("thief")], store, jobs=1)


@pytest.mark.parametrize("ends", [False, True], ids=["until it is free", "until it is ended"])
def test_a_run_says_for_whom_it_waits_and_starts_nothing_after_its_end(
    store: Store, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    log = io.StringIO()
    a, bad = stage("a"), stage("bad")
    waits = threading.Event()
    monkeypatch.setattr(Display, "waiting", lambda self, *of: (self.say(f"{of}"), waits.set()))
    engine = Here()
    with ThreadPoolExecutor() as pool, ExitStack() as held:
        held.enter_context(store.locked(a.key, waiting=print, stop=lambda: False))
        stages = [a, bad] if ends else [a]
        run = pool.submit(execute, stages, store, engine, jobs=2, display=Display(2, log))
        assert waits.wait(10)
        if ends:
            with pytest.raises(InputError, match="the word is bad"):
                run.result(10)
        held.close()
        assert ends or run.result(10) == {}
    assert f"('join a', 'process {os.getpid()} on" in log.getvalue()
    assert engine.ran == ([] if ends else ["a"])


class Meddled(Here):
    """An engine during whose stages something is done to what they read, before and after they read it."""

    def __init__(self, before: Callable[[], object], after: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.before, self.after = before, after

    def run(self, folder: Path, message: Message) -> None:
        self.before()
        super().run(folder, message)
        self.after()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/text").write_text("right")
    return tmp_path / "data"


def reading(data: Path) -> Stage:
    digests = Digests(data.parent / "digests.json")
    return Stage("join", "join a", Word("a"), {"x": Folder.digested(data, ["text"], digests)})


def executed(stage: Stage, store: Store, engine: Here) -> str:
    log = io.StringIO()
    execute([stage], store, engine, jobs=1, display=Display(1, log))
    return log.getvalue()


def put_back(file: Path, aside: Path) -> Callable[[], object]:
    """Writes a file as it was, to the size and the time of its change."""
    shutil.copy2(file, aside)
    return lambda: (shutil.copyfile(aside, file), shutil.copystat(aside, file))


@pytest.mark.parametrize("way", ["changed", "put back", "moved aside and back", "removed", "changed before"])
def test_what_a_stage_read_is_what_its_key_was_made_from_or_nothing_is_kept(
    store: Store, data: Path, tmp_path: Path, way: str
) -> None:
    file, aside = data / "text", tmp_path / "aside"
    a = reading(data)
    edit, nothing = partial(file.write_text, "wrong"), lambda: None
    engine = {
        "changed": Meddled(edit),
        "put back": Meddled(edit, put_back(file, aside)),
        "moved aside and back": Meddled(lambda: (file.rename(aside), edit()), lambda: aside.rename(file)),
        "removed": Meddled(nothing, file.unlink),
        "changed before": Meddled(nothing),
    }[way]
    time.sleep(0.02)  # the clock of a file system ticks 100 times a second or more often
    if way == "changed before":
        edit()
    with pytest.raises(StageError, match="stage `join a`: its input has changed since this run began") as raised:
        executed(a, store, engine)
    assert f"{file}: was {'removed' if way == 'removed' else 'changed'}" in str(raised.value)
    assert store.record(a.key) is None
    assert not store.partial(a.key).exists()
    assert bool(engine.ran) == (way != "changed before")


def test_the_run_after_a_refusal_makes_the_right_result(store: Store, data: Path) -> None:
    with pytest.raises(StageError):
        executed(reading(data), store, Meddled(lambda: (data / "text").write_text("other")))
    again = reading(data)
    executed(again, store, Here())
    assert (store.out(again.key) / "text").read_text() == "othera"


def test_a_stage_that_was_stopped_goes_on_only_where_nothing_it_reads_was_touched(store: Store, data: Path) -> None:
    def kill() -> None:
        (store.partial(reading(data).key) / "work").mkdir(exist_ok=True)
        (store.partial(reading(data).key) / "work/checkpoint").write_text("of wrong data")
        raise KeyboardInterrupt

    for touched in (False, True):
        with pytest.raises(KeyboardInterrupt):
            executed(reading(data), store, Meddled(kill))
        checkpoint = store.partial(reading(data).key) / "work/checkpoint"
        assert checkpoint.is_file()
        if touched:
            (data / "text").write_text("right")
        seen: list[bool] = []
        log = executed(reading(data), store, Meddled(lambda at=checkpoint, to=seen: to.append(at.is_file())))
        assert seen == [not touched]
        assert ("starting from the beginning" in log) == touched
        store.discard(reading(data).key)


def test_packages_that_change_during_a_run_are_an_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    a = stage("a")
    monkeypatch.setattr(worker, "versions", lambda: {"torch": "9"})
    with pytest.raises(StageError, match="packages have changed since this run started"):
        run([a], store)
    assert store.record(a.key) is None
    assert not store.partial(a.key).exists()


def test_a_forged_record_is_named_and_its_stage_runs_again(store: Store) -> None:
    stages = diamond()
    run(stages, store)
    file = store.out(stages[1].key).parent / "record.json"
    file.write_text(file.read_text().replace("1 parts", "9 parts"))
    engine, log = run(stages, store)
    assert engine.ran == ["ab"]
    assert f"damaged: {file}: has changed since the stage was finished; making join b again" in log


@pytest.mark.slow
def test_runs_that_mend_a_damaged_store_together_all_end_well_and_mend_it_once(store: Store) -> None:
    stages = diamond()
    run(stages, store)
    for _ in range(3):
        for one in stages[1:]:
            (store.out(one.key) / "text").write_text("nonsense")
        with ThreadPoolExecutor(4) as pool:
            runs = [run_.result() for run_ in [pool.submit(run, stages, store) for _ in range(4)]]
        assert sum(log.count("damaged: ") for _, log in runs) == 3
        assert sorted(word for engine, _ in runs for word in engine.ran) == ["ab", "abacd", "ac"]
        assert (store.out(stages[-1].key) / "text").read_text() == "abacd"
