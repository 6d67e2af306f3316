"""What a board says of an entry besides its scores, from manifests that anybody may have written: short plain texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xtreme_bench.benchmark import spoken
from xtreme_bench.bundle.composed import origins
from xtreme_bench.leaderboard.entries import MOST_LISTED, MOST_TEXT, Entry, Manifest
from xtreme_bench.wording import one_line

# The shape of released encoders: vocabulary, positions, width, blocks, width of the inner layer.
_SHAPES: Mapping[str, tuple[int, int, int, int, int]] = {
    "FacebookAI/xlm-roberta-large": (250_002, 514, 1_024, 24, 4_096),
    "FacebookAI/xlm-roberta-base": (250_002, 514, 768, 12, 3_072),
    "multilingual-e5-small-q4": (250_037, 512, 384, 12, 1_536),
}
_SCRATCH = ("vocabulary", "positions", "width", "layers", "feedforward")
# No encoder is larger. A manifest may claim any number.
_MOST = 10**6


def short(value: Any) -> str:
    """Any value as text of one line and limited length."""
    text = one_line(str(value))
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"


def model(manifest: Manifest) -> str:
    """The encoder that the run began with."""
    given = _model(manifest)
    if isinstance(given.get("hub"), Mapping):
        return short(given["hub"].get("name"))
    if given.get("package") is not None:
        return short(given["package"])
    if isinstance(given.get("scratch"), Mapping):
        return short(f"from scratch: {given['scratch'].get('layers')} blocks, {given['scratch'].get('width')} wide")
    return "an encoder in a folder"


def parameters(manifest: Manifest) -> int | None:
    """The number of weights of the encoder, without heads; None if it is not known."""
    given = _model(manifest)
    scratch, hub = given.get("scratch"), given.get("hub")
    if isinstance(scratch, Mapping):
        shape = tuple(scratch.get(name) for name in _SCRATCH)
    else:
        name = hub.get("name") if isinstance(hub, Mapping) else given.get("package")
        shape = _SHAPES.get(name, ()) if isinstance(name, str) else ()
        if len(shape) == len(_SCRATCH) and given.get("blocks") is not None:  # its lowest blocks alone
            shape = (*shape[:3], given["blocks"], shape[4])
    sizes = [size for size in shape if type(size) is int and 0 < size <= _MOST]
    return _weights(*sizes) if len(sizes) == len(_SCRATCH) else None


def _weights(vocabulary: int, positions: int, width: int, blocks: int, inner: int) -> int:
    """The weights of a BERT-like encoder: embeddings, and attention, inner layer and norms of each block."""
    block = 4 * (width * width + width) + 2 * width * inner + inner + width + 4 * width
    return (vocabulary + positions + 1) * width + 2 * width + blocks * block


def _model(manifest: Manifest) -> Mapping[str, Any]:
    given = manifest["recipe"].get("model")
    return given if isinstance(given, Mapping) else {}


def intermediate(manifest: Manifest) -> tuple[list[str], list[str]]:
    """The intermediate tasks, and the languages of their data."""
    return _trained(manifest, "intermediate")


def _trained(manifest: Manifest, phase: str) -> tuple[list[str], list[str]]:
    """The names of what is trained on in a phase, and its languages."""
    found = manifest["trained_on"].get(phase)
    named = found if isinstance(found, Mapping) else {}
    codes = dict.fromkeys(code for given in named.values() for code in _texts(given))
    return [short(name) for name in named][:MOST_LISTED], list(codes)[:MOST_LISTED]


def origin(manifest: Manifest) -> str:
    """Which recipe each target is from, if the run is composed of several; else empty."""
    return short(", ".join(f"{task} from {short(name)}" for task, name in origins(manifest).items()))


def is_zero_shot(manifest: Manifest) -> bool:
    """Whether all labelled training data was English."""
    tuned = manifest.get("released")
    if isinstance(tuned, Mapping) and tuned.get("tuned_for"):
        return False
    codes = (code for phase in ("intermediate", "finetuning") for code in _trained(manifest, phase)[1])
    return set(map(spoken, codes)) <= {"en"}


def _texts(value: Any) -> Iterator[str]:
    yield from (short(one) for one in value[:MOST_LISTED] if isinstance(one, str)) if isinstance(value, list) else ()


def seeds(entry: Entry) -> str:
    """The seeds of the runs."""
    return short(", ".join(str(manifest["seed"]) for manifest in entry.manifests[:MOST_LISTED]))


def image(manifest: Manifest) -> str:
    """The digest of the image, or what ran instead."""
    return "no image: packages of the machine" if manifest["image"] is None else short(manifest["image"])
