"""The retrieval stage on corpora whose translations are known: the foreign side repeats the English words."""

import dataclasses
import json
import shutil
import subprocess
import sys

import pytest
import torch
from made_up_run import BESIDE_FP32, LAYERED, MINED, PRECISION, RETRIEVED
from tiny_encoder import LAYERS, TEXTS, export_tiny_encoder, save_tiny_encoder

from xtreme_bench.errors import InputError, StageError
from xtreme_bench.files import write_json
from xtreme_bench.official.params import Score
from xtreme_bench.retrieval import export as onnx_export
from xtreme_bench.retrieval import precision
from xtreme_bench.retrieval import retrieve as retrieval
from xtreme_bench.retrieval.layers import score_chosen, score_layers
from xtreme_bench.retrieval.params import Precision, Retrieve
from xtreme_bench.retrieval.retrieve import retrieve
from xtreme_bench.stage.job import Job

ENGLISH = sorted(f"{text} {end}" for text in TEXTS for end in ("today", "again", "at last"))
DISTRACTORS = [f"{' '.join(text.split()[::-1])} {at}" for at, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_tiny_encoder(tmp_path_factory.mktemp("encoder"))


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def make_tatoeba(data, language, shift):
    """Foreign line i is the translation of English line i + shift."""
    write(data / f"tatoeba/{language}-en.en", ENGLISH)
    write(data / f"tatoeba/{language}-en.{language}", ENGLISH[shift:] + ENGLISH[:shift])


def make_bucc(data, split, gold):
    """Foreign sentence 2i+1 says what English sentence i says; one more text occurs twice on the foreign side."""
    foreign = [line for pair in zip(DISTRACTORS, ENGLISH, strict=False) for line in pair]
    foreign += ["he said it twice", "he said it twice"]
    english = [*ENGLISH[: len(DISTRACTORS)], "he said it twice", "something else entirely was written here"]
    write(data / f"bucc2018/de-en.{split}.de", [f"de-{at:09d}\t{text}" for at, text in enumerate(foreign)])
    write(data / f"bucc2018/de-en.{split}.en", [f"en-{at:09d}\t{text}" for at, text in enumerate(english)])
    pairs = [f"de-{2 * at + 1:09d}\ten-{at:09d}" for at in range(len(DISTRACTORS))]
    if gold:
        write(data / f"bucc2018/de-en.{split}.gold", pairs)
    return pairs


def job(tmp_path, encoder, export=None, progress=None, **params):
    given = {
        "task": "bucc2018",
        "layer": 2,
        "pooling": "mean",
        "max_length": 64,
        "precision": "fp32",
        "min_cosine": None,
        "threads": 1,
    }
    given |= {"provider": "onnxruntime" if export else "torch", "device": "cpu"}
    out, work = tmp_path / "out", tmp_path / "work"
    out.mkdir(exist_ok=True)
    work.mkdir(exist_ok=True)
    inputs = {"data": tmp_path / "data", "encoder": encoder} | ({"export": export} if export else {})
    told = progress or (lambda done, total, what: None)
    return Job(Retrieve(**given | params), inputs, out, work, told)


def test_tatoeba_predicts_the_line_of_each_english_sentence(tmp_path, encoder):
    make_tatoeba(tmp_path / "data", "de", shift=7)
    make_tatoeba(tmp_path / "data", "sw", shift=1)
    facts = retrieve(job(tmp_path, encoder, task="tatoeba", languages=["de", "sw"]))
    n = len(ENGLISH)
    for language, shift in (("de", 7), ("sw", 1)):
        lines = (tmp_path / "out" / f"test-{language}.tsv").read_bytes().decode()
        assert lines == "".join(f"{(at - shift) % n}\n" for at in range(n))
    side = {"sentences": n, "distinct": n, "cut": 0, "empty": 0}
    assert facts["languages"] == {name: {"foreign": side, "english": side} for name in ("de", "sw")}
    assert facts["distinct"] == n
    assert (facts["layer"], facts["pooling"]) == (2, "mean")
    assert facts["provider"].startswith("torch ")


def test_bucc_tunes_the_threshold_on_dev_and_predicts_test_pairs_best_first(tmp_path, encoder):
    make_bucc(tmp_path / "data", "dev", gold=True)
    pairs = make_bucc(tmp_path / "data", "test", gold=False)
    facts = retrieve(job(tmp_path, encoder, task="bucc2018", languages=["de"]))
    found = facts["languages"]["de"]
    assert {*RETRIEVED} <= {*facts}
    assert {*MINED} <= {*found}
    assert found["dev_f1"] == found["dev_precision"] == found["dev_recall"] == 100
    assert found["threshold"] > 1
    lines = (tmp_path / "out" / "test-de.tsv").read_text(encoding="utf-8").splitlines()
    assert sorted(lines) == pairs
    assert lines != pairs
    assert found["pairs"] == len(pairs)
    assert found["test"]["foreign"] == {"sentences": 22, "distinct": 21, "cut": 0, "empty": 0}
    assert found["test"]["english"] == {"sentences": 12, "distinct": 12, "cut": 0, "empty": 0}


def test_how_pairs_were_mined_is_said_as_it_was_done(tmp_path, encoder, monkeypatch):
    make_bucc(tmp_path / "data", "dev", gold=True)
    make_bucc(tmp_path / "data", "test", gold=False)
    other, asked, mine = {"margin": "distance", "neighborhood": 2}, [], retrieval.mining.mine
    monkeypatch.setattr(retrieval, "SEARCH", other)
    monkeypatch.setattr(retrieval.mining, "mine", lambda *sides, **how: asked.append(how) or mine(*sides, **how))
    facts = retrieve(job(tmp_path, encoder, task="bucc2018", languages=["de"]))
    assert {name: facts[name] for name in other} == other
    assert [{name: how[name] for name in other} for how in asked] == [other, other]


def test_cut_sentences_are_counted_per_language_and_side(tmp_path, encoder, warned):
    make_tatoeba(tmp_path / "data", "de", shift=0)
    facts = retrieve(job(tmp_path, encoder, task="tatoeba", languages=["de"], max_length=8))
    cut = facts["languages"]["de"]["english"]["cut"]
    assert 0 < cut <= len(ENGLISH)
    assert f"cut to 8 tokens: {cut} of {len(ENGLISH)} sentences" in "\n".join(warned)
    assert facts["summary"] == f"{2 * cut} of {2 * len(ENGLISH)} sentences truncated to 8 tokens"


def test_progress_names_the_work(tmp_path, encoder):
    make_bucc(tmp_path / "data", "dev", gold=True)
    make_bucc(tmp_path / "data", "test", gold=False)
    seen = []
    told = lambda done, total, what: seen.append(what)  # noqa: E731
    retrieve(job(tmp_path, encoder, progress=told, task="bucc2018", languages=["de"]))
    assert list(dict.fromkeys(seen)) == [
        "bucc2018: preparing the encoder",
        "bucc2018: sentences",
        "bucc2018 de dev: mining",
        "bucc2018 de test: mining",
    ]


def test_an_unknown_task_is_answered_with_the_nearest(tmp_path, encoder):
    with pytest.raises(InputError, match="'tatoba' is not a retrieval task; did you mean 'tatoeba'"):
        retrieve(job(tmp_path, encoder, task="tatoba", languages=["de"]))


def test_onnx_runtime_predicts_what_torch_predicts(tmp_path, encoder):
    make_bucc(tmp_path / "data", "dev", gold=True)
    make_bucc(tmp_path / "data", "test", gold=False)
    retrieve(job(tmp_path, encoder, task="bucc2018", languages=["de"]))
    expected = (tmp_path / "out" / "test-de.tsv").read_text(encoding="utf-8").splitlines()
    export = export_tiny_encoder(encoder, tmp_path / "export")
    facts = retrieve(job(tmp_path, encoder, export, task="bucc2018", languages=["de"]))
    assert sorted((tmp_path / "out" / "test-de.tsv").read_text(encoding="utf-8").splitlines()) == sorted(expected)
    assert facts["provider"].endswith(" CPUExecutionProvider")


def test_sentences_that_sides_and_languages_share_are_embedded_once(tmp_path, encoder):
    make_bucc(tmp_path / "data", "dev", gold=True)
    make_bucc(tmp_path / "data", "test", gold=False)
    facts = retrieve(job(tmp_path, encoder, task="bucc2018", languages=["de"]))
    assert facts["distinct"] == 22  # dev and test are the same sentences here; one English one is no foreign one


def test_int8_says_how_far_it_is_from_fp32_and_what_it_costs_on_tatoeba(tmp_path, encoder):
    make_tatoeba(tmp_path / "data", "de", shift=7)
    make_tatoeba(tmp_path / "data", "sw", shift=1)
    export = export_tiny_encoder(encoder, tmp_path / "export", precision="int8", min_cosine=0.9)
    settings = {"task": "tatoeba", "languages": ["de", "sw"], "precision": "int8", "min_cosine": 0.9}
    facts = retrieve(job(tmp_path, encoder, export, **settings))
    assert facts["precision"] == "int8"
    assert {*BESIDE_FP32} <= {*facts["fp32"]}
    assert facts["fp32"]["sentences"] == 4 * len(ENGLISH)
    assert 0.9 < facts["fp32"]["min_cosine"] < 0.9999999
    assert facts["fp32"]["same_neighbour"] == {"de": 100, "sw": 100}
    n = len(ENGLISH)
    gold = [str((at - 7) % n) for at in range(n)]
    write(tmp_path / "labels/tatoeba/test-de.tsv", ["0" if gold[0] != "0" else "1", *gold[1:]])
    inputs = {"labels": tmp_path / "labels", "predictions": tmp_path / "out"}
    cost = precision.compare(Job(Precision("int8", ("de",)), inputs, tmp_path, tmp_path))
    right = 100 * (n - 1) / n
    assert cost.keys() == PRECISION.keys()
    assert cost == {"tatoeba_accuracy": {"de": {"fp32": right, "int8": right}}, "mean_change": 0}
    write(tmp_path / "labels/tatoeba/test-de.tsv", ["0"] * 3)
    with pytest.raises(InputError, match=f"test-de.tsv: 3 labels, but the data has {len(ENGLISH)} sentences"):
        precision.compare(Job(Precision("int8", ("de",)), inputs, tmp_path, tmp_path))


def test_a_lower_precision_is_compared_on_whole_languages_of_tatoeba_up_to_a_number(tmp_path, encoder, monkeypatch):
    monkeypatch.setattr(retrieval, "SAMPLE", 5)
    make_tatoeba(tmp_path / "data", "de", shift=7)
    make_tatoeba(tmp_path / "data", "sw", shift=1)
    settings = {"task": "tatoeba", "languages": ["sw", "de"], "precision": "bf16", "min_cosine": 0.9}
    facts = retrieve(job(tmp_path, encoder, **settings))
    assert list(facts["fp32"]["same_neighbour"]) == ["sw"]


@pytest.mark.parametrize("task", ["tatoeba", "bucc2018"])
def test_vectors_below_the_recipes_bound_are_an_error(tmp_path, encoder, task):
    make_tatoeba(tmp_path / "data", "de", shift=7)
    make_bucc(tmp_path / "data", "dev", gold=True)
    make_bucc(tmp_path / "data", "test", gold=False)
    settings = {"task": task, "languages": ["de"], "precision": "bf16", "min_cosine": 0.9999999}
    with pytest.raises(StageError, match=f"bf16 on .*{task} differs too much from torch in fp32: lowest cosine 0.99"):
        retrieve(job(tmp_path, encoder, **settings))


@pytest.mark.slow
def test_retrieval_is_imported_where_onnx_runtime_is_not_installed():
    code = "import sys; sys.modules.update(onnx=None, onnxruntime=None); import xtreme_bench.retrieval.layers"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("provider", ["torch", "onnxruntime"])
def test_every_layer_is_scored_on_development_pairs_in_one_pass(tmp_path, encoder, provider):
    make_bucc(tmp_path / "data", "dev", gold=True)
    export = export_tiny_encoder(encoder, tmp_path / "export", layer=None) if provider == "onnxruntime" else None
    seen = []
    told = lambda done, total, what: seen.append(what)  # noqa: E731
    facts = score_layers(job(tmp_path, encoder, export, progress=told, languages=["de"], layer=None))
    assert {*LAYERED} <= {*facts}
    assert facts["chosen"] == 0
    assert json.loads((tmp_path / "out/layers.json").read_text()) == {"layer": 0}
    assert facts["bucc2018_dev_f1"]["de"] == [100] * (LAYERS + 1)
    assert facts["provider"].startswith(provider)
    assert seen[-1] == f"de: mining with layer {LAYERS}"
    assert sum("sentences at every layer" in what for what in dict.fromkeys(seen)) == 2
    # Another run finds the language done and needs no vectors.
    assert not (tmp_path / "work" / "de").exists()
    assert score_layers(job(tmp_path, encoder, export, languages=["de"], layer=None)) == facts


def test_retrieval_at_the_chosen_layer_is_retrieval_at_that_layer_and_is_scored_beside_it(tmp_path, encoder):
    make_tatoeba(tmp_path / "data", "de", shift=7)
    (tmp_path / "chosen").mkdir()
    write_json(tmp_path / "chosen" / "layers.json", {"layer": 1})
    plain = retrieve(job(tmp_path, encoder, task="tatoeba", languages=["de"], layer=1))
    expected = (tmp_path / "out/test-de.tsv").read_bytes()
    given = job(tmp_path, encoder, task="tatoeba", languages=["de"], layer=None)
    given = dataclasses.replace(given, inputs={**given.inputs, "layers": tmp_path / "chosen"})
    assert retrieve(given) == plain
    assert (plain["layer"], (tmp_path / "out/test-de.tsv").read_bytes()) == (1, expected)
    write(tmp_path / "labels/tatoeba/test-de.tsv", [(at - 7) % len(ENGLISH) for at in range(len(ENGLISH))])
    inputs = {"labels": tmp_path / "labels", "layers": tmp_path / "chosen", "tatoeba": tmp_path / "out"}
    facts = score_chosen(Job(Score({"tatoeba": ("de",)}), inputs, tmp_path / "out", tmp_path / "work"))
    assert (facts["layer"], facts["averages"]["tatoeba"]) == (1, 100)
    assert facts["scores"]["tatoeba"]["accuracy"] == {"de": 100}


@pytest.fixture(params=["retrieve", "layers"])
def embedding(request, tmp_path, encoder):
    """A stage that embeds by ONNX Runtime, and the folder of its export."""
    make_bucc(tmp_path / "data", "dev", gold=True)
    make_bucc(tmp_path / "data", "test", gold=False)
    layer = 2 if request.param == "retrieve" else None
    export = export_tiny_encoder(encoder, tmp_path / "export", layer=layer, pooling="mean")
    stage = retrieve if request.param == "retrieve" else score_layers
    return stage, job(tmp_path, encoder, export, task="bucc2018", languages=["de"], device="auto", layer=layer), export


def made_for(export, device):
    graph = json.loads((export / "export.json").read_text())
    (export / "export.json").write_text(json.dumps(graph | {"device": device}))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_an_export_that_a_machine_with_a_gpu_made_is_made_again_where_there_is_none(embedding, tmp_path):
    stage, given, export = embedding
    expected = stage(given)
    shutil.rmtree(tmp_path / "work")
    (tmp_path / "work").mkdir()
    made_for(export, "cuda")
    assert stage(given) == expected
    assert json.loads((export / "export.json").read_text())["device"] == "cuda"  # what is in the store is left alone


def test_an_export_that_a_machine_without_a_gpu_made_is_made_again_where_there_is_one(embedding, tmp_path, monkeypatch):
    stage, given, _ = embedding
    exported = []

    def export(job):
        exported.append(job.out)
        raise StageError("made for the GPU")

    monkeypatch.setattr(onnx_export, "onnx_device", lambda wanted: "cuda")
    monkeypatch.setattr(onnx_export, "export", export)
    with pytest.raises(StageError, match="made for the GPU"):
        stage(given)
    assert exported == [tmp_path / "work/export"]


def test_half_an_export_of_a_killed_stage_is_not_taken_for_a_whole_one(embedding, tmp_path):
    stage, given, export = embedding
    expected = stage(given)
    made_for(export, "cuda")
    given = dataclasses.replace(given, params=dataclasses.replace(given.params, device="cpu"))
    (tmp_path / "work/export").mkdir()
    (tmp_path / "work/export/encoder.onnx").write_text("half")
    assert stage(given) == expected
