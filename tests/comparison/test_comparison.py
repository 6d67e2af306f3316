"""Differences have intervals that mean what they say, and verdicts that a coin would not give."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_arms import DRAWS, arm, flags, one
from small_bundle import LABELS, PREDICTIONS, put, put_bundle

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.comparison import forms
from xtreme_bench.comparison.arms import Arm, bundles_of, read_arm, read_arms, told_apart
from xtreme_bench.comparison.averages import averages
from xtreme_bench.comparison.compare import PARALLEL, compare, least_resamples
from xtreme_bench.comparison.estimate import LEVEL
from xtreme_bench.comparison.resample import bootstrap, holm, seed_weights, swaps
from xtreme_bench.errors import InputError
from xtreme_bench.official.dialogue import Gold
from xtreme_bench.official.items import items


def test_the_interval_of_a_difference_is_that_of_the_paired_formula() -> None:
    a, b = flags(0.6, 400, 1), flags(0.7, 400, 2)
    found = one(compare(arm("a", {("tatoeba", "de"): a}), arm("b", {("tatoeba", "de"): b})), "tatoeba de")
    change = b.astype(float) - a
    error = 100 * change.std() / math.sqrt(400)
    assert found.difference == pytest.approx(100 * change.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.04)
    assert found.detectable == pytest.approx(2.802 * error, rel=0.04)


def test_what_could_have_been_seen_allows_for_the_correction() -> None:
    codes = TASKS["tatoeba"].languages[:10]
    a, b = ({("tatoeba", code): flags(0.6, 400, first + at) for at, code in enumerate(codes)} for first in (0, 100))
    (found,) = compare(arm("a", a), arm("b", b))
    for cell in found.level("cell"):
        error = (cell.high - cell.low) / 2 / 1.96
        # Of ten tests the first one must reach 0.05 / 10, which is 2.81 standard errors, and 0.84 more for 80 %.
        assert cell.detectable == pytest.approx((2.807 + 0.842) * error, rel=0.1)


@pytest.mark.parametrize("seeds", [1, 3])
def test_no_difference_that_the_data_cannot_tell_is_larger_than_what_could_have_been_seen(seeds: int) -> None:
    draw = np.random.default_rng(1)
    cells = [(task, "de") for task in ("xnli", "pawsx", "tatoeba", "bucc2018")]
    shares = {name: [{cell: base + draw.normal(0, 0.06) for cell in cells} for _ in range(seeds)]
              for name, base in (("a", 0.4), ("b", 0.6))}  # fmt: skip
    arms = [
        arm(name, *({cell: flags(share, 150, int(1e6 * share)) for cell, share in run.items()} for run in runs))
        for name, runs in shares.items()
    ]
    (found,) = compare(*arms)
    assert {one.verdict for one in found.estimates} == ({"better"} if seeds == 1 else {"better", "cannot tell"})
    for each in found.estimates:
        assert (each.verdict == "better") == (each.p_holm <= LEVEL)
        assert each.verdict == "better" or abs(each.difference) <= each.detectable, each


@pytest.mark.slow
def test_the_more_arms_the_more_is_drawn_so_that_what_is_sure_stays_so() -> None:
    """With 10,000 resamples no p could be below 0.05 after Holm's correction for 260 tests."""
    low, high = ({("tatoeba", "de"): [True] * right + [False] * (20 - right)} for right in (2, 18))
    found = compare(arm("a", low, low), *[arm("b", high, high)] * 260)
    assert {each.resamples for each in found} == {least_resamples(260)} == {10_400}
    assert {one.verdict for each in found for one in each.level("cell")} == {"better"}
    assert compare(arm("a", low), arm("b", high))[0].to_dict()["method"]["resamples"] == 10_000


def test_p_is_that_of_the_exact_sign_test() -> None:
    # 30 items differ, 21 of them for the better: twice the upper tail of a binomial with probability 1/2.
    a, b = [False] * 21 + [True] * 9 + [True] * 70, [True] * 21 + [False] * 9 + [True] * 70
    exact = 2 * sum(math.comb(30, k) for k in range(21, 31)) / 2**30
    found = one(compare(arm("a", {("tatoeba", "de"): a}), arm("b", {("tatoeba", "de"): b})), "tatoeba de")
    assert found.p == pytest.approx(exact, rel=0.15)


