"""An encoder's lowest blocks alone."""

from pathlib import Path

import pytest
import torch
from small_encoders import FEW, save_small_encoder

from xtreme_bench.errors import InputError
from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.forward import Inputs
from xtreme_bench.training.params import Shorten
from xtreme_bench.training.shorten import shorten


def job(folder: Path, blocks: int, encoder: Path) -> Job[Shorten]:
    return Job(Shorten(blocks), {"encoder": encoder}, folder / "out", folder / "work")


@pytest.mark.parametrize("kind", FEW)
def test_what_is_left_computes_what_the_whole_one_computed_there(kind: str, tmp_path: Path) -> None:
    folder = save_small_encoder(tmp_path / "whole", kind)
    whole = encoders.load(folder)
    facts = shorten(job(tmp_path, 1, folder))
    short = encoders.load(tmp_path / "out")
    assert facts == {"blocks": 1, "of": whole.blocks}
    assert (short.blocks, len(short.stack)) == (1, 1)
    ids = torch.tensor([[7, 11, 23, 9]])
    whole.model.eval()
    short.model.eval()
    with torch.inference_mode():
        before, after = whole.layers(Inputs(ids)), short.layers(Inputs(ids))
    assert torch.equal(before[0], after[0])
    if whole.architecture.norm is None:
        assert torch.equal(before[1], short.hidden(Inputs(ids)))


def test_more_blocks_than_there_are_is_an_error(tmp_path: Path) -> None:
    folder = save_small_encoder(tmp_path / "whole", "bert")
    with pytest.raises(InputError, match="model.blocks is 99, but this encoder has only"):
        shorten(job(tmp_path, 99, folder))
