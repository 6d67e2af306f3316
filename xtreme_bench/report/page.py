"""The report page of a run or of several bundles: one file with everything in it, for a browser or for paper."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xtreme_bench.files import write_text
from xtreme_bench.report import page_again, page_cost, page_curves, page_data, page_facts
from xtreme_bench.report.audit import audit_section
from xtreme_bench.report.claims import Manifest, claimed, reference_of, whose_scores
from xtreme_bench.report.markup import Block, Section, section, table
from xtreme_bench.report.page_published import published_section
from xtreme_bench.report.page_scores import score_sections
from xtreme_bench.report.page_top import Headline, top, top_of_bundles, top_of_several
from xtreme_bench.report.render import render
from xtreme_bench.report.tables import cell as number
from xtreme_bench.report.verdict import expectations
from xtreme_bench.report.versus import NOT_TESTED, Versus
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
    manifests: Sequence[Manifest],
    folder: Path,
    tested: Mapping[int, Versus] | None = None,
    computed: Collection[int] = (),
    *,
    lead: str = "",
) -> Path:
    """Write `index.html` with `comparison_page`."""
    return _put(folder, comparison_page(manifests, tested, computed, lead=lead))


def comparison_page(
    manifests: Sequence[Manifest],
    tested: Mapping[int, Versus] | None = None,
    computed: Collection[int] = (),
    *,
    lead: str = "",
    back: str = "",
) -> str:
    """The page with the tables and plots of one or several bundles that anybody may have made.

    `tested`: index of a run -> its comparison with the run that is the reference. `computed`: the indices of the runs
    whose scores were computed here; the others only claim theirs, and the page says so. `lead` begins the lead, in
    place of the number of bundles; `back` is the address of the page that this one belongs to.
    """
    reference = reference_of(manifests)
    runs = claimed(manifests, computed)
    names = [one["name"] for one in runs]
    title = " · ".join(names) if len(names) < 4 else f"{len(names)} runs compared"
    about = f"Differences are to {manifests[reference]['name']}." if reference is not None else ""
    tested = tested or {}
    headline, summary, of_one = None, list[Block](), list[Section | None]()
    # The one run that the page is about, if it is about one.
    at = 0 if len(runs) == 1 else 1 - reference if len(runs) == 2 and reference is not None else None
    if at is not None:
        versus = tested.get(at, NOT_TESTED)
        of_one = [published_section(runs[at]), page_again.files_section(runs[at], versus, whole=False)]
        if reference is not None:
            headline, summary = top_of_bundles(runs[at], runs[reference], versus)
    else:
        summary = top_of_several(runs, tested)
    sections = [
        *map(page_facts.accepted_section, manifests),
        *map(page_facts.composed_section, manifests),
        *score_sections(runs, reference, tested),
        *of_one,
        *(page_facts.trained_section(one, name=one["name"]) for one in manifests),
    ]
    lead = lead or (f"{len(names)} bundles." if names[1:] else "")
    told = " ".join(part for part in (lead, whose_scores(manifests, computed), about) if part)
    return _render(title, told, sections, headline, summary, back)


def write_seeds_page(
    title: str,
    lead: str,
    manifests: Sequence[Manifest],
    folder: Path,
    tested: Versus,
    first: Sequence[Section | None],
    last: Sequence[Section | None],
) -> Path:
    """Write `index.html` with the mean scores of a recipe and perhaps its baseline, between `first` and `last`."""
    before = manifests[1] if manifests[1:] else None
    found = [
        *first,
        expectation_section(manifests[0], before),
        *score_sections(manifests, 1 if before else None, {0: tested}),
        published_section(manifests[0]),
        page_facts.trained_section(manifests[0]),
        *last,
        page_again.files_section(manifests[0], tested, whole=False),
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
    return _put(folder, _render(title, lead, sections, headline, summary))


def _render(
    title: str,
    lead: str,
    sections: Iterable[Section | None],
    headline: Headline | None,
    summary: Sequence[Block],
    back: str = "",
) -> str:
    found = [one for one in sections if one is not None]
    return render("page.html", title=title, lead=lead, headline=headline, summary=summary, sections=found, back=back)


def _put(folder: Path, text: str) -> Path:
    path = folder / "index.html"
    write_text(path, text)
    return path
