"""Verify a bundle: check it, score it again, and compare with its manifest and with the `expect` of its recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from xtreme_bench.benchmark import GROUPS, OVERALL, TASKS
from xtreme_bench.bundle.check import check
from xtreme_bench.bundle.derived import contradictions
from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.bundle.manifest import ACCEPTED, accepted_code, development
from xtreme_bench.bundle.paths import MANIFEST
from xtreme_bench.bundle.read import Contents, opened
from xtreme_bench.bundle.same import Distance, apart, differences, loosely
from xtreme_bench.bundle.suspicion import Flag, Pair, advice, flags
from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.errors import Problem, first
from xtreme_bench.official.findings import listed
from xtreme_bench.official.gold import gold_path, read_gold
from xtreme_bench.official.means import difference
from xtreme_bench.official.predictions import examine
from xtreme_bench.official.scores import Coverage, cells, headline, score_files
from xtreme_bench.official.sizes import gold_size
from xtreme_bench.wording import count, quoted

# Two machines may add numbers in a different order; nothing else may differ.
TOLERANCE = 1e-9
# Only a malicious manifest can cause more.
MOST_PROBLEMS = 2_000


@dataclass(frozen=True)
class Verification:
    """The problems of a bundle, notes that are not faults, the recomputed scores, and what was done, in words.

    `flags`: signs that the predictions copy gold labels; they are no problems. `partial`: the bundle lacks a task or a
    language of XTREME.
    """

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    scores: Mapping[str, Any]
    done: str
    flags: tuple[Flag, ...] = ()
    partial: bool = True

    @property
    def verified(self) -> bool:
        """Whether scores were computed again and nothing was wrong."""
        return bool(self.scores) and not self.problems

    @property
    def summary(self) -> str:
        """One line that says what was verified."""
        verdict = "not verified" if self.problems else "verified" if self.verified else "checked only"
        return f"{verdict}: {self.done}"

    def beside(self, other: Distance) -> Verification:
        """The same, with what a comparison with other predictions showed."""
        problems = tuple(first((*self.problems, *other.problems), MOST_PROBLEMS))
        return replace(self, problems=problems, notes=self.notes + other.notes, done=self.done + other.summary)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON values, for `--json`."""
        return {
            "verified": self.verified,
            "summary": self.summary,
            "problems": [vars(problem) | {"text": str(problem)} for problem in self.problems],
            "notes": list(self.notes),
            "flags": [vars(flag) | {"text": str(flag)} for flag in self.flags],
            "partial": self.partial,
            "scores": self.scores,
        }


def verify(
    bundle: Path,
    labels: Path,
    *,
    same_as: Path | None = None,
    within: float | None = None,
    data: Path | None = None,
) -> Verification:
    """Check a bundle, score every file that has gold labels, and compare the result with the claims of its manifest.

    The scores must equal those of the manifest in every language; other claims must agree with the recipe
    (`derived.contradictions`); its `expect` must hold. After a faulty file nothing is scored. A note says if the
    manifest has no scores, or if `expect` has gains over a baseline, which one bundle cannot show. With `same_as`,
    another bundle, both must come from the same experiment (`same.differences`); with `within` too, image, packages,
    data and code may differ, but no main score by more than so many points. `data`: test sets, for sizes and flags.
    Errors: `InputError` if there is no bundle or no manifest, or the labels cannot be read.
    """
    report = check(bundle, labels=labels, data=data)
    files = f"{count(sum(map(len, report.coverage.values())), 'file')}, {count(len(report.coverage), 'task')}"
    if report.problems:
        notes = (*report.notes, "not scored: fix the problems first")
        return Verification(report.problems, notes, {}, f"{files}, nothing scored", partial=report.partial)
    manifest = read_manifest(bundle)
    claimed = manifest["scores"]
    covered = _labelled(report.coverage, labels)
    scores: dict[str, Any] = {}
    found: tuple[Flag, ...] = ()
    if covered:
        with opened(bundle) as contents:
            scores = score_files(lambda task, lang: contents.read(TASKS[task].file(lang)), labels, covered)
            found = tuple(flags(scores, report.coverage, _pairs(contents, labels, covered), data))
    wrong_scores = [] if claimed is None else _wrong_scores(claimed, scores, report.coverage)
    expect, gains = manifest["recipe"].get("expect") or {}, False
    if isinstance(expect, dict):
        expect, gains = {key: value for key, value in expect.items() if key != "gains"}, bool(expect.get("gains"))
    missed = check_expect(expect, scores, None, development(manifest))
    problems = [*wrong_scores, *contradictions(manifest, report.coverage, labels), *missed]
    done = _done(files, scores, problems, compared=claimed is not None, wrong=bool(wrong_scores), expect=expect)
    notes = (*report.notes, *_accepted(manifest), *_notes(report.coverage, claimed, scores, gains))
    notes += (text,) if (text := advice(found)) else ()
    result = Verification(tuple(first(problems, MOST_PROBLEMS)), notes, scores, done, found, report.partial)
    return result.beside(_beside(manifest, scores, same_as, labels, covered, within))


