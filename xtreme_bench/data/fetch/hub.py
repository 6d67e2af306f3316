"""Parquet files of a data set of the Hugging Face hub at one commit, by `datasets`; no script runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from xtreme_bench.data.fetch.download import Unreachable, require_safe
from xtreme_bench.data.fetch.sources import Hub, Part
from xtreme_bench.errors import InputError

if TYPE_CHECKING:
    from datasets import Dataset

TIMEOUT = 10.0


def listing(hub: Hub) -> dict[Part, list[str]]:
    """The files that each part of a data set needs, in order.

    Errors: `Unreachable` within seconds where the hub does not answer, or lacks the data set, commit or files;
    `InputError` without `datasets`, or where the hub is at an unsafe address.
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
    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False  # nobody but the hub, or its mirror, is asked for anything
    try:
        about = HfApi(token=False).dataset_info(hub.repository, revision=hub.revision, timeout=TIMEOUT)
    except Exception as error:  # the transport's own errors, which have no common class across its versions
        raise Unreachable(f"{hub.place} cannot be had from the hub: {_first_line(error)}") from error
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

    Errors: `Unreachable` when it does not come, `InputError` when it is no parquet file.
    """
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError
    from pyarrow import ArrowException

    address = f"hf://datasets/{hub.repository}@{hub.revision}/{file}"
    with TemporaryDirectory(dir=scratch, prefix=".arrow-") as arrow:
        try:
            found = load_dataset("parquet", data_files=address, split="train", cache_dir=arrow, token=False)
        except (DatasetGenerationError, ArrowException, UnicodeDecodeError) as error:
            reason = error.__cause__ or error
            if isinstance(reason, OSError) and reason.errno is not None:
                raise reason from None  # of the disk
            raise InputError(
                f"{hub.place}, {file}: not a parquet file that can be read: {_first_line(reason)}"
            ) from error
        except Exception as error:  # the transport's
            raise Unreachable(f"{hub.place}, {file} cannot be had from the hub: {_first_line(error)}") from error
        yield found


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
