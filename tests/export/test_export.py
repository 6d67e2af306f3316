"""What others take over from a run: a model folder and predictions for the hub, with cards that the hub can read."""

from __future__ import annotations

import base64
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from command import call
from huggingface_hub import DatasetCard, ModelCard, constants
from made_up_run import RAN
from small_bundle import LABELS, PREDICTIONS, manifest, put, put_bundle, recipe_of
from tiny_encoder import save_tiny_encoder

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.manifest import trained_on, zero_shot
from xtreme_bench.bundle.write import write
from xtreme_bench.errors import InputError, StageError
from xtreme_bench.export import folders, licences, push
from xtreme_bench.export.encoder import chosen, encoders
from xtreme_bench.export.run import read
from xtreme_bench.files import Digests, digest
from xtreme_bench.intermediate import CORPORA
from xtreme_bench.official.scores import score_files
from xtreme_bench.plan.stages import plan
from xtreme_bench.stage.stage import Folder
from xtreme_bench.stage.store import Store
from xtreme_bench.training import encoder as encoders_of
from xtreme_bench.training import learned

HUB = {"name": "FacebookAI/xlm-roberta-large", "revision": "c" * 40}
INTERMEDIATE = {"tasks": {"mnli": {"languages": ["en", "de"]}, "anli_plus": {}}}


def bundle_of(folder: Path, encoder: str = "intermediate training (small)", **changes: Any) -> tuple[Path, Store]:
    """A bundle whose manifest names the finished stage of a store that holds a (not working) encoder."""
    changes = {"model": {"hub": HUB}, "intermediate": INTERMEDIATE} | changes
    store = Store(folder / "store")
    key = put_stage(store, {"config.json": "{}", "model.safetensors": "weights", "tokenizer.json": "{}"})
    recipe = recipe_of(**changes)
    values = recipe.to_dict()
    wanted = {file: text for file, text in PREDICTIONS.items() if file.partition("/")[0] in recipe.targets}
    labels, predictions = put(folder / "labels", dict(LABELS)), put(folder / "predictions", wanted)
    covered = {task: target.languages for task, target in recipe.targets.items()}
    scores = score_files(lambda task, code: (predictions / TASKS[task].file(code)).read_bytes(), labels, covered)
    stages = [{"kind": "intermediate", "name": encoder, "key": key}]
    content = manifest(stages=stages, scores=scores, trained_on=trained_on(recipe), zero_shot=zero_shot(recipe))
    content |= {"recipe": values, "model": values["model"]}
    return write(folder / "small", content, {path.name: path for path in predictions.iterdir()}), store


def put_stage(store: Store, files: dict[str, Any], /, changes: dict[str, Any] | None = None, **more: Any) -> str:
    """A finished stage with these outputs; returns its key."""
    described = {"schema_version": 1, "kind": "intermediate", "params": {}, "rows": {}, "inputs": {}, "image": None}
    described |= {"versions": {}, "code": {}, **(changes or {})}
    key = digest(described)
    put(store.partial(key) / "out", files)
    store.commit(key, {**described, "name": "x", "files": {}, "facts": {}, "seconds": 1.5, "ran": RAN, **more})
    return key


def test_a_model_folder_has_the_encoder_and_a_card_that_the_hub_reads(tmp_path: Path) -> None:
    bundle, store = bundle_of(tmp_path)
    model, _ = folders.write(bundle, tmp_path / "out", store, name="org/small")
    assert sorted(path.name for path in model.iterdir()) == [
        "README.md", "config.json", "manifest.json", "model.safetensors", "tokenizer.json"
    ]  # fmt: skip
    card = ModelCard.load(model / "README.md")
    assert card.data.base_model == HUB["name"]
    assert card.data.license == "mit"
    assert card.data.language == ["de", "en", "sw"]
    assert card.data.datasets == ["facebook/anli", "nyu-mll/multi_nli", "stanfordnlp/snli"]
    found = {(one.dataset_name, one.metric_type): one.metric_value for one in card.data.eval_results}
    assert found["xnli, German", "accuracy"] == 60.0
    assert found["xquad, German", "f1"] == 62.5
    assert {one.task_type for one in card.data.eval_results} == {
        "text-classification", "token-classification", "question-answering", "sentence-similarity"
    }  # fmt: skip


