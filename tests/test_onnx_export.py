"""The exported graph beside the torch model it comes from. Exports take seconds, so most of these are slow."""

import copy
import logging
import re

import numpy as np
import onnx
import pytest
import torch
from tiny_encoder import LAYERS, TEXTS, WIDTH, save_tiny_encoder

from xtreme_bench import encoder as encoders
from xtreme_bench import onnx_export
from xtreme_bench.errors import StageError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_encoder(tmp_path_factory.mktemp("encoder"))


def tokens(encoder, texts=(*TEXTS, "", "sings")):
    return [encoder.tokenizer(text)["input_ids"] for text in texts]


def pooled_by_hand(encoder, sentence, layer, pooling):
    """One sentence alone, without padding, through the whole encoder."""
    with torch.no_grad():
        output = encoder.model.eval()(input_ids=torch.tensor([sentence]), output_hidden_states=True)
    states = output.hidden_states[layer][0].numpy()
    inner = states[1:-1] if len(sentence) > 2 else states
    return {"cls": states[0], "mean": states.mean(0), "mean_no_special": inner.mean(0)}[pooling]


def export(folder, out, layer, pooling):
    encoder = encoders.load(folder)
    return onnx_export.export(encoder, out, layer=layer, pooling=pooling, probes=tokens(encoder))


@pytest.mark.parametrize("pooling", onnx_export.POOLINGS)
def test_pooled_vectors_of_a_padded_batch_are_those_of_each_sentence_alone(folder, pooling):
    encoder = encoders.load(folder)
    sentences = tokens(encoder)
    for layer in (LAYERS, 2, 0):
        expected = [pooled_by_hand(encoder, sentence, layer, pooling) for sentence in sentences]
        for cut in (False, True):
            model = onnx_export.SentenceModel(copy.deepcopy(encoder.model), layer, pooling, cut=cut)
            assert len(model.model.encoder.layer) == (layer if cut else LAYERS)
            found = onnx_export.torch_run(model)(*onnx_export.padded(sentences, encoder.tokenizer.pad_token_id))
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_an_export_has_only_the_fused_blocks_below_the_layer_is_silent_and_is_made_once(
    folder, tmp_path, capfd, caplog
):
    facts = export(folder, tmp_path / "export", 2, "mean")
    graph = onnx.load(tmp_path / "export" / "encoder.onnx").graph
    kinds = [node.op_type for node in graph.node]
    assert kinds.count("Attention") == kinds.count("BiasGelu") == 2
    assert facts["fused"]["attention"] == 2
    blocks = {found[1] for weight in graph.initializer if (found := re.search(r"layer\.(\d+)\.", weight.name))}
    assert blocks <= {"0", "1"}
    assert facts["parity_sentences"] == len(TEXTS) + 2
    assert 0.99999 <= facts["parity_min_cosine"] <= 1.00001
    made = (tmp_path / "export" / "encoder.onnx").stat().st_mtime_ns
    assert export(folder, tmp_path / "export", 2, "mean") == facts  # at once: it is there
    assert (tmp_path / "export" / "encoder.onnx").stat().st_mtime_ns == made
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


@pytest.mark.slow
@pytest.mark.parametrize(("layer", "pooling"), [(0, "cls"), (LAYERS, "mean_no_special")])
def test_the_graph_gives_the_vectors_of_torch_for_any_batch_and_length(folder, tmp_path, layer, pooling):
    export(folder, tmp_path / "export", layer, pooling)
    run = onnx_export.onnx_run(tmp_path / "export" / "encoder.onnx", threads=1)
    encoder = encoders.load(folder)
    random = np.random.default_rng(0)
    for lengths in ([2], [3, 3], [64, 2, 17], [3 + at for at in range(12)]):
        sentences = [[0, *random.integers(5, 60, length - 2).tolist(), 2] for length in lengths]
        found = run(*onnx_export.padded(sentences, encoder.tokenizer.pad_token_id))
        expected = [pooled_by_hand(encoder, sentence, layer, pooling) for sentence in sentences]
        assert found.shape == (len(lengths), WIDTH)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_what_a_killed_export_left_is_made_anew(folder, tmp_path):
    (tmp_path / "export.partial").mkdir()
    (tmp_path / "export.partial" / "encoder.onnx").write_bytes(b"killed half-way")
    (tmp_path / "export").mkdir()
    export(folder, tmp_path / "export", 0, "mean")
    onnx.checker.check_model(tmp_path / "export" / "encoder.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


@pytest.mark.slow
def test_an_export_that_differs_from_torch_is_an_error_and_leaves_nothing(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_export, "MIN_COSINE", 1.1)
    with pytest.raises(StageError, match="the ONNX export differs from torch: cosine .* at least 1.1 expected"):
        export(folder, tmp_path / "export", 0, "cls")
    assert not (tmp_path / "export").exists()


def test_an_encoder_with_broken_weights_is_not_exported(folder, tmp_path):
    encoder = encoders.load(folder)
    with torch.no_grad():
        encoder.model.embeddings.word_embeddings.weight[5:] = float("nan")
    with pytest.raises(StageError, match="NaN or infinite vectors; its weights are broken"):
        onnx_export.export(encoder, tmp_path / "export", layer=0, pooling="mean", probes=tokens(encoder))


def test_a_provider_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(StageError, match="this ONNX Runtime has no NoSuchExecutionProvider"):
        onnx_export.onnx_run(tmp_path / "encoder.onnx", 1, "NoSuchExecutionProvider")
