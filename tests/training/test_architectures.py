"""Every architecture of the table, very small: loading, dropout, training, resuming, predicting, exporting."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from sentencepiece import SentencePieceTrainer
from small_encoders import FEW, KINDS, save_small_encoder, small_encoder
from torch import nn
from toy_training import ENGLISH, FINETUNING, SETTINGS, make_job, resumed, weights, write_corpus

from xtreme_bench.errors import InputError
from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import frozen
from xtreme_bench.training.architectures import ARCHITECTURES
from xtreme_bench.training.batching import collate
from xtreme_bench.training.dropout import ExampleDropout
from xtreme_bench.training.examples import Example, write
from xtreme_bench.training.families import classification
from xtreme_bench.training.frames import frame
from xtreme_bench.training.methods import METHODS
from xtreme_bench.training.network import Network, Task
from xtreme_bench.training.params import Frozen
from xtreme_bench.training.predict import predict
from xtreme_bench.training.train import finetune

CPU = torch.device("cpu")
# Of lengths so different that short ones are padded by more than a window of local attention.
EXAMPLES = [
    Example(at, (np.array([0, *[7 + (3 * at + place) % 90 for place in range(length)], 2], np.int32),),
            np.array([at % 2], np.int32))
    for at, length in enumerate((3, 40, 9, 21, 1))
]  # fmt: skip


def network_of(kind: str) -> tuple[Network, Task]:
    torch.manual_seed(4)
    task = Task("x", classification, classification.head(16, 2, 0.3), EXAMPLES)
    return Network(small_encoder(kind), {"x": task.head}).train(), task


def gradients(kind: str, parts: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
    """The loss and the summed gradients of one step, cut into parts."""
    network, task = network_of(kind)
    encoder = small_encoder(kind)
    network.noise.step([3, 4, 11], EXAMPLES)
    total = torch.zeros(())
    for part in parts:
        network.noise.take(part, CPU)
        own = [EXAMPLES[at] for at in part]
        loss = network(task, collate(own, encoder), own)
        loss.backward()
        total += loss.detach()
    return {"loss": total} | {name: value.grad for name, value in network.named_parameters() if value.grad is not None}


def test_every_architecture_of_the_table_is_tested_here() -> None:
    # CamemBERT's row is RoBERTa's.
    assert {name for name, _, _ in KINDS.values()} == ARCHITECTURES.keys() - {"camembert"}
    assert ARCHITECTURES["camembert"] is ARCHITECTURES["roberta"]


def test_the_table_in_the_docs_has_every_architecture_and_says_how_it_is_trained_and_exported() -> None:
    text = Path("docs/encoders.md").read_text(encoding="utf-8").partition("| architecture |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[2:]]
    said = {name: (methods, exported) for names, _, methods, exported, _ in rows for name in names.split(", ")}
    graphs = {True: "hand-written graph", False: "`torch.onnx`"}
    trained = {True: "whole, top, head", False: "whole, top, prompt, head"}
    assert said == {f"`{name}`": (trained[row.own_attention], graphs[row.graph]) for name, row in ARCHITECTURES.items()}


@pytest.mark.parametrize("kind", FEW)
def test_a_step_has_the_same_loss_and_gradients_however_it_is_cut(kind: str) -> None:
    whole = gradients(kind, [range(5)])
    assert all(torch.isfinite(value).all() for value in whole.values())
    for parts in ([[at] for at in range(5)], [[4, 2, 0], [3, 1]]):
        found = gradients(kind, parts)
        assert found.keys() == whole.keys()
        for name in whole:
            assert torch.allclose(found[name], whole[name], rtol=1e-4, atol=2e-6), name


@pytest.mark.parametrize("kind", KINDS)
def test_every_dropout_draws_from_the_step_those_inside_the_attention_too(kind: str) -> None:
    network, _ = network_of(kind)
    assert not [module for module in network.modules() if isinstance(module, nn.Dropout)]
    inside: list[float] = []
    for module in network.modules():
        if isinstance(module, ExampleDropout):
            module.register_forward_hook(
                lambda module, given, found: inside.append(module.p) if given[0].ndim == 4 else None
            )
    found = []
    for step in (1, 1, 2):
        network.noise.step([step], EXAMPLES)
        network.noise.take(range(5), CPU)
        found.append(network.hidden(collate(EXAMPLES, small_encoder(kind))))
    assert torch.equal(found[0], found[1])
    assert not torch.allclose(found[0], found[2])
    assert inside == [0.2] * 6


@pytest.mark.parametrize("kind", KINDS)
def test_another_dropout_is_that_of_hidden_states_and_heads_and_not_of_attention_weights(kind: str) -> None:
    encoder = small_encoder(kind)
    parts = [part for part in encoder.model.modules() if isinstance(part, nn.Dropout)]
    before = [part.p for part in parts]
    encoder.drop(0.7)
    assert [part.p for part in parts] == [0.7 if p == 0.3 else p for p in before]
    assert encoder.dropout == 0.7


@pytest.mark.parametrize("kind", KINDS)
def test_with_nothing_dropped_training_computes_what_evaluation_does(kind: str) -> None:
    encoder, (network, _) = small_encoder(kind), network_of(kind)
    inputs = collate(EXAMPLES, encoder)
    assert inputs.mask is not None
    tokens = inputs.mask.bool()
    expected = encoder.hidden(inputs)[tokens]
    for module in network.modules():
        if isinstance(module, ExampleDropout):
            module.p = 0.0 if module.p == 0.3 else 1e-12
        if getattr(module, "attention_dropout", 0):
            module.attention_dropout = 1e-12
    network.noise.step([1], EXAMPLES)
    network.noise.take(range(5), CPU)
    assert torch.allclose(network.hidden(inputs)[tokens], expected, atol=2e-6)
    assert torch.allclose(network.eval().hidden(inputs)[tokens], expected, atol=2e-6)


@pytest.mark.parametrize("kind", FEW)
def test_a_step_has_the_same_loss_and_gradients_with_the_frozen_outputs_kept_or_computed(
    kind: str, tmp_path: Path
) -> None:
    save_small_encoder(tmp_path / "encoder", kind)
    write(tmp_path / "features/train", [(0, EXAMPLES)])
    read = {"features": tmp_path / "features", "encoder": tmp_path / "encoder"}
    frozen.encode(Job(Frozen(1, "fp32", 1, 2.0, None, 3), read, tmp_path / "out", tmp_path / "work"))
    found = []
    for below in (None, tmp_path / "out"):
        encoder, examples = encoders.load(tmp_path / "encoder"), frozen.examples(tmp_path / "features", "train", below)
        METHODS["top"].begin(encoder, 1)
        torch.manual_seed(4)
        task = Task("x", classification, classification.head(16, 2, 0.3), examples)
        network = Network(encoder, {"x": task.head})
        network.heads.train()
        network.noise.step([3, 4, 11], EXAMPLES)
        network.noise.take(range(len(EXAMPLES)), CPU)
        loss = network(task, collate([*examples], encoder), [*examples])
        loss.backward()
        learned = {name: value.grad for name, value in network.named_parameters() if value.grad is not None}
        assert any(name.startswith("encoder.") for name in learned)
        found.append({"loss": loss.detach()} | learned)
    torch.testing.assert_close(*found, rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("data"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", FEW)
def test_a_training_is_resumed_to_the_same_bytes_and_its_encoder_predicts(
    tmp_path: Path, data: Path, kind: str
) -> None:
    """A pair of texts, so that segments and marks between are there, from the folder on."""
    inputs = {"data": data, "encoder": save_small_encoder(tmp_path / "encoder", kind)}
    params = {**FINETUNING, "source": "xnli", "steps": 4, "evaluate_every": 2, "evaluate_on": 8}
    whole, _ = resumed(finetune, tmp_path, params, at=3, **inputs)
    before, after = encoders.load(inputs["encoder"]).model.state_dict(), weights(whole)
    assert before.keys() == after.keys()
    learned = {name for name in after if not torch.equal(before[name], after[name])}
    assert any(".0." in name for name in learned)
    assert ARCHITECTURES[KINDS[kind][0]].words in learned
    asked = {**SETTINGS, "task": "xnli", "languages": ["de"], "method": "full"}
    job = make_job(tmp_path / "predicted", asked, **inputs, model=whole.out)
    assert predict(job) == {"predictions": {"de": 15}}
    assert set((job.out / "test-de.tsv").read_text().split()) <= {"entailment", "contradiction", "neutral"}


def test_mdeberta_has_its_tokenizer_in_a_sentencepiece_file(tmp_path: Path) -> None:
    folder, made = save_small_encoder(tmp_path, "deberta-v2"), io.BytesIO()
    (folder / "tokenizer.json").unlink()
    marks = dict(zip(("pad", "bos", "eos", "unk"), ("[PAD]", "[CLS]", "[SEP]", "[UNK]"), strict=True))
    SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(ENGLISH)] * 9),
        model_writer=made,
        vocab_size=60,
        hard_vocab_limit=False,
        user_defined_symbols=["[MASK]"],
        minloglevel=2,
        **{f"{mark}_piece": piece for mark, piece in marks.items()},
        **{f"{mark}_id": at for at, mark in enumerate(marks)},
    )
    (folder / "spm.model").write_bytes(made.getvalue())
    form = frame(encoders.load_tokenizer(folder), 2)
    assert form.marks == ((1,), (2,), (2,))
    assert form.texts == (0, 1)


def test_a_tokenizer_without_padding_is_an_error(tmp_path: Path) -> None:
    folder = save_small_encoder(tmp_path, "modernbert")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    del settings["pad_token"]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(InputError, match="its tokenizer has no padding token; name one in tokenizer_config.json"):
        encoders.load(folder)
