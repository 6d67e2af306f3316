"""Quickstart on a machine that has only torch and what it needs: from pretraining to a checked bundle, in two minutes.

The recipe is `quickstart-scratch`, which needs no download. `CUT` says what is left out, partly because neither ONNX
Runtime nor TensorBoard may be installed.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from gpu_checks import LeftOutError, WrongError
from overhead import WORK

from xtreme_bench.bundle import manifest, write
from xtreme_bench.bundle.check import check
from xtreme_bench.files import Digests
from xtreme_bench.plan.stages import Plan, plan
from xtreme_bench.recipe.files import find
from xtreme_bench.recipe.load import load
from xtreme_bench.report import cost
from xtreme_bench.run.outcome import official_result
from xtreme_bench.run.progress import showing
from xtreme_bench.run.schedule import execute
from xtreme_bench.stage.store import Store
from xtreme_bench.stage.worker import run_stage
from xtreme_bench.training import curve

RECIPE = "quickstart-scratch"
CUT = "fewer steps, no baseline, no curves, sentences embedded by torch"
# The share of the recipe's steps that is taken; the tiny one has less data and fewer targets too.
SHARE, TINY_SHARE = 1 / 4, 1 / 100
TINY = ["data.scale=0.05", "targets=[udpos, xquad, bucc2018, tatoeba]"]


class Here:
    """An engine that runs stages in this process."""

    image = None

    def run(self, folder: Path, message: Callable[[dict[str, Any]], None]) -> None:
        """Run `folder/stage.json`."""
        run_stage(folder / "stage.json", message)

    def close(self) -> None:
        """There is nothing to end."""


def without_curves() -> None:
    """Trainings of this process write no curves, which takes TensorBoard."""
    curve.write = lambda folder, points: None


def overrides(*, tiny: bool) -> list[str]:
    """What is set in the recipe."""
    given = [*(TINY if tiny else []), "baseline=null", "retrieval.provider=torch", "resources.jobs=1"]
    recipe = load(find(RECIPE), given)
    phases = {"pretraining": recipe.pretraining, "intermediate": recipe.intermediate}
    phases |= {f"finetuning.{task}": phase for task, phase in recipe.finetuning.items()}
    share = TINY_SHARE if tiny else SHARE
    return [*given, *(f"{name}.steps={max(2, int(phase.steps * share))}" for name, phase in phases.items())]


def planned(folder: Path, *, tiny: bool) -> Plan:
    """The stages."""
    return plan(load(find(RECIPE), overrides(tiny=tiny)), digests=Digests(folder / "digests.json"))


def work(folder: Path, tiny: bool) -> None:
    """Run all stages with a store in `folder`. Errors: a stage's."""
    without_curves()
    stages = planned(folder, tiny=tiny).stages
    execute(stages, Store(folder / "store"), Here(), jobs=1, display=showing(None)(len(stages)))


def run(seconds: float, *, tiny: bool) -> str:
    """What was left out, what each phase took, the share of all else (imports too), and the scores.

    Stages run in a process of its own: a process that has run one may not read the store any more, and this one can be
    ended after some `seconds`. Errors: `LeftOutError` if it was, and `WrongError` if a stage or the bundle is faulty.
    """
    with tempfile.TemporaryDirectory() as name:
        folder, began = Path(name), time.monotonic()
        process = get_context("spawn").Process(target=work, args=(folder, tiny))
        process.start()
        process.join(seconds)
        code, took = process.exitcode, time.monotonic() - began
        process.kill()
        process.join()
        made, store = planned(folder, tiny=tiny), Store(folder / "store")
        records = [record for stage in made.stages if (record := store.record(stage.key)) is not None]
        costs = cost.by_phase(records)
        phases = ", ".join(f"{one.phase} {one.seconds:.0f} s" for one in costs)
        rest = 1 - sum(one.seconds for one in costs if one.phase in WORK) / took
        said = (
            f"{RECIPE} ({CUT}): {len(records)} of {len(made.stages)} stages in {took:.0f} s ({phases}); "
            f"{rest:.0%} of the time is neither training, inference nor scoring"
        )
        if code is None:
            raise LeftOutError(f"stopped for time, {said}")
        if code:
            raise WrongError(f"a stage failed, {said}")
        predictions = {task: stage.folder(store) for task, stage in made.predictions.items()}
        content = manifest.content(made, records, official_result(made, store))
        bundle = write.write(folder / RECIPE, content, predictions)
        if faults := check(bundle).problems:
            raise WrongError(f"the bundle is faulty: {faults[0]}")
    scores = next(record["facts"]["averages"] for record in records if record["kind"] == "score")
    return f"{said}; scores: {', '.join(f'{task} {score:.1f}' for task, score in scores.items())}"
