"""What a training scores on its development rows that has learned nothing.

The best answer that is always the same is counted in the rows when a run ends, and stands in its manifest (`counted`).
A manifest without it has the score of guesses that are all alike likely.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data.corpora import FAMILY
from xtreme_bench.intermediate import INTERMEDIATE, source_corpus
from xtreme_bench.stage.stage import Stage
from xtreme_bench.stage.store import Store

if TYPE_CHECKING:
    from xtreme_bench.training.examples import Example, Examples

# The field of a training's facts in a manifest.
FIELD = "chance"
# So many points above chance nothing is learned yet.
NEAR = 1.0
# Where no fixed answer scores, some spans and answers at random are partly right.
_AT_RANDOM = {"tagging": 10.0, "qa": 5.0}
_GROUPS = {task.source: task.group for task in TASKS.values() if task.source is not None}


def counted(stage: Stage, store: Store) -> dict[str, float]:
    """Task -> the score in percent of the best answer that is always the same, on the development rows of a finished
    training, as its metric averages them; only where the metric is a share of answers."""
    if stage.kind == "finetune":
        features = {stage.params.corpus.source: stage.inputs["features"]}
    else:
        features = {task: stage.inputs[task] for task in stage.params.corpora}
    shares = {task: _share(task, made.folder(store)) for task, made in features.items() if _is_share(task)}
    return {task: share for task, share in shares.items() if share is not None}


def chances(facts: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Task -> score of chance in percent, and up to which score nothing is learned, for the development scores in the
    facts of a training. They may be anybody's: entries in another form are left out, as are tasks of unknown chance."""
    scores, known = facts.get("dev"), facts.get(FIELD)
    found = {}
    for task in scores if isinstance(scores, Mapping) else ():
        own = known.get(task) if isinstance(known, Mapping) else None
        chance = own if isinstance(own, int | float) else even(task)
        if chance is not None:
            near = NEAR if chance else _AT_RANDOM.get(_family(task), NEAR)
            found[task] = chance, chance + near
    return found


def _family(task: str) -> str:
    """The family of an intermediate task or a source of fine-tuning; "" for what is neither, as a mean."""
    row = INTERMEDIATE.get(source_corpus(task))
    return row.family if row else FAMILY[_GROUPS[task]] if task in _GROUPS else ""


def even(task: str) -> float | None:
    """The score in percent of guesses that are all alike likely, 0 for spans and for answers in a text.

    None where it is not known, or where a name is of no task that is trained on.
    """
    row = INTERMEDIATE.get(task)
    answers = (row.options or len(row.labels)) if row else len(TASKS[task].labels) if task in TASKS else 0
    family = _family(task)
    if family in ("classification", "choice"):
        return 100 / answers
    return 0.0 if family in _AT_RANDOM else None


def _is_share(task: str) -> bool:
    """Whether one fixed answer can be right often. The heads of choices see each alone, so they prefer no place."""
    row = INTERMEDIATE.get(task)
    return _family(task) == "classification" or (row is not None and (row.metric == "accuracy" or row.impossible))


def _share(task: str, folder: Path) -> float | None:
    """The mean over the development sets of a tokenised corpus; None if it has none."""
    from xtreme_bench.training.examples import Examples  # heavy

    sets = [Examples(file.parent) for file in sorted(folder.glob("dev/**/target.values"))]
    found = [_unanswered(one) if _family(task) == "qa" else _most_frequent(one) for one in sets]
    return round(100 * sum(found) / len(found), 4) if found else None


def _most_frequent(examples: Examples) -> float:
    answers = Counter(answer for example in examples for answer in _answer(example))
    return max(answers.values()) / answers.total()


def _unanswered(examples: Examples) -> float:
    """The share of questions without an answer in any of their windows."""
    return 1 - len({example.row for example in examples if any(_answer(example))}) / examples.rows


def _answer(example: Example) -> list[int]:
    from xtreme_bench.training.examples import needed

    found: list[int] = needed(example.target).tolist()
    return found
