from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from places import HELPERS
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from torch import nn
from torch.distributed import TCPStore
from toy_training import FINETUNING, MIXED, KilledError, digests, killed_at, make_job, tiny_encoder, weights
from transformers.models.xlm_roberta.modeling_xlm_roberta import XLMRobertaLayer

from xtreme_bench.errors import InputError, StageError
from xtreme_bench.stage.job import Job
from xtreme_bench.training import checkpoint, learned
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.device import prepare_device
from xtreme_bench.training.examples import Example
from xtreme_bench.training.loop import fit
from xtreme_bench.training.network import Network, Task
from xtreme_bench.training.train import finetune, intermediate, load_head

XNLI: dict[str, Any] = {**FINETUNING, "source": "xnli", "steps": 14}


def curve(job: Job) -> list[dict[str, float]]:
    return [json.loads(line) for line in (job.out / "curve.jsonl").read_text().splitlines()]


def test_finetuning_learns_and_leaves_encoder_head_and_curve(tmp_path: Path, inputs: dict[str, Path]) -> None:
    job = make_job(tmp_path, {**FINETUNING, "source": "panx", "steps": 60, "learning_rate": 1e-2}, **inputs)
    facts = finetune(job)
    assert facts["dev"]["panx"] > 90
    assert facts["examples"] == {"panx": 60}
    encoder = learned.load(job.out, inputs["encoder"])
    _, _, labels = load_head(job.out, encoder)
    assert labels == ("B-LOC", "B-ORG", "B-PER", "I-LOC", "I-ORG", "I-PER", "O")
    losses = [point["loss/panx"] for point in curve(job) if "loss/panx" in point]
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize(
    ("stage", "params"),
    [
        (finetune, XNLI),
        (finetune, {**XNLI, "method": "head"}),
        pytest.param(intermediate, MIXED, marks=pytest.mark.slow),  # test_mixture.py has one more of these
    ],
)
def test_a_killed_run_resumes_to_the_same_bytes(
    tmp_path: Path, inputs: dict[str, Path], stage: Any, params: dict[str, Any]
) -> None:
    whole = make_job(tmp_path / "whole", params, **inputs)
    facts = stage(whole)
    broken = make_job(tmp_path / "broken", {**params, "checkpoint_seconds": 0}, **inputs)
    for step in (3, 9):
        with pytest.raises(KilledError):
            stage(killed_at(broken, step))
    resumed: list[int] = []
    assert stage(dataclasses.replace(broken, progress=lambda done, total, note: resumed.append(done))) == facts
    assert resumed[0] == 9
    assert digests(broken.out) == digests(whole.out)


@pytest.mark.parametrize(("stage", "params"), [(finetune, XNLI), (intermediate, MIXED)])
def test_pooling_is_that_of_the_recipe_from_training_to_the_head_that_predicts(
    tmp_path: Path, inputs: dict[str, Path], stage: Any, params: dict[str, Any]
) -> None:
    jobs = {how: make_job(tmp_path / how, {**params, "pooling": how}, **inputs) for how in ("first", "mean")}
    for job in jobs.values():
        stage(job)
    found = [weights(job) for job in jobs.values()]
    assert not all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    if stage is finetune:
        encoder = encoders.load(inputs["encoder"])
        loaded = {how: load_head(job.out, encoder)[1].pooling for how, job in jobs.items()}
        assert loaded == {"first": "first", "mean": "mean"}


