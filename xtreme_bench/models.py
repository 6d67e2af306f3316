"""Finds the weights of an encoder: a folder, or a revision in the Hugging Face cache, downloaded if missing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xtreme_bench.errors import InputError, Problem, StageError
from xtreme_bench.wording import quoted

# What an encoder folder may hold; weights in other forms than safetensors can run code and are never fetched.
FILES = ("config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer*.json", "sentencepiece*.model",
         "spm.model", "special_tokens_map.json", "vocab.txt")  # fmt: skip


_WORD = r"[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*"
# The name of a model on the hub, and what it is in words.
NAME, NAMED = rf"{_WORD}(/{_WORD})?", "a name like FacebookAI/xlm-roberta-large"

# It must hold one file of each group; the text is the message if it holds none.
NEEDED = {
    "config.json is missing": {"config.json"},
    "model.safetensors is missing (other weight formats are not read)": {
        "model.safetensors",
        "model.safetensors.index.json",
    },
    "tokenizer.json is missing": {"tokenizer.json", "sentencepiece.bpe.model", "spm.model", "vocab.txt"},
}


def lacking(folder: Path) -> list[Problem]:
    """What an encoder folder must hold but this one lacks."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return [Problem(what, str(folder)) for what, any_of in NEEDED.items() if not names & any_of]


def snapshot(name: str, revision: str) -> Path | None:
    """The folder of a hub model in the local cache (its layout is models--ORG--NAME/snapshots/REVISION), or None."""
    folder = _cache() / f"models--{name.replace('/', '--')}" / "snapshots" / revision
    return folder if _is_whole(folder) else None


def cached() -> list[tuple[str, str, Path]]:
    """Name, revision and folder of each model with weights in the local cache."""
    folders = sorted(folder for folder in _cache().glob("models--*/snapshots/*") if _is_whole(folder))
    return [(one.parts[-3].removeprefix("models--").replace("--", "/"), one.name, one) for one in folders]


def _cache() -> Path:
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    return Path(os.environ.get("HF_HUB_CACHE", home / "hub"))


def _is_whole(folder: Path) -> bool:
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))


def commit(name: str, revision: str) -> str:
    """The full commit that a branch or tag of a hub model points to now; a full commit is returned as it is.

    Errors: as `fetch`.
    """
    if re.fullmatch("[0-9a-f]{40}", revision):
        return revision
    with _asking(name, revision):
        found = _reach(name, revision).sha
    if not isinstance(found, str) or not re.fullmatch("[0-9a-f]{40}", found):
        raise StageError(f"the hub does not report the commit of {name} at revision {revision}: give the full commit")
    return found


def fetch(name: str, revision: str) -> Path:
    """The folder of a hub model, downloaded first if the cache lacks it.

    Errors: `StageError` within seconds if the hub cannot be reached, `InputError` if it lacks the revision or
    `huggingface_hub` is not installed.
    """
    found = snapshot(name, revision)
    if found is not None:
        return found
    with _asking(name, revision):
        from huggingface_hub import snapshot_download

        _reach(name, revision)
        folder = snapshot_download(name, revision=revision, allow_patterns=list(FILES), etag_timeout=5)
    if not any(Path(folder).glob("*.safetensors")):
        raise InputError(
            f"{name} at revision {revision} has no safetensors weights: choose a revision that has them or, if you "
            "trust its other files, convert them with `AutoModel.from_pretrained(...).save_pretrained(FOLDER)`, put "
            "the files of its tokenizer there too, and name it with `model: {path: FOLDER}` (docs/encoders.md)"
        )
    return Path(folder)


@contextmanager
def _asking(name: str, revision: str) -> Iterator[None]:
    """Raise the errors of the hub's client as ours. Errors: `InputError` for what cannot be the name of a model."""
    if not re.fullmatch(NAME, name):
        raise InputError(f"{quoted(name)} is not the name of a model on the hub: give {NAMED}, or one of `model list`")
    try:
        from huggingface_hub.errors import (
            HfHubHTTPError,
            HFValidationError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )  # fmt: skip
    except ImportError as error:
        raise InputError(
            f"{name} cannot be fetched: run `pip install 'xtreme-bench[hub]'`, or this command where it is installed"
        ) from error
    try:
        yield
    except HFValidationError as error:
        raise InputError(f"{name!r} is not the name of a model: {error}") from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise InputError(f"the hub has no model {name} at revision {revision}: fix name or revision") from error
    except (HfHubHTTPError, OSError) as error:
        status = getattr(getattr(error, "response", None), "status_code", 0)
        if 400 <= status < 500:
            raise InputError(f"the hub answers {status} for model {name} at revision {revision}: fix them") from error
        raise StageError(
            f"{name} (revision {revision}) is not in the local cache and the hub cannot be reached: "
            f"run the same command with a network, or download the files elsewhere into the Hugging Face cache "
            f"(HF_HUB_CACHE), or name a folder with `model: {{path: ...}}`"
        ) from error


def _reach(name: str, revision: str) -> Any:
    """Ask the hub once, without retries: the download itself would try for half a minute."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return HfApi().model_info(name, revision=revision, timeout=5)
    except (HfHubHTTPError, HFValidationError):
        raise
    except Exception as error:  # the transport's own errors, which have no common class across its versions
        raise ConnectionError(str(error)) from error
