"""What files a data set of the Hugging Face hub has at one revision. Nothing but parquet is taken; no script runs."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from xtreme_bench.data.fetch.download import Unreachable
from xtreme_bench.errors import InputError
from xtreme_bench.released import Hub, Part

TIMEOUT = 10.0


@dataclass(frozen=True)
class HubFile:
    """A parquet file: its path in the repository, its address, and its checksum where the hub tells it."""

    path: str
    url: str
    sha256: str | None


@dataclass(frozen=True)
class Listing:
    """The files of a data set that each of its parts needs, at the full commit `revision`."""

    repository: str
    revision: str
    parts: tuple[tuple[Part, tuple[HubFile, ...]], ...]

    @property
    def place(self) -> str:
        """Data set and commit, for people."""
        return f"{self.repository} at {self.revision}"


def listing(hub: Hub, revision: str) -> Listing:
    """Ask the hub at a full commit.

    Errors: `Unreachable` within seconds where the hub does not answer, or lacks the data set, revision or files;
    `InputError` without `huggingface_hub`, or where a file has a hostile name.
    """
    try:
        import pyarrow.parquet  # noqa: F401  # reads what is fetched: missing, nothing is asked for
        from huggingface_hub import HfApi, hf_hub_url
    except ImportError as error:
        raise InputError(
            "corpora of the hub need `pip install 'xtreme-bench[run]'`; `--origin upstream` does without"
        ) from error
    try:
        about = HfApi(token=False).dataset_info(hub.repository, revision=revision, timeout=TIMEOUT, files_metadata=True)
    except Exception as error:  # the transport's own errors, which have no common class across its versions
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Unreachable(f"{hub.repository} at {revision} cannot be had from the hub: {reason}") from error
    if about.sha != revision:
        raise Unreachable(f"the hub gives commit {about.sha} of {hub.repository}, not {revision}")
    files = {}
    for sibling in about.siblings or ():
        if not sibling.rfilename.endswith(".parquet"):
            continue
        path = PurePosixPath(sibling.rfilename)
        if path.is_absolute() or ".." in path.parts or "\\" in sibling.rfilename or path.name.startswith("."):
            raise InputError(f"{hub.repository} has a file with a hostile name: {sibling.rfilename!r}")
        url = hf_hub_url(hub.repository, sibling.rfilename, repo_type="dataset", revision=revision)
        files[sibling.rfilename] = HubFile(sibling.rfilename, url, sibling.lfs.sha256 if sibling.lfs else None)
    parts = tuple(
        (part, tuple(file for name, file in sorted(files.items()) if fnmatchcase(name, part.pattern)))
        for part in hub.parts
    )
    lacking = [part.pattern for part, found in parts if not found]
    if lacking:
        raise Unreachable(f"{hub.repository} at {revision} has no {', '.join(lacking[:3])}")
    return Listing(hub.repository, revision, parts)
