"""The parts of the page that say what was trained and how retrieval worked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.composed import FIELD, inside
from xtreme_bench.bundle.manifest import ACCEPTED
from xtreme_bench.report.claims import Manifest, accepted, near, origins, trained, zero_shot
from xtreme_bench.report.markup import Block, Section, Table, section, table
from xtreme_bench.report.tables import cell
from xtreme_bench.stage.kinds import KINDS

Record = Mapping[str, Any]


def trained_section(manifest: Manifest, name: str = "") -> Section | None:
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


def composed_section(manifest: Manifest) -> Section | None:
    """Which recipe each target is from, and the development scores that decided; nothing for other runs."""
    rows = [
        [
            task,
            name,
            str(inside(manifest, FIELD, task, "judged_by")),
            _scores(inside(manifest, FIELD, task, "development") or {}),
        ]
        for task, name in origins(manifest).items()
    ]
    headings = ("target", "from", "chosen on English development data of", "scores there")
    return section(f"Recipes that {manifest['name']} is composed of", table(headings, rows, kind="words"))


def _scores(found: Mapping[str, float]) -> str:
    """Development scores by recipe, the best first."""
    return ", ".join(f"{name} {cell(found[name])}" for name in sorted(found, key=lambda one: -found[one]))


def accepted_section(manifest: Manifest) -> Section | None:
    """Which results other code has made; nothing where none has."""
    found = table(("stage", "code"), accepted(manifest), kind="words")
    return section(f"Results of {manifest['name']} {ACCEPTED}", found)


def retrieval_section(records: Sequence[Record], layers: Block | None) -> Section | None:
    """How sentences were embedded and mined, what a lower precision cost, and `layers`, the plot by layer."""
    return section("Retrieval", layers, *_retrieval(records), *_precision(records))


def _tells(kind: str, what: str) -> bool:
    return KINDS[kind].tells == what


def _retrieval(records: Sequence[Record]) -> Iterator[Table | None]:
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


def _precision(records: Sequence[Record]) -> Iterator[Table | None]:
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
