"""`data status`: what is there beside the published counts, what is wrong, and what is missing."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from data_samples import write

from xtreme_bench.benchmark import TASKS
from xtreme_bench.cli.main import cli
from xtreme_bench.data.published import published
from xtreme_bench.errors import InputError
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.report.status import RELEASES, Entry, status
from xtreme_bench.report.status_text import said

PARTS = INTERMEDIATE["anli_plus"].parts


def one(entries: list[Entry], split: str, language: str) -> Entry:
    return next(entry for entry in entries if (entry.split, entry.language) == (split, language))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    write(folder, "udpos/test-tl.tsv", "Tumakbo\nsiya\n\nOo\n" + "\nOo\n" * 53)
    write(folder, "udpos/test-af.tsv", "Ja\n\nNee\n")
    write(folder, "udpos/dev-en.tsv", "Yes\tINTJ\nno\tNOTHING\n")
    write(tmp_path / "labels", "udpos/test-af.tsv", "INTJ\n")
    return folder


def test_records_stand_beside_the_published_counts(data: Path, tmp_path: Path) -> None:
    found = status(data, None, tmp_path / "memory.json", ["udpos"])
    whole, part, absent = one(found, "test", "tl"), one(found, "test", "af"), one(found, "test", "bg")
    assert (whole.records, whole.published, whole.differs) == (55, 55, False)
    assert (part.records, part.published, part.differs) == (2, 425, True)
    assert (absent.records, absent.published, absent.found) == (None, 1_116, False)
    assert absent.problems == ("missing: udpos/test-bg.tsv",)


def test_faulty_files_and_labels_that_do_not_fit_are_named(data: Path, tmp_path: Path) -> None:
    found = status(data, tmp_path / "labels", tmp_path / "memory.json", ["udpos"])
    assert "unknown tag 'NOTHING'" in one(found, "dev", "en").problems[0]
    assert one(found, "test", "af").problems == ("1 gold label for 2 records",)
    assert one(found, "test", "tl").problems == ("no gold labels: can be predicted, not scored",)
    text = said(found, {}, by_language=False)
    assert "udpos test af: 1 gold label for 2 records" in text
    assert f"  udpos: {RELEASES['udpos']}" in text


def test_unchanged_files_are_known_and_not_read_again_and_changed_ones_are_said(data: Path, tmp_path: Path) -> None:
    memory = tmp_path / "memory.json"
    assert one(status(data, None, memory, ["udpos"]), "test", "af").checksum == "new"
    remembered = json.loads(memory.read_text())
    name = next(key for key in remembered if key.endswith("udpos test af"))
    memory.write_text(json.dumps({**remembered, name: {**remembered[name], "records": 77}}))
    again = one(status(data, None, memory, ["udpos"]), "test", "af")
    assert (again.checksum, again.records) == ("known", 77)
    write(data, "udpos/test-af.tsv", "Ja\n\nNee\n\nDankie\n")
    changed = one(status(data, None, memory, ["udpos"]), "test", "af")
    assert (changed.checksum, changed.records) == ("changed", 3)


def test_an_unknown_task_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown task 'udpo'; did you mean 'udpos'"):
        status(tmp_path, None, tmp_path / "memory.json", ["udpo"])


def test_the_command_shows_a_row_a_task_or_a_language_and_writes_json(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    arguments = ["data", "status", "--data", str(data)]
    by_task = CliRunner().invoke(cli, arguments)
    assert by_task.exit_code == 0, by_task.output
    row = next(line for line in by_task.stdout.splitlines() if line.startswith("udpos") and " test " in line)
    assert "2 of 33" in row
    assert "yes 1, no 1" in row
    by_language = CliRunner().invoke(cli, [*arguments, "--task", "udpos"])
    row = next(line for line in by_language.stdout.splitlines() if "udpos/test-af.tsv" in line)
    assert row.split() == ["udpos", "test", "af", "udpos/test-af.tsv", "2", "425", "-423", "known"]
    as_json = json.loads(CliRunner().invoke(cli, [*arguments, "--json", "-"]).stdout)
    assert {entry["task"] for entry in as_json["entries"]} == {*TASKS, *INTERMEDIATE}


def test_every_task_has_a_release_and_the_parts_of_anli_plus_add_up() -> None:
    assert set(RELEASES) == {*TASKS, *INTERMEDIATE}
    assert published("anli_plus", "train") == sum(published(part, "train") or 0 for part in PARTS)
    assert published("anli_plus", "dev") == sum(published(part, "dev") or 0 for part in PARTS)
    assert published("squad", "train") == published("squad_v1", "train") == 87_599
    assert published("bucc2018", "test", "de") is None
