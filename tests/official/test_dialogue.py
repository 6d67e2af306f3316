"""Joint goal accuracy and slot accuracy by hand-made dialogues, and every fault of a file of states."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_bench.benchmark import GROUPS, OVERALL, TASKS
from xtreme_bench.bundle.check import check
from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.errors import InputError
from xtreme_bench.official.dialogue import Gold, dialogue_scores
from xtreme_bench.official.gold import read_gold
from xtreme_bench.official.items import items, score_of
from xtreme_bench.official.predictions import examine
from xtreme_bench.official.scores import headline, summary
from xtreme_bench.official.sizes import gold_size

GOLD: dict[str, list[dict[str, str]]] = {
    "1": [{}, {"food": "thai"}, {"food": "thai", "area": "west"}],
    "2": [{"area": "east"}],
}
# No dialogue of the test set names the price, and no value of food but one.
ONTOLOGY = {"food": ("thai", "greek"), "area": ("west", "east"), "price": ("cheap",)}
LABELS = Gold(GOLD, ONTOLOGY)


def scored(found: dict[str, Any]) -> tuple[float, float]:
    scores = dialogue_scores(LABELS, found)
    return scores["joint_goal_accuracy"], scores["slot_accuracy"]


def changed(one: str, turn: int, state: dict[str, str]) -> dict[str, Any]:
    return {**GOLD, one: [state if at == turn else old for at, old in enumerate(GOLD[one])]}


@pytest.mark.parametrize(
    ("found", "joint", "slot"),
    [
        (GOLD, 100, 100),
        (changed("1", 2, {"food": "thai"}), 75, 100 * 11 / 12),  # a slot is missing
        (changed("1", 0, {"food": "thai"}), 75, 100 * 11 / 12),  # a slot too many
        (changed("1", 0, {"price": "cheap"}), 75, 100 * 11 / 12),  # a slot that is nowhere in the gold labels
        (changed("1", 2, {"food": "thai", "area": "east"}), 75, 100 * 11 / 12),  # another value
        (changed("2", 0, {"food": "thai", "area": "west"}), 75, 100 * 10 / 12),  # both slots of one turn
        ({"1": [{}, {}, {}], "2": [{}]}, 25, 100 * 8 / 12),  # nothing said is right only where nothing is known
    ],
)
def test_a_turn_is_right_if_its_whole_state_is_and_each_slot_counts_alike(
    found: dict[str, Any], joint: float, slot: float
) -> None:
    assert scored(found) == pytest.approx((joint, slot))


def test_the_items_are_whole_dialogues_and_give_the_score() -> None:
    found = changed("1", 2, {})
    sums = items(LABELS, found, "woz", "en")
    assert sums == {"1": (2, 3), "2": (1, 1)}
    assert score_of([sum(column) for column in zip(*sums.values(), strict=True)]) == scored(found)[0] == 75


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([], "write one JSON object"),
        ({"1": GOLD["1"]}, "1 dialogue missing: `2`"),
        ({**GOLD, "3": [{}]}, "1 dialogue not in this test set: `3`"),
        ({**GOLD, "1": [{}]}, "3 states expected, one for each turn, 1 found"),
        ({**GOLD, "2": {"food": "thai"}}, "not a list of states"),
        ({**GOLD, "2": ["thai"]}, "turn 1: not an object that maps slots to values"),
        ({**GOLD, "2": [{"food": None}]}, "leave out a slot without a value"),
        ({**GOLD, "2": [{"food": "none"}]}, "leave out a slot of which nothing is known, in place of `none`"),
        ({**GOLD, "2": [{"essen": "thai"}]}, "`essen` is not a slot of this language (food, area, price)"),
        ({**GOLD, "2": [{"food": "geek"}]}, "`geek` is not a value of `food` in the ontology; did you mean 'greek'?"),
        ({**GOLD, "2": [{"food": "west"}]}, "turn 1: `west` is not a value of `food` in the ontology"),
    ],
)
def test_a_fault_in_predicted_states_is_an_error_and_never_a_score(found: Any, message: str, tmp_path: Path) -> None:
    raw = json.dumps(found).encode()
    problems = examine(raw, "woz", "en", gold_size(LABELS, "woz", "en")).problems
    assert any(message in problem.message for problem in problems), problems
    put_labels(tmp_path, GOLD)
    write(tmp_path / "predictions/woz/test-en.json", found)
    with pytest.raises(InputError):
        evaluate(tmp_path / "predictions", tmp_path / "labels")


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ({"1": [{}, {}]}, "no state has a slot"),
        ({"1": [{"food": "none"}]}, "in place of `none`"),
        ({"1": [{"system": "", "user": "thai", "state": {}}]}, "leave out a slot without a value"),
        ({"1": [{"essen": "thai"}]}, "no slot `essen`, but food, area and price"),
    ],
)
def test_gold_states_that_say_nothing_are_an_error(gold: Any, message: str, tmp_path: Path) -> None:
    put_labels(tmp_path, gold)
    write(tmp_path / "predictions/woz/test-en.json", {"1": [{} for _ in gold["1"]]})
    with pytest.raises(InputError, match=message):
        evaluate(tmp_path / "predictions", tmp_path / "labels")


def test_predictions_may_have_all_of_the_ontology_and_gold_states_values_beside_it(tmp_path: Path) -> None:
    gold = {"1": [{"food": "corsican"}]}
    put_labels(tmp_path, gold)
    assert read_gold(tmp_path / "labels/woz/test-en.json", "woz", "en") == Gold(gold, ONTOLOGY)
    write(tmp_path / "predictions/woz/test-en.json", {"1": [{"food": "greek", "area": "west"}]})
    assert headline(evaluate(tmp_path / "predictions", tmp_path / "labels"), "woz") == 0
    write(tmp_path / "predictions/woz/test-en.json", gold)
    with pytest.raises(InputError, match="`corsican` is not a value of `food`"):
        evaluate(tmp_path / "predictions", tmp_path / "labels")


def test_gold_labels_without_their_ontology_cannot_be_used(tmp_path: Path) -> None:
    write(tmp_path / "labels/woz/test-en.json", GOLD)
    with pytest.raises(InputError) as caught:
        read_gold(tmp_path / "labels/woz/test-en.json", "woz", "en")
    (problem,) = caught.value.problems
    assert problem.file == str(tmp_path / "labels/woz/ontology-en.json")
    assert "`data prepare` writes it" in problem.message


def test_check_knows_slots_and_values_from_the_labels_or_says_that_they_were_not_checked(tmp_path: Path) -> None:
    put_labels(tmp_path, GOLD)
    bundle = tmp_path / "predictions"
    write(bundle / "woz/test-en.json", changed("1", 0, {"price": "cheap"}))
    assert check(bundle, labels=tmp_path / "labels").problems == ()
    assert "woz: slots and values not checked; give --labels or --data to check them" in check(bundle).notes
    write(bundle / "woz/test-en.json", changed("1", 0, {"price": "chap"}))
    (problem,) = check(bundle, labels=tmp_path / "labels").problems
    assert str(problem).startswith("woz/test-en.json: woz en id 1: turn 1: `chap` is not a value of `price`"), problem


def put_labels(folder: Path, gold: Any, language: str = "en") -> None:
    write(folder / f"labels/woz/test-{language}.json", gold)
    write(folder / f"labels/woz/ontology-{language}.json", ONTOLOGY)


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def test_evaluate_scores_states_and_no_mean_of_xtreme_has_them(tmp_path: Path) -> None:
    for language in TASKS["woz"].languages:
        put_labels(tmp_path, GOLD, language)
        write(tmp_path / f"predictions/woz/test-{language}.json", changed("1", 2, {}))
    scores = evaluate(tmp_path / "predictions", tmp_path / "labels")
    assert headline(scores, "woz") == 75
    assert scores["woz"]["slot_accuracy"] == pytest.approx(dict.fromkeys(("en", "de", "it"), 100 * 10 / 12))
    assert "all_task" not in scores
    assert not {"woz", "multiwoz"} & {*OVERALL, *(task for tasks in GROUPS.values() for task in tasks)}


def test_the_official_means_are_the_same_with_and_without_dialogues() -> None:
    nine = {task: {code: dict.fromkeys(TASKS[task].metric, 50.0) for code in TASKS[task].languages} for task in OVERALL}
    states = {"en": {"joint_goal_accuracy": 1.0, "slot_accuracy": 2.0}}
    alone, both = summary(nine), summary({**nine, "woz": states})
    assert {key: both[key] for key in alone} == alone
    assert both["all_task"] == 50
    assert set(both) - set(alone) == {"woz"}
