"""The part of the page about data: every corpus used, its records beside the published ones, what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data.published import published
from xtreme_bench.data.release.prepared import dropped
from xtreme_bench.report.claims import Manifest
from xtreme_bench.report.markup import Block, Cell, Table, cell, paragraph, rich_table, table
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.wording import listing

Record = Mapping[str, Any]
LISTED = 3
_TRAINED = (
    "Published: English training sets. In italics what differs: parts of corpora, stand-ins, other languages. Every "
    "tenth question of TyDiQA's training set is development data."
)
_RECORDS = "Records: lines, sentences or questions; for bucc2018 the pairs that were found."
_COMPARED = "In italics what differs from the published test sets, language by language; nobody publishes BUCC's pairs."


def data_parts(manifest: Manifest, records: Sequence[Record]) -> Iterator[Block | None]:
    """Paragraphs and tables: source, training sets, test sets, what the releases lacked, what was left out."""
    data = manifest["data"]
    notes: Mapping[str, Any] = data["made_from"] or {}
    yield paragraph(f"Source: {data['source']}.")
    # The built-in corpora are no part of XTREME: there is nothing to compare their counts with.
    compared = data["source"] != "miniature"
    yield _trained(records, notes, compared)
    yield table(("trained in part", "what learns"), _in_part(records), kind="words")
    yield _tested(manifest, notes, compared)
    yield from _prepared(notes)
    left_out = [*(dropped(notes) if notes.get("tasks") else ()), *_dropped_in_reading(records)]
    yield table(("left out",), [[line] for line in dict.fromkeys(left_out)], kind="words")


def _trained(records: Sequence[Record], notes: Mapping[str, Any], compared: bool) -> Table | None:
    found = {
        (kind.phase, name): number
        for record in records
        if (kind := KINDS[record["kind"]]).trains
        for name, number in record["facts"]["examples"].items()
    }
    rows = []
    for (phase, name), number in found.items():
        expected = published(name, "train") if compared else None
        row = [cell(f"{phase}: {name}"), cell(f"{number:,}", _mark(number, expected))]
        rows.append([*row, cell(_number(expected)), cell(_forms(notes, name))] if compared else row)
    headings = ("trained on", "examples", *(("published", "released as") if compared else ()))
    return rich_table(headings, rows, note=_TRAINED if compared else "")


def _in_part(records: Sequence[Record]) -> list[list[str]]:
    """The trainings in which a part of the encoder learns, or what a method adds to it."""
    trained = [record for record in records if "learned" in record["facts"]]
    parts = [record for record in trained if record["facts"]["learned"]["weights"] < record["facts"]["learned"]["of"]]
    return [[record["name"], record["facts"]["summary"]] for record in parts]


def _tested(manifest: Manifest, notes: Mapping[str, Any], compared: bool) -> Table | None:
    rows = []
    for task, target in TASKS.items():
        files = manifest["files"]
        counts = {code: files[file]["records"] for code in target.languages if (file := target.file(code)) in files}
        if not counts:
            continue
        row = [cell(task), cell(len(counts)), cell(f"{sum(counts.values()):,}")]
        extremes = [cell(f"{each(counts.values()):,}") for each in (min, max)]
        rows.append([*row, *(_beside(task, counts, notes) if compared else extremes)])
    beside = ("published", "not as published", "released as") if compared else ("fewest", "most")
    headings = ("tested on", "languages", "records", *beside)
    return rich_table(headings, rows, note=f"{_RECORDS} {_COMPARED}" if compared else _RECORDS)


def _beside(task: str, counts: Mapping[str, int], notes: Mapping[str, Any]) -> list[Cell]:
    """The published sum over the same languages, the languages that differ, and the forms of the releases."""
    known = {code: size for code in counts if (size := published(task, "test", code)) is not None}
    total = _number(sum(known.values())) if len(known) == len(counts) else "not known"
    if known and len(known) < len(counts):
        total = f"{sum(known.values()):,} in {len(known)} languages"
    differ = [f"{code} {counts[code]:,} of {size:,}" for code, size in known.items() if counts[code] != size]
    shown = listing(differ, 1) or ("–" if known else "")
    return [cell(total), cell(shown, "seen" if differ else ""), cell(_forms(notes, task))]


def _mark(number: int, expected: int | None) -> str:
    return "seen" if expected is not None and number != expected else ""


def _number(value: int | None) -> str:
    return "not known" if value is None else f"{value:,}"


def _forms(notes: Mapping[str, Any], corpus: str) -> str:
    found = notes.get("found") or {}
    return ", ".join(found.get("squad_v1" if corpus in ("squad", "squad_v1") else corpus, ()))


def _prepared(notes: Mapping[str, Any]) -> Iterator[Block | None]:
    """What upstream releases were turned into, where a run began with that."""
    sentences = []
    if stand_ins := notes.get("dev_as_test"):
        sentences.append(f"Development sets stand in for the test sets of {', '.join(stand_ins)}.")
    if sample := notes.get("sample"):
        sentences.append(f"At most {sample:,} test examples a language were kept.")
    if sentences:
        yield paragraph(*sentences)
    tasks = notes.get("tasks") or {}
    rows = [
        [task, listing(note["made_from"], LISTED), "; ".join(note["remarks"])]
        for task, note in tasks.items()
        if note["made_from"] or note["remarks"]
    ]
    yield table(("prepared", "made from", "where it is not what XTREME has"), rows, kind="words")


def _dropped_in_reading(records: Sequence[Record]) -> Iterator[str]:
    """What the readers left out, as the stages that tokenise counted it."""
    for record in records:
        for part, reasons in record["facts"].get("dropped", {}).items():
            for reason, number in reasons.items():
                yield f"{record['name']}, {part}: {number:,} {reason}"
