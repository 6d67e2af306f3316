"""Fetching, against a server on this machine: the lock, several processes at once, no network at all."""

from __future__ import annotations

import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from data_samples import squad
from local_server import COMMIT, Site, sha256, use_hub

from xtreme_bench.cli.main import cli
from xtreme_bench.data import targets
from xtreme_bench.data.fetch import corpora as fetching
from xtreme_bench.data.fetch.corpora import fetch
from xtreme_bench.data.fetch.lockfile import alone, read_lock
from xtreme_bench.data.fetch.sources import SOURCES
from xtreme_bench.errors import CheckFailed, InputError, StageError
from xtreme_bench.releases import Hub, Part, Source

XQUAD = squad([{"id": "q1", "context": "Ada came from Ulm", "answers": [(14, "Ulm")]}]).encode()


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


@pytest.mark.slow
def test_processes_that_fetch_into_one_folder_keep_each_others_entries_and_files(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = [f"corpus{at}" for at in range(8)]
    for name in names:
        files = [(f"{part}.json", f"{site.address}/{name}/{part}.json") for part in range(3)]
        site.files |= {f"/{name}/{part}.json": f"{name} {part}".encode() * 9999 for part in range(3)}
        monkeypatch.setitem(SOURCES, name, Source(name, upstream=tuple(files)))
    # A lock of the file system belongs to whoever opened it: threads are to it what processes are.
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: fetch([name], tmp_path), names * 2))
    lock = read_lock(tmp_path)
    assert (len(lock.files), sorted(lock.corpora)) == (24, names)
    assert len(site.asked) == 24  # by one of the two that wanted each
    for name in lock.files:
        lock.require(name, "")


def test_one_that_waits_for_another_process_says_so(upstream: Site, tmp_path: Path) -> None:
    said: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        with alone(tmp_path, "xquad"):
            waiting = pool.submit(fetch, ["xquad"], tmp_path, progress=lambda done, total, note: said.append(note))
            while not said:
                time.sleep(0.01)
        waiting.result()
    assert said[0] == "waiting for another process that fetches or prepares xquad"


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
    use_hub(monkeypatch, closed, tmp_path / "cache")
    hub = Hub("google/xquad", COMMIT, "squad", (Part("*.parquet", "xquad.en.json"),))
    source = Source("xquad", hub, (("xquad.en.json", f"{closed}/xquad.en.json"),))
    monkeypatch.setitem(SOURCES, "xquad", source)
    monkeypatch.setitem(fetching.NEEDS, "xquad", ("xquad",))
    begun = time.monotonic()
    with pytest.raises(StageError, match="xquad could not be fetched: ") as caught:
        fetch(["xquad"], tmp_path)
    assert time.monotonic() - begun < 10
    folder = re.escape(str(tmp_path / "releases" / "xquad"))
    way = (
        "By hand: get the files listed here where there is a network, "
        f"put them in {folder} .*`xtreme-bench data prepare "
    )
    assert re.search(f"{way}.*:\n  xquad.en.json from {closed}/xquad.en.json$", str(caught.value))


@pytest.mark.parametrize(
    ("task", "origin", "reason"),
    [
        ("bucc2018", "hub", "bucc2018 is not fetched from hub: mteb/BUCC has the training part alone, without the ids"),
        ("mlqa", "hub", "google/xtreme cuts white space off the questions. Use `--origin upstream`"),
        ("udpos", "hub", "google/xtreme has the parts of contractions as words"),
        ("tydiqa", "hub", "tydiqa is not fetched from hub: it is not there in a form that can be read. Use"),
        ("panx", "upstream", "panx is not fetched from upstream: its authors' address is a shared folder"),
        ("ccg", None, "ccg cannot be fetched: CCGbank (LDC2005T13) needs a licence of the Linguistic Data Consortium"),
    ],
)
def test_why_a_corpus_is_not_fetched_from_somewhere_is_said(
    tmp_path: Path, task: str, origin: str | None, reason: str
) -> None:
    with pytest.raises(InputError, match=re.escape(reason)):
        fetch([task], tmp_path, origin=origin)


def test_the_way_by_hand_names_every_address_of_every_corpus(tmp_path: Path) -> None:
    for source in SOURCES.values():
        way = fetching.by_hand(source, tmp_path)
        assert all(f"\n  {path} from {url}" in way for path, url in source.upstream)
        assert source.remark not in way or not source.remark
        assert way.count("https://") == max(1, len(source.upstream)) or source.corpus == "ccg"


def test_without_the_packages_that_read_parquet_the_command_that_brings_them_is_named(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(InputError, match=r"need `pip install 'xtreme-bench\[hub\]'`; `--origin upstream` does without"):
        fetch(["qqp"], tmp_path)
    assert site.asked == []


def test_every_pinned_revision_is_a_whole_commit_and_every_address_is_https() -> None:
    for source in SOURCES.values():
        if source.hub is not None:
            assert re.fullmatch("[0-9a-f]{40}", source.hub.revision)
        assert all(url.startswith("https://") for _, url in source.upstream)
