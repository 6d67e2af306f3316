"""The section of the page of findings on methods of training: prompt tuning beside fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import InputError
from xtreme_bench.findings import pieces
from xtreme_bench.findings.pieces import DIFFERENCES, RECORDS_MODULE, Json

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
    arms = pieces.read(records / FOLDER)
    differences = arms.pop(DIFFERENCES.removesuffix(".json"), {}).get("differences", [])
    if not arms:
        return
    if missing := [name for name in (TUNED, PROMPT) if name not in arms]:
        raise InputError(f"{records / FOLDER}: no record of {missing[0]}; make it with `python -m {RECORDS_MODULE}`")
    both = [arms[TUNED], arms[PROMPT]]
    tasks = [task for task in TASKS if all(task in run["scores"] for arm in both for run in arm["runs"])]
    found = [one for one in differences if {one["a"], one["b"]} == {TUNED, PROMPT}]
    yield _HEAD
    yield "\n".join(_words(found, tasks))
    yield _scores(both, tasks)
    yield _training(both, tasks)
    yield _CAVEAT
    yield _commands(both)


def _words(differences: Sequence[Json], tasks: Sequence[str]) -> Iterator[str]:
    """For each target which is better, in words."""
    for task in tasks:
        best = max(differences, key=lambda one: len(one["seeds"]), default=None)
        estimate = pieces.estimate(best, "task", task) if best else None
        if best is None or estimate is None:
            yield f"- {task}: not compared yet."
            continue
        answer, why = pieces.answer(best, estimate, PROMPT)
        sign = 1 if best["b"] == PROMPT else -1
        transfer = pieces.estimate(best, "transfer", task)
        other = f", without English {pieces.points(transfer, sign)}" if transfer else ""
        change = f"{pieces.points(estimate, sign)} points{other}"
        yield f"- {task}, {PROMPT} minus {TUNED}: {change}. Prompt tuning is better: **{answer}**. {why}"


def _scores(arms: Sequence[Json], tasks: Sequence[str]) -> str:
    rows = []
    for arm in arms:
        row = [arm["name"], ", ".join(str(run["seed"]) for run in arm["runs"])]
        for task in tasks:
            scores = [run["scores"][task] for run in arm["runs"]]
            row += [_span([_mean(list(one.values())) for one in scores]), _span([_gap(one) for one in scores])]
        rows.append(row)
    columns = [text for task in tasks for text in (f"{task}, mean of {_count(arms[0], task)} languages", "gap")]
    return pieces.table(["arm", "seeds", *columns], rows)


def _training(arms: Sequence[Json], tasks: Sequence[str]) -> str:
    rows = []
    for arm in arms:
        known = {task: [run["finetuning"][task] for run in arm["runs"] if task in run["finetuning"]] for task in tasks}
        one = next((found[0] for found in known.values() if found), None)
        learned = f"{one['weights']:,} ({100 * one['weights'] / one['of']:.2f} %)" if one else ""
        seconds = [f"{_mean([each['cpu_seconds'] for each in found]):.0f}" if found else "" for found in known.values()]
        rows.append([arm["name"], learned, *seconds])
    return pieces.table(["arm", "weights of the encoder that learn", *(f"CPU seconds, {task}" for task in tasks)], rows)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _gap(scores: dict[str, float]) -> float:
    return scores["en"] - _mean([value for code, value in scores.items() if code != "en"])


def _span(values: Sequence[float]) -> str:
    """The mean over seeds, and from where to where they go."""
    spread = f" ({min(values):.1f} to {max(values):.1f})" if len(values) > 1 else ""
    return f"{_mean(values):.1f}{spread}"


def _count(arm: Json, task: str) -> int:
    return len(arm["runs"][0]["scores"][task])


def _commands(arms: Sequence[Json]) -> str:
    seeds = sorted({run["seed"] for arm in arms for run in arm["runs"]})
    lines = [
        f"xtreme-bench run {arm['name']} --data DATA --seed {seed} --out OUT/seed{seed}"
        for arm in arms
        for seed in seeds
    ]
    lines += [
        "xtreme-bench data prepare DATA --to D --dev-as-test panx --sample 50 --allow-partial",
        f"python -m {RECORDS_MODULE} OUT D-labels --store store --to docs/findings/{FOLDER}",
        "make findings",
    ]
    return "```console\n" + "\n".join(lines) + "\n```"
