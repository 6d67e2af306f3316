"""What `data prepare` tells people: the corpora it found, in which form, what it made of them, and remarks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

from xtreme_bench.data.release.preparation import NOT_USED
from xtreme_bench.data.release.recognition import NO_DATA, NOT_KNOWN, Match, Recognised
from xtreme_bench.data.usable import percent
from xtreme_bench.wording import cut, listing

MANY = 6  # more languages than that are counted, not listed
MAX_SAID = 40
NAMED = 5  # files listed for each reason why they are not used; the others are counted


def not_used(found: Recognised, tasks: Mapping[str, Any]) -> list[str]:
    """The files that were not used, and why; nearly right ones come first, and each reason lists a few.

    `tasks` are the notes of the steps: what each task was made from.
    """
    used = {name for task in tasks.values() for name in task["made_from"]}
    reasons: dict[str, list[str]] = defaultdict(list)
    for miss in found.near:
        reasons[f"named like {miss.corpus}"].append(f"{miss.name}: {miss.why}")
    for (corpus, form), matches in sorted(found.matches.items()):
        for match in matches:
            if match.name not in used:
                lacks = _other_sides(match, matches)
                but = f"without the file of {listing(lacks)}" if lacks else "not needed, or taken from elsewhere"
                why = f"{corpus} ({form}), but {but}"
                reasons[why].append(f"{match.name}: {why}")
    for why, name in sorted(found.others, key=lambda other: (other[0] == NOT_KNOWN) + 2 * (other[0] == NO_DATA)):
        reasons[why].append(f"{name}: {why}")
    return [line for why, lines in reasons.items() for line in cut(lines, NAMED, f": {why}")]


def _other_sides(match: Match, matches: Sequence[Match]) -> list[str]:
    """The sides of a parallel corpus that a file lacks."""
    if "side" not in match.fields:
        return []
    language, split = match.fields["language"], match.fields.get("split")
    sides = {
        other.fields["side"]
        for other in matches
        if (other.fields["language"], other.fields.get("split")) == (language, split)
    }
    return sorted({language, "eng" if len(language) == 3 else "en"} - sides)


def said(notes: Mapping[str, Any]) -> str:
    """The notes of `prepare` as text: a table of what was found, then remarks, then what was not used."""
    rows = [
        [corpus, form, " ".join(about.get("splits", ())), _some(about.get("languages", ())), about["files"]]
        for corpus, forms in notes["found"].items()
        for form, about in forms.items()
    ]
    parts = [tabulate(rows, headers=["corpus", "form", "splits", "languages", "files"])]
    remarks = [f"{task}: {remark}" for task, about in notes["tasks"].items() for remark in about["remarks"]]
    parts += _list("To know:", [*dropped(notes), *remarks])
    parts += _list("Not used:", notes["not_used"])
    return "\n\n".join(parts)


def dropped(notes: Mapping[str, Any]) -> list[str]:
    """What was left out of each corpus, with numbers; for training data also the share of the rows."""
    return [
        f"{task}: {number:,} {what}{_share(number, what, about['examples'])}"
        for task, about in notes["tasks"].items()
        for what, number in about["examples"].items()
        if "dropped" in what or what.endswith(NOT_USED)
    ]


def _share(number: int, what: str, counts: Mapping[str, int]) -> str:
    """The share that `number` rows have of a file; rows of a file for several languages are counted by language."""
    file = what.partition(": ")[0]
    parts = ((name.partition(": ")[0], name, count) for name, count in counts.items())
    rows = sum(n for begin, name, n in parts if begin == file or (begin == name and name.startswith(f"{file} ")))
    return f" ({percent(number, rows)})" if what.endswith(NOT_USED) else ""


def _some(values: Any) -> str:
    return " ".join(values) if len(values) <= MANY else f"{len(values)} languages"


def _list(title: str, lines: list[str]) -> list[str]:
    return ["\n  ".join([title, *cut(lines, MAX_SAID, ", in prepare.json")])] if lines else []
