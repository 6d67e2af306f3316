"""A bundle is verified against gold labels, its manifest's scores and its recipe's expectations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from small_bundle import AVERAGES, LABELS, PREDICTIONS, manifest, put, put_bundle

from xtreme_bench import files
from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.bundle.verify import check_expect, verify
from xtreme_bench.cli.main import cli
from xtreme_bench.errors import InputError
from xtreme_bench.recipe.load import load, recall


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return put(tmp_path / "labels", LABELS)


@pytest.fixture
def scores(tmp_path: Path, labels: Path) -> dict[str, Any]:
    return evaluate(put(tmp_path / "scored", dict(PREDICTIONS)), labels)


@pytest.mark.parametrize("as_zip", [False, True], ids=["folder", "zip"])
def test_an_honest_bundle_is_verified(as_zip: bool, tmp_path: Path, labels: Path, scores: dict[str, Any]) -> None:
    recipe = {"expect": {"scores": {"xnli": {"value": 70, "within": 0.5}, "overall": {"at_least": 60}}}}
    bundle = put_bundle(tmp_path, scores=scores, recipe=recipe)
    result = verify(bundle / "small.zip" if as_zip else bundle, labels)
    assert result.problems == ()
    assert result.scores == scores


def test_a_score_that_was_changed_is_found(tmp_path: Path, labels: Path, scores: dict[str, Any]) -> None:
    scores["xnli"]["accuracy"]["de"] += 1e-8
    scores["all_task"] = 99
    problems = verify(put_bundle(tmp_path, scores=scores), labels).problems
    assert [str(problem) for problem in problems] == [
        f"manifest.json: the manifest has all_task 99; the computed value is {sum(AVERAGES.values()) / 9!r}",
        "manifest.json: xnli de: the manifest has accuracy de 60.00000001; the computed value is 60.0",
    ]


def test_differences_below_the_tolerance_are_none(tmp_path: Path, labels: Path, scores: dict[str, Any]) -> None:
    scores["xnli"]["accuracy"]["de"] += 1e-10
    assert verify(put_bundle(tmp_path, scores=scores), labels).problems == ()


def test_a_score_too_many_or_too_few_is_found(tmp_path: Path, labels: Path, scores: dict[str, Any]) -> None:
    del scores["all_task"]
    scores["speed"] = 1.0
    problems = verify(put_bundle(tmp_path, scores=scores), labels).problems
    assert [problem.message for problem in problems] == [
        f"the manifest lacks all_task; the computed value is {sum(AVERAGES.values()) / 9:.4f}",
        "the manifest has speed, which cannot be computed from these predictions",
    ]


def test_a_score_without_labels_or_predictions_cannot_be_verified(
    tmp_path: Path, labels: Path, scores: dict[str, Any]
) -> None:
    (labels / "pawsx/test-de.tsv").unlink()
    scores["xnli"]["accuracy"]["fr"] = 90.0
    problems = verify(put_bundle(tmp_path, scores=scores), labels).problems
    assert [str(problem) for problem in problems] == [
        "xnli/test-fr.tsv: xnli fr: the manifest has a score for it, but no predictions",
        "pawsx/test-de.tsv: pawsx de: its score cannot be verified: no gold labels",
    ]


@pytest.mark.parametrize("task", ["xnli", "mlqa"])
def test_a_weak_language_cannot_be_left_out_of_the_scores(task: str, tmp_path: Path, labels: Path) -> None:
    kept = {"xnli": {"xnli/test-en.tsv"}, "mlqa": set()}[task]
    strong = {name: text for name, text in PREDICTIONS.items() if not name.startswith(task) or name in kept}
    inflated = evaluate(put(tmp_path / "strong", strong), labels)
    result = verify(put_bundle(tmp_path, scores=inflated), labels)
    found = [str(problem) for problem in result.problems]
    place = TASKS[task].file("de")
    assert f"{place}: {task} de: the manifest has no score for it; the computed score is " in found[0]
    assert any("all_task" in line for line in found)
    assert not any("avg_accuracy" in line and "xnli" not in line for line in found)
    assert result.summary.startswith("not verified: 10 files, 9 tasks; 10 scored again, scores differ")


def test_a_score_that_cannot_be_known_hides_no_other_difference(
    tmp_path: Path, labels: Path, scores: dict[str, Any]
) -> None:
    (labels / "pawsx/test-de.tsv").unlink()
    scores["xnli"]["accuracy"]["de"] = 99.0
    found = [problem.message for problem in verify(put_bundle(tmp_path, scores=scores), labels).problems]
    assert found == [
        "its score cannot be verified: no gold labels",
        "the manifest has accuracy de 99.0; the computed value is 60.0",
    ]


OTHER_STAGES = manifest()["stages"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 2}, "seed is `2`, but by the recipe it is `1`"),
        (
            {"model": {"hub": {"name": "a/b"}, "path": None, "scratch": None}},
            "model.hub is `{'name': 'a/b'}`, but by the",
        ),
        ({"model": {"path": "a large one"}}, "model.path is `a large one`, but by the recipe it is"),
        ({"data": {"source": "miniature"}}, "data.source is `miniature`, but by the recipe it is `download`"),
        ({"data": {}}, "data.source is `None`, but by the recipe it is `download`"),
        (
            {"trained_on": {"pretraining": None, "intermediate": {"mnli": ["en"]}, "finetuning": {}}},
            "trained_on.intermediate.mnli is `en`, but by the recipe it is `None`",
        ),
        ({"trained_on": {}}, "trained_on.finetuning is `None`, but by the recipe it is `{"),
        (
            {"zero_shot": {**manifest()["zero_shot"], "xnli": ["de", "en"]}},
            "zero_shot.xnli is `de en`, but by the recipe",
        ),
        ({"image": "mine:latest"}, "image is `mine:latest`; expected the sha256 of an image, or null"),
        (
            {"image": f"sha256:{'1' * 64}", "recipe": {"resources": {"image": f"sha256:{'2' * 64}"}}},
            "image is `sha256:11111",
        ),
        ({"stages": []}, "missing"),
        ({"stages": OTHER_STAGES[:-1]}, "it has scores, but no stage that computes them"),
        ({"stages": OTHER_STAGES[::-1]}, "stages differ from those of the recipe: another order"),
        ({"stages": [*OTHER_STAGES, {"kind": "pretrain", "name": "x", "key": "0" * 64}]}, "`x` too many"),
        ({"stages": [{**stage, "key": "?"} for stage in OTHER_STAGES]}, "stages: each needs a `key` of 64 hexadecimal"),
        *(
            ({"stages": [{**stage, "accepted_code": mark} for stage in OTHER_STAGES]}, "must be a list of modules")
            for mark in ([], "training", [7], None, {"training": 1})
        ),
        ({"name": "other"}, "`tokenise xnli (small)`"),
        ({"recipe": {"seed": "one"}}, "its recipe cannot be read: seed must be a whole number"),
        ({"recipe": {"retrieval": None}}, "its recipe cannot be read: retrieval is missing"),
        (
            {"recipe": {"retrieval": {"layer": 1, "pooling": "mean", "layers": "some"}}},
            "retrieval.layers must be one of",
        ),
        ({"recipe": {"targets": {"xnli": {"languages": ["de"]}}}}, "not a target of the recipe"),
        (
            {"recipe": {"targets": {**manifest()["recipe"]["targets"], "xquad": {"languages": ["de", "ru"]}}}},
            "a target of the recipe, but the bundle has no predictions",
        ),
    ],
)
def test_what_follows_from_the_recipe_cannot_be_claimed_otherwise(
    changes: dict[str, Any], message: str, tmp_path: Path, labels: Path, scores: dict[str, Any]
) -> None:
    bundle = put_bundle(tmp_path, scores=scores, **changes)
    assert any(message in problem.message for problem in verify(bundle, labels).problems)


@pytest.mark.parametrize("path", sorted(Path("recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_recipe_is_recalled_from_its_values(path: Path) -> None:
    values = load(path).to_dict()
    found, problems = recall(values, path.stem)
    assert problems == []
    assert found is not None
    assert {**found.to_dict(), "expect": values["expect"]} == values


def test_a_recipe_in_a_manifest_cannot_choose_what_is_read_here(
    tmp_path: Path, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/weights").write_text("x")
    opened: list[str] = []
    monkeypatch.setattr(files, "file_digest", lambda path: opened.append(str(path)) or "0" * 64)
    verify(put_bundle(tmp_path, recipe={"model": {"path": str(tmp_path / "secret")}}), labels)
    assert [path for path in opened if "secret" in path] == []


def test_the_last_line_says_what_was_verified(tmp_path: Path, labels: Path, scores: dict[str, Any]) -> None:
    recipe = {"expect": {"scores": {"xnli": {"at_least": 60}}}}
    bundle = put_bundle(tmp_path, scores=scores, recipe=recipe)
    done = CliRunner().invoke(cli, ["verify", str(bundle), "--labels", str(labels)])
    last = done.stdout.splitlines()[-1]
    assert (done.exit_code, last) == (
        0,
        "verified: 10 files, 9 tasks; 10 scored again, all scores equal; expect held",
    )
    (labels / "pawsx/test-de.tsv").unlink()
    done = CliRunner().invoke(cli, ["verify", str(bundle), "--labels", str(labels)])
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1].startswith("not verified: 10 files, 9 tasks; 9 scored again, scores differ")


def test_without_any_labels_for_it_a_bundle_is_only_checked(tmp_path: Path, labels: Path) -> None:
    for task in TASKS:
        for path in (labels / task).glob("test-*"):
            path.unlink()
    result = verify(put_bundle(tmp_path, scores=None), labels)
    assert (result.problems, result.summary.partition(":")[0]) == ((), "checked only")


def test_predictions_that_are_all_right_get_a_note(tmp_path: Path, labels: Path) -> None:
    put(labels, {"xnli/test-de.tsv": PREDICTIONS["xnli/test-de.tsv"]})
    (flag,) = verify(put_bundle(tmp_path, scores=None), labels).flags
    assert "1 file (`xnli/test-de.tsv`) 100 % right: this check cannot tell them from" in str(flag)


def test_results_of_other_code_that_were_accepted_get_a_note(
    tmp_path: Path, labels: Path, scores: dict[str, Any]
) -> None:
    first, *rest = manifest()["stages"]
    marked = {**first, "accepted_code": ["xtreme_bench.training.loop"]}
    result = verify(put_bundle(tmp_path, scores=scores, stages=[marked, *rest]), labels)
    assert result.problems == ()
    (note,) = [note for note in result.notes if "other code" in note]
    assert note.startswith("results of 1 stage made by other code and accepted (--accept-code)")
    assert note.endswith(f": `{first['name']}`; code of `xtreme_bench.training.loop`")


def test_a_faulty_bundle_is_not_scored(tmp_path: Path, labels: Path, scores: dict[str, Any]) -> None:
    bundle = put_bundle(tmp_path, scores=scores)
    put(bundle, {"xnli/test-de.tsv": "contradictory\n" * 5})
    result = verify(bundle, labels)
    assert result.problems[-2].task == "xnli"
    assert result.scores == {}
    assert "not scored: fix the problems first" in result.notes


def test_a_bundle_without_a_manifest_cannot_be_verified(tmp_path: Path, labels: Path) -> None:
    predictions = put(tmp_path / "bare", dict(PREDICTIONS))
    with pytest.raises(InputError, match=r"no manifest\.json in the bundle"):
        verify(predictions, labels)


def test_a_bundle_that_was_made_without_labels_is_scored_now(
    tmp_path: Path, labels: Path, scores: dict[str, Any]
) -> None:
    (labels / "pawsx/test-de.tsv").unlink()
    result = verify(put_bundle(tmp_path, scores=None, recipe={"expect": {"scores": {"xnli": {"value": 70}}}}), labels)
    assert result.problems == ()
    assert result.scores["xnli"] == scores["xnli"]
    assert result.notes[-2:] == ("the manifest has no scores to compare with", "not scored, no gold labels: pawsx de")


def test_expectations_in_the_manifest_are_checked_and_gains_are_noted(
    tmp_path: Path, labels: Path, scores: dict[str, Any]
) -> None:
    recipe = {"expect": {"scores": {"panx": {"at_least": 90}}, "gains": {"retrieval": {"at_least": 5}}}}
    result = verify(put_bundle(tmp_path, scores=scores, recipe=recipe), labels)
    assert [problem.message for problem in result.problems] == ["expect: panx: expected at least 90, found 80.00"]
    assert any("gains over a baseline" in note for note in result.notes)


@pytest.mark.parametrize("expect", ["often", {"scores": [1]}, {"scores": {"xnli": {"value": "NaN"}}}])
def test_nonsense_in_an_untrusted_recipe_does_no_harm(
    expect: Any, tmp_path: Path, labels: Path, scores: dict[str, Any]
) -> None:
    result = verify(put_bundle(tmp_path, scores=scores, recipe={"expect": expect}), labels)
    assert len(result.problems) == 1
    assert result.problems[0].message.startswith("expect: ")


SCORES = {"xnli": {"accuracy": {"en": 90.0, "de": 70.0, "sw": 60.0}, "avg_metric": 73.0}, "retrieval": 60.0}


@pytest.mark.parametrize(
    ("expect", "messages"),
    [
        ({"scores": {"xnli": {"value": 73.4, "within": 0.5}, "xnli/transfer": {"value": 65}}}, []),
        (
            {"scores": {"xnli": {"value": 80, "within": 0.5}}},
            ["expect: xnli: expected 80 within 0.5, found 73.00"],
        ),
        (
            {"scores": {"retrieval": {"at_least": 50, "at_most": 55}}},
            ["expect: retrieval: expected at most 55, found 60.00"],
        ),
        ({"scores": {"overall": {"at_least": 1}}}, ["expect: overall: there is no such score"]),
        ({"gains": {"retrieval": {"at_least": 5.0}}}, []),
        ({"gains": {"retrieval": {"at_least": 25}}}, ["expect: gain of retrieval: expected at least 25, found 20.00"]),
        # as a recipe's bounds are written out: what is not asked for is null
        ({"scores": {"xnli": {"value": None, "within": None, "at_least": 70.0}}}, []),
        ({"gains": {"xnli": {"at_least": 0}}}, ["expect: gain of xnli: there is no such score"]),
        ({"development": {"mnli": {"at_least": 60}, "squad": {"at_least": 20.0}}}, []),
        (
            {"development": {"mnli": {"at_least": 70}, "qqp": {"at_least": 1}}},
            [
                "expect: development score of mnli: expected at least 70, found 61.50",
                "expect: development score of qqp: there is no such score",
            ],
        ),
        ({}, []),
    ],
)
def test_expectations_are_kept_or_not(expect: dict[str, Any], messages: list[str]) -> None:
    learned = {"mnli": 61.5, "squad": 20.0}
    assert [problem.message for problem in check_expect(expect, SCORES, {"retrieval": 40.0}, learned)] == messages


def test_a_development_score_that_the_manifest_claims_is_compared_with_what_its_recipe_expects(
    tmp_path: Path, labels: Path, scores: dict[str, Any]
) -> None:
    recipe = {"expect": {"development": {"xnli": {"at_least": 101}}}}
    result = verify(put_bundle(tmp_path, scores=scores, recipe=recipe), labels)
    assert any(problem.message.startswith("expect: development score of xnli") for problem in result.problems)


def test_a_gain_without_a_baseline_is_a_problem() -> None:
    problems = check_expect({"gains": {"retrieval": {"at_least": 5}}}, SCORES)
    assert [problem.message for problem in problems] == [
        "expect: gain of retrieval: there is no baseline to compare with"
    ]
