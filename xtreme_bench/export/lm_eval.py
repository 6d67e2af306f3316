"""Results as the Language Model Evaluation Harness keeps them: one `results_*.json` for a run.

Names, versions and metrics are those of EleutherAI/lm-evaluation-harness 0.4.13 (`lm_eval/tasks`, `result_schema.py`).
It prompts language models; so `config` says that these are predictions of fine-tuned encoders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from xtreme_bench import __version__
from xtreme_bench.benchmark import TASKS
from xtreme_bench.errors import InputError
from xtreme_bench.export.run import Run
from xtreme_bench.wording import listing

_NONE = "lm-eval has no task with this data and metric"
LEFT_OUT = {
    "xnli": "lm-eval's XNLI is scored on the development set, XTREME's on the test set",
    "udpos": _NONE,
    "panx": _NONE,
    "tydiqa": _NONE,
    "bucc2018": _NONE,
    "tatoeba": _NONE,
    "woz": _NONE,
    "multiwoz": _NONE,
}


@dataclass(frozen=True)
class _Row:
    """How lm-eval names a task: `{}` is the language. `metrics`: its name of each of our metrics."""

    name: str
    version: float
    dataset: str
    config: str
    split: str
    metrics: Mapping[str, str]


_ANSWERS = {"exact_match": "exact_match", "f1": "f1"}
_ROWS = {
    "pawsx": _Row("paws_{}", 1.0, "google-research-datasets/paws-x", "{}", "test", {"accuracy": "acc"}),
    "xquad": _Row("xquad_{}", 1.0, "google/xquad", "xquad.{}", "validation", _ANSWERS),
    "mlqa": _Row("mlqa_{0}_{0}", 0.1, "facebook/mlqa", "mlqa.{0}.{0}", "test", _ANSWERS),
}


def files(run: Run, wanted: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """File name -> content, from the scores in the manifest. Errors: `InputError` if it has none."""
    cells = [
        (_ROWS[task], _ROWS[task].name.format(code), task, code)
        for task, codes in wanted.items()
        for code in codes
        if code in run.bundle.scores.get(task, {}).get(TASKS[task].metric[0], {})
    ]
    if not cells:
        raise InputError(f"{run.bundle.path}: its manifest has no scores of {listing(wanted)}")
    sizes = {name: TASKS[task].test_sizes[code] for _, name, task, code in cells}
    result = {
        "results": {name: _metrics(run, row, name, task, code, sizes[name]) for row, name, task, code in cells},
        "group_subtasks": {name: [] for _, name, _, _ in cells},
        "configs": {
            name: {
                "task": name,
                "dataset_path": row.dataset,
                "dataset_name": row.config.format(code),
                f"{row.split}_split": row.split,
                "num_fewshot": 0,
            }
            for row, name, _, code in cells
        },
        "versions": {name: row.version for row, name, _, _ in cells},
        "n-shot": {name: 0 for _, name, _, _ in cells},
        "higher_is_better": {name: dict.fromkeys(row.metrics.values(), True) for row, name, _, _ in cells},
        "n-samples": {name: {"original": size, "effective": size} for name, size in sizes.items()},
        "config": {
            "model": "xtreme-bench",
            "model_args": f"recipe={run.recipe.name},seed={run.recipe.seed}",
            "method": f"xtreme-bench {__version__}: encoders fine-tuned on English, not prompted language models",
            "random_seed": run.recipe.seed,
        },
        "model_source": "xtreme-bench",
        "model_name": run.recipe.name,
        "model_name_sanitized": run.recipe.name,
    }
    return {f"results_{run.recipe.name}.json": result}


def _metrics(run: Run, row: _Row, name: str, task: str, code: str, size: int) -> dict[str, Any]:
    """The metrics of one task, from 0 to 1; the standard error only where each example is right or wrong."""
    found: dict[str, Any] = {"alias": name}
    for ours, theirs in row.metrics.items():
        value = run.bundle.scores[task][ours][code] / 100
        found[f"{theirs},none"] = value
        found[f"{theirs}_stderr,none"] = "N/A" if ours == "f1" else sqrt(value * (1 - value) / (size - 1))
    return found
