"""What stages will cost is told from their data, the encoder's shape and a device, and what they took beside it."""

import json
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command import call
from finished_stage import finish

from xtreme_bench.errors import InputError
from xtreme_bench.files import Digests
from xtreme_bench.plan import devices, estimate, facts, reading
from xtreme_bench.plan.estimate import Shape
from xtreme_bench.plan.stages import Plan, plan
from xtreme_bench.recipe.load import load
from xtreme_bench.stage.store import Store

RECIPE = """
description: a small recipe
seed: 1
data: {source: miniature}
model: {scratch: {layers: 2, width: 32, heads: 2, feedforward: 64, vocabulary: 500, positions: 130}}
pretraining: {steps: 10, batch: 4, max_length: 40, languages: [en, de]}
finetuning: {xnli: {epochs: 2, batch: 8, max_length: 64, evaluate_every: 4}}
targets: {xnli: {languages: [en, de]}}
"""


def planned(tmp_path: Path, recipe: str = RECIPE) -> Plan:
    (tmp_path / "small.yaml").write_text(recipe)
    data = None if "miniature" in recipe else tmp_path / "data"
    return plan(load(tmp_path / "small.yaml"), data=data, digests=Digests(tmp_path / "digests.json"))


def estimated(made: Plan, store: Store, device: str = "h100") -> dict[str, Any]:
    entries = facts.facts([made], store, Path("data"))["stages"]
    estimate.add(entries, [made], store, devices.named(device))
    return {one["kind"]: one["estimate"] for one in entries if "estimate" in one}


MIX = RECIPE.replace(
    "finetuning:",
    """intermediate:
  tasks: {mnli: {languages: [en]}, qqp: {languages: [en], batch: 2}}
  sampling: {kind: uniform}
  epochs: 1
  batch: 8
  max_length: 64
finetuning:""",
)
MASKED = MIX.replace("  sampling", "  mlm: {languages: [en, de], ratio: 0.5, batch: 4}\n  sampling")


