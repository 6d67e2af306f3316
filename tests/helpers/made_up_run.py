"""A finished run and its baseline whose numbers are plainly made up: they follow from the letters of language codes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import MINIATURE_LANGUAGES, OVERALL, TASKS
from xtreme_bench.bundle import manifest
from xtreme_bench.bundle.format import SCHEMA_VERSION
from xtreme_bench.comparison.averages import Average, averages
from xtreme_bench.comparison.compare import Comparison
from xtreme_bench.comparison.estimate import Estimate
from xtreme_bench.files import Digests, digest
from xtreme_bench.official.scores import cells, summary
from xtreme_bench.plan.stages import Plan, plan
from xtreme_bench.recipe import load
from xtreme_bench.run.outcome import Finished, Outcome
from xtreme_bench.stage.stage import Stage
from xtreme_bench.stage.store import Store

LEVEL = {
    "xnli": 52.0, "pawsx": 58.0, "udpos": 70.0, "panx": 61.0, "xquad": 40.0, "mlqa": 38.0, "tydiqa": 35.0,
    "bucc2018": 44.0, "tatoeba": 57.0,
}  # fmt: skip
GAIN = {
    "xnli": 6.0, "pawsx": 2.0, "udpos": -1.5, "panx": 0.1, "xquad": 4.0, "mlqa": 3.0, "tydiqa": -2.0,
    "bucc2018": 8.0, "tatoeba": 14.0,
}  # fmt: skip
RECIPE = {
    "seed": 7,
    "data": {"source": "miniature"},
    "model": {"scratch": {"layers": 4, "width": 128}},
    "pretraining": {"steps": 400, "batch": 32},
    "finetuning": {source: {"steps": 300, "max_length": 128, "stride": 64} for source in ("squad", "tydiqa")},
    "targets": {task: {} for task in OVERALL},
    "retrieval": {"layer": 2, "pooling": "mean", "max_length": 64},
}
INTERMEDIATE = {"tasks": {"mnli": {}, "qqp": {}, "ccg": {}}, "steps": 600}
EXPECT = {
    "scores": {"xnli/transfer": {"at_least": 40}, "pawsx": {"value": 59, "within": 5}},
    "gains": {"retrieval": {"at_least": 5}, "tagging": {"at_least": 1}},
}
UNSCORED: tuple[str, ...] = ()


def scores(gain: float = 0.0, tasks: tuple[str, ...] = OVERALL) -> dict[str, Any]:
    """Scores of the official form for the languages of the built-in corpora."""
    table = {
        task: {
            code: {metric: _number(task, code, metric, gain) for metric in TASKS[task].metric}
            for code in TASKS[task].languages
            if code in MINIATURE_LANGUAGES
        }
        for task in tasks
    }
    return summary(table)


def _number(task: str, code: str, metric: str, gain: float) -> float:
    spread = (ord(code[0]) * 7 + ord(code[1]) * 3) % 17 - 8
    extra = (9.0 if code == "en" else 0.0) - (5.0 if metric == "exact_match" else 0.0)
    return LEVEL[task] + extra + spread / 2 + gain * (GAIN[task] + spread / 4)


# What stages say of themselves. Their own tests check that the names here are those of real facts.
RAN = {"device": "made-up processor", "peak_memory_bytes": 300 * 2**20, "host": "nowhere", "started": "1970"}
RAN |= {"processes": 1}
RAN |= {"versions": {}, "cpu_seconds": 1.0, "gpus": 0, "joules": None}
RETRIEVED = {
    "layer": 2, "pooling": "mean", "provider": "onnxruntime 1.31.1 CPUExecutionProvider", "precision": "fp32",
    "sentences": 24, "cut": 0, "languages": {},
}  # fmt: skip
MINED = {"threshold": 1.0625, "dev_f1": 47.5, "pairs": 88}
BESIDE_FP32 = {"sentences": 4000, "min_cosine": 0.987654}
PRECISION = {"tatoeba_accuracy": {"de": {"fp32": 61.5, "int8": 60.25}}, "mean_change": -1.25}
LAYERED = {"bucc2018_dev_f1": {"de": [5.0, 21.0, 44.5, 31.0, 12.0]}}
AUDIT: dict[str, Any] = {
    "criteria": {"words": 13, "characters": 26, "characters_in": ["ja", "my", "th", "zh"]},
    "compared": {"training_texts": 12345, "languages": 5},
    "overlaps": [
        {
            "task": "panx", "use": "pretraining", "source": "text", "kind": "same text",
            "items": {"de": {"items": 20, "of": 200, "long": 5}, "en": {"items": 1, "of": 200, "long": 1}},
            "examples": [{"language": "de", "item": 7, "text": "Ulm <b>liegt</b> an der Donau ."}],
        },
        {
            "task": "xquad", "use": "fine-tuning", "source": "squad", "kind": "n-gram",
            "items": {"en": {"items": 3, "of": 200}}, "examples": [],
        },
    ],
    "repeats": [{"task": "panx", "language": "sw", "kind": "also in the development set", "rows": 147, "of": 1000}],
    "relations": [{"training": "mnli", "target": "xnli", "why": "MultiNLI is the training set of XNLI"}],
    "seen": {"xnli": {"en": ["fine-tuning: xnli"]}},
}  # fmt: skip


def made_up(folder: Path, **options: Any) -> tuple[Outcome, Store]:
    """An outcome and the store that its stages are in; `options` are those of `told`."""
    store = Store(folder / "store")
    return _outcome(folder, store, **options), store


def told(folder: Path, **options: Any) -> Outcome:
    """An outcome whose stages are in no store, which would take most of the time.

    Of the options `tasks` are those that have scores, UNSCORED none; `gain` scales what intermediate training brings;
    without `baseline` there is none, without `curves` no training has left any; all others are changes to the recipe.
    """
    return _outcome(folder, None, **options)


def _outcome(
    folder: Path,
    store: Store | None,
    *,
    baseline: bool = True,
    tasks: tuple[str, ...] = OVERALL,
    gain: float = 1.0,
    curves: bool = True,
    **changes: Any,
) -> Outcome:
    plain = {"description": "The same without intermediate training", **RECIPE}
    before = _finished(folder, store, "made-up-baseline", plain, 0.0, tasks, curves) if baseline else None
    main = {"description": "An invented run", **RECIPE, "intermediate": INTERMEDIATE}
    main |= {"baseline": "made-up-baseline", "expect": EXPECT} if baseline else {}
    return Outcome(_finished(folder, store, "made-up", main | changes, gain, tasks, curves), before, [])


def made_up_comparison(margin: float = 3.0) -> Comparison:
    """The comparison of the two runs of `made_up`: differences above `margin` points are significant."""
    after, before = (
        {(task, code): value for task in OVERALL for code, value in cells(scores(gain), task).items()}
        for gain in (1.0, 0.0)
    )
    wanted = averages(list(after), [{"trained_on": {"intermediate": {"mnli": ["en"]}}}])
    wanted += [Average(f"{task} {code}", "cell", {(task, code): 1.0}) for task, code in after]
    estimates = tuple(_estimate(one, before, after, margin) for one in wanted)
    note = "one run each: the intervals do not cover the effect of the random seed"
    return Comparison("made-up-baseline", "made-up", ((7,), (7,)), True, estimates, {}, 10_000, (note,))


def _estimate(one: Average, before: Mapping[Any, float], after: Mapping[Any, float], margin: float) -> Estimate:
    a, b = (sum(weight * run[cell] for cell, weight in one.weights.items()) for run in (before, after))
    p = 0.001 if abs(b - a) > margin else 0.5
    ends = (b - a - margin, b - a + margin)
    return Estimate(one.name, one.level, a, b, b - a, *ends, p, p, 1.4 * margin, len(one.weights))


def _finished(
    folder: Path,
    store: Store | None,
    name: str,
    content: Mapping[str, Any],
    gain: float,
    tasks: tuple[str, ...],
    curves: bool,
) -> Finished:
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")
    made = plan(load.load(file), digests=Digests(folder / "digests.json"))
    records = [_record(store, stage, gain, curves) for stage in made.stages]
    bundle = folder / "submissions" / name
    bundle.mkdir(parents=True, exist_ok=True)
    (bundle / f"{name}.zip").write_bytes(b"made up")
    return Finished(made, bundle, _manifest(made, records, scores(gain, tasks) if tasks else {}), records)


def _manifest(made: Plan, records: list[dict[str, Any]], numbers: dict[str, Any]) -> dict[str, Any]:
    content = manifest.content(made, records, numbers)
    files = {
        TASKS[task].file(code): {"sha256": "0" * 64, "records": 200}
        for task, target in made.recipe.targets.items()
        for code in target.languages
    }
    return {**content, "schema_version": SCHEMA_VERSION, "recipe_sha256": digest(content["recipe"]), "files": files}


def _record(store: Store | None, stage: Stage, gain: float, curves: bool) -> dict[str, Any]:
    record = {
        **stage.description(),
        "name": stage.name,
        "files": stage.files,
        "facts": _facts(stage),
        "seconds": 12.5,
        "ran": RAN,
    }
    if store is None:
        return {**record, "key": stage.key, "outputs": {}}
    out = store.partial(stage.key) / "out"
    out.mkdir(parents=True, exist_ok=True)
    if curves and (curve := _curve(stage, gain)):
        lines = "".join(json.dumps(point) + "\n" for point in curve)
        (out / "curve.jsonl").write_text(lines, encoding="utf-8")
    store.commit(stage.key, record)
    found = store.record(stage.key)
    assert found is not None
    return found


def _facts(stage: Stage) -> dict[str, Any]:
    if stage.kind == "pretrain":
        return {"examples": {"text": 9000, "translation": 4000}}
    if stage.kind == "intermediate":
        return {"examples": dict.fromkeys(stage.params.corpora, 2000)}
    if stage.kind == "finetune":
        return {"steps": 250, "examples": {stage.params.corpus.source: 1500}}
    if stage.kind == "features":
        sizes = dict.fromkeys(getattr(stage.params.corpus, "languages", ()), 200) | {
            "train": 1500,
            "dev": 100,
            "all": 1600,
        }
        return {"rows": sizes, "examples": sizes, "tokens": {part: 20 * size for part, size in sizes.items()}}
    if stage.kind == "audit":
        return AUDIT
    if stage.kind == "precision":
        return PRECISION
    if stage.kind == "layers":
        return {name: dict.fromkeys(stage.params.languages, found["de"]) for name, found in LAYERED.items()}
    return _retrieval_facts(stage) if stage.kind == "retrieve" else {}


def _retrieval_facts(stage: Stage) -> dict[str, Any]:
    precision = stage.params.precision
    found = {code: MINED if stage.params.task == "bucc2018" else {} for code in stage.params.languages}
    beside = {} if precision == "fp32" else {"fp32": BESIDE_FP32}
    return {**RETRIEVED, "precision": precision, **beside, "languages": found}


def _curve(stage: Stage, gain: float) -> list[dict[str, Any]]:
    if stage.kind == "pretrain":
        return [point for task in ("text", "translation") for point in _falling(8.0, 400, task)]
    if stage.kind == "intermediate":
        return [point for at, task in enumerate(stage.params.corpora) for point in _falling(1.0 + at, 600, task)]
    if stage.kind == "finetune":
        source = stage.params.corpus.source
        level = LEVEL.get(source, 40.0) + gain + 20
        return [{"step": step, f"dev/{source}": level - 9000 / (step + 300)} for step in (100, 200, 300)]
    return []


def _falling(start: float, steps: int, name: str) -> list[dict[str, Any]]:
    points = range(steps // 40, steps + 1, steps // 40)
    return [{"step": step, f"loss/{name}": start / (1 + step / 90) + (step * 37 % 11) / 40} for step in points]
