"""What an audit found, for people: lines for the terminal and rows for the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xtreme_bench.report.markup import Section, details, paragraph, section, table
from xtreme_bench.wording import count, cut, listing

Facts = Mapping[str, Any]
MANY = 3  # languages named before the rest are counted
MAX_LINES, MAX_ROWS = 11, 40  # on the terminal, in the report
# Overlap with labelled data, or with data that selects checkpoints, matters more than with unlabelled text.
_ORDER = ("fine-tuning", "intermediate", "choice of checkpoints", "pretraining")


def lines(facts: Facts, most: int = MAX_LINES) -> list[str]:
    """One line per finding, the most important first; the rest is counted."""
    found = [*_relation_lines(facts), *_overlap_lines(facts), *_repeat_lines(facts)]
    return cut(found, most, ", in the report")


def _relation_lines(facts: Facts) -> Iterator[str]:
    for one in facts["relations"]:
        yield f"{one['target']} and {one['training']}: {one['why']}"


def _overlap_lines(facts: Facts) -> Iterator[str]:
    for one in _weightiest_first(facts["overlaps"]):
        yield f"{one['task']}: {_kind(one)} as in {one['source']} ({one['use']}): {_languages(one)}"


def _repeat_lines(facts: Facts) -> Iterator[str]:
    for task, kind, found in _repeats(facts):
        yield f"{task}: test rows {kind}: {_shares(found)}"


def audit_section(facts: Facts | None) -> Section | None:
    """The section of the report: a count, and behind it all findings. None for a run without an audit."""
    if facts is None:
        return None
    about = facts["criteria"]
    how = (
        f"Test texts were compared with {facts['compared']['training_texts']:,} training and development texts, within "
        "each language, ignoring case, spacing and punctuation: the same text, or an n-gram of "
        f"{about['words']} words in common ({about['characters']} characters in {', '.join(about['characters_in'])})."
    )
    overlaps = [
        [one["task"], one["source"], one["use"], _kind(one), _languages(one), _example(one)]
        for one in _weightiest_first(facts["overlaps"])
    ]
    rest = len(overlaps) - MAX_ROWS
    repeats = [[task, kind, _shares(found)] for task, kind, found in _repeats(facts)]
    known = [[one["target"], one["training"], one["why"]] for one in facts["relations"]]
    seen = [
        [task, code, ", ".join(corpora)] for task, codes in facts["seen"].items() for code, corpora in codes.items()
    ]
    found = details(
        "The findings",
        paragraph(how),
        table(("target", "related to", "why"), known, kind="words"),
        table(
            ("target", "text of", "used for", "test items", "how", "for example"),
            overlaps[:MAX_ROWS],
            kind="words",
            note=f"{rest:,} more, of smaller weight, are in the manifest." if rest > 0 else "",
        ),
        table(("target", "test rows", "how many"), repeats, kind="words"),
        table(("target", "language", "labelled data seen in it"), seen, kind="words"),
    )
    counted = (
        f"The audit found {count(len(overlaps), 'overlap')} of test texts with training or development texts, "
        f"{count(len(known), 'relation')} between corpora, and {count(len(repeats), 'kind')} of repeated test rows."
    )
    return section("What may flatter the scores", paragraph(counted), found)


def _weightiest_first(overlaps: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(overlaps, key=lambda one: (_ORDER.index(one["use"]), -_share(one)))


def _share(one: Mapping[str, Any]) -> float:
    return max(float(about["items"] / about["of"]) for about in one["items"].values())


def _kind(one: Mapping[str, Any]) -> str:
    return "the same text" if one["kind"] == "same text" else "an n-gram in common"


def _languages(one: Mapping[str, Any]) -> str:
    short = sum(about["items"] - about["long"] for about in one["items"].values() if "long" in about)
    counts = {code: (about["items"], about["of"]) for code, about in one["items"].items()}
    return _shares(counts) + (f" ({short:,} of a few words only)" if short else "")


def _shares(counts: Mapping[str, tuple[int, int]]) -> str:
    """ "en 19 of 500, de 2 of 500 and 11 more languages", the largest share first."""
    order = sorted(counts, key=lambda code: (-counts[code][0] / counts[code][1], code))
    return listing((f"{code} {counts[code][0]:,} of {counts[code][1]:,}" for code in order), MANY, "language")


def _example(one: Mapping[str, Any]) -> str:
    return next(
        (f"“{example['text']}” ({example['language']}, item {example['item']})" for example in one["examples"]), ""
    )


def _repeats(facts: Facts) -> list[tuple[str, str, dict[str, tuple[int, int]]]]:
    grouped: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for one in facts["repeats"]:
        grouped.setdefault((one["task"], one["kind"]), {})[one["language"]] = one["rows"], one["of"]
    return [(task, kind, found) for (task, kind), found in grouped.items()]
