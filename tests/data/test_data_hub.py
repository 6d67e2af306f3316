"""Corpora of the hub, against a server on this machine that answers as the hub does."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as parquet_tables
import pytest
from click.testing import CliRunner
from huggingface_hub import constants
from local_server import COMMIT, Site, serving, sha256, use_hub

from xtreme_bench.benchmark import TASKS
from xtreme_bench.cli.main import cli
from xtreme_bench.data import intermediate, targets
from xtreme_bench.data.fetch import corpora as fetching
from xtreme_bench.data.fetch.corpora import fetch
from xtreme_bench.data.fetch.lockfile import read_lock
from xtreme_bench.data.fetch.sources import SOURCES
from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.errors import CheckFailed, InputError, StageError
from xtreme_bench.releases import Hub, Part, Source


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
    result = CliRunner().invoke(cli, ["data", "fetch", "xnli", "--allow-partial", "--to", str(tmp_path / "data")])
    assert result.exit_code == 0, result.output
    labels = tmp_path / "data-labels" / "xnli"
    assert [(labels / f"test-{code}.tsv").read_text() for code in ("de", "sw")] == ["entailment\n", "neutral\n"]


@pytest.mark.slow
def test_parquet_that_was_cut_off_goes_on_where_it_was_and_stays_in_the_cache_of_the_hub(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = Hub("google/xquad", COMMIT, "squad", (Part("*.parquet", "xquad.en.json"),))
    file = parquet(dict(QUESTIONS))
    path = f"/datasets/google/xquad/resolve/{COMMIT}/a.parquet"
    from_hub(monkeypatch, site, hub, {"a.parquet": file})
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 512)
    site.cut.add(path)
    (tmp_path / "one/releases/xquad/.arrow/left/by/one/that/was/killed").mkdir(parents=True)
    fetch(["xquad"], tmp_path / "one")
    assert [asked for name, asked in site.asked if name == path][-1] == f"bytes={len(file) // 2 // 512 * 512}-"
    site.asked.clear()
    fetch(["xquad"], tmp_path / "two")
    assert path not in [name for name, _ in site.asked]
    written = [folder / "releases/xquad/xquad.en.json" for folder in (tmp_path / "one", tmp_path / "two")]
    assert written[0].read_bytes() == written[1].read_bytes()
    assert [read_lock(tmp_path / name).files for name in ("one", "two")] == [
        {"releases/xquad/xquad.en.json": {"sha256": sha256(written[0].read_bytes()), "bytes": written[0].stat().st_size,
                                          "url": f"google/xquad at {COMMIT}"}}
    ] * 2  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "one/releases/xquad").iterdir()) == ["xquad.en.json"]


def test_a_release_that_differs_from_the_locked_one_is_not_put_in_its_place(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = Hub("google/xquad", COMMIT, "squad", (Part("*.parquet", "xquad.en.json"),))
    from_hub(monkeypatch, site, hub, {"a.parquet": parquet(dict(QUESTIONS))})
    read_lock(tmp_path).record("releases/xquad/xquad.en.json", "0" * 64, 3, hub.place)
    with pytest.raises(CheckFailed, match=f"google/xquad at {COMMIT} gives another releases/xquad/xquad.en.json than"):
        fetch(["xquad"], tmp_path)
    assert not (tmp_path / "releases/xquad/xquad.en.json").exists()


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
    with pytest.raises(InputError, match="in a form that is not supported") as caught:
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
    for name, content, fault in (
        ("an/other", stream.getvalue(), "row 1, column `label`: class 7 of 3"),
        ("an/html", b"<html>", "not a parquet file"),
        ("an/damaged", parquet({**NLI, "premise": ["p" * 9000]})[:-5] + b"PAR1\n", "not a parquet file"),
    ):
        hub = Hub(name, COMMIT, "nli", (Part("*.parquet", "x.jsonl"),))
        from_hub(monkeypatch, site, hub, {"a.parquet": content})
        with pytest.raises(InputError, match=f"(?s){name} at {COMMIT}, a.parquet: .*{fault}"):
            fetch(["xquad"], tmp_path / name)


@pytest.mark.slow
def test_nobody_but_the_hub_is_asked_for_anything_and_torch_is_not_needed(site: Site, tmp_path: Path) -> None:
    """A process of its own: what is imported shows, and the hub is named as people name a mirror."""
    hub = SOURCES["squad_v2"].hub
    assert hub is not None
    features, row = LAYOUTS[hub.repository]
    file = parquet({name: [value] for name, value in row.items()}, datasets.Features(features))
    files = {part.pattern.replace("*", "0"): file for part in hub.parts}
    site.dataset(hub.repository, files, hub.revision, hub.revision)
    code = """
