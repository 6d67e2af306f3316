"""Faults that show when fields of a recipe are compared: each function checks one idea and adds what it finds.

The checks read the tree, not the finished dataclasses, so that they still run when other fields are wrong; a value of
the wrong type has been reported by then and is skipped here.
"""

from __future__ import annotations

import re
from pathlib import Path

from xtreme_bench.benchmark import TASKS, of_group
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe import contrast, files, items, lengths, methods
from xtreme_bench.recipe.fields import Scratch
from xtreme_bench.recipe.setting import (
    HELD_OUT,
    NAME,
    SOURCES,
    TRAINED,
    WITH_DEVELOPMENT_SET,
    needed_for,
    sources_of,
)
from xtreme_bench.recipe.tree import Entries, Items, Reading, Scalar
from xtreme_bench.recipe.yaml import parse
from xtreme_bench.wording import hint, listing

# Families of tasks whose heads see one vector for each text.
POOLED = ("classification", "choice")


def check(tree: Entries, path: Path, reading: Reading) -> None:
    """Add every fault between fields of the recipe at `path` to `reading`."""
    _check_name(path, reading)
    _check_model(tree, reading)
    lengths.check(tree, reading)
    _check_data(tree, reading)
    methods.check(tree, reading)
    _check_training(tree, reading)
    items.check_target_examples(tree, reading)
    _check_pooling(tree, reading)
    _check_sampling(tree, reading)
    items.check(tree, reading)
    items.check_vocabulary(tree, reading)
    items.check_held_out(tree, reading)
    _check_retrieval(tree, reading)
    _check_expect(tree, reading)
    _check_baseline(tree, path, reading)
    contrast.check(tree, path, reading)
    _check_processes(tree, reading)


def check_composed(tree: Entries, path: Path, reading: Reading) -> None:
    """Add every fault between the own fields of a recipe that is composed of others."""
    _check_name(path, reading)
    _check_baseline(tree, path, reading)
    _check_gains(tree, reading)
    if development := tree.at("expect", "development"):
        reading.fault("expect.development is for a recipe that trains; each part has its own", development.line)


def _check_processes(tree: Entries, reading: Reading) -> None:
    """Each process has a GPU of its own. Shards need several, and method full without masked text."""
    gpus = tree.whole("resources", "gpus", default=0)
    processes = tree.whole("resources", "processes", default=0)
    if gpus and processes and gpus != processes:
        message = f"resources.processes is {processes}, but each of the {gpus} GPUs has one; leave it out"
        reading.fault(message, tree.line_of("resources", "processes"))
    fsdp = tree.at("resources", "fsdp")
    if fsdp is None:
        return
    if max(gpus or 0, processes or 0) < 2:
        reading.fault("resources.fsdp needs several processes; set gpus or processes to 2 or more", fsdp.line)
    for name in ("pretraining", "intermediate.mlm"):
        if entry := tree.at(*name.split(".")):
            message = f"{name} cannot be done in shards (resources.fsdp): its head shares the table of words"
            reading.fault(message, entry.line)
    for place, train in methods.named(tree):
        if train != "full":
            message = f"{'.'.join(place)} {train} cannot be done in shards (resources.fsdp); only full can"
            reading.fault(message, tree.line_of(*place))


def _check_name(path: Path, reading: Reading) -> None:
    """The file's stem names folders and zip files."""
    if path.suffix != ".yaml" or not re.fullmatch(NAME, path.stem):
        reading.fault("a recipe's file is named like my-recipe.yaml (letters, digits, '.', '_', '-')", 1)


def _check_model(tree: Entries, reading: Reading) -> None:
    """Only a model from scratch is pretrained, with heads that divide its width; only a released one is shortened."""
    scratch, pretraining = tree.at("model", "scratch"), tree.at("pretraining")
    if scratch is not None and pretraining is None:
        message = "model.scratch has random weights; add 'pretraining' with at least 'steps'"
        reading.fault(message, scratch.line)
    if scratch is None and pretraining is not None and tree.at("model") is not None:
        message = "pretraining is for model.scratch; any other model is already pretrained, remove it"
        reading.fault(message, pretraining.line)
    if scratch is not None and tree.at("model", "blocks") is not None:
        reading.fault("model.blocks is for a released model; set model.scratch.layers", tree.line_of("model", "blocks"))
    width = tree.whole("model", "scratch", "width", default=Scratch.width)
    heads = tree.whole("model", "scratch", "heads", default=Scratch.heads)
    if scratch is not None and width and heads and heads > 0 and width % heads:
        message = f"model.scratch.heads must divide the width: {width} / {heads} is not whole"
        reading.fault(message, tree.line_of("model", "scratch", "heads"))


