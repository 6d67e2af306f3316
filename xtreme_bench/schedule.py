"""Bring the stages of a plan into the store: each missing one runs once its inputs are there."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

from xtreme_bench.engines.local import Message
from xtreme_bench.errors import StageError, XtremeBenchError
from xtreme_bench.plan import Stage
from xtreme_bench.progress import Display
from xtreme_bench.store import Store, write_json


class Engine(Protocol):
    """Runs one stage at a time per calling thread, in whatever place it stands for.

    `image` is the digest of the image that stages run in; None where they use the packages that are installed.
    """

    image: str | None

    def run(self, folder: Any, message: Message) -> None:
        """Run `folder/stage.json`; returns when the stage ended well, raises what it reported otherwise."""

    def close(self) -> None:
        """End everything that was started."""


def execute(stages: Sequence[Stage], store: Store, engine: Engine, *, jobs: int, display: Display) -> None:
    """Run the stages that the store lacks, `jobs` at a time, in the order of the list as far as inputs allow.

    A stage whose outputs were damaged is named, discarded and made again.
    Errors: the first error of a stage, after which nothing new is started; what had finished stays.
    """
    ended = threading.Event()
    closed = _closed(stages, store)
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
            engine.close()  # ends what still runs, so that the pool can be left
            raise


def _closed(stages: Sequence[Stage], store: Store) -> list[str]:
    """What no stage may read unless it is one of its inputs: the whole store, and gold labels wherever they are."""
    gold = {source.folder(store) for stage in stages for name, source in stage.inputs.items() if name == "labels"}
    return sorted(str(folder.resolve()) for folder in {*gold, store.root / "stages", store.root / "partial"})


def _present(stage: Stage, store: Store, display: Display) -> bool:
    if store.record(stage.key) is None:
        return False
    damage = store.damage(stage.key)
    if not damage:
        display.skipped(stage.name)
        return True
    for problem in damage:
        display.say(f"damaged output: {problem}")
    display.say(f"  {stage.name}: will be made again")
    store.discard(stage.key)
    return False


def _run_one(
    stage: Stage, store: Store, engine: Engine, display: Display, closed: Sequence[str], stop: Callable[[], bool]
) -> None:
    try:
        with store.locked(stage.key, waiting=lambda owner: display.waiting(stage.name, owner), stop=stop):
            if store.record(stage.key) is not None:  # another run made it while this one waited
                display.skipped(stage.name)
                return
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
            f"stage `{stage.name}`: {error.strerror or error}: {error.filename}; free space or mend the folder, "
            "then run the same command again"
        ) from error


def _make(stage: Stage, store: Store, engine: Engine, display: Display, closed: Sequence[str]) -> dict[str, Any]:
    """Run a stage in its partial folder and commit what it leaves; returns its facts."""
    folder = store.partial(stage.key)
    folder.mkdir(parents=True, exist_ok=True)
    inputs = {name: str(source.folder(store).resolve()) for name, source in stage.inputs.items()}
    params = {**stage.params, **stage.aside}
    spec = {"kind": stage.kind, "name": stage.name, "params": params, "inputs": inputs, "closed": list(closed)}
    write_json(folder / "stage.json", spec)
    engine.run(folder, lambda message: display.progressed(stage.name, *message["progress"]))
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    store.commit(stage.key, {**stage.description(), "name": stage.name, **result})
    facts: dict[str, Any] = result["facts"]
    return facts
