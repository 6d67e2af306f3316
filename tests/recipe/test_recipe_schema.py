"""The JSON Schema of recipes: it is the committed one, and it agrees with what reading accepts."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from places import ROOT

from xtreme_bench.recipe import load
from xtreme_bench.recipe import schema as recipe_schema

BROKEN = Path(__file__).parent / "broken_recipes"
# What a schema cannot see: it compares no fields and no files, and it is given what YAML has made of the text.
UNSEEN = [
    "anchors-and-aliases", "baseline-circle-a", "baseline-circle-b", "baseline-missing", "baseline-of-itself",
    "blocks-beyond", "blocks-of-scratch", "byte-order-mark", "cap-of-one-task", "contrast-arm-a", "contrast-arm-b",
    "data-fields-of-another-source", "duplicate-keys", "file+name", "finetuning-without-target", "fsdp",
    "gains-without-baseline", "heads-dropped", "held-out-in-all-text", "held-out-in-masked-text",
    "inputs-longer-than-positions", "language-without-release", "languages-not-in-miniature",
    "layer-beyond-the-model", "length-without-room", "merge-key", "processes-and-gpus", "retrieval-bound",
    "retrieval-half-on-cpu", "retrieval-settings", "trained-otherwise-a", "trained-otherwise-b",
    "vocabulary-without-masks", "weights-missing", "windows-with-gaps",
]  # fmt: skip


def is_valid(document: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(recipe_schema.schema()).is_valid(document))


def test_the_committed_schema_is_the_generated_one() -> None:
    committed = (ROOT / "recipes" / "recipe.schema.json").read_text(encoding="utf-8")
    assert committed == recipe_schema.text(), "run: python -m xtreme_bench.recipe.schema > recipes/recipe.schema.json"


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(recipe_schema.schema())


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_follows_the_schema(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(recipe_schema.schema()).validate(document)


@pytest.mark.slow
def test_editors_see_all_faults_but_those_that_no_schema_can_see() -> None:
    accepted = []
    for path in sorted(BROKEN.glob("*.yaml")):
        try:
            document = yaml.safe_load(path.read_bytes())
        except (yaml.YAMLError, UnicodeDecodeError):
            continue
        if is_valid(document):
            accepted.append(path.stem)
    assert accepted == UNSEEN


def test_everything_in_the_schema_is_described() -> None:
    def walk(node: Any, place: str) -> None:
        if isinstance(node, dict):
            for name, child in node.get("properties", {}).items():
                if isinstance(child, dict) and "type" in child:
                    assert child.get("description"), f"{place}.{name}"
                walk(child, f"{place}.{name}")

    schema = recipe_schema.schema()
    walk(schema["then"], "composed recipe")
    walk(schema["else"], "recipe")
    fields = list(load.load(ROOT / "recipes" / "quickstart.yaml").to_dict())
    fields = ["description", fields[0], "seeds", *fields[1:]]
    assert list(schema["else"]["properties"]) == fields