def test_equal_runs_cannot_be_told_apart() -> None:
    cells = {("xnli", "de"): flags(0.6, 300, 1), ("pawsx", "en"): flags(0.8, 200, 2)}
    result = compare(arm("a", cells), arm("b", cells), resamples=DRAWS)
    assert {(each.difference, each.low, each.high, each.p) for each in result[0].estimates} == {(0, 0, 0, 1)}
    assert {each.verdict for each in result[0].estimates} == {"cannot tell"}
    assert forms.sentences(result[0])[0] == "classification: b and a score alike on every test item."


@pytest.mark.slow
def test_chance_alone_is_called_significant_in_about_one_of_twenty_comparisons() -> None:
    found = [
        one(
            compare(
                arm("a", {("tatoeba", "de"): flags(0.5, 250, 2 * at)}),
                arm("b", {("tatoeba", "de"): flags(0.5, 250, 2 * at + 1)}),
                resamples=1000,
            ),
            "tatoeba de",
        ).p
        for at in range(200)
    ]
    assert 0.01 <= np.mean(np.array(found) < 0.05) <= 0.10


@pytest.mark.parametrize(("task", "narrower"), [("xnli", 1.0), ("woz", 1.0), ("tatoeba", math.sqrt(2))])
def test_translated_test_sets_are_drawn_together_and_others_apart(task: str, narrower: float) -> None:
    a, b = flags(0.6, 500, 1), flags(0.65, 500, 2)
    cells_a, cells_b = ({(task, code): side for code in ("de", "ru")} for side in (a, b))
    result = compare(arm("a", cells_a), arm("b", cells_b))
    alone, mean = one(result, f"{task} de"), one(result, f"{task}/transfer")
    assert (alone.high - alone.low) / (mean.high - mean.low) == pytest.approx(narrower, rel=0.05)


def test_of_a_new_target_somebody_says_whether_its_languages_are_drawn_together() -> None:
    assert {*TASKS} - {*PARALLEL} == {"udpos", "panx", "tydiqa", "bucc2018", "tatoeba"}


def states(flags: Sequence[bool], turns: int) -> dict[str, list[dict[str, str]]]:
    """Dialogues of so many turns, all of them right or all wrong."""
    return {str(at): [{"food": "thai" if flag else "greek"}] * turns for at, flag in enumerate(flags)}


def test_whole_dialogues_are_drawn_because_their_turns_are_right_or_wrong_together() -> None:
    gold = Gold(states([True] * 200, 5), {"food": ("thai", "greek")})

    def side(name: str, flags: Sequence[bool]) -> Arm:
        manifests = ({"name": name, "seed": 1, "data": 1, "trained_on": {}},)
        return Arm(name, manifests, {("woz", "de"): (items(gold, states(flags, 5), "woz", "de"),)})

    a, b = flags(0.6, 200, 1), flags(0.7, 200, 2)
    found = one(compare(side("a", a), side("b", b)), "woz de")
    error = 100 * (b.astype(float) - a).std() / math.sqrt(200)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.05)


def test_few_seeds_widen_an_interval_as_students_t_does() -> None:
    weights = seed_weights(3, 200_000, np.random.default_rng(0))
    deviations = np.array([-1.0, 0.0, 1.0])
    moved = weights @ deviations
    assert np.quantile(moved, 0.975) == pytest.approx(4.303 / math.sqrt(3), rel=0.03)
    assert not np.any(seed_weights(1, 10, np.random.default_rng(0)))


def test_seeds_that_disagree_make_a_difference_uncertain() -> None:
    base = flags(0.5, 1000, 0)
    steady = [{("tatoeba", "de"): np.concatenate([base, flags(0.60, 500, at)])} for at in range(3)]
    runs = [
        {("tatoeba", "de"): np.concatenate([base, flags(share, 500, at)])} for at, share in enumerate((0.5, 0.7, 0.9))
    ]
    calm = one(compare(arm("a", *steady), arm("b", *steady), resamples=DRAWS), "tatoeba de")
    wild = one(compare(arm("a", *steady), arm("b", *runs), resamples=DRAWS), "tatoeba de")
    assert calm.high - calm.low == 0
    assert wild.difference > 2
    assert wild.verdict == "cannot tell"


