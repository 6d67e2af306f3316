"""Small records of finished arms, so that findings outlive the machine that computed them.

A record of an arm has the scores of its runs, by seed and layer. Differences between arms come from the paired
bootstrap of `xtreme_bench.comparison` while the bundles are here. Both are committed; `findings` makes a page of them.

    python -m xtreme_bench.findings.records BUNDLES LABELS --to docs/findings/nli [--store STORE]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.paths import MANIFEST
from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.comparison.arms import read_arm
from xtreme_bench.comparison.compare import Comparison, compare
from xtreme_bench.errors import InputError, Problem
from xtreme_bench.files import write_json
from xtreme_bench.findings.page import told
from xtreme_bench.findings.pieces import DIFFERENCES, Json, breadth, trained_in
from xtreme_bench.official.gold import gold_path, read_gold
from xtreme_bench.official.scores import cells
from xtreme_bench.stage.store import Store
from xtreme_bench.wording import say

# What of a comparison is kept: single cells would be most of it.
LEVELS = ("contrast", "task", "transfer", "intermediate data")
# The runs of an arm: the seed of each, and its bundle.
Bundles = list[tuple[int, Path]]


def record(bundles: Path, labels: Path, to: Path, store: Path | None = None) -> list[Path]:
    """Write the records of all bundles below a folder, and of the differences between their arms.

    What is on record and has no bundle here stays: runs of other seeds, scores of other targets, and differences that
    rest on more seeds or targets.
    Errors: `InputError` without bundles, or if those of one layer cannot be compared, or have other gold labels.
    """
    found = [(path.parent, read_manifest(path.parent)) for path in sorted(bundles.rglob(MANIFEST))]
    if not found:
        raise InputError(f"{bundles}: no bundle; run the arms first, with --out there")
    if unscored := [
        Problem("has no scores; run it with --labels", str(path)) for path, one in found if not one["scores"]
    ]:
        raise InputError(f"{bundles}: cannot be recorded", unscored)
    fresh = [one for layer in _by_layer(found) for one in _differences(*layer, labels)]
    made: dict[str, list[Json]] = {}
    for _, manifest in found:
        made.setdefault(manifest["name"], []).append(_run(manifest, labels, store))
    written = [to / f"{name}.json" for name in made]
    for path, (name, runs) in zip(written, made.items(), strict=True):
        write_json(path, {"name": name, "runs": _merged(_known(path).get("runs", []), runs)})
    path = to / DIFFERENCES
    write_json(path, {"differences": _better_known(_known(path).get("differences", []), fresh)})
    return [*written, path]


def _run(manifest: Mapping[str, Any], labels: Path, store: Path | None) -> Json:
    """One run: what it was, its scores in percent, and what its stages took; some are shared with other runs."""
    scores = {task: found for task in TASKS if (found := cells(manifest["scores"], task))}
    trained_on = manifest["trained_on"]
    training = [facts for facts in manifest["dev"].values() if "probability" in facts]
    # Of masked text there is far more than the training reads.
    counts = {
        what: sum(facts.get(what, {}).get(task, 0) for facts in training for task in trained_on["intermediate"])
        for what in ("examples", "tokens")
    }
    return {
        "layer": layer_of(manifest),
        "seed": manifest["seed"],
        "device": manifest["device"],
        "intermediate": trained_on["intermediate"],
        "text": trained_on.get("mlm", []),
        **counts,
        "items": {task: sorted({_items(manifest, labels, task, code) for code in scores[task]}) for task in scores},
        "scores": {task: {code: round(value, 4) for code, value in found.items()} for task, found in scores.items()},
        "seconds": _seconds(manifest, Store(store)) if store else {},
        "finetuning": finetuning(manifest, Store(store)) if store else {},
    }


def _items(manifest: Mapping[str, Any], labels: Path, task: str, language: str) -> int:
    """How many items a test set has. A file of BUCC has the pairs that were found, so the gold ones are counted.

    Errors: `InputError` without gold labels, by which arms are compared.
    """
    gold = gold_path(labels, task, language)
    if gold is None:
        message = "it has no gold labels of a test set that is scored: a difference would leave it out"
        raise InputError(f"{labels}: {message}", [Problem("is missing", task=task, language=language)])
    if task == "bucc2018":
        return len(read_gold(gold, task, language))
    records: int = manifest["files"][TASKS[task].file(language)]["records"]
    return records


def _seconds(manifest: Mapping[str, Any], store: Store) -> dict[str, float]:
    """What each stage took, by its key: runs share stages."""
    made = {stage["key"]: store.record(stage["key"]) for stage in manifest["stages"]}
    return {key[:16]: record["seconds"] for key, record in made.items() if record}


def finetuning(manifest: Mapping[str, Any], store: Store) -> Json:
    """Of each source the weights of the encoder that learned, how many it has, the seconds, and those of the CPU."""
    found = {}
    for stage in manifest["stages"]:
        record = store.record(stage["key"])
        if stage["kind"] == "finetune" and record:
            [source] = record["facts"]["metric"]
            took = {"seconds": record["seconds"], "cpu_seconds": record["ran"]["cpu_seconds"]}
            found[source] = {**record["facts"]["learned"], **took}
    return found


def layer_of(manifest: Mapping[str, Any]) -> int | None:
    """The layer of a run's sentence vectors, None without retrieval."""
    retrieval = manifest["recipe"].get("retrieval")
    return retrieval["layer"] if retrieval else None


