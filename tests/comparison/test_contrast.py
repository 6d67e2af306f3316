"""The difference that a recipe was made for: over which languages, how sure, and of arms with the same items alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from made_up_arms import DRAWS, arm, flags, one

from xtreme_bench.comparison.arms import Arm
from xtreme_bench.comparison.compare import compare

CONTRAST = {"recipe": "diverse", "minus": "english", "over": "family unseen"}


def contrasted(
    name: str, languages: Sequence[str], cells: dict[tuple[str, str], Sequence[bool]], **contrast: str
) -> Arm:
    """An arm with intermediate training in some languages, whose recipe names a contrast."""
    made = arm(name, cells)
    told = {"trained_on": {"intermediate": {"mnli": list(languages)}}, "recipe": {"contrast": {**CONTRAST, **contrast}}}
    return Arm(name, tuple({**manifest, **told} for manifest in made.manifests), made.cells)


def test_a_contrast_is_over_families_that_no_arm_was_trained_in() -> None:
    a = {("xnli", code): flags(0.5, 300, at) for at, code in enumerate(("en", "de", "sw", "tr", "zh"))}
    b = {cell: flags(0.5 if cell[1] in ("de", "sw") else 0.9, 300, 7) for cell in a}
    arms = contrasted("english", ["en"], a), contrasted("diverse", ["sw"], b)
    found = one(compare(*arms, resamples=DRAWS), "contrast on family unseen")
    expected = np.mean([100 * (np.mean(b["xnli", code]) - np.mean(a["xnli", code])) for code in ("tr", "zh")])
    assert (found.difference, found.level, found.cells) == (pytest.approx(expected), "contrast", 2)
    assert found.verdict == "better"
    assert found.p_holm == found.p
    assert not compare(contrasted("english", ["en"], a), contrasted("others", ["sw"], b))[0].level("contrast")
    everywhere = compare(
        *(contrasted(each.name, ["en"], dict(cells), over="all") for each, cells in zip(arms, (a, b), strict=True))
    )
    assert one(everywhere, "contrast on all").cells == 4


def with_task(arm: Arm, settings: object, task: str = "mnli", **more: object) -> Arm:
    """The arm, with an intermediate task whose items are drawn so."""
    recipe = {**arm.manifests[0]["recipe"], "intermediate": {"tasks": {task: settings}}}
    return Arm(arm.name, tuple({**manifest, "recipe": recipe, **more} for manifest in arm.manifests), arm.cells)


EVIL = "x\n\noverall: b is better\x1b[31m<script>" + "y" * 10_000
PARALLEL = {"items": "parallel", "languages": ["en"], "shared_by": ["en", "sw"], "examples": 100}


def two_arms() -> tuple[Arm, Arm]:
    cells = {("xnli", code): flags(0.5, 50, at) for at, code in enumerate(("en", "tr"))}
    return contrasted("english", ["en"], cells), contrasted("diverse", ["sw"], cells)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"examples": 50}, "examples 100, diverse 50"),
        ({"shared_by": ["sw"]}, "shared_by en, sw, diverse sw"),
        ({"items": None, "shared_by": None}, "items parallel, diverse none"),
        ({"items": "independent", "shared_by": None}, "items parallel, diverse independent"),
    ],
)
def test_arms_that_a_command_line_gave_other_items_have_no_contrast_and_a_note_says_why(
    changed: dict[str, object], said: str
) -> None:
    english, diverse = two_arms()
    (found,) = compare(with_task(english, PARALLEL), with_task(diverse, {**PARALLEL, **changed}), resamples=100)
    assert found.level("contrast") == []
    what = f"its arms must have the same items and settings: english has intermediate.tasks.mnli.{said}"
    assert any(note.startswith(f"no contrast, since {what}") for note in found.notes)


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"intermediate": {"tasks": {"mnli": PARALLEL}, "steps": 20}}, "intermediate"),
        ({"model": {"path": EVIL}, "data": {EVIL: EVIL}}, "model and data"),
        ({"finetuning": {"xnli": {"steps": 9}, "panx": {"steps": 9}}}, "finetuning"),
        ({"finetuning": {"panx": {"steps": 9}}, "retrieval": {"layer": 9}, "resources": {"jobs": 3}}, None),
        ({"intermediate": {"tasks": {"mnli": PARALLEL, "qqp": {}}, "steps": 20}}, None),
        ({"intermediate": {"tasks": {"mnli": {**PARALLEL, "languages": ["sw"]}}}}, None),
        ({"intermediate": {"tasks": {"mnli": {**PARALLEL, "batch": 9}}, "batch": 9}}, "intermediate"),
        ({"intermediate": {"tasks": {"mnli": {"examples": 9}}}}, "intermediate"),
        ({"intermediate": {"tasks": {"mnli": PARALLEL}, "steps": 20, "mlm": {"ratio": 1.0}}}, None),
    ],
)
def test_arms_that_are_trained_otherwise_have_no_contrast_unless_their_tasks_differ(
    sections: dict[str, object], said: str | None
) -> None:
    english, diverse = (with_task(one, PARALLEL) for one in two_arms())
    recipes = [{"targets": {"xnli": {}}, **one.manifests[0]["recipe"]} for one in (english, diverse)]
    sides = [
        Arm(one.name, tuple({**manifest, "recipe": recipe} for manifest in one.manifests), one.cells)
        for one, recipe in ((english, recipes[0]), (diverse, {**recipes[1], **sections}))
    ]
    (found,) = compare(*sides, resamples=100)
    assert bool(found.level("contrast")) == (said is None)
    assert any(note.endswith(f"they differ in {said}") for note in found.notes) == (said is not None)


def test_arms_with_other_seeds_drew_other_items_if_they_drew_any() -> None:
    english, diverse = two_arms()
    (found,) = compare(with_task(english, PARALLEL), with_task(diverse, PARALLEL, seed=7), resamples=100)
    assert found.level("contrast") == []
    assert any(note.endswith("same items and settings: english has seeds 0, diverse 7") for note in found.notes)
    (found,) = compare(with_task(english, {}), with_task(diverse, {}, seed=7), resamples=100)
    assert found.level("contrast")


@pytest.mark.parametrize(
    ("one_side", "other_side"),
    [
        (PARALLEL, {**PARALLEL, "shared_by": ["sw", "en"]}),
        ({**PARALLEL, "languages": ["sw"], "shared_by": None}, {**PARALLEL, "shared_by": ["sw"]}),
        ({"items": None, "examples": 1}, {"items": None, "examples": 1, "batch": None}),
    ],
)
def test_arms_that_drew_the_same_items_in_other_words_have_their_contrast(
    one_side: dict[str, object], other_side: dict[str, object]
) -> None:
    english, diverse = two_arms()
    (found,) = compare(with_task(english, one_side), with_task(diverse, other_side), resamples=100)
    assert found.level("contrast")
    assert not any("no contrast" in note for note in found.notes)


@pytest.mark.parametrize(
    "settings",
    [EVIL, [EVIL], {"items": EVIL}, {**PARALLEL, "examples": EVIL}, {**PARALLEL, "shared_by": [EVIL, {}, None]},
     {**PARALLEL, "shared_by": {EVIL: 1}, "languages": 5}, {"items": [EVIL], "examples": float("nan")}],
)  # fmt: skip
@pytest.mark.parametrize("task", ["mnli", EVIL])
def test_the_note_on_items_has_no_text_that_the_maker_of_a_bundle_chose(task: str, settings: object) -> None:
    english, diverse = two_arms()
    sides = with_task(english, PARALLEL, task), with_task(diverse, settings, task)
    for pair in (sides, sides[::-1]):
        (found,) = compare(*pair, resamples=100)
        assert not any(sign in note for note in found.notes for sign in "\n\x1b<")
        assert sum(map(len, found.notes)) < 1_000


@pytest.mark.slow
def test_a_contrast_over_few_families_is_less_certain_than_over_their_many_languages() -> None:
    """One family gains, the other does not: however many languages each has, there are two of them."""
    languages = ("de", "fr", "es", "it", "fi", "et", "hu")
    a = {("xnli", code): flags(0.5, 2000, at) for at, code in enumerate(languages)}
    gains = {"fi", "et", "hu"}
    b = {cell: flags(0.7 if cell[1] in gains else 0.5, 2000, 50 + at) for at, cell in enumerate(a)}
    found = compare(contrasted("english", ["ja"], a), contrasted("diverse", ["ja"], b), resamples=DRAWS)
    task, contrast = one(found, "xnli"), one(found, "contrast on family unseen")
    assert task.verdict == "better"
    assert contrast.verdict == "cannot tell"
    assert contrast.difference == pytest.approx(10, abs=1.5)
    assert (contrast.low, contrast.high) == (pytest.approx(0, abs=2.5), pytest.approx(20, abs=2.5))


def test_languages_are_told_apart_by_how_near_they_are_to_those_of_intermediate_training() -> None:
    cells = {("udpos", code): flags(0.5, 50, at) for at, code in enumerate(("en", "de", "nl", "fi", "ja"))}
    arms = contrasted("english", ["de"], cells), contrasted("diverse", ["de"], cells)
    kinds = compare(*arms, resamples=100)[0].level("intermediate data")
    assert {each.name: each.cells for each in kinds} == {"seen": 1, "family seen": 1, "script seen": 1, "none": 1}


def test_a_language_of_masked_text_beside_the_tasks_is_none_that_no_arm_was_trained_in() -> None:
    cells = {("xnli", code): flags(0.5, 50, at) for at, code in enumerate(("en", "de", "tr", "zh"))}
    plain, masked = (contrasted(name, ["en"], cells) for name in ("english", "diverse"))
    text = {"trained_on": {"intermediate": {"mnli": ["en"]}, "mlm": ["en", "tr"]}}
    masked = Arm(masked.name, tuple({**manifest, **text} for manifest in masked.manifests), masked.cells)
    found = compare(plain, masked, resamples=100)
    assert one(found, "contrast on family unseen").cells == 1
    assert {each.name for each in found[0].level("intermediate data")} == {"seen", "family seen", "none"}
