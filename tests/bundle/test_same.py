"""Two results are the same experiment only with the same recipe, image or packages, and stages."""

from pathlib import Path
from typing import Any

import pytest
from small_bundle import LABELS, manifest, put, put_bundle

from xtreme_bench.bundle.verify import verify

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
