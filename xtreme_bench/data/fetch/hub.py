"""Parquet files of a data set of the Hugging Face hub at one commit, by `datasets`; no script runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from xtreme_bench.data.fetch.download import Unreachable, require_safe
from xtreme_bench.errors import InputError
from xtreme_bench.releases import Hub, Part

if TYPE_CHECKING:
    from datasets import Dataset

TIMEOUT = 10.0


def listing(hub: Hub) -> dict[Part, list[str]]:
    """The files that each part of a data set needs, in order.

    Errors: `Unreachable` within seconds if the hub does not answer, or lacks the data set, commit or files;
    `InputError` if `datasets` is not installed, or the hub is at an unsafe address.
    """
    try:
        import datasets  # reads what is fetched: missing, nothing is asked for
        from huggingface_hub import HfApi, constants
    except ImportError as error:
        raise InputError(
            "corpora of the hub need `pip install 'xtreme-bench[hub]'`; `--origin upstream` does without"
        ) from error
    require_safe(constants.ENDPOINT)
    datasets.disable_progress_bars()  # those of downloads are huggingface_hub's, and stay
    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False  # each load would call a server that is not the hub's
    try:
        about = HfApi(token=False).dataset_info(hub.repository, revision=hub.revision, timeout=TIMEOUT)
    except Exception as error:  # the transport's own errors, which have no common class across its versions
        raise Unreachable(f"{hub.place} does not come from the hub: {_first_line(error)}") from error
    if about.sha != hub.revision:
        raise Unreachable(f"the hub gives commit {about.sha} of {hub.repository}, not {hub.revision}")
    names = sorted(file.rfilename for file in about.siblings or ())
    found = {part: [name for name in names if fnmatchcase(name, part.pattern)] for part in hub.parts}
    lacking = [part.pattern for part, files in found.items() if not files]
    if lacking:
        raise Unreachable(f"{hub.place} has no {', '.join(lacking[:3])}")
    return found


@contextmanager
def opened(hub: Hub, file: str, scratch: Path) -> Iterator[Dataset]:
    """The rows of one file, which stays in the cache of the hub; `scratch` is a folder for their Arrow form.

    Errors: `Unreachable` when it does not arrive, `InputError` when it is not a parquet file.
    """
    arrow = scratch / ".arrow"
    shutil.rmtree(arrow, ignore_errors=True)  # of a fetch that was killed
    try:
        yield _loaded(hub, file, arrow)
    finally:
        shutil.rmtree(arrow, ignore_errors=True)


def _loaded(hub: Hub, file: str, arrow: Path) -> Dataset:
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError
    from huggingface_hub import constants
    from pyarrow import ArrowException

    address = f"hf://datasets/{hub.repository}@{hub.revision}/{file}"
    try:
        return load_dataset("parquet", data_files=address, split="train", cache_dir=str(arrow), token=False)
    except (DatasetGenerationError, ArrowException, UnicodeDecodeError) as error:
        reason = error.__cause__ or error
        if isinstance(reason, OSError) and reason.errno is not None:
            raise reason from None  # of the disk
        raise InputError(
            f"{hub.place}, {file}: not a parquet file that can be read: {_first_line(reason)}. It is kept in "
            f"{constants.HF_HUB_CACHE}; remove it there to fetch it again."
        ) from error
    except Exception as error:  # the transport's
        raise Unreachable(f"{hub.place}, {file} does not come from the hub: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
