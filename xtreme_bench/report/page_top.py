"""The top of the page: the result in four numbers and one sentence, then what else there is to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xtreme_bench.official.scores import headline
from xtreme_bench.report.claims import Manifest, scores_of
from xtreme_bench.report.markup import Block, Bullets, paragraph
from xtreme_bench.report.tables import cell, tasks_of
from xtreme_bench.report.verdict import expectations, verdict
from xtreme_bench.report.versus import Versus

WORDS = (
    "Zero-shot: the model had labelled examples in English only, and is tested in languages in which it had none. "
    "Chance: the score of random guessing. A 95 % interval: the differences that agree with these test items; if it "
    "holds 0, the data cannot tell which run is better."
)


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
    """The headline of a run, and the sentences below it."""
    lines = verdict(main, baseline, tested)
    one = tested.find("overall", "overall")
    facts = [_level(main)]
    if baseline is not None and scores_of(main):
        facts += _difference(main, baseline, tested)
    missed = any(not line.holds for line in expectations(main, baseline))
    word = one.verdict if one is not None else ""
    kind = "missed" if missed else word if word in ("better", "worse") else ""
    said = next((line for line in lines if line.startswith("overall: ")), lines[0])
    rest = [line for line in lines if line != said]
    return Headline(facts, said, kind), [Bullets(rest), paragraph(WORDS, kind="note")]


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
    after, before = (headline(scores_of(run), "overall") for run in (main, baseline))
    if after is None or before is None:
        return []
    return [Fact(label, cell(after - before, sign=True)), Fact("Verdict", "not tested")]
