"""Reports of a run with several seeds: the means, the deviations, and each seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tabulate import tabulate

from xtreme_bench.report import cost, page, page_again, page_cost, terminal, versus
from xtreme_bench.report.claims import tuned
from xtreme_bench.report.markup import Code, Links, paragraph, section, table
from xtreme_bench.report.tables import cell
from xtreme_bench.report.verdict import expectations
from xtreme_bench.report.versus import Versus
from xtreme_bench.run.outcome import Outcome
from xtreme_bench.run.seeds import Runs, Together
from xtreme_bench.stage.store import Store
from xtreme_bench.wording import count, listing


def tell(outcome: Outcome | Together, reports: Path, store: Store) -> tuple[str, list[str]]:
    """Write the page of a run. Returns the text for the terminal, and the paths of the bundles and the page."""
    if isinstance(outcome, Outcome):
        tested = versus.of_outcome(outcome, store)
        text, bundles = terminal.terminal(outcome, tested), [outcome.main.bundle]
        runs = [one for one in (outcome.main, outcome.baseline) if one is not None]
        written = page.write_page(outcome, reports / outcome.main.plan.recipe.name, store, tested)
    else:
        tested = versus.of_outcome(outcome, store)
        text, bundles = means(outcome, tested), [one.bundle for one in outcome.main.finished.values()]
        runs = [one for arm in _both(outcome) for one in arm.finished.values()]
        written = write_pages(outcome, reports / outcome.main.recipe.name, store, tested)
    cost.write(runs, written.parent)
    return f"{text}\n\n{cost.line(runs)}", [*(f"bundle: {bundle}" for bundle in bundles), f"report: {written}"]


def means(together: Together, tested: Versus) -> str:
    """Mean, deviation and each run of the scores, of the recipe and its baseline; what failed; expectations; the
    differences to the baseline with their intervals, where they were `tested`."""
    main, before = together.main, together.baseline
    parts = [f"{main.recipe.name}: {' '.join(main.recipe.description.split())}"]
    for runs in _both(together):
        headings, rows = _table(runs)
        parts.append(tabulate(rows, headers=headings, stralign="right", colalign=("left",), disable_numparse=True))
        parts.append(_said(runs))
    parts += tuned(runs.manifest for runs in _both(together))
    lines = expectations(main.manifest, before.manifest if before else None)
    found = [[line.state, line.name, line.wanted, f"found {cell(line.found, 2)} on average"] for line in lines]
    if found:
        parts.append(f"expect\n{tabulate(found, tablefmt='plain', disable_numparse=True)}")
    if tested.comparison is not None:
        parts.append("\n".join(["differences to the baseline, with 95 % intervals", *tested.sentences]))
    return "\n\n".join(parts)


def write_pages(together: Together, folder: Path, store: Store, tested: Versus) -> Path:
    """Write the page of the means and, below it, one for each seed; returns the first."""
    for seed, outcome in together.outcomes.items():
        page.write_page(outcome, folder / f"seed-{seed}", store, versus.of_outcome(outcome, store))
    recipe = together.main.recipe
    manifests = [{**runs.manifest, "name": f"{runs.recipe.name} (mean of seeds)"} for runs in _both(together)]
    first = [
        *(
            section(f"Seeds of {one.recipe.name}", paragraph(_said(one)), table(*_table(one)))
            for one in _both(together)
        ),
        section(
            "Reports of the seeds",
            Links([(f"{recipe.name}, seed {seed}", f"seed-{seed}/index.html") for seed in together.outcomes]),
        ),
    ]
    last = [
        page_cost.cost_section([one for arm in _both(together) for one in arm.finished.values()], store),
        section("Reproduce", Code("\n".join(page_again.commands(recipe)))),
    ]
    return page.write_seeds_page(recipe.name, recipe.description, manifests, folder, tested, first, last)


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
    """The number of runs in the means, and why the others are left out."""
    over = f"Means over {count(len(runs.counted), 'seed')} ({listing(map(str, runs.counted))})."
    return " ".join([over, *(f"FAILED: seed {seed}: {why}; it is in no mean." for seed, why in runs.failed.items())])
