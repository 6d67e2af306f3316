"""Broken recipes: each file of tests/broken_recipes with exactly the messages that expected.yaml has for it."""

import time
from pathlib import Path

import pytest
import yaml
from places import RECIPES

from xtreme_bench.benchmark import LANGUAGES
from xtreme_bench.recipe import load
from xtreme_bench.recipe import yaml as reading

BROKEN = Path(__file__).parent / "broken_recipes"
FILES = sorted(file for file in BROKEN.glob("*.yaml") if file.stem != "expected")
EXPECTED: dict[str, list[str]] = yaml.safe_load((BROKEN / "expected.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_fault_is_reported_with_its_line(file: Path) -> None:
    problems = load.validate(file)
    assert [f"{problem.line}: {problem.message}" for problem in problems] == EXPECTED[file.stem]
    assert {problem.file for problem in problems} == {str(file)}


ARM = """\
description: an arm
seed: 1
model: {{path: encoder}}
intermediate:
  tasks:
    mnli: {{languages: {languages}, items: parallel, examples: 90, shared_by: [de, en, es]{own}}}
  mlm: {{languages: {languages}}}
  steps: 10
  select_on: {select_on}
targets: {{xnli: {{languages: [en]}}, bucc2018: {{languages: [de]}}{target}}}
finetuning: {{xnli: {{}}{training}}}
retrieval: {{layer: 7, pooling: mean, max_length: 64{retrieval}}}
contrast: {{recipe: a, minus: b, over: all}}
"""
ENGLISH = {"languages": "[en]", "own": "", "select_on": "all", "target": "", "training": "", "retrieval": ""}
DIVERSE = {
    "languages": "[de, es]", "own": ", batch: 32, max_length: 256", "select_on": f"[{', '.join(LANGUAGES)}]",
    "target": ", panx: {languages: [de]}", "training": ", panx: {steps: 9}", "retrieval": ", device: cpu, layers: all",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, None),
        ({"languages": "[de, fr]"}, "intermediate.tasks.mnli.shared_by lacks fr, trained on here"),
        ({"own": ", batch: 16"}, "contrast: a has intermediate.tasks.mnli.batch none, b 16: the arms must be alike"),
        ({"retrieval": ", precision: int8, min_cosine: 0.99"}, "contrast: a has retrieval."),
    ],
)
def test_arms_are_alike_whatever_words_their_files_say_it_in(
    tmp_path: Path, changed: dict[str, str], message: str | None
) -> None:
    for name, arm in (("a", ENGLISH), ("b", {**DIVERSE, **changed})):
        (tmp_path / f"{name}.yaml").write_text(ARM.format(**arm))
    found = [one.message for name in "ab" for one in load.validate(tmp_path / f"{name}.yaml")]
    assert (not found) if message is None else all(one.startswith(message) for one in found) and found, found


def test_every_expected_message_has_its_file() -> None:
    assert set(EXPECTED) == {file.stem for file in FILES}
    assert all(EXPECTED.values())


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    assert [str(problem) for problem in load.validate(tmp_path / "none.yaml")] == [
        f"{tmp_path / 'none.yaml'}: there is no such file"
    ]


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_text("# a comment\n" * 100_000, encoding="utf-8")
    assert [problem.message for problem in load.validate(file)] == [
        "the file is larger than 1,000,000 bytes; is it a recipe?"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 900_000,
        "- " * 400_000,
        "a: {" * 200_000,
        "x: &a " * 100_000,
        "key: value\n" * 80_000,
        "{" * 10 + "'" * 900_000,
    ],
    ids=["brackets", "dashes", "mappings", "anchors", "keys", "quotes"],
)
def test_hostile_files_are_refused_in_bounded_time(tmp_path: Path, text: str) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_text(text, encoding="utf-8")
    started = time.monotonic()
    assert 1 <= len(load.validate(file)) <= 10
    assert time.monotonic() - started < 10


@pytest.mark.slow
def test_a_file_that_ends_anywhere_is_reported_and_never_raises(tmp_path: Path) -> None:
    whole = (RECIPES / "mnli.yaml").read_bytes()
    start = whole.index(b"\ndescription")
    for end in range(start, len(whole) - 1, 7):
        file = tmp_path / "cut.yaml"
        file.write_bytes(whole[:end])
        load.validate(file)


# One change each to a small recipe. The first three are none of YAML, but libyaml would take them.
CHANGES = [
    ("small", "sm\tall"), ("layers: 2", "layers: 2?"), ("small", "|# small"), ("{}\n", "\ufeff{}\n"), ("small", "a: b"),
    ("[en, de]", "[en, de, ?]"), ("[en, de]", "[en, de"), ("small", "*small"), ("seed: 1", "seed"), ("small", "'small"),
    ("small", '"\\U0011ffff"'), ("  scratch", " scratch"), ("small", "|\n  small"), ("", ""),
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_recipe_and_its_faults_are_the_same_with_libyaml_and_without(
    monkeypatch: pytest.MonkeyPatch, change: tuple[str, str]
) -> None:
    text = """\
description: small
seed: 1
model:
  scratch: {layers: 2, width: 32}
targets:
  xnli: {languages: [en, de]}
  tatoeba: {}
""".replace(*change, 1)
    found = []
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        monkeypatch.setattr(reading, "FAST", loader)
        found.append(reading.parse_value(text))
    assert found[0] == found[1]


def test_a_baseline_that_cannot_be_read_ends_the_chain(tmp_path: Path) -> None:
    text = (BROKEN / "baseline-of-itself.yaml").read_text(encoding="utf-8")
    (tmp_path / "below.yaml").write_text("baseline: [", encoding="utf-8")
    (tmp_path / "above.yaml").write_text(
        text.replace("baseline: baseline-of-itself", "baseline: below"), encoding="utf-8"
    )
    assert load.validate(tmp_path / "above.yaml") == []
