"""The report page of a run or of several bundles: one file with everything in it, for a browser or for paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xtreme_bench.files import write_text
from xtreme_bench.report import page_again, page_cost, page_curves, page_data, page_facts
from xtreme_bench.report.audit import audit_section
from xtreme_bench.report.claims import Manifest, reference_of
from xtreme_bench.report.markup import Block, Section, section, table
from xtreme_bench.report.page_published import published_section
from xtreme_bench.report.page_scores import score_sections
from xtreme_bench.report.page_top import Headline, top, top_of_bundles
from xtreme_bench.report.render import render
from xtreme_bench.report.tables import cell as number
from xtreme_bench.report.verdict import NOT_TESTED, expectations
from xtreme_bench.report.versus import Versus
from xtreme_bench.stage.store import Store

if TYPE_CHECKING:
    from xtreme_bench.run.outcome import Outcome


def write_page(outcome: Outcome, folder: Path, store: Store | None = None, tested: Versus = NOT_TESTED) -> Path:
    """Write `index.html` of a finished run.

    `store` has the learning curves of its stages, left out without it; `tested` is its comparison with its baseline.
    """
    main, baseline = outcome.main, outcome.baseline
    finished = [one for one in (main, baseline) if one is not None]
    manifests = [one.manifest for one in finished]
    before = baseline.manifest if baseline else None
    records = list({record["key"]: record for one in finished for record in one.records}.values())
    sections = [
        expectation_section(main.manifest, before),
        *map(page_facts.accepted_section, manifests),
        *map(page_facts.composed_section, manifests),
        *score_sections(manifests, 1 if baseline else None, {0: tested}),
        published_section(main.manifest),
        *(page_curves.curve_sections(finished, store) if store else ()),
        page_facts.retrieval_section(records, page_curves.layers(finished)),
        page_cost.cost_section(finished, store),
        page_facts.trained_section(main.manifest),
        section("Data", *page_data.data_parts(main.manifest, records)),
        audit_section(main.manifest.get("audit")),
        *page_again.again_sections(main),
        page_again.files_section(main.manifest, tested),
    ]
    headline, summary = top(main.manifest, before, tested)
    return _write(folder, main.manifest["name"], main.plan.recipe.description, sections, headline, summary)


def write_comparison_page(
    manifests: Sequence[Manifest], folder: Path, tested: Mapping[int, Versus] | None = None
) -> Path:
    """Write `index.html` with the tables and plots of several bundles.

    `tested`: index of a run -> its comparison with the run that is the reference.
    """
    reference = reference_of(manifests)
    names = [one["name"] for one in manifests]
    title = " · ".join(names) if len(names) < 4 else f"{len(names)} runs compared"
    about = f"Differences are to {names[reference]}." if reference is not None else ""
    tested = tested or {}
    headline, summary = None, list[Block]()
    if len(manifests) == 2 and reference is not None:
        main = manifests[1 - reference]
        headline, summary = top_of_bundles(main, manifests[reference], tested.get(1 - reference, NOT_TESTED))
    sections = [
        *map(page_facts.accepted_section, manifests),
        *map(page_facts.composed_section, manifests),
        *score_sections(manifests, reference, tested),
        *(page_facts.trained_section(one, name=one["name"]) for one in manifests),
    ]
    return _write(
        folder, title, f"{len(names)} bundles, read from their manifests. {about}", sections, headline, summary
    )


def write_seeds_page(
    title: str, lead: str, manifests: Sequence[Manifest], folder: Path, tested: Versus, *sections: Section | None
) -> Path:
    """Write `index.html` with `sections` and, below them, the mean scores of a recipe and perhaps its baseline."""
    before = manifests[1] if manifests[1:] else None
    found = [
        *sections,
        expectation_section(manifests[0], before),
        *score_sections(manifests, 1 if before else None, {0: tested}),
        page_facts.trained_section(manifests[0]),
    ]
    headline, summary = top(manifests[0], before, tested)
    return _write(folder, title, lead, found, headline, summary)


def expectation_section(main: Manifest, baseline: Manifest | None) -> Section | None:
    """What the recipe expects of its scores, and what was found."""
    rows = [[line.name, line.wanted, number(line.found, 2), line.state] for line in expectations(main, baseline)]
    return section("What the recipe expects", table(("score", "expected", "found", "state"), rows, kind="words"))


def _write(
    folder: Path,
    title: str,
    lead: str,
    sections: Iterable[Section | None],
    headline: Headline | None = None,
    summary: Sequence[Block] = (),
) -> Path:
    found = [one for one in sections if one is not None]
    path = folder / "index.html"
    write_text(path, render("page.html", title=title, lead=lead, headline=headline, summary=summary, sections=found))
    return path
