"""Fetching, against a server on this machine: cut connections, wrong checksums, the hub's layout, no network at all."""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub.constants
import pyarrow.parquet as parquet_tables
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
from xtreme_bench.data.lockfile import alone, read_lock
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


def answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode() + body


PARTIAL = "206 Partial Content"


@pytest.mark.parametrize(
    ("bad", "begun"),
    [
        (answer(PARTIAL, "Content-Range: bytes 0-9/1000", "Content-Length: 10", body=b"0123456789"), 500),
        (answer(PARTIAL, "Content-Range: bytes 500-509/400", "Content-Length: 10", body=b"0123456789"), 500),
        (answer(PARTIAL, "Content-Range: rows 500-509/1000", "Content-Length: 10", body=b"0123456789"), 500),
        (answer(PARTIAL, "Content-Length: 10", body=b"0123456789"), 500),
        (answer(PARTIAL, "Content-Range: bytes 0-9/10", "Content-Length: 10", body=b"0123456789"), 0),
        (answer("200 OK", "Content-Length: 0"), 0),
        (answer("200 OK"), 0),
        (answer("204 No Content"), 0),
        (answer("200 OK", "Content-Length: 1000", body=b"broken off"), 0),
        (answer("200 OK", "Transfer-Encoding: chunked", body=b"a\r\n0123456789\r\n"), 0),
    ],
)
def test_an_answer_that_is_not_the_file_is_not_taken_and_the_next_one_is(
    site: Site, tmp_path: Path, bad: bytes, begun: int
) -> None:
    site.files["/a.zip"] = CONTENT
    site.raw["/a.zip"] = [bad]
    if begun:
        (tmp_path / "a.zip.part").write_bytes(CONTENT[:begun])
        (tmp_path / "a.zip.part.tag").write_text(f'"{sha256(CONTENT)}"')
    assert download(f"{site.address}/a.zip", tmp_path / "a.zip") == (sha256(CONTENT), len(CONTENT))
    site.raw["/b.zip"] = [bad] * 4
    with pytest.raises(Unreachable, match="after 4 attempts"):
        download(f"{site.address}/b.zip", tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (answer("200 OK", f"Content-Length: {'9' * 5000}", body=b"x"), "tells a length that is none"),
        (answer("200 OK", "Content-Length: -5", body=b"x"), "tells a length that is none"),
        (answer("200 OK", "Content-Length: 1e3", body=b"x"), "tells a length that is none"),
        (answer("200 OK", "Content-Encoding: gzip", "Content-Length: 1", body=b"x"), "packs the file"),
        (answer("302 Found", "Location: https://["), "leads to an address that is none"),
        (answer("302 Found", "Location: /a.zip"), "the server answers 302"),
    ],
)
def test_an_answer_that_will_not_be_better_next_time_is_an_error_at_once(
    site: Site, tmp_path: Path, bad: bytes, fault: str
) -> None:
    site.raw["/a.zip"] = [bad] * 20
    with pytest.raises(Unreachable, match=fault):
        download(f"{site.address}/a.zip", tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


@pytest.mark.parametrize(
    "bad",
    [
        answer("200 OK", "Content-Length: 100000", body=bytes(1000)),
        answer("200 OK", *(f"X-{at}: {'x' * 90}" for at in range(50))),
        b"HTTP/1.1 200 " + b"x" * 5000,
    ],
)
def test_a_server_that_sends_byte_by_byte_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bad: bytes
) -> None:
    monkeypatch.setattr(downloads, "PAUSES", ())
    monkeypatch.setattr(downloads, "ANSWER", 0.3)
    monkeypatch.setattr(downloads, "WINDOW", 0.3)
    site.raw["/a.zip"], site.dripping = [bad], True
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        download(f"{site.address}/a.zip", tmp_path / "a.zip")
    assert time.monotonic() - begun < 3


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
    result = CliRunner().invoke(cli, ["data", "fetch", "xquad", "--to", str(tmp_path / "data")])
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
    way = (
        f"By hand: where there is a network get what is listed here, put it into {folder} .*`xtreme-bench data prepare "
    )
    assert re.search(f"{way}.*:\n  xquad.en.json from {closed}/xquad.en.json$", str(caught.value))


def parquet(columns: dict[str, list[Any]], features: datasets.Features | None = None) -> bytes:
    stream = io.BytesIO()
    datasets.Dataset.from_dict(columns, features=features).to_parquet(stream)
    return stream.getvalue()


