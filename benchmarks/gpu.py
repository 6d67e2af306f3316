"""One script for a machine with a GPU: first whether it computes rightly, then how fast, all within nine minutes.

    make bench-gpu                          # or: PYTHONPATH=. python benchmarks/gpu.py
    python benchmarks/gpu.py --tiny         # the same parts at a tiny size, on the CPU too: does the script work?

It needs torch, transformers, accelerate, safetensors and tokenizers, and neither network nor data: encoders have random
weights, texts are made up. Each part says `ok`, `WRONG`, `BROKEN` or `left out`, and why; the exit code is 1 if any
is wrong or broken.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import gpu_checks
import gpu_quickstart
import mining
import numpy as np
import torch
import trained
import training
from gpu_checks import LeftOutError, WrongError
from trained import Setting, on

LARGE = Setting(steps=12, blocks=24, width=1024, heads=16, feedforward=4096, vocabulary=250_002, precision="bf16")
TINY = Setting(steps=3, batch=8, blocks=2, width=32, heads=2, feedforward=64, vocabulary=2_000)
# The windows of SQuAD that the benchmark pads to 384.
QUESTIONS = {"mean": 5.1, "spread": 0.3, "longest": 384}
WARM = 3
# Seconds that must be left for compiling, and that quickstart may take.
COMPILING, QUICKSTART = 150, 120
LAYER = {24: 14}


@dataclass(frozen=True)
class Run:
    """What all parts know: the size, whether it is the tiny one, and when time is over."""

    setting: Setting
    tiny: bool
    ends: float

    @property
    def small(self) -> Setting:
        """For checks: few steps in fp32."""
        shape = replace(self.setting, precision="fp32", steps=3, batch=min(16, self.setting.batch))
        return replace(shape, blocks=min(6, shape.blocks))


def needs_gpu(run: Run) -> None:
    """Errors: `LeftOutError` where a number of the CPU would say nothing."""
    if on() == "cpu" and not run.tiny:
        raise LeftOutError("torch finds no GPU")


def beside(run: Run, lengths: dict[str, Any], ways: tuple[str, ...]) -> str:
    """Our loop beside others, each warm: on the same examples and weights, in the same precision."""
    needs_gpu(run)
    setting = replace(run.setting, **lengths)
    rates = {}
    for way in ways:
        training.WAYS[way](replace(setting, steps=WARM))
        rates[way] = setting.steps * setting.batch / training.WAYS[way](setting).wall
    first = rates[ways[0]]
    return "; ".join(f"{way} {rate:.1f} examples/s ({rate / first:.2f})" for way, rate in rates.items())


def same_losses(run: Run) -> str:
    """All ways that are compared begin with the same weights: one step without dropout has the same loss."""
    setting = training.first_step(run.small)
    found = {way: training.WAYS[way](setting).loss for way in (*OTHERS, training.PACKED)}
    return gpu_checks.require(training.losses_apart(found), training.SAME_LOSS, "difference of the losses")


def compiled(run: Run) -> str:
    """Our loop with blocks that `torch.compile` has compiled, beside the loop as it is; what compiling took is told."""
    if run.tiny:
        raise LeftOutError("compiling takes minutes: make bench-training ARGS=--compile")
    needs_gpu(run)
    if shutil.which("gcc") is None and shutil.which("cc") is None:
        raise LeftOutError("there is no compiler of C here")
    if time.monotonic() > run.ends - COMPILING:
        raise LeftOutError(f"compiling may take {COMPILING} seconds, and less is left")
    return beside(run, {}, (training.IN_USE, training.COMPILED))


def utilisation(run: Run) -> str:
    """The share of the device's peak that goes into the operations of the model, by the size of a batch."""
    needs_gpu(run)
    from xtreme_bench.plan import devices

    row = devices.of_card(torch.cuda.get_device_name()) if on() == "cuda" else None
    found = []
    for batch in (run.setting.batch, 4 * run.setting.batch, 16 * run.setting.batch):
        setting = replace(run.setting, batch=batch)
        training.ours(replace(setting, steps=WARM), trimmed=True)
        rate = training.operations(setting) / training.ours(setting, trimmed=True).wall
        share = f", {rate / row.peak[setting.precision]:.1%} of {row.name}'s peak" if row else ""
        found.append(f"batches of {batch}: {rate / 1e12:.2f} TFLOPs/s{share}")
    return "; ".join(found)


