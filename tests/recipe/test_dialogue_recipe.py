"""A recipe with dialogues in the language of the test set: what it trains on, and what it no longer is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from places import RECIPES

from xtreme_bench.audit import scope
from xtreme_bench.bundle.manifest import trained_on, zero_shot
from xtreme_bench.files import Digests
from xtreme_bench.plan.stages import plan
from xtreme_bench.recipe.load import Recipe, load

TEXT = """\
description: d
seed: 4
data: {source: miniature, scale: 0.05}
model: {scratch: {layers: 1, width: 16, heads: 2, feedforward: 32, vocabulary: 600, positions: 130}}
pretraining: {steps: 2, languages: [en, de]}
finetuning: {woz: {steps: 2, epochs: , OTHERS}}
targets: {woz: {languages: [en, de]}}
"""


def recipe(folder: Path, others: str) -> Recipe:
    path = folder / "toy.yaml"
    path.write_text(TEXT.replace("epochs: , OTHERS", others), encoding="utf-8")
    return load(path)


@pytest.mark.parametrize(
    ("others", "languages", "unseen"),
    [
        ("batch: 4", ["en"], ["de"]),
        ("batch: 4, target_examples: {languages: [de], share: 0.1}", ["en", "de"], []),
    ],
)
def test_a_test_set_is_zero_shot_unless_its_dialogues_are_trained_on(
    tmp_path: Path, others: str, languages: list[str], unseen: list[str]
) -> None:
    made = recipe(tmp_path, others)
    assert trained_on(made)["finetuning"] == {"woz": languages}
    assert zero_shot(made) == {"woz": unseen}
    assert list(scope.seen(scope.usage(made))["woz"]) == languages
    stages = plan(made, digests=Digests(tmp_path / "digests.json")).stages
    choice = next(stage.params.corpus for stage in stages if stage.kind == "finetune")
    drawn = choice.others and (choice.others.languages, choice.others.share, choice.others.seed)
    assert drawn == ((("de",), 0.1, 4) if len(languages) == 2 else None)


@pytest.mark.parametrize(("task", "language"), [("woz", "de"), ("multiwoz", "zh")])
def test_the_comments_of_a_recipe_say_what_the_command_line_takes(task: str, language: str) -> None:
    path = RECIPES / f"dst-{task}.yaml"
    said = " ".join(line.removeprefix("#").strip() for line in path.read_text(encoding="utf-8").splitlines())
    options = re.findall(r"--set '([^']+)'", said)
    made = load(path, options)
    assert len(options) == 2
    assert made.finetuning[task].languages == ("en", language)
    assert made.intermediate is not None
    assert (list(made.intermediate.tasks), made.intermediate.epochs, made.intermediate.batch) == (["xdm"], 20, 8)
    assert set(made.intermediate.tasks["xdm"].languages) == {"en", language}
    assert language not in zero_shot(made)[task]
