"""Packing: the tokens of all sequences in one row without padding, so that nothing is computed for padding.

Only attention must know where a sequence ends. Every other part of a block treats each token by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Packing:
    """Where the tokens of padded sequences are.

    `places` are their places in the flattened padded form, in order. `bounds` (int32) are the first token of each
    sequence in the row, and the end. `shape` is (sequences, longest).
    """

    places: torch.Tensor
    bounds: torch.Tensor
    shape: tuple[int, int]

    def pack(self, padded: torch.Tensor) -> torch.Tensor:
        """The tokens (1, tokens, ...) of what is padded (sequences, longest, ...)."""
        return padded.flatten(0, 1).index_select(0, self.places)[None]

    def unpack(self, packed: torch.Tensor) -> torch.Tensor:
        """The padded form of what `pack` gave, with zeros as padding."""
        rows = packed.new_zeros(self.shape[0] * self.shape[1], *packed.shape[2:])
        return rows.index_copy(0, self.places, packed[0]).view(*self.shape, *packed.shape[2:])


def where(mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """`places` and `bounds` for a mask (sequences, longest) on the CPU: a GPU would have to be waited for."""
    bounds = torch.nn.functional.pad(mask.sum(1).cumsum(0), (1, 0)).int()
    return mask.flatten().nonzero()[:, 0], bounds
