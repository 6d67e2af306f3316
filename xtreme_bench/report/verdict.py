"""The result of a run in words, and which expectations of its recipe hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_bench.benchmark import OVERALL, TASKS
from xtreme_bench.bundle.manifest import development
from xtreme_bench.bundle.verify import check_expect
from xtreme_bench.official.means import difference
from xtreme_bench.official.scores import cells, headline
from xtreme_bench.report.claims import Manifest, Scores, scores_of
from xtreme_bench.report.tables import CHANCE, cell, tasks_of
from xtreme_bench.report.versus import NOT_TESTED, Versus
from xtreme_bench.run.seeds import unlearned
from xtreme_bench.wording import count, listing

# Two-sided 95 % of a normal distribution.
SURE = 1.96


@dataclass(frozen=True)
class Expected:
    """One line of a recipe's `expect`: what was wanted of which number, what was found, and whether it holds."""

    name: str
    wanted: str
    found: float | None
    holds: bool

    @property
    def state(self) -> str:
        """In a word or two, as tables show it."""
        return "holds" if self.holds else "no score" if self.found is None else "MISSED"


def expectations(manifest: Manifest, baseline: Manifest | None) -> list[Expected]:
    """Every bound of the recipe's `expect`, judged as `verify.check_expect` does."""
    expect = manifest["recipe"].get("expect") or {}
    scores, before = scores_of(manifest), scores_of(baseline) if baseline else None
    lines = []
    learned = development(manifest)
    for section, prefix in (("scores", ""), ("gains", "gain of "), ("development", "development score of ")):
        for key, bound in (expect.get(section) or {}).items():
            given = {name: value for name, value in bound.items() if value is not None}
            numbers = {
                "scores": headline(scores, key),
                "gains": difference(scores, before or {}, key),
                "development": learned.get(key),
            }
            found = numbers[section]
            missed = check_expect({section: {key: given}}, scores, before, learned)
            lines.append(Expected(prefix + key, _wanted(given), found, not missed))
    return lines


def _wanted(bound: Mapping[str, Any]) -> str:
    parts = {"value": "{:g}", "within": "within {:g}", "at_least": "at least {:g}", "at_most": "at most {:g}"}
    return " ".join(text.format(bound[name]) for name, text in parts.items() if name in bound)


def verdict(manifest: Manifest, baseline: Manifest | None, tested: Versus = NOT_TESTED) -> list[str]:
    """Sentences in plain words: how good, what learned nothing, what changed to the baseline, what was expected.

    What changed, with its interval, is in the words of `xtreme-bench compare`.
    """
    if not scores_of(manifest):
        return ["There are predictions but no scores: no gold labels were given, so nothing can be said of quality."]
    sentences = [_level(manifest["name"], scores_of(manifest))]
    sentences += [f"`{stage}` learned nothing: {listing(what)}." for stage, what in unlearned(manifest).items()]
    if chance := list(_chance(manifest)):
        sentences.append(f"In the languages without training data: {'; '.join(chance)}.")
    if baseline is not None:
        sentences += _change(manifest, baseline, tested)
    sentences += _expected(expectations(manifest, baseline))
    if tested.comparison is None:
        sentences.append("All of this is one run with one seed; other seeds would move each number.")
    return sentences


def _level(name: str, scores: Scores) -> str:
    overall = headline(scores, "overall")
    if overall is not None:
        return f"{name} reaches {cell(overall)} on average over the nine tasks."
    scored = ", ".join(f"{task} {cell(headline(scores, task))}" for task in tasks_of(scores))
    nine = [task for task in tasks_of(scores) if task in OVERALL]
    return f"{name} is scored on {len(nine)} of nine tasks, so there is no overall score: {scored}."


def _chance(manifest: Manifest) -> Iterator[str]:
    for task, chance in CHANCE.items():
        others = {code: value for code, value in cells(scores_of(manifest), task).items() if code != "en"}
        found = headline(scores_of(manifest), f"{task}/transfer")
        if found is None:
            continue
        sizes = [manifest["files"].get(TASKS[task].file(code), {}).get("records", 0) for code in others]
        clear = found - chance > _error(list(others.values()), sizes)
        words = "above" if clear else "not clearly above"
        yield f"{task} is {cell(found)}, {words} the {cell(chance)} of chance"


def _error(percents: Sequence[float], sizes: Sequence[int]) -> float:
    """An upper bound of the sampling error of a mean of accuracies, in points (95 %).

    It is the mean of the standard errors of the languages. This bound also holds for parallel test sets, whose errors
    are correlated.
    """
    shares = [percent / 100 for percent in percents]
    errors = [math.sqrt(share * (1 - share) / max(1, size)) for share, size in zip(shares, sizes, strict=True)]
    return 100 * SURE * sum(errors) / len(errors)


def _change(manifest: Manifest, baseline: Manifest, tested: Versus) -> list[str]:
    scores, before = scores_of(manifest), scores_of(baseline)
    shared = [task for task in tasks_of(scores) if task in before]
    what = _what_differs(manifest, baseline)
    if not shared:
        return [f"The baseline {baseline['name']} has no scores for these tasks, so nothing can be said of {what}."]
    if tested.comparison is not None:
        return [f"The difference to {baseline['name']} shows the effect of {what}.", *tested.sentences]
    average = sum(difference(scores, before, task) or 0.0 for task in shared) / len(shared)
    over = "the nine tasks" if shared == list(OVERALL) else f"the {len(shared)} tasks that both have"
    return [
        f"With {what}, the average over {over} differs by {cell(average, sign=True)} points from {baseline['name']}. "
        f"Whether this is chance was not tested: {tested.why}."
    ]


def _what_differs(manifest: Manifest, baseline: Manifest) -> str:
    tasks = (manifest["recipe"].get("intermediate") or {}).get("tasks") or {}
    if not tasks or baseline["recipe"].get("intermediate"):
        return "this recipe"
    names = list(tasks)
    return f"intermediate training on {listing(names) if len(names) < 5 else f'{len(names)} tasks'}"


def _expected(lines: Sequence[Expected]) -> list[str]:
    missed = [line for line in lines if not line.holds]
    if not lines:
        return []
    if not missed:
        return [f"Everything that the recipe expects was found ({count(len(lines), 'number')})."]
    what = [f"{line.name} should be {line.wanted}, it is {cell(line.found, 2)}" for line in missed]
    return [f"{len(missed)} of {len(lines)} things that the recipe expects did NOT appear: {'; '.join(what)}."]