def _check_data(tree: Entries, reading: Reading) -> None:
    """Fields of data that its source does not use, and stand-in test sets of tasks that are not targets."""
    for key, source in (
        ("seed", "miniature"), ("scale", "miniature"), ("dev_as_test", "releases"), ("sample", "releases"),
    ):  # fmt: skip
        entry = tree.at("data", key)
        if entry is not None and reading.source in ("miniature", "releases", "download") and reading.source != source:
            message = f"data.{key} is for source {source}, here it is {reading.source}; remove it"
            reading.fault(message, entry.line)
    if reading.source == "miniature":
        _check_miniature(tree, reading)
    stand_in = tree.at("data", "dev_as_test")
    targets = tree.named("targets")
    if stand_in is not None and isinstance(stand_in.value, Items) and targets:
        # Of what a development set leaves when it stands in for a test set, an intermediate task may be made.
        made = {INTERMEDIATE[name].target for name in tree.named("intermediate", "tasks") if name in INTERMEDIATE}
        for item in stand_in.value.items:
            if isinstance(item, Scalar) and item.text in WITH_DEVELOPMENT_SET and item.text not in {*targets, *made}:
                message = f"data.dev_as_test names {item.text}, which is not among targets or made an intermediate task"
                reading.fault(message, item.line)


def _check_miniature(tree: Entries, reading: Reading) -> None:
    """The built-in corpora may lack a task: the tables of tasks say which they have."""
    for place, rows in ((("targets",), TASKS), (("intermediate", "tasks"), INTERMEDIATE)):
        for name, entry in tree.named(*place).items():
            row = rows.get(name)
            if row is not None and not row.miniature:
                message = f"{'.'.join(place)}.{name} is not in the built-in corpora; remove it, or name other data"
                reading.fault(message, entry.line)


def _check_training(tree: Entries, reading: Reading) -> None:
    """What each phase makes is used: its encoder, or its head for a source that a target needs."""
    targets = tree.named("targets")
    for source, entry in tree.named("finetuning").items():
        served = [task for task in TASKS if TASKS[task].source == source]
        if targets and source in SOURCES and source not in sources_of(targets):
            serves = f"it serves {listing(served)}; " if served != [source] else ""
            reading.fault(f"finetuning.{source} is for no target of this recipe; {serves}remove it", entry.line)
        retrain = tree.at("finetuning", source, "retrain")
        if retrain is not None and source in SOURCES and source not in HELD_OUT:
            message = (
                f"finetuning.{source}.retrain is for {', '.join(HELD_OUT)}; {source} has development data of its own"
            )
            reading.fault(message, retrain.line)


def _check_pooling(tree: Entries, reading: Reading) -> None:
    """Pooling is for heads that see one vector a text; those of tagging and question answering see every token."""
    sentences = sources_of([*of_group("classification"), *of_group("dialogue")])
    for source in tree.named("finetuning"):
        pooling = tree.at("finetuning", source, "pooling")
        if pooling is not None and source in SOURCES and source not in sentences:
            reading.fault(f"finetuning.{source}.pooling is for {listing(sentences)}; remove it", pooling.line)
    pooling, tasks = tree.at("intermediate", "pooling"), [*tree.named("intermediate", "tasks")]
    pooled = [name for name, task in INTERMEDIATE.items() if task.family in POOLED]
    if pooling is not None and tasks and not any(task in pooled for task in tasks):
        message = f"intermediate.pooling is for {listing(pooled)}, and none of them is in tasks; remove it"
        reading.fault(message, pooling.line)


def _check_sampling(tree: Entries, reading: Reading) -> None:
    """Weights, cap and temperature stand only where they are used; a cap needs a mix of tasks."""
    kind = tree.text("intermediate", "sampling", "kind") or "proportional"
    for task in tree.named("intermediate", "tasks"):
        weight = tree.at("intermediate", "tasks", task, "weight")
        if weight is None and kind == "weights":
            message = f"intermediate.tasks.{task}.weight is missing: sampling kind weights needs one for each task"
            reading.fault(message, tree.line_of("intermediate", "tasks", task))
        elif weight is not None and kind != "weights":
            message = f"intermediate.tasks.{task}.weight is for sampling kind weights, here it is {kind}; remove it"
            reading.fault(message, weight.line)
    for key, kinds in (("cap", ("proportional", "temperature")), ("temperature", ("temperature",))):
        entry = tree.at("intermediate", "sampling", key)
        if entry is not None and kind in ("proportional", "temperature", "uniform", "weights") and kind not in kinds:
            message = f"intermediate.sampling.{key} is for kind {' or '.join(kinds)}, here it is {kind}; remove it"
            reading.fault(message, entry.line)
    cap, tasks = tree.at("intermediate", "sampling", "cap"), tree.named("intermediate", "tasks")
    if cap is not None and len(tasks) == 1:
        message = f"intermediate.sampling.cap is for a mix of tasks, here {next(iter(tasks))} is alone; remove it"
        reading.fault(message, cap.line)


