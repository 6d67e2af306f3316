"""The intermediate tasks other than SQuAD: from every released form to the one that readers take.

Tasks in a language other than English go to a folder of the language below the task's.
"""

from __future__ import annotations

import csv
import io
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_bench.data import intermediate, layout
from xtreme_bench.data.files import csv_rows, json_lines, json_texts, reading, some
from xtreme_bench.data.nli import NO_AGREEMENT, read_records
from xtreme_bench.data.release.preparation import NOT_USED, Preparation, cut, joined
from xtreme_bench.data.release.xnli_pawsx import FAILED_TRANSLATION, read_x_final, read_xnli
from xtreme_bench.data.usable import LeftOut
from xtreme_bench.errors import Problem
from xtreme_bench.intermediate import SPLITS

TRAIN_SHARE = 0.9
_NOT_AGREED = f": pairs without agreement{NOT_USED}"
_MNLI_FILE = "mnli/multinli_1.0_{}.jsonl"


def prepare_snli(preparation: Preparation) -> None:
    """Write SNLI from its JSON lines or its text files."""
    found = preparation.files("snli", "SNLI 1.0", "split", "ending")
    files = {split: _one_of(found, split, "jsonl", "txt") for split in SPLITS}
    only = files["train"] or files["dev"]
    if only is not None and not all(files.values()):
        _cut(preparation, "snli", only, _agreed(preparation, only))
        return
    for split, path in files.items():
        file = layout.intermediate_split_files("snli", split)[0]
        _nli(preparation, "snli", path, file, f"{split} en", preparation.unusable)


def _agreed(preparation: Preparation, path: Path) -> Iterator[tuple[str, str]]:
    """(premise, line to write) of each pair of SNLI that has a gold label."""
    for record in read_records(preparation.use("snli", path), "pairs of snli to cut in two"):
        if record["gold_label"] == NO_AGREEMENT:
            preparation.count("snli", "dropped: pairs without agreement")
        else:
            yield record["sentence1"], json.dumps(record, ensure_ascii=False) + "\n"


def prepare_mnli(preparation: Preparation) -> None:
    """Write MultiNLI from any of its forms, and its translations that XNLI comes with, with XNLI's dev sets."""
    released = preparation.files("mnli", "MultiNLI 1.0", "split", "ending")
    glue, jiant = (preparation.files("mnli", form, "split") for form in ("GLUE", "jiant"))
    translated = {code: path for (code,), path in preparation.files("xnli", "XNLI-MT-1.0", "language").items()}
    # Translations are matched by position, and a row that is left out would shift those below it.
    unusable = 0 if translated.keys() - {"en"} else preparation.unusable
    for split, short in (("train", "train"), ("dev_matched", "val"), ("dev_mismatched", "")):
        path = _one_of(released, split, "jsonl", "txt") or glue.get((split,)) or jiant.get((short,))
        _nli(preparation, "mnli", path, _MNLI_FILE.format(split), f"{split} en", unusable)
    for language, path in sorted(translated.items()):
        if language != "en":
            (file,) = layout.intermediate_split_files("mnli", "train", language)
            _nli(preparation, "mnli", path, file, f"train {language}", unusable)
            _translated_dev(preparation, language)


def _translated_dev(preparation: Preparation, language: str) -> None:
    """XNLI's development pairs in one language, beside the translated training pairs."""
    native = preparation.files("xnli", "XNLI-1.0", "split", "ending")
    path = _one_of(native, "dev", "tsv", "jsonl")
    if path is None:
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


def _nli(preparation: Preparation, task: str, path: Path | None, file: str, what: str, unusable: float) -> None:
    """Write the records of a file as JSON lines with the four keys that are read; released ones are unchanged.

    The share `unusable` of them may be left out.
    """
    if path is None:
        return
    as_released = path.name == Path(file).name
    if path.suffix != ".jsonl":
        preparation.say_if_quoted(task, path)
    with nullcontext() if as_released else preparation.writing(file) as stream:
        left_out = LeftOut(unusable)
        for record in read_records(preparation.use(task, path), f"{what} of {task}", left_out if unusable else None):
            preparation.count(task, what + (_NOT_AGREED if record["gold_label"] == NO_AGREEMENT else ""))
            if stream is not None:
                stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    preparation.count_left_out(task, what, left_out)
    if as_released:
        preparation.copy(task, path, file)


