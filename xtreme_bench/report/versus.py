"""The comparison of a finished run with its baseline, as `xtreme-bench compare` makes it, for terminal and page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.bundle.load import Bundle
from xtreme_bench.comparison.arms import read_arm, seeds_text, told_apart, unlike
from xtreme_bench.errors import InputError
from xtreme_bench.official.means import mean_of_runs
from xtreme_bench.report.claims import Manifest, reference_of
from xtreme_bench.run.outcome import Finished, Outcome
from xtreme_bench.stage.store import Store

if TYPE_CHECKING:
    from xtreme_bench.comparison.compare import Comparison
    from xtreme_bench.comparison.estimate import Estimate
    from xtreme_bench.run.seeds import Together

UNLABELLED = "the gold labels were not given"


@dataclass(frozen=True)
class Versus:
    """A comparison with the baseline or, without one, why the differences are not tested."""

    comparison: Comparison | None = None
    why: str = UNLABELLED

    @property
    def sentences(self) -> list[str]:
        """What the comparison shows, in words."""
        from xtreme_bench.comparison import forms

        return forms.sentences(self.comparison) if self.comparison else []

    def find(self, level: str, name: str) -> Estimate | None:
        """The estimate of a mean or a cell; None where it is not tested."""
        found = self.comparison.level(level) if self.comparison else []
        return next((one for one in found if one.name == name), None)


NOT_TESTED = Versus()


@dataclass(frozen=True)
class Run:
    """What a column of a report is about: the bundles of one experiment, one for each seed.

    `manifest` is the first one, with the mean scores, and a name that no other column has.
    """

    bundles: tuple[Bundle, ...]
    manifest: Manifest

    @property
    def predicted(self) -> bool:
        """Whether there is any prediction to score."""
        return any(one.languages for one in self.bundles)

    @property
    def seeds(self) -> str:
        """Its seeds in words."""
        return seeds_text(self.manifests)

    @property
    def manifests(self) -> list[Manifest]:
        """The manifests of its bundles."""
        return [one.manifest for one in self.bundles]

    @property
    def paths(self) -> list[Path]:
        """The places of its bundles."""
        return [one.path for one in self.bundles]


def scored(experiments: Sequence[Sequence[Bundle]], labels: Path | None) -> tuple[list[Run], list[int]]:
    """A run of each experiment, with scores that are computed here where they can be, and the indices of those.

    Errors: `InputError` with every fault of the predictions, or if an experiment is none: its bundles differ in more
    than the seed.
    """
    runs = [Run(tuple(bundles), bundles[0].manifest) for bundles in experiments]
    for run in runs:
        if problems := unlike(run.manifests, run.paths):
            raise InputError(
                f"{', '.join(map(str, run.paths))}: no runs of one experiment, so they have no mean", problems
            )
    names = told_apart([run.manifests for run in runs], [run.paths for run in runs])
    computed = [at for at, run in enumerate(runs) if labels is not None and run.predicted]
    told = []
    for at, (run, name) in enumerate(zip(runs, names, strict=True)):
        found = [
            evaluate(one.path, labels) if labels is not None and at in computed else one.manifest["scores"]
            for one in run.bundles
        ]
        scores = mean_of_runs(found) if all(found) else None
        told.append(replace(run, manifest={**run.manifest, "name": name, "scores": scores}))
    return told, computed


def means_text(runs: Sequence[Run]) -> str:
    """Which runs are means over seeds, in a sentence; empty if none is."""
    told = {str(one.manifest["name"]): one.seeds for one in runs if one.bundles[1:]}
    if len(told) == len(runs) > 1 and len(set(told.values())) == 1:
        return f"All are means over {next(iter(told.values()))}."
    parts = [f"{name} is the mean over {seeds}" for name, seeds in told.items()]
    return f"{'; '.join(parts)}." if parts else ""


def of_runs(runs: Sequence[Run], labels: Path | None) -> dict[int, Versus]:
    """Index of each run -> its comparison with the run that is the reference of the others, if one is."""
    at = reference_of([one.manifest for one in runs])
    if at is None or labels is None:
        return {}
    from xtreme_bench.comparison.compare import compare

    # Not by name: runs of one recipe have the same one.
    others = [place for place, one in enumerate(runs) if place != at and one.predicted]
    if not runs[at].predicted or not others:
        return dict.fromkeys(range(len(runs)), Versus(why="only one of the two has predictions"))
    arms = {place: read_arm(runs[place].paths, labels, name=runs[place].manifest["name"]) for place in (at, *others)}
    found = compare(arms[at], *(arms[place] for place in others))
    return {place: Versus(one) for place, one in zip(others, found, strict=True)}


def of_outcome(outcome: Outcome | Together, store: Store) -> Versus:
    """Compare a run, or the runs of all seeds that count, with the baseline on the gold labels of the run."""
    if isinstance(outcome, Outcome):
        main, before = [outcome.main], [outcome.baseline] if outcome.baseline else []
    else:
        main = list(outcome.main.counted.values())
        before = list(outcome.baseline.counted.values()) if outcome.baseline else []
    return _of_runs(main, before, store)


def _of_runs(main: Sequence[Finished], before: Sequence[Finished], store: Store) -> Versus:
    score = main[0].plan.score
    if not before or score is None:
        return NOT_TESTED
    # This needs numpy, and most reports have nothing to compare.
    from xtreme_bench.comparison.compare import compare

    labels = score.inputs["labels"].folder(store)
    try:
        reference, other = (read_arm([one.bundle for one in runs], labels) for runs in (before, main))
        (found,) = compare(reference, other)
    except InputError as error:  # a finished run is reported all the same
        return Versus(why=" ".join(str(error).split()))
    return Versus(found)
