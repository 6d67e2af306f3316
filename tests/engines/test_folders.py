"""Links in the user's folders lead no stage to gold labels or out of the folder, whichever engine runs it."""

import os
from pathlib import Path

import pytest
from tiny_encoder import save_tiny_encoder

from xtreme_bench.engines import mounts
from xtreme_bench.errors import InputError
from xtreme_bench.files import Digests
from xtreme_bench.plan.stages import Plan, plan
from xtreme_bench.recipe.load import load
from xtreme_bench.run.reproduce import Places, reproduce
from xtreme_bench.stage import folders
from xtreme_bench.stage.stage import MISSING

RECIPE = """
description: nothing but retrieval
seed: 1
data: {source: download}
model: {path: model}
targets: {tatoeba: {languages: [de]}}
retrieval: {layer: 1, pooling: mean, max_length: 64}
"""
READ = "tatoeba/de-en.de"


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """Data, gold labels, a model and other things, side by side."""
    for name in ("data/tatoeba/de-en.de", "data/tatoeba/de-en.en", "labels/tatoeba/test-de.tsv", "elsewhere/de-en.de"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1\n")
    save_tiny_encoder(tmp_path / "model")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    return tmp_path


def planned(places: Path, data: str = "data", labels: str = "labels") -> Plan:
    digests = Digests(places / "digests.json")
    return plan(load(places / "recipe.yaml"), data=places / data, labels=places / labels, digests=digests)


def replace_by_link(path: Path, target: str | Path) -> Path:
    path.rename(path.with_name("away"))
    path.symlink_to(target)
    return path


def refused(places: Path, labels: str = "labels") -> str:
    with pytest.raises(InputError) as raised:
        reproduce(str(places / "recipe.yaml"), Places(places / "data", places / labels, places / "store"))
    assert raised.value.exit_code == 2
    return str(raised.value)


def test_folders_of_plain_files_are_taken_also_where_a_link_names_them(places: Path) -> None:
    assert planned(places).missing == []
    for name in ("data", "labels", "model"):
        replace_by_link(places / name, f"big-{name}")
        (places / "away").rename(places / f"big-{name}")
    assert planned(places).missing == []


@pytest.mark.parametrize(
    ("what", "target"),
    [
        ("data/tatoeba/de-en.de", "../../labels/tatoeba/test-de.tsv"),
        ("data/tatoeba/de-en.de", "/etc/passwd"),
        ("data/tatoeba/de-en.de", "../../elsewhere/de-en.de"),
        ("data/tatoeba", "../data-of-another/tatoeba"),
        ("labels/tatoeba/test-de.tsv", "../../elsewhere/de-en.de"),
        ("model/tokenizer.json", "/etc/passwd"),
        ("model/tokenizer.json", "../labels/tatoeba/test-de.tsv"),
    ],
)
def test_a_link_that_leads_out_of_a_folder_is_named_with_its_target_before_any_work(
    places: Path, what: str, target: str
) -> None:
    other = places / "data-of-another/tatoeba"
    other.mkdir(parents=True)
    for name in ("de-en.de", "de-en.en"):
        (other / name).write_text("1\n")
    link = replace_by_link(places / what, target)
    real = os.path.realpath(link)
    assert f"{link}: is a link to {real}" in refused(places)
    assert MISSING in read_from_outside(places)


def read_from_outside(places: Path) -> set[str]:
    """The keys of the folders that stages read."""
    return {folder.key for stage in planned(places).stages for folder in stage.outside.values()}


def test_a_link_that_leads_out_of_the_hubs_cache_is_refused_too(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(places / "hub"))
    hub = f"{{hub: {{name: some/model, revision: '{'0' * 40}'}}}}"
    (places / "recipe.yaml").write_text(RECIPE.replace("{path: model}", hub))
    cache = places / "hub/models--some--model"
    (cache / "snapshots").mkdir(parents=True)
    (places / "model").rename(cache / "snapshots" / ("0" * 40))
    assert planned(places).missing == []
    link = replace_by_link(cache / "snapshots" / ("0" * 40) / "config.json", places / "elsewhere/de-en.de")
    assert f"{link}: is a link to" in refused(places)
    assert MISSING in read_from_outside(places)


def test_links_that_stay_within_their_folder_or_that_nothing_reads_are_no_fault(places: Path) -> None:
    replace_by_link(places / "data" / READ, "away")
    (places / "data/unread").symlink_to("/etc")
    replace_by_link(places / "model/tokenizer.json", "away")
    assert planned(places).missing == []


def test_links_to_gold_labels_within_the_data_are_refused_and_so_are_data_within_the_labels(places: Path) -> None:
    (places / "labels").rename(places / "data/gold")
    assert planned(places, labels="data/gold").missing == []
    replace_by_link(places / "data" / READ, "../gold/tatoeba/test-de.tsv")
    assert "is a link to" in refused(places, labels="data/gold")
    assert folders.TOGETHER in refused(places, labels="data")
    assert folders.TOGETHER in refused(places, labels=".")


def test_links_in_a_circle_are_files_that_are_missing(places: Path) -> None:
    replace_by_link(places / "data" / READ, "de-en.de")
    assert f"tatoeba, 1 file ({READ}): " in refused(places)


def seen(places: Path, **inputs: Path) -> set[str]:
    folder = places / "store/partial/key"
    folder.mkdir(parents=True, exist_ok=True)
    made = mounts.of_stage(folder, inputs, [places / "labels", places / "store/partial"])
    return {one["Source"] for one in made if one["Type"] == "bind"} - {str(folder)}


@pytest.mark.parametrize("target", ["../labels", "../labels/tatoeba/test-de.tsv", "..", "/etc", "/run/docker.sock"])
def test_a_container_sees_nothing_of_what_links_in_the_data_lead_to(places: Path, target: str) -> None:
    (places / "data/gold").symlink_to(target)
    assert seen(places, data=places / "data") == {str(places / "data")}


@pytest.mark.parametrize("target", ["../../../labels/tatoeba/test-de.tsv", "/etc/passwd", "../../blobs", "../other"])
def test_a_container_sees_the_blobs_of_an_encoder_and_a_link_elsewhere_is_refused(places: Path, target: str) -> None:
    snapshot, blobs = places / "cache/snapshots/0", places / "cache/blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    (snapshot.parent / "other").mkdir()
    (blobs / "1").write_text("weights")
    (snapshot / "model.safetensors").symlink_to("../../blobs/1")
    assert seen(places, encoder=snapshot) == {str(snapshot), str(blobs / "1")}
    (snapshot / "config.json").symlink_to(target)
    with pytest.raises(InputError, match=f"{snapshot}/config.json: is a link to"):
        seen(places, encoder=snapshot)