def _beside(
    manifest: Mapping[str, Any],
    scores: Mapping[str, Any],
    other: Path | None,
    labels: Path,
    covered: Coverage,
    within: float | None,
) -> Distance:
    """What a comparison with another bundle shows; nothing if there is none."""
    if other is None:
        return Distance()
    theirs = read_manifest(other)
    if within is None:
        return Distance(tuple(differences(manifest, theirs)))
    if problems := loosely(manifest, theirs):
        return Distance(tuple(problems))
    # Its scores are computed too: a manifest only claims them.
    return apart(scores, evaluate(other, labels, covered) if covered else {}, within, differences(manifest, theirs))


def _pairs(contents: Contents, labels: Path, covered: Coverage) -> Iterator[Pair]:
    """Each file with gold labels as task, language, labels and predictions."""
    for task, language in ((task, language) for task, languages in covered.items() for language in languages):
        gold = read_gold(labels / TASKS[task].file(language), task, language)
        raw = contents.read(TASKS[task].file(language))
        yield task, language, gold, examine(raw, task, language, gold_size(gold, task, language)).value


def _labelled(present: Coverage, labels: Path) -> Coverage:
    """The predictions that have gold labels."""
    both = {
        task: tuple(language for language in languages if gold_path(labels, task, language))
        for task, languages in present.items()
    }
    return {task: languages for task, languages in both.items() if languages}


def _accepted(manifest: Mapping[str, Any]) -> Iterator[str]:
    """A note on results made by other code: not a fault, but readers must know."""
    found = accepted_code(manifest)
    if found:
        modules = list(dict.fromkeys(module for one in found.values() for module in one))
        yield f"results of {count(len(found), 'stage')} {ACCEPTED}: {listed(list(found))}; code of {listed(modules)}"


def _notes(present: Coverage, claimed: Any, scores: Mapping[str, Any], gains: bool) -> Iterator[str]:
    if claimed is None:
        yield "the manifest has no scores to compare with"
    if gains:
        yield "`expect` also has gains over a baseline; to verify them, compare with the baseline's bundle"
    unscored = {task: [one for one in codes if one not in cells(scores, task)] for task, codes in present.items()}
    if parts := [f"{task} {' '.join(codes)}" for task, codes in unscored.items() if codes]:
        yield f"not scored, no gold labels: {', '.join(parts)}"


def _done(
    files: str, scores: Mapping[str, Any], problems: Sequence[Problem], *, compared: bool, wrong: bool, expect: Any
) -> str:
    """What was verified, in words."""
    number = sum(len(cells(scores, task)) for task in TASKS)
    equal = ("scores differ" if wrong else "all scores equal") if compared else "no scores claimed"
    asked = isinstance(expect, Mapping) and any(expect.values())
    kept = "expect missed" if any(problem.message.startswith("expect: ") for problem in problems) else "expect held"
    return "; ".join([files, f"{number:,} scored again, {equal}", kept if asked else "nothing expected"])


def _wrong_scores(claimed: Mapping[str, Any], scores: Mapping[str, Any], present: Coverage) -> list[Problem]:
    """Every score that is only claimed, only computed, or different."""
    problems, uncertain = [], set()
    for task in TASKS:
        stated, computed = cells(claimed, task), cells(scores, task)
        for language in TASKS[task].languages:
            if language in stated and language not in computed:
                uncertain.add(task)
                message = "the manifest has a score for it, but no predictions"
                if language in present.get(task, ()):
                    message = "its score cannot be verified: no gold labels"
            elif language in computed and language not in stated:
                message = f"the manifest has no score for it; the computed score is {computed[language]:.4f}"
            else:
                continue
            problems.append(Problem(message, TASKS[task].file(language), None, task, language))
    said = {(problem.task, problem.language) for problem in problems}
    # A mean cannot be compared if the score of one of its languages is unknown.
    means = {key for key, tasks in {"all_task": OVERALL, **GROUPS}.items() if uncertain & set(tasks)}
    return problems + [
        problem
        for key, problem in _differences(claimed, scores)
        if (problem.task, problem.language) not in said
        and key[0] not in means
        and not (key[0] in uncertain and problem.language is None)
    ]


