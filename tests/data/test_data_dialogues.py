"""Dialogues and ontologies: what is read, what is written from releases, and every fault with its dialogue."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from small_dialogues import ontology, write_dialogues, write_release

from xtreme_bench.data import targets
from xtreme_bench.data.dialogues import candidates, places
from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.data.usable import LeftOut
from xtreme_bench.errors import InputError
from xtreme_bench.rows import DialogueRow, Turn


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_dialogues(tmp_path / "data")


def edit(path: Path, change: Any) -> Path:
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_a_dialogue_has_turns_and_the_states_after_them(data: Path) -> None:
    first = next(iter(targets.read_train(data, "woz", "train")))
    assert isinstance(first, DialogueRow)
    assert first.turns[0] == Turn("", first.turns[0].user)
    assert first.states is not None
    assert len(first.states) == len(first.turns)
    assert list(first.ontology) == ["food", "area"]


def test_a_test_set_has_no_states_and_the_slots_of_its_language(data: Path) -> None:
    rows = list(targets.read_test(data, "woz", "de"))
    assert all(isinstance(row, DialogueRow) and row.states is None for row in rows)
    assert dict(rows[0].ontology) == {slot: tuple(values) for slot, values in ontology("de").items()}  # type: ignore[union-attr]


def test_candidates_are_the_values_of_each_slot_after_none() -> None:
    named = {"food": ("thai", "any"), "area": ("west",)}
    assert candidates(named) == ("food=none", "food=thai", "food=any", "area=none", "area=west")
    assert places(named) == {"food": {"none": 0, "thai": 1, "any": 2}, "area": {"none": 3, "west": 4}}


def test_values_outside_the_ontology_are_counted_and_kept(data: Path) -> None:
    edit(data / "woz/train-en.json", lambda all_: all_["1-0"][0]["state"].update(food="tiger"))
    counts: Counter[str] = Counter()
    rows = list(targets.read_train(data, "woz", "train", LeftOut(0.1, counts)))
    assert rows[0].states[0]["food"] == "tiger"  # type: ignore[union-attr,index]
    assert counts == {"values outside the ontology": 1}


def _first(turns: dict[str, Any]) -> dict[str, Any]:
    return turns["1-0"][0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda all_: _first(all_).pop("state"), "turn 1: no state: a dialogue without slots"),
        (lambda all_: _first(all_).pop("user"), "turn 1: `system` and `user` expected, each a text"),
        (lambda all_: _first(all_).update(state={"essen": "Katze"}), "no slot `essen`, but food and area"),
        (lambda all_: _first(all_).update(state={"food": "none"}), "leave out a slot of which nothing is known"),
        (lambda all_: all_.update({"1-0": []}), "a dialogue without turns"),
    ],
)  # fmt: skip
def test_a_fault_in_a_dialogue_names_file_and_dialogue(data: Path, change: Any, message: str) -> None:
    path = edit(data / "woz/train-en.json", change)
    with pytest.raises(InputError) as caught:
        list(targets.read_train(data, "woz", "train", LeftOut(0)))
    (problem,) = caught.value.problems
    assert message in problem.message
    assert (problem.file, problem.example) == (str(path), "1-0")


def test_states_that_are_all_empty_are_an_error(data: Path) -> None:
    def empty(all_: dict[str, Any]) -> None:
        for turn in (turn for turns in all_.values() for turn in turns):
            turn["state"] = {}

    edit(data / "woz/train-en.json", empty)
    with pytest.raises(InputError) as caught:
        list(targets.read_train(data, "woz", "train", LeftOut(0.1)))
    assert "no dialogue has a slot" in caught.value.problems[0].message


def test_an_ontology_of_another_language_is_an_error(data: Path) -> None:
    (data / "woz/ontology-en.json").write_bytes((data / "woz/ontology-de.json").read_bytes())
    with pytest.raises(InputError) as caught:
        list(targets.read_train(data, "woz", "train"))
    assert "is it that of another language?" in caught.value.problems[0].message


@pytest.mark.parametrize(
    "change",
    [lambda all_: all_["essen"].pop(), lambda all_: all_.pop("essen"), lambda all_: all_.update(preis=["teuer"])],
)
def test_an_ontology_that_does_not_translate_the_english_one_is_an_error_before_training(
    data: Path, change: Any
) -> None:
    edit(data / "woz/ontology-de.json", change)
    with pytest.raises(
        InputError, match=r"ontology-de\.json: slots with .* but ontology-en\.json has slots with 4 and 3"
    ):
        list(targets.read_test(data, "woz", "de"))


def test_a_test_file_with_states_is_refused(data: Path) -> None:
    edit(data / "woz/test-de.json", lambda all_: all_["3-0"][0].update(state={}))
    with pytest.raises(InputError) as caught:
        list(targets.read_test(data, "woz", "de"))
    assert "a test file has no state" in caught.value.problems[0].message


def test_a_release_gives_states_without_requests_and_gold_apart(tmp_path: Path) -> None:
    write_release(tmp_path / "in")
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert notes["tasks"]["woz"]["examples"] == {"train en": 9, "dev en": 4, "test en": 5, "test de": 5}
    train = list(targets.read_train(tmp_path / "data", "woz", "train"))
    slots = {slot for row in train for state in row.states or () for slot in state}  # type: ignore[union-attr]
    assert slots == {"food", "area"}
    assert "state" not in (tmp_path / "data/woz/test-de.json").read_text(encoding="utf-8")
    gold = json.loads((tmp_path / "labels/woz/test-de.json").read_text(encoding="utf-8"))
    assert [*gold] == [str(number) for number in range(5)]
    assert {slot for states in gold.values() for state in states for slot in state} == {"essen", "gegend"}
    for folder in ("data", "labels"):
        named = json.loads((tmp_path / folder / "woz/ontology-de.json").read_text(encoding="utf-8"))
        assert named == ontology("de")


def test_a_sample_of_a_test_set_has_the_same_dialogues_in_all_languages(tmp_path: Path) -> None:
    write_release(tmp_path / "in")
    prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels", sample=3)
    read = {one: json.loads((tmp_path / f"data/woz/test-{one}.json").read_text("utf-8")) for one in ("en", "de")}
    assert [*read["en"]] == [*read["de"]] == ["0", "1", "3"]


def break_belief(folder: Path) -> None:
    edit(folder / "woz_train_en.json", lambda all_: all_[2]["dialogue"][0].pop("belief_state"))


def break_language(folder: Path) -> None:
    (folder / "ontology_dstc2_en.json").write_bytes((folder / "ontology_dstc2_de.json").read_bytes())


def break_order(folder: Path) -> None:
    edit(folder / "ontology_dstc2_de.json", lambda all_: all_["informable"]["gegend"].pop())


def put_values(*values: Any) -> Any:
    def broken(folder: Path) -> None:
        edit(folder / "ontology_dstc2_en.json", lambda all_: all_["informable"]["food"].extend(values))

    return broken


def lose_ontology(folder: Path) -> None:
    (folder / "ontology_dstc2_de.json").unlink()


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (break_belief, "woz_train_en.json: not the form of a release, at or after this dialogue"),
        (break_language, "is it that of another language?"),
        (break_order, "the ontologies are not translations of each other"),
        (lose_ontology, "the ontology of woz in de was not found"),
        (put_values(""), "ontology_dstc2_en.json: slot `food`: a list of values expected, each a text"),
        (put_values("none"), "ontology_dstc2_en.json: slot `food`: leave out `none`, which stands for a slot"),
        (put_values("x", "x"), "ontology_dstc2_en.json: slot `food`: `x` stands there twice"),
    ],
)
def test_a_faulty_release_says_which_file_and_dialogue(tmp_path: Path, broken: Any, message: str) -> None:
    broken(write_release(tmp_path / "in"))
    with pytest.raises(InputError) as caught:
        prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    said = "\n".join([str(caught.value), *(f"{one.file}: {one.message}" for one in caught.value.problems)])
    assert message in said
