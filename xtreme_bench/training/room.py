"""How much memory a training takes for its backward passes, and what is kept on the disk of the blocks below them.

A plan uses this too, so nothing heavy is imported.
"""

from __future__ import annotations

import math

from xtreme_bench.training.params import Frozen

# Share of a GPU's free memory that activations may take, and what they may take on a CPU (fixed, so that results do
# not depend on the machine).
GPU_SHARE = 0.6
CPU_BYTES = 2 << 30
# Bytes that are kept of one part of a corpus; the frozen blocks compute a larger one in each step.
MOST_BELOW = 16 << 30


def activations(width: int, heads: int, blocks: int, sequences: int, longest: int, *, recomputed: bool = False) -> int:
    """Bytes that a forward pass in fp32 keeps for the backward one.

    Recomputed, these are the inputs of all blocks and what one block keeps.

    Korthikanti et al. 2022, section 4.1, for values of four bytes and masks of one; measured in `test_device.py`.
    """
    each = 67 * width + 10 * heads * longest
    return sequences * longest * (4 * width * blocks + each if recomputed else blocks * each)


def below(width: int, tokens: int) -> int:
    """Bytes of what the frozen blocks give for some tokens, in float32."""
    return 4 * width * tokens


def why_not_kept(params: Frozen, part: str, examples: int, size: int, frozen: int) -> str | None:
    """Why what the `frozen` blocks give for a part of a corpus is not kept; None if it is: `size` are its bytes.

    Each evaluation reads the development rows again.
    """
    drawn = params.steps * params.batch if params.steps is not None else math.ceil((params.epochs or 0) * examples)
    if not frozen:
        return "no block is frozen"
    if not part.startswith("dev") and drawn <= examples:
        return "no example occurs twice"
    if not 0 < size <= MOST_BELOW:
        return f"{size / 2**30:.1f} GiB, and at most {MOST_BELOW / 2**30:.0f} are kept" if size else "it is empty"
    return None
