"""The one forward of an encoder, for each architecture that is taken."""

from __future__ import annotations

import pytest
import torch
from small_encoders import KINDS, small_encoder

from xtreme_bench.training.forward import Encoder, Inputs

IDS = torch.tensor([[0, 9, 8, 7, 2], [0, 5, 2, 1, 1]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
# Positions that are rotated, or are distances, and cannot run out.
RELATIVE = ("deberta-v2", "modernbert", "eurobert")


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_an_encoder_cut_at_a_layer_gives_the_hidden_states_of_that_layer(kind: str) -> None:
    inputs, encoder = Inputs(IDS, MASK), small_encoder(kind)
    states, tokens = encoder.layers(inputs), MASK.bool()
    assert len(states) == encoder.blocks + 1 == len(encoder.stack) + 1
    assert torch.equal(states[-1], encoder.hidden(inputs))
    for layer, expected in enumerate(states):
        cut = small_encoder(kind)
        cut.cut(layer)
        assert torch.allclose(cut.hidden(inputs)[tokens], expected[tokens], atol=1e-6)
        left = {name for name, _ in cut.model.named_parameters() if name.startswith(f"{cut.architecture.stack}.")}
        assert {int(name.removeprefix(f"{cut.architecture.stack}.").split(".")[0]) for name in left} == set(
            range(layer)
        )


def changes(encoder: Encoder, **given: torch.Tensor) -> bool:
    """Whether what is given, beside the ids, changes the hidden states."""
    return not torch.allclose(encoder.hidden(Inputs(IDS[:1], **given)), encoder.hidden(Inputs(IDS[:1])), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_positions_and_segments_that_are_left_out_are_the_ordinary_ones(kind: str) -> None:
    encoder = small_encoder(kind, **({"type_vocab_size": 2} if "roberta" in kind else {}))
    first = encoder.first_position
    ordinary = torch.arange(first, first + 5)[None]
    assert not changes(encoder, mask=MASK[:1], segments=torch.zeros_like(ordinary), positions=ordinary)
    # Where an architecture has no segments, those of a tokenizer are left away.
    assert changes(encoder, segments=torch.ones_like(ordinary)) == (encoder.segments > 0)
    assert changes(encoder, positions=ordinary.flip(1)) == (kind != "deberta-v2")
    assert changes(encoder, positions=ordinary + 1) == (kind not in RELATIVE)


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_the_longest_sequence_has_a_position_for_each_token_and_one_more_has_none(kind: str) -> None:
    encoder = small_encoder(kind)
    assert encoder.hidden(Inputs(torch.full((1, encoder.longest), 9))).shape == (1, encoder.longest, 16)
    if kind not in RELATIVE:
        with pytest.raises((IndexError, RuntimeError)):
            encoder.hidden(Inputs(torch.full((1, encoder.longest + 1), 9)))
