"""Verify a bundle: check it, score it again, and compare with what its manifest claims and its recipe expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle import read_manifest
from xtreme_bench.check import check
from xtreme_bench.contents import opened
from xtreme_bench.errors import Problem
from xtreme_bench.findings import quoted
from xtreme_bench.gold import gold_path
from xtreme_bench.names import MANIFEST
from xtreme_bench.same import differences
from xtreme_bench.score import Coverage, cells, headline, score_files

# Two machines may add in another order; nothing else may differ.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Verification:
    """The problems of a bundle, notes that are no faults, and the scores that were computed again."""

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    scores: Mapping[str, Any]


def verify(bundle: Path, labels: Path, *, same_as: Path | None = None) -> Verification:
    """Check a bundle, score it against gold labels, and compare with its manifest's scores and its recipe's `expect`.

    A faulty file ends the verification before scoring. A manifest without scores has nothing to compare with, and gains
    over a baseline cannot be verified from one bundle; both are noted. With `same_as`, another bundle, it is a problem
    when the two are not the same experiment (`same.differences`). Errors: `InputError` when there is no bundle, no
    manifest, or labels that cannot be read.
    """
    report = check(bundle, labels=labels)
    if report.problems:
        return Verification(report.problems, (*report.notes, "not scored: mend the problems first"), {})
    manifest = read_manifest(bundle)
    claimed, notes = manifest["scores"], list(report.notes)
    problems: list[Problem] = []
    if claimed is None:
        notes.append("the manifest has no scores to compare with")
        covered = _labelled(report.coverage, labels)
    else:
        covered, problems = _claimed_coverage(claimed, report.coverage, labels)
    scores: dict[str, Any] = {}
    if covered:
        with opened(bundle) as contents:
            scores = score_files(lambda task, lang: contents.read(TASKS[task].file(lang)), labels, covered)
    if claimed is not None and not problems:
        problems += _differences(claimed, scores)
    expect = manifest["recipe"].get("expect") or {}
    if isinstance(expect, dict) and expect.pop("gains", None):
        notes.append("`expect` also names gains over a baseline: compare with the baseline's bundle to verify them")
    problems += check_expect(expect, scores)
    if same_as is not None:
        problems += differences(manifest, read_manifest(same_as))
    unscored = [task for task in report.coverage if task not in covered]
    if unscored:
        notes.append(f"not scored: {', '.join(unscored)}")
    return Verification(tuple(problems), tuple(notes), scores)


def _labelled(present: Coverage, labels: Path) -> Coverage:
    """What of the predictions has gold labels."""
    both = {
        task: tuple(language for language in languages if gold_path(labels, task, language))
        for task, languages in present.items()
    }
    return {task: languages for task, languages in both.items() if languages}


def _claimed_coverage(claimed: Mapping[str, Any], present: Coverage, labels: Path) -> tuple[Coverage, list[Problem]]:
    """Tasks and languages that the manifest has scores for and that can be scored here; the others are problems."""
    stated = {task: tuple(cells(claimed, task)) for task in TASKS if task in claimed}
    problems = []
    for task, languages in stated.items():
        for language in languages:
            place = TASKS[task].file(language)
            if language not in present.get(task, ()):
                problems.append(
                    Problem("the manifest has a score for it, but no predictions", place, None, task, language)
                )
            elif gold_path(labels, task, language) is None:
                problems.append(Problem("its score cannot be verified: no gold labels", place, None, task, language))
    both = {task: tuple(one for one in languages if one in present.get(task, ())) for task, languages in stated.items()}
    return _labelled(both, labels), problems


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
        problems.append(Problem(message, MANIFEST, task=task if task in TASKS else None, language=language))
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
    expect: Any, scores: Mapping[str, Any], baseline_scores: Mapping[str, Any] | None = None
) -> list[Problem]:
    """What of a recipe's `expect` does not hold.

    `scores` maps a task, a group, `overall` or `<task>/transfer` (the mean without English) to `{value, within}`,
    `{at_least}` or `{at_most}`, in percent; `gains` does the same for the difference to the baseline's scores. What
    does not have this form, in the recipe of an untrusted manifest, is a problem too.
    """
    sections = [expect.get(name) or {} for name in ("scores", "gains")] if isinstance(expect, Mapping) else []
    if not sections or not all(isinstance(section, Mapping) for section in sections):
        return [Problem("expect: `scores` and `gains`, each with names and limits, is expected")]
    limits, gains = sections
    problems = [problem for key, limit in limits.items() for problem in _unmet(key, limit, headline(scores, key))]
    for key, limit in gains.items():
        after, before = headline(scores, key), headline(baseline_scores or {}, key)
        if baseline_scores is None:
            problems.append(Problem(f"expect: gain of {key}: there is no baseline to compare with"))
        else:
            problems += _unmet(f"gain of {key}", limit, None if after is None or before is None else after - before)
    return problems


def _unmet(name: str, bound: Any, found: float | None) -> list[Problem]:
    """The limits of one expected number that it does not keep."""
    limits = {key: limit for key, limit in bound.items() if limit is not None} if isinstance(bound, Mapping) else {}
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