@pytest.mark.parametrize("draw", [bootstrap, swaps])
@pytest.mark.parametrize("kinds", [2, 900])
def test_drawing_by_kinds_and_by_items_have_the_same_mean_and_spread(draw: Callable[..., Any], kinds: int) -> None:
    items = np.random.default_rng(1).integers(0, kinds, (1000, 2)).astype(float)
    drawn = draw(items, DRAWS, np.random.default_rng(2))
    expected = items.sum(axis=0) if draw is bootstrap else items.sum(axis=0) / 2
    spread = items.std(axis=0) * math.sqrt(1000) if draw is bootstrap else np.sqrt((items**2).sum(axis=0)) / 2
    assert drawn.shape == (DRAWS, 2)
    assert drawn.mean(axis=0) == pytest.approx(expected, abs=5 * spread.max() / math.sqrt(DRAWS))
    assert drawn.std(axis=0) == pytest.approx(spread, rel=0.06)


def test_holm_and_the_two_tests_agree_with_statsmodels_and_scipy() -> None:
    """Their numbers: statsmodels 0.15.0, `multipletests(method="holm")`; SciPy 1.17.1 with 200,000 resamples,
    `stats.bootstrap(paired=True, method="percentile")` and `stats.permutation_test(permutation_type="samples")`."""
    values = (0.0003, 0.012, 0.012, 0.004, 0.04, 0.2, 0.03, 0.6, 0.049)
    adjusted = (0.0027, 0.084, 0.084, 0.032, 0.16, 0.4, 0.15, 0.6, 0.16)
    assert list(holm(dict(enumerate(values))).values()) == pytest.approx(adjusted)
    a, b = ([at * step % 10 < right for at in range(240)] for step, right in ((7, 5), (3, 6)))
    found = one(compare(arm("a", {("tatoeba", "de"): a}), arm("b", {("tatoeba", "de"): b})), "tatoeba de")
    assert (found.low, found.high) == (pytest.approx(-2.08, abs=0.5), pytest.approx(22.08, abs=0.5))
    assert found.p == pytest.approx(0.1156, abs=0.01)


def test_holm_corrects_for_the_size_of_the_family_and_keeps_the_order() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}


def test_the_same_input_gives_the_same_numbers() -> None:
    a, b = arm("a", {("xnli", "de"): flags(0.6, 300, 1)}), arm("b", {("xnli", "de"): flags(0.6, 300, 2)})
    assert compare(a, b, resamples=500) == compare(a, b, resamples=500)


def test_other_items_are_refused_by_name() -> None:
    a, b = arm("a", {("xquad", "de"): [True] * 3}), arm("b", {("xquad", "de"): [True] * 4})
    with pytest.raises(InputError, match=r"not tested on the same items(.|\n)*xquad/test-de.json"):
        compare(a, b)


def test_an_arm_is_read_from_bundles_and_labels(tmp_path: Path) -> None:
    labels = put(tmp_path / "labels", LABELS)
    bundle = put_bundle(tmp_path)
    read = read_arm([bundle], labels)
    assert {f"{task}/test-{code}" for task, code in read.cells} == {file.split(".")[0] for file in PREDICTIONS}
    result = compare(read, read, resamples=100)
    assert one(result, "overall").difference == 0


def test_runs_that_predicted_other_test_data_are_refused_by_file(tmp_path: Path) -> None:
    """Items of line files have no names: only the scores of the manifest show that the labels are of other data."""
    labels = put(tmp_path / "labels", LABELS)
    scores = evaluate(put(tmp_path / "predictions", PREDICTIONS), labels)
    bundle = put_bundle(tmp_path, scores=scores)
    assert read_arm([bundle], labels).cells
    others = put(tmp_path / "others", {**LABELS, "tatoeba/test-de.tsv": "3\n" * 4})
    with pytest.raises(InputError, match=r"tatoeba/test-de.tsv: tatoeba de: its manifest says .*, these labels give"):
        read_arm([bundle], others)


def _swapped(file: Path) -> None:
    """Other answers with the same score."""
    file.write_text(file.read_text(encoding="utf-8").replace("neutral\nentailment", "neutral\ncontradiction"), "utf-8")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (Path.unlink, "listed in the manifest, but missing"),
        (_swapped, "changed since the manifest was written"),
        (lambda file: (file.unlink(), file.symlink_to(__file__)), "is a link"),
    ],
)
def test_a_bundle_that_is_not_as_its_manifest_says_is_not_compared(
    tmp_path: Path, spoil: Callable[[Path], Any], said: str
) -> None:
    """Otherwise the file would be left out as if the run had never predicted it, or count though nobody ran it."""
    labels = put(tmp_path / "labels", LABELS)
    bundle = put_bundle(tmp_path)
    spoil(bundle / "xnli/test-de.tsv")
    with pytest.raises(InputError, match=f"xnli/test-de.tsv: xnli de: {said}"):
        read_arm([bundle], labels)


