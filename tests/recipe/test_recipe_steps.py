"""How long every phase of every shipped recipe trains: optimizer steps over the corpora of their published sizes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from places import RECIPES
from toy_training import FINETUNING as SETTINGS
from toy_training import some_of

from xtreme_bench.data.published import published
from xtreme_bench.data.targets import TYDIQA_DEV_EVERY
from xtreme_bench.files import Digests
from xtreme_bench.plan.stages import Stage, plan
from xtreme_bench.recipe.load import load
from xtreme_bench.training import sampling
from xtreme_bench.training.params import Intermediate, Pretrain, Tuning

# A question counts as one example; those on long passages are several, so question answering is longer in truth.
FINETUNING = {"xnli": 24_544, "pawsx": 7_720, "udpos": 6_650, "panx": 6_250, "squad": 10_950, "tydiqa": 416}
SHORT = {"xnli": 100, "pawsx": 96, "udpos": 30, "panx": 80, "squad": 10, "tydiqa": 10}
SMALL = {"pretrain": 2600, "xnli": 700, "pawsx": 400, "udpos": 150, "panx": 150, "squad": 400, "tydiqa": 300}
MATCHED = ("english", "single", "multilingual3", "multilingual8", "multilingual8-en")
POCKET = {"xnli": 100, "pawsx": 100, "udpos": 100, "panx": 100, "squad": 80, "tydiqa": 80}
POCKET_QA = {**POCKET, "squad": 50, "tydiqa": 50}
STEPS: dict[str, dict[str, int]] = {
    "baseline": FINETUNING,
    "anli_plus": {"intermediate": 103_590, **FINETUNING},
    "mnli": {"intermediate": 36_816, **FINETUNING},
    "qqp": {"intermediate": 34_113, **FINETUNING},
    "squad_v1": {"intermediate": 16_425, **FINETUNING},
    "squad_v2": {"intermediate": 24_435, **FINETUNING},
    "hellaswag": {"intermediate": 3_744, **FINETUNING},
    "ccg": {"intermediate": 3_564, **FINETUNING},
    "cosmosqa": {"intermediate": 2_370, **FINETUNING},
    "commonsenseqa": {"intermediate": 915, **FINETUNING},
    "multitask9": {"intermediate": 205_533, **FINETUNING},
    "multitask9-mlm": {"intermediate": 411_066, **FINETUNING},
    "multitask9-translated": {"intermediate": 811_431, **FINETUNING},
    "multitask9-both": {"intermediate": 1_622_862, **FINETUNING},
    "multitask8": {"intermediate": 201_969, **FINETUNING},
    "quickstart": {"intermediate": 80, **SHORT},
    "quickstart-baseline": SHORT,
    "quickstart-scratch": {"intermediate": 600, **SMALL},
    "quickstart-scratch-baseline": SMALL,
    "real-sample": {"xnli": 160, "pawsx": 160, "udpos": 400, "panx": 800, "squad": 150, "tydiqa": 120},
    "real-smoke": {"udpos": 60, "panx": 120},
    **{f"pocket-{arm}": {"intermediate": 200, **POCKET} for arm in ("english", "distant", "diverse", "diverse-en")},
    "pocket-none": POCKET,
    "pocket-several": {"intermediate": 200, "xnli": 100},
    "pocket-mlm": {"intermediate": 300, "xnli": 100},
    **{f"pocket-paraphrase-{arm}": {"intermediate": 100, **POCKET} for arm in ("english", "diverse")},
    **{f"pocket-qa-{arm}": {"intermediate": 80, **POCKET_QA} for arm in ("english", "diverse")},
    "pocket-qa-none": POCKET_QA,
    **{f"pocket-{arm}": {"udpos": 150, "panx": 150} for arm in ("prompt", "finetune")},
    "prompt-tuning": {"xnli": 736_320, "pawsx": 46_320, "udpos": 39_870, "squad": 328_500, "tydiqa": 12_480},
    "fine-tuning": {"xnli": 24_544, "pawsx": 3_088, "udpos": 6_645, "squad": 21_900, "tydiqa": 12_480},
    "pocket-dst": {"woz": 500},
    **{f"pocket-dst-{arm}": {"intermediate": 250, "woz": 500} for arm in ("tlm", "xdm", "response")},
    "dst-woz": {"woz": 15_000},
    "dst-multiwoz": {"multiwoz": 843_600},
    **{f"pocket-{arm}": {"intermediate": 250} for arm in ("tlm", "xdm", "response")},
    "pocket-retrieval": {},
    **{arm: {"intermediate": 8500, **FINETUNING} for arm in MATCHED},
}

# A recipe that is composed of others trains nothing of its own.
TRAINING = [path for path in sorted(RECIPES.glob("*.yaml")) if not load(path).members]


def sizes(stage: Stage) -> dict[str, int]:
    """The training examples of a stage, as published."""
    params = stage.params
    tasks = params.corpora if isinstance(params, Intermediate) else [params.corpus.source]
    found = {task: published(task, "train") or 0 for task in tasks}
    if isinstance(params, Intermediate):
        # Translations are as many as the originals.
        found = {task: size * len(params.corpora[task].languages) for task, size in found.items()}
    if "tydiqa" in found:
        found["tydiqa"] -= found["tydiqa"] // TYDIQA_DEV_EVERY
    return found


def _steps(stage: Stage) -> tuple[str, int]:
    """The name of a phase, a fine-tuning's by its source, and the steps of its training."""
    params = stage.params
    match params:
        case Pretrain():
            return stage.kind, params.steps
        case Intermediate():
            return stage.kind, sampling.mixed_steps(sizes(stage), params)
        case _:
            return params.corpus.source, sampling.steps(sizes(stage), params)


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: path.stem)
def test_every_phase_trains_as_long_as_its_source_says(path: Path, tmp_path: Path) -> None:
    made = plan(load(path), data=tmp_path / "none", digests=Digests(tmp_path / "digests.json"))
    assert dict(_steps(stage) for stage in made.stages if stage.row.trains) == STEPS[path.stem]


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: path.stem)
def test_a_number_of_steps_that_is_chosen_is_one_of_several(path: Path) -> None:
    for source, settings in load(path).finetuning.items():
        if settings.retrain:
            assert STEPS[path.stem][source] >= 5 * settings.evaluate_every


