"""The intermediate tasks other than SQuAD: from every released form to the one that is read.

Tasks in other languages than English go to a folder of the language below the task's.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from xtreme_bench.data import layout
from xtreme_bench.data.files import csv_rows, json_lines, lines, reading
from xtreme_bench.data.nli import NO_AGREEMENT, read_records
from xtreme_bench.data.releases import Preparation, cut
from xtreme_bench.data.sentence_pairs import read_xnli
from xtreme_bench.errors import Problem

TRAIN_SHARE = 0.9
QQP_TABS = 5  # between its six columns
_MNLI_FILE = "mnli/multinli_1.0_{}.jsonl"


def prepare_snli(preparation: Preparation) -> None:
    """Write SNLI from its JSON lines or its text files."""
    found = preparation.files("snli", "SNLI 1.0", "split", "ending")
    files = {split: _one_of(found, split, "jsonl", "txt") for split in layout.SPLITS}
    if files["train"] is None or files["dev"] is None:
        _whole_or_cut(preparation, "snli", files, "captionID")
        return
    for split, path in files.items():
        _nli(preparation, "snli", path, layout.intermediate_split_files("snli", split)[0], f"{split} en")


def prepare_mnli(preparation: Preparation) -> None:
    """Write MultiNLI from any of its forms, and its translations that XNLI comes with, with XNLI's dev sets."""
    released = preparation.files("mnli", "MultiNLI 1.0", "split", "ending")
    glue, jiant = (preparation.files("mnli", form, "split") for form in ("GLUE", "jiant"))
    for split, short in (("train", "train"), ("dev_matched", "val"), ("dev_mismatched", "")):
        path = _one_of(released, split, "jsonl", "txt") or glue.get((split,)) or jiant.get((short,))
        _nli(preparation, "mnli", path, _MNLI_FILE.format(split), f"{split} en")
    for (language,), path in sorted(preparation.files("xnli", "XNLI-MT-1.0", "language").items()):
        if language != "en":
            (file,) = layout.intermediate_split_files("mnli", "train", language)
            _nli(preparation, "mnli", path, file, f"train {language}")
            _translated_dev(preparation, language)


def _translated_dev(preparation: Preparation, language: str) -> None:
    """XNLI's development pairs in one language, beside the translated training pairs."""
    native = preparation.files("xnli", "XNLI-1.0", "split", "ending")
    path = _one_of(native, "dev", "tsv", "jsonl")
    if path is None:
        preparation.remark("mnli", f"{language}: there is no development set, as no XNLI-1.0 was found")
        return
    (file,) = layout.intermediate_split_files("mnli", "dev", language)
    with preparation.writing(file) as stream:
        for found, row in read_xnli(preparation.use("mnli", path), f"development data of mnli in {language}"):
            if found == language:
                record = {"pairID": row.id, "sentence1": row.text_a, "sentence2": row.text_b, "gold_label": row.label}
                stream.write(json.dumps(record, ensure_ascii=False) + "\n")
                preparation.count("mnli", f"dev {language}")


def _one_of(found: dict[tuple[str, ...], Path], split: str, *endings: str) -> Path | None:
    return next((found[split, ending] for ending in endings if (split, ending) in found), None)


def _nli(preparation: Preparation, task: str, path: Path | None, file: str, what: str) -> None:
    """Write the records of a file as JSON lines with the four keys that are read; released ones stay as they are."""
    if path is None:
        return
    as_released = path.name == Path(file).name
    with nullcontext() if as_released else preparation.writing(file) as stream:
        for record in read_records(preparation.use(task, path), f"{what} of {task}"):
            if record["gold_label"] == NO_AGREEMENT:
                preparation.count(task, f"{what}: pairs without agreement, not trained on")
            preparation.count(task, what)
            if stream is not None:
                stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    if as_released:
        preparation.copy(task, path, file)


def prepare_anli(preparation: Preparation) -> None:
    """Write ANLI's three rounds."""
    for (number, split), path in sorted(preparation.files("anli", "ANLI", "round", "split").items()):
        _lines_as_they_are(preparation, "anli", path, f"anli/R{number}/{split}.jsonl", f"{split} en")


def prepare_qqp(preparation: Preparation) -> None:
    """Write QQP; its rows with too few columns stay in the file, where reading passes over them."""
    for (split,), path in sorted(preparation.files("qqp", "GLUE", "split").items()):
        with reading(preparation.use("qqp", path), f"{split} of qqp") as faults:
            for number, line in lines(path, faults):
                short = line.count("\t") < QQP_TABS
                what = f"{split} en: rows broken off, not trained on" if short else f"{split} en"
                preparation.count("qqp", what, int(number > 1))
        preparation.copy("qqp", path, f"qqp/{split}.tsv")


def prepare_hellaswag(preparation: Preparation) -> None:
    """Write HellaSwag."""
    files = preparation.files("hellaswag", "HellaSwag", "split")
    named = {"train": files.get(("train",)), "dev": files.get(("val",))}
    _whole_or_cut(preparation, "hellaswag", named, "source_id")


