"""The course of a training run: `curve.jsonl`, and the same numbers as TensorBoard events.

Its pace is a curve of its own, because no two runs have the same. It is kept beside the outputs of a stage, which are
equal to the byte where runs are equal.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from xtreme_bench.stage import memory
from xtreme_bench.stage.job import PACE
from xtreme_bench.training.network import Task

DEV, CHANCE, PERPLEXITY = "dev/", "chance/", "perplexity/"
FILE = "curve.jsonl"
Curve = Sequence[Mapping[str, Any]]


def add(
    points: list[dict[str, Any]], step: int, tasks: Sequence[Task], scores: Mapping[str, float], mean: float
) -> None:
    """Add the development scores of some tasks after a step, their mean, and chance."""
    if not points or points[-1]["step"] != step:
        points.append({"step": step})
    for task in tasks:
        if task.name in scores:
            points[-1][f"{PERPLEXITY if task.perplexity else DEV}{task.name}"] = scores[task.name]
        if task.chance is not None:
            points[-1][f"{CHANCE}{task.name}"] = task.chance
    if len(scores) > 1:
        points[-1][f"{DEV}mean"] = mean


def write(folder: Path, curve: Curve) -> None:
    """Write `curve.jsonl` and TensorBoard events below `folder`; same curve, same bytes.

    Each point has a "step"; its other numbers are curves. Chance ("chance/<task>") is a run of its own in TensorBoard,
    which draws it as a line beside the development scores ("dev/<task>").
    """
    lines = [json.dumps(point, sort_keys=True, ensure_ascii=False) + "\n" for point in curve]
    (folder / FILE).write_text("".join(lines), encoding="utf-8", newline="\n")
    board = folder / "tensorboard"
    _write_events(board, [_without_chance(point) for point in curve])
    if chance := [point for point in map(_chance, curve) if len(point) > 1]:
        _write_events(board / "chance", chance)


def _without_chance(point: Mapping[str, Any]) -> dict[str, Any]:
    return {tag: number for tag, number in point.items() if not tag.startswith(CHANCE)}


def _chance(point: Mapping[str, Any]) -> dict[str, Any]:
    """The chances of a point, under the names of the scores."""
    found = {tag: number for tag, number in point.items() if tag.startswith(CHANCE)}
    return {"step": point["step"], **{f"{DEV}{tag.removeprefix(CHANCE)}": number for tag, number in found.items()}}


def _write_events(board: Path, curve: Curve) -> None:
    """TensorBoard's usual writer puts times and the name of the machine into its files; here the step stands for the
    time, so that a run and its repetition are equal."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    board.mkdir(exist_ok=True)
    with (board / "events.out.tfevents.0").open("wb") as stream:
        writer = RecordWriter(stream)
        writer.write(Event(wall_time=0.0, file_version="brain.Event:2").SerializeToString())
        for point in curve:
            step = point["step"]
            values = [
                Summary.Value(tag=tag, simple_value=number) for tag, number in sorted(point.items()) if tag != "step"
            ]
            event = Event(wall_time=float(step), step=step, summary=Summary(value=values))
            writer.write(event.SerializeToString(deterministic=True))
        writer.flush()


class Pace:
    """The pace of one run, below `work`: tokens that were trained on so far, tokens a second since the point before,
    and the most memory so far: of the process, on a GPU of torch's tensors there.

    A run that goes on from `step`, with so many `tokens`, keeps the points before.
    """

    def __init__(self, work: Path, step: int, tokens: int, device: torch.device) -> None:
        self._folder, self._device = work / PACE, device
        self._points = [point for point in _read(self._folder / FILE) if point["step"] <= step]
        self._tokens, self._since = tokens, time.monotonic()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)  # a worker may have trained before

    def note(self, step: int, tokens: int) -> None:
        """Add a point after a step, unless it has one."""
        if self._points and self._points[-1]["step"] == step:
            return
        now = time.monotonic()
        rate = (tokens - self._tokens) / max(now - self._since, 1e-6)
        peak = torch.cuda.max_memory_allocated(self._device) if self._device.type == "cuda" else memory.peak()
        self._points.append({"step": step, "tokens": tokens, "tokens/s": round(rate, 1), "memory": peak})
        self._tokens, self._since = tokens, now

    def write(self) -> None:
        """Write the points as a curve is written: a file and TensorBoard events."""
        self._folder.mkdir(exist_ok=True)
        write(self._folder, self._points)


def _read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