def _merged(old: Iterable[Json], new: Iterable[Json]) -> list[Json]:
    """Runs by layer and seed; a new one replaces the old one, but for targets and costs that only the old one has."""
    runs = {(run["layer"], run["seed"]): run for run in old}
    for run in new:
        before = runs.get((run["layer"], run["seed"]), {})
        known = {name: {**before.get(name, {}), **run[name]} for name in ("scores", "items", "seconds", "finetuning")}
        runs[run["layer"], run["seed"]] = {**run, **known}
    return [runs[key] for key in sorted(runs, key=str)]


def _by_layer(found: Iterable[tuple[Path, Json]]) -> list[tuple[int | None, dict[str, Bundles]]]:
    """For each layer the runs of each arm, the arm with the fewest languages of intermediate training first."""

    def place(one: tuple[Path, Json]) -> tuple[str, tuple[int, bool], str, int]:
        trained = trained_in(one[1]["trained_on"]["intermediate"])
        return str(layer_of(one[1])), breadth(trained), one[1]["name"], one[1]["seed"]

    layers = []
    for layer, group in groupby(sorted(found, key=place), key=lambda one: layer_of(one[1])):
        arms: dict[str, Bundles] = {}
        for path, manifest in group:
            arms.setdefault(manifest["name"], []).append((manifest["seed"], path))
        layers.append((layer, arms))
    return layers


def _differences(layer: int | None, arms: Mapping[str, Bundles], labels: Path) -> list[Json]:
    """Every pair of arms, over the seeds that both have; Holm's correction covers what one arm is compared with."""
    names, found = list(arms), []
    for at, name in enumerate(names):
        others: dict[tuple[int, ...], list[str]] = {}
        for other in names[at + 1 :]:
            ours, theirs = ({seed for seed, _ in arms[one]} for one in (name, other))
            others.setdefault(tuple(sorted(ours & theirs)), []).append(other)
        for seeds, group in others.items():
            if seeds:
                read = [read_arm([path for seed, path in arms[one] if seed in seeds], labels) for one in (name, *group)]
                found += [_difference(layer, seeds, one) for one in compare(*read)]
    return found


def _difference(layer: int | None, seeds: Sequence[int], found: Comparison) -> Json:
    kept = [
        {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(one).items()}
        | {"verdict": one.verdict}
        for one in found.estimates
        if one.level in LEVELS
    ]
    return {"layer": layer, "a": found.a, "b": found.b, "seeds": list(seeds), "estimates": kept}


def _better_known(old: Iterable[Json], new: Iterable[Json]) -> list[Json]:
    """Of each difference the one that rests on more seeds, then on more targets, and of two alike the new one."""
    kept: dict[tuple[str, str, str], Json] = {}
    for one in (*old, *new):
        key = (str(one["layer"]), one["a"], one["b"])
        if key not in kept or _rests_on(one) >= _rests_on(kept[key]):
            kept[key] = one
    return list(kept.values())


def _rests_on(difference: Json) -> tuple[int, int]:
    """How many seeds and targets."""
    return len(difference["seeds"]), sum(one["level"] == "task" for one in difference["estimates"])


def _known(path: Path) -> Json:
    try:
        found: Json = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def main() -> None:
    """Record what is below a folder of bundles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", type=Path, help="folder with bundles, at any depth")
    parser.add_argument("labels", type=Path, help="folder of the gold labels")
    parser.add_argument("--store", type=Path, help="the store of the runs, which knows what their stages took")
    parser.add_argument("--to", type=Path, required=True, help="folder of the records of the experiment")
    given = parser.parse_args()
    with told():
        for path in record(given.bundles, given.labels, given.to, given.store):
            say(str(path))


if __name__ == "__main__":
    main()
