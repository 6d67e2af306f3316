"""Sentence vectors: order, batches, cutting, and what is said about them."""

import dataclasses

import numpy as np
import pytest
import torch
from tiny_encoder import LAYERS, TEXTS, WIDTH, save_tiny_encoder

from xtreme_bench import encoder as encoders
from xtreme_bench.embed import Settings, embed, open_encoder
from xtreme_bench.errors import InputError, StageError

SETTINGS = Settings(layer=2, pooling="mean", max_length=64, provider="torch")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def opened(folder, tmp_path_factory):
    return open_encoder(folder, SETTINGS, TEXTS, tmp_path_factory.mktemp("work"))


def hidden_states(folder, ids):
    with torch.no_grad():
        output = encoders.load(folder).model.eval()(input_ids=torch.tensor([ids]), output_hidden_states=True)
    return [state[0].numpy() for state in output.hidden_states]


def test_vectors_are_the_mean_of_the_layers_hidden_states_in_the_order_asked(folder, opened):
    found = embed(TEXTS, opened)
    assert found.vectors.shape == (len(TEXTS), WIDTH)
    assert found.vectors.dtype == np.float32
    for text, vector in zip(TEXTS, found.vectors, strict=True):
        states = hidden_states(folder, opened.tokenizer(text)["input_ids"])
        np.testing.assert_allclose(vector, states[2].mean(0), rtol=0, atol=1e-6)


def test_each_distinct_text_is_embedded_once(opened):
    sizes = []

    def counted(ids, mask):
        sizes.append(len(ids))
        return opened.run(ids, mask)

    texts = [TEXTS[0], TEXTS[3], TEXTS[0], TEXTS[0], TEXTS[3]]
    found = embed(texts, dataclasses.replace(opened, run=counted))
    assert sum(sizes) == found.distinct == 2
    np.testing.assert_array_equal(found.vectors[[0, 0, 1]], found.vectors[[2, 3, 4]])
    assert (found.vectors[0] != found.vectors[1]).any()


@pytest.mark.parametrize("batch_tokens", [1, 40, 100, 5000])
def test_a_vector_does_not_depend_on_its_batch(opened, batch_tokens):
    settings = dataclasses.replace(SETTINGS, batch_tokens=batch_tokens)
    alone = np.concatenate([embed([text], opened).vectors for text in TEXTS])
    together = embed(TEXTS[::-1], dataclasses.replace(opened, settings=settings)).vectors[::-1]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)


def test_batches_hold_sentences_of_like_length_and_at_most_the_budget(opened):
    shapes = []

    def seen(ids, mask):
        shapes.append((*ids.shape, int(mask.sum())))
        return opened.run(ids, mask)

    texts = [f"{'bird ' * (1 + at % 9)}{at}" for at in range(200)]
    settings = dataclasses.replace(SETTINGS, batch_tokens=256)
    embed(texts, dataclasses.replace(opened, run=seen, settings=settings))
    assert all(rows * length <= 256 for rows, length, _ in shapes)
    assert sum(used for *_, used in shapes) >= 0.8 * sum(rows * length for rows, length, _ in shapes)


def test_texts_that_are_too_long_are_cut_counted_and_said(folder, opened, caplog):
    long = " ".join(TEXTS[0] for _ in range(30))
    settings = dataclasses.replace(SETTINGS, max_length=10)
    found = embed([TEXTS[1][:5], long, "", long], dataclasses.replace(opened, settings=settings))
    assert found.cut.tolist() == [False, True, False, True]
    assert "cut to 10 tokens: 1 of 3 sentences" in caplog.text
    ids = opened.tokenizer(long, verbose=False)["input_ids"]
    states = hidden_states(folder, [*ids[:9], opened.tokenizer.eos_token_id])
    np.testing.assert_allclose(found.vectors[1], states[2].mean(0), rtol=0, atol=1e-6)


def test_an_empty_text_is_its_special_tokens(folder, opened):
    tokenizer = opened.tokenizer
    states = hidden_states(folder, [tokenizer.bos_token_id, tokenizer.eos_token_id])
    np.testing.assert_allclose(embed([""], opened).vectors[0], states[2].mean(0), rtol=0, atol=1e-6)


def test_progress_ends_with_all_distinct_texts(opened):
    seen = []
    embed([*TEXTS, TEXTS[0]], opened, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(TEXTS), len(TEXTS))


def test_no_texts_are_an_error(opened):
    with pytest.raises(InputError, match="no sentences to embed"):
        embed([], opened)


def test_a_vector_that_is_not_finite_names_its_text(opened):
    def broken(ids, mask):
        vectors = opened.run(ids, mask).copy()
        vectors[mask.sum(1) == 2] = np.nan
        return vectors

    with pytest.raises(StageError, match="the vector of '' is not finite; the encoder's weights are broken"):
        embed([TEXTS[0], ""], dataclasses.replace(opened, run=broken))


def test_all_settings_that_do_not_fit_are_named_at_once(folder, tmp_path):
    settings = Settings(layer=LAYERS + 1, pooling="means", max_length=65, provider="onnxruntim", precision="fp8")
    with pytest.raises(InputError) as caught:
        open_encoder(folder, settings, TEXTS, tmp_path)
    assert [problem.message for problem in caught.value.problems] == [
        "layer 4 is not in 0..3 (0 = embeddings, 3 = last block)",
        "max_length 65 is not in 3..64",
        "pooling 'means' is not known; did you mean 'mean'?",
        "provider 'onnxruntim' is not known; did you mean 'onnxruntime'?",
        "precision 'fp8' is not known; known: fp32",
    ]


def test_facts_name_what_runs(opened):
    assert opened.facts == {
        "layer": 2,
        "pooling": "mean",
        "precision": "fp32",
        "provider": f"torch {torch.__version__}",
    }


@pytest.mark.slow
def test_onnx_runtime_gives_the_vectors_of_torch_and_its_own_again(folder, opened, tmp_path):
    fast = open_encoder(folder, dataclasses.replace(SETTINGS, provider="onnxruntime"), TEXTS, tmp_path)
    assert fast.facts["provider"].startswith("onnxruntime ")
    assert fast.facts["provider"].endswith(" CPUExecutionProvider")
    assert fast.facts["export"]["parity_min_cosine"] >= 0.99999
    texts = [*TEXTS, "", *(text[::-1] for text in TEXTS)]
    found = embed(texts, fast).vectors
    np.testing.assert_allclose(found, embed(texts, opened).vectors, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(found, embed(texts, fast).vectors)
    alone = np.concatenate([embed([text], fast).vectors for text in texts])
    np.testing.assert_allclose(found, alone, rtol=0, atol=1e-6)
