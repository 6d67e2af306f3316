"""Verify a bundle: check it, score it again, and compare with what its manifest claims and its recipe expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.check import check
from xtreme_bench.contents import opened
from xtreme_bench.errors import Problem
from xtreme_bench.findings import quoted
from xtreme_bench.gold import gold_path
from xtreme_bench.manifest import NAME, read_manifest
from xtreme_bench.score import headline, score_files

# Two machines may add in another order; nothing else may differ.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Verification:
    """The problems of a bundle, notes that are no faults, and the scores that were computed again."""

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    scores: Mapping[str, Any]


def verify(bundle: Path, labels: Path) -> Verification:
    """Check a bundle, score it against gold labels, and compare with its manifest's scores and its recipe's `expect`.

    A faulty file ends the verification before scoring. Gains over a baseline cannot be verified from one bundle; they
    are noted. Errors: `InputError` when there is no bundle, no manifest, or labels that cannot be read.
    """
    report = check(bundle, labels=labels)
    manifest = None if report.problems else read_manifest(bundle)
    if manifest is None:
        return Verification(report.problems, (*report.notes, "not scored: mend the problems first"), {})
    claimed = manifest["scores"]
    covered, problems = _claimed_coverage(claimed, report.coverage, labels)
    scores: dict[str, Any] = {}
    if covered:
        with opened(bundle) as contents:
            scores = score_files(lambda task, lang: contents.read(TASKS[task].file(lang)), labels, covered)
        problems += [] if problems else _differences(claimed, scores)
    expect = manifest["recipe"].get("expect")
    notes = list(report.notes)
    if _section(expect, "gains"):
        notes.append("`expect` also names gains over a baseline: compare with the baseline's bundle to verify them")
    problems += check_expect({"scores": _section(expect, "scores")}, scores)
    unscored = [task for task in report.coverage if task not in covered]
    if unscored:
        notes.append(f"not scored, as in the manifest: {', '.join(unscored)}")
    return Verification(tuple(problems), tuple(notes), scores)


def _claimed_coverage(
    claimed: Mapping[str, Any], present: Mapping[str, tuple[str, ...]], labels: Path
) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Tasks and languages that the manifest has scores for and that can be scored here; the others are problems."""
    covered, problems = {}, []
    for task, row in TASKS.items():
        column = claimed[task].get(row.metric[0]) if isinstance(claimed.get(task), dict) else None
        languages = [language for language in row.languages if isinstance(column, dict) and language in column]
        for language in languages:
            place = row.file(language)
            if language not in present.get(task, ()):
                problems.append(
                    Problem("the manifest has a score for it, but no predictions", place, None, task, language)
                )
            elif gold_path(labels, task, language) is None:
                problems.append(Problem("its score cannot be verified: no gold labels", place, None, task, language))
        scorable = tuple(language for language in languages if gold_path(labels, task, language))
        scorable = tuple(language for language in scorable if language in present.get(task, ()))
        if scorable:
            covered[task] = scorable
    return covered, problems


def _differences(claimed: Mapping[str, Any], scores: Mapping[str, Any]) -> list[Problem]:
    """Scores that the manifest states otherwise than they were computed."""
    stated, computed = dict(_leaves(claimed)), dict(_leaves(scores))
    problems = []
    for key in sorted(stated.keys() | computed.keys()):
        task, *rest = key
        language = rest[-1] if len(rest) == 2 else None
        a, b = stated.get(key), computed.get(key)
        if b is None:
            message = f"the manifest states {' '.join(rest) or task}, which these predictions do not give"
        elif a is None:
            message = f"the manifest lacks {' '.join(rest) or task}, computed as {b:.4f}"
        elif not isinstance(a, int | float) or not abs(a - b) <= TOLERANCE:
            message = f"the manifest states {' '.join(rest) or task} {_number(a)}, computed is {b!r}"
        else:
            continue
        problems.append(Problem(message, NAME, task=task if task in TASKS else None, language=language))
    return problems


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    else:
        yield path, value


def _number(value: Any) -> str:
    return repr(value) if isinstance(value, int | float) else quoted(str(value))


def check_expect(
    expect: Mapping[str, Any], scores: Mapping[str, Any], baseline_scores: Mapping[str, Any] | None = None
) -> list[Problem]:
    """What of a recipe's `expect` does not hold.

    `scores` maps a task, a group, `overall` or `<task>/transfer` (the mean without English) to `{value, within}`,
    `{at_least}` or `{at_most}`, in percent; `gains` does the same for the difference to the baseline's scores.
    """
    problems = []
    for key, bound in _section(expect, "scores").items():
        problems += _unmet(key, bound, headline(scores, key))
    for key, bound in _section(expect, "gains").items():
        after, before = headline(scores, key), headline(baseline_scores or {}, key)
        if baseline_scores is None:
            problems.append(Problem(f"expect: gain of {key}: there is no baseline to compare with"))
        else:
            problems += _unmet(f"gain of {key}", bound, None if after is None or before is None else after - before)
    return problems


def _section(expect: Any, name: str) -> Mapping[str, Any]:
    section = expect.get(name) if isinstance(expect, Mapping) else None
    return section if isinstance(section, Mapping) else {}


def _unmet(name: str, bound: Any, found: float | None) -> list[Problem]:
    """The limits of one expected number that it does not keep. `bound` may come from an untrusted manifest."""
    limits = bound if isinstance(bound, Mapping) else {}
    numbers = all(type(value) in (int, float) for value in limits.values())
    if not limits.keys() & {"value", "at_least", "at_most"} or not numbers:
        return [Problem(f"expect: {name}: `value` and `within`, `at_least` or `at_most` with a number is expected")]
    if found is None:
        return [Problem(f"expect: {name}: there is no such score")]
    within = limits.get("within", 0.0)
    missed = []
    # Written with `not`, so that a limit that is no finite number is missed rather than kept.
    if "value" in limits and not abs(found - limits["value"]) <= within:
        missed.append(f"{limits['value']:g} within {within:g}")
    if "at_least" in limits and not found >= limits["at_least"]:
        missed.append(f"at least {limits['at_least']:g}")
    if "at_most" in limits and not found <= limits["at_most"]:
        missed.append(f"at most {limits['at_most']:g}")
    return [Problem(f"expect: {name}: {wanted} expected, {found:.2f} found") for wanted in missed]