def _differences(claimed: Mapping[str, Any], scores: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Problem]]:
    """(key, problem) of each number that differs between manifest and computation."""
    stated, computed = dict(_leaves(claimed)), dict(_leaves(scores))
    for key in sorted(stated.keys() | computed.keys()):
        task, *rest = key
        language = rest[-1] if len(rest) == 2 else None
        a, b = stated.get(key), computed.get(key)
        if b is None:
            message = f"the manifest has {_name(key)}, which cannot be computed from these predictions"
        elif a is None:
            message = f"the manifest lacks {_name(key)}; the computed value is {b:.4f}"
        elif not isinstance(a, int | float) or not abs(a - b) <= TOLERANCE:
            message = f"the manifest has {_name(key)} {_number(a)}; the computed value is {b!r}"
        else:
            continue
        yield key, Problem(message, MANIFEST, task=task if task in TASKS else None, language=language)


def _name(key: tuple[str, ...]) -> str:
    return quoted(" ".join(key[1:]) or key[0]).strip("`")


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    else:
        yield path, value


def _number(value: Any) -> str:
    return repr(value) if isinstance(value, int | float) else quoted(str(value))


def check_expect(
    expect: Any,
    scores: Mapping[str, Any],
    baseline_scores: Mapping[str, Any] | None = None,
    learned: Mapping[str, float] = MappingProxyType({}),
) -> list[Problem]:
    """A problem for each part of a recipe's `expect` that does not hold.

    `scores` maps a task, a group, `overall` or `<task>/transfer` (the mean without English) to `{value, within}`,
    `{at_least}` or `{at_most}`, in percent; `gains` does the same for the difference to the baseline's scores, and
    `development` for `learned`, the best development scores of the trainings (`manifest.development`). Any other form
    is a problem too, because the recipe may come from an untrusted manifest.
    """
    sections = (
        [expect.get(name) or {} for name in ("scores", "gains", "development")] if isinstance(expect, Mapping) else []
    )
    if not sections or not all(isinstance(section, Mapping) for section in sections):
        return [Problem("expect: must have `scores`, `gains` and `development`, each with names and limits")]
    limits, gains, lessons = sections
    problems = [problem for key, limit in limits.items() for problem in _unmet(key, limit, headline(scores, key))]
    for key, limit in gains.items():
        if baseline_scores is None:
            problems.append(Problem(f"expect: gain of {key}: there is no baseline to compare with"))
        else:
            problems += _unmet(f"gain of {key}", limit, difference(scores, baseline_scores, key))
    for key, limit in lessons.items():
        problems += _unmet(f"development score of {key}", limit, learned.get(key))
    return problems


def _unmet(name: str, bound: Any, found: float | None) -> list[Problem]:
    """The limits that one number misses."""
    limits = {key: limit for key, limit in bound.items() if limit is not None} if isinstance(bound, Mapping) else {}
    numbers = all(type(value) in (int, float) for value in limits.values())
    if not limits.keys() & {"value", "at_least", "at_most"} or not numbers:
        return [Problem(f"expect: {name}: must have `value` and `within`, `at_least` or `at_most`, each a number")]
    if found is None:
        return [Problem(f"expect: {name}: there is no such score")]
    within = limits.get("within", 0.0)
    missed = []
    # `not ... <=`, so that NaN as a limit counts as missed.
    if "value" in limits and not abs(found - limits["value"]) <= within:
        missed.append(f"{limits['value']:g} within {within:g}")
    if "at_least" in limits and not found >= limits["at_least"]:
        missed.append(f"at least {limits['at_least']:g}")
    if "at_most" in limits and not found <= limits["at_most"]:
        missed.append(f"at most {limits['at_most']:g}")
    return [Problem(f"expect: {name}: expected {wanted}, found {found:.2f}") for wanted in missed]