def prepare_anli(preparation: Preparation) -> None:
    """Write ANLI's three rounds."""
    for (number, split), path in sorted(preparation.files("anli", "ANLI", "round", "split").items()):
        _as_it_is(preparation, "anli", path, f"anli/R{number}/{split}.jsonl", f"{split} en")


def prepare_qqp(preparation: Preparation) -> None:
    """Write QQP; its rows with too few columns stay in the file, and the reader skips them.

    Nobody has translated it. In other languages PAWS-X's translated training pairs take its place.
    """
    for (split,), path in sorted(preparation.files("qqp", "GLUE", "split").items()):
        preparation.say_if_quoted("qqp", path)
        _as_it_is(preparation, "qqp", path, f"qqp/{split}.tsv", f"{split} en")
    for (split, language), path in sorted(preparation.files("pawsx", "x-final", "split", "language").items()):
        if split == "translated_train" and language != "en":
            _from_pawsx(preparation, language, path)


def _from_pawsx(preparation: Preparation, language: str, path: Path) -> None:
    """PAWS-X's training pairs in one language in QQP's form, without those whose translation failed."""
    what = f"train {language}"
    left_out = LeftOut(preparation.unusable)
    preparation.say_if_quoted("qqp", path)
    with preparation.writing(layout.intermediate_split_files("qqp", "train", language)[0]) as stream:
        stream.write("\t".join(intermediate.QQP_COLUMNS) + "\n")
        for row in read_x_final(preparation.use("qqp", path), f"{what} of qqp", left_out):
            if FAILED_TRANSLATION in (row.text_a, row.text_b):
                left_out.counts["pairs whose translation failed"] += 1
            else:
                stream.write(f"{row.id}\t\t\t{row.text_a}\t{row.text_b}\t{row.label}\n")
                preparation.count("qqp", what)
    preparation.count_left_out("qqp", what, left_out)
    made = "made from pawsx's training data in this language, so what trains on it is not zero-shot on pawsx there"
    preparation.remark("qqp", f"{language}: {made}")


def prepare_hellaswag(preparation: Preparation) -> None:
    """Write HellaSwag."""
    files = preparation.files("hellaswag", "HellaSwag", "split")
    _whole_or_cut(preparation, "hellaswag", {"train": files.get(("train",)), "dev": files.get(("val",))}, "source_id")


def prepare_commonsenseqa(preparation: Preparation) -> None:
    """Write CommonsenseQA."""
    files = preparation.files("commonsenseqa", "CommonsenseQA", "split")
    _whole_or_cut(preparation, "commonsenseqa", {split: files.get((split,)) for split in SPLITS}, "id")


def prepare_cosmosqa(preparation: Preparation) -> None:
    """Write CosmosQA."""
    files = preparation.files("cosmosqa", "CosmosQA", "split")
    _whole_or_cut(preparation, "cosmosqa", {"train": files.get(("train",)), "dev": files.get(("valid",))}, "context")


def prepare_ccg(preparation: Preparation) -> None:
    """Write the supertags of CCGbank, in the form that jiant reads; the corpus itself needs a licence from the LDC."""
    files = preparation.files("ccg", "jiant", "split")
    numbered = files.pop(("tags",), None)
    if numbered is None:
        if files:
            preparation.remark("ccg", "left out: its list of tags, tags_to_id.json, was not found")
        return
    tags = intermediate.read_labels(preparation.use("ccg", numbered), "ccg", "en")
    preparation.copy("ccg", numbered, *layout.label_files("ccg", ["en"]))
    for (split,), path in sorted(files.items()):
        read = partial(intermediate.read_ccg, preparation.use("ccg", path), f"{split} of ccg", tags)
        deque(preparation.count_rows("ccg", f"{split} en", read), maxlen=0)
        preparation.copy("ccg", path, f"ccg/ccg.{split}")


