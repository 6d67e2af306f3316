"""What was found of the question of the page: in sentences that the records support, and by kinds of languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xtreme_bench.benchmark import NEARNESS
from xtreme_bench.findings import pieces
from xtreme_bench.findings.experiments import Experiment, Question
from xtreme_bench.findings.pieces import Json, Records
from xtreme_bench.findings.text import ENOUGH_SEEDS
from xtreme_bench.findings.words import Answer
from xtreme_bench.wording import listing

# What an answer says of some intermediate tasks.
SAID = {
    "yes": "Diverse languages are better than English alone after {}.",
    "no": "English alone is better than diverse languages after {}.",
    "cannot tell": "The data cannot tell which is better after {}.",
}
# The share of a difference that is nearly all of it.
NEARLY_ALL = 0.8
# The answers by intermediate task.
ByTask = Mapping[str, Answer]


def sentences(answered: Mapping[Experiment, Sequence[Answer]]) -> Iterator[str]:
    """What the recipes' contrasts found at each layer, the tasks side by side, and what the differences are made of."""
    asked = {
        one.title.lower(): [said for said in every if not said.question.columns] for one, every in answered.items()
    }
    tasks = [task for task, every in asked.items() if every]
    for layer in sorted({said.column[1] for every in asked.values() for said in every if said.column[1] is not None}):
        at = {task: said for task, every in asked.items() for said in every if said.column[1] == layer}
        yield " ".join((f"**Layer {layer}.**", *_answers(at, [task for task in tasks if task not in at]), *_signs(at)))
        for task, one in at.items():
            if made := [*_made(one)]:
                yield f"After {task}, layer {layer}: {' '.join(made)}"


def _answers(at: ByTask, untested: Sequence[str]) -> Iterator[str]:
    for answer, said in SAID.items():
        if tasks := [f"{task} ({one.points})" for task, one in at.items() if one.answer == answer]:
            yield said.format(listing(tasks))
    if untested:
        yield f"Not tested after {listing(untested)}."


def _signs(at: ByTask) -> Iterator[str]:
    """Whether some intervals lie above 0 and others below it."""
    up, down = ([task for task, one in at.items() if _side(one) == sign] for sign in (1, -1))
    if up and down:
        unsure = [task for task in (*up, *down) if at[task].answer == "cannot tell"]
        but = f"; after {listing(unsure)} that is not significant once p is corrected" if unsure else ""
        yield f"The interval is above 0 after {listing(up)} and below 0 after {listing(down)}{but}."


def _made(one: Answer) -> Iterator[str]:
    """What a difference is made of, and where both arms stand, if its interval leaves out 0."""
    if not _side(one) or one.change is None:
        return
    stand, total = one.standing, one.change[0]
    target, points = max(stand.adds.items(), key=lambda both: both[1] / total, default=("", 0.0))
    if len(stand.adds) > 1 and points / total >= NEARLY_ALL:
        scores = ", ".join(f"{mean:.1f} ({name})" for name, mean in stand.by_target.get(target, {}).items())
        whole = f"{total:+.1f}"
        share = f"all of the {whole}" if f"{points:+.1f}" == whole else f"{points:+.1f} of the {whole}"
        yield f"{target} makes up {share} points{scores and f': {scores}'}."
    if stand.lose:
        (untrained, without), *after = stand.means.items()
        against = f"{listing([f'{mean:.1f}' for _, mean in after])} against {without:.1f}"
        so = "" if one.answer == "cannot tell" else ', so "better" means "loses less" here'
        yield f"Both arms lie below {untrained} ({against}){so}."


def _side(one: Answer) -> int:
    """1 if the interval lies above 0, -1 if below it; 0 if it holds 0, or rests on too few seeds."""
    if one.change is None or one.seeds < ENOUGH_SEEDS:
        return 0
    _, low, high = one.change
    return (low > 0) - (high < 0)


def by_nearness(found: Mapping[Experiment, Records]) -> str:
    """The same differences by how near languages are to those of either arm; empty if none rests on enough seeds."""
    rows = [
        [f"{one.title}, layer {difference['layer']}", *_near(difference, question)]
        for one, known in found.items()
        for question in one.questions
        if not question.columns
        for difference in pieces.of_pair(known.differences, (question.better, question.than))
        if len(difference["seeds"]) >= ENOUGH_SEEDS
    ]
    return pieces.table(["after", *NEARNESS], rows) if rows else ""


def _near(difference: Json, question: Question) -> Iterator[str]:
    for name in NEARNESS:
        known = pieces.estimate(difference, "intermediate data", name)
        yield f"{pieces.points(pieces.change(difference, known, question.better))} ({known['cells']})" if known else ""
