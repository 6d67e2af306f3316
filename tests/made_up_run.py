"""A finished run and its baseline whose numbers are plainly made up: they follow from the letters of language codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xtreme_bench import recipe as recipes
from xtreme_bench.benchmark import TASKS
from xtreme_bench.plan import Plan, Stage
from xtreme_bench.run import Finished, Outcome
from xtreme_bench.score import summary
from xtreme_bench.store import Store, digest

LANGUAGES = ("en", "de", "es", "ru", "ar", "hi", "zh", "ja", "tr", "sw")
LEVEL = {
    "xnli": 52.0, "pawsx": 58.0, "udpos": 70.0, "panx": 61.0, "xquad": 40.0, "mlqa": 38.0, "tydiqa": 35.0,
    "bucc2018": 44.0, "tatoeba": 57.0,
}  # fmt: skip
GAIN = {
    "xnli": 6.0, "pawsx": 2.0, "udpos": -1.5, "panx": 0.1, "xquad": 4.0, "mlqa": 3.0, "tydiqa": -2.0,
    "bucc2018": 8.0, "tatoeba": 14.0,
}  # fmt: skip
TEXT = """\
description: {description}
seed: 7
data: {{source: miniature}}
model: {{scratch: {{layers: 4, width: 128}}}}
pretraining: {{steps: 400, batch: 32}}
{intermediate}finetuning:
  xnli: {{steps: 300}}
  squad: {{epochs: 2, max_length: 128, stride: 64}}
  tydiqa: {{steps: 200, max_length: 128, stride: 64}}
targets: {{xnli: {{}}, pawsx: {{}}, udpos: {{}}, panx: {{}}, xquad: {{}}, mlqa: {{}}, tydiqa: {{}}, bucc2018: {{}}, tatoeba: {{}}}}
retrieval: {{layer: 2, pooling: mean, max_length: 64}}
{baseline}"""
INTERMEDIATE = "intermediate: {tasks: {mnli: {}, qqp: {}, ccg: {}}, steps: 600}\n"
EXPECT = """\
baseline: made-up-baseline
expect:
  scores: {xnli/transfer: {at_least: 40}, pawsx: {value: 59, within: 5}}
  gains: {retrieval: {at_least: 5}, tagging: {at_least: 1}}
