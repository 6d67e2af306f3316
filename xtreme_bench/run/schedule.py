"""Run the stages of a plan that the store lacks, each as soon as its inputs are there."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_bench.engines.base import Engine
from xtreme_bench.errors import StageError, XtremeBenchError
from xtreme_bench.files import write_json
from xtreme_bench.plan.why import code_differs
from xtreme_bench.run.progress import Display
from xtreme_bench.stage import code, interrupts
from xtreme_bench.stage.params import plain
from xtreme_bench.stage.stage import Stage
from xtreme_bench.stage.store import Store


@dataclass(frozen=True)
class Share:
    """A part of the stages that may fail alone, such as those of one seed: `title` says whose, `keys` which.

    One that stands `beside` the others, such as a seed of the baseline, ends when all of those have failed.
    """

    title: str
    keys: frozenset[str]
    beside: bool = False


def execute(
    stages: Sequence[Stage],
    store: Store,
    engine: Engine,
    *,
    jobs: int,
    display: Display,
    shares: Sequence[Share] = (),
) -> dict[int, StageError]:
    """Run the stages that the store lacks, `jobs` at a time, in list order as far as inputs allow.

    A stage with damaged outputs is reported, discarded and made again. A stage that fails ends the `shares` that it
    belongs to, and the others go on; returns the errors by index in `shares`.
    Errors: the first error of a stage that belongs to no share, and wrong input of any. After it no stage starts;
    finished stages stay in the store.
    """
    ended = threading.Event()
    work = _Work(store, engine, display, _closed(stages, store), _titles(stages, shares), ended.is_set)
    store.tidy()
    waiting = [stage for stage in stages if not work.present(stage)]
    missing = {stage.key for stage in waiting}
    running: dict[Future[None], Stage] = {}
    failed: dict[int, StageError] = {}
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            while waiting or running:
                ready = [stage for stage in waiting if not missing & {source.key for source in stage.sources}]
                for stage in ready[: jobs - len(running)]:
                    waiting.remove(stage)
                    running[pool.submit(work.run, stage)] = stage
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    key = running.pop(future).key
                    try:
                        future.result()
                        missing.discard(key)
                    except StageError as error:
                        failed = _failed(key, shares, error, failed)
                        display.say(str(error))
                        waiting = [stage for stage in waiting if _wanted(stage.key, shares, failed)]
        except BaseException:
            ended.set()
            display.ending()
            with interrupts.shielded():
                engine.close()  # ends running stages, so that the pool can shut down
                pool.shutdown()
            raise
    return failed


def _failed(
    key: str, shares: Sequence[Share], error: StageError, failed: Mapping[int, StageError]
) -> dict[int, StageError]:
    """The shares that have failed, now with those that a stage ends. Errors: its error, if it belongs to none."""
    ending = [at for at, share in enumerate(shares) if key in share.keys]
    if not ending:
        raise error
    found = {**dict.fromkeys(ending, error), **failed}
    if all(share.beside or at in found for at, share in enumerate(shares)):
        found = {**dict.fromkeys(range(len(shares)), error), **found}
    return found


def _wanted(key: str, shares: Sequence[Share], failed: Mapping[int, StageError]) -> bool:
    """Whether a stage belongs to a share that has not failed; one of no share does so as long as there is another."""
    own = [at for at, share in enumerate(shares) if key in share.keys]
    return any(at not in failed for at in own or range(len(shares)))


def _titles(stages: Sequence[Stage], shares: Sequence[Share]) -> dict[str, str]:
    """What the stages are called on the display: several shares have stages of the same name."""
    whose = {key: f", {share.title}" for share in reversed(shares) for key in share.keys}
    return {stage.key: stage.name + whose.get(stage.key, "") for stage in stages}


def _closed(stages: Sequence[Stage], store: Store) -> list[str]:
    """Folders that a stage may read only if they are its inputs: the whole store, and all gold labels."""
    gold = {source.folder(store) for stage in stages for name, source in stage.inputs.items() if name == "labels"}
    return sorted(str(folder.resolve()) for folder in {*gold, store.root / "stages", store.root / "partial"})


@dataclass(frozen=True)
class _Work:
    """What all stages of a run share while they are made. `stop` says whether the run has ended."""

    store: Store
    engine: Engine
    display: Display
    closed: Sequence[str]
    titles: Mapping[str, str]
    stop: Callable[[], bool]

    def present(self, stage: Stage) -> bool:
        """Whether a stage is finished and whole. Damage is told later, under the lock: another run may repair it."""
        if not self.store.whole(stage.key):
            return False
        modules = stage.accepted.modules if stage.accepted else ()
        self.display.skipped(self.titles[stage.key], f", accepted although {code_differs(modules)}" if modules else "")
        return True

    def run(self, stage: Stage) -> None:
        """Make a stage, unless another run does so first. Errors: its error, with its title."""
        title, display = self.titles[stage.key], self.display
        try:
            with self.store.locked(stage.key, waiting=lambda owner: display.waiting(title, owner), stop=self.stop):
                if self.present(stage):  # another run made it in the meantime
                    return
                if stage.accepted:
                    raise StageError("its accepted result is now damaged: run the same command again")
                self._discard(stage)
                display.started(title)
                started = time.monotonic()
                facts = self._make(stage)
                display.finished(title, time.monotonic() - started, str(facts.get("summary", "")))
        except XtremeBenchError as error:
            display.failed(title)
            raise type(error)(f"stage `{title}`: {error}") from error
        except OSError as error:
            display.failed(title)
            where = f": {error.filename}" if error.filename else ""
            raise StageError(
                f"stage `{title}`: {error.strerror or error}{where}; free space or fix the folder, "
                "then run the same command again"
            ) from error

    def _told(self, title: str, message: Mapping[str, Any]) -> None:
        """Show what a stage says of its progress."""
        done, total, note = message["progress"]
        if message.get("lasting"):
            self.display.say(f"  {title}: {note}")
        else:
            self.display.progressed(title, done, total, note)

    def _discard(self, stage: Stage) -> None:
        """Report the damage of a finished stage, and remove it from the store."""
        for problem in self.store.damage(stage.key):
            self.display.say(f"damaged: {problem}; making {self.titles[stage.key]} again")
        self.store.discard(stage.key)

    def _make(self, stage: Stage) -> dict[str, Any]:
        """Run a stage in its partial folder and commit its outputs to the store; returns its facts.

        Errors: `StageError` if anything that the key was made from has changed, before the stage or while it ran.
        """
        title, folder = self.titles[stage.key], self.store.partial(stage.key)
        stage.require_unchanged()
        spec = _spec(stage, self.store, self.closed)
        if _begun_with(folder) not in (None, spec["outside"]):
            self.display.say(
                f"  {title}: starting from the beginning, because its inputs were changed after it was stopped"
            )
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "stage.json", spec)
        self.engine.run(folder, partial(self._told, title))
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        try:
            stage.require_unchanged()
            _require_versions(stage, result["ran"]["versions"])
        except StageError:
            shutil.rmtree(folder)
            raise
        told = {"name": stage.name, "files": stage.files, "places": stage.places}
        self.store.commit(stage.key, {**stage.description(), **told, **result})
        facts: dict[str, Any] = result["facts"]
        return facts


def _spec(stage: Stage, store: Store, closed: Sequence[str]) -> dict[str, Any]:
    """The description of a stage for its worker. `outside` are the files that must be unchanged to continue later."""
    return {
        "kind": stage.kind,
        "name": stage.name,
        "params": plain(stage.params),
        "inputs": {name: str(source.folder(store).resolve()) for name, source in stage.inputs.items()},
        "closed": list(closed),
        "code": {} if stage.image else dict(code.sources(*stage.code)),
        "outside": {name: dict(source.stamps) for name, source in stage.outside.items()},
    }


def _begun_with(folder: Path) -> Any:
    """The `outside` of the stopped run in a partial folder; None if there is none."""
    try:
        return json.loads((folder / "stage.json").read_text(encoding="utf-8"))["outside"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _require_versions(stage: Stage, ran: Mapping[str, str]) -> None:
    planned = stage.description().get("versions", ran)
    other = [f"{name} {ran.get(name)}" for name in planned if ran.get(name) != planned[name]]
    if other:
        raise StageError(
            f"packages have changed since this run started ({', '.join(other)}): run the same command again"
        )
