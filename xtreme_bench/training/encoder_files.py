"""An encoder folder as untrusted input: find the faults of its files without loading them.

Sizes are limited and compared with the headers of the weights, so that a false config cannot allocate huge tables.
Fields that would load other code, or files outside the folder, are refused.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xtreme_bench.errors import InputError, Problem
from xtreme_bench.models import lacking
from xtreme_bench.training.architectures import ARCHITECTURES
from xtreme_bench.training.encoder_config import config_faults, short, taken

WEIGHTS, INDEX, ADAPTER = "model.safetensors", "model.safetensors.index.json", "adapter_config.json"
FLOATS = ("F64", "F32", "F16", "BF16")
# In bytes, far above any released encoder; the last is the limit of safetensors itself.
MOST_CONFIG, MOST_INDEX, MOST_HEADER = 2**20, 2**26, 100_000_000
_PLAIN = re.compile(r"[A-Za-z0-9_][\w.-]*")


def faults(folder: Path) -> list[Problem]:
    """The problems of an encoder folder: missing files, and files that must not be loaded."""
    if missing := lacking(folder):
        return missing
    try:
        config = _json(folder / "config.json", MOST_CONFIG)
        found = [*config_faults(folder / "config.json", config), *_of_tokenizer(folder)]
        if (folder / ADAPTER).exists():
            found.append(Problem("adapters cannot be loaded: merge it into the weights", str(folder / ADAPTER)))
        return found or list(_of_weights(folder, config))
    except InputError as error:
        return list(error.problems)


def known_config(folder: Path) -> tuple[str, dict[str, Any]]:
    """The architecture and the known fields of a valid config."""
    config = _json(folder / "config.json", MOST_CONFIG)
    return config["model_type"], taken(config)


def tokenizer_class(folder: Path) -> Any:
    """What the config of a valid folder has as the name of its tokenizer's class, as it stands there."""
    return _json(folder / "config.json", MOST_CONFIG).get("tokenizer_class")


def room(folder: Path) -> int:
    """The maximum number of tokens in one sequence, from the config of a valid folder."""
    name, fields = known_config(folder)
    return ARCHITECTURES[name].room(fields["max_position_embeddings"], fields.get("pad_token_id", 1))


def depth(folder: Path) -> int:
    """The number of blocks, from the config of a valid folder."""
    name, fields = known_config(folder)
    return int(fields[ARCHITECTURES[name].depth])


def _fault(path: Path, what: str) -> InputError:
    return InputError(f"{path}: {what}", [Problem(what, str(path))])


def _json(path: Path, most: int) -> dict[str, Any]:
    """Read a small JSON object. Raises InputError for anything else."""
    if not path.is_file() or path.stat().st_size > most:
        raise _fault(path, f"is not a file of at most {most:,} bytes")
    return _object(path, path.read_bytes())


def _object(path: Path, text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _fault(path, f"cannot be read as JSON ({error})") from None
    if not isinstance(found, dict):
        raise _fault(path, "is not a JSON object")
    return found


def _of_tokenizer(folder: Path) -> Iterator[Problem]:
    """Problems of tokenizer settings that would load code, or files outside this folder."""
    path = folder / "tokenizer_config.json"
    if not path.exists():
        return
    settings = _json(path, MOST_CONFIG * 16)
    if settings.get("auto_map"):
        yield Problem(f"auto_map is {short(settings['auto_map'])}: the code of a model is never run", str(path))
    if "tokenizer_object" in settings:
        yield Problem("tokenizer_object cannot be set in a file", str(path))
    if not isinstance(settings.get("tokenizer_class"), str | None):
        yield Problem(f"tokenizer_class is {short(settings['tokenizer_class'])}, not the name of a class", str(path))
    versions = settings.get("fast_tokenizer_files") or []
    if not (isinstance(versions, list) and all(isinstance(each, str) and _PLAIN.fullmatch(each) for each in versions)):
        yield Problem(f"fast_tokenizer_files is {short(versions)}, not names of files in this folder", str(path))


def _of_weights(folder: Path, config: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems of the weights, if their headers do not fit the sizes in the config."""
    weights: dict[str, tuple[Any, Any]] = {}
    for file in weight_files(folder):
        header = _header(file)
        weights |= {name: (entry.get("dtype"), entry.get("shape")) for name, entry in header.items()}
    row = ARCHITECTURES[config["model_type"]]
    # In models with a head, the names of the encoder's weights have a prefix.
    start = next((name.removesuffix(row.words) for name in sorted(weights) if name.endswith(row.words)), "")
    place = str(folder)
    for name, written in row.shapes.items():
        kind, shape = weights.get(start + name, (None, None))
        wanted = [_size(each, config) for each in written.split()]
        if shape is None:
            yield Problem(f"{name} is missing", place)
        elif shape != wanted:
            yield Problem(f"{name} has shape {short(shape)}, not {wanted} as in config.json", place)
        elif kind not in FLOATS:
            yield Problem(f"{name} has numbers of type {short(kind)}, not one of {', '.join(FLOATS)}", place)
    block = re.compile(re.escape(f"{start}{row.stack}.") + r"(\d{1,6})\.")
    blocks = {int(found[1]) for name in weights if (found := block.match(name))}
    if blocks != set(range(config[row.depth])):
        yield Problem(f"{row.depth} is {config[row.depth]}, the weights have {len(blocks)}", place)


def _size(product: str, config: Mapping[str, Any]) -> int:
    """One dimension of a weight: the product of config fields and numbers."""
    return math.prod(int(each) if each.isdigit() else config[each] for each in product.split("*"))


def weight_files(folder: Path) -> list[Path]:
    """The weight files. Raises InputError for an index that names anything but safetensors files of this folder."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    names = _json(folder / INDEX, MOST_INDEX).get("weight_map")
    if not isinstance(names, dict) or not names or not all(isinstance(name, str) for name in names.values()):
        raise _fault(folder / INDEX, "has no weight_map from weights to files")
    files = sorted(set(names.values()))
    wrong = [name for name in files if not (_PLAIN.fullmatch(name) and name.endswith(".safetensors"))]
    wrong += [name for name in files if name not in wrong and not (folder / name).is_file()]
    if wrong:
        raise _fault(folder / INDEX, f"names {short(wrong[0])}, which is not a *.safetensors file in this folder")
    return [folder / name for name in files]


def _header(file: Path) -> dict[str, dict[str, Any]]:
    """Names of the weights in a file, each with dtype and shape."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = struct.unpack("<Q", stream.read(8).ljust(8, b"\0"))[0]
        if not 2 <= length <= min(MOST_HEADER, size - 8):
            raise _fault(file, "is truncated or not a safetensors file")
        header = _object(file, stream.read(length))
    header.pop("__metadata__", None)
    if not all(isinstance(entry, dict) for entry in header.values()):
        raise _fault(file, "does not have the header of a safetensors file")
    return header
