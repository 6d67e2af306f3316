from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """On the disk: no folder below /dev, where the other tests write, can be given to a container."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
