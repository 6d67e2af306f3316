"""Findings say what the records of arms support, and no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from findings_page import line_of, page, row

from xtreme_bench.errors import InputError
from xtreme_bench.findings import page as findings
from xtreme_bench.findings import pieces
from xtreme_bench.findings.experiments import EXPERIMENTS, Experiment
from xtreme_bench.findings.page import PLOT
from xtreme_bench.findings.pieces import DIFFERENCES
from xtreme_bench.findings.words import answers
from xtreme_bench.recipe.files import SHIPPED
from xtreme_bench.recipe.load import load

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
NLI, QA = (one for one in EXPERIMENTS if one.folder in ("nli", "qa"))
MIDDLE = "Does NLI in English help retrieval?"


def run(seed: int, layer: int, tatoeba: float, **changes: Any) -> dict[str, Any]:
    scores = {"xnli": {"de": 50.0, "en": 60.0}, "tatoeba": {"de": tatoeba}}
    return {
        "layer": layer, "seed": seed, "device": ["cpu"], "intermediate": {}, "examples": 0, "tokens": 0,
        "items": {"xnli": [100], "tatoeba": [90, 100]}, "scores": scores, "seconds": {}, **changes,
    }  # fmt: skip


def estimate(name: str, level: str, difference: float, verdict: str) -> dict[str, Any]:
    found = {"low": difference - 1, "high": difference + 2, "p": 0.5 if verdict == "cannot tell" else 0.01}
    return {"name": name, "level": level, "difference": difference, **found, "verdict": verdict}


def difference(a: str, b: str, seeds: int, change: float, verdict: str = "cannot tell") -> dict[str, Any]:
    found = [estimate("tatoeba", "task", change, verdict)]
    if "pocket-none" not in (a, b):
        found.append(estimate("contrast on family unseen", "contrast", change, verdict))
    return {"layer": 7, "a": a, "b": b, "seeds": list(range(seeds)), "estimates": found}


def put_records(folder: Path, *differences: dict[str, Any], seeds: int = 1, experiment: Experiment = NLI) -> Path:
    """Records of three arms of an experiment, and of differences between arms."""
    place = folder / experiment.folder
    place.mkdir(parents=True)
    arms = {"pocket-none": [], "pocket-english": ["en"], "pocket-diverse": ["de", "zh"]}
    for name, codes in arms.items():
        runs = [
            run(seed, layer, 60.0 + seed, intermediate={"nli": codes}) for seed in range(seeds) for layer in (7, 12)
        ]
        (place / f"{name}.json").write_text(json.dumps({"name": name, "runs": runs}))
    (place / DIFFERENCES).write_text(json.dumps({"differences": differences}))
    return folder


@pytest.mark.parametrize(
    ("seeds", "a", "b", "change", "verdict", "answer"),
    [
        (1, "pocket-none", "pocket-english", 5.0, "better", "cannot tell"),
        (2, "pocket-none", "pocket-english", 5.0, "better", "cannot tell"),
        (3, "pocket-none", "pocket-english", 5.0, "better", "yes"),
        (3, "pocket-none", "pocket-english", -5.0, "worse", "no"),
        (3, "pocket-none", "pocket-english", 0.1, "cannot tell", "cannot tell"),
        (3, "pocket-english", "pocket-none", -5.0, "worse", "yes"),
        (3, "pocket-english", "pocket-diverse", 5.0, "better", "not tested"),
    ],
)
def test_a_question_is_answered_by_a_sure_difference_over_three_seeds_alone(
    tmp_path: Path, seeds: int, a: str, b: str, change: float, verdict: str, answer: str
) -> None:
    text = page(put_records(tmp_path, difference(a, b, seeds, change, verdict), seeds=seeds))
    assert row(text, MIDDLE)[1].startswith("tatoeba, layer 7")
    assert row(text, MIDDLE)[2] == f"**{answer}**"
    assert f"**{answer}**" in line_of(text, MIDDLE)
    assert row(text, "Are twelve languages better than one distant language?")[2] == "**not tested**"


@pytest.mark.parametrize(
    ("p", "seeds", "answer", "why"),
    [
        (0.02, 3, "yes", "3 seeds; p = 0.040."),
        (0.03, 3, "cannot tell", "3 seeds; p = 0.060."),
        (0.03, 1, "yes", "3 seeds; p = 0.030."),  # what cannot be answered is no chance either
    ],
)
def test_the_contrasts_of_all_layers_are_corrected_together(
    tmp_path: Path, p: float, seeds: int, answer: str, why: str
) -> None:
    asked, middle = NLI.questions[0], difference("pocket-english", "pocket-diverse", seeds, 0.5)
    last = difference("pocket-english", "pocket-diverse", 3, 5.0, "better") | {"layer": 12}
    pieces.estimate(last, "contrast").update(p=p)  # type: ignore[union-attr]
    known = pieces.read(put_records(tmp_path, last, middle, seeds=3) / NLI.folder)
    found = {one.where[-2:]: (one.answer, one.why) for one in answers({NLI: known})[NLI] if one.question == asked}
    assert found["12"] == (answer, why)
    assert found[" 7"][0] == "cannot tell"


def test_the_contrasts_of_all_experiments_in_the_first_table_are_corrected_together() -> None:
    known = {}
    for experiment, p in ((NLI, 0.02), (QA, 0.03)):
        question = experiment.questions[0]
        one = difference(question.than, question.better, 3, 5.0, "better")
        pieces.estimate(one, "contrast").update(p=p)  # type: ignore[union-attr]
        known[experiment] = pieces.Records({}, [], [one])
    alone = answers({NLI: known[NLI]})[NLI][0]
    found = {experiment: every[0].p for experiment, every in answers(known).items()}
    assert (alone.p, found) == (0.02, {NLI: 0.04, QA: 0.04})


def test_the_commands_run_what_is_on_record() -> None:
    runs = [{"seed": 1, "layer": 7, "scores": {"xnli": {}, "tatoeba": {}}}]
    arms = [{"name": name, "runs": runs} for name in ("pocket-several", "pocket-english", "pocket-none")]
    for there, baseline in ((arms, ""), (arms[:2], " --set baseline=")):
        written = pieces.commands(there).splitlines()
        at = next(at for at, line in enumerate(written) if "pocket-english" in line)
        assert f"--set retrieval.layer=7 --set 'targets=[xnli, tatoeba]'{baseline} --out" in written[at + 1]


def test_a_difference_that_is_asked_the_other_way_round_has_its_interval_turned(tmp_path: Path) -> None:
    text = page(put_records(tmp_path, difference("pocket-english", "pocket-none", 3, -5.0, "worse"), seeds=3))
    assert row(text, MIDDLE)[3] == "+5.0 [+3.0, +6.0]"
    assert "-5.0 [-6.0, -3.0]*" in row(text, "pocket-none minus pocket-english")


def test_one_seed_is_called_too_few_and_is_never_marked_as_significant(tmp_path: Path) -> None:
    text = page(put_records(tmp_path / "one", difference("pocket-english", "pocket-diverse", 1, 5.0, "better")))
    assert "- Some arms have one seed." in text
    assert "+5.0 [+4.0, +7.0] (1 seed)" in text
    section = text[text.index(f"## {NLI.title}") :]
    assert row(section, NLI.questions[0].text)[2:] == [
        "**cannot tell**",
        "+5.0 [+4.0, +7.0]",
        "One seed is too few.",
    ]
    assert "one seed" not in page(put_records(tmp_path / "three", seeds=3))


def test_the_question_of_the_page_is_answered_first_by_the_contrast(tmp_path: Path) -> None:
    text = page(put_records(tmp_path, difference("pocket-english", "pocket-diverse", 3, 5.0, "better"), seeds=3))
    asked = NLI.questions[0].text
    found = [asked, "unseen families, layer 7", "**yes**", "+5.0 [+4.0, +7.0]"]
    assert row(text, asked)[:-2] == found
    section = text[text.index(f"## {NLI.title}") :]
    assert text.index(f"| {asked}") < text.index(f"- {MIDDLE}") < text.index(section)
    assert row(section, asked) == [*found, "3 seeds; p = 0.010."]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda one: one.folder)
def test_every_experiment_has_a_section_and_all_its_questions_when_it_is_on_record(
    tmp_path: Path, experiment: Experiment
) -> None:
    (tmp_path / experiment.folder).mkdir()
    names = dict.fromkeys(name for one in experiment.questions for name in (one.than, one.better))
    scores = {
        task: {"de": 50.0, "en": 60.0} for one in experiment.questions for task, _ in one.columns or [("xnli", None)]
    }
    for name in names:
        made = run(1, 7, 60.0, scores={task.partition("/")[0]: found for task, found in scores.items()}, finetuning={})
        made["items"] = {task: [100] for task in made["scores"]}
        (tmp_path / experiment.folder / f"{name}.json").write_text(json.dumps({"name": name, "runs": [made]}))
    text = page(tmp_path)
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## In short", f"## {experiment.title}", "## Caveats", "## Computing",
    ]  # fmt: skip
    for question in (question for one in EXPERIMENTS for question in one.questions if question.columns):
        assert line_of(text, question.text) == f"- {question.text} **not tested**."
    section = text[text.index(f"## {experiment.title}") :]
    for question in experiment.questions:
        assert row(section, question.text)[2] == row(text, question.text)[2] == "**not tested**"
    # The command for what no arm of the page has would repeat nothing.
    assert "--to D\nmake findings" in text
    assert f"EXPERIMENT={experiment.folder}\n" in text


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda one: one.folder)
def test_the_arms_of_every_question_are_recipes_and_score_what_it_asks_for(experiment: Experiment) -> None:
    load(SHIPPED / f"{experiment.untrained}.yaml")
    for question in experiment.questions:
        arms = [load(SHIPPED / f"{name}.yaml") for name in (question.better, question.than)]
        for task in {name.partition("/")[0] for name, _ in question.columns}:
            assert all(task in arm.targets for arm in arms), f"{question.text} {task}"
        if not question.columns:
            assert all((arm.contrast.recipe, arm.contrast.minus) == (question.better, question.than) for arm in arms)


def test_a_question_with_columns_has_the_contrast_of_its_recipes_first(tmp_path: Path) -> None:
    mixed = next(one for one in EXPERIMENTS if one.folder == "mixed")
    several, masked = mixed.questions
    known = difference("pocket-english", "pocket-several", 3, 5.0, "better")
    known["estimates"][1]["name"] = "contrast on all"
    text = page(put_records(tmp_path, known, seeds=3, experiment=mixed))
    begin = "all languages, layer 7: **yes**, +5.0 [+4.0, +7.0]; tatoeba, layer 7: **yes**"
    assert line_of(text, several.text).startswith(f"- {several.text} {begin}")
    assert line_of(text, masked.text) == f"- {masked.text} **not tested**."
    assert PLOT not in text  # which has the questions of the page alone


def test_a_record_that_no_experiment_reads_is_an_error(tmp_path: Path) -> None:
    put_records(tmp_path)
    (tmp_path / "pocket-more.json").write_text(json.dumps({"name": "pocket-more", "runs": []}))
    with pytest.raises(InputError, match=r"pocket-more\.json: is a record of no experiment"):
        page(tmp_path)


def with_unseen(folder: Path, **tatoeba: float) -> str:
    """The page where the arms have these scores in Turkish and Tamil, whose families no arm was trained in."""
    put_records(folder, difference("pocket-english", "pocket-diverse", 3, 5.0, "better"), seeds=3)
    for name, value in tatoeba.items():
        path = folder / NLI.folder / f"pocket-{name}.json"
        arm = json.loads(path.read_text())
        for one in arm["runs"]:
            one["scores"] |= {"tatoeba": {"de": 10.0, "ta": value, "tr": value + 1}, "xnli": {"tr": value + 10}}
        path.write_text(json.dumps(arm))
    return page(folder)


@pytest.mark.parametrize(
    ("english", "diverse", "stand"),
    [
        (40.0, 50.0, "both lose"),
        (70.0, 80.0, "both gain"),
        (50.0, 70.0, "pocket-diverse gains, pocket-english loses"),
        (60.0, 60.0, "both stay"),
    ],
)
def test_both_arms_of_a_contrast_are_beside_the_one_without_intermediate_training(
    tmp_path: Path, english: float, diverse: float, stand: str
) -> None:
    text = with_unseen(tmp_path, none=60.0, english=english, diverse=diverse)
    # Each family counts alike: Dravidian has one score, Turkic two, of which one is 10 higher.
    means = [f"{value + 2.75:.1f}" for value in (60.0, diverse, english)]
    assert (
        f"Without intermediate training the mean of these scores is {means[0]} (pocket-none), after it {means[1]} "
        f"(pocket-diverse) and {means[2]} (pocket-english)."
    ) in text
    assert row(text, NLI.questions[0].text)[-1] == f"{stand} (not tested)"
    assert f"tatoeba 60.5, {diverse + 0.5}, {english + 0.5}." in text
    # German is in no contrast of an arm that was trained in it, and English in none.
    assert row(text, NLI.questions[0].text)[1] == "xnli and tatoeba in unseen families, layer 7"


def test_a_contrast_says_what_it_rests_on_and_what_it_could_have_seen(tmp_path: Path) -> None:
    known = difference("pocket-english", "pocket-diverse", 3, 5.0, "better")
    pieces.estimate(known, "contrast").update(cells=5, detectable=2.34)  # type: ignore[union-attr]
    with_unseen(tmp_path, none=60.0, english=50.0, diverse=70.0)
    (tmp_path / NLI.folder / DIFFERENCES).write_text(json.dumps({"differences": [known]}))
    assert row(page(tmp_path), NLI.questions[0].text)[4] == "5 scores in 2 families; detects 2.3"


def test_targets_of_a_contrast_that_the_arm_without_intermediate_training_lacks_are_named(tmp_path: Path) -> None:
    with_unseen(tmp_path, none=60.0, english=50.0, diverse=70.0)
    for name in ("english", "diverse"):
        path = tmp_path / NLI.folder / f"pocket-{name}.json"
        arm = json.loads(path.read_text())
        for one in arm["runs"]:  # German is not in the contrast, since both arms know its family
            one["scores"] |= {"tydiqa": {"te": 20.0}, "mlqa": {"de": 20.0}}
        path.write_text(json.dumps(arm))
    assert "these scores, but for tydiqa, where pocket-none has none, is 62.8 (pocket-none)" in page(tmp_path)


def test_without_the_arm_that_had_no_intermediate_training_a_contrast_stands_alone(tmp_path: Path) -> None:
    with_unseen(tmp_path, none=60.0, english=50.0, diverse=70.0)
    (tmp_path / NLI.folder / "pocket-none.json").unlink()
    text = page(tmp_path)
    assert row(text, NLI.questions[0].text)[2:] == ["**yes**", "+5.0 [+4.0, +7.0]", "", ""]
    assert "Without intermediate training the mean" not in text


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda one: one.folder)
def test_what_the_targets_add_is_the_difference_of_a_contrast(experiment: Experiment) -> None:
    every = answers({experiment: pieces.read(ROOT / pieces.RECORDS / experiment.folder)})[experiment]
    found = [one for one in every if one.change and one.level == "contrast"]
    assert found or all(question.columns for question in experiment.questions)
    for one in found:
        assert sum(one.standing.adds.values()) == pytest.approx(one.change[0], abs=0.001), one.where


def test_scores_are_means_over_languages_with_their_range_over_seeds_and_a_column_for_each_layer(
    tmp_path: Path,
) -> None:
    text = page(put_records(tmp_path, seeds=3))
    assert "55.0 (55.0 to 55.0)" in text
    assert "61.0 (60.0 to 62.0)" in text
    assert "tatoeba, layer 7" in text
    assert "tatoeba, layer 12" in text


def test_tokens_of_an_arm_are_their_mean_over_seeds_which_count_once_each(tmp_path: Path) -> None:
    (tmp_path / NLI.folder).mkdir()
    runs = [run(seed, layer, 60.0, tokens=1000 * seed) for seed, layer in ((1, 7), (1, 12), (4, 7))]
    (tmp_path / NLI.folder / "pocket-english.json").write_text(json.dumps({"name": "pocket-english", "runs": runs}))
    assert row(page(tmp_path), "pocket-english")[3] == "2,500"


def test_curves_by_layer_are_beside_the_scores_where_they_are_on_record(tmp_path: Path) -> None:
    without = page(put_records(tmp_path, seeds=3))
    assert "at every layer" not in without
    assert NLI.more not in without
    both = [{"tatoeba": [10.0 * seed, 50.0], "bucc2018": [30.0, 20.0 * seed]} for seed in (1, 2)]
    runs = [{"arm": "pocket-english", "seed": seed, "by_layer": one} for seed, one in enumerate(both, start=1)]
    runs.append({"arm": "pocket-none", "seed": 1, "by_layer": {"tatoeba": [1.0, 2.0]}})
    (tmp_path / NLI.folder / "layers.json").write_text(json.dumps({"runs": runs}))
    text = page(tmp_path).partition("### Retrieval at every layer")[2]
    assert NLI.more in text
    assert row(text, "tatoeba, arm")[1:] == ["seeds", "0", "1"]
    assert row(text, "pocket-english")[1:] == ["2", "15.0", "50.0"]
    assert row(text, "pocket-none")[1:] == ["1", "1.0", "2.0"]
    bucc = text.partition("bucc2018, arm")[2]
    assert row(bucc, "pocket-english")[1:] == ["2", "30.0", "30.0"]
    assert "| pocket-none " not in bucc.partition("###")[0]
    # The first seed's BUCC is best at layer 0, that of the second at layer 1.
    chosen = bucc.partition("layer that BUCC chooses")[2]
    assert row(chosen, "pocket-english")[1:] == ["0, 1", "30.0 (10.0 to 50.0)", "35.0 (30.0 to 40.0)"]


def test_the_picture_of_curves_has_a_line_for_each_arm_on_the_band_of_its_seeds(tmp_path: Path) -> None:
    put_records(tmp_path, seeds=3)
    runs = [
        {"arm": "pocket-english", "seed": 1, "by_layer": {"bucc2018": [0.0, 100.0], "tatoeba": [50.0, 50.0]}},
        {"arm": "pocket-english", "seed": 2, "by_layer": {"bucc2018": [100.0, 100.0], "tatoeba": [50.0, 50.0]}},
        {"arm": "pocket-none", "seed": 1, "by_layer": {"bucc2018": [25.0, 50.0], "tatoeba": [50.0, 50.0]}},
    ]
    (tmp_path / NLI.folder / "layers.json").write_text(json.dumps({"runs": runs}))
    text, pictures = findings.page(tmp_path)
    assert f"](findings-{NLI.folder}.svg)" in text
    root = ElementTree.fromstring(pictures[f"findings-{NLI.folder}.svg"])
    names = [one.text for one in root.iter(f"{SVG}text")]
    assert {"bucc2018", "tatoeba", "pocket-english", "pocket-none"} < {*names}
    lines = [one.attrib for one in root.iter(f"{SVG}polyline")]
    bands = [[*map(point, one.attrib["points"].split())] for one in root.iter(f"{SVG}polygon")]
    assert len(lines) == len(bands) == 4
    assert len({one["stroke"] for one in lines}) == 2
    none, english = ([*map(point, one["points"].split())] for one in lines[:2])
    (_, bottom), (_, top) = bands[1][0], bands[1][-1]  # of 0 and 100 at the embeddings
    assert english == [(english[0][0], (bottom + top) / 2), (english[1][0], top)]
    assert none == [(english[0][0], bottom + (top - bottom) / 4), (english[1][0], (bottom + top) / 2)]
    assert bands[0][0] == bands[0][-1] == none[0]


def point(text: str) -> tuple[float, float]:
    x, y = text.split(",")
    return float(x), float(y)


def test_stages_that_runs_share_count_once(tmp_path: Path) -> None:
    for folder, name, own in (("nli", "a", "x"), ("nli", "b", "y"), ("qa", "c", "z")):
        runs = [run(1, 7, 60.0, seconds={"shared": 60.0, own: 60.0})]
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.json").write_text(json.dumps({"name": name, "runs": runs}))
    text = page(tmp_path)
    assert row(text, NLI.title)[1:] == ["2", "3", "3 min 00 s", "cpu"]
    assert row(text, "all")[1:] == ["3", "4", "4 min 00 s", "cpu"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"runs": 3}'])
def test_what_is_no_record_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / NLI.folder).mkdir()
    (tmp_path / NLI.folder / "odd.json").write_text(content)
    with pytest.raises(InputError, match=r"odd\.json: is not a record"):
        page(tmp_path)


def test_the_page_in_docs_is_that_of_the_records() -> None:
    made, pictures = findings.page(ROOT / pieces.RECORDS)
    assert made == (ROOT / findings.PAGE).read_text(encoding="utf-8"), "run `make findings`"
    for name, drawn in pictures.items():
        assert drawn == (ROOT / findings.PAGE.with_name(name)).read_text(encoding="utf-8"), "run `make findings`"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "- **Layer " in findings.MARKED.findall(readme)[0]
    assert findings.repeated(readme, made) == readme, "run `make findings`"


def test_the_page_of_experiments_makes_the_gold_labels_of_a_row_as_the_page_of_findings_does() -> None:
    text = (ROOT / "docs/experiments.md").read_text(encoding="utf-8").replace("\\\n  ", "")
    (asked,) = [one for one in EXPERIMENTS if one.folder == "qa"]
    assert f"xtreme-bench data prepare {asked.prepare.replace('DATA', 'DIR')} --to D\n" in text
    data = load(SHIPPED / "pocket-qa-none.yaml").data
    assert asked.prepare.split()[1:] == [
        *(word for task in data.dev_as_test for word in ("--dev-as-test", task)), "--sample", str(data.sample),
    ]  # fmt: skip


def test_the_plot_has_a_row_for_each_contrast_at_its_place_and_there_is_none_without(tmp_path: Path) -> None:
    plain, pictures = findings.page(put_records(tmp_path / "none", seeds=3))
    assert (PLOT in plain, pictures) == (False, {})
    for change, verdict in ((5.0, "better"), (5.0, "cannot tell"), (0.0, "cannot tell"), (-150.0, "worse")):
        known = difference("pocket-english", "pocket-diverse", 3, change, verdict)
        text, pictures = findings.page(put_records(tmp_path / f"{change}{verdict}", known, seeds=3))
        assert f"]({PLOT})" in text
        root = ElementTree.fromstring(pictures[PLOT])
        (dot,) = root.iter(f"{SVG}circle")
        names = [one.text for one in root.iter(f"{SVG}text")]
        assert f"{NLI.title}, layer 7" in names
        assert names.count("0") == 1
        lines = [one.attrib for one in root.iter(f"{SVG}line")]
        (zero,) = (float(one["x1"]) for one in lines if one["stroke"] == "#1f2328")
        (own,) = (one for one in lines if one["stroke-width"] == "2")
        assert float(own["x1"]) < float(dot.attrib["cx"]) < float(own["x2"]) <= 860
        assert (float(dot.attrib["cx"]) > zero) == (change > 0)
        assert (own["stroke"] == "#0969da") == (verdict != "cannot tell")
