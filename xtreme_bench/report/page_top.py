"""The top of the page: the result in four numbers and one sentence, then what else there is to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xtreme_bench.official.scores import headline
from xtreme_bench.report.claims import Manifest, scores_of
from xtreme_bench.report.markup import Block, Bullets, paragraph
from xtreme_bench.report.tables import cell, tasks_of
from xtreme_bench.report.verdict import expectations, verdict
from xtreme_bench.report.versus import Versus

WORDS = (
    "Zero-shot: the model had labelled examples in English only, and is tested in languages in which it had none. "
    "Chance: the score of random guessing. A 95 % interval: the differences that agree with these test items and "
    "seeds; if it holds 0, the data cannot tell which run is better. A verdict also allows for the number of "
    'differences that were tested (Holm\'s correction), so it can be "cannot tell" beside an interval without 0.'
)


# How the sentences begin that stand for a whole comparison, where it is one of several.
_WHOLE = ("contrast on ", "overall: ")
# How the sentence of the headline begins, where there is one: as `comparison.forms.sentences` writes it.
_SAID = ("overall: ", "Of ")


@dataclass(frozen=True)
class Fact:
    """One number of the headline."""

    label: str
    value: str


@dataclass(frozen=True)
class Headline:
    """The result: its numbers, and the conclusion in one sentence; `kind` colours it."""

    facts: Sequence[Fact]
    verdict: str
    kind: str


def top(main: Manifest, baseline: Manifest | None, tested: Versus) -> tuple[Headline, list[Block]]:
    """The headline of a run of our own, and the sentences below it."""
    missed = any(not line.holds for line in expectations(main, baseline))
    return _top(main, baseline, tested, verdict(main, baseline, tested), missed)


def top_of_bundles(main: Manifest, baseline: Manifest, tested: Versus) -> tuple[Headline | None, list[Block]]:
    """The same of two bundles that others may have made: of their manifests it reads names and scores only."""
    if tested.comparison is None:
        return None, []
    return _top(main, baseline, tested, tested.sentences, missed=False)


def top_of_several(runs: Sequence[Manifest], tested: Mapping[int, Versus]) -> list[Block]:
    """What may be concluded of each of several runs beside their reference; nothing where none was tested."""
    found = {runs[at]["name"]: one.sentences for at, one in tested.items()}
    lines = [f"{name}: {line}" for name, said in found.items() for line in said if line.startswith(_WHOLE)]
    return [Bullets(lines), paragraph(WORDS, kind="note")] if lines else []


def _top(
    main: Manifest, baseline: Manifest | None, tested: Versus, lines: Sequence[str], missed: bool
) -> tuple[Headline, list[Block]]:
    one = tested.find("overall", "overall")
    facts = [_level(main)]
    if baseline is not None and scores_of(main):
        facts += _difference(main, baseline, tested)
    word = one.verdict if one is not None else ""
    kind = word if word in ("better", "worse") else "missed" if missed else ""
    said = next((line for begin in _SAID for line in lines if line.startswith(begin)), lines[0])
    rest = [line for line in lines if line != said]
    return Headline(facts, f"{said[0].upper()}{said[1:]}", kind), [Bullets(rest), paragraph(WORDS, kind="note")]


def _level(manifest: Manifest) -> Fact:
    scores = scores_of(manifest)
    overall = headline(scores, "overall")
    if overall is not None:
        return Fact("Overall, mean of nine tasks", cell(overall))
    return Fact("Tasks with a score", f"{len(tasks_of(scores))} of 9")


def _difference(main: Manifest, baseline: Manifest, tested: Versus) -> list[Fact]:
    label = f"Difference to {baseline['name']}"
    one = tested.find("overall", "overall")
    if one is not None:
        interval = f"{cell(one.low, sign=True)} to {cell(one.high, sign=True)}"
        shown = Fact(label, cell(one.difference, sign=True))
        return [shown, Fact("95 % interval", interval), Fact("Verdict", one.verdict)]
    if tested.comparison is not None:
        verdicts = [pair.verdict for pair in tested.comparison.level("cell")]
        words = ("better", "worse", "cannot tell")
        return [Fact(f"Task and language: {word}", str(verdicts.count(word))) for word in words]
    after, before = (headline(scores_of(run), "overall") for run in (main, baseline))
    if after is None or before is None:
        return []
    return [Fact(label, cell(after - before, sign=True)), Fact("Verdict", "not tested")]