def test_the_card_shows_what_is_zero_shot_and_the_training_data_with_licences(tmp_path: Path) -> None:
    bundle, store = bundle_of(tmp_path, intermediate=INTERMEDIATE | {"mlm": {"languages": ["sw"]}})
    model, _ = folders.write(bundle, tmp_path / "out", store)
    text = (model / "README.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert ["de German", "60.0*", "75.0*"] in [row[:3] for row in rows]  # mnli was read in German
    assert "Retrieval took those of layer 1 (pooling `mean`)." in text
    assert ["sw Swahili", "50.0"] in [[row[0], row[7]] for row in rows if row[7:]]
    assert ["text", "intermediate training, masked", "sw", "that of the user's own texts"] in rows
    assert ["anli", "intermediate training", "en", "CC BY-NC 4.0"] in rows
    assert ["mnli", "intermediate training", "de en"] in [row[:3] for row in rows]  # also a part of anli_plus
    assert "$ xtreme-bench run small --seed 1 --data <folder of the corpora>" in text


def test_a_manifest_cannot_put_lines_of_its_own_into_the_card(tmp_path: Path) -> None:
    run = read(put_bundle(tmp_path, overrides=["seed=1", "description=x\n```\n# Click here"]))
    assert run.command.startswith("xtreme-bench run small --set seed=1 --set 'description=x<U+000A>```<U+000A># Click")


def test_predictions_are_a_data_set_with_a_configuration_for_each_task(tmp_path: Path) -> None:
    bundle, store = bundle_of(tmp_path)
    _, predictions = folders.write(bundle, tmp_path / "out", store)
    card = DatasetCard.load(predictions / "README.md")
    for config in card.data.configs:
        for file in config["data_files"]:
            assert (predictions / file["path"]).is_file()
    assert len(card.data.configs) == 9

    def rows(name: str) -> list[Any]:
        return [json.loads(line) for line in (predictions / name).read_text().splitlines()]

    assert rows("xnli/de.jsonl")[0] == {"index": 0, "prediction": "contradiction"}
    assert rows("panx/de.jsonl")[1] == {"index": 1, "tags": ["O", "B-LOC"]}
    assert rows("xquad/de.jsonl")[1] == {"id": "q2", "answer": "Berlin"}
    assert rows("bucc2018/de.jsonl")[0] == {"sentence": "de-000000001", "english": "en-000000004"}
    assert rows("tatoeba/de.jsonl")[0] == {"index": 0, "english_index": 2}


def test_every_corpus_has_a_licence() -> None:
    assert licences.CORPORA.keys() == TASKS.keys() | {row.name for row in CORPORA.values() if not row.parts}


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({}, None, "intermediate"),
        ({}, "squad", "squad"),
        ({"intermediate": None}, None, "name one that it fine-tuned with --encoder: xnli, pawsx"),
        ({}, "xnly", "no encoder 'xnly'; did you mean 'xnli'"),
    ],
)
def test_the_encoder_is_the_shared_one_or_the_one_that_is_named(
    tmp_path: Path, changes: dict[str, Any], name: str | None, expected: str
) -> None:
    changes = {key: value for key, value in ({"intermediate": INTERMEDIATE} | changes).items() if value}
    run = read(put_bundle(tmp_path, recipe=recipe_of(model={"hub": HUB}, **changes).to_dict()))
    if " " in expected:
        with pytest.raises(InputError, match=expected):
            chosen(run, name)
    else:
        assert chosen(run, name).name == expected
        assert encoders(run)["squad"].tasks == ("xquad", "mlqa")


