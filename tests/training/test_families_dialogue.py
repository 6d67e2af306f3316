"""The tracker: it learns, sees only what was said before, resumes to the byte, and answers in the test set's words."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from small_dialogues import dialogues, ontology, write_dialogues
from toy_training import FINETUNING, make_job, resumed, some_of, tiny_encoder

from xtreme_bench.data.corpora import Limits, Share, SourceChoice
from xtreme_bench.data.dialogues import candidates
from xtreme_bench.rows import DialogueRow, Turn
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.families import dialogue
from xtreme_bench.training.inference import infer
from xtreme_bench.training.predict import predict
from xtreme_bench.training.train import finetune, load_head

NAMED = {language: {slot: tuple(values) for slot, values in ontology(language).items()} for language in ("en", "de")}
LABELS, LIMITS = candidates(NAMED["en"]), Limits(max_length=24)
WOZ: dict[str, Any] = {**FINETUNING, "source": "woz", "batch": 8, "max_length": 24, "evaluate_on": 0}


def row(turns: list[dict[str, Any]], language: str = "en") -> DialogueRow:
    said = tuple(Turn(turn["system"], turn["user"]) for turn in turns)
    return DialogueRow("1", said, NAMED[language], tuple(turn["state"] for turn in turns))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("inputs")
    encoders.save(folder / "encoder", tiny_encoder())
    return {"data": write_dialogues(folder / "data"), "encoder": folder / "encoder"}


def test_an_example_is_a_dialogue_with_a_target_for_each_slot_of_each_turn() -> None:
    state = {"food": "dog", "area": "dontcare"}
    turns = [{"system": "", "user": "cat", "state": {}}, {"system": "the", "user": "dog", "state": state}]
    (example,) = dialogue.features([row(turns)], tiny_encoder().tokenizer, LABELS, LIMITS)
    assert [LABELS[at] for at in example.target] == ["food=none", "area=none", "food=dog", "area=dontcare"]  # type: ignore[union-attr]
    assert len(example.sequences) == 2
    assert dialogue.terms([example]) == 2


def test_a_value_outside_the_ontology_is_not_learned_from() -> None:
    turns = [{"system": "", "user": "tiger", "state": {"food": "tiger", "area": "red"}}]
    (example,) = dialogue.features([row(turns)], tiny_encoder().tokenizer, LABELS, LIMITS)
    assert example.target is not None
    assert example.target.tolist() == [dialogue.UNKNOWN, LABELS.index("area=red")]


def test_translated_names_stand_for_the_same_candidates() -> None:
    german = [{"system": "", "user": "Hund", "state": {"essen": "Hund"}}]
    (example,) = dialogue.features([row(german, "de")], tiny_encoder().tokenizer, LABELS, LIMITS)
    assert [LABELS[at] for at in example.target] == ["food=dog", "area=none"]  # type: ignore[union-attr]
    numbers = [[LABELS.index("food=dog"), LABELS.index("area=red")]]
    assert dialogue.decode([row(german, "de")], [example], [numbers], LABELS, LIMITS) == [
        [{"essen": "Hund", "gegend": "rot"}]
    ]


def tracker() -> tuple[Any, Any]:
    encoder = tiny_encoder()
    encoder.model.eval()
    torch.manual_seed(1)
    head = dialogue.head(16, len(LABELS), 0.0, "mean")
    head.name_labels(encoder, LABELS)  # type: ignore[operator]
    return encoder, head


def test_a_state_depends_on_earlier_turns_and_not_on_later_ones() -> None:
    encoder, head = tracker()
    turns = next(turns for turns in dialogues("en", 20, 5).values() if len(turns) == 3)
    cut, other = turns[:2], [turns[1], *turns[1:]]
    examples = dialogue.features([row(turns), row(cut), row(other)], encoder.tokenizer, LABELS, LIMITS)

    def near(example: Any) -> torch.Tensor:
        inputs = dialogue.collate([example], encoder)
        return head(encoder.hidden(inputs), [example])

    with torch.inference_mode():
        whole, short, changed = map(near, examples)
    assert torch.allclose(whole[:2], short)
    assert not torch.allclose(whole[2], changed[2])


def test_a_slot_is_given_values_of_its_own_alone_and_the_order_of_dialogues_does_not_matter() -> None:
    encoder, head = tracker()
    rows = [row(turns) for turns in dialogues("en", 20, 5).values()]
    examples = dialogue.features(rows, encoder.tokenizer, LABELS, LIMITS)
    found = infer(encoder, dialogue, head, examples)
    assert {LABELS[first].split("=")[0] for turns in found for first, _ in turns} == {"food"}
    assert infer(encoder, dialogue, head, examples[::-1]) == found[::-1]


def test_the_frozen_vectors_of_two_values_lie_apart_and_are_not_trained() -> None:
    _, head = tracker()
    own = head.values[head.slot_of == 0]
    assert torch.pdist(own).min() > 1
    assert {name for name, _ in head.named_parameters()}.isdisjoint({"names", "values", "slot_of"})


@pytest.mark.slow
def test_the_tracker_learns_resumes_to_the_byte_and_predicts_in_the_words_of_the_test_set(
    tmp_path: Path, inputs: dict[str, Path]
) -> None:
    params = {**WOZ, "steps": 60, "learning_rate": 1e-2, "evaluate_every": 20}
    whole, facts = resumed(finetune, tmp_path, params, at=30, **inputs)
    assert facts["metric"] == {"woz": "joint goal accuracy"}
    assert facts["dev"]["woz"] > 50
    _, head, labels = load_head(whole.out, encoders.load(inputs["encoder"]))
    assert labels == LABELS
    assert head.values.norm() > 0  # type: ignore[operator,union-attr]
    asked = {**WOZ, "task": "woz", "languages": ["en", "de"]}
    del asked["source"]
    job = make_job(tmp_path / "predicted", asked, model=whole.out, **inputs)
    assert predict(job) == {"predictions": {"en": 12, "de": 12}}
    german = json.loads((job.out / "test-de.json").read_text(encoding="utf-8"))
    test = dialogues("de", 12, 3)
    assert {one: len(states) for one, states in german.items()} == {one: len(turns) for one, turns in test.items()}
    assert {slot for states in german.values() for state in states for slot in state} <= {"essen", "gegend"}


def test_a_share_of_the_dialogues_in_another_language_is_drawn_by_the_seed(tmp_path: Path) -> None:
    data = write_dialogues(tmp_path / "data")
    german = dialogues("de", 40, 1)
    (data / "woz/train-de.json").write_text(json.dumps(german), encoding="utf-8")

    def rows(share: float, seed: int) -> list[Any]:
        choice = some_of(SourceChoice, WOZ, others=Share(("de",), share, seed))
        return list(choice.open(data).parts["train"](Counter()))

    drawn = rows(0.1, 7)
    assert [next(iter(one.ontology)) for one in drawn] == ["food"] * 40 + ["essen"] * 4
    assert {one.id for one in drawn[40:]} <= german.keys()
    assert rows(0.1, 7) == drawn
    assert rows(0.1, 8) != drawn
    assert len(rows(1.0, 7)) == 80
