"""Parallel MultiWOZ: states in the ontology's words, Chinese dialogues with those of the English ones, every fault."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from places import script
from tiny_encoder import save_tiny_encoder

from xtreme_bench.bundle.check import check
from xtreme_bench.data import targets
from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.errors import InputError
from xtreme_bench.rows import DialogueRow, Turn
from xtreme_bench.run.outcome import Outcome
from xtreme_bench.run.reproduce import Places, reproduce

ONTOLOGY = {
    "hotel-price range": ["cheap", "do n't care", "cheap"],
    "hotel-type": ["none", "guest house", " ", "hotel", "Not given"],
    "hotel-book day": ["monday"],
    "bus-leaveAt": ["21:45"],
    "train-leave at": ["09:00"],
}
# The slots of a system's answer as they are released: domain, part, name.
NAMES = {
    "en": {"hotel": ("pricerange", "type", "day"), "bus": ("leaveAt",), "train": ("leaveAt",)},
    "zh": {"旅馆": ("价格范围", "类型", "日期"), "公共汽车": ("出发时间",), "列车": ("出发时间",)},
}
NOT_SAID = {"en": "not mentioned", "zh": "未提及"}


def answer(text: str, language: str = "en", **said: str) -> dict[str, Any]:
    """An answer of the system with the state; `said` is English: price, kind, day, bus, train."""
    hotel, bus, train = NAMES[language]
    price, kind, day = NAMES[language][hotel]
    (leave,) = NAMES[language][bus]

    def value(name: str) -> str:
        return said.get(name, "" if name == "kind" else NOT_SAID[language])

    return {
        "text": text,
        "metadata": {
            hotel: {"semi": {price: value("price"), kind: value("kind")}, "book": {"booked": [], day: value("day")}},
            bus: {"semi": {leave: value("bus"), "arriveBy": value("late")}, "book": {"booked": [], "people": "2"}},
            train: {"semi": {leave: value("train")}, "book": {"booked": [{"reference": "X"}], "ticket": "free"}},
        },
    }


def user(text: str) -> dict[str, Any]:
    return {"text": text, "metadata": {}}


def dialogues(language: str) -> dict[str, Any]:
    """Two dialogues; the Chinese file has them in another order."""
    en = {
        "A": [
            ("a cheap hotel", "which day?", {"price": "Cheap"}),
            ("monday", "ok", {"price": "cheap", "day": "monday"}),
        ],
        "B": [("a bus", "when?", {"price": "dontcare", "kind": "guesthouse", "bus": "21:45", "train": "9:01"})],
    }
    zh = {
        "B": [("公共汽车", "什么时候", {"bus": "21:45", "price": "不在意"})],
        "A": [("便宜的", "哪天", {"price": "便宜的"}), ("星期一", "好", {"price": "便宜的"})],
    }
    return {
        name: {"log": [one for ask, said, state in turns for one in (user(ask), answer(said, language, **state))]}
        for name, turns in {"en": en, "zh": zh}[language].items()
    }


def put(path: Path, value: Any) -> None:
    """A file of the release, in a zip of its name where that is asked for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, ensure_ascii=False)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr(path.stem, text)
    else:
        path.write_text(text, encoding="utf-8")


def release(folder: Path, ending: str = ".json.zip") -> Path:
    for split in ("train", "val", "test"):
        put(folder / f"data/multiwoz/{split}{ending}", dialogues("en"))
        put(folder / f"data/multiwoz_zh/{split}{ending}", dialogues("zh"))
    put(folder / "data/multiwoz/ontology_sumbt.json", ONTOLOGY)
    put(folder / "data/multiwoz_zh/ontology.json", {"旅馆-价格范围": ["便宜的"]})
    return folder


