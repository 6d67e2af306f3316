"""Tasks over aligned text: what is masked of which tokens, and a training with them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from toy_training import FINETUNING, make_job, resumed, tiny_encoder

from xtreme_bench.aligned import ALIGNED
from xtreme_bench.data.corpora import Limits
from xtreme_bench.data.passages import Passage
from xtreme_bench.training.examples import Example, Examples
from xtreme_bench.training.families import masking, passages
from xtreme_bench.training.language_model import METRIC
from xtreme_bench.training.train import intermediate

TOKENIZER = tiny_encoder().tokenizer
# The task, the lines of its example in order, and where the response begins among them.
TEXTS = {
    "tlm-sentence": Passage(ALIGNED["tlm-sentence"], ("the cat",), ("der Hund",)),
    "tlm-chat": Passage(ALIGNED["tlm-chat"], ("the cat", "a dog", "big"), ("der Hund", "groß", "rot")),
    "xdm": Passage(ALIGNED["xdm"], ("the cat", "a dog"), ("der Hund sieht",)),
    "response-masking": Passage(ALIGNED["response-masking"], ("the cat", "a dog"), ("der Hund mag",)),
    "monodm": Passage(ALIGNED["monodm"], ("the cat", "a dog", "big"), ()),
}


def tokens(text: str) -> list[int]:
    return [int(token) for token in TOKENIZER(text, add_special_tokens=False)["input_ids"]]


def made(row: Passage, max_length: int = 60) -> Example:
    (example,) = passages.features([row], TOKENIZER, (), Limits(max_length))
    return example


@pytest.mark.parametrize("task", TEXTS)
def test_an_example_is_one_text_of_all_its_lines(task: str) -> None:
    row = TEXTS[task]
    example, text = made(row), tokens(" ".join((*row.first, *row.second)))
    assert example.sequences[0].tolist() == [TOKENIZER.cls_token_id, *text, TOKENIZER.sep_token_id]
    assert (example.positions is None) == (task != "response-masking")
    assert example.cut == ()


def test_of_a_response_every_token_is_masked_and_nothing_else() -> None:
    row = TEXTS["response-masking"]
    example, response, context = made(row), tokens("der Hund mag"), tokens("the cat a dog")
    hidden = masking.hide(example, TOKENIZER)
    mask = [TOKENIZER.mask_token_id] * len(response)
    assert hidden.sequences[0].tolist() == [TOKENIZER.cls_token_id, *context, *mask, TOKENIZER.sep_token_id]
    assert hidden.target is not None
    assert hidden.target.tolist() == response
    assert example.sequences[0].tolist()[1 + len(context) : -1] == response


def test_other_tasks_mask_a_share_of_all_tokens_and_never_the_marks() -> None:
    row = Passage(ALIGNED["xdm"], ("the cat sees a big dog near the river",) * 4, ("der Hund",))
    example = made(row)
    size = example.length - 2
    for seed in range(20):
        masked = masking.mask(example, 0.15, TOKENIZER, np.random.default_rng(seed))
        assert masked.positions is not None
        assert len(masked.positions) == round(0.15 * size)
        assert {0, example.length - 1}.isdisjoint(masked.positions.tolist())


@pytest.mark.parametrize("task", ["response-masking", "xdm"])
def test_a_passage_that_is_too_long_loses_its_oldest_lines_and_keeps_its_response(task: str) -> None:
    first, second = [tokens(" ".join(part)) for part in (TEXTS[task].first, TEXTS[task].second)]
    example = made(TEXTS[task], len(second) + 2 + 2)
    assert example.sequences[0].tolist()[1:-1] == first[-2:] + second
    assert example.cut == (passages.CUT,)
    longer = made(TEXTS[task], len(second) + 1)
    assert longer.sequences[0].tolist()[1:-1] == second[: len(second) - 1]
    if example.positions is not None:
        assert example.positions.tolist() == list(range(3, 3 + len(second)))


def test_a_passage_in_both_languages_keeps_the_beginning_of_both() -> None:
    first, second = [tokens(" ".join(part)) for part in (TEXTS["tlm-chat"].first, TEXTS["tlm-chat"].second)]
    assert made(TEXTS["tlm-chat"], 8).sequences[0].tolist()[1:-1] == first[:3] + second[:3]
    mono = TEXTS["monodm"]
    assert made(mono, 8).sequences[0].tolist()[1:-1] == tokens(" ".join(mono.first))[:6]


SETTINGS: dict[str, Any] = {
    **FINETUNING,
    "steps": 12,
    "qa_length": 40,
    "qa_stride": 16,
    "tasks": {"xdm": {"examples": 30}, "response-masking": {"examples": 10, "batch": 4}},
    "sampling": {"kind": "proportional", "cap": None, "temperature": 1.0},
}


@pytest.mark.slow
@pytest.mark.parametrize("vocabulary", ["whole", "used"])
def test_a_training_that_is_killed_resumes_to_the_same_bytes(
    vocabulary: str, tmp_path: Path, inputs: dict[str, Path]
) -> None:
    _, facts = resumed(intermediate, tmp_path, {**SETTINGS, "vocabulary": vocabulary}, at=7, **inputs)
    assert facts["probability"] == {"xdm": 0.75, "response-masking": 0.25}
    assert facts["mlm_head"] == "new"


def test_the_lowest_perplexity_of_held_out_lines_chooses_the_checkpoint(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    task = {"xdm": {"examples": 100}}
    settings = {**SETTINGS, "steps": 24, "evaluate_every": 2, "learning_rate": 0.02, "tasks": task}
    facts = intermediate(make_job(tmp_path, settings, **inputs))
    points = [json.loads(line) for line in (tmp_path / "out/curve.jsonl").read_text().splitlines()]
    found = {point["step"]: point["perplexity/xdm"] for point in points if "perplexity/xdm" in point}
    assert not any(name.startswith("dev/") for point in points for name in point)
    best = min(found.values())
    assert len(found) == 12
    assert best < found[2]
    assert facts["best_step"] == min(step for step, value in found.items() if value == best)
    assert facts["dev"] == pytest.approx({"xdm": best, "mean": 100 / best}, abs=1e-3)
    assert facts["metric"] == {"xdm": METRIC}


def test_the_perplexity_of_a_head_that_knows_nothing_is_the_size_of_its_vocabulary(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    settings = {**SETTINGS, "learning_rate": 1e-12, "steps": 1, "tasks": {"monodm": {"examples": 8}}}
    sizes = {}
    for vocabulary in ("whole", "used"):
        job = make_job(tmp_path / vocabulary, {**settings, "vocabulary": vocabulary}, **inputs)
        facts = intermediate(job)
        sizes[vocabulary] = int(facts["summary"].split("; ")[1].split()[0])
        # New weights are small, so all words are nearly alike.
        assert math.log(facts["dev"]["monodm"]) == pytest.approx(math.log(sizes[vocabulary]), rel=0.05)
    assert sizes["used"] < sizes["whole"] == len(TOKENIZER)


def test_with_the_used_vocabulary_masks_draw_and_predict_only_what_the_texts_have(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    params = {**SETTINGS, "vocabulary": "used", "weight_decay": 0.0, "steps": 20}
    job = make_job(tmp_path, params, **inputs)
    intermediate(job)
    name = "embeddings.word_embeddings.weight"
    before, after = (load_file(folder / "model.safetensors")[name] for folder in (job.inputs["encoder"], job.out))
    used = np.zeros(len(before), dtype=bool)
    used[list(TOKENIZER.all_special_ids)] = True
    for task in ("xdm", "response-masking"):
        for part in ("train", "dev"):
            Examples(job.inputs[task] / part).mark(used)
    changed = (before != after).any(dim=1).numpy()
    assert (~used).sum() > 10
    assert not changed[~used].any()
    assert torch.equal(before[~used], after[~used])
    assert changed[used].sum() > 0.9 * (used.sum() - 1)


def test_with_the_whole_vocabulary_every_word_can_be_predicted_and_learns(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    job = make_job(tmp_path, {**SETTINGS, "weight_decay": 0.0}, **inputs)
    intermediate(job)
    name = "embeddings.word_embeddings.weight"
    before, after = (load_file(folder / "model.safetensors")[name] for folder in (job.inputs["encoder"], job.out))
    assert (before != after).any(dim=1).all()


def test_aligned_text_mixes_with_tasks_that_have_labels_and_counts_in_percent_beside_them(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    tasks = {"hellaswag": {"weight": 1}, "xdm": {"examples": 20, "weight": 3}}
    settings = {**SETTINGS, "tasks": tasks, "sampling": {**SETTINGS["sampling"], "kind": "weights"}}
    facts = intermediate(make_job(tmp_path, settings, **inputs))
    assert facts["probability"] == {"hellaswag": 0.25, "xdm": 0.75}
    mean = (facts["dev"]["hellaswag"] + 100 / facts["dev"]["xdm"]) / 2
    assert facts["dev"]["mean"] == pytest.approx(mean, abs=1e-3)
