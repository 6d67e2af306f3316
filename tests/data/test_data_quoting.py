"""Copies of releases that a CSV writer made under the release's name are read as the release is, and it is said."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from data_samples import content, run, write

from xtreme_bench.data.quoting import csv_quoted

PAIRS = [['"Los" rief er .', "Er rief es ."], ["Ohne Zitat .", "Auch ohne ."], ['Er sagte "ja" .', 'Sie sagte "ja" .']]
PARAPHRASES = [["id", "sentence1", "sentence2", "label"], *([str(i), *pair, "1"] for i, pair in enumerate(PAIRS))]
TRANSLATED = [["premise", "hypo", "label"], *([*pair, "neutral"] for pair in PAIRS)]
XNLI = [
    ["language", "gold_label", "x", "x", "x", "x", "sentence1", "sentence2", "match"],
    *(["de", "neutral", "", "", "", "", *pair, "True"] for pair in PAIRS),
]
FILES = [
    ("x-final/de/test_2k.tsv", PARAPHRASES, ["data/pawsx/test-de.tsv", "labels/pawsx/test-de.tsv"]),
    ("x-final/en/train.tsv", PARAPHRASES, ["data/pawsx/train-en.tsv"]),
    ("x-final/de/translated_train.tsv", PARAPHRASES, ["data/qqp/de/train.tsv"]),
    ("xnli.test.tsv", XNLI, ["data/xnli/test-de.tsv"]),
    ("multinli.train.en.tsv", TRANSLATED, ["data/xnli/train-en.tsv"]),
    ("multinli.train.de.tsv", TRANSLATED, ["data/mnli/de/multinli_1.0_train.jsonl"]),
]


@pytest.mark.parametrize(("file", "rows", "made"), FILES)
def test_a_release_and_its_copy_with_csv_quoting_become_the_same_files(tmp_path, file, rows, made):
    write(tmp_path, f"released/in/{file}", "".join("\t".join(row) + "\n" for row in rows))
    copy = write(tmp_path, f"quoted/in/{file}", "")
    with copy.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter="\t", lineterminator="\n").writerows(rows)
    released, quoted = (run(tmp_path / folder) for folder in ("released", "quoted"))
    for path in made:
        assert content(tmp_path / "quoted" / path) == content(tmp_path / "released" / path)
    remark = f"{file} is not as released: a CSV writer made it; its quotes are undone"
    assert not any(remark in task["remarks"] for task in released.values())
    assert any(remark in task["remarks"] for task in quoted.values())


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('a\t"""b"" c"\n', True),
        ("a\tb\n", False),
        ('a\t"b" c\n', False),  # as released
        ('a\t"b"\n', False),  # a CSV writer quotes only what needs it
        ('a\t"""b"" c"\nd\t"e" f\n', False),  # one line that no CSV writer makes
        ('a\t"b\n', False),
    ],
)
def test_a_file_is_csv_only_if_every_line_with_a_quote_is(tmp_path, text, quoted):
    assert csv_quoted(write(tmp_path, "a.tsv", text)) is quoted


@pytest.mark.skipif("XTREME_BENCH_REAL_DATA" not in os.environ, reason="needs released PAWS-X")
def test_real_copies_are_told_from_the_real_release():
    root = Path(os.environ["XTREME_BENCH_REAL_DATA"]) / "pawsx"
    copies = sorted((root / "labelled-test-other-source").glob("*.tsv"))
    released = sorted((root / "x-final/ko").glob("*.tsv"))
    assert [csv_quoted(path) for path in copies] == [True, True]
    assert [csv_quoted(path) for path in released] == [False, False]