PUBLISHED = [name for name, phases in STEPS.items() if phases.get("intermediate", 0) > 600 and name not in MATCHED]


@pytest.mark.parametrize("name", PUBLISHED)
def test_intermediate_training_is_set_as_in_the_guide_of_the_paper(name: str) -> None:
    settings = load(RECIPES / f"{name}.yaml").intermediate
    assert settings is not None
    assert (settings.epochs, settings.max_length, settings.sampling.cap) == (3, 256, None)
    assert settings.learning_rate == (1e-5 if settings.mlm is None else 5e-6)
    assert (settings.qa_length, settings.qa_stride) == (384, 128)
    assert settings.batch == (16 if name.startswith("squad") else 32)


def test_a_cap_counts_in_the_mix_and_in_its_epochs() -> None:
    mix = {"mnli": 392_702, "squad_v1": 87_599}
    tuning = some_of(Tuning, {**SETTINGS, "epochs": 1.0, "batch": 32})
    assert sampling.steps(mix, tuning, 131_072) == 6_834
    assert sampling.steps(mix, tuning) == 15_010
    assert sampling.steps(mix, replace(tuning, steps=7)) == 7


def test_an_epoch_of_a_mix_takes_each_task_in_its_own_batches(tmp_path: Path) -> None:
    text = (RECIPES / "multitask9.yaml").read_text()
    tasks = "tasks:\n    mnli: {}\n    squad_v1: {batch: 16, learning_rate: 3.0e-5, max_length: 320, evaluate_on: 0}\n"
    (tmp_path / "baseline.yaml").write_text((RECIPES / "baseline.yaml").read_text())
    path = tmp_path / "own.yaml"
    path.write_text(re.sub(r"tasks:\n.*?(?=  sampling)", tasks, text, count=1, flags=re.DOTALL))
    made = plan(load(path), data=tmp_path / "none", digests=Digests(tmp_path / "digests.json"))
    params = next(stage.params for stage in made.stages if stage.kind == "intermediate")
    assert (params.batches, params.learning_rates) == ({"squad_v1": 16}, {"squad_v1": 3e-5})
    chosen = {name: (one.max_length, one.stride, one.evaluate_on) for name, one in params.corpora.items()}
    assert chosen == {"mnli": (256, None, 500), "squad_v1": (320, 128, 0)}
    epoch = sampling.mixed_steps({"mnli": 64, "squad_v1": 24}, replace(params, epochs=1.0))
    assert epoch == 4, "64 / 32 + 24 / 16 batches, begun ones included"
