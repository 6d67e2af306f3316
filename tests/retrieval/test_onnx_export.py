"""The exported graph beside the torch model it comes from: every layer, pooling and precision, and the gate."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from tiny_encoder import LAYERS, WIDTH, export_tiny_encoder, save_tiny_encoder
from transformers import AutoConfig, AutoModel

from xtreme_bench.errors import InputError, StageError
from xtreme_bench.retrieval import embed_onnx, export, graph, parity
from xtreme_bench.retrieval.embed_onnx import onnx_device, onnx_run
from xtreme_bench.retrieval.params import Export
from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder as encoders

SENTENCES = [[0, 2], [0, 7, 2], *([0, *range(5, 5 + length), 2] for length in (3, 9, 40, 62))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_encoder(tmp_path_factory.mktemp("encoder"))


def pooled_by_hand(model, sentence, layer, pooling):
    """One sentence through the whole encoder."""
    with torch.no_grad():
        output = model.eval()(input_ids=torch.tensor([sentence]), output_hidden_states=True)
    states = output.hidden_states[layer][0].numpy()
    inner = states[1:-1] if len(sentence) > 2 else states
    return {"cls": states[0], "mean": states.mean(0), "mean_no_special": inner.mean(0)}[pooling]


def cosines(one, other):
    return (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


@pytest.mark.parametrize("pooling", ["mean", "mean_no_special", "cls"])
@pytest.mark.parametrize("layer", [0, 2, LAYERS])
def test_the_graph_gives_the_pooled_hidden_states_of_torch_for_any_batch_and_length(folder, tmp_path, layer, pooling):
    run, _ = onnx_run(export_tiny_encoder(folder, tmp_path, layer=layer, pooling=pooling), "cpu", 1)
    model = encoders.load(folder).model
    for sentence in SENTENCES:
        expected = pooled_by_hand(model, sentence, layer, pooling)
        for rows in (1, 3):
            found = run(np.array([sentence] * rows))
            assert found.shape == (rows, WIDTH)
            np.testing.assert_allclose(found, [expected] * rows, rtol=0, atol=1e-5)


def test_a_text_that_spells_the_padding_token_has_the_positions_of_torch(folder, tmp_path):
    run, _ = onnx_run(export_tiny_encoder(folder, tmp_path, layer=2), "cpu", 1)
    encoder = encoders.load(folder)
    sentence = encoder.tokenizer(f"cat {encoder.tokenizer.pad_token} {encoder.tokenizer.pad_token} dog")["input_ids"]
    assert sentence.count(encoder.tokenizer.pad_token_id) == 2
    found = run(np.array([sentence, sentence]))
    np.testing.assert_allclose(found, [pooled_by_hand(encoder.model, sentence, 2, "mean")] * 2, rtol=0, atol=1e-5)


def test_all_layers_come_from_one_pass_beside_each_other(folder, tmp_path):
    run, _ = onnx_run(export_tiny_encoder(folder, tmp_path, layer=None), "cpu", 1)
    assert json.loads((tmp_path / "export.json").read_text())["layers"] == LAYERS + 1
    model = encoders.load(folder).model
    found = run(np.array([SENTENCES[3]])).reshape(LAYERS + 1, WIDTH)
    expected = [pooled_by_hand(model, SENTENCES[3], layer, "mean") for layer in range(LAYERS + 1)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("family", ["bert", "camembert", "roberta", "xlm-roberta"])
def test_a_model_of_each_family_is_exported_with_its_positions_and_first_segment(tmp_path, family):
    torch.manual_seed(0)
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
    room = {"vocab_size": 90, "max_position_embeddings": 66, "type_vocab_size": 2, "pad_token_id": 1}
    config = AutoConfig.for_model(family, **size, **room)
    model = AutoModel.from_config(config, add_pooling_layer=False)
    graph.write(model, tmp_path, layer=2, pooling="mean", precision="fp32", device="cpu")
    run, _ = onnx_run(tmp_path, "cpu", 1)
    for sentence in SENTENCES:
        expected = pooled_by_hand(model, sentence, 2, "mean")
        np.testing.assert_allclose(run(np.array([sentence]))[0], expected, rtol=0, atol=1e-5)


def test_an_export_has_only_the_blocks_below_the_layer_with_fused_operators_and_is_silent(
    folder, tmp_path, capfd, warned
):
    facts = json.loads((export_tiny_encoder(folder, tmp_path) / "export.json").read_text())
    kinds = [node.op_type for node in onnx.load(tmp_path / graph.GRAPH, load_external_data=False).graph.node]
    assert kinds.count("MultiHeadAttention") == kinds.count("BiasGelu") == 2
    assert facts["operators"]["MultiHeadAttention"] == 2
    assert facts["parity_sentences"] == len(export.SENTENCES) + 1
    assert 0.99999 <= facts["parity_min_cosine"] <= 1.00001
    onnx.checker.check_model(tmp_path / graph.GRAPH)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoder.onnx", "encoder.weights", "export.json"]
    assert capfd.readouterr() == ("", "")
    assert warned == []


def test_the_same_encoder_gives_the_same_bytes(folder, tmp_path):
    one, other = (export_tiny_encoder(folder, tmp_path / name) for name in ("one", "other"))
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes()


def test_int8_keeps_the_directions_and_a_quarter_of_the_weights(folder, tmp_path):
    exact, _ = onnx_run(export_tiny_encoder(folder, tmp_path / "fp32"), "cpu", 1)
    whole, _ = onnx_run(export_tiny_encoder(folder, tmp_path / "int8", precision="int8", min_cosine=0.99), "cpu", 1)
    ids = np.array([SENTENCES[3], SENTENCES[3][::-1]])
    assert 0.99 < cosines(exact(ids), whole(ids)).min() < 0.9999999
    facts = json.loads((tmp_path / "int8" / "export.json").read_text())
    assert facts["operators"]["DynamicQuantizeMatMul"] == 8  # two blocks; nothing is left in floats
    assert "MatMul" not in facts["operators"]


def test_weights_are_quantised_by_output():
    matrix = np.array([[1.0, -100.0, 0.0], [0.5, 50.0, 0.0]], dtype=np.float32)
    whole, scale = graph.quantised(matrix)
    assert whole.tolist() == [[127, -127, 0], [64, 64, 0]]
    np.testing.assert_allclose(whole * scale, matrix, atol=0.5)


def test_half_precision_is_written_for_gpus_with_skip_connections_inside_layer_norm(folder, tmp_path):
    model = encoders.load(folder).model
    for precision, kind in (("fp16", onnx.TensorProto.FLOAT16), ("bf16", onnx.TensorProto.BFLOAT16)):
        out = tmp_path / precision
        out.mkdir()
        counts = graph.write(model, out, layer=2, pooling="mean", precision=precision, device="cuda")
        assert counts["SkipLayerNormalization"] == 4
        weights = onnx.load(out / graph.GRAPH).graph.initializer
        assert {weight.data_type for weight in weights} == {kind, onnx.TensorProto.INT64}
    # The processor runs fp16 too, if slowly: it shows that the graph is right.
    run, _ = onnx_run(tmp_path / "fp16", "cpu", 1)
    for sentence in SENTENCES:
        expected = pooled_by_hand(model, sentence, 2, "mean")[None]
        assert cosines(run(np.array([sentence])), expected).min() > 0.9999


@pytest.mark.parametrize(("precision", "bound"), [("fp32", 1.1), ("int8", 0.9999999)])
def test_an_export_below_its_bound_is_an_error_and_leaves_no_record(folder, tmp_path, monkeypatch, precision, bound):
    monkeypatch.setattr(parity, "MIN_COSINE", 1.1)
    message = f"the {precision} export differs too much from torch in fp32: lowest cosine .* required {bound}"
    with pytest.raises(StageError, match=message):
        export_tiny_encoder(folder, tmp_path, precision=precision, min_cosine=bound)
    assert not (tmp_path / "export.json").exists()


def test_an_encoder_with_broken_weights_is_not_exported(folder, tmp_path):
    encoder = encoders.load(folder)
    with torch.no_grad():
        encoder.model.embeddings.word_embeddings.weight[5:] = float("nan")
    encoders.save(tmp_path / "broken", encoder)
    with pytest.raises(StageError, match="returns NaN or infinite vectors; the weights of the encoder are broken"):
        export_tiny_encoder(tmp_path / "broken", tmp_path / "out")


def test_vectors_of_zeros_are_an_error(folder, tmp_path):
    encoder = encoders.load(folder)
    with torch.no_grad():
        for weight in encoder.model.parameters():
            weight.zero_()
    encoders.save(tmp_path / "broken", encoder)
    with pytest.raises(StageError, match="returns zero vectors; the weights of the encoder are broken"):
        export_tiny_encoder(tmp_path / "broken", tmp_path / "out")


def test_settings_that_the_encoder_does_not_meet_are_an_error(folder, tmp_path):
    with pytest.raises(InputError) as caught:
        export_tiny_encoder(folder, tmp_path, layer=9, max_length=100)
    assert len(caught.value.problems) == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_half_precision_without_a_gpu_is_an_error(folder, tmp_path, precision):
    with pytest.raises(InputError, match=f"{precision} needs a GPU, but there is none here; use int8 or fp32"):
        export_tiny_encoder(folder, tmp_path, precision=precision, min_cosine=0.9, device="auto")


def test_an_encoder_of_another_architecture_is_named_with_the_way_out(folder, tmp_path, monkeypatch):
    encoder = encoders.load(folder)
    del encoder.model.encoder.layer[1].output
    monkeypatch.setattr(encoders, "load", lambda folder: encoder)
    with pytest.raises(InputError, match="cannot be exported as an ONNX graph .*; set `retrieval.provider: torch`"):
        export_tiny_encoder(folder, tmp_path)


def test_a_gpu_is_asked_for_and_used_or_the_run_ends(folder, tmp_path, monkeypatch):
    assert onnx_device("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert onnx_device("auto") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    for wanted in ("auto", "cuda"):
        with pytest.raises(InputError, match="has no CUDAExecutionProvider .* install onnxruntime-gpu=="):
            onnx_device(wanted)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(embed_onnx.PROVIDERS.values()))
    assert onnx_device("auto") == "cuda"


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="it would start")
def test_a_provider_that_does_not_start_is_an_error(folder, tmp_path):
    out = export_tiny_encoder(folder, tmp_path)
    with pytest.raises(StageError, match="CUDAExecutionProvider"):
        onnx_run(out, "cuda", 1)


def test_the_stage_tells_its_progress(folder, tmp_path):
    seen = []
    params = Export(1, "cls", max_length=64, precision="fp32", min_cosine=None, device="cpu", threads=1)
    job = Job(params, {"encoder": folder}, tmp_path, tmp_path, lambda *a: seen.append(a))
    export.export(job)
    assert [note for *_, note in seen] == ["loading the encoder", "writing the graph", "comparing with torch"]