def prepare_xcopa(preparation: Preparation) -> None:
    """Write XCOPA and English COPA as XTREME-R keeps them: test labels are 0 in the data, and gold in the labels."""
    parts: dict[tuple[str, str], Path] = {}
    for form, fields in (("XTREME", ("split", "language")), ("COPA", ("split",)), ("XCOPA", ("split", "language"))):
        for key, path in preparation.files("xcopa", form, *fields).items():
            parts[key[0], key[1] if len(key) > 1 else "en"] = path
    for (split, language), path in sorted(parts.items()):
        file, what = f"xcopa/{split}-{language}.jsonl", f"{split} {language}"
        records = _xcopa(preparation.use("xcopa", path), f"{what} of xcopa", labelled=split != "test")
        preparation.count("xcopa", what, len(records))
        if split != "test":
            preparation.copy("xcopa", path, file)
            continue
        preparation.write(file, joined(json.dumps({**record, "label": 0}) for record in records))
        # English COPA is released without test labels, and in XTREME's own copies all are 0.
        if any(record.get("label") for record in records):
            gold = joined(str(record["label"]) for record in records)
            preparation.write_labels("xcopa", f"test-{language}.tsv", gold)
        else:
            preparation.remark("xcopa", f"{language}: no labels were found, so it can be predicted but not scored")


def _xcopa(path: Path, purpose: str, *, labelled: bool) -> list[dict[str, Any]]:
    """The records of a file. If `labelled`, or if one record has a label, all need one."""
    texts = ("premise", "choice1", "choice2", "question")
    with reading(path, purpose) as faults:
        found = list(json_lines(path, faults))
        labelled = labelled or any("label" in record for _, record in found)
        for number, record in found:
            wrong = [key for key in texts if not isinstance(record.get(key), str)]
            if wrong:
                faults.append(Problem(f"missing or not text: {', '.join(wrong)}", str(path), number))
            if labelled and record.get("label") not in (0, 1):
                faults.append(Problem("a `label` of 0 or 1 expected", str(path), number))
    return [record for _, record in found]


def _as_it_is(preparation: Preparation, task: str, path: Path, file: str, what: str) -> None:
    """Check a file that has the form that is read, count its rows and those left out, and copy it."""
    read = partial(intermediate.read_file, task, preparation.use(task, path), f"{what} of {task}")
    rows = preparation.count_rows(task, what, read)
    deque(some(rows, f"{path} ({what} of {task}) holds no examples"), maxlen=0)
    preparation.copy(task, path, file)


def _whole_or_cut(preparation: Preparation, task: str, files: Mapping[str, Path | None], group: str) -> None:
    """Copy both splits; if there is only one, cut it in two at a change of the field `group`."""
    found = {split: path for split, path in files.items() if path is not None}
    if len(found) == len(SPLITS):
        for split, path in found.items():
            _as_it_is(preparation, task, path, layout.intermediate_split_files(task, split)[0], f"{split} en")
        return
    for path in found.values():
        rows = intermediate.read_file(task, preparation.use(task, path), f"data of {task} to cut in two")
        deque(some(rows, f"{path} (data of {task}) holds no examples"), maxlen=0)
        header, examples = _csv_examples(path, group) if path.suffix == ".csv" else ("", _json_examples(path, group))
        _cut(preparation, task, path, examples, header)


def _cut(
    preparation: Preparation, task: str, path: Path, examples: Iterable[tuple[str, str]], header: str = ""
) -> None:
    """Cut `examples`, given as (group, text in the file), in two; both files begin with `header`."""
    groups, texts = zip(*some(iter(examples), f"{path} holds no examples"), strict=True)
    at = cut(groups, TRAIN_SHARE)
    for split, part in zip(SPLITS, (texts[:at], texts[at:]), strict=True):
        preparation.write(layout.intermediate_split_files(task, split)[0], header + "".join(part))
        preparation.count(task, f"{split} en", len(part))
    preparation.remark(
        task,
        f"only {path.name} was found: its first {at} examples are training data, the other {len(texts) - at} are "
        "development data",
    )


def _json_examples(path: Path, group: str) -> list[tuple[str, str]]:
    with reading(path, "examples to cut in two") as faults:
        found = [text for _, text in json_texts(path, faults)]
    return [(json.dumps(json.loads(text).get(group, i)), f"{text}\n") for i, text in enumerate(found)]


def _csv_examples(path: Path, group: str) -> tuple[str, list[tuple[str, str]]]:
    with reading(path, "examples to cut in two") as faults:
        header, *rows = [fields for _, fields in csv_rows(path, faults, delimiter=",")]
    column = header.index(group)
    return _csv_line(header), [(row[column], _csv_line(row)) for row in rows]


def _csv_line(fields: Sequence[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerow(fields)
    return stream.getvalue()