import socket, sys
from pathlib import Path
asked, known = set(), socket.getaddrinfo
def getaddrinfo(host, *arguments, **options):
    asked.add(host)
    return known(host, *arguments, **options)
socket.getaddrinfo = getaddrinfo
from xtreme_bench.data.fetch.corpora import fetch
print(fetch(["squad_v2"], Path(sys.argv[1])), asked, {"torch", "transformers"} & sys.modules.keys())
"""
    environment = {
        **os.environ,
        "HF_ENDPOINT": site.address,
        "HF_HOME": str(tmp_path / "cache"),
        "HF_TOKEN": "hf_secret",
    }
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "data")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    said = f"['squad_v2: from {hub.place}'] {{'127.0.0.1'}} set()\n"
    assert (done.stdout, done.returncode) == (said, 0), done.stderr
    assert site.tokens == set()


def test_another_commit_than_the_pinned_one_is_not_taken(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = Hub("google/xquad", COMMIT, "squad", (Part("*.parquet", "xquad.en.json"),))
    from_hub(monkeypatch, site, hub, {"a.parquet": b""}, told="f" * 40)
    with pytest.raises(StageError, match=f"the hub gives commit {'f' * 40} of google/xquad, not {COMMIT}"):
        fetch(["xquad"], tmp_path)


def test_a_file_of_the_hub_with_a_hostile_name_comes_to_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = Hub("google/xquad", COMMIT, "squad", (Part("*.parquet", "xquad.en.json"),))
    from_hub(monkeypatch, site, hub, {"../../evil.parquet": parquet(dict(QUESTIONS))})
    with pytest.raises(StageError, match=r"evil\.parquet does not come from the hub"):
        fetch(["xquad"], tmp_path / "data")
    assert not list(tmp_path.rglob("evil.parquet"))


def test_a_mirror_at_an_address_that_anyone_can_listen_to_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_hub(monkeypatch, "http://mirror.example")
    with pytest.raises(InputError, match=r"http://mirror\.example is not an HTTPS address"):
        fetch(["qqp"], tmp_path)


TEXT, NUMBER = datasets.Value("string"), datasets.Value("int32")
PAIR = {"premise": TEXT, "hypothesis": TEXT, "label": NLI_NAMES}
ANSWERED = {"context": TEXT, "question": TEXT, "answers": {"text": [TEXT], "answer_start": [NUMBER]}}
QUESTION_ROW = {"id": "q1", "context": "Ada came from Ulm", "question": "Where?",
                "answers": {"text": ["Ulm"], "answer_start": [14]}}  # fmt: skip
# What the columns of the data sets are called and hold at the commits that are pinned, and a row of each.
LAYOUTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "facebook/xnli": (PAIR, {"premise": "p", "hypothesis": "h", "label": 2}),
    "google-research-datasets/paws-x": (
        {"id": NUMBER, "sentence1": TEXT, "sentence2": TEXT, "label": datasets.ClassLabel(names=["0", "1"])},
        {"id": 7, "sentence1": 'a "b"', "sentence2": "c", "label": 1},
    ),
    "unimelb-nlp/wikiann": (
        {"tokens": [TEXT], "ner_tags": [TAG_NAMES], "langs": [TEXT], "spans": [TEXT]},
        {"tokens": ["Ulm", "liegt"], "ner_tags": [1, 0], "langs": ["de", "de"], "spans": ["LOC: Ulm"]},
    ),
    "google/xquad": ({"id": TEXT, **ANSWERED}, QUESTION_ROW),
    "rajpurkar/squad": ({"id": TEXT, "title": TEXT, **ANSWERED}, {**QUESTION_ROW, "title": "Ada"}),
    "rajpurkar/squad_v2": ({"id": TEXT, "title": TEXT, **ANSWERED}, {**QUESTION_ROW, "title": "Ada"}),
    "nyu-mll/multi_nli": (
        {"promptID": NUMBER, "pairID": TEXT, **PAIR, "genre": TEXT},
        {"promptID": 1, "pairID": "1e", "premise": "p", "hypothesis": "h", "label": 0, "genre": "fiction"},
    ),
    "stanfordnlp/snli": (PAIR, {"premise": "p", "hypothesis": "h", "label": 1}),
    "facebook/anli": (
        {"uid": TEXT, **PAIR, "reason": TEXT},
        {"uid": "u", "premise": "p", "hypothesis": "h", "label": 2, "reason": "r"},
    ),
    "nyu-mll/glue": (
        {"question1": TEXT, "question2": TEXT, "label": datasets.ClassLabel(names=["not_duplicate", "duplicate"]),
         "idx": NUMBER},
        {"question1": 'a "b', "question2": "c", "label": 1, "idx": 5},
    ),
    "Rowan/hellaswag": (
        {**dict.fromkeys(("activity_label", "ctx_a", "ctx_b", "ctx", "source_id"), TEXT), "ind": NUMBER,
         **dict.fromkeys(("split", "split_type", "label"), TEXT), "endings": [TEXT]},
        {"ind": 4, "activity_label": "a", "ctx_a": "He", "ctx_b": "she", "ctx": "He she", "source_id": "s",
         "endings": ["a", "b", "c", "d"], "split": "train", "split_type": "indomain", "label": "3"},
    ),
    "tau/commonsense_qa": (
        {"id": TEXT, "question": TEXT, "question_concept": TEXT, "choices": {"label": [TEXT], "text": [TEXT]},
         "answerKey": TEXT},
        {"id": "i", "question": "q", "question_concept": "c", "answerKey": "B",
         "choices": {"label": ["A", "B"], "text": ["x", "y"]}},
    ),
}  # fmt: skip


FEW = ("en", "de")  # the same thing in forty languages takes seconds


def _in_few_languages(source: Source) -> Source:
    assert source.hub is not None
    return replace(source, hub=replace(source.hub, parts=tuple(p for p in source.hub.parts if p.language in FEW)))


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of all that the hub has, fetched from the pinned commits in the layouts that are recorded."""
    folder = tmp_path_factory.mktemp("hub")
    wanted = [name for name, source in SOURCES.items() if source.hub]
    with pytest.MonkeyPatch.context() as patch, serving() as site:
        use_hub(patch, site.address, folder / "cache")
        for name in wanted:
            patch.setitem(SOURCES, name, _in_few_languages(SOURCES[name]))
        for hub in (source.hub for source in SOURCES.values() if source.hub):
            features, row = LAYOUTS[hub.repository]
            file = parquet({name: [value] for name, value in row.items()}, datasets.Features(features))
            files = {part.pattern.replace("*", "00000-of-00001"): file for part in hub.parts}
            site.dataset(hub.repository, files, hub.revision, hub.revision)
        said = fetch(wanted, folder / "data", origin="hub")
        assert sorted(line.split(": from ")[0] for line in said if ": from " in line) == sorted(wanted)
        prepare([folder / "data" / "releases"], folder / "data", folder / "labels")
    return folder / "data"


