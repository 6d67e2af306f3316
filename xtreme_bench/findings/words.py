"""The answer to a question in words: what was found, how sure it is, and how both arms stand beside no training."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from xtreme_bench.comparison import contrast
from xtreme_bench.comparison.estimate import LEVEL
from xtreme_bench.comparison.resample import holm
from xtreme_bench.findings import pieces
from xtreme_bench.findings.experiments import Column, Experiment, Question
from xtreme_bench.findings.pieces import Change, Json, Records
from xtreme_bench.findings.standing import NOWHERE, Standing, standing
from xtreme_bench.findings.text import ENOUGH_SEEDS
from xtreme_bench.wording import count, listing

# The languages of a contrast; English is never among them.
OVER = {"all": "all languages", "language unseen": "unseen languages", "family unseen": "unseen families"}


@dataclass(frozen=True)
class Answer:
    """What is known of a question at one place: the difference, if there is one, over how many seeds, and its p.

    `level`: the kind of row, as in a comparison. Of a contrast: `standing` is that of its arms, `scores` how many of
    each arm it rests on, `detectable` the smallest difference in points that it could have seen.
    """

    question: Question
    column: Column
    level: str
    change: Change | None = None
    seeds: int = 0
    p: float = 1.0
    standing: Standing = NOWHERE
    scores: int = 0
    detectable: float = 0.0

    @property
    def where(self) -> str:
        """The column in words; of a contrast with its targets."""
        return heading(self.column, self.standing.adds)

    @property
    def answer(self) -> str:
        """Yes, no, cannot tell or not tested."""
        if self.change is None:
            return "not tested"
        if self.seeds < ENOUGH_SEEDS or self.p > LEVEL:
            return "cannot tell"
        return "yes" if self.change[0] > 0 else "no"

    @property
    def why(self) -> str:
        """What the answer rests on."""
        if self.change is None:
            return "No record of both arms here."
        if self.seeds < ENOUGH_SEEDS:
            return "One seed is too few." if self.seeds == 1 else f"{self.seeds} seeds are too few."
        return f"{self.seeds} seeds; p = {self.p:.3f}."

    @property
    def rests_on(self) -> str:
        """How much a contrast rests on, and what it could have seen."""
        if not self.scores:
            return ""
        families = count(self.standing.families, "family")
        return f"{self.scores} scores in {families}; detects {self.detectable:.1f}"

    @property
    def points(self) -> str:
        """The difference in words; nothing without one."""
        return pieces.points(self.change) if self.change else ""


def answers(records: Mapping[Experiment, Records]) -> dict[Experiment, list[Answer]]:
    """The answers to all questions of each experiment, their p corrected by Holm's method.

    The questions of the page's own are one family: each task, layer and arm is another chance. Of the others those of
    an experiment at one level are.
    """
    found = {one: _answered(one, known) for one, known in records.items()}
    families: dict[tuple[str, str], dict[tuple[Experiment, int], float]] = {}
    for experiment, every in found.items():
        for at, one in enumerate(every):
            if one.seeds >= ENOUGH_SEEDS:
                family = (experiment.folder, one.level) if one.question.columns else ("", one.level)
                families.setdefault(family, {})[experiment, at] = one.p
    corrected = {place: p for family in families.values() for place, p in holm(family).items()}
    return {
        experiment: [replace(one, p=corrected.get((experiment, at), one.p)) for at, one in enumerate(every)]
        for experiment, every in found.items()
    }


def _answered(experiment: Experiment, records: Records) -> list[Answer]:
    """The answers to the questions of an experiment, their p as in the records."""
    found: list[Answer] = []
    for question in experiment.questions:
        contrasts = [*_contrasts(question, experiment.untrained, records)]
        if not contrasts and not question.columns:
            contrasts = [Answer(question, ("contrast of the recipes", None), "contrast")]
        found += [*contrasts, *(_at(question, column, records.differences) for column in question.columns)]
    return found


def heading(column: Column, targets: Collection[str] = ()) -> str:
    """A column in words, or the languages and targets of a contrast at a layer."""
    name, layer = column
    name = name.replace("/transfer", ", without English")
    if name.startswith(contrast.NAME):
        over = OVER[name.removeprefix(contrast.NAME)]
        name = f"{listing(targets)} in {over}" if targets else over
    return name if layer is None else f"{name}, layer {layer}"


def _at(question: Question, column: Column, differences: Sequence[Json]) -> Answer:
    name, layer = column
    level = "transfer" if "/" in name else "task"
    found = pieces.between(differences, (question.than, question.better), level, name, layer)
    known = _known(*found, question) if found else ()
    return Answer(question, column, level, *known)


def _known(difference: Json, estimate: Json, question: Question) -> tuple[Change, int, float]:
    """The difference as the question asks for it, its number of seeds, and its p."""
    return pieces.change(difference, estimate, question.better), len(difference["seeds"]), estimate["p"]


def _contrasts(question: Question, untrained: str, records: Records) -> Iterator[Answer]:
    """The contrast of two recipes at each layer on record; not all pairs of recipes have one."""
    for one in pieces.of_pair(records.differences, (question.better, question.than)):
        if not (estimate := pieces.estimate(one, "contrast")):
            continue
        over = estimate["name"].removeprefix(contrast.NAME)
        stand = standing(untrained, question.better, question.than, records.arms, one, over)
        known = _known(one, estimate, question)
        size = estimate.get("cells", 0), estimate.get("detectable", 0.0)
        yield Answer(question, (estimate["name"], one["layer"]), "contrast", *known, stand, *size)