def memory(run: Run) -> str:
    """Peak memory with the whole table beside that with the rows in use."""
    if on() == "cpu":
        raise LeftOutError("torch counts the memory of a GPU only")
    whole, few = (training.ours(replace(run.setting, steps=WARM), trimmed=trimmed).peak for trimmed in (False, True))
    return f"whole table {whole / 2**30:.2f} GiB, rows in use {few / 2**30:.2f} GiB ({few / whole:.0%})"


def prediction(run: Run) -> str:
    """Examples a second of `infer`, as prediction and evaluation use it."""
    needs_gpu(run)
    from xtreme_bench.training.inference import infer

    setting = replace(run.setting, steps=run.setting.steps * (1 if run.tiny else 32))
    encoder, task = trained.our_encoder(setting), trained.our_task(setting)
    encoder.model.to(on())
    task.head.to(on())

    def work() -> None:
        with torch.autocast(on(), torch.bfloat16, enabled=setting.precision == "bf16"):
            infer(encoder, task.objective, task.head, task.examples)

    work()
    wall = training.measured(work).wall
    tokens = sum(example.length for example in task.examples)
    return f"{len(task.examples) / wall:,.0f} examples/s, {tokens / wall:,.0f} tokens/s ({setting.precision})"


def same_pairs(run: Run) -> str:
    """Mining on this device finds the pairs that it finds on the CPU."""
    source, target = mining.corpora(300 if run.tiny else 5_000, 64 if run.tiny else 1024)
    found = mining.ours(source, target, on())
    if found != mining.ours(source, target):
        raise WrongError("other pairs than on the CPU")
    return f"{len(found):,} pairs, the same as on the CPU"


def mined(run: Run) -> str:
    """Seconds of mining at the size of BUCC 2018's ru-en."""
    needs_gpu(run)
    rows, columns, width = (600, 700, 64) if run.tiny else mining.BUCC_RU_EN
    taken, _ = mining.seconds(partial(mining.ours, device=on()), *mining.corpora(rows, width, columns))
    return f"{rows:,} x {columns:,} x {width}: {taken:.1f} s"


def embedding(run: Run) -> str:
    """Sentences a second of embedding in torch, cut at a layer."""
    needs_gpu(run)
    from xtreme_bench.retrieval.embed_torch import torch_run
    from xtreme_bench.training.padding import by_length

    setting = replace(run.setting, mean=2.6, steps=run.setting.steps * (1 if run.tiny else 64))
    embed = torch_run(trained.our_encoder(setting), LAYER.get(setting.blocks, 1), "mean", precision=setting.precision,
                      device=on())  # fmt: skip
    sentences = [ids for ids, _ in trained.examples(setting)]
    batches = by_length([len(ids) for ids in sentences], 32_768, padded=False)

    def work() -> None:
        for batch in batches:
            embed(np.stack([sentences[at] for at in batch]).astype(np.int64))

    work()
    return f"{len(sentences) / training.measured(work).wall:,.0f} sentences/s ({setting.precision})"


def doctor(run: Run) -> str:
    """What `xtreme-bench doctor` says of this machine."""
    from xtreme_bench.cli import doctor as own

    if importlib.util.find_spec("docker") is None:
        own.docker_engine = lambda: own.Finding("docker", "absent", "its Python package is not installed")
    return "; ".join(f"{one.part} {one.state} ({one.detail})" for one in own.examine())


def hours(run: Run) -> str:
    """Projected hours of multitask9, by the published sizes, at the rate of our loop with inputs of the assumed length.

    Inputs are assumed to be half as long as the recipe allows.
    """
    needs_gpu(run)
    from xtreme_bench.files import Digests
    from xtreme_bench.plan import estimate, stages
    from xtreme_bench.plan.devices import Device
    from xtreme_bench.recipe.files import find
    from xtreme_bench.recipe.load import load
    from xtreme_bench.stage.store import Store

    setting = replace(run.setting, mean=4.7, longest=256)
    training.ours(replace(setting, steps=WARM), trimmed=True)
    rate = training.operations(setting) / training.ours(setting, trimmed=True).wall
    here = Device("here", {"bf16": rate}, {"bf16": 1.0}, 0.0, None, "a training")
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        digests = Digests(Path(folder, "digests.json"))
        planned = stages.plan(load(find("multitask9")), data=Path(folder), digests=digests)
        work = [one for one in planned.stages if one.row.trains or one.kind == "predict"]
        found = {one.name: estimate.of(one, store, lambda *_: here, estimate.published(planned)) for one in work}
    known = {name: one["seconds"] / 3600 for name, one in found.items() if one is not None}
    each = ", ".join(f"{name} {hours:.1f}" for name, hours in known.items())
    return f"{sum(known.values()):.1f} hours ({each}); not known: {len(found) - len(known)} stages"


