"""Types that describe releases of corpora: the formats of their files, and where to get them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """One format of one corpus. `path` matches the end of a relative path, `head` the beginning of the file (see
    `head_fields`).

    The named groups of both say which part of the corpus a file is: language, split, side, ... `common`: other data
    have files with this name too, so a file that begins differently is ignored.
    """

    corpus: str
    name: str
    path: str
    head: str = ""
    common: bool = False


TRAIN_DEV = r"(?P<split>train|dev)"
JSON_OBJECT = r"\s*\{"


@dataclass(frozen=True)
class Part:
    """Parquet files of a hub data set (`pattern`, as fnmatch) whose rows go to the released file `file`.

    `form` names its writer in `hub_forms.FORMS`, if it is not the data set's.
    """

    pattern: str
    file: str
    language: str = "en"
    form: str = ""


@dataclass(frozen=True)
class Hub:
    """A data set of the Hugging Face hub; `form` names the writer of its release in `hub_forms.FORMS`."""

    repository: str
    revision: str
    form: str
    parts: tuple[Part, ...]

    @property
    def place(self) -> str:
        """Data set and commit, for people."""
        return f"{self.repository} at {self.revision}"


@dataclass(frozen=True)
class Source:
    """A released corpus: on the hub, at upstream addresses (path below the corpus's folder, address), or both.

    `manual` are (path, address) that only a person can download. `no_hub` and `no_upstream` say why a corpus is not
    fetched from there. `remark` is additional information.
    """

    corpus: str
    hub: Hub | None = None
    upstream: tuple[tuple[str, str], ...] = ()
    manual: tuple[tuple[str, str], ...] = ()
    no_hub: str = ""
    no_upstream: str = ""
    remark: str = ""


def at(*addresses: str) -> tuple[tuple[str, str], ...]:
    """Files that are named like the last part of their addresses."""
    return tuple((address.rpartition("/")[2], address) for address in addresses)


def english(config: str, train: str, dev: str, *, dev_split: str = "validation") -> tuple[Part, ...]:
    """Both splits of an English data set of the hub."""
    return Part(f"{config}/train-*.parquet", train), Part(f"{config}/{dev_split}-*.parquet", dev)