def test_what_is_made_from_the_hub_is_what_the_readers_of_the_releases_read(everything: Path) -> None:
    row = next(intermediate.read(everything, "qqp", "train"))
    assert (row.id, row.text_a, row.text_b, row.label) == ("5", 'a "b', "c", "1")  # type: ignore[union-attr]
    labels = [row.label for row in intermediate.read(everything, "anli_plus", "train")]  # type: ignore[union-attr]
    assert labels == ["neutral", "entailment", *["contradiction"] * 3]
    (choice,) = intermediate.read(everything, "hellaswag", "dev")
    assert choice.label == 3  # type: ignore[union-attr]
    for task in ("mnli", "commonsenseqa", "squad_v1", "squad_v2"):
        assert list(intermediate.read(everything, task, "train"))
    assert list(targets.read_test(everything, "panx", "de"))
    for task in ("xnli", "pawsx", "xquad"):
        assert all(list(targets.read_test(everything, task, code)) for code in FEW)
    for code in FEW:
        assert list(intermediate.read(everything, "mnli", "train", code))
        assert list(intermediate.read(everything, "mnli", "dev", code))


@pytest.mark.parametrize("task", ["xnli", "pawsx", "panx", "xquad"])
def test_all_languages_of_a_target_come_from_the_hub(task: str) -> None:
    hub = SOURCES[task].hub
    assert hub is not None
    for form in {part.form for part in hub.parts}:
        assert {part.language for part in hub.parts if part.form == form} == set(TASKS[task].languages)


def test_fetched_again_nothing_is_asked_for_and_everything_is_held_to_the_lock(everything: Path) -> None:
    assert fetch(["qqp", "anli"], everything)
    (everything / "releases/qqp/train.tsv").write_text("changed")
    with pytest.raises(CheckFailed, match=r"train\.tsv has changed since it was fetched"):
        fetch(["qqp"], everything)