@pytest.mark.slow
def test_a_run_killed_by_signal_resumes_to_the_same_bytes(tmp_path: Path, inputs: dict[str, Path]) -> None:
    params = {**XNLI, "steps": 400, "evaluate_every": 50}
    whole = make_job(tmp_path / "whole", params, **inputs)
    finetune(whole)
    broken = make_job(tmp_path / "broken", {**params, "checkpoint_seconds": 0.02}, **inputs)
    script = (
        "import json, sys; from pathlib import Path; from toy_training import make_job\n"
        "from xtreme_bench.training.train import finetune\n"
        "folder, params, data, encoder = sys.argv[1:]\n"
        "finetune(make_job(Path(folder), json.loads(params), data=Path(data), encoder=Path(encoder)))"
    )
    arguments = [
        str(broken.work.parent),
        json.dumps({**params, "checkpoint_seconds": 0.02}),
        str(inputs["data"]),
        str(inputs["encoder"]),
    ]
    process = subprocess.Popen([sys.executable, "-c", script, *arguments], cwd=HELPERS)
    while not list(broken.work.glob("checkpoint-*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = checkpoint.load(broken.work)
    assert found is not None
    assert 0 < found[1]["step"] < 400
    finetune(broken)
    assert digests(broken.out) == digests(whole.out)


RETRAINED: dict[str, Any] = {**FINETUNING, "source": "tydiqa", "steps": 12, "stride": 16, "retrain": "all"}


@pytest.mark.slow
def test_after_the_choice_of_steps_all_rows_are_trained_on(tmp_path: Path, inputs: dict[str, Path]) -> None:
    job = make_job(tmp_path / "retrained", {**RETRAINED, "learning_rate": 1e-30, "patience": 1}, **inputs)
    facts = finetune(job)
    # Nothing is learned, so the first evaluation, after four steps, is the best one.
    assert (facts["steps"], facts["best_step"], facts["examples"]) == (8, 4, {"tydiqa": 54})
    assert facts["retrained"] == {"steps": 4, "examples": {"tydiqa": 60}}
    chosen = [json.loads(line) for line in (job.out / "choice/curve.jsonl").read_text().splitlines()]
    assert [point["step"] for point in chosen if "dev/tydiqa" in point] == [4, 8]
    assert [point["step"] for point in curve(job)] == [1, 2, 3, 4]
    assert not any("dev/tydiqa" in point for point in curve(job))
    plain = make_job(tmp_path / "plain", {**RETRAINED, "retrain": None}, **inputs)
    assert "retrained" not in finetune(plain)
    assert not (plain.out / "choice").exists()


@pytest.mark.slow
def test_a_run_killed_after_its_choice_does_not_choose_again(tmp_path: Path, inputs: dict[str, Path]) -> None:
    whole = make_job(tmp_path / "whole", RETRAINED, **inputs)
    facts = finetune(whole)
    broken = make_job(tmp_path / "broken", {**RETRAINED, "checkpoint_seconds": 0}, **inputs)
    for step in (5, 12 + 1, 12 + 3):
        with pytest.raises(KilledError):
            finetune(killed_at(broken, step))
    resumed: list[int] = []
    assert finetune(dataclasses.replace(broken, progress=lambda done, total, note: resumed.append(done))) == facts
    assert resumed[0] == 12 + 3
    assert digests(broken.out) == digests(whole.out)


def test_the_metric_that_chose_is_among_the_facts(tmp_path: Path, inputs: dict[str, Path]) -> None:
    facts = intermediate(make_job(tmp_path, MIXED, **inputs))
    assert facts["metric"] == {"squad_v1": "mean of F1 and exact match", "hellaswag": "accuracy"}


def test_the_best_evaluation_is_kept_not_the_last(tmp_path: Path, inputs: dict[str, Path]) -> None:
    job = make_job(tmp_path, {**XNLI, "learning_rate": 0.02, "steps": 24, "evaluate_every": 1}, **inputs)
    facts = finetune(job)
    scores = {point["step"]: point["dev/xnli"] for point in curve(job) if "dev/xnli" in point}
    best = max(scores.values())
    assert len(set(scores.values())) > 1
    assert facts["dev"]["xnli"] == pytest.approx(best)
    assert facts["best_step"] == min(step for step, score in scores.items() if score == best)


def test_training_stops_when_evaluations_bring_no_gain(tmp_path: Path, inputs: dict[str, Path]) -> None:
    still = {"learning_rate": 1e-30, "evaluate_every": 2, "patience": 3, "steps": 100}
    facts = finetune(make_job(tmp_path, {**XNLI, **still}, **inputs))
    assert (facts["best_step"], facts["steps"]) == (2, 8)


def test_intermediate_training_shares_the_encoder_and_drops_the_heads(tmp_path: Path, inputs: dict[str, Path]) -> None:
    job = make_job(tmp_path, MIXED, **inputs)
    facts = intermediate(job)
    assert facts["probability"] == {"squad_v1": 0.5, "hellaswag": 0.5}
    assert set(facts["dev"]) == {"squad_v1", "hellaswag", "mean"}
    assert facts["dev"]["mean"] == pytest.approx((facts["dev"]["squad_v1"] + facts["dev"]["hellaswag"]) / 2, abs=1e-3)
    assert not list(job.out.glob("head*"))
    before, after = (load_file(folder / "model.safetensors") for folder in (inputs["encoder"], job.out))
    assert before.keys() == after.keys()
    assert not torch.equal(before["embeddings.LayerNorm.weight"], after["embeddings.LayerNorm.weight"])


def test_with_the_head_alone_only_the_head_is_kept_in_checkpoints_too(tmp_path: Path, inputs: dict[str, Path]) -> None:
    job = make_job(tmp_path, {**XNLI, "method": "head", "checkpoint_seconds": 0}, **inputs)
    with pytest.raises(KilledError):
        finetune(killed_at(job, 9))
    found = checkpoint.load(job.work)
    assert found is not None
    for part in ("model", "best"):
        assert {name.partition(".")[0] for name in found[0][part]} == {"heads"}
    finetune(job)
    assert {path.name for path in job.out.iterdir()} == {"curve.jsonl", "head.json", "head.safetensors", "tensorboard"}


def test_a_batch_cut_for_memory_gives_the_same_gradient(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoders.save(tmp_path / "encoder", tiny_encoder(dropout=0.0))
    jobs = [
        make_job(tmp_path / name, {**XNLI, "steps": 3}, **{**inputs, "encoder": tmp_path / "encoder"}) for name in "ab"
    ]
    finetune(jobs[0])
    monkeypatch.setattr("xtreme_bench.training.device.CPU_BYTES", 1)
    finetune(jobs[1])
    one, other = map(weights, jobs)
    assert all(torch.allclose(one[name], other[name], atol=1e-5) for name in one)


def test_epochs_become_steps_over_the_examples_that_are_used(tmp_path: Path, inputs: dict[str, Path]) -> None:
    params = {key: value for key, value in XNLI.items() if key != "steps"}
    facts = finetune(make_job(tmp_path, {**params, "epochs": 1.5, "examples": 30, "batch": 8}, **inputs))
    assert (facts["steps"], facts["examples"]) == (6, {"xnli": 30})


def test_a_loss_that_is_not_finite_ends_the_stage_with_advice(tmp_path: Path, inputs: dict[str, Path]) -> None:
    encoder = tiny_encoder()
    with torch.no_grad():
        encoder.model.get_input_embeddings().weight[:] = float("nan")
    encoders.save(tmp_path / "encoder", encoder)
    job = make_job(tmp_path, XNLI, data=inputs["data"], encoder=tmp_path / "encoder")
    with pytest.raises(
        StageError, match=r"step 1, task xnli, .*: the loss is nan .* learning rate 0\.000714.*lower `learn"
    ):
        finetune(job)


class Constant:
    """An objective that only looks at the head."""

    def loss(self, head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
        return head(hidden[:, 0]).sum()

    def terms(self, examples: Sequence[Example]) -> int:
        return len(examples)


def test_a_loss_that_is_not_finite_is_found_a_step_later_and_named_by_its_own_step_and_batch(tmp_path: Path) -> None:
    seen: list[list[int]] = []

    class Breaks(Constant):
        def loss(self, head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
            seen.append(sorted(example.row for example in examples))
            return super().loss(head, hidden, examples) * (float("inf") if len(seen) == 5 else 1.0)

    job = make_job(tmp_path, {**FINETUNING, "batch": 4})
    examples = [Example(at, (np.full(7, 9, np.int32),)) for at in range(40)]
    task = Task("mnli", Breaks(), nn.Linear(16, 3), examples)
    with pytest.raises(StageError) as error:
        fit(job, prepare_device(job.params), tiny_encoder(), [task], [1.0], 12)
    assert len(seen) == 6
    first, last = ", ".join(map(str, seen[4][:-1])), seen[4][-1]
    assert str(error.value).startswith(f"step 5, task mnli, a batch of the training rows {first} and {last} (from 0): ")


def batches(folder: Path, sizes: Sequence[int], *, matched: bool) -> list[list[int]]:
    """The rows of each batch of a training on examples of these lengths."""
    seen: list[list[int]] = []

    class Seen(Constant):
        def loss(self, head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
            seen.append(sorted(example.row for example in examples))
            return super().loss(head, hidden, examples)

    examples = [Example(at, (np.full(size, 9, np.int32),)) for at, size in enumerate(sizes)]
    job = make_job(folder, {**FINETUNING, "batch": 4})
    task = Task("mnli", Seen(), nn.Linear(16, 3), examples, matched=matched)
    fit(job, prepare_device(job.params), tiny_encoder(), [task], [1.0], 12)
    return seen


def test_matched_examples_are_batched_alike_in_every_language_whatever_their_lengths(tmp_path: Path) -> None:
    short, long = [3 + at % 5 for at in range(24)], [30 - at for at in range(24)]
    same = [batches(tmp_path / f"{at}", sizes, matched=True) for at, sizes in enumerate((short, long))]
    assert same[0] == same[1]
    assert sorted(row for batch in same[0][:6] for row in batch) == [*range(24)]
    other = [batches(tmp_path / f"{at + 2}", sizes, matched=False) for at, sizes in enumerate((short, long))]
    assert other[0] != other[1]


def test_without_development_rows_the_last_step_is_kept(tmp_path: Path, inputs: dict[str, Path]) -> None:
    facts = intermediate(make_job(tmp_path, {**MIXED, "select_on": ()}, **inputs))
    assert (facts["steps"], facts["best_step"], facts["dev"], facts["metric"]) == (12, 12, {}, {})
    assert facts["tokens"].keys() == facts["examples"].keys()


def test_a_full_gpu_ends_the_stage_with_advice(tmp_path: Path) -> None:
    class Greedy:
        def loss(self, head: nn.Module, hidden: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
            raise torch.OutOfMemoryError("CUDA out of memory")

        def terms(self, examples: Sequence[Example]) -> int:
            return len(examples)

    task = Task("mnli", Greedy(), nn.Linear(16, 3), [Example(0, (np.array([0, 9, 2], np.int32),), 1)])
    job = make_job(tmp_path, FINETUNING)
    with pytest.raises(
        StageError,
        match=r"mnli: the GPU's memory is full; there is no room for 1 sequence of 3 tokens .*`max_length` below 3",
    ):
        fit(job, prepare_device(job.params), tiny_encoder(), [task], [1.0], 2)


def test_sequences_longer_than_the_positions_are_refused(tmp_path: Path, inputs: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"xnli: max_length is 65, but the encoder has room for 64 tokens"):
        finetune(make_job(tmp_path, {**XNLI, "max_length": 65}, **inputs))


@pytest.mark.parametrize("precision", ["bf16", "tf32"])
def test_lower_precision_without_a_gpu_is_refused(precision: str, tmp_path: Path, inputs: dict[str, Path]) -> None:
    if torch.cuda.is_available():
        pytest.skip("a GPU is here")
    with pytest.raises(InputError, match=rf"{precision} needs a GPU"):
        finetune(make_job(tmp_path, {**XNLI, "precision": precision}, **inputs))


def test_recomputed_activations_change_no_byte_on_the_cpu(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    passes, forward = [], XLMRobertaLayer.forward
    monkeypatch.setattr(XLMRobertaLayer, "forward", lambda self, *a, **k: passes.append(1) or forward(self, *a, **k))
    kept, counts = [], []
    for activations in ("keep", "recompute"):
        job = make_job(tmp_path / activations, {**XNLI, "activations": activations}, **inputs)
        passes.clear()
        finetune(job)
        counts.append(len(passes))
        kept.append((job.out / learned.FILE).read_bytes())
    assert kept[0] == kept[1]
    assert counts[1] > 1.5 * counts[0] - 10


def test_tensorboard_reads_the_curve_and_no_clock_is_in_it(tmp_path: Path, inputs: dict[str, Path]) -> None:
    job = make_job(tmp_path, XNLI, **inputs)
    finetune(job)
    events = list(EventFileLoader(str(job.out / "tensorboard" / "events.out.tfevents.0")).Load())
    tags = {value.tag for event in events for value in event.summary.value}
    assert tags == {"loss/xnli", "learning_rate", "norm", "dev/xnli"}
    assert [event.wall_time for event in events[1:]] == [float(point["step"]) for point in curve(job)]


def test_tensorboard_draws_chance_beside_the_scores_and_a_mix_has_their_mean(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    job = make_job(tmp_path, MIXED, **inputs)
    intermediate(job)
    boards = [job.out / "tensorboard" / name for name in ("", "chance")]
    scores, chance = (list(EventFileLoader(str(board / "events.out.tfevents.0")).Load()) for board in boards)
    assert {value.tag for event in chance for value in event.summary.value} == {"dev/hellaswag"}
    lines = {event.step: [round(value.tensor.float_val[0], 3) for value in event.summary.value] for event in chance[1:]}
    assert lines == {4: [25.0], 8: [25.0], 12: [25.0]}
    found = {value.tag for event in scores for value in event.summary.value if value.tag.startswith("dev/")}
    assert found == {"dev/squad_v1", "dev/hellaswag", "dev/mean"}
    means = [point for point in curve(job) if "dev/mean" in point]
    assert all(point["dev/mean"] == (point["dev/squad_v1"] + point["dev/hellaswag"]) / 2 for point in means)


def ends_of(processes: Sequence[subprocess.Popen[bytes]], within: float) -> list[int | None]:
    """Exit codes; once one has failed, or the time is over, the others would wait for it, and are killed."""
    end = time.monotonic() + within
    while time.monotonic() < end and None in (codes := [process.poll() for process in processes]):
        if any(codes):
            break
        time.sleep(0.05)
    codes = [process.poll() for process in processes]
    for process in processes:
        process.kill()
        process.wait()
    return codes


@pytest.mark.slow
def test_two_processes_train_to_the_same_finite_weights(tmp_path: Path, inputs: dict[str, Path]) -> None:
    script = (
        "import json, os, sys; from pathlib import Path; from toy_training import make_job\n"
        "from safetensors.torch import save_file; from xtreme_bench.training import train\n"
        "folder, params, data, encoder, rank = sys.argv[1:]\n"
        "fit = train.fit\n"
        "def keeping(job, accelerator, encoder, *rest):\n"
        "    assert accelerator.num_processes == 2\n"
        "    course = fit(job, accelerator, encoder, *rest)\n"
        "    save_file(encoder.model.state_dict(), Path(folder) / f'rank{rank}.safetensors')\n"
        "    return course\n"
        "train.fit = keeping\n"
        "job = make_job(Path(folder), json.loads(params), data=Path(data), encoder=Path(encoder))\n"
        "train.intermediate(job)\n"
        "os._exit(0)  # as a worker ends: threads of gloo may abort a process that tidies up\n"
    )
    # As torchrun does, this process keeps the store where they meet: it has a port that nothing else can take.
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    world = {
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "TORCHELASTIC_RESTART_COUNT": "0",
        "ACCELERATE_USE_CPU": "true",
    }
    # Tokenised here, before there are two: each would take for whole what the other is still writing.
    make_job(tmp_path, MIXED, **inputs)
    arguments = [str(tmp_path), json.dumps(MIXED), str(inputs["data"]), str(inputs["encoder"])]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, *arguments, rank],
            cwd=HELPERS,
            env={**os.environ, **world, "RANK": rank, "LOCAL_RANK": rank},
        )
        for rank in ("0", "1")
    ]
    assert ends_of(processes, within=120) == [0, 0]
    one, other = (load_file(tmp_path / f"rank{rank}.safetensors") for rank in (0, 1))
    assert all(torch.equal(one[name], other[name]) and torch.isfinite(one[name]).all() for name in one)
    before = load_file(inputs["encoder"] / "model.safetensors")
    assert not torch.equal(before["embeddings.LayerNorm.weight"], one["embeddings.LayerNorm.weight"])


def test_a_part_that_does_not_fit_is_halved_and_the_step_repeated(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {**XNLI, "steps": 6}
    roomy = make_job(tmp_path / "roomy", params, **inputs)
    facts = finetune(roomy)
    forward, sizes = Network.forward, []

    def tight(self: Network, task: Task, inputs: Any, examples: Sequence[Example]) -> Any:
        sizes.append(len(examples))
        if len(examples) > 3:
            raise torch.OutOfMemoryError
        return forward(self, task, inputs, examples)

    monkeypatch.setattr(Network, "forward", tight)
    job = make_job(tmp_path / "tight", params, **inputs)
    assert finetune(job) == facts
    assert sizes[0] == 8
    assert sizes.count(8) == 1, "what was learned of the memory is kept"
    kept = [load_file(each.out / learned.FILE) for each in (roomy, job)]
    assert all(torch.allclose(kept[0][name], kept[1][name], atol=1e-5) for name in kept[0])


def test_one_example_that_does_not_fit_ends_the_training_with_advice(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Network, "forward", full)
    with pytest.raises(StageError, match="step 1, task xnli: the GPU's memory is full; .* lower `max_length` below"):
        finetune(make_job(tmp_path, XNLI, **inputs))


def test_moments_that_do_not_fit_end_the_training_with_advice(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(torch.optim.AdamW, "step", full)
    with pytest.raises(StageError, match="step 1: the GPU's memory is full; .* moments: .*`fsdp: full_shard`"):
        finetune(make_job(tmp_path, XNLI, **inputs))


def test_a_disk_without_room_for_checkpoints_is_named_before_training(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(checkpoint.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(StageError, match=r"checkpoints may take 0.0 GiB, and the disk has 0.0: free space"):
        finetune(make_job(tmp_path, XNLI, **inputs))
