"""The bundles in submissions/reference: verified on the built-in corpora, and the site that is made from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xtreme_bench.benchmark import MINIATURE_LANGUAGES
from xtreme_bench.bundle.found import bundles_in
from xtreme_bench.bundle.verify import verify
from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.leaderboard import site
from xtreme_bench.leaderboard.board import board
from xtreme_bench.miniature.corpus import write_labels
from xtreme_bench.recipe.load import load

REFERENCE = Path(__file__).parent.parent / "submissions/reference"
BUNDLES = bundles_in([REFERENCE])
# A clone has to fetch them, and a reviewer to read their manifests.
MOST_BYTES = 2**20


def labels_of(bundle: Path, folder: Path) -> Path:
    """The gold labels of the built-in corpora that a bundle was tested on."""
    data = read_manifest(bundle)["recipe"]["data"]
    write_labels(folder, seed=data["seed"], scale=data["scale"], languages=MINIATURE_LANGUAGES)
    return folder


def test_the_reference_bundles_are_small_and_their_recipes_are_beside_them() -> None:
    assert [bundle.name for bundle in BUNDLES] == ["smoke", "smoke-baseline"]
    for bundle in BUNDLES:
        settings = load(REFERENCE / f"{bundle.name}.yaml").to_dict()
        assert {key: read_manifest(bundle)["recipe"][key] for key in settings} == json.loads(json.dumps(settings))
        assert sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()) < MOST_BYTES


@pytest.mark.slow
@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.name)
def test_a_reference_bundle_is_verified(bundle: Path, tmp_path: Path) -> None:
    result = verify(bundle, labels_of(bundle, tmp_path / "labels"))
    assert result.problems == ()
    assert result.summary.startswith("verified: ")


@pytest.mark.slow
def test_the_site_of_the_reference_bundles_ranks_them(tmp_path: Path) -> None:
    labels = labels_of(BUNDLES[0], tmp_path / "labels")
    made = board([REFERENCE], labels, by="the tests", when="2026-01-02")
    page = site.write(made, tmp_path / "site")
    told = json.loads((page.parent / site.FEED).read_text(encoding="utf-8"))
    assert sorted(entry["name"] for entry in told["entries"] if entry["rank"]) == ["smoke", "smoke-baseline"]
    assert "Partial: the same 19 files" in page.read_text(encoding="utf-8")