def from_hub(monkeypatch: pytest.MonkeyPatch, site: Site, hub: Hub, files: dict[str, bytes], **answer: str) -> None:
    site.dataset(hub.repository, files, **answer)
    monkeypatch.setitem(SOURCES, "xquad", Source("xquad", hub))
    monkeypatch.setitem(fetching.NEEDS, "xquad", ("xquad",))


QUESTIONS: dict[str, Any] = {
    "id": ["q1"],
    "context": ["Ada came from Ulm"],
    "question": ["Where?"],
    "answers": [{"text": ["Ulm"], "answer_start": [14]}],
}
TEXTS = {name: datasets.Value("string") for name in ("premise", "hypothesis")}


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
    result = CliRunner().invoke(cli, ["data", "fetch", "xnli", "--to", str(tmp_path / "data")])
    assert result.exit_code == 0, result.output
    labels = tmp_path / "data-labels" / "xnli"
    assert [(labels / f"test-{code}.tsv").read_text() for code in ("de", "sw")] == ["entailment\n", "neutral\n"]


def test_a_file_that_is_there_already_is_held_to_the_checksum_that_the_hub_tells(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = Hub("google/xquad", COMMIT, "squad", (Part("*.parquet", "xquad.en.json"),))
    good = parquet(dict(QUESTIONS))
    from_hub(monkeypatch, site, hub, {"a.parquet": good})
    there = tmp_path / "releases/xquad/.parquet/a.parquet"
    there.parent.mkdir(parents=True)
    there.write_bytes(parquet({**QUESTIONS, "question": ["Whence?"]}))
    with pytest.raises(CheckFailed, match=f"is not the file of .*a.parquet: .* that requires {sha256(good)}"):
        fetch(["xquad"], tmp_path)
    assert read_lock(tmp_path).files == {}
    there.write_bytes(good)
    fetch(["xquad"], tmp_path)
    assert read_lock(tmp_path).sha256("releases/xquad/.parquet/a.parquet") == sha256(good)


def test_a_release_that_was_put_there_by_hand_is_not_taken_for_the_hubs(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = Hub("google/xquad", COMMIT, "squad", (Part("*.parquet", "xquad.en.json"),))
    from_hub(monkeypatch, site, hub, {"a.parquet": parquet(dict(QUESTIONS))})
    read_lock(tmp_path).settle("xquad", origin="hub", repository=hub.repository, revision=COMMIT)
    (tmp_path / "releases/xquad").mkdir(parents=True)
    (tmp_path / "releases/xquad/xquad.en.json").write_text("{}")
    fetch(["xquad"], tmp_path)
    assert "Ulm" in (tmp_path / "releases/xquad/xquad.en.json").read_text()


NLI = {"premise": ["p"], "hypothesis": ["h"], "label": [0]}
NLI_NAMES = datasets.ClassLabel(names=["entailment", "neutral", "contradiction"])
TAGGED = {"tokens": [["Ulm", "liegt"]], "ner_tags": [[1, 0]]}
TAG_NAMES = datasets.ClassLabel(names=["O", "B-LOC"])
CHOICES = {"id": ["1"], "question": ["q"], "choices": [{"label": ["A", "B"], "text": ["x", "y"]}], "answerKey": ["A"]}
PARAPHRASE = {"id": [1], "sentence1": ["a"], "sentence2": ["b"], "label": [1]}


@pytest.mark.parametrize(
    ("form", "columns", "classes", "fault"),
    [
        (
            "nli",
            {"text_a": ["p"], **NLI, "premise": None},
            NLI_NAMES,
            "column `premise` is missing; there are text_a, hyp",
        ),
        ("nli", {**NLI, "premise": None, "label": None}, None, "column `premise`, `label` is missing"),
        ("nli", {**NLI, "premise": [3]}, NLI_NAMES, "row 1, column `premise`: a text expected, not 3"),
        ("nli", {**NLI, "premise": [None]}, NLI_NAMES, "row 1, column `premise`: a text expected, not None"),
        ("nli", {**NLI, "label": [3]}, None, "row 1, column `label`: the file's schema does not name the classes"),
        ("nli", {**NLI, "label": ["entailment"]}, None, "the file's schema does not name the classes"),
        (
            "nli",
            NLI,
            datasets.ClassLabel(names=["yes", "no"]),
            "class 'yes', where contradiction, entailment, neutral are",
        ),
        (
            "anli",
            {**NLI, "uid": ["u"], "label": [None]},
            NLI_NAMES,
            "column `label`: a whole number expected, not None",
        ),
        ("xnli_mt", {**NLI, "premise": ["a\tb"]}, NLI_NAMES, r"column `premise`: a tab or line end is in 'a\\tb'"),
        ("pawsx", {**PARAPHRASE, "sentence2": ["b\n"]}, datasets.ClassLabel(names=["0", "1"]), "a tab or line end"),
        ("pawsx", {**PARAPHRASE, "id": ["x"]}, datasets.ClassLabel(names=["0", "1"]), "column `id`: a whole number"),
        (
            "wikiann",
            {**TAGGED, "ner_tags": [[1]]},
            TAG_NAMES,
            "row 1, columns of different lengths: 2 tokens, 1 ner_tags",
        ),
        ("wikiann", {**TAGGED, "ner_tags": [1]}, None, "column `ner_tags`: a list expected, not 1"),
        ("wikiann", TAGGED, datasets.ClassLabel(names=["O", "B-MISC"]), "class 'B-MISC', where B-LOC"),
        (
            "commonsenseqa",
            {**CHOICES, "choices": [{"label": ["A"], "text": ["x", "y"]}]},
            None,
            "lengths: 1 label, 2 text",
        ),
        ("commonsenseqa", {**CHOICES, "choices": [["x", "y"]]}, None, "label and text expected, not"),
        ("squad", {"answers": [{"text": ["Ulm"], "answer_start": [-1]}]}, None, "a whole number expected, not -1"),
        ("squad", {"answers": [{"text": ["Ulm"], "answer_start": []}]}, None, "lengths: 1 text, 0 answer_start"),
        ("squad", {"answers": ["Ulm"]}, None, "text and answer_start expected, not 'Ulm'"),
    ],
)
def test_parquet_in_another_form_is_an_error_that_names_data_set_commit_file_and_column(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str, columns: Any, classes: Any, fault: str
) -> None:
    columns = {name: values for name, values in {**(QUESTIONS if form == "squad" else {}), **columns}.items() if values}
    features = datasets.Dataset.from_dict(columns).features
    if classes is not None:
        name = "ner_tags" if form == "wikiann" else "label"
        features[name] = datasets.Sequence(classes) if form == "wikiann" else classes
    hub = Hub("an/other", COMMIT, form, (Part("de/*.parquet", "xquad.en.json"),))
    from_hub(monkeypatch, site, hub, {"de/a.parquet": parquet(columns, features)})
    with pytest.raises(InputError, match="in another form than the one that is read") as caught:
        fetch(["xquad"], tmp_path)
    assert re.search(f"an/other at {COMMIT}, de/a.parquet: .*{fault}", str(caught.value))
    assert not (tmp_path / "releases/xquad/xquad.en.json").exists()


def test_a_class_number_out_of_range_and_a_file_that_is_none_are_named(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = parquet_tables.read_table(io.BytesIO(parquet(NLI, datasets.Features({**TEXTS, "label": NLI_NAMES}))))
    column = table.schema.get_field_index("label")
    stream = io.BytesIO()
    parquet_tables.write_table(table.set_column(column, table.schema.field(column), [[7]]), stream)
    for content, fault in (
        (stream.getvalue(), "row 1, column `label`: class 7 of 3"),
        (b"<html>", "not a parquet file"),
    ):
        hub = Hub("an/other", COMMIT, "nli", (Part("*.parquet", "x.jsonl"),))
        from_hub(monkeypatch, site, hub, {"a.parquet": content})
        with pytest.raises(InputError, match=f"(?s)an/other at {COMMIT}, a.parquet: .*{fault}"):
            fetch(["xquad"], tmp_path / str(len(content)))


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
    with pytest.raises(InputError, match="has the training part alone, without the ids of the sentences"):
        fetch(["bucc2018"], tmp_path, origin="hub")
    with pytest.raises(InputError, match="needs a licence of the Linguistic Data Consortium"):
        fetch(["ccg"], tmp_path)


def test_every_pinned_revision_is_a_whole_commit_and_every_address_is_https() -> None:
    for source in SOURCES.values():
        if source.hub is not None and source.hub.revision is not None:
            assert re.fullmatch("[0-9a-f]{40}", source.hub.revision)
        assert all(url.startswith("https://") for _, url in source.upstream)
