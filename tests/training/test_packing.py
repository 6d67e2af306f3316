"""Packing: nothing is computed for padding, and loss and gradients are those of padded batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from small_encoders import KINDS, save_small_encoder, small_encoder
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from toy_training import FINETUNING, KilledError, killed_at, make_job, write_corpus

from xtreme_bench.errors import InputError
from xtreme_bench.training import attention
from xtreme_bench.training.batching import collate
from xtreme_bench.training.examples import Example
from xtreme_bench.training.families import choice, classification, masking, qa, tagging
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.methods import METHODS
from xtreme_bench.training.network import Network, Task
from xtreme_bench.training.packing import Packing
from xtreme_bench.training.train import finetune

OWN_ATTENTION = ("rembert", "mpnet", "deberta-v2")
ABLE = [kind for kind in KINDS if kind not in OWN_ATTENTION]
CPU = torch.device("cpu")


def ints(*values: int) -> Any:
    return np.array(values, np.int32)


def ids(*lengths: int) -> Any:
    return tuple(ints(0, *(7 + at % 60 for at in range(length)), 2) for length in lengths)


def new(family: Any) -> Callable[[Encoder], nn.Module]:
    return lambda encoder: family.head(16, 2, 0.3)


def masked(encoder: Encoder) -> nn.Module:
    model: Any = encoder.model
    return masking.MaskedHead(model.get_input_embeddings().weight, 16, model.config)


def segments(length: int) -> Any:
    return ints(*(int(at > 3) for at in range(length + 2)))


def below(length: int) -> Any:
    """What frozen blocks might give for a sequence."""
    return (np.random.default_rng(length).standard_normal((length, 16)).astype(np.float32),)


LENGTHS = (9, 3, 30, 4, 1)
FAMILIES: dict[str, tuple[Any, Callable[[Encoder], nn.Module], list[Example]]] = {
    "classification": (
        classification, new(classification),
        [Example(at, ids(length), ints(at % 2), segments=segments(length)) for at, length in enumerate(LENGTHS)],
    ),
    # Positions begin anew at the second text of the aligned ones.
    "aligned": (
        classification, new(classification),
        [Example(at, ids(length), ints(at % 2), second=3) for at, length in enumerate(LENGTHS)],
    ),
    # A text that contains the word of the padding.
    "padding": (
        classification, new(classification),
        [Example(0, (ints(0, 9, 1, 8, 7, 2),), ints(0)), Example(1, ids(7), ints(1))],
    ),
    "choice": (choice, new(choice), [Example(at, ids(*range(4, 7 + at)), ints(at)) for at in range(4)]),
    "tagging": (tagging, new(tagging), [Example(at, ids(9 - at), ints(0, 1, 0), ints(1, 2, 4)) for at in range(5)]),
    "qa": (qa, new(qa), [Example(at, ids(8 + at), ints(3, 4), ints(2, 8)) for at in range(5)]),
    "masking": (masking, masked, [Example(at, ids(9 - at), ints(7, 8), ints(1, 2)) for at in range(5)]),
}  # fmt: skip

FAMILIES["frozen"] = (*FAMILIES["qa"][:2], [replace(one, below=below(one.length)) for one in FAMILIES["qa"][2]])


def gradients(kind: str, name: str, method: str = "full", *, packs: bool, **options: Any) -> dict[str, torch.Tensor]:
    """The loss of one step in two parts, with dropout, and the gradient of every weight."""
    family, head, examples = FAMILIES[name]
    encoder = small_encoder(kind, **({"type_vocab_size": 2} if "roberta" in kind else {}))
    torch.manual_seed(5)
    encoder.model.train()
    METHODS[method].begin(encoder, {"top": 1, "prompt": 3}.get(method))
    encoder = encoder.packed() if packs else encoder
    task = Task("x", family, head(encoder), examples)
    network = Network(encoder, {"x": task.head}, **options)
    network.heads.train()
    network.noise.step([3, 4, 11], examples)
    total = torch.zeros(())
    for part in ([1, 0], range(2, len(examples))) if len(examples) > 2 else ([1, 0],):
        network.noise.take(part, CPU)
        own = [examples[at] for at in part]
        inputs = collate(own, encoder)
        assert (inputs.packing is not None) == packs
        loss = network(task, inputs, own)
        loss.backward()
        total += loss.detach()
    return {"loss": total} | {name: value.grad for name, value in network.named_parameters() if value.grad is not None}


def same(kind: str, name: str, method: str = "full", **options: Any) -> None:
    padded = gradients(kind, name, method, packs=False)
    packed = gradients(kind, name, method, packs=True, **options)
    assert max(float(value.abs().max()) for value in padded.values()) > 0.01
    torch.testing.assert_close(packed, padded, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ABLE)
@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "frozen"])
def test_packed_and_padded_have_the_same_loss_and_gradients_and_drop_the_same(kind: str, name: str) -> None:
    same(kind, name)


@pytest.mark.parametrize("kind", ["xlm-roberta", "bert", "modernbert", "eurobert"])
@pytest.mark.parametrize(
    ("method", "name"),
    [("head", "tagging"), ("top", "qa"), ("top", "frozen"), ("prompt", "classification"), ("full", "choice")],
)
def test_with_recomputed_blocks_frozen_ones_and_a_prefix_it_is_so_too(kind: str, method: str, name: str) -> None:
    same(kind, name, method, recompute=True)


@pytest.mark.slow
def test_packed_a_training_leaves_the_same_weights_and_scores_and_goes_on_from_padded_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = {"data": write_corpus(tmp_path / "data"), "encoder": save_small_encoder(tmp_path / "encoder", "bert")}
    params = {**FINETUNING, "source": "panx", "steps": 12, "evaluate_every": 6, "checkpoint_seconds": 0}
    rows: list[int] = []
    pack = Packing.pack
    monkeypatch.setattr(Packing, "pack", lambda self, padded: rows.append(len(padded)) or pack(self, padded))
    padded, packed, mixed = (make_job(tmp_path / name, params, **inputs) for name in ("padded", "packed", "mixed"))
    facts = finetune(padded)
    assert not rows
    with pytest.raises(KilledError):
        finetune(killed_at(mixed, 7))
    for job in (packed, mixed):
        assert finetune(replace(job, params=replace(job.params, packing=True))) == facts
        assert rows
        for file in padded.out.glob("*.safetensors"):
            torch.testing.assert_close(load_file(job.out / file.name), load_file(file), rtol=1e-4, atol=1e-5)


def test_nothing_is_computed_for_padding() -> None:
    encoder = small_encoder("bert").packed()
    seen: list[tuple[int, ...]] = []
    for block in encoder.stack:
        block.register_forward_pre_hook(lambda module, given: seen.append(tuple(given[0].shape)))
    examples = FAMILIES["classification"][2]
    hidden = encoder.hidden(collate(examples, encoder))
    tokens = sum(example.length for example in examples)
    assert tokens > encoder.longest // 2
    assert seen == [(1, tokens, 16)] * 2
    assert hidden.shape == (5, 32, 16)
    assert not hidden[1, 5:].any()


def test_a_row_may_have_more_tokens_than_the_encoder_has_positions() -> None:
    encoder = small_encoder("bert")
    examples = [Example(at, ids(length)) for at, length in enumerate((60, 50, 40))]
    padded = encoder.hidden(collate(examples, encoder))
    packed = encoder.packed()
    found = packed.hidden(collate(examples, packed))
    torch.testing.assert_close(found[0], padded[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(found[2, :42], padded[2, :42], rtol=0, atol=1e-5)


def test_what_has_no_padding_is_not_packed() -> None:
    encoder = small_encoder("xlm-roberta").packed()
    assert collate([Example(0, ids(4, 4))], encoder).packing is None
    assert collate([Example(0, ids(4, 5))], encoder).packing is not None


@pytest.mark.parametrize("kind", OWN_ATTENTION)
def test_an_encoder_with_an_attention_of_its_own_is_refused(kind: str) -> None:
    with pytest.raises(
        InputError, match=rf"resources\.batches: packed is not for encoders of kind {kind}.*it is for bert"
    ):
        small_encoder(kind).packed()


def one_by_one(
    query: Any, key: Any, value: Any, first: Any, second: Any, most: int, other: int, **settings: Any
) -> Any:
    """What torch's kernel gives, which is there on a GPU only: (tokens, heads, width), as its description says."""
    assert (first.tolist(), most, first.dtype) == (second.tolist(), other, torch.int32)
    assert query.shape == key.shape == value.shape
    (near, far), scale = settings.pop("window_size", (-1, -1)), settings.pop("scale")
    assert not settings
    found = []
    for begin, end in zip(first[:-1].tolist(), first[1:].tolist(), strict=True):
        assert end - begin <= most
        away = torch.arange(end - begin)[:, None] - torch.arange(end - begin)
        seen = ((away <= near) | (near < 0)) & ((-away <= far) | (far < 0))
        parts = (each[begin:end].transpose(0, 1)[None] for each in (query, key, value))
        found.append(scaled_dot_product_attention(*parts, attn_mask=seen, scale=scale)[0])
    return torch.cat(found, 1).transpose(0, 1)


@pytest.mark.parametrize("kind", ABLE)
def test_torchs_kernel_for_any_lengths_is_told_where_sequences_end_and_how_far_tokens_see(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = small_encoder(kind)
    examples = [replace(example, segments=None) for example in FAMILIES["classification"][2]]
    padded, packed = encoder.hidden(collate(examples, encoder)), encoder.packed()
    inputs = collate(examples, packed)
    assert inputs.mask is not None
    monkeypatch.setattr(attention, "_any_lengths", lambda query: True)
    monkeypatch.setattr(attention, "varlen_attn", one_by_one)
    monkeypatch.setattr(attention, "sdpa_attention_forward", None)
    tokens = inputs.mask.bool()
    torch.testing.assert_close(packed.hidden(inputs)[tokens], padded[tokens], rtol=0, atol=1e-5)
