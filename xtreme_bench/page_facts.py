"""The part of the page that says what was run: languages, curves, retrieval, data, stages, versions, the command."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtreme_bench import plots
from xtreme_bench.benchmark import TASKS
from xtreme_bench.markup import command, figure, paragraph, section, table
from xtreme_bench.plots import Panel
from xtreme_bench.progress import duration
from xtreme_bench.store import Store
from xtreme_bench.tables import cell
from xtreme_bench.training import trained, zero_shot

if TYPE_CHECKING:
    from xtreme_bench.run import Finished

Record = Mapping[str, Any]


def trained_section(manifest: Mapping[str, Any], name: str = "") -> str:
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
    )


def run_sections(runs: Sequence[Finished], store: Store | None) -> list[str]:
    """Learning curves, retrieval, data, stages and versions of a run and its baseline."""
    records = list({record["key"]: record for one in runs for record in one.records}.values())
    return [
        *(_curve_sections(runs, store) if store else ()),
        section("Retrieval", _retrieval(records)),
        section("Data", *_data(runs[0].manifest, records)),
        section("Stages", _stages(records)),
        section("Versions", table(("", "version"), sorted(runs[0].manifest["versions"].items()))),
    ]


def reproduce_section(run: Finished) -> str:
    """The command that makes the same bundle, and the hash by which to know it."""
    recipe = run.plan.recipe
    data = "" if recipe.data.source == "miniature" else " DATA=<folder of the corpora>"
    manifest = run.manifest
    facts = [
        ["seed", manifest["seed"]],
        ["model", _plain(manifest["model"])],
        ["recipe, sha256", manifest["recipe_sha256"]],
        ["bundle, sha256 of the zip", _bundle_sha256(run.bundle)],
    ]
    return section("Reproduce", command(f"make reproduce RECIPE={recipe.name}{data}"), table(("", ""), facts, kind="words"))


def _bundle_sha256(bundle: Path) -> str:
    path = bundle / f"{bundle.name}.zip" if bundle.is_dir() else bundle
    if not path.is_file():
        return "no zip"
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _curve_sections(runs: Sequence[Finished], store: Store) -> Iterator[str]:
    kinds = (
        ("pretrain", "loss/", "Pretraining", "loss of a step"),
        ("intermediate", "loss/", "Intermediate training", "loss of a step"),
        ("finetune", "dev/", "Fine-tuning", "score on English development data, %"),
    )
    for kind, prefix, title, ylabel in kinds:
        panels = _panels(runs, store, kind, prefix)
        if panels:
            caption = f"{title}: {ylabel}, from {'each evaluation' if prefix == 'dev/' else 'single batches'}."
            yield section(title, figure(plots.curves(kind, panels, ylabel), caption))


def _panels(runs: Sequence[Finished], store: Store, kind: str, prefix: str) -> list[Panel]:
    """One panel per curve of the stages of a kind, in it one line per run; a shared stage is drawn once."""
    lines: dict[str, list[tuple[str, int, list[float], list[float]]]] = {}
    drawn: set[str] = set()
    for number, run in enumerate(runs):
        for record in run.records:
            if record["kind"] != kind or record["key"] in drawn:
                continue
            drawn.add(record["key"])
            points = _points(store.out(record["key"]) / "curve.jsonl")
            for name in dict.fromkeys(name for point in points for name in point if name.startswith(prefix)):
                found = [(point["step"], point[name]) for point in points if name in point]
                steps, values = zip(*found, strict=True)
                label = run.manifest["name"] if not _shared(record, runs) else "both"
                lines.setdefault(name.removeprefix(prefix), []).append((label, number, steps, values))
    return [Panel(name, found) for name, found in lines.items()]


def _shared(record: Record, runs: Sequence[Finished]) -> bool:
    return len(runs) > 1 and all(any(one["key"] == record["key"] for one in run.records) for run in runs)


def _points(file: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return []


def _retrieval(records: Sequence[Record]) -> str:
    rows = []
    for record in records:
        facts = record.get("facts") or {}
        if record["kind"] != "retrieve":
            continue
        languages = facts.get("languages") or {}
        how = f"layer {facts.get('layer')}, {facts.get('pooling')} pooling, {facts.get('provider')}"
        mined = [
            f"{code}: threshold {cell(found['threshold'], 4)}, dev F1 {cell(100 * found['dev_f1'])}, {found['pairs']:,} pairs"
            for code, found in languages.items()
            if "threshold" in found
        ]
        rows.append([record["name"], how, "; ".join(mined) or f"nearest neighbour in {len(languages)} languages"])
    return table(("stage", "vectors", "found"), rows, kind="words")


def _data(manifest: Mapping[str, Any], records: Sequence[Record]) -> Iterator[str]:
    yield paragraph(f"Source: {_plain(manifest['data'])}.")
    yield table(("trained on", "examples"), [[name, f"{n:,}"] for name, n in _examples(records).items()])
    tested = []
    for task, target in TASKS.items():
        entries = [manifest["files"].get(target.file(code)) for code in target.languages]
        counts = [entry["records"] for entry in entries if entry]
        if counts:
            tested.append([task, len(counts), f"{sum(counts):,}", f"{min(counts):,}", f"{max(counts):,}"])
    headings = ("tested on", "languages", "records", "fewest", "most")
    yield table(headings, tested, note="Records: lines, sentences or questions; for bucc2018 the pairs that were found.")
    for record in records:
        if record["kind"] == "release_corpus":
            notes = (record.get("facts") or {}).get("tasks") or {}
            rows = [[task, ", ".join(note["made_from"]), " ".join(note["remarks"])] for task, note in notes.items()]
            yield table(("prepared", "made from", "not as in XTREME"), rows, kind="words")


def _examples(records: Sequence[Record]) -> dict[str, int]:
    """Number of training examples by stage kind and corpus."""
    phases = {"pretrain": "pretraining", "intermediate": "intermediate", "finetune": "fine-tuning"}
    return {
        f"{phases[record['kind']]}: {name}": number
        for record in records
        if record["kind"] in phases
        for name, number in ((record.get("facts") or {}).get("examples") or {}).items()
    }


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
    return str((record.get("ran") or {}).get("device", "–"))


def _memory(record: Record) -> str:
    size = (record.get("ran") or {}).get("peak_memory_bytes")
    return "–" if size is None else f"{size / 2**20:,.0f} MiB"