def prepared(folder: Path, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = prepare([folder / "in"], folder / "data", folder / "labels", **options)["tasks"]["multiwoz"]
    return found


A = ({"hotel-price range": "cheap"}, {"hotel-price range": "cheap", "hotel-book day": "monday"})
B = (
    {"hotel-price range": "do not care", "hotel-type": "guest house", "bus-leaveAt": "21:45", "train-leave at": "9:01"},
)


@pytest.mark.parametrize("ending", [".json.zip", ".json"])
def test_states_are_in_the_words_of_the_ontology_and_the_same_in_both_languages(tmp_path: Path, ending: str) -> None:
    release(tmp_path / "in", ending)
    found = prepared(tmp_path)
    assert found["examples"] == {"train en": 2, "train zh": 2, "dev en": 2, "test en": 2, "test zh": 2}
    train = [row for row in targets.read_train(tmp_path / "data", "multiwoz", "train") if isinstance(row, DialogueRow)]
    assert [(row.id, row.states) for row in train] == [("A", A), ("B", B)]
    assert train[0].turns == (Turn("", "a cheap hotel"), Turn("which day?", "monday"))
    assert train[0].ontology["hotel-price range"] == ("cheap", "do not care")
    (first, second) = targets.read_test(tmp_path / "data", "multiwoz", "zh")
    assert isinstance(first, DialogueRow)
    assert (first.id, first.turns, second.ontology) == (  # type: ignore[union-attr]
        "A", (Turn("", "便宜的"), Turn("哪天", "星期一")), train[0].ontology
    )  # fmt: skip
    gold = [(tmp_path / f"labels/multiwoz/{file}-{code}.json").read_text("utf-8")
            for file in ("test", "ontology") for code in ("en", "zh")]  # fmt: skip
    assert gold[0] == gold[1]
    assert gold[2] == gold[3]
    assert any("1 values outside the ontology (`train-leave at=9:01`)" in one for one in found["remarks"])


def test_a_value_that_says_nothing_is_none_of_the_ontology(tmp_path: Path) -> None:
    release(tmp_path / "in")
    prepared(tmp_path)
    (row, _) = targets.read_test(tmp_path / "data", "multiwoz", "en")
    assert isinstance(row, DialogueRow)
    assert row.ontology["hotel-type"] == ("guest house", "hotel")


def test_the_figures_of_a_release_are_counted(tmp_path: Path) -> None:
    put(release(tmp_path / "in") / "data/multiwoz/ontology.json", ONTOLOGY)
    prepared(tmp_path)
    found = dict(script("benchmarks/multiwoz.py").figures(tmp_path / "in", tmp_path / "labels"))
    assert found["test dialogues; turns; values"] == "2; 3; 7"
    assert found["ontology_sumbt.json: values that it lacks"] == "1 in 1 turns (33.3 %)"
    assert found["Chinese values of a slot; those for several English ones"] == "5; 0"
    assert found["turns in which other slots are filled in Chinese"] == "2"


def test_a_sample_has_the_same_dialogues_in_both_languages(tmp_path: Path) -> None:
    release(tmp_path / "in")
    prepared(tmp_path, sample=1)
    files = [tmp_path / f"data/multiwoz/test-{code}.json" for code in ("en", "zh")]
    assert [[*json.loads(file.read_text("utf-8"))] for file in files] == [["A"], ["A"]]


def test_another_ontology_is_taken_and_named_if_the_papers_is_not_there(tmp_path: Path) -> None:
    place = release(tmp_path / "in") / "data/multiwoz/ontology_sumbt.json"
    place.rename(place.with_name("ontology.json"))
    assert any(one.startswith("ontology.json was taken; ontology_sumbt.json") for one in prepared(tmp_path)["remarks"])


def rewrite(path: Path, change: Callable[[Any], object]) -> None:
    with zipfile.ZipFile(path) as packed:
        value = json.loads(packed.read(path.stem))
    change(value)
    put(path, value)


ZH, EN = "data/multiwoz_zh/test.json.zip", "data/multiwoz/test.json.zip"
BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "a dialogue is missing in Chinese": (
        lambda folder: rewrite(folder / ZH, lambda all_: all_.pop("B")), r"1 dialogue \(`B`\) not as in English"
    ),
    "other turns in Chinese": (
        lambda folder: rewrite(folder / ZH, lambda all_: all_["A"].update(log=all_["A"]["log"][:2])),
        r"multiwoz_zh/test.*1 dialogue \(`A`\) not as in English, turn by turn",
    ),
    "no English dialogues": (
        lambda folder: (folder / EN).unlink(), r"multiwoz_zh/test.*its states are those of the English dialogues"
    ),
    "no ontology": (
        lambda folder: (folder / "data/multiwoz/ontology_sumbt.json").unlink(),
        r"ontology_sumbt.json or ontology.json beside it, was not found",
    ),
    "Chinese in place of English": (
        lambda folder: put(folder / EN, dialogues("zh")), r"has no slot `旅馆-.*is it that of another language\?"
    ),
    "no answer at the end": (
        lambda folder: rewrite(folder / EN, lambda all_: all_["A"]["log"].pop()),
        r"the last turn of the user has no answer",
    ),
    "no states": (
        lambda folder: rewrite(folder / EN, lambda all_: all_["B"]["log"][1].update(metadata={})),
        r"an answer of the system without a state",
    ),
    "no lists": (
        lambda folder: put(folder / "data/multiwoz/ontology_sumbt.json", {"hotel-type": "hotel"}),
        r"ontology_sumbt.json.*slot `hotel-type`: a list of values expected, each a text",
    ),
    "a slot without values": (
        lambda folder: put(folder / "data/multiwoz/ontology_sumbt.json", {"hotel-type": ["none", "", "not given"]}),
        r"ontology_sumbt.json.*slot `hotel-type`: a list of values expected, each a text",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_with_a_release_is_said_with_its_place(name: str, tmp_path: Path) -> None:
    make, message = BAD[name]
    make(release(tmp_path / "in"))
    with pytest.raises(InputError, match=message):
        prepared(tmp_path)


RECIPE = """\
description: small dialogues in English and Chinese
seed: 1
data: {source: releases}
model: {path: encoder}
finetuning:
  multiwoz:
    steps: 4
    batch: 2
    max_length: 32
    evaluate_every: 2
    target_examples: {languages: [zh], share: 1}
targets: {multiwoz: {languages: [en, zh]}}
resources: {threads: 1, jobs: 1}
"""


@pytest.mark.slow
def test_a_recipe_on_the_release_runs_to_a_bundle_that_says_it_is_not_zero_shot(tmp_path: Path) -> None:
    release(tmp_path / "in")
    save_tiny_encoder(tmp_path / "encoder")
    (tmp_path / "own.yaml").write_text(RECIPE, encoding="utf-8")
    folders = {name: tmp_path / name for name in ("store", "submissions", "reports")}
    outcome = reproduce(str(tmp_path / "own.yaml"), Places(data=tmp_path / "in", partial=True, **folders))
    assert isinstance(outcome, Outcome)
    assert outcome.problems == []
    assert check(outcome.main.bundle).problems == ()
    assert set(outcome.main.manifest["scores"]["multiwoz"]["joint_goal_accuracy"]) == {"en", "zh"}
    assert outcome.main.manifest["zero_shot"]["multiwoz"] == []
