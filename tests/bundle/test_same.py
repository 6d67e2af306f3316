"""Two results are the same experiment only with the same recipe, image or packages, and stages."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from small_bundle import LABELS, PREDICTIONS, manifest, put, put_bundle

from xtreme_bench.bundle.verify import Verification, verify
from xtreme_bench.bundle.write import write
from xtreme_bench.cli.main import cli

ONE: dict[str, Any] = {
    "image": "sha256:" + "1" * 64,
    "versions": {"torch": "2.13.0", "numpy": "2.4.6", "onnx": "1.23.2"},
}
TWO = "sha256:" + "2" * 64


def said(tmp_path: Path, **changes: Any) -> list[str]:
    """What is said of a bundle beside one that differs from it by `changes`."""
    mine = put_bundle(tmp_path / "mine", scores=None, **ONE)
    other = put_bundle(tmp_path / "other", scores=None, **{**ONE, **changes})
    return [str(problem) for problem in verify(mine, put(tmp_path / "labels", LABELS), same_as=other).problems]


def test_a_bundle_is_the_same_experiment_as_itself(tmp_path: Path) -> None:
    assert said(tmp_path) == []


def test_another_release_of_xtreme_bench_alone_is_no_other_experiment(tmp_path: Path) -> None:
    assert said(tmp_path, versions={**ONE["versions"], "xtreme-bench": "9.9.9"}) == []


def test_another_image_is_another_experiment_and_the_packages_that_differ_are_named(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, image=TWO, versions={"torch": "2.13.0", "numpy": "2.5.5"})
    assert problem.startswith("manifest.json: not the same experiment: the image is `sha256:1111")
    assert problem.endswith("these packages differ: `numpy` `2.4.6` -> `2.5.5`, `onnx` `1.23.2` -> `none`")


def test_another_image_is_another_experiment_even_if_no_version_differs(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, image=TWO)
    assert problem.endswith("the versions of all known packages agree")
    (problem,) = said(tmp_path / "none", image=None)
    assert "the other has none" in problem


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"versions": {**ONE["versions"], "torch": "2.14.0"}}, "these packages differ: `torch` `2.13.0` -> `2.14.0`"),
        ({"recipe": {"description": "another"}}, "the recipes differ"),
        (
            {"stages": [{**stage, "key": "1" * 64} for stage in manifest()["stages"]]},
            "the data or code of the stages differs",
        ),
    ],
)
def test_other_packages_recipes_or_stages_are_other_experiments(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    assert said(tmp_path, **changes) == [f"manifest.json: not the same experiment: {words}"]


def beside(tmp_path: Path, within: float, **changes: Any) -> Verification:
    """What is said of a bundle beside one from elsewhere, whose Tatoeba predictions are worse by 25 points."""
    labels = put(tmp_path / "labels", LABELS)
    mine = put_bundle(tmp_path / "mine", scores=None, **ONE)
    files = {**PREDICTIONS, "tatoeba/test-de.tsv": "2\n0\n0\n1\n"}
    folder = put(tmp_path / "predictions", files)
    other = {**ONE, "image": TWO, **changes}
    there = write(tmp_path / "other", manifest(scores=None, **other), {one.name: one for one in folder.iterdir()})
    return verify(mine, labels, same_as=there, within=within)


def test_a_run_elsewhere_may_differ_in_its_image_and_by_a_few_points(tmp_path: Path) -> None:
    result = beside(tmp_path, 25)
    assert result.problems == ()
    assert result.summary.endswith("; within 25 points of the other predictions (most: 25.00, tatoeba)")
    assert any(note.startswith("compared with a run elsewhere: the image is") for note in result.notes)


def test_scores_that_are_further_apart_than_said_are_problems(tmp_path: Path) -> None:
    result = beside(tmp_path, 20)
    assert [str(one) for one in result.problems] == [
        "tatoeba: 75.00, the other side has 50.00; at most 20 points apart"
    ]
    assert result.summary.endswith("; not within 20 points of the other predictions (most: 25.00, tatoeba)")


def test_a_run_elsewhere_of_another_recipe_is_no_reference(tmp_path: Path) -> None:
    assert [str(one) for one in beside(tmp_path, 99, recipe={"seed": 2}).problems] == [
        "manifest.json: not the same experiment: the recipes differ"
    ]
    assert beside(tmp_path / "told", 99, recipe={"description": "told otherwise"}).problems == ()


def test_points_without_another_bundle_are_an_error_of_use(tmp_path: Path) -> None:
    bundle, labels = put_bundle(tmp_path), put(tmp_path / "labels", LABELS)
    said = CliRunner().invoke(cli, ["verify", str(bundle), "--labels", str(labels), "--within", "1"])
    assert (said.exit_code, "--within needs --same-as" in said.output) == (2, True)
