"""The comparison of a finished run with its baseline, as `xtreme-bench compare` makes it, for terminal and page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.bundle.load import Bundle
from xtreme_bench.errors import InputError
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


def scored(bundles: Sequence[Bundle], labels: Path | None) -> tuple[list[Manifest], list[int]]:
    """The manifests of bundles, with scores that are computed here where they can be, and the indices of those.

    Errors: `InputError` with every fault of the predictions.
    """
    computed = [at for at, one in enumerate(bundles) if labels is not None and one.languages]
    manifests = [
        {**one.manifest, "scores": evaluate(one.path, labels)}
        if labels is not None and at in computed
        else one.manifest
        for at, one in enumerate(bundles)
    ]
    return manifests, computed


def of_bundles(bundles: Sequence[Bundle], labels: Path | None) -> dict[int, Versus]:
    """Index of each bundle -> its comparison with the bundle that is the reference of the others, if one is."""
    at = reference_of([one.manifest for one in bundles])
    if at is None or labels is None:
        return {}
    from xtreme_bench.comparison.arms import read_arm
    from xtreme_bench.comparison.compare import compare

    # Not by name: runs of one recipe have the same one.
    others = [place for place, one in enumerate(bundles) if place != at and one.languages]
    if not bundles[at].languages or not others:
        return dict.fromkeys(range(len(bundles)), Versus(why="only one of the two has predictions"))
    arms = {place: read_arm([bundles[place].path], labels) for place in (at, *others)}
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
    # These need numpy, and most reports have nothing to compare.
    from xtreme_bench.comparison.arms import read_arm
    from xtreme_bench.comparison.compare import compare

    labels = score.inputs["labels"].folder(store)
    try:
        reference, other = (read_arm([one.bundle for one in runs], labels) for runs in (before, main))
        (found,) = compare(reference, other)
    except InputError as error:  # a finished run is reported all the same
        return Versus(why=" ".join(str(error).split()))
    return Versus(found)