"""


def languages_of(task: str) -> list[str]:
    return [code for code in TASKS[task].languages if code in LANGUAGES]


def scores(gain: float = 0.0, tasks: tuple[str, ...] = tuple(TASKS)) -> dict[str, Any]:
    """Scores of the official form; `gain` scales what is added to the level of each task."""
    table = {}
    for task in tasks:
        table[task] = {
            code: {metric: _number(task, code, metric, gain) for metric in TASKS[task].metric}
            for code in languages_of(task)
        }
    return summary(table)


def _number(task: str, code: str, metric: str, gain: float) -> float:
    spread = (ord(code[0]) * 7 + ord(code[1]) * 3) % 17 - 8
    english = 9.0 if code == "en" else 0.0
    return LEVEL[task] + english + spread / 2 + gain * (GAIN[task] + spread / 4) - (5.0 if metric == "exact_match" else 0.0)


def manifest(name: str, recipe: recipes.Recipe, numbers: dict[str, Any]) -> dict[str, Any]:
    values = recipe.to_dict()
    tasks = values["intermediate"]["tasks"] if values["intermediate"] else {}
    trained: dict[str, Any] = {"pretraining": list(LANGUAGES), "finetuning": {"xnli": ["en"], "squad": ["en"]}}
    if tasks:
        trained["intermediate"] = {task: chosen["languages"] for task, chosen in tasks.items()}
    return {
        "schema_version": 1,
        "name": name,
        "recipe": values,
        "recipe_sha256": digest(values),
        "model": {"scratch": values["model"]["scratch"]},
        "data": {"source": "miniature", "seed": 1},
        "seed": 7,
        "stages": [],
        "versions": {"python": "3.11.2", "torch": "2.13.0", "xtreme-bench": "0.1.0"},
        "image": None,
        "device": "cpu",
        "scores": numbers,
        "trained_on": trained,
        "zero_shot": {task: [code for code in languages_of(task) if code != "en"] for task in TASKS},
        "files": {
            TASKS[task].file(code): {"sha256": "0" * 64, "records": 200} for task in TASKS for code in languages_of(task)
        },
    }


def _record(store: Store, kind: str, name: str, facts: dict[str, Any], curve: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    key = digest([kind, name])
    out = store.out(key)
    out.mkdir(parents=True, exist_ok=True)
    if curve:
        lines = "".join(json.dumps(point) + "\n" for point in curve)
        (out / "curve.jsonl").write_text(lines, encoding="utf-8")
    ran = {"device": "made-up processor", "peak_memory_bytes": 300 * 2**20, "host": "nowhere", "started": "1970"}
    return {"kind": kind, "name": name, "key": key, "facts": facts, "seconds": 12.5, "ran": ran}


def _falling(start: float, steps: int, name: str) -> list[dict[str, Any]]:
    points = range(steps // 40, steps + 1, steps // 40)
    return [{"step": step, f"loss/{name}": start / (1 + step / 90) + (step * 37 % 11) / 40} for step in points]


def _records(name: str, store: Store, *, intermediate: bool, gain: float) -> list[dict[str, Any]]:
    pretraining = [point for task in ("text", "translation") for point in _falling(8.0, 400, task)]
    records = [
        _record(store, "corpus", "miniature corpora (made-up)", {"files": 300}),
        _record(store, "pretrain", "pretrain (made-up)", {"examples": {"text": 9000}}, pretraining),
    ]
    if intermediate:
        curve = [point for task in ("mnli", "qqp", "ccg") for point in _falling(2.0, 600, task)]
        facts = {"examples": {"mnli": 3000, "qqp": 2000, "ccg": 1000}}
        records.append(_record(store, "intermediate", f"intermediate training ({name})", facts, curve))
    for source in ("xnli", "pawsx", "udpos", "panx", "squad", "tydiqa"):
        level = LEVEL.get(source, 40.0)
        curve = [{"step": step, f"dev/{source}": level - 9000 / (step + 300) + gain + 20} for step in (100, 200, 300)]
        records.append(_record(store, "finetune", f"fine-tune {source} ({name})", {"examples": {source: 1500}}, curve))
    vectors = {"layer": 2, "pooling": "mean", "provider": "onnxruntime 1.31.1 CPUExecutionProvider"}
    mined = {code: {"threshold": 1.0625, "dev_f1": 0.475, "pairs": 88} for code in ("de", "ru", "zh")}
    near = {code: {} for code in languages_of("tatoeba")}
    records.append(_record(store, "retrieve", f"retrieve bucc2018 ({name})", {**vectors, "languages": mined}))
    records.append(_record(store, "retrieve", f"retrieve tatoeba ({name})", {**vectors, "languages": near}))
    return records


def made_up(
    folder: Path,
    *,
    baseline: bool = True,
    tasks: tuple[str, ...] = tuple(TASKS),
    description: str = "An invented run, to look at the page",
) -> tuple[Outcome, Store]:
    """An outcome and the store with its curves. `tasks` are those that have scores; none of them: an unscored run."""
    store = Store(folder / "store")
    base = _finished(folder, store, "made-up-baseline", "", "", "The same without", 0.0, tasks) if baseline else None
    extra = EXPECT if baseline else ""
    main = _finished(folder, store, "made-up", INTERMEDIATE, extra, json.dumps(description), 1.0, tasks)
    return Outcome(main, base, []), store


def _finished(
    folder: Path, store: Store, name: str, intermediate: str, extra: str, description: str, gain: float, tasks: tuple[str, ...]
) -> Finished:
    file = folder / f"{name}.yaml"
    file.write_text(TEXT.format(description=description, intermediate=intermediate, baseline=extra), encoding="utf-8")
    recipe = recipes.load(file)
    numbers = scores(gain, tasks) if tasks else {}
    bundle = folder / "submissions" / name
    bundle.mkdir(parents=True, exist_ok=True)
    (bundle / f"{name}.zip").write_bytes(b"made up")
    records = _records(name, store, intermediate=bool(intermediate), gain=gain)
    return Finished(Plan(recipe, [Stage("corpus", "miniature corpora", {}, {})]), bundle, manifest(name, recipe, numbers), records)
