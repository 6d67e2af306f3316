"""The tables of an experiment whose arms differ in their intermediate training: arms, scores, differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xtreme_bench.benchmark import TASKS
from xtreme_bench.findings import pieces
from xtreme_bench.findings.experiments import Column
from xtreme_bench.findings.pieces import Json, Records
from xtreme_bench.findings.plot import Curves
from xtreme_bench.findings.text import ENOUGH_SEEDS, LAYERS, MARKED, SCORES
from xtreme_bench.findings.words import heading
from xtreme_bench.wording import count

# The target whose development pairs may choose a layer.
CHOOSES = "bucc2018"


def tables(records: Records) -> Iterator[str]:
    """The tables, each under its heading."""
    ordered = sorted(records.arms.values(), key=_place)
    columns = _columns(ordered)
    yield "### Arms\n\n" + _arms(ordered)
    yield f"### Scores\n\n{SCORES}\n\n{_scores(ordered, columns)}"
    yield f"### Differences\n\n{MARKED}\n\n{_differences(records.differences, columns)}"
    if found := by_layer(records):
        parts = (LAYERS, *_by_layer(found), *_chosen(records))
        yield "### Retrieval at every layer\n\n" + "\n\n".join(parts)


def by_layer(records: Records) -> dict[str, Curves]:
    """Target -> arm -> the scores in percent of each seed, at each layer (0 = embeddings); what is on record of it."""
    found: dict[str, dict[str, list[Sequence[float]]]] = {}
    for name, runs in _runs(records).items():
        for run in runs:
            for target, scores in run.items():
                found.setdefault(target, {}).setdefault(name, []).append(scores)
    return dict(found)


def _runs(records: Records) -> dict[str, list[Mapping[str, Sequence[float]]]]:
    """Arm -> of each seed the scores of each target at each layer."""
    names = [arm["name"] for arm in sorted(records.arms.values(), key=_place)]
    return {name: [run["by_layer"] for run in records.plain if run.get("arm") == name] for name in names}


def _place(arm: Json) -> tuple[int, int, bool, str]:
    """Sorts arms: those with the least beside one task first, then as `pieces.breadth`."""
    run = arm["runs"][0]
    return len(run["intermediate"]) + bool(run.get("text")), *pieces.breadth(pieces.languages(arm)), arm["name"]


def _columns(arms: Sequence[Json]) -> list[Column]:
    """Targets in the benchmark's order; those without training once for each layer."""
    runs = [run for arm in arms for run in arm["runs"]]
    layers = sorted({run["layer"] for run in runs if run["layer"] is not None})
    tasks = [task for task in TASKS if any(task in run["scores"] for run in runs)]
    return [(task, layer) for task in tasks for layer in (layers if TASKS[task].source is None else [None])]


def _arms(arms: Sequence[Json]) -> str:
    rows = []
    for arm in arms:
        run = arm["runs"][0]
        sizes = "; ".join(f"{task} {_sizes(run['items'][task])}" for task in TASKS if task in run["items"])
        tokens = pieces.mean([*{one["seed"]: one["tokens"] for one in arm["runs"]}.values()])
        rows.append(
            [
                arm["name"],
                _trained(run),
                f"{run['examples']:,}",
                f"{tokens:,.0f}" if tokens else "",
                pieces.listed(arm),
                sizes,
            ]
        )
    trained = ("intermediate training", "items on offer", "their tokens, mean of seeds")
    return pieces.table(["arm", *trained, "seeds", "test items per language"], rows)


def _trained(run: Json) -> str:
    """The intermediate tasks with their languages, and masked text with its own."""
    parts = {**run["intermediate"], **({"masked text": run["text"]} if run.get("text") else {})}
    return "; ".join(f"{name}: {' '.join(sorted(codes))}" for name, codes in parts.items()) or "none"


def _sizes(numbers: Sequence[int]) -> str:
    return f"{numbers[0]:,}" if numbers[0] == numbers[-1] else f"{numbers[0]:,} to {numbers[-1]:,}"


def _scores(arms: Sequence[Json], columns: Sequence[Column]) -> str:
    rows = [[arm["name"], *(_score(arm, column) for column in columns)] for arm in arms]
    return pieces.table(["arm", *map(heading, columns)], rows)


def _score(arm: Json, column: Column) -> str:
    """The mean over the languages of a target, then over seeds."""
    task, layer = column
    runs = {run["seed"]: run for run in arm["runs"] if layer in (None, run["layer"]) and task in run["scores"]}
    means = [pieces.mean(list(run["scores"][task].values())) for run in runs.values()]
    return pieces.span(means) if means else ""


def _differences(differences: Sequence[Json], columns: Sequence[Column]) -> str:
    pairs = dict.fromkeys((one["a"], one["b"]) for one in differences)
    if not pairs:
        return "None is on record yet: they need the bundles of two arms with the same seed."
    rows = [[f"{b} minus {a}", *(_change(differences, a, b, column) for column in columns)] for a, b in pairs]
    return pieces.table(["arms", *map(heading, columns)], rows)


def _change(differences: Sequence[Json], a: str, b: str, column: Column) -> str:
    task, layer = column
    found = pieces.between(differences, (a, b), "task", task, layer)
    if found is None:
        return ""
    difference, estimate = found
    seeds = len(difference["seeds"])
    sure = "*" if estimate["verdict"] != "cannot tell" and seeds >= ENOUGH_SEEDS else ""
    few = f" ({count(seeds, 'seed')})" if seeds < ENOUGH_SEEDS else ""
    return f"{pieces.points(pieces.change(*found, b))}{sure}{few}"


def _by_layer(curves: Mapping[str, Curves]) -> Iterator[str]:
    """Each target at each layer, the mean over seeds."""
    for target, arms in curves.items():
        rows = [
            [name, str(len(runs)), *(f"{pieces.mean(scores):.1f}" for scores in zip(*runs, strict=True))]
            for name, runs in arms.items()
        ]
        yield pieces.table([f"{target}, arm", "seeds", *map(str, range(len(rows[0]) - 2))], rows)


def _chosen(records: Records) -> Iterator[str]:
    """The layer with the best BUCC of each run, and the scores there, where BUCC is scored."""
    scored = {name: [run for run in runs if CHOOSES in run] for name, runs in _runs(records).items()}
    targets = list(dict.fromkeys(target for runs in scored.values() for run in runs for target in run))
    rows = []
    for name, runs in scored.items():
        if runs:
            layers = [run[CHOOSES].index(max(run[CHOOSES])) for run in runs]
            scores = [[run[target][layer] for run, layer in zip(runs, layers, strict=True)] for target in targets]
            rows.append([name, ", ".join(map(str, sorted(set(layers)))), *map(pieces.span, scores)])
    if rows:
        there = (f"{target} there{', development pairs' if target == CHOOSES else ''}" for target in targets)
        yield pieces.table(["arm", "layer that BUCC chooses", *there], rows)
