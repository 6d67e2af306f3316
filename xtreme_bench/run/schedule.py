"""Run the stages of a plan that the store lacks, each as soon as its inputs are there."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
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


def execute(stages: Sequence[Stage], store: Store, engine: Engine, *, jobs: int, display: Display) -> None:
    """Run the stages that the store lacks, `jobs` at a time, in list order as far as inputs allow.

    A stage with damaged outputs is reported, discarded and made again.
    Errors: the first error of a stage. After it no stage starts; finished stages stay in the store.
    """
    ended = threading.Event()
    closed = _closed(stages, store)
    store.tidy()
    waiting = [stage for stage in stages if not _present(stage, store, display)]
    missing = {stage.key for stage in waiting}
    running: dict[Future[None], Stage] = {}
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            while waiting or running:
                ready = [stage for stage in waiting if not missing & {source.key for source in stage.sources}]
                for stage in ready[: jobs - len(running)]:
                    waiting.remove(stage)
                    running[pool.submit(_run_one, stage, store, engine, display, closed, ended.is_set)] = stage
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    missing.discard(running.pop(future).key)
                    future.result()
        except BaseException:
            ended.set()
            display.ending()
            with interrupts.shielded():
                engine.close()  # ends running stages, so that the pool can shut down
                pool.shutdown()
            raise


def _closed(stages: Sequence[Stage], store: Store) -> list[str]:
    """Folders that a stage may read only if they are its inputs: the whole store, and all gold labels."""
    gold = {source.folder(store) for stage in stages for name, source in stage.inputs.items() if name == "labels"}
    return sorted(str(folder.resolve()) for folder in {*gold, store.root / "stages", store.root / "partial"})


def _present(stage: Stage, store: Store, display: Display) -> bool:
    """Whether a stage is finished and whole. Damage is reported later, under the lock: another run may repair it."""
    try:
        if store.record(stage.key) is None or store.damage(stage.key):
            return False
    except FileNotFoundError:  # another run removed it just now
        return False
    modules = stage.accepted.modules if stage.accepted else ()
    display.skipped(stage.name, f", accepted although {code_differs(modules)}" if modules else "")
    return True


def _run_one(
    stage: Stage, store: Store, engine: Engine, display: Display, closed: Sequence[str], stop: Callable[[], bool]
) -> None:
    try:
        with store.locked(stage.key, waiting=lambda owner: display.waiting(stage.name, owner), stop=stop):
            if _present(stage, store, display):  # another run made it in the meantime
                return
            if stage.accepted:
                raise StageError("its accepted result is now damaged: run the same command again")
            _discard(stage, store, display)
            display.started(stage.name)
            started = time.monotonic()
            facts = _make(stage, store, engine, display, closed)
            display.finished(stage.name, time.monotonic() - started, str(facts.get("summary", "")))
    except XtremeBenchError as error:
        display.failed(stage.name)
        raise type(error)(f"stage `{stage.name}`: {error}") from error
    except OSError as error:
        display.failed(stage.name)
        raise StageError(
            f"stage `{stage.name}`: {error.strerror or error}: {error.filename}; free space or fix the folder, "
            "then run the same command again"
        ) from error


def _discard(stage: Stage, store: Store, display: Display) -> None:
    """Report the damage of a finished stage, and remove it from the store."""
    for problem in store.damage(stage.key):
        display.say(f"damaged: {problem}; making {stage.name} again")
    store.discard(stage.key)


def _make(stage: Stage, store: Store, engine: Engine, display: Display, closed: Sequence[str]) -> dict[str, Any]:
    """Run a stage in its partial folder and commit its outputs to the store; returns its facts.

    Errors: `StageError` if anything that the key was made from has changed, before the stage or while it ran.
    """
    folder = store.partial(stage.key)
    stage.require_unchanged()
    spec = _spec(stage, store, closed)
    if _begun_with(folder) not in (None, spec["outside"]):
        display.say(
            f"  {stage.name}: starting from the beginning, because its inputs were changed after it was stopped"
        )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "stage.json", spec)
    engine.run(folder, lambda message: display.progressed(stage.name, *message["progress"]))
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    try:
        stage.require_unchanged()
        _require_versions(stage, result["ran"]["versions"])
    except StageError:
        shutil.rmtree(folder)
        raise
    store.commit(stage.key, {**stage.description(), "name": stage.name, "files": stage.files, **result})
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
