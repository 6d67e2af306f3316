"""How much memory a training takes for its backward passes. A plan uses this too, so nothing heavy is imported."""

from __future__ import annotations

# Share of a GPU's free memory that activations may take, and what they may take on a CPU (fixed, so that results do
# not depend on the machine).
GPU_SHARE = 0.6
CPU_BYTES = 2 << 30


def activations(width: int, heads: int, blocks: int, sequences: int, longest: int, *, recomputed: bool = False) -> int:
    """Bytes that a forward pass in fp32 keeps for the backward one.

    Recomputed, these are the inputs of all blocks and what one block keeps.

    Korthikanti et al. 2022, section 4.1, for values of four bytes and masks of one; measured in `test_device.py`.
    """
    each = 67 * width + 10 * heads * longest
    return sequences * longest * (4 * width * blocks + each if recomputed else blocks * each)