def test_the_same_seed_twice_is_no_experiment_with_two_seeds(tmp_path: Path) -> None:
    labels = put(tmp_path / "labels", LABELS)
    bundle = put_bundle(tmp_path)
    with pytest.raises(InputError, match="seed 1 occurs twice"):
        read_arm([bundle, bundle], labels)


def test_of_three_arms_each_is_compared_with_the_first_and_corrected_for_both() -> None:
    a, b, c = (arm(name, {("tatoeba", "de"): flags(0.5, 300, at)}) for at, name in enumerate("abc"))
    two = compare(a, b, c, resamples=DRAWS)
    assert [(each.a, each.b) for each in two] == [("a", "b"), ("a", "c")]
    by_p = sorted((one([each], "tatoeba de").p, one([each], "tatoeba de").p_holm) for each in two)
    assert by_p[0][1] == pytest.approx(min(1, 2 * by_p[0][0]))


def test_two_runs_of_one_name_are_told_apart() -> None:
    told = [("x", 1, "out/x"), ("x", 2, "out/x"), ("y", 1, "out/y")]
    assert names(told) == ["x, seed 1", "x, seed 2", "y"]


def test_runs_of_one_name_and_seed_are_told_apart_by_their_folders_or_by_numbers() -> None:
    assert names([("x", 1, "out/x"), ("x", 1, "out/again/x")]) == ["x, x", "x, again/x"]
    assert names([("x", 1, "../a/x"), ("x", 1, "../b/x")]) == ["x, a/x", "x, b/x"]
    assert names([("x", 1, "out/x"), ("y", 1, "out/y"), ("x", 1, "out/x")]) == ["x, run 1", "y", "x, run 2"]


def names(runs: Sequence[tuple[str, int, str]]) -> list[str]:
    """What runs of this name, seed and place are called."""
    return told_apart([[{"name": name, "seed": seed}] for name, seed, _ in runs], [[Path(at)] for *_, at in runs])


def test_two_seeds_of_one_recipe_are_compared_by_different_names(tmp_path: Path) -> None:
    labels = put(tmp_path / "labels", LABELS)
    bundles = [[put_bundle(tmp_path / str(seed), seed=seed)] for seed in (1, 2)]
    (found,) = compare(*read_arms(bundles, labels), resamples=20)
    assert (found.a, found.b) == ("small, seed 1", "small, seed 2")
    assert set(found.only) == {found.a, found.b}


def test_bundles_of_one_experiment_are_found_in_a_folder(tmp_path: Path) -> None:
    first = put_bundle(tmp_path / "one")
    assert bundles_of(first) == [first]
    assert bundles_of(tmp_path / "one") == [first]
    with pytest.raises(InputError, match="no bundle that counts"):
        bundles_of(put(tmp_path / "none", {"a/b.txt": ""}))


def test_seeds_that_count_in_no_mean_are_no_part_of_an_experiment_and_are_named(tmp_path: Path) -> None:
    put(tmp_path, {f"seed-{seed}/manifest.json": "{}" for seed in (1, 2, 3, 9)})
    summary = {
        "bundles": {seed: f"seed-{seed}" for seed in (1, 2, 3)},
        "failed": {3: "`fine-tuning` is at chance", 4: "no memory"},
    }
    put(tmp_path, {"seeds.json": json.dumps(summary)})
    said: list[str] = []
    found = bundles_of(tmp_path, said.append)
    bundles = sorted(path.parent for path in tmp_path.glob("*/manifest.json"))
    assert found == bundles[:2]
    assert said == [
        f"{bundles[2]} is left out: `fine-tuning` is at chance",
        f"{bundles[3]} is left out: seeds.json does not name it",
    ]


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ('{"bundles": {"1": "seed-1"}, "failed": {"1": "no memory"}}', "no bundle that counts"),
        ('{"bundles": {"1": "seed-1", "2": "seed-2"}, "failed": {}}', "names bundles that are not there"),
        ('{"bundles": ["seed-1"]}', "is no summary of seeds"),
        ("[", "is no summary of seeds"),
    ],
)
def test_a_summary_of_seeds_that_names_no_runs_is_an_error(tmp_path: Path, summary: str, said: str) -> None:
    put(tmp_path, {"seed-1/manifest.json": "{}", "seeds.json": summary})
    with pytest.raises(InputError, match=said):
        bundles_of(tmp_path)