def test_the_stages_of_encoders_have_the_names_that_plans_give_them(tmp_path: Path) -> None:
    scratch = {"model": {"scratch": {"layers": 2}}, "pretraining": {"steps": 10, "languages": ["en"]}}
    recipe = recipe_of(**scratch, intermediate=INTERMEDIATE)
    planned = {stage.name for stage in plan(recipe, data=tmp_path, digests=Digests(tmp_path / "digests")).stages}
    run = read(put_bundle(tmp_path, recipe=recipe.to_dict()))
    assert len(encoders(run)) == 8
    assert {encoder.stage for encoder in encoders(run).values()} <= planned


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("gone", "lacks the stage `intermediate training .small.` of this bundle"),
        ("changed", "has changed since the stage was finished"),
        ("other name", "has no key of the stage"),
        ("not empty", "not empty; give a new folder"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_leaves_nothing(tmp_path: Path, fault: str, message: str) -> None:
    bundle, store = bundle_of(tmp_path, **({"encoder": "odd"} if fault == "other name" else {}))
    to = tmp_path / "out"
    if fault == "gone":
        store = Store(tmp_path / "elsewhere")
    elif fault == "changed":
        next(store.root.glob("stages/*/out/config.json")).write_text("{ }")
    elif fault == "not empty":
        put(to, {"mine.txt": "mine"})
    with pytest.raises(InputError, match=message):
        folders.write(bundle, to, store)
    assert fault == "not empty" or not to.exists()
    assert not to.with_name(".out.writing").exists()


@pytest.mark.slow
def test_transformers_loads_the_folder_and_datasets_its_predictions(tmp_path: Path) -> None:
    from datasets import load_dataset
    from transformers import AutoModel, AutoTokenizer

    bundle, store = bundle_of(tmp_path)
    out = next(store.root.glob("stages/*/out"))
    save_tiny_encoder(tmp_path / "encoder")
    store.discard(out.parent.name)
    put_stage(store, {path.name: path.read_bytes() for path in (tmp_path / "encoder").iterdir()})
    model, predictions = folders.write(bundle, tmp_path / "out", store)
    loaded = AutoModel.from_pretrained(model)
    found = loaded(**AutoTokenizer.from_pretrained(model)("the red bird", return_tensors="pt"))
    assert found.last_hidden_state.shape[2] == loaded.config.hidden_size == 32
    rows = load_dataset(str(predictions), "xnli", split="de", cache_dir=str(tmp_path / "cache"))
    assert rows["prediction"][:3] == ["contradiction", "entailment", "neutral"]


def finetuned(folder: Path, place: str) -> tuple[Path, Store, dict[str, Path]]:
    """A bundle with a fine-tuned encoder in its store; what that began with is there too or in a folder outside."""
    bundle, store = bundle_of(folder, encoder="fine-tune xnli (small)", intermediate=None)
    begun_with, out = folder / "encoder", folder / "trained"
    save_tiny_encoder(begun_with)
    out.mkdir()
    encoder = encoders_of.load(begun_with)
    with torch.no_grad():
        next(encoder.model.parameters()).add_(1)
    learned.save(out, encoder)
    encoders_of.save(folder / "expected", encoder)
    files = {path.name: path.read_bytes() for path in begun_with.iterdir()}
    outside = Folder.digested(begun_with, files, Digests(folder / "digests.json"))
    key = put_stage(store, files) if place == "store" else outside.key
    mine = {path.name: path.read_bytes() for path in out.iterdir()} | {"head.json": "{}", "head.safetensors": "head"}
    more = {"files": {"encoder": dict(outside.files)}, "places": {"encoder": str(begun_with)}}
    finetuning = put_stage(
        store, mine, {"kind": "finetune", "inputs": {"encoder": key}}, **(more if place == "outside" else {})
    )
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["stages"][0]["key"] = finetuning
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    return bundle, store, {"outside": begun_with, "store": store.out(key), "expected": folder / "expected"}


@pytest.mark.parametrize("place", ["store", "outside"])
def test_a_fine_tuned_encoder_is_joined_with_the_one_that_it_began_with(tmp_path: Path, place: str) -> None:
    bundle, store, places = finetuned(tmp_path, place)
    model, _ = folders.write(bundle, tmp_path / "out", store, which="xnli")
    assert {path.name for path in model.iterdir()} == {
        *(path.name for path in places["expected"].iterdir()), "README.md", "manifest.json", "head.json",
        "head.safetensors",
    }  # fmt: skip
    for file in places["expected"].iterdir():
        assert (model / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("place", "fault", "message"),
    [
        ("store", "changed", "has changed since the stage was finished"),
        ("store", "gone", "the encoder that it began with is gone: stage .*; make it again: xtreme-bench run "),
        ("outside", "changed", "the encoder that it began with has changed since: .*/encoder"),
        ("outside", "gone", "the encoder that it began with is gone: .*/encoder"),
    ],
)
def test_a_fine_tuned_encoder_without_the_one_that_it_began_with_is_refused(
    tmp_path: Path, place: str, fault: str, message: str
) -> None:
    bundle, store, places = finetuned(tmp_path, place)
    if fault == "gone":
        shutil.rmtree(places[place].parent if place == "store" else places[place])
    else:
        (places[place] / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match=message):
        folders.write(bundle, tmp_path / "out", store, which="xnli")
    assert not (tmp_path / "out").exists()


class _Hub(BaseHTTPRequestHandler):
    """As much of the hub as an upload of small files needs."""

    committed: dict[str, dict[str, bytes]]
    tokens: set[str]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.tokens.add(self.headers["Authorization"])
        address = f"http://{self.headers['Host']}"
        path = self.path.partition("?")[0]
        if self.status != 200:
            return self._send({"error": "not for you"}, self.status)
        if path == "/api/repos/create":
            asked = json.loads(body)
            kind = "datasets/" if asked.get("type") == "dataset" else ""
            return self._send({"url": f"{address}/{kind}{asked.get('organization', 'me')}/{asked['name']}"})
        if path.endswith("/preupload/main"):
            files = json.loads(body)["files"]
            return self._send(
                {"files": [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in files]}
            )
        if path.endswith("/commit/main"):
            lines = [json.loads(line) for line in body.splitlines()]
            files = [line["value"] for line in lines if line["key"] == "file"]
            self.committed[path] = {one["path"]: base64.b64decode(one["content"]) for one in files}
            place = path.removeprefix("/api").removeprefix("/models").removesuffix("/main")
            return self._send({"commitUrl": f"{address}{place}/{'a' * 40}", "commitOid": "a" * 40})
        return self._send({})

    def do_GET(self) -> None:
        self._send({"sha": "b" * 40, "siblings": [], "id": "x"})

    def _send(self, value: Any, status: int = 200) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        """Nothing on the terminal."""


@contextmanager
def hub(monkeypatch: pytest.MonkeyPatch, status: int = 200) -> Iterator[type[_Hub]]:
    """A hub on this machine, which the client talks to with a token."""
    handler = type("Handler", (_Hub,), {"committed": {}, "tokens": set(), "status": status})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_made_up")
    try:
        yield handler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_push_uploads_the_model_and_its_predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle, store = bundle_of(tmp_path)
    with hub(monkeypatch) as server:
        done = call(
            "export", str(bundle), "--to", str(tmp_path / "out"), "--store", str(store.root), "--push", "me/small"
        )
    assert done.returncode == 0, done.stderr
    model = server.committed["/api/models/me/small/commit/main"]
    assert model["model.safetensors"] == b"weights"
    assert b"\nmodel-index:\n- name: me/small\n" in model["README.md"]
    assert "tatoeba/de.jsonl" in server.committed["/api/datasets/me/small-predictions/commit/main"]
    assert server.tokens == {"Bearer hf_made_up"}
    assert f"commit {'a' * 40}" in done.stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offline": True}, "HF_HUB_OFFLINE is set"),
        ({"token": None}, "needs a token of the hub: run `hf auth login`, or set HF_TOKEN"),
        ({"name": "me/../small"}, "is not a name on the hub"),
        ({"name": f"me/{'x' * 90}"}, "is not a name on the hub"),  # too long with `-predictions`
        ({"endpoint": "http://hub.example"}, "http://hub.example is not an HTTPS address: nothing is"),
    ],
)
def test_push_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], message: str
) -> None:
    bundle, store = bundle_of(tmp_path)
    change = {"offline": False, "token": "hf_x", "endpoint": "https://hub.example", "name": "me/small"} | change
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", change["offline"])
    monkeypatch.setattr(constants, "ENDPOINT", change["endpoint"])
    monkeypatch.setattr(push, "get_token", lambda: change["token"])
    out = str(tmp_path / "out")
    done = call("export", str(bundle), "--to", out, "--store", str(store.root), "--push", change["name"])
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_hub_that_refuses_or_is_away_is_an_error_and_the_folders_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, store = bundle_of(tmp_path)
    made = folders.write(bundle, tmp_path / "out", store)
    with hub(monkeypatch, status=403), pytest.raises(InputError, match="the hub refuses me/small: .*403"):
        push.push(*made, "me/small", print)
    with pytest.raises(StageError, match="not uploaded: .* `hf upload me/small .*/model --repo-type model`"):
        push.push(*made, "me/small", print)
    assert made[0].is_dir()


def test_a_run_on_the_built_in_corpora_says_so(tmp_path: Path) -> None:
    scratch = {"model": {"scratch": {"layers": 2}}, "pretraining": {"steps": 10, "languages": ["en", "de"]}}
    bundle, store = bundle_of(
        tmp_path, data={"source": "miniature"}, targets={"xnli": {"languages": ["de", "en"]}}, **scratch
    )
    model, _ = folders.write(bundle, tmp_path / "out", store)
    card = ModelCard.load(model / "README.md")
    assert card.data.datasets is None or card.data.datasets == []
    assert "These are scores on the built-in corpora" in card.text


def test_a_bundle_whose_predictions_are_not_those_of_its_recipe_is_refused(tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path, recipe={"targets": {"pawsx": {"languages": ["de"]}}})
    with pytest.raises(InputError, match=r"(?s)not those of its recipe.*xnli/test-de.tsv: .*not a target"):
        read(bundle)
    for file in PREDICTIONS:
        (bundle / file).unlink()
    with pytest.raises(InputError, match="no predictions"):
        read(bundle)


def test_the_current_folder_cannot_become_an_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(InputError, match="give a new folder"), folders.fresh(Path()):
        pass
