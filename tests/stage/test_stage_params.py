"""Parameters of stages: every field is given and fits, or the stage does not begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from xtreme_bench.errors import StageError
from xtreme_bench.stage.params import parse, plain, taken


@dataclass(frozen=True)
class Text:
    language: str
    lines: int


@dataclass(frozen=True)
class Pairs:
    language: str
    share: float


@dataclass(frozen=True)
class Settings:
    steps: int | None
    rate: float
    final: bool
    corpus: Text | Pairs
    names: tuple[str, ...]
    weights: Mapping[str, float]
    others: Mapping[str, Text]
    scratch: Text | None


WHOLE = Settings(
    steps=None,
    rate=0.5,
    final=False,
    corpus=Pairs("de", 0.25),
    names=("a", "b"),
    weights={"x": 1.0},
    others={"y": Text("en", 3)},
    scratch=None,
)


def test_what_is_written_as_json_is_read_as_the_same() -> None:
    assert parse(Settings, plain(WHOLE)) == WHOLE
    assert plain(parse(Settings, plain(WHOLE))) == plain(WHOLE)


def test_a_whole_number_is_a_number_and_is_read_as_one_with_a_point() -> None:
    found = parse(Pairs, {"language": "de", "share": 1})
    assert (found.share, type(found.share)) == (1.0, float)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rates": 1.0}, "rates: is not a field of Settings; did you mean 'rate'?"),
        ({"zzz": 1}, "zzz: is not a field of Settings; known: steps, rate, final,"),
        ({"rate": ...}, "rate: is missing"),
        ({"rate": "1"}, "rate: must be a number, not '1'"),
        ({"rate": None}, "rate: must be a number, not None"),
        ({"rate": True}, "rate: must be a number, not True"),
        ({"steps": 1.5}, "steps: must be a whole number, not 1.5"),
        ({"final": 0}, "final: must be true or false, not 0"),
        ({"names": "ab"}, "names: must be a list, not 'ab'"),
        ({"names": ["a", 2]}, "names[1]: must be a text, not 2"),
        ({"weights": {"x": "heavy"}}, "weights.x: must be a number, not 'heavy'"),
        ({"weights": [1.0]}, "weights: must be a mapping, not [1.0]"),
        ({"corpus": {"language": "de", "lines": "3"}}, "corpus.lines: must be a whole number, not '3'"),
        ({"corpus": {"language": "de", "share": 0.5, "lines": 3}}, "is not a field of "),
        ({"corpus": {"language": "de"}}, "is missing"),
        ({"corpus": None}, "corpus: must be a mapping, not None"),
        ({"others": {"y": {"language": "en"}}}, "others.y.lines: is missing"),
        ({"scratch": 3}, "scratch: must be a mapping, not 3"),
    ],
)
def test_a_field_that_is_unknown_missing_or_of_another_type_is_named(changes: dict[str, Any], said: str) -> None:
    values = {name: value for name, value in {**plain(WHOLE), **changes}.items() if value is not ...}
    with pytest.raises(StageError) as caught:
        parse(Settings, values)
    assert said in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(StageError) as caught:
        parse(Settings, {**plain(WHOLE), "rate": "x", "names": [1, 2], "more": 1})
    assert [problem.file for problem in caught.value.problems] == ["more", "rate", "names[0]", "names[1]"]


def test_parameters_that_are_no_mapping_are_refused() -> None:
    with pytest.raises(StageError, match="must be a mapping, not \\[\\]"):
        parse(Settings, [])


def test_fields_are_taken_by_name_and_the_others_must_be_given() -> None:
    assert taken(Pairs, Text("de", 3), share=0.5) == Pairs("de", 0.5)
    assert taken(Pairs, Pairs("de", 0.1), share=0.5) == Pairs("de", 0.5)
    with pytest.raises(TypeError, match="share"):
        taken(Pairs, Text("de", 3))
