from __future__ import annotations

from pathlib import Path

import pytest
from toy_training import tiny_encoder, write_corpus

from xtreme_bench.training import encoder as encoders


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A data folder and an encoder folder; only to be read."""
    folder = tmp_path_factory.mktemp("inputs")
    encoders.save(folder / "encoder", tiny_encoder())
    return {"data": write_corpus(folder / "data"), "encoder": folder / "encoder"}
