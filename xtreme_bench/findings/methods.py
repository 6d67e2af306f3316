"""The section of the page of findings on methods of training: prompt tuning beside fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.findings import pieces
from xtreme_bench.findings.pieces import Json

# The folder of the records below those of the other arms, and the two arms.
FOLDER = "methods"
TUNED, PROMPT = "pocket-finetune", "pocket-prompt"

_HEAD = """## Prompt tuning beside fine-tuning

A frozen encoder with a prefix that learns (16 keys and values in every block, and the head), beside the same encoder of
which all weights learn. Both see the same English examples in the same order and batches, for as many steps. The
learning rate of the prefix was chosen by English development scores with seed 9, which is not among the seeds below;
that of fine-tuning is the one of the other arms."""
_CAVEAT = """Both trainings are short (150 steps of 16 sentences). The paper of prompt tuning gives it 30 epochs and
fine-tuning 2 to 5, so this says nothing of long trainings. The gap is the score in English minus the mean of the other
languages. CPU seconds are those of a training with its evaluations, of one thread on a busy machine."""


def section(records: Path) -> Iterator[str]:
    """The section, if both arms are on record below the records of the others."""
    arms, differences = pieces.read(records / FOLDER)
    if not arms:
        return
    for name in (TUNED, PROMPT):
        pieces.require(arms, name, records / FOLDER)
    both = [arms[TUNED], arms[PROMPT]]
    tasks = [task for task in TASKS if all(task in run["scores"] for arm in both for run in arm["runs"])]
    yield _HEAD
    yield "\n".join(_words(differences, tasks))
    yield _scores(both, tasks)
    yield _training(both, tasks)
    yield _CAVEAT
    yield pieces.commands(
        both,
        "xtreme-bench data prepare DATA --to D --dev-as-test panx --sample 50 --allow-partial",
        *pieces.record(FOLDER),
    )


def _words(differences: Sequence[Json], tasks: Sequence[str]) -> Iterator[str]:
    """For each target which is better, in words."""
    for task in tasks:
        known = pieces.between(differences, (TUNED, PROMPT), "task", task)
        if known is None:
            yield f"- {task}: not compared yet."
            continue
        transfer = pieces.estimate(known[0], "transfer", f"{task}/transfer")
        other = f", without English {pieces.points(known[0], transfer, PROMPT)}" if transfer else ""
        change = f"{pieces.points(*known, PROMPT)} points{other}"
        answer = pieces.answered("Prompt tuning is better", *known, PROMPT)
        yield f"- {task}, {PROMPT} minus {TUNED}: {change}. {answer}"


def _scores(arms: Sequence[Json], tasks: Sequence[str]) -> str:
    rows = []
    for arm in arms:
        row = [arm["name"], pieces.seeds(arm)]
        for task in tasks:
            scores = [run["scores"][task] for run in arm["runs"]]
            means = [pieces.mean(list(one.values())) for one in scores]
            row += [pieces.span(means), pieces.span([_gap(one) for one in scores])]
        rows.append(row)
    columns = [text for task in tasks for text in (f"{task}, mean of {_count(arms[0], task)} languages", "gap")]
    return pieces.table(["arm", "seeds", *columns], rows)


def _training(arms: Sequence[Json], tasks: Sequence[str]) -> str:
    rows = []
    for arm in arms:
        known = {task: [run["finetuning"][task] for run in arm["runs"] if task in run["finetuning"]] for task in tasks}
        one = next((found[0] for found in known.values() if found), None)
        learned = f"{one['weights']:,} ({100 * one['weights'] / one['of']:.2f} %)" if one else ""
        seconds = [
            f"{pieces.mean([each['cpu_seconds'] for each in found]):.0f}" if found else "" for found in known.values()
        ]
        rows.append([arm["name"], learned, *seconds])
    return pieces.table(["arm", "weights of the encoder that learn", *(f"CPU seconds, {task}" for task in tasks)], rows)


def _gap(scores: dict[str, float]) -> float:
    return scores["en"] - pieces.mean([value for code, value in scores.items() if code != "en"])


def _count(arm: Json, task: str) -> int:
    return len(arm["runs"][0]["scores"][task])