def _check_retrieval(tree: Entries, reading: Reading) -> None:
    """Retrieval targets say how sentences become vectors, with a layer that the model has."""
    retrieval = tree.at("retrieval")
    tasks = [task for task in tree.named("targets") if task in of_group("retrieval")]
    if tasks and retrieval is None:
        message = f"retrieval is missing: {listing(tasks)} need its 'layer' and 'pooling'"
        reading.fault(message, tree.line_of("targets", tasks[0]))
    layer = tree.whole("retrieval", "layer")
    layers = tree.whole("model", "scratch", "layers", default=Scratch.layers)
    if tree.at("model", "scratch") and layer and layers and layer > layers:
        message = f"retrieval.layer is {layer}, but model.scratch has {layers} layers"
        reading.fault(message, tree.line_of("retrieval", "layer"))
    blocks = tree.whole("model", "blocks") if tree.at("model", "blocks") else None
    if layer and blocks and layer > blocks:
        message = f"retrieval.layer is {layer}, but model.blocks keeps {blocks}"
        reading.fault(message, tree.line_of("retrieval", "layer"))
    _check_vectors(tree, reading)


def _check_vectors(tree: Entries, reading: Reading) -> None:
    """Precision, device and provider that go together; a bound for a lower precision; layers need development pairs."""
    precision = tree.text("retrieval", "precision") or "fp32"
    provider, device = (tree.text("retrieval", name) for name in ("provider", "device"))
    here, bound = tree.line_of("retrieval", "precision"), tree.at("retrieval", "min_cosine")
    if precision == "int8" and provider == "torch":
        reading.fault("retrieval.precision int8 is for provider onnxruntime, here it is torch", here)
    if precision == "int8" and device == "cuda":
        reading.fault("retrieval.precision int8 is for the CPU; use fp16 on a GPU", here)
    if precision in ("fp16", "bf16") and device == "cpu" and (provider != "torch" or precision == "fp16"):
        reading.fault(f"retrieval.precision {precision} is for a GPU; use int8 or fp32 on a CPU", here)
    if precision in ("fp16", "bf16", "int8") and bound is None:
        message = f"retrieval.min_cosine is missing: say how far {precision} may be from fp32, for example 0.99"
        reading.fault(message, here)
    if precision == "fp32" and bound is not None:
        reading.fault("retrieval.min_cosine is for a lower precision; fp32 always has 0.99999, remove it", bound.line)
    if tree.at("retrieval", "layers") is not None and "bucc2018" not in tree.named("targets"):
        message = "retrieval.layers needs the target bucc2018: tatoeba has no development set to choose a layer on"
        reading.fault(message, tree.line_of("retrieval", "layers"))


def _check_expect(tree: Entries, reading: Reading) -> None:
    """Expected scores are scores that the targets or trainings give; gains need a baseline."""
    targets = tree.named("targets")
    for part in ("scores", "gains"):
        for key, entry in tree.named("expect", part).items():
            missing = [name for name in needed_for(key) if name not in targets]
            if missing and targets:
                reading.fault(f"expect.{part}.{key} needs targets {', '.join(missing)}", entry.line)
    trained = (*tree.named("intermediate", "tasks"), *sources_of(targets))
    for key, entry in tree.named("expect", "development").items():
        if key in TRAINED and key not in trained and targets:
            how = "fine-tune on it" if key in SOURCES else "name it in intermediate.tasks"
            reading.fault(
                f"expect.development.{key} needs a training on {key}, but this recipe does not {how}", entry.line
            )
    _check_gains(tree, reading)


def _check_gains(tree: Entries, reading: Reading) -> None:
    """Gains need a baseline."""
    gains, baseline = tree.at("expect", "gains"), tree.at("baseline")
    if gains is not None and (baseline is None or baseline.value.kind == "empty"):
        reading.fault("expect.gains needs a baseline to compare with; add 'baseline'", gains.line)


def _check_baseline(tree: Entries, path: Path, reading: Reading) -> None:
    """The chain of baselines exists and ends."""
    here = tree.line_of("baseline")
    file, chain = path, [path.stem]
    name = tree.text("baseline")
    while name is not None and re.fullmatch(NAME, name):
        chain.append(name)
        if name in chain[:-1]:
            way = " -> ".join(chain)
            message = "a recipe cannot be its own baseline" if len(chain) == 2 else f"baselines form a circle: {way}"
            return reading.fault(message, here)
        file = files.named(name, file.parent)
        if not file.is_file():
            others = [other for other in files.listing(path.parent) if other != path.stem]
            return reading.fault(f"there is no recipe '{name}' beside this one{hint(name, others)}", here)
        below, _ = parse(file)
        name = below.text("baseline") if below is not None else None
    return None
