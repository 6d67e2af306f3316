"""The bundles in submissions/reference: verified on the built-in corpora, and the site that is made from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from browser import CHROMIUM, browser

from xtreme_bench.benchmark import MINIATURE_LANGUAGES
from xtreme_bench.bundle.check import check
from xtreme_bench.bundle.found import bundles_in
from xtreme_bench.bundle.same import settings
from xtreme_bench.bundle.verify import verify
from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.leaderboard import site
from xtreme_bench.leaderboard.board import board
from xtreme_bench.miniature.corpus import write_labels
from xtreme_bench.recipe.files import find
from xtreme_bench.recipe.load import load

REFERENCE = Path(__file__).parent.parent / "submissions/reference"
BUNDLES = bundles_in([REFERENCE])
# On samples of released test sets, whose labels are not at hand.
REAL = "real-smoke"
OTHERS = (REAL, "smoke", "smoke-baseline")
# A clone has to fetch them, and a reviewer to read their manifests.
MOST_BYTES = 2**20


def labels_of(bundle: Path, folder: Path) -> Path:
    """The gold labels of the built-in corpora that a bundle was tested on."""
    data = read_manifest(bundle)["recipe"]["data"]
    write_labels(folder, seed=data["seed"], scale=data["scale"], languages=MINIATURE_LANGUAGES)
    return folder


def test_the_reference_bundles_are_small_and_those_of_recipes_that_are_here() -> None:
    names = [f"{name}/seed-{seed}" for name in ("quickstart", "quickstart-baseline") for seed in (1, 2, 3)]
    assert [bundle.relative_to(REFERENCE).as_posix() for bundle in BUNDLES] == [*names, *OTHERS]
    for bundle in BUNDLES:
        manifest, own = read_manifest(bundle), REFERENCE / f"{bundle.name}.yaml"
        recipe = load(own if own.exists() else find(manifest["name"])).to_dict() | {"seed": manifest["seed"]}
        assert settings(manifest) == settings({"recipe": recipe, "name": manifest["name"]})
        assert sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()) < MOST_BYTES
        assert check(bundle).problems == ()


@pytest.mark.slow
@pytest.mark.parametrize("bundle", [one for one in BUNDLES if one.name != REAL], ids=str)
def test_a_reference_bundle_is_verified(bundle: Path, tmp_path: Path) -> None:
    result = verify(bundle, labels_of(bundle, tmp_path / "labels"))
    assert result.problems == ()
    assert result.summary.startswith("verified: ")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "files"), [("smoke", 19), ("quickstart", 34)])
def test_the_site_of_the_reference_bundles_ranks_them_and_can_be_looked_at(
    name: str, files: int, tmp_path: Path
) -> None:
    pair = [REFERENCE / name, REFERENCE / f"{name}-baseline"]
    labels = labels_of(bundles_in(pair)[0], tmp_path / "labels")
    made = board([*pair, REFERENCE / REAL], labels, by="the tests", when="2026-01-02")
    page = site.write(made, tmp_path / "site")
    told = json.loads((page.parent / site.FEED).read_text(encoding="utf-8"))
    assert sorted(entry["name"] for entry in told["entries"] if entry["rank"]) == [one.name for one in pair]
    # Its gold labels are not these.
    assert [entry["name"] for entry in told["entries"] if not entry["verified"]] == [REAL]
    assert f"Partial, with the same {files} files" in page.read_text(encoding="utf-8")
    report = (page.parent / f"entries/{name}.report.html").read_text(encoding="utf-8")
    assert f"Difference to {name}-baseline, by language" in report
    if CHROMIUM is not None:
        with browser(tmp_path / "profile") as chromium:
            for width, dark in ((1300, False), (400, True)):
                for one in (page, *sorted((page.parent / "entries").glob("*.html"))):
                    chromium.open(one, width, dark=dark)
                    assert chromium.ask("document.documentElement.scrollWidth") <= width
            assert chromium.console == []