def prepare_commonsenseqa(preparation: Preparation) -> None:
    """Write CommonsenseQA."""
    files = preparation.files("commonsenseqa", "CommonsenseQA", "split")
    _whole_or_cut(preparation, "commonsenseqa", {split: files.get((split,)) for split in layout.SPLITS}, "id")


def prepare_cosmosqa(preparation: Preparation) -> None:
    """Write CosmosQA."""
    files = preparation.files("cosmosqa", "CosmosQA", "split")
    named = {"train": files.get(("train",)), "dev": files.get(("valid",))}
    _whole_or_cut(preparation, "cosmosqa", named, "context")


def prepare_ccg(preparation: Preparation) -> None:
    """Write the supertags of CCGbank, in the form that jiant reads; the corpus itself needs a licence of the LDC."""
    for (split,), path in sorted(preparation.files("ccg", "jiant", "split").items()):
        if split == "tags":
            preparation.copy("ccg", path, layout.ccg_tags_file("en"))
        else:
            _lines_as_they_are(preparation, "ccg", path, f"ccg/ccg.{split}", f"{split} en")


def prepare_xcopa(preparation: Preparation) -> None:
    """Write XCOPA and English COPA as XTREME-R keeps them: test labels are 0 in the data, and gold in the labels."""
    parts: dict[tuple[str, str], Path] = {}
    for form, fields in (("XTREME", ("split", "language")), ("COPA", ("split",)), ("XCOPA", ("split", "language"))):
        for key, path in preparation.files("xcopa", form, *fields).items():
            parts[key[0], key[1] if len(key) > 1 else "en"] = path
    for (split, language), path in sorted(parts.items()):
        file = f"xcopa/{split}-{language}.jsonl"
        if split != "test":
            _lines_as_they_are(preparation, "xcopa", path, file, f"{split} {language}")
            continue
        with (
            reading(preparation.use("xcopa", path), f"test data of xcopa in {language}") as faults,
            preparation.writing(file) as stream,
            preparation.writing_labels("xcopa", f"test-{language}.tsv") as labels,
        ):
            for number, record in json_lines(path, faults):
                if "label" not in record:
                    faults.append(Problem("no `label`", str(path), number))
                    continue
                labels.write(f"{record['label']}\n")
                stream.write(json.dumps({**record, "label": 0}) + "\n")
                preparation.count("xcopa", f"test {language}")


def _lines_as_they_are(preparation: Preparation, task: str, path: Path, file: str, what: str) -> None:
    with reading(preparation.use(task, path), f"{what} of {task}") as faults:
        preparation.count(task, what, sum(1 for _, line in lines(path, faults) if line.strip()))
    preparation.copy(task, path, file)


def _whole_or_cut(preparation: Preparation, task: str, files: Mapping[str, Path | None], group: str) -> None:
    """Copy both splits; where there is only one, cut it in two at a change of the field `group`."""
    train, dev = files["train"], files["dev"]
    targets = [layout.intermediate_split_files(task, split)[0] for split in layout.SPLITS]
    if train and dev:
        for split, path, file in zip(layout.SPLITS, (train, dev), targets, strict=True):
            preparation.count(task, f"{split} en", _records(path))
            preparation.copy(task, path, file)
    elif only := train or dev:
        _cut(preparation, task, only, targets, group)


def _records(path: Path) -> int:
    with reading(path, "examples to count") as faults:
        if path.suffix == ".csv":
            return sum(1 for _ in csv_rows(path, faults, delimiter=",")) - 1
        return sum(1 for _ in json_lines(path, faults))


def _cut(preparation: Preparation, task: str, path: Path, targets: Sequence[str], group: str) -> None:
    preparation.use(task, path)
    header, rows, groups = _csv_lines(path, group) if path.suffix == ".csv" else _json_lines(path, group)
    at = cut(groups, TRAIN_SHARE)
    for split, file, part in zip(layout.SPLITS, targets, (rows[:at], rows[at:]), strict=True):
        preparation.write(file, header + "".join(part))
        preparation.count(task, f"{split} en", len(part))
    preparation.remark(
        task,
        f"only {path.name} was found: its first {at} examples are training data, the other {len(rows) - at} are "
        "development data",
    )


def _json_lines(path: Path, group: str) -> tuple[str, list[str], list[str]]:
    with reading(path, "examples to cut in two") as faults:
        groups = [json.dumps(record.get(group, number)) for number, record in json_lines(path, faults)]
        return "", [f"{line}\n" for _, line in lines(path, faults) if line.strip()], groups


def _csv_lines(path: Path, group: str) -> tuple[str, list[str], list[str]]:
    with reading(path, "examples to cut in two") as faults:
        header, *rows = [fields for _, fields in csv_rows(path, faults, delimiter=",")] or [[]]
        if not rows:
            faults.append(Problem("no rows", str(path)))
    column = header.index(group) if group in header else 0
    written = [_csv_line(row) for row in (header, *rows)]
    return written[0], written[1:], [row[column] for row in rows]


def _csv_line(fields: Sequence[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerow(fields)
    return stream.getvalue()
