"""An encoder folder as untrusted input: find what is wrong with its files without loading them.

Sizes are bounded and compared with the header of the weights, so that no config allocates tables that no file fills.
Fields that would load other code, or files outside the folder, are refused.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xtreme_bench.errors import InputError, Problem
from xtreme_bench.models import lacking

FAMILIES = ("bert", "camembert", "roberta", "xlm-roberta", "xlm-roberta-xl")
# Fields that a config must have, each with its bounds.
SIZES: dict[str, tuple[int, int]] = {
    "vocab_size": (1, 2**24),
    "hidden_size": (1, 2**16),
    "num_hidden_layers": (1, 1000),
    "num_attention_heads": (1, 2**12),
    "intermediate_size": (1, 2**20),
    "max_position_embeddings": (3, 2**20),
    "type_vocab_size": (1, 2**10),
}
# Fields that it may have.
NUMBERS: dict[str, tuple[float, float]] = {
    "hidden_dropout_prob": (0, 0.99),
    "attention_probs_dropout_prob": (0, 0.99),
    "layer_norm_eps": (1e-20, 1),
    "initializer_range": (0, 1000),
}
IDS = ("pad_token_id", "bos_token_id", "eos_token_id")
ACTIVATIONS = ("gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "relu", "silu", "swish", "tanh")
# Fields that change what is computed or loaded, and their allowed values.
ONLY: dict[str, tuple[Any, ...]] = {
    "auto_map": (None,),
    "quantization_config": (None,),
    "_attn_implementation": (None, "eager", "sdpa"),
    "attn_implementation": (None, "eager", "sdpa"),
    "transformers_weights": (None,),
    "is_decoder": (None, False),
    "add_cross_attention": (None, False),
    "pruned_heads": (None, {}),
    "position_embedding_type": (None, "absolute"),
}
WEIGHTS, INDEX, ADAPTER = "model.safetensors", "model.safetensors.index.json", "adapter_config.json"
FLOATS = ("F64", "F32", "F16", "BF16")
# Far above any released encoder; the last is the bound of safetensors itself.
MOST_CONFIG, MOST_INDEX, MOST_HEADER = 2**20, 2**26, 100_000_000
_PLAIN = re.compile(r"[A-Za-z0-9_][\w.-]*")
_LAYER = re.compile(r"encoder\.layer\.(\d+)\.")


def faults(folder: Path) -> list[Problem]:
    """What an encoder folder lacks, or why its files are not loaded."""
    if missing := lacking(folder):
        return missing
    try:
        config = _json(folder / "config.json", MOST_CONFIG)
        found = [*_of_config(folder / "config.json", config), *_of_tokenizer(folder)]
        if (folder / ADAPTER).exists():
            found.append(Problem("adapters are not loaded: merge it into the weights", str(folder / ADAPTER)))
        return found or list(_of_weights(folder, config))
    except InputError as error:
        return list(error.problems)


def known_config(folder: Path) -> tuple[str, dict[str, Any]]:
    """Family and known fields of a config without faults; its other fields are ignored."""
    config = _json(folder / "config.json", MOST_CONFIG)
    fields = (*SIZES, *NUMBERS, *IDS, "hidden_act")
    return config["model_type"], {name: config[name] for name in fields if config.get(name) is not None}


def room(folder: Path) -> int:
    """The most tokens of one sequence, by the config of a folder without faults."""
    family, fields = known_config(folder)
    return used(fields["max_position_embeddings"], family, fields.get("pad_token_id", 1))


def first_position(family: str, padding: int) -> int:
    """The position of a text's first token: all families but BERT begin after the padding id."""
    return 0 if family == "bert" else padding + 1


def used(positions: int, family: str, padding: int) -> int:
    """How many of a family's positions tokens can use."""
    return positions - first_position(family, padding)


def _fault(path: Path, what: str) -> InputError:
    return InputError(f"{path}: {what}", [Problem(what, str(path))])


def _json(path: Path, most: int) -> dict[str, Any]:
    """A small JSON object. Raises InputError for anything else."""
    if not path.is_file() or path.stat().st_size > most:
        raise _fault(path, f"is not a file of at most {most:,} bytes")
    return _object(path, path.read_bytes())


