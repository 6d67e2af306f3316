"""Small data in XTREME's layout and a very small encoder, for tests of everything that trains or predicts."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch
from safetensors.torch import load_file

from xtreme_bench.aligned import ALIGNED
from xtreme_bench.data import layout
from xtreme_bench.data.corpora import AlignedChoice, Choice, IntermediateChoice, SourceChoice, TargetChoice, TextChoice
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import learned
from xtreme_bench.training.features import features
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.params import (
    Features,
    Finetune,
    Intermediate,
    MaskedText,
    Predict,
    Pretrain,
    Sampling,
    Scratch,
    Tuning,
)

T = TypeVar("T")


def _words(text: str) -> list[str]:
    return text.split()


ENGLISH = _words("cat dog bird sees hears likes the a big small red blue house river in near and not Ann Bob")
GERMAN = _words("Katze Hund Vogel sieht hört mag der ein groß klein rot blau Haus Fluss in nahe und nicht Anna Bob")
CHINESE = _words("猫 狗 鸟 看 听 喜 这 一 大 小 红 蓝 房 河 在 近 和 不 安 鲍")
JAPANESE = "東京は日本の首都です。人口は約千四百万人です。"
THAI = "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย มีประชากรราวสิบล้านคน"
SCRATCH = {"layers": 1, "width": 16, "heads": 2, "feedforward": 32, "vocabulary": 300, "positions": 66}
SETTINGS: dict[str, Any] = {
    "seed": 3,
    "threads": 1,
    "precision": "fp32",
    "checkpoint_seconds": 3600,
    "activations": "keep",
    "packing": False,
    "fsdp": False,
    "batch": 8,
    "learning_rate": 1e-3,
    "warmup": 0.1,
    "weight_decay": 0.01,
    "max_length": 48,
    "stride": None,
}
FINETUNING = {**SETTINGS, "method": "full", "evaluate_every": 4, "evaluate_on": 20, "patience": 30, "examples": 0}
MIXED: dict[str, Any] = {
    **FINETUNING,
    "steps": 12,
    "qa_length": 40,
    "qa_stride": 16,
    "tasks": {"squad_v1": {}, "hellaswag": {}},
    "sampling": {"kind": "uniform", "cap": None, "temperature": 1.0},
}
# What a recipe need not say.
UNSAID: dict[str, Any] = {
    "select_on": ("en",),
    "drawn": None,
    "epochs": None,
    "steps": None,
    "unusable": 0.05,
    "retrain": False,
    "pooling": "first",
    "blocks": None,
    "length": None,
    "others": None,
    "dropout": None,
    "vocabulary": "whole",
}


def sentences(count: int, seed: int) -> list[list[int]]:
    """Sentences as word numbers, 4 to 9 words each."""
    generator = random.Random(seed)
    return [[generator.randrange(20) for _ in range(generator.randrange(4, 10))] for _ in range(count)]


def english(sentence: list[int]) -> str:
    """A sentence in English words."""
    return " ".join(ENGLISH[number] for number in sentence)


def tiny_encoder(**sizes: Any) -> Encoder:
    """1 layer, 16 wide, a tokenizer that knows some characters of seven scripts."""
    texts = [" ".join(words) for words in (ENGLISH, GERMAN, CHINESE)] + [JAPANESE, THAI]
    dropout = {"dropout": sizes.pop("dropout")} if "dropout" in sizes else {}
    scratch = Scratch(**{**SCRATCH, **sizes})
    return encoders.build(scratch, encoders.train_tokenizer(texts, scratch.vocabulary), seed=1, **dropout)


def write_corpus(data: Path) -> Path:
    """xnli, panx, squad, tydiqa, hellaswag, text and translations below `data`; a few dozen rows each."""
    for language, words in (("en", ENGLISH), ("de", GERMAN)):
        space = [" ".join(words[number] for number in sentence) for sentence in sentences(40, 1)]
        _write(data / f"text/{language}.txt", space)
        _write(data / f"parallel/de-en.{language}", space)
    labels = ("entailment", "contradiction", "neutral")
    for split, count in (("dev", 24), ("train", 60)):
        rows = sentences(count, count)
        pairs = [f"{english(row)}\t{english(row[::-1])}\t{labels[at % 3]}" for at, row in enumerate(rows)]
        _write(data / f"xnli/{split}-en.tsv", pairs)
        tagged = ["".join(f"{ENGLISH[n]}\t{'B-PER' if n > 17 else 'O'}\n" for n in row) for row in rows]
        _write(data / f"panx/{split}-en.tsv", tagged)
        _write_squad(data / f"squad/{split}-v1.1.json", rows)
        _write_squad(data / layout.source_file("tydiqa", split), rows)
        name = {"train": "train", "dev": "val"}[split]
        endings = [[english(row), english(row[:2]), "red", "blue"] for row in rows]
        choices = [
            json.dumps({"ind": at, "ctx_a": english(row), "ctx_b": "", "endings": endings[at], "label": at % 4})
            for at, row in enumerate(rows)
        ]
        _write(data / f"hellaswag/hellaswag_{name}.jsonl", choices)
    for language, words in (("en", ENGLISH), ("de", GERMAN)):
        test = [[words[number] for number in sentence] for sentence in sentences(15, 9)]
        _write(data / f"xnli/test-{language}.tsv", [f"{' '.join(row)}\t{row[0]}" for row in test])
        _write(data / f"panx/test-{language}.tsv", ["".join(f"{word}\n" for word in row) for row in test])
    return data


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _write_squad(path: Path, rows: list[list[int]]) -> None:
    paragraphs = []
    for at, row in enumerate(rows):
        context, word = english(row), ENGLISH[row[1]]
        answers = [{"answer_start": context.index(word), "text": word}]
        qas = [{"id": f"q{at}", "question": f"what {ENGLISH[row[0]]}", "answers": answers}]
        paragraphs.append({"context": context, "qas": qas})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]}))


def some_of(cls: type[T], settings: Mapping[str, Any], **others: Any) -> T:
    """A dataclass with those of some settings that are its fields, and with `others`."""
    known = {**UNSAID, **settings, **others}
    return cls(**{item.name: known[item.name] for item in fields(cls)})  # type: ignore[arg-type]


def choices_of(settings: Mapping[str, Any]) -> dict[str, Choice]:
    """The corpora that settings of a recipe's kind choose, by the names of the inputs that hold their features."""
    if "source" in settings:
        return {"features": some_of(SourceChoice, settings, retrain=bool(settings.get("retrain")))}
    if "task" in settings:
        return {"features": some_of(TargetChoice, {**settings, "languages": tuple(settings["languages"])})}
    found: dict[str, Choice] = {}
    if mlm := settings.get("mlm"):
        found["mlm"] = TextChoice(tuple(mlm["languages"]), mlm.get("max_length", settings["max_length"]))
    for task, wanted in settings.get("tasks", {}).items():
        if task in ALIGNED:
            text = {"path": "parallel", "languages": ("en", "de"), "lines": 0}
            found[task] = some_of(AlignedChoice, {**settings, **text, **wanted}, task=ALIGNED[task])
            continue
        qa = INTERMEDIATE[task].family == "qa"
        limits = {"max_length": settings["qa_length"], "stride": settings["qa_stride"]} if qa else {"stride": None}
        languages = tuple(wanted.get("languages", ("en",)))
        own = {"intermediate": task, **limits, **wanted, "languages": languages}
        found[task] = some_of(IntermediateChoice, {**settings, **own})
    return found


