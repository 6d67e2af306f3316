"""Signs of predictions that come from the gold labels are told, and are no faults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from small_bundle import LABELS, PREDICTIONS, put, put_bundle

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.suspicion import FAR, Flag, flags
from xtreme_bench.bundle.verify import verify
from xtreme_bench.cli.main import cli
from xtreme_bench.official import published
from xtreme_bench.official.scores import summary


def scores_of(task: str, **values: float) -> dict[str, Any]:
    """Official scores of one task; every metric of a language has its value."""
    return summary({task: {code: dict.fromkeys(TASKS[task].metric, value) for code, value in values.items()}})


def found(scores: Any, pairs: Any = (), data: Path | None = None) -> list[Flag]:
    present = {task: tuple(scores[task][TASKS[task].metric[0]]) for task in TASKS if task in scores}
    return list(flags(scores, present, pairs, data))


def test_a_score_far_above_the_best_published_one_is_suspicious_only_over_all_languages() -> None:
    level = published.best("xnli").scores["xnli"] + FAR + 0.1  # type: ignore[operator]
    whole = dict.fromkeys(TASKS["xnli"].languages, level) | {"en": level + 5}
    (flag,) = found(scores_of("xnli", **whole))
    assert str(flag).startswith("suspicious: xnli: 90.4 is far above the best published score that is known here, 85.0")
    assert found(scores_of("xnli", **dict.fromkeys(whole, level - 1) | {"en": level + 5})) == []
    assert found(scores_of("xnli", de=level, fr=level, en=level + 5)) == []


@pytest.mark.parametrize(("english", "others", "suspicious"), [(80, 79.5, True), (80, 75, False), (45, 45, False)])
def test_a_model_as_good_in_other_languages_as_in_english_is_suspicious_above_chance(
    english: float, others: float, suspicious: bool
) -> None:
    flags = found(scores_of("pawsx", en=english, de=others, fr=others, es=others))
    assert [flag.kind for flag in flags] == (["English equal"] if suspicious else [])


@pytest.mark.parametrize(
    ("task", "gold", "copied", "honest"),
    [
        ("panx", [["O", "I-PER"]] * 6, [["O", "I-PER"]] * 6, [["O", "B-PER"]] * 6),
        ("panx", [["B-LOC", "I-LOC"]] * 6, [], [["B-LOC", "I-LOC"]] * 6),
        (
            "tydiqa",
            {str(at): ['the "first'] for at in range(6)},
            {str(at): 'the "first' for at in range(6)},
            {str(at): "the first" for at in range(6)},
        ),
    ],
)
def test_predictions_that_repeat_malformed_labels_are_suspicious(
    task: str, gold: Any, copied: Any, honest: Any
) -> None:
    if copied:
        (flag,) = found({}, [(task, "sw", gold, copied)])
        assert str(flag) == f"suspicious: {task}: repeats 6 of 6 malformed gold labels exactly"
    assert found({}, [(task, "sw", gold, honest)]) == []


def test_predictions_that_follow_contradictions_of_the_labels_are_suspicious(tmp_path: Path) -> None:
    rows = [f"Satz {at % 5}\tEin Satz" for at in range(10)]
    data = put(tmp_path, {"pawsx/test-de.tsv": "".join(f"{row}\n" for row in rows)})
    gold = ["0"] * 5 + ["1"] * 5
    (flag,) = found({}, [("pawsx", "de", gold, gold)], data)
    assert "of 5 groups of equal test items with different gold labels it follows the labels in 5" in str(flag)
    assert found({}, [("pawsx", "de", gold, ["0"] * 10)], data) == []
    assert found({}, [("pawsx", "de", gold, gold)]) == []


def test_signs_are_notes_and_in_the_json_and_change_no_verdict(tmp_path: Path) -> None:
    labels = put(tmp_path / "labels", {**LABELS, "xnli/test-de.tsv": PREDICTIONS["xnli/test-de.tsv"]})
    bundle = put_bundle(tmp_path, scores=None)
    said = CliRunner().invoke(cli, ["verify", str(bundle), "--labels", str(labels), "--json", "-"])
    result = json.loads(said.stdout)
    assert (said.exit_code, result["verified"], result["problems"]) == (0, True, [])
    assert [flag["kind"] for flag in result["flags"]] == ["equal to the labels"]
    assert "note: suspicious: 1 file" in said.stderr
    assert "1 sign to look at (equal to the labels): repeat the predictions with --rerun" in result["notes"]
    assert verify(bundle, labels).to_dict() == result


@pytest.mark.parametrize("key", ["overall", *TASKS])
def test_published_rows_average_as_the_benchmark_does(key: str) -> None:
    found = {one.name: one.score(key) for one in published.SYSTEMS}
    assert all(value is None or 0 < value < 100 for value in found.values())
    if key == "overall":
        assert found["XLM-R Large"] == pytest.approx(68.2, abs=0.05)
        assert found["X-STILTs, best task for each target"] == pytest.approx(73.5, abs=0.05)
        assert found["mT5-XXL"] is None