def _object(path: Path, text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _fault(path, f"is not JSON that can be read ({error})") from None
    if not isinstance(found, dict):
        raise _fault(path, "is not a JSON object")
    return found


def _of_config(path: Path, config: Mapping[str, Any]) -> Iterator[Problem]:
    def problem(name: str, wanted: str) -> Problem:
        return Problem(f"{name} is {_short(config.get(name))}, not {wanted}", str(path))

    if config.get("model_type") not in FAMILIES:
        yield problem("model_type", f"one of {', '.join(FAMILIES)}")
    for name, (low, high) in SIZES.items():
        if not (_whole(config.get(name)) and low <= config[name] <= high):
            yield problem(name, f"a whole number from {low} to {high:,}")
    for name, (least, greatest) in NUMBERS.items():
        value = config.get(name)
        if value is not None and not (isinstance(value, int | float) and least <= value <= greatest):
            yield problem(name, f"a number from {least:g} to {greatest:g}")
    for name in IDS:
        value = config.get(name)
        if value is not None and not (_whole(value) and 0 <= value < SIZES["vocab_size"][1]):
            yield problem(name, "the number of a token")
    if config.get("hidden_act") not in (None, *ACTIVATIONS):
        yield problem("hidden_act", f"one of {', '.join(ACTIVATIONS)}")
    yield from (problem(name, _allowed(allowed)) for name, allowed in ONLY.items() if config.get(name) not in allowed)


def _of_tokenizer(folder: Path) -> Iterator[Problem]:
    """Settings of a tokenizer that would load code, or files from outside this folder."""
    path = folder / "tokenizer_config.json"
    if not path.exists():
        return
    settings = _json(path, MOST_CONFIG * 16)
    if settings.get("auto_map"):
        yield Problem(f"auto_map is {_short(settings['auto_map'])}: a model's code is never run", str(path))
    if "tokenizer_object" in settings:
        yield Problem("tokenizer_object cannot be set in a file", str(path))
    versions = settings.get("fast_tokenizer_files") or []
    if not (isinstance(versions, list) and all(isinstance(each, str) and _PLAIN.fullmatch(each) for each in versions)):
        yield Problem(f"fast_tokenizer_files is {_short(versions)}, not names of files in this folder", str(path))


def _of_weights(folder: Path, config: Mapping[str, Any]) -> Iterator[Problem]:
    """Where the headers of the weights contradict the sizes in the config."""
    shapes: dict[str, tuple[Any, Any]] = {}
    for file in _weight_files(folder):
        header = _header(file)
        shapes |= {name: (entry.get("dtype"), entry.get("shape")) for name, entry in header.items()}
    words = "embeddings.word_embeddings.weight"
    start = next((name.removesuffix(words) for name in sorted(shapes) if name.endswith(words)), "")
    width, inner = config["hidden_size"], config["intermediate_size"]
    expected = {
        words: [config["vocab_size"], width],
        "embeddings.position_embeddings.weight": [config["max_position_embeddings"], width],
        "embeddings.token_type_embeddings.weight": [config["type_vocab_size"], width],
        "encoder.layer.0.attention.self.query.weight": [width, width],
        "encoder.layer.0.intermediate.dense.weight": [inner, width],
    }
    place = str(folder)
    for name, wanted in expected.items():
        kind, shape = shapes.get(start + name, (None, None))
        if shape is None:
            yield Problem(f"{name} is missing", place)
        elif shape != wanted:
            yield Problem(f"{name} has shape {_short(shape)}, not {wanted} as in config.json", place)
        elif kind not in FLOATS:
            yield Problem(f"{name} has numbers of type {_short(kind)}, not one of {', '.join(FLOATS)}", place)
    blocks = {int(found[1]) for name in shapes if (found := _LAYER.match(name.removeprefix(start)))}
    if blocks != set(range(config["num_hidden_layers"])):
        yield Problem(f"num_hidden_layers is {config['num_hidden_layers']}, the weights have {len(blocks)}", place)


def _weight_files(folder: Path) -> list[Path]:
    """The files that are loaded. Raises InputError for an index that names anything but safetensors of this folder."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    names = _json(folder / INDEX, MOST_INDEX).get("weight_map")
    if not isinstance(names, dict) or not names or not all(isinstance(name, str) for name in names.values()):
        raise _fault(folder / INDEX, "has no weight_map that says for each weight which file it is in")
    files = sorted(set(names.values()))
    wrong = [name for name in files if not (_PLAIN.fullmatch(name) and name.endswith(".safetensors"))]
    wrong += [name for name in files if name not in wrong and not (folder / name).is_file()]
    if wrong:
        raise _fault(folder / INDEX, f"names {_short(wrong[0])}, which is not a *.safetensors file in this folder")
    return [folder / name for name in files]


def _header(file: Path) -> dict[str, dict[str, Any]]:
    """Names of the weights in a file, each with dtype and shape."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = struct.unpack("<Q", stream.read(8).ljust(8, b"\0"))[0]
        if not 2 <= length <= min(MOST_HEADER, size - 8):
            raise _fault(file, "is cut short or not a safetensors file")
        header = _object(file, stream.read(length))
    header.pop("__metadata__", None)
    if not all(isinstance(entry, dict) for entry in header.values()):
        raise _fault(file, "does not have the header of a safetensors file")
    return header


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _allowed(values: tuple[Any, ...]) -> str:
    return " or ".join("left out" if value is None else str(value) for value in values)


def _short(value: Any) -> str:
    """A value of an untrusted file, for a message."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