def params_of(settings: Mapping[str, Any]) -> Any:
    """The parameters of the stage that trains or predicts by settings of a recipe's kind."""
    choices = choices_of(settings)
    if "task" in settings:
        return some_of(Predict, settings, corpus=choices["features"])
    if "scratch" in settings:
        whole = {"method": "full", "evaluate_every": settings["steps"], "patience": 0}
        languages, scratch = tuple(settings["languages"]), Scratch(**settings["scratch"])
        return some_of(Pretrain, {**settings, **whole}, languages=languages, scratch=scratch)
    if "tasks" in settings:
        fields = {"weights": "weight", "batches": "batch", "learning_rates": "learning_rate"}
        mlm, text = settings.get("mlm"), choices.pop("mlm", None)
        every = {**settings["tasks"], "mlm": mlm or {}}
        own = {
            field: {name: wanted[one] for name, wanted in every.items() if wanted.get(one)}
            for field, one in fields.items()
        }
        masked = some_of(MaskedText, {"ratio": 0.5, "alpha": 0.3, "mask": 0.15, **mlm}, corpus=text) if mlm else None
        sampling = Sampling(**settings["sampling"])
        aligned = {name: choices.pop(name) for name in ALIGNED if name in choices}
        parts = {"corpora": choices, "aligned": aligned, "sampling": sampling, **own}
        return some_of(Intermediate, {**settings, "mlm": masked}, **parts)
    return some_of(Finetune, settings, corpus=choices["features"]) if choices else some_of(Tuning, settings)


def weights(job: Job[Any]) -> dict[str, torch.Tensor]:
    """All weights of the encoder that a training has left."""
    whole = job.out
    if (whole / learned.FILE).exists():
        whole = job.out.with_name("made whole")
        learned.make_whole(job.out, job.inputs["encoder"], whole)
    return load_file(whole / "model.safetensors")


def make_job(folder: Path, settings: Mapping[str, Any], **inputs: Path) -> Job[Any]:
    """A job with its folders below `folder`; what a stage that trains or predicts reads is tokenised for it."""
    for name in ("out", "work"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, choice in choices_of(settings).items() if "data" in inputs else ():
        made = folder / "tokenised" / name
        if not made.exists():
            read = {"data": inputs["data"], "encoder": inputs.get("encoder") or inputs["model"]}
            features(Job(Features(choice, 1), read, made, made))
        inputs[name] = made
    return Job(params_of(settings), inputs, folder / "out", folder / "work")


class KilledError(Exception):
    """Stands for the end of a process."""


def killed_at(job: Job, step: int) -> Job:
    """The same job, but it ends in the middle of its work."""

    def progress(done: int, total: int, note: str) -> None:
        if done == step:
            raise KilledError

    return dataclasses.replace(job, progress=progress)


def resumed(
    stage: Callable[[Job[Any]], dict[str, Any]], folder: Path, params: Mapping[str, Any], at: int, **inputs: Path
) -> tuple[Job[Any], dict[str, Any]]:
    """A finished training and its facts. One that is killed `at` a step and started again must leave the same bytes."""
    whole = make_job(folder / "whole", params, **inputs)
    facts = stage(whole)
    broken = make_job(folder / "broken", {**params, "checkpoint_seconds": 0}, **inputs)
    with pytest.raises(KilledError):
        stage(killed_at(broken, at))
    assert stage(broken) == facts
    assert digests(broken.out) == digests(whole.out)
    return whole, facts


def digests(folder: Path) -> dict[str, str]:
    """Relative path -> sha256 of every file below `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
