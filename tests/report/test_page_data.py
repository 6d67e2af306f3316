"""The data section of the report page: every corpus beside its published counts, and what was left out."""

from pathlib import Path
from typing import Any

import pytest
from made_up_run import made_up
from page_reader import Reader

from xtreme_bench.report.page import write_page


def page(folder: Path, source: str, made_from: dict[str, Any] | None = None, dropped: bool = False) -> Reader:
    outcome, store = made_up(folder, baseline=False, curves=False)
    outcome.main.manifest["data"] |= {"source": source, "made_from": made_from}
    if dropped:
        facts = {"dropped": {"train": {"pairs without a gold label": 785}}}
        outcome.main.records.append({**outcome.main.records[0], "kind": "features", "name": "tokenise mnli",
                                     "key": "other", "facts": facts})  # fmt: skip
    return Reader(write_page(outcome, folder / "report", store).read_text(encoding="utf-8"))


@pytest.mark.slow
def test_records_stand_beside_the_published_ones_and_differences_are_marked(tmp_path: Path) -> None:
    found = {"xnli": {"XNLI-1.0": {"files": 2}, "XNLI-MT-1.0": {"files": 1}}}
    shown = page(tmp_path, "releases", {"found": found, "tasks": {}})
    forms = "XNLI-1.0, XNLI-MT-1.0"
    assert shown.row("fine-tuning: xnli") == ["1,500", "392,702", forms]
    row = next(one for one in shown.rows if one[:1] == ["xnli"] and one[-1] == forms)
    assert row[1:5] == ["9", "1,800", "45,090", "ar 200 of 5,010 and 8 more"]
    assert ("class", "seen") in shown.attributes


def test_the_built_in_corpora_are_not_compared_with_what_is_published(tmp_path: Path) -> None:
    shown = page(tmp_path, "miniature")
    assert shown.row("fine-tuning: xnli") == ["1,500"]
    assert not any("published" in cell for row in shown.rows for cell in row)


def test_what_was_left_out_is_said_with_numbers(tmp_path: Path) -> None:
    examples = {"dropped: sentences without their words (en_esl-ud-test.conllu)": 500, "test en": 2077}
    notes = {"tasks": {"udpos": {"made_from": [], "examples": examples, "remarks": []}}}
    shown = page(tmp_path, "releases", notes, dropped=True)
    assert ["udpos: 500 dropped: sentences without their words (en_esl-ud-test.conllu)"] in shown.rows
    assert ["tokenise mnli, train: 785 pairs without a gold label"] in shown.rows


def test_a_training_of_a_part_of_the_encoder_is_named_with_the_share_that_learns_and_one_of_all_is_not(
    tmp_path: Path,
) -> None:
    outcome, store = made_up(tmp_path, baseline=False, curves=False)
    first = outcome.main.records[0]
    for name, weights in (("fine-tune udpos", 10), ("fine-tune panx", 1000)):
        facts = {"examples": {}, "learned": {"weights": weights, "of": 1000}, "summary": f"{weights} learn"}
        outcome.main.records.append({**first, "kind": "finetune", "name": name, "key": name, "facts": facts})
    shown = Reader(write_page(outcome, tmp_path / "report", store).read_text(encoding="utf-8"))
    assert ["fine-tune udpos", "10 learn"] in shown.rows
    assert not any("1000 learn" in row for row in shown.rows)
