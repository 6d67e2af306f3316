"""Where the weights of an encoder are: a folder, or a revision in the Hugging Face cache, fetched when absent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from xtreme_bench.errors import InputError, Problem, StageError

# What an encoder folder may hold; weights in other forms than safetensors can run code and are never fetched.
FILES = ("config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer*.json", "sentencepiece*.model",
         "special_tokens_map.json", "vocab.txt")  # fmt: skip


# What it must hold one of each, and what is said where it does not.
NEEDED = {
    "config.json is missing": {"config.json"},
    "model.safetensors is missing (other weight formats are not read)": {
        "model.safetensors",
        "model.safetensors.index.json",
    },
    "tokenizer.json is missing": {"tokenizer.json", "sentencepiece.bpe.model", "vocab.txt"},
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


def fetch(name: str, revision: str) -> Path:
    """The folder of a hub model, downloaded first where the cache lacks it.

    Errors: `StageError` within seconds where the hub cannot be reached, `InputError` where it lacks the revision.
    """
    found = snapshot(name, revision)
    if found is not None:
        return found
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        _reach(HfApi(), name, revision)
        folder = snapshot_download(name, revision=revision, allow_patterns=list(FILES), etag_timeout=5)
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise InputError(f"the hub has no model {name} at revision {revision}: mend `model.hub`") from error
    except (HfHubHTTPError, OSError) as error:
        raise StageError(
            f"the weights of {name} (revision {revision}) are not in the local cache and the hub cannot be reached: "
            f"run the same command where there is a network, or download them elsewhere into the Hugging Face cache "
            f"(HF_HUB_CACHE), or name a folder with `model: {{path: ...}}`"
        ) from error
    if not any(Path(folder).glob("*.safetensors")):
        raise InputError(f"{name} at revision {revision} has no safetensors weights: choose a revision that has them")
    return Path(folder)


def _reach(hub: Any, name: str, revision: str) -> None:
    """One question to the hub that is not asked again: the download itself would try for half a minute."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        hub.model_info(name, revision=revision, timeout=5)
    except HfHubHTTPError:
        raise
    except Exception as error:  # the transport's own errors, which have no common class across its versions
        raise ConnectionError(str(error)) from error
