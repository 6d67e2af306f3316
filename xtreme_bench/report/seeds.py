"""What a person reads about a run with several seeds: their means, how far they lie apart, and each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tabulate import tabulate

from xtreme_bench.report import page, page_facts, terminal
from xtreme_bench.report.markup import paragraph, section, table, text
from xtreme_bench.report.tables import cell
from xtreme_bench.report.verdict import expectations
from xtreme_bench.run.outcome import Outcome
from xtreme_bench.run.seeds import Runs, Together
from xtreme_bench.stage.store import Store
from xtreme_bench.wording import count, listing


def tell(outcome: Outcome | Together, reports: Path, store: Store) -> tuple[str, list[str]]:
    """Write the page of a run; returns what its numbers say, and where its bundles and the page are."""
    if isinstance(outcome, Outcome):
        text, bundles = terminal.terminal(outcome), [outcome.main.bundle]
        written = page.write_page(outcome, reports / outcome.main.plan.recipe.name, store)
    else:
        said = difference(outcome, store)
        text, bundles = "\n\n".join([means(outcome), *said]), [one.bundle for one in outcome.main.finished.values()]
        written = write_pages(outcome, reports / outcome.main.recipe.name, store, said)
    return text, [*(f"bundle: {bundle}" for bundle in bundles), f"report: {written}"]


def means(together: Together) -> str:
    """Mean, deviation and each run of the scores, of the recipe and its baseline; what failed; expectations."""
    main, before = together.main, together.baseline
    parts = [f"{main.recipe.name}: {' '.join(main.recipe.description.split())}"]
    for runs in _both(together):
        headings, rows = _table(runs)
        parts.append(tabulate(rows, headers=headings, stralign="right", colalign=("left",), disable_numparse=True))
        parts.append(_said(runs))
    lines = expectations(main.manifest, before.manifest if before else None)
    found = [[line.state, line.name, line.wanted, f"found {cell(line.found, 2)} on average"] for line in lines]
    if found:
        parts.append(f"expect\n{tabulate(found, tablefmt='plain', disable_numparse=True)}")
    return "\n\n".join(parts)


def difference(together: Together, store: Store) -> list[str]:
    """What may be concluded of a recipe beside its baseline, with 95 % intervals over test items and seeds.

    Nothing where one of them has no scores, or there is no baseline.
    """
    if together.baseline is None:
        return []
    main, before = (list(runs.counted.values()) for runs in (together.main, together.baseline))
    score = main[0].plan.score
    if score is None or not all(one.manifest["scores"] for one in (*main, *before)):
        return []
    # Planning and checking do without numpy, which this needs.
    from xtreme_bench.comparison import forms
    from xtreme_bench.comparison.arms import read_arm
    from xtreme_bench.comparison.compare import compare

    labels = score.inputs["labels"].folder(store)
    (found,) = compare(*(read_arm([one.bundle for one in runs], labels) for runs in (before, main)))
    return ["\n".join([f"{found.b} beside {found.a}, with 95 % intervals", *forms.sentences(found)])]


def write_pages(together: Together, folder: Path, store: Store, said: Sequence[str] = ()) -> Path:
    """Write the page of the means with what is `said` of them and, below it, one for each seed; returns the first."""
    for seed, outcome in together.outcomes.items():
        page.write_page(outcome, folder / f"seed-{seed}", store)
    recipe = together.main.recipe
    manifests = [{**runs.manifest, "name": f"{runs.recipe.name}, mean"} for runs in _both(together)]
    parts = [f"<h1>{text(recipe.name)}</h1>", paragraph(recipe.description, kind="lead")]
    parts += [paragraph(*one.splitlines(), kind="verdict") for one in said]
    for runs in _both(together):
        headings, rows = _table(runs)
        parts.append(section(f"Seeds of {runs.recipe.name}", paragraph(_said(runs)), table(headings, rows)))
    parts.append(page_facts.again_section(recipe))
    return page.write_seeds_page(recipe.name, manifests, folder, *parts)


def _both(together: Together) -> Iterator[Runs]:
    yield together.main
    if together.baseline is not None:
        yield together.baseline


def _table(runs: Runs) -> tuple[list[str], list[list[str]]]:
    seeds = list(runs.counted)
    rows = [
        [key, cell(row["mean"]), cell(row["deviation"]), *(cell(row["runs"].get(seed)) for seed in seeds)]
        for key, row in runs.rows().items()
    ]
    return [runs.recipe.name, "mean", "deviation", *(f"seed {seed}" for seed in seeds)], rows


def _said(runs: Runs) -> str:
    """How many runs the means are of, and why others are in none."""
    over = f"Means over {count(len(runs.counted), 'seed')} ({listing(map(str, runs.counted))})."
    return " ".join([over, *(f"FAILED: seed {seed}: {why}; it is in no mean." for seed, why in runs.failed.items())])
