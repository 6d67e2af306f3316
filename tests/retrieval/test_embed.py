"""Sentence vectors: order, batches, cutting, going on after a kill, and what is said about them."""

import dataclasses
import itertools
import subprocess

import numpy as np
import onnxruntime
import pytest
import torch
from tiny_encoder import LAYERS, TEXTS, WIDTH, export_tiny_encoder, save_tiny_encoder

from xtreme_bench.errors import InputError, StageError
from xtreme_bench.retrieval import embed as embedding
from xtreme_bench.retrieval.embed import embed, open_encoder
from xtreme_bench.retrieval.params import Embedding
from xtreme_bench.training import encoder as encoders

SETTINGS = Embedding(
    layer=2,
    pooling="mean",
    max_length=64,
    precision="fp32",
    min_cosine=None,
    device="cpu",
    threads=1,
    provider="torch",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module", params=["torch", "onnxruntime"])
def opened(folder, tmp_path_factory, request):
    inputs = {"encoder": folder}
    if request.param == "onnxruntime":
        inputs["export"] = export_tiny_encoder(folder, tmp_path_factory.mktemp("export"))
    return open_encoder(inputs, dataclasses.replace(SETTINGS, provider=request.param))


@pytest.fixture
def vectors(tmp_path):
    """Embeds into a new folder each time; gives the vectors in the order asked for."""
    numbers = itertools.count()

    def run(texts, encoder):
        found = embed(texts, encoder, tmp_path / f"vectors{next(numbers)}")
        return found.vectors[found.rows]

    return run


def hidden_states(folder, ids):
    with torch.no_grad():
        output = encoders.load(folder).model.eval()(input_ids=torch.tensor([ids]), output_hidden_states=True)
    return [state[0].numpy() for state in output.hidden_states]


def watched(encoder):
    """The encoder, and the shapes of the batches that it will get."""
    shapes = []

    def run(ids):
        shapes.append(ids.shape)
        return encoder.run(ids)

    return dataclasses.replace(encoder, run=run), shapes


def test_vectors_are_the_mean_of_the_layers_hidden_states_in_the_order_asked(folder, opened, vectors):
    found = vectors(TEXTS, opened)
    assert found.shape == (len(TEXTS), WIDTH)
    assert found.dtype == np.float32
    for text, vector in zip(TEXTS, found, strict=True):
        states = hidden_states(folder, opened.tokenizer(text)["input_ids"])
        np.testing.assert_allclose(vector, states[2].mean(0), rtol=0, atol=1e-6)


def test_each_distinct_text_is_embedded_once(opened, tmp_path):
    encoder, shapes = watched(opened)
    found = embed([TEXTS[0], TEXTS[3], TEXTS[0], TEXTS[0], TEXTS[3]], encoder, tmp_path)
    assert sum(rows for rows, _ in shapes) == len(found.vectors) == 2
    assert found.rows.tolist() == [0, 1, 0, 0, 1]
    assert (found.vectors[0] != found.vectors[1]).any()


def test_a_vector_does_not_depend_on_its_batch(opened, vectors):
    texts = [f"{text} {end}".strip() for text in TEXTS for end in ("", "bird", "the bird", "птицы")]
    alone = vectors(texts, dataclasses.replace(opened, batch_tokens=1))
    for budget in (40, 100, 5000):
        encoder, shapes = watched(dataclasses.replace(opened, batch_tokens=budget))
        np.testing.assert_allclose(vectors(texts[::-1], encoder)[::-1], alone, rtol=0, atol=1e-6)
        assert max(rows for rows, _ in shapes) > 1


def test_texts_that_are_too_long_are_cut_counted_and_said(folder, opened, tmp_path, warned):
    long = " ".join(TEXTS[0] for _ in range(30))
    found = embed([TEXTS[1][:5], long, "", long], dataclasses.replace(opened, max_length=10), tmp_path)
    assert found.cut.tolist() == [False, True, False, True]
    assert "cut to 10 tokens: 1 of 3 sentences" in "\n".join(warned)
    ids = opened.tokenizer(long, verbose=False)["input_ids"]
    states = hidden_states(folder, [*ids[:9], opened.tokenizer.eos_token_id])
    np.testing.assert_allclose(found.vectors[found.rows[1]], states[2].mean(0), rtol=0, atol=1e-6)


def test_an_empty_text_is_its_special_tokens(folder, opened, vectors):
    tokenizer = opened.tokenizer
    states = hidden_states(folder, [tokenizer.bos_token_id, tokenizer.eos_token_id])
    np.testing.assert_allclose(vectors([""], opened)[0], states[2].mean(0), rtol=0, atol=1e-6)


def test_progress_counts_the_characters_of_distinct_texts(opened, tmp_path):
    seen = []
    embed([*TEXTS, TEXTS[0]], opened, tmp_path, lambda done, total: seen.append((done, total)))
    total = sum(len(text) + 1 for text in TEXTS)
    assert seen == sorted(seen)
    assert seen[-1] == (total, total)


def test_a_killed_run_goes_on_from_the_part_it_was_at_and_ends_with_the_same_vectors(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(embedding, "CHUNK", 3)
    whole = embed(TEXTS, opened, tmp_path / "whole").vectors
    calls = itertools.count()

    def killed(ids):
        if next(calls) == 5:
            raise KeyboardInterrupt
        return opened.run(ids)

    with pytest.raises(KeyboardInterrupt):
        embed(TEXTS, dataclasses.replace(opened, run=killed), tmp_path / "cut")
    encoder, shapes = watched(opened)
    seen = []
    found = embed(TEXTS, encoder, tmp_path / "cut", lambda done, total: seen.append(done)).vectors
    assert 0 < sum(rows for rows, _ in shapes) < len(TEXTS)
    assert seen[0] > max(map(len, TEXTS)) * 3  # what was done before counts
    np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("vectors.npy", b""),
        ("vectors.npy", None),
        ("vectors.npy", b"\x93NUMPY"),
        ("cut.npy", None),
        ("done.json", b"{}"),
        ("done.json", b"null"),
        ("done.json", b"{"),
    ],
)
def test_damaged_leftovers_of_a_killed_run_are_made_anew(opened, tmp_path, monkeypatch, file, content):
    monkeypatch.setattr(embedding, "CHUNK", 3)
    whole = np.array(embed(TEXTS, opened, tmp_path).vectors)
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_bytes(content)
    for _ in range(2):
        np.testing.assert_array_equal(embed(TEXTS, opened, tmp_path).vectors, whole)