def test_steps_of_a_mix_are_by_each_tasks_own_batch_and_those_of_masked_text_come_on_top(tmp_path: Path) -> None:
    tasks = {
        "mnli": {"examples": {"train": 40, "dev": 5}, "tokens": {"train": 400, "dev": 50}, "rows": {"train": 40}},
        "qqp": {"examples": {"train": 40, "dev": 5}, "tokens": {"train": 800, "dev": 60}, "rows": {"train": 40}},
        "masked text": {"examples": {"en": 10, "de": 10}, "tokens": {"en": 300, "de": 300}},
    }
    # 40 / 8 + 40 / 2 = 25 steps; uniformly, half of them in batches of 8 inputs of 10 tokens, half of 2 of 20.
    own = 12.5 * 8 * 10 + 12.5 * 2 * 20
    for recipe, steps, text in ((MIX, 25, 0.0), (MASKED, 50, 25 * 4 * 30)):
        made, store = planned(tmp_path, recipe), Store(tmp_path / f"store{steps}")
        for stage in made.stages:
            if stage.kind == "features" and stage.name.removeprefix("tokenise ").partition(" (")[0] in tasks:
                finish(store, stage, left={"facts": tasks[stage.name.removeprefix("tokenise ").partition(" (")[0]]})
        found = estimated(made, store)["intermediate"]
        assert found["steps"] == steps
        assert found["tokens"] == pytest.approx(own + text + 110 * -(-steps // 1000))


def test_of_a_sample_of_the_releases_no_more_test_rows_are_counted_than_it_keeps(tmp_path: Path) -> None:
    lines = [line for line in RECIPE.splitlines() if not line.startswith(("model", "pretraining", "data"))]
    hub = f"model: {{hub: {{name: FacebookAI/xlm-roberta-large, revision: {'a' * 40}}}}}"
    read = []
    for sample in ("", ", sample: 100"):
        made = planned(tmp_path, "\n".join([*lines, hub, f"data: {{source: releases{sample}}}"]))
        read.append(estimated(made, Store(tmp_path / "store"))["predict"]["tokens"])
    # In two languages, half of 64 tokens each.
    assert read == [2 * 5010 * 32, 2 * 100 * 32]


def test_a_choice_reads_as_many_sequences_as_there_are_answers(tmp_path: Path) -> None:
    found = []
    for task in ("commonsenseqa", "ccg"):
        recipe = MIX.replace(
            "mnli: {languages: [en]}, qqp: {languages: [en], batch: 2}", f"{task}: {{languages: [en]}}"
        )
        made = planned(
            tmp_path, recipe.replace("source: miniature", "source: download").replace("epochs: 1", "steps: 9")
        )
        found.append(estimated(made, Store(tmp_path / "store"))["intermediate"])
    chosen, tagged = found
    length = 32
    assert chosen["tokens"] == 5 * length * (9 * 8 + 500)  # five answers; 500 development rows are looked at
    assert tagged["tokens"] == length * (9 * 8 + 500)


def test_without_tokenised_data_the_published_sizes_say_how_long_epochs_are(tmp_path: Path) -> None:
    made = planned(tmp_path, RECIPE.replace("source: miniature", "source: download").replace("epochs: 2", "epochs: 1"))
    found = estimated(made, Store(tmp_path / "store"))
    assert found["finetune"]["steps"] == 392_702 // 8 + 1
    assert found["finetune"]["lengths"] == found["predict"]["lengths"] == reading.PUBLISHED
    assert found["predict"]["tokens"] == 2 * 5_010 * 32


def test_only_the_rows_in_use_of_the_table_take_memory_and_disk(tmp_path: Path) -> None:
    made, store = planned(tmp_path), Store(tmp_path / "store")
    tokenised(made, store)
    whole = estimated(made, store)["finetune"]
    for stage in made.stages:
        if stage.kind == "features":
            (store.out(stage.key) / "train").mkdir()
            (store.out(stage.key) / "train" / "tokens.values").write_bytes(array("i", [5, 6, 6, 9]).tobytes())
    few = estimated(made, store)["finetune"]
    assert (whole["rows"], few["rows"]) == (None, 3)
    assert whole["memory_bytes"] - few["memory_bytes"] == 16 * 32 * 497
    assert whole["kept_bytes"] - few["kept_bytes"] == 4 * 32 * 497
    assert whole["disk_bytes"] - few["disk_bytes"] == (32 + 4) * 32 * 497


def test_a_training_of_the_head_alone_has_no_backward_pass_through_the_encoder_and_leaves_none(tmp_path: Path) -> None:
    found = []
    for settings in ("epochs: 2", "epochs: 2, method: head"):
        made = planned(tmp_path, RECIPE.replace("epochs: 2", settings))
        store = Store(tmp_path / f"store{len(found)}")
        tokenised(made, store)
        found.append(estimated(made, store)["finetune"])
    whole, head = found
    assert head["tokens"] == whole["tokens"]
    assert 1 / 3 < head["flops"] / whole["flops"] < 0.5  # development rows have no backward pass in either
    assert (head["disk_bytes"], head["kept_bytes"]) == (0, 0)


def test_a_training_of_a_prefix_has_half_a_backward_pass_and_keeps_the_prefix_alone(tmp_path: Path) -> None:
    found = []
    for settings in ("epochs: 2", "epochs: 2, method: {train: prompt, length: 16}"):
        made, store = planned(tmp_path, RECIPE.replace("epochs: 2", settings)), Store(tmp_path / "store")
        tokenised(made, store)
        found.append(estimated(made, store)["finetune"])
    whole, prompt = found
    assert 2 / 3 < prompt["flops"] / whole["flops"] < 1
    weights = 2 * 16 * 2 * 32
    assert (prompt["disk_bytes"], prompt["kept_bytes"]) == (36 * weights, 4 * weights)
    assert prompt["memory_bytes"] < whole["memory_bytes"]


def measured(**changes: Any) -> devices.Devices:
    """A CPU as a probe finds it: 10^9 operations a second."""
    row = devices.Device("cpu", {"fp32": 1e9}, {"fp32": 1.0}, 1e-9, 2e10, "a probe", gpu=False)
    return lambda *shape: replace(row, **changes)


def estimates(made: Plan, store: Store, device: devices.Devices) -> dict[str, Any]:
    return {stage.kind: estimate.of(stage, store, device) for stage in made.stages if estimate.estimated(stage)}


def test_on_a_cpu_a_process_also_holds_libraries_words_the_best_weights_and_copies_for_a_checkpoint(
    tmp_path: Path,
) -> None:
    made, store = planned(tmp_path), Store(tmp_path / "store")
    tokenised(made, store)
    card, cpu = (estimates(made, store, measured(gpu=gpu, memory=None)) for gpu in (True, False))
    process, weights = (350 << 20) + 1200 * 500, 4 * Shape(2, 32, 2, 64, 500).total
    more = {kind: cpu[kind]["memory_bytes"] - card[kind]["memory_bytes"] for kind in cpu}
    # The best weights are kept where development rows are looked at; prediction also reads what fine-tuning has left.
    assert more == {"pretrain": process, "finetune": process + weights, "predict": process + weights}
    slow = estimates(made, store, measured(peak={"fp32": 1e5}))
    assert slow["finetune"]["memory_bytes"] - cpu["finetune"]["memory_bytes"] == 3 * weights


def test_what_is_computed_for_padding_takes_time_but_is_no_token(tmp_path: Path) -> None:
    found = []
    for ends in ([], [0, 4, 8, 20]):
        made, store = planned(tmp_path), Store(tmp_path / f"store{len(ends)}")
        tokenised(made, store)
        for stage in made.stages:
            for part in (store.record(stage.key) or {"facts": {}})["facts"].get("tokens", ()):
                (store.out(stage.key) / part).mkdir()
                (store.out(stage.key) / part / "tokens.ends").write_bytes(array("q", ends).tobytes())
        found.append(estimates(made, store, measured()))
    before, after = found
    for kind in ("finetune", "predict"):
        assert after[kind]["tokens"] == before[kind]["tokens"]
        # All three come together: 36 tokens are computed for 20.
        assert after[kind]["flops"] == pytest.approx(before[kind]["flops"] * 36 / 20)


def top(tmp_path: Path, **changes: str) -> tuple[Plan, Store]:
    """A plan whose fine-tuning teaches the upper of two blocks, its data tokenised; `changes` replace words of it."""
    recipe = RECIPE.replace("epochs: 2", "epochs: 2, method: {train: top, blocks: 1}")
    for word, other in changes.items():
        recipe = recipe.replace(word, other)
    made, store = planned(tmp_path, recipe), Store(tmp_path / "store")
    tokenised(made, store)
    return made, store


# Of one block of width 32 and feed-forward width 64: its weights, and operations of a token in a sequence of ten.
BLOCK = 4 * 32 * 32 + 2 * 32 * 64
TOKEN = 2 * BLOCK + 4 * 32 * 10


def test_the_frozen_blocks_run_once_and_the_upper_ones_alone_learn(tmp_path: Path) -> None:
    found = estimated(*top(tmp_path))
    # Below: 400 tokens for training and 50 of the development set, once. Of each, 32 numbers of 4 bytes are kept.
    below = found["frozen"]
    assert (below["steps"], below["tokens"], below["flops"]) == (None, 450, 450 * TOKEN)
    assert below["kept_bytes"] == below["disk_bytes"] == 450 * 32 * 4
    assert below["memory_bytes"] == 4 * (BLOCK + 500 * 32)
    # Above: ten steps of 8 x 10 tokens, forward and backward, and three evaluations.
    above = found["finetune"]
    assert (above["steps"], above["tokens"]) == (10, 800 + 150)
    assert above["flops"] == (3 * 800 + 150) * TOKEN
    activations = 8 * 64 * (67 * 32 + 10 * 2 * 64)  # of one block, 8 inputs of 64 tokens
    assert above["memory_bytes"] == 16 * BLOCK + 4 * (BLOCK + 500 * 32) + activations
    assert (above["kept_bytes"], above["disk_bytes"]) == (4 * BLOCK, 36 * BLOCK)


def test_examples_that_occur_once_are_not_kept_and_the_frozen_blocks_compute_them_in_each_step(tmp_path: Path) -> None:
    found = estimated(*top(tmp_path, **{"epochs: 2": "epochs: 1"}))
    assert (found["frozen"]["tokens"], found["frozen"]["kept_bytes"]) == (50, 50 * 32 * 4)  # the development set
    assert found["finetune"]["flops"] == ((3 + 1) * 400 + 2 * 50) * TOKEN


def test_a_recipe_that_freezes_no_block_keeps_nothing_and_leaves_the_embeddings(tmp_path: Path) -> None:
    found = estimated(*top(tmp_path, **{"blocks: 1": "blocks: 2"}))
    assert (found["frozen"]["flops"], found["frozen"]["kept_bytes"]) == (0, 0)
    assert found["finetune"]["flops"] == 2 * (3 * 800 + 150) * TOKEN
    assert found["finetune"]["kept_bytes"] == 4 * 2 * BLOCK


def test_an_intermediate_training_of_the_upper_blocks_computes_all_and_leaves_a_whole_encoder(tmp_path: Path) -> None:
    recipe = RECIPE.replace(
        "finetuning:",
        "intermediate: {tasks: {mnli: {languages: [en]}}, steps: 5, batch: 4, max_length: 64, "
        "method: {train: top, blocks: 1}}\nfinetuning:",
    )
    found = estimated(planned(tmp_path, recipe), Store(tmp_path / "store"))["intermediate"]
    # 5 steps of 4 inputs of 32 tokens: one block forward, another forward and backward.
    assert found["flops"] == (3 + 1) * 5 * 4 * 32 * (2 * BLOCK + 4 * 32 * 32)
    assert found["kept_bytes"] == 4 * Shape(2, 32, 2, 64, 500).total
    assert found["disk_bytes"] == found["kept_bytes"] + 32 * BLOCK


def test_each_process_holds_its_share_of_an_encoder_in_shards(tmp_path: Path) -> None:
    recipe = (
        f"model: {{hub: {{name: FacebookAI/xlm-roberta-large, revision: {'a' * 40}}}}}\n"
        "data: {source: download}\nresources: {gpus: 4"
    )
    lines = [line for line in RECIPE.splitlines() if not line.startswith(("model", "pretraining", "data"))]
    found = []
    for end in ("}", ", fsdp: full_shard}"):
        made = planned(tmp_path, "\n".join([*lines, recipe + end]))
        found.append(estimated(made, Store(tmp_path / "store"))["finetune"])
    whole, shard = found
    weights = 16 * Shape(24, 1024, 16, 4096, 250_002).total
    assert whole["memory_bytes"] - shard["memory_bytes"] == weights * 3 / 4
    assert shard["disk_bytes"] - whole["disk_bytes"] == weights  # one more checkpoint is kept


def test_a_shortened_encoder_has_the_blocks_that_are_left(tmp_path: Path) -> None:
    hub = f"model: {{hub: {{name: FacebookAI/xlm-roberta-large, revision: {'a' * 40}}}, blocks: 6}}"
    lines = [line for line in RECIPE.splitlines() if not line.startswith(("model", "pretraining", "data"))]
    made = planned(tmp_path, "\n".join([*lines, hub, "data: {source: download}"]))
    found = estimated(made, Store(tmp_path / "store"))["finetune"]
    assert found["kept_bytes"] == 4 * Shape(6, 1024, 16, 4096, 250_002).total


def test_a_second_training_on_all_rows_counts_too(tmp_path: Path) -> None:
    found = []
    for settings in ("epochs: 1", "epochs: 1, retrain: all"):
        recipe = RECIPE.replace("xnli: {epochs: 2", f"tydiqa: {{{settings}, stride: 16").replace(
            "targets: {xnli", "targets: {tydiqa"
        )
        recipe = recipe.replace("[en, de]}}", "[en]}}").replace("source: miniature", "source: download")
        found.append(estimated(planned(tmp_path, recipe), Store(tmp_path / "store"))["finetune"])
    assert found[0]["steps"] == 3_696 // 8
    assert found[1]["steps"] == 2 * found[0]["steps"]


@pytest.mark.parametrize(
    ("source", "target", "rows"),
    [("squad", "mlqa", 87_599), ("pawsx", "pawsx", 49_401), ("udpos", "udpos", 21_253), ("panx", "panx", 20_000)],
)
def test_each_source_of_fine_tuning_has_a_published_size(source: str, target: str, rows: int, tmp_path: Path) -> None:
    settings = "epochs: 1, stride: 16" if source == "squad" else "epochs: 1"
    recipe = RECIPE.replace("xnli: {epochs: 2", f"{source}: {{{settings}").replace(
        "targets: {xnli", f"targets: {{{target}"
    )
    made = planned(tmp_path, recipe.replace("source: miniature", "source: download"))
    assert estimated(made, Store(tmp_path / "store"))["finetune"]["steps"] == -(-rows // 8)


def test_an_encoder_of_the_hub_that_is_not_here_yet_has_its_published_shape(tmp_path: Path) -> None:
    hub = f"model: {{hub: {{name: FacebookAI/xlm-roberta-large, revision: {'a' * 40}}}}}"
    lines = [line for line in RECIPE.splitlines() if not line.startswith(("model", "pretraining", "data"))]
    made = planned(tmp_path, "\n".join([*lines, hub, "data: {source: download}"]))
    found = estimated(made, Store(tmp_path / "store"))
    assert found["finetune"]["kept_bytes"] == 4 * estimate.SHAPES["FacebookAI/xlm-roberta-large"].total
    assert found["predict"]["tokens"] == 2 * 5_010 * 32


def test_disk_is_what_all_stages_leave_and_the_checkpoints_of_those_that_run_together(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    made, two = (planned(tmp_path, RECIPE + f"resources: {{jobs: {jobs}}}\n") for jobs in (1, 2))
    whole = Shape(2, 32, 2, 64, 500).total

    def needed(plan: Plan) -> int:
        found: int = facts.facts([plan], store, Path("data"))["peak_disk_bytes"]
        return found

    assert needed(made) == (4 + 4 + 32) * whole  # before the data are tokenised, too
    tokenised(made, store)
    assert needed(made) == (4 + 4 + 32) * whole
    assert needed(two) == (4 + 4 + 2 * 32) * whole
    finish(store, next(stage for stage in two.stages if stage.kind == "pretrain"))
    assert needed(two) == (4 + 32) * whole


def test_a_plan_names_the_disk_that_it_needs_and_of_what_it_is_not_known(tmp_path: Path) -> None:
    lines = [line for line in RECIPE.splitlines() if not line.startswith(("model", "pretraining", "data"))]
    texts = []
    for name in ("FacebookAI/xlm-roberta-large", "some/encoder"):
        hub = f"model: {{hub: {{name: {name}, revision: {40 * 'a'}}}}}"
        made = planned(tmp_path, "\n".join([*lines, hub, "data: {source: download}"]))
        texts.append(facts.text(facts.facts([made], Store(tmp_path / "store"), tmp_path)))
    assert "\ndisk that is still needed, at most: 18.71 GiB (checkpoints, encoders)" in texts[0]
    assert "disk that is not known yet" not in texts[0]
    assert "\ndisk that is not known yet: of fine-tune xnli (small)" in texts[1]


@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
@pytest.mark.parametrize("name", sorted(devices.DEVICES))
def test_each_device_has_a_rate_for_each_precision_of_recipes(name: str, precision: str) -> None:
    assert 1e12 < devices.DEVICES[name].rate(precision) < 1e15


def tokenised(made: Plan, store: Store) -> None:
    """Finish the stages that tokenise: 40 training examples of 10 tokens, a development set, and test sets."""
    counts = [
        {"examples": {"train": 40, "dev": 5}, "tokens": {"train": 400, "dev": 50}, "rows": {"train": 40, "dev": 5}},
        {"examples": {"en": 5, "de": 5}, "tokens": {"en": 60, "de": 40}, "rows": {"en": 5, "de": 5}},
    ]
    found = [stage for stage in made.stages if stage.kind == "features"]
    for stage, one in zip(found, counts, strict=True):
        finish(store, stage, left={"facts": one})


def test_operations_are_two_for_each_weight_and_token_and_those_of_attention() -> None:
    shape = Shape(layers=24, width=1024, heads=16, feedforward=4096, vocabulary=250_002)
    assert shape.inner == pytest.approx(302e6, rel=0.01)  # XLM-R Large has 560 million with its table
    assert shape.total == pytest.approx(558e6, rel=0.01)
    assert shape.forward(1, 0, 24) == 2 * shape.inner
    assert shape.forward(1, 128, 24) - shape.forward(1, 0, 24) == 24 * 4 * 1024 * 128


def test_steps_and_tokens_are_those_of_the_tokenised_data(tmp_path: Path) -> None:
    made, store = planned(tmp_path), Store(tmp_path / "store")
    tokenised(made, store)
    found = estimated(made, store)
    # Two epochs of 40 examples in batches of 8 are 10 steps; each third or so is scored: 3 x 50 tokens.
    assert (found["finetune"]["steps"], found["finetune"]["tokens"]) == (10, 10 * 8 * 10 + 3 * 50)
    assert (found["predict"]["steps"], found["predict"]["tokens"]) == (None, 100)
    assert found["finetune"]["lengths"] == found["predict"]["lengths"] == reading.TOKENISED
    shape = Shape(2, 32, 2, 64, 500)
    assert found["finetune"]["flops"] == pytest.approx(3 * shape.forward(800, 10, 2) + shape.forward(150, 10, 2))
    assert found["predict"]["flops"] == shape.forward(60, 12, 2) + shape.forward(40, 8, 2)  # by language
    assert found["finetune"]["kept_bytes"] == 4 * shape.total
    assert found["finetune"]["disk_bytes"] == (32 + 4) * shape.total


def test_before_data_is_tokenised_lengths_are_assumed_or_nothing_is_said(tmp_path: Path) -> None:
    found = estimated(planned(tmp_path), Store(tmp_path / "store"))
    assert found["pretrain"]["tokens"] == 10 * 4 * 20
    assert found["pretrain"]["lengths"] == reading.ASSUMED
    assert found["finetune"] is found["predict"] is None  # how long two epochs are is not known


def test_time_is_by_the_device_and_what_a_finished_stage_took_stands_beside_it(tmp_path: Path) -> None:
    made, store = planned(tmp_path), Store(tmp_path / "store")
    fast, slow = (estimated(made, store, device)["pretrain"] for device in ("h200", "v100"))
    assert slow["seconds"] > fast["seconds"]
    assert fast["ratio"] is None
    finish(store, next(stage for stage in made.stages if stage.kind == "pretrain"), left={"seconds": 3.0})
    found = estimated(made, store)["pretrain"]
    assert found["took_seconds"] == 3.0
    assert found["ratio"] == pytest.approx(3.0 / found["seconds"])


def test_the_command_tells_it_and_does_so_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(RECIPE)

    def called(*arguments: str) -> str:
        done = call("plan", "small.yaml", *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "FLOPs" in called("--device", "a100")
    assert "FLOPs" not in called()
    stages = json.loads(called("--device", "a100", "--json", "-"))["stages"]
    assert {one["kind"] for one in stages if "estimate" in one} == {"pretrain", "finetune", "predict"}
    assert not any("estimate" in one for one in json.loads(called("--json", "-"))["stages"])


@pytest.mark.parametrize(
    ("card", "name"),
    [("NVIDIA H100 80GB HBM3", "h100"), ("NVIDIA A100-SXM4-80GB", "a100"), ("NVIDIA GeForce RTX 4090", "rtx4090"),
     ("Tesla V100-SXM2-32GB", "v100"), ("NVIDIA L4", None), ("NVIDIA RTX A1000", None),
     ("NVIDIA GeForce RTX 4090 Laptop GPU", None), ("x86_64", None)],
)  # fmt: skip
def test_a_card_is_found_in_the_table_by_what_torch_calls_it(card: str, name: str | None, tmp_path: Path) -> None:
    found = devices.known(card, tmp_path)(64, 256, 4, 1, "fp32")
    assert (found.name if found else None) == name


def test_a_machine_too_busy_for_a_probe_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_PROBE_SECONDS", 0.01)
    with pytest.raises(InputError, match=r"no answer in 0\.01 s, it has other work; wait, or name another --device"):
        devices.named(devices.THIS, None)(64, 256, 4, 1, "fp32")


@pytest.mark.slow
def test_this_machine_is_probed(tmp_path: Path) -> None:
    shape = (64, 256, 4, 1, "fp32")
    found = devices.named(devices.THIS, tmp_path)(*shape)
    assert found
    assert 1e8 < found.rate("fp32") < 1e15
    assert 1e-12 < found.update < 1e-6
    assert found.memory
    # A report finds it again, for this processor and this shape alone.
    assert devices.known(found.name, tmp_path)(*shape) == found
    assert devices.known("another processor", tmp_path)(*shape) is None
    assert devices.known(found.name, tmp_path)(128, 256, 4, 1, "fp32") is None
