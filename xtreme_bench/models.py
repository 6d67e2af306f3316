"""Where the weights of an encoder are: a folder, or a revision in the Hugging Face cache, fetched when absent."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xtreme_bench.errors import InputError, Problem, StageError

# What an encoder folder may hold; weights in other forms than safetensors can run code and are never fetched.
FILES = ("config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer*.json", "sentencepiece*.model",
         "spm.model", "special_tokens_map.json", "vocab.txt")  # fmt: skip


# What it must hold one of each, and what is said where it does not.
NEEDED = {
    "config.json is missing": {"config.json"},
    "model.safetensors is missing (other weight formats are not read)": {
        "model.safetensors",
        "model.safetensors.index.json",
    },
    "tokenizer.json is missing": {"tokenizer.json", "sentencepiece.bpe.model", "spm.model", "vocab.txt"},
}


def lacking(folder: Path) -> list[Problem]:
    """What an encoder folder must hold and this one does not."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return [Problem(what, str(folder)) for what, any_of in NEEDED.items() if not names & any_of]


def snapshot(name: str, revision: str) -> Path | None:
    """The folder of a hub model in the local cache (its layout is models--ORG--NAME/snapshots/REVISION), or None."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    folder = cache / f"models--{name.replace('/', '--')}" / "snapshots" / revision
    return folder if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")) else None


def commit(name: str, revision: str) -> str:
    """The full commit that a branch or tag of a hub model stands for now; a full commit is itself.

    Errors: as `fetch`.
    """
    if re.fullmatch("[0-9a-f]{40}", revision):
        return revision
    with _asking(name, revision):
        found = _reach(name, revision).sha
    if not isinstance(found, str) or not re.fullmatch("[0-9a-f]{40}", found):
        raise StageError(f"the hub does not say which commit {revision} of {name} is: give the commit")
    return found


def fetch(name: str, revision: str) -> Path:
    """The folder of a hub model, downloaded first where the cache lacks it.

    Errors: `StageError` within seconds where the hub cannot be reached, `InputError` where it lacks the revision, or
    without `huggingface_hub`.
    """
    found = snapshot(name, revision)
    if found is not None:
        return found
    with _asking(name, revision):
        from huggingface_hub import snapshot_download

        _reach(name, revision)
        folder = snapshot_download(name, revision=revision, allow_patterns=list(FILES), etag_timeout=5)
    if not any(Path(folder).glob("*.safetensors")):
        raise InputError(f"{name} at revision {revision} has no safetensors weights: choose a revision that has them")
    return Path(folder)


@contextmanager
def _asking(name: str, revision: str) -> Iterator[None]:
    """The errors of the hub's client as ours."""
    try:
        from huggingface_hub.errors import (
            HfHubHTTPError,
            HFValidationError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )  # fmt: skip
    except ImportError as error:
        raise InputError(
            f"{name} is fetched with the packages that train: `pip install 'xtreme-bench[run]'`, or run this command "
            "where they are"
        ) from error
    try:
        yield
    except HFValidationError as error:
        raise InputError(f"{name!r} is no name of a model: {error}") from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise InputError(f"the hub has no model {name} at revision {revision}: mend name or revision") from error
    except (HfHubHTTPError, OSError) as error:
        status = getattr(getattr(error, "response", None), "status_code", 0)
        if 400 <= status < 500:
            raise InputError(f"the hub answers {status} for model {name} at revision {revision}: mend them") from error
        raise StageError(
            f"{name} (revision {revision}) is not in the local cache and the hub cannot be reached: "
            f"run the same command where there is a network, or download them elsewhere into the Hugging Face cache "
            f"(HF_HUB_CACHE), or name a folder with `model: {{path: ...}}`"
        ) from error


def _reach(name: str, revision: str) -> Any:
    """One question to the hub that is not asked again: the download itself would try for half a minute."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return HfApi().model_info(name, revision=revision, timeout=5)
    except (HfHubHTTPError, HFValidationError):
        raise
    except Exception as error:  # the transport's own errors, which have no common class across its versions
        raise ConnectionError(str(error)) from error
