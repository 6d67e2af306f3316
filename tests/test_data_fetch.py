"""Fetching, against a server on this machine: cut connections, wrong checksums, the hub's layout, no network at all."""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub.constants
import pytest
from click.testing import CliRunner
from data_samples import squad
from local_server import COMMIT, Site, serving

from xtreme_bench.cli import cli
from xtreme_bench.data import download as downloads
from xtreme_bench.data import fetch as fetching
from xtreme_bench.data import targets
from xtreme_bench.data.download import Unreachable, download
from xtreme_bench.data.fetch import fetch
from xtreme_bench.data.lockfile import read_lock
from xtreme_bench.data.sources import SOURCES, Hub, Part, Source
from xtreme_bench.errors import CheckFailed, InputError, StageError

CONTENT = bytes(range(256)) * 4000
XQUAD = squad([{"id": "q1", "context": "Ada came from Ulm", "answers": [(14, "Ulm")]}]).encode()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(downloads, "PAUSES", (0.01, 0.01, 0.01))
    with serving() as site:
        use_hub(monkeypatch, site.address)
        yield site


def use_hub(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """What HF_ENDPOINT does for a process that starts."""
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_cut_connection_goes_on_where_it_was_cut(site: Site, tmp_path: Path) -> None:
    site.files["/a.zip"] = CONTENT
    site.cut.add("/a.zip")
    assert download(f"{site.address}/a.zip", tmp_path / "a.zip") == (sha256(CONTENT), len(CONTENT))
    assert (tmp_path / "a.zip").read_bytes() == CONTENT
    assert [asked for _, asked in site.asked] == [None, f"bytes={len(CONTENT) // 2}-"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_what_was_there_of_another_version_of_the_file_is_not_used(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.zip.part").write_bytes(b"old")
    (tmp_path / "a.zip.part.tag").write_text('"another"')
    site.files["/a.zip"] = CONTENT
    download(f"{site.address}/a.zip", tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == CONTENT


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(site: Site, tmp_path: Path) -> None:
    site.files["/a.zip"] = CONTENT
    site.busy["/a.zip"] = 2
    download(f"{site.address}/a.zip", tmp_path / "a.zip")
    assert len(site.asked) == 3
    with pytest.raises(Unreachable, match="the server answers 404"):
        download(f"{site.address}/b.zip", tmp_path / "b.zip")
    assert len(site.asked) == 4
    site.busy["/a.zip"] = 99
    with pytest.raises(Unreachable, match="the server answers 503 .*, after 4 attempts"):
        download(f"{site.address}/a.zip", tmp_path / "c.zip")


def test_a_file_with_another_checksum_is_not_kept(site: Site, tmp_path: Path) -> None:
    site.files["/a.zip"] = CONTENT
    with pytest.raises(CheckFailed, match=f"its sha256 is {sha256(CONTENT)}, 00 is required"):
        download(f"{site.address}/a.zip", tmp_path / "a.zip", sha256="00")
    assert list(tmp_path.iterdir()) == []


def test_only_https_and_this_machine_are_asked_whatever_an_address_leads_to(site: Site, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not an HTTPS address"):
        download("http://example.org/a.zip", tmp_path / "a.zip")
    with pytest.raises(InputError, match="is not an HTTPS address"):
        download("file:///etc/passwd", tmp_path / "a.zip")
    site.moved["/a.zip"] = "http://example.org/a.zip"
    with pytest.raises(InputError, match=r"http://example\.org/a\.zip is not an HTTPS address"):
        download(f"{site.address}/a.zip", tmp_path / "a.zip")


def test_a_file_that_is_too_large_is_refused(site: Site, tmp_path: Path) -> None:
    site.files["/a.zip"] = CONTENT
    with pytest.raises(InputError, match="more than the 1000 that are fetched"):
        download(f"{site.address}/a.zip", tmp_path / "a.zip", max_bytes=1000)


@pytest.fixture
def upstream(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    site.files["/xquad.en.json"] = XQUAD
    source = Source("xquad", upstream=(("xquad.en.json", f"{site.address}/xquad.en.json"),))
    monkeypatch.setitem(SOURCES, "xquad", source)
    monkeypatch.setitem(fetching.NEEDS, "xquad", ("xquad",))
    return site


def test_checksums_are_recorded_at_first_sight_and_required_ever_after(upstream: Site, tmp_path: Path) -> None:
    assert fetch(["xquad"], tmp_path) == [f"xquad: from {upstream.address}"]
    (name,) = read_lock(tmp_path).files
    assert read_lock(tmp_path).sha256(name) == sha256(XQUAD)
    upstream.asked.clear()
    fetch(["xquad"], tmp_path)
    assert upstream.asked == []
    (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(CheckFailed, match=f"its sha256 is {sha256(b'{}')}, data.lock requires {sha256(XQUAD)}"):
        fetch(["xquad"], tmp_path)
    (tmp_path / name).unlink()
    upstream.files["/xquad.en.json"] = XQUAD.replace(b"Ulm", b"Rom")
    with pytest.raises(CheckFailed, match="is not the file it was"):
        fetch(["xquad"], tmp_path)


def test_a_malformed_lock_is_an_error_that_names_its_faults(upstream: Site, tmp_path: Path) -> None:
    lock = {"schema_version": 1, "corpora": {}, "files": {"../x": {"sha256": "0"}, "y": {}}}
    (tmp_path / "data.lock").write_text(json.dumps(lock))
    with pytest.raises(InputError, match="is not a lock of fetched data") as caught:
        fetch(["xquad"], tmp_path)
    assert [problem.message for problem in caught.value.problems] == [
        "'../x' leads out of the data folder",
        "'y' has no `sha256`",
    ]


def test_the_command_fetches_and_prepares(upstream: Site, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["data", "fetch", "xquad", "--allow-partial", "--to", str(tmp_path / "data")])
    assert result.exit_code == 0, result.output
    (row,) = targets.read_test(tmp_path / "data", "xquad", "en")
    assert row.id == "q1"
    assert (tmp_path / "data-labels" / "xquad" / "test-en.json").is_file()


def test_without_a_network_it_fails_in_seconds_and_says_how_to_do_it_by_hand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed = "http://127.0.0.1:9"
    use_hub(monkeypatch, closed)
    hub = Hub("google/xquad", COMMIT, "squad", (Part("*.parquet", "xquad.en.json"),))
    source = Source("xquad", hub, (("xquad.en.json", f"{closed}/xquad.en.json"),))
    monkeypatch.setitem(SOURCES, "xquad", source)
    monkeypatch.setitem(fetching.NEEDS, "xquad", ("xquad",))
    begun = time.monotonic()
    with pytest.raises(StageError, match="xquad could not be fetched: ") as caught:
        fetch(["xquad"], tmp_path)
    assert time.monotonic() - begun < 10
    folder = re.escape(str(tmp_path / "releases" / "xquad"))
    assert re.search(f"By hand: get {closed}/xquad.en.json on a machine with a network, put it into {folder}, and run "
                     "`xtreme-bench data prepare", str(caught.value))  # fmt: skip


def parquet(columns: dict[str, list[Any]], features: datasets.Features | None = None) -> bytes:
    stream = io.BytesIO()
    datasets.Dataset.from_dict(columns, features=features).to_parquet(stream)
    return stream.getvalue()


def from_hub(monkeypatch: pytest.MonkeyPatch, site: Site, hub: Hub, files: dict[str, bytes], **answer: str) -> None:
    site.dataset(hub.repository, files, **answer)
    monkeypatch.setitem(SOURCES, "xquad", Source("xquad", hub))
    monkeypatch.setitem(fetching.NEEDS, "xquad", ("xquad",))


def test_parquet_of_the_hub_becomes_the_released_form(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answers = [{"text": ["Ulm"], "answer_start": [14]}, {"text": ["Ada"], "answer_start": [0]}]
    columns = {"id": ["q1", "q2"], "context": ["Ada came from Ulm"] * 2, "question": ["Where?", "Who?"]}
    file = parquet({**columns, "answers": answers})
    hub = Hub("google/xquad", COMMIT, "squad", (Part("xquad.en/*.parquet", "xquad.en.json"),))
    from_hub(monkeypatch, site, hub, {"xquad.en/validation-0.parquet": file, "xquad.en/run.py": b"import os"})
    assert fetch(["xquad"], tmp_path) == [f"xquad: from google/xquad at {COMMIT}"]
    (paragraph,) = json.loads((tmp_path / "releases/xquad/xquad.en.json").read_text())["data"][0]["paragraphs"]
    assert [question["answers"][0]["text"] for question in paragraph["qas"]] == ["Ulm", "Ada"]
    assert not any(path.endswith(".py") for path, _ in site.asked)
    site.asked.clear()
    fetch(["xquad"], tmp_path)
    assert site.asked == []


def test_labels_are_given_by_the_names_in_the_schema_and_languages_by_their_files(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    label = datasets.ClassLabel(names=["entailment", "neutral", "contradiction"])
    text = datasets.Value("string")
    features = datasets.Features({"premise": text, "hypothesis": text, "label": label})
    files = {
        f"{code}/test-0.parquet": parquet({"premise": [code], "hypothesis": ["h"], "label": [at]}, features)
        for at, code in enumerate(("de", "sw"))
    }
    parts = tuple(Part(f"{code}/test-*.parquet", "xnli.test.jsonl", code) for code in ("de", "sw"))
    site.dataset("facebook/xnli", files)
    monkeypatch.setitem(SOURCES, "xnli", Source("xnli", Hub("facebook/xnli", COMMIT, "nli", parts)))
    result = CliRunner().invoke(cli, ["data", "fetch", "xnli", "--allow-partial", "--to", str(tmp_path / "data")])
    assert result.exit_code == 0, result.output
    labels = tmp_path / "data-labels" / "xnli"
    assert [(labels / f"test-{code}.tsv").read_text() for code in ("de", "sw")] == ["entailment\n", "neutral\n"]


def test_another_commit_than_the_pinned_one_is_not_taken(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = Hub("google/xquad", COMMIT, "squad", (Part("*.parquet", "xquad.en.json"),))
    from_hub(monkeypatch, site, hub, {"a.parquet": b""}, told="f" * 40)
    with pytest.raises(StageError, match=f"the hub gives commit {'f' * 40} of google/xquad, not {COMMIT}"):
        fetch(["xquad"], tmp_path)


def test_a_file_of_the_hub_with_a_hostile_name_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = Hub("google/xquad", COMMIT, "squad", (Part("*.parquet", "xquad.en.json"),))
    from_hub(monkeypatch, site, hub, {"../../evil.parquet": b""})
    with pytest.raises(InputError, match="hostile name"):
        fetch(["xquad"], tmp_path)


def test_what_the_hub_has_in_another_form_than_the_benchmark_is_not_taken_from_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="keeps the gold pairs only, without the sentences that have no translation"):
        fetch(["bucc2018"], tmp_path, origin="hub")
    with pytest.raises(InputError, match="needs a licence of the Linguistic Data Consortium"):
        fetch(["ccg"], tmp_path)


def test_every_pinned_revision_is_a_whole_commit_and_every_address_is_https() -> None:
    for source in SOURCES.values():
        if source.hub is not None and source.hub.revision is not None:
            assert re.fullmatch("[0-9a-f]{40}", source.hub.revision)
        assert all(url.startswith("https://") for _, url in source.upstream)