def test_a_run_killed_in_its_first_part_leaves_no_record_of_another(opened, tmp_path):
    def killed(ids):
        raise KeyboardInterrupt

    whole = np.array(embed(TEXTS, opened, tmp_path).vectors)
    with pytest.raises(KeyboardInterrupt):
        embed(TEXTS[:4], dataclasses.replace(opened, run=killed), tmp_path)
    np.testing.assert_array_equal(embed(TEXTS, opened, tmp_path).vectors, whole)


def test_vectors_of_other_texts_or_settings_are_not_taken_for_these(opened, tmp_path):
    embed(TEXTS[:4], opened, tmp_path)
    for texts, encoder in ((TEXTS[4:8], opened), (TEXTS[4:8], dataclasses.replace(opened, max_length=5))):
        found = embed(texts, encoder, tmp_path)
        fresh = embed(texts, encoder, tmp_path / "fresh")
        np.testing.assert_array_equal(found.vectors, fresh.vectors)


def test_vectors_are_in_a_mapped_file_and_a_part_can_be_gathered_in_its_order(opened, tmp_path):
    found = embed([*TEXTS, TEXTS[1], TEXTS[1]], opened, tmp_path)
    assert isinstance(found.vectors, np.memmap)
    side = found.part(9, 12).gather(tmp_path / "side.npy")
    assert isinstance(side, np.memmap)
    np.testing.assert_array_equal(side, found.vectors[[9, 1, 1]])


def test_a_file_of_vectors_that_the_disk_has_no_room_for_is_an_error_that_names_it(tmp_path):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", tmp_path], check=False).returncode:
        pytest.skip("this user cannot mount a small disk")
    try:
        with pytest.raises(OSError, match="No space left on device: .*vectors.npy"):
            embedding.mapped(tmp_path / "vectors.npy", np.float32, (1000, 100))
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_no_texts_are_an_error(opened, tmp_path):
    with pytest.raises(InputError, match="no sentences to embed"):
        embed([], opened, tmp_path)


def test_a_vector_that_is_not_finite_names_its_text(opened, tmp_path):
    def broken(ids):
        found = opened.run(ids).copy()
        found[(ids == opened.tokenizer.eos_token_id).argmax(1) == 1] = np.nan
        return found

    with pytest.raises(StageError, match="the vector of '' is not finite; the weights of the encoder are broken"):
        embed([TEXTS[0], ""], dataclasses.replace(opened, run=broken), tmp_path)


def test_vectors_of_another_width_are_an_error(opened, tmp_path):
    with pytest.raises(StageError, match=r"returned vectors of shape \(1, 32\); expected \(1, 31\)"):
        embed(TEXTS[:1], dataclasses.replace(opened, width=31), tmp_path)


def test_all_settings_that_do_not_fit_are_named_at_once(folder):
    with pytest.raises(InputError) as caught:
        open_encoder({"encoder": folder}, dataclasses.replace(SETTINGS, layer=LAYERS + 1, max_length=65))
    assert [problem.message for problem in caught.value.problems] == [
        "layer 4 is not in 0..3 (0 = embeddings, 3 = last block)",
        "max_length 65 is not in 3..64",
    ]


def test_facts_name_what_runs(opened):
    provider = opened.facts["provider"]
    assert provider in (f"torch {torch.__version__} cpu", f"onnxruntime {onnxruntime.__version__} CPUExecutionProvider")
    assert {**opened.facts, "provider": ""} == {"layer": 2, "pooling": "mean", "precision": "fp32", "provider": ""}


def test_torch_embeds_in_half_precision_only_where_it_can(folder):
    with pytest.raises(InputError, match="torch cannot embed in fp16 on cpu; change `retrieval.precision`"):
        open_encoder({"encoder": folder}, dataclasses.replace(SETTINGS, precision="fp16"))
    half = open_encoder({"encoder": folder}, dataclasses.replace(SETTINGS, precision="bf16"))
    ids = np.array([half.tokenizer(TEXTS[0])["input_ids"]])
    exact = open_encoder({"encoder": folder}, SETTINGS).run(ids)
    assert half.run(ids).dtype == np.float32
    assert 0 < np.abs(half.run(ids) - exact).max() < 0.1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_an_error(folder):
    with pytest.raises(InputError, match="retrieval.device is cuda, but torch finds no GPU here"):
        open_encoder({"encoder": folder}, dataclasses.replace(SETTINGS, device="cuda"))