def test_tables_mark_what_is_significant_and_sentences_say_what_cannot_be_told() -> None:
    a = arm("a", {("tatoeba", "de"): flags(0.5, 500, 1), ("tatoeba", "fr"): flags(0.5, 500, 2)})
    b = arm("b", {("tatoeba", "de"): flags(0.9, 500, 3), ("tatoeba", "fr"): flags(0.5, 500, 4)})
    (comparison,) = compare(a, b, resamples=1000)
    text = forms.tables(comparison)
    (german,) = [line for line in text.splitlines() if line.startswith("de ")]
    (french,) = [line for line in text.splitlines() if line.startswith("fr ")]
    assert "*" in german
    assert "*" not in french
    assert r"\toprule" in forms.tables(comparison, "latex")
    words = forms.sentences(comparison)
    assert words[0].startswith("tatoeba: b is better than a, +")
    assert words[1].startswith(
        "Of 2 pairs of a task and a language, 1 is better and 0 are worse; for 1 the data cannot"
    )
    assert len(forms.table_csv([comparison]).splitlines()) == 1 + len(comparison.estimates)


def test_what_rounds_to_zero_has_no_sign() -> None:
    a = arm("a", {("tatoeba", "de"): [True] * 1001 + [False] * 2000})
    b = arm("b", {("tatoeba", "de"): [True] * 1000 + [False] * 2001})
    found = compare(a, b, resamples=200)
    assert one(found, "tatoeba de").difference < 0
    assert forms.sentences(found[0])[0].startswith("tatoeba: cannot tell, 0.0 points (")
    for form in forms.FORMATS:
        assert not re.search(r"[-+−]0\.0\b", forms.document(found, form))


def test_what_one_side_alone_has_is_named_in_words_and_in_every_form_with_sentences() -> None:
    common = {("xnli", "de"): flags(0.5, 100, 1)}
    many = {("tatoeba", code): flags(0.5, 100, 2) for code in TASKS["tatoeba"].languages}
    a = arm("a", common | {("xnli", "fr"): flags(0.5, 100, 3), ("xnli", "sw"): flags(0.5, 100, 3)} | many)
    found = compare(a, arm("b", common | {("pawsx", "ja"): flags(0.5, 100, 4)}), resamples=100)
    said = [line for line in forms.sentences(found[0]) if "not compared" in line]
    assert said == [
        "Only a has xnli (fr sw), tatoeba (36 languages): not compared.",
        "Only b has pawsx (ja): not compared.",
    ]
    for form in ("text", "markdown"):
        assert all(line in forms.document(found, form) for line in said)
    assert ["xnli", "fr"] in found[0].to_dict()["only"]["a"]
    assert not [line for line in forms.sentences(compare(a, a, resamples=100)[0]) if "not compared" in line]


def test_languages_are_averaged_by_how_much_text_the_pretraining_of_xlm_r_had() -> None:
    cells = {("panx", code): flags(0.5, 50, at) for at, code in enumerate(("en", "yo", "jv", "sw", "ta", "fr", "ru"))}
    (found,) = compare(arm("a", cells), arm("b", cells), resamples=100)
    bands = [(each.name, each.cells) for each in found.level("text in CC-100")]
    assert bands == [("100 GiB and more", 1), ("10 to 100 GiB", 2), ("1 to 10 GiB", 1), ("under 1 GiB", 2)]
    assert "10 to 100 GiB in CC-100" in forms.tables(found)


def test_a_target_beside_xtreme_has_no_part_in_the_means_of_kinds_of_languages() -> None:
    nine = [(task, code) for task in ("xnli", "panx") for code in ("de", "zh", "sw")]
    manifests = [{"trained_on": {"intermediate": {"mnli": ["zh"]}}}]
    kinds = ("family", "script", "word order", "text in CC-100", "intermediate data")
    alone, beside = (averages(cells, manifests) for cells in (nine, [*nine, ("woz", "de"), ("woz", "it")]))
    assert {one.level for one in alone} >= {"family", "script"}
    assert [one for one in beside if one.level in kinds] == [one for one in alone if one.level in kinds]