def quickstart(run: Run) -> str:
    """A cut of quickstart end to end: from pretraining to a checked bundle."""
    needs_gpu(run)
    left = run.ends - time.monotonic()
    return gpu_quickstart.run(left if run.tiny else min(QUICKSTART, left), tiny=run.tiny)


def packed(run: Run, lengths: dict[str, Any]) -> str:
    """Packed batches beside padded ones, in the same order; attention has no dropout, as torch's kernel needs it."""
    return beside(run, {"dropout": 0.0, **lengths}, (training.IN_USE, training.PACKED))


OTHERS = ("the benchmark's procedure", "transformers' Trainer", "ours, whole table", training.IN_USE)


def parts() -> Iterator[tuple[str, Callable[[Run], str]]]:
    """All parts in order: checks, then figures."""
    yield "bf16 beside fp32", lambda run: gpu_checks.bf16(run.small)
    yield "rows in use beside the whole table", lambda run: gpu_checks.trimmed(run.small)
    yield "packed beside padded", lambda run: gpu_checks.packed(run.small)
    yield "the loss of a first step, all ways", same_losses
    for name in gpu_checks.MADE:
        yield f"a step of {name}, in parts and whole", lambda run, name=name: gpu_checks.family(name, run.small)
    yield "steps that do not wait for the GPU", lambda run: gpu_checks.unwaiting(run.small)
    yield "mining here and on the CPU", same_pairs
    yield "doctor", doctor
    yield "fine-tuning, XNLI's lengths, padded to 128", lambda run: beside(run, {}, OTHERS[::3])
    yield "fine-tuning, SQuAD's lengths, padded to 384", lambda run: beside(run, QUESTIONS, OTHERS[::3])
    yield "fine-tuning, XNLI's lengths, grouped", lambda run: beside(run, {}, OTHERS[1:])
    yield "fine-tuning, XNLI's lengths, packed", lambda run: packed(run, {})
    yield "fine-tuning, SQuAD's lengths, packed", lambda run: packed(run, QUESTIONS)
    yield "model FLOPs utilisation", utilisation
    yield "peak memory", memory
    yield "prediction", prediction
    yield "embedding in torch", embedding
    yield "mining at BUCC's size", mined
    yield "hours of multitask9", hours
    yield "quickstart end to end", quickstart
    yield "fine-tuning, XNLI's lengths, compiled", compiled


def outcome(run: Run, work: Callable[[Run], str]) -> tuple[str, str]:
    """How a part ended, and what it says."""
    if time.monotonic() > run.ends:
        return "left out", "time is over"
    try:
        return "ok", work(run)
    except LeftOutError as why:
        return "left out", str(why)
    except WrongError as fault:
        return "WRONG", str(fault)
    except Exception as error:  # the other parts still say something
        traceback.print_exc()
        return "BROKEN", f"{type(error).__name__}: {error}"
    finally:
        if on() == "cuda":
            torch.cuda.empty_cache()


def main() -> int:
    """Run all parts, one line each; 1 if one is wrong or broken."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tiny", action="store_true", help="a tiny encoder: only whether the script works")
    options.add_argument("--minutes", type=float, default=8.0, help="after these no part begins")
    chosen = options.parse_args()
    run = Run(TINY if chosen.tiny else LARGE, chosen.tiny, time.monotonic() + 60 * chosen.minutes)
    gpu_quickstart.without_curves()
    torch.set_num_threads(1 if chosen.tiny else torch.get_num_threads())
    card = torch.cuda.get_device_name() if on() == "cuda" else "CPU (no GPU)"
    print(f"{card}, torch {torch.__version__}, {Path(__file__).name}{' --tiny' if chosen.tiny else ''}", flush=True)
    ended = []
    for name, work in parts():
        began = time.monotonic()
        state, said = outcome(run, work)
        ended.append(state)
        print(f"{state:9}{name}: {said} [{time.monotonic() - began:.0f} s]", flush=True)
    print(", ".join(f"{ended.count(state)} {state}" for state in dict.fromkeys(ended)))
    return int("WRONG" in ended or "BROKEN" in ended)


if __name__ == "__main__":
    sys.exit(main())
