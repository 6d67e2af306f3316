"""The one forward of an encoder, for each family of architectures that is taken."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from toy_training import tiny_encoder
from transformers import AutoConfig, AutoModel

from xtreme_bench.training.encoder_files import FAMILIES
from xtreme_bench.training.forward import Encoder, Inputs

IDS = torch.tensor([[0, 9, 8, 7, 2], [0, 5, 2, 1, 1]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])


def made(family: str, **settings: Any) -> Encoder:
    """Three random blocks of a family, 16 wide."""
    torch.manual_seed(1)
    size = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24}
    room = {"vocab_size": 300, "max_position_embeddings": 34, "type_vocab_size": 2, "pad_token_id": 1}
    model = AutoModel.from_config(AutoConfig.for_model(family, **size, **room, **settings), add_pooling_layer=False)
    with torch.no_grad():
        # As made, a norm changes nothing that could be missed.
        for weight in model.parameters():
            weight += 0.3 * torch.randn_like(weight)
    return Encoder(model.eval(), tiny_encoder().tokenizer)


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_an_encoder_cut_at_a_layer_gives_the_hidden_states_of_that_layer(family: str) -> None:
    inputs = Inputs(IDS, MASK)
    states = made(family).layers(inputs)
    assert len(states) == made(family).blocks + 1
    for layer, expected in enumerate(states):
        cut = made(family)
        cut.cut(layer)
        assert torch.allclose(cut.hidden(inputs), expected, atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_positions_and_segments_that_are_left_out_are_the_ordinary_ones(family: str) -> None:
    encoder = made(family)
    expected = encoder.hidden(Inputs(IDS[:1]))
    first = encoder.first_position
    ordinary = torch.arange(first, first + 5)[None]
    assert torch.allclose(encoder.hidden(Inputs(IDS[:1], MASK[:1], torch.zeros_like(ordinary), ordinary)), expected)
    for other in (Inputs(IDS[:1], segments=torch.ones_like(ordinary)), Inputs(IDS[:1], positions=ordinary + 1)):
        assert not torch.allclose(encoder.hidden(other), expected, atol=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_the_longest_sequence_has_a_position_for_each_token_and_one_more_has_none(family: str) -> None:
    encoder = made(family)
    assert encoder.hidden(Inputs(torch.full((1, encoder.longest), 9))).shape == (1, encoder.longest, 16)
    with pytest.raises((IndexError, RuntimeError)):
        encoder.hidden(Inputs(torch.full((1, encoder.longest + 1), 9)))
