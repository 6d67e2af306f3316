"""Put exported folders on the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.utils._validators import validate_repo_id

from xtreme_bench.data.fetch.download import require_safe
from xtreme_bench.errors import InputError, StageError

WAYS = "or export without --push, and upload the folders yourself"


def require_hub(name: str) -> None:
    """Check, before any work, that a push to the repository `name` can be tried. Errors: `InputError`."""
    try:
        validate_repo_id(_data_set(name))
    except HFValidationError as error:
        raise InputError(f"--push {name!r} is not a name on the hub, such as ORG/NAME: {error}") from error
    if constants.HF_HUB_OFFLINE:
        raise InputError(f"--push needs the hub, but HF_HUB_OFFLINE is set: unset it, {WAYS}")
    if get_token() is None:
        raise InputError(f"--push needs a token of the hub: run `hf auth login`, or set HF_TOKEN, {WAYS}")
    require_safe(constants.ENDPOINT)  # the token is sent to it


def _data_set(name: str) -> str:
    return f"{name}-predictions"


def push(model: Path, predictions: Path, name: str, said: Callable[[str], None]) -> None:
    """Upload a model to the repository `name`, and its predictions to the data set `<name>-predictions`.

    Both are made private if they do not exist. Errors: `InputError` if the hub refuses, `StageError` if it does not
    answer.
    """
    api = HfApi(token=get_token())
    for folder, kind, place in ((model, "model", name), (predictions, "dataset", _data_set(name))):
        try:
            address = api.create_repo(place, repo_type=kind, private=True, exist_ok=True)
            commit = api.upload_folder(
                repo_id=place, folder_path=folder, repo_type=kind, commit_message="Export of xtreme-bench"
            )
        except Exception as error:  # the transport's own errors have no common class across its versions
            raise _ours(error, place, f"hf upload {place} {folder} --repo-type {kind}") from error
        said(f"{address}: commit {commit.oid}")


def _ours(error: Exception, place: str, command: str) -> InputError | StageError:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else 0
    if isinstance(error, HFValidationError) or 400 <= status < 500:
        return InputError(f"the hub refuses {place}: {first}. The folders are kept; `{command}` uploads this one")
    return StageError(f"{place} was not uploaded: {first}. The folders are kept; `{command}` uploads this one")
