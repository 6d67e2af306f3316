"""udpos and panx: from treebanks and files in XTREME's form to training, development and test files."""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data.conllu import read_conllu
from xtreme_bench.data.formats import read_tagged
from xtreme_bench.data.layout import TAGGING_TASKS
from xtreme_bench.data.releases import Preparation, comparable
from xtreme_bench.rows import TaggedRow

UNSPACED = ("ja", "zh", "th")


def prepare_tagging(preparation: Preparation) -> None:
    """Write udpos and panx as far as their files were found."""
    for task in TAGGING_TASKS:
        for language in sorted(TASKS[task].languages):
            if language == "en":
                _train(preparation, task)
            _language(preparation, task, language)


def _train(preparation: Preparation, task: str) -> None:
    rows = _rows(preparation, task, "train", "en")
    if rows:
        _write(preparation, task, "train", "en", rows)
        preparation.text["en"] += [_sentence(row, "en") for row in rows]


def _language(preparation: Preparation, task: str, language: str) -> None:
    """The development and the test file of one language, and the labels of the latter where there are any."""
    dev = _rows(preparation, task, "dev", language)
    test = _rows(preparation, task, "test", language)
    if (not test or test[0].tags is None) and task in preparation.dev_as_test and dev:
        # The first half stays a development set: English needs one, and the others may give text to learn from.
        half = len(dev) // 2
        dev, test = dev[:half], dev[half:]
        remark = "test sets are the second half of the development sets, where no test set with labels was found"
        if remark not in preparation.remarks[task]:
            preparation.remarks[task].append(remark)
    if dev:
        _write(preparation, task, "dev", language, dev)
        preparation.text[language] += [_sentence(row, language) for row in dev]
    if test:
        preparation.held_out[language].update(comparable(_sentence(row, language)) for row in test)
        kept = preparation.first(test)
        _write(preparation, task, "test", language, kept)
        if kept[0].tags is None:
            preparation.remarks[task].append(f"{language}: no tags were found, so it can be predicted but not scored")
        else:
            preparation.write_labels(task, f"test-{language}.tsv", _blocks([row.tags or () for row in kept]))


def _rows(preparation: Preparation, task: str, split: str, language: str) -> Sequence[TaggedRow]:
    """The rows of one file. Test sets come from treebanks, which have tags; others rather from XTREME's own files."""
    treebanks = []
    if task == "udpos":
        found = preparation.files(rf"({language}_[a-z0-9]+)-ud-{split}\.conllu")
        treebanks = [path for _, path in sorted(found.items())]
    ready = preparation.files(rf"{task}/{split}-{language}\.tsv").get(())
    purpose = f"{split} data of {task} in {language}"
    if ready and (split != "test" or not treebanks):
        tags = None if split == "test" else TASKS[task].labels
        return read_tagged(preparation.use(task, ready), purpose, tags)
    sentences = [x for path in treebanks for x in read_conllu(preparation.use(task, path), language)]
    return [
        TaggedRow(str(i), tuple(word for word, _ in sentence), tuple(tag for _, tag in sentence))
        for i, sentence in enumerate(sentences)
    ]


def _sentence(row: TaggedRow, language: str) -> str:
    return ("" if language in UNSPACED else " ").join(row.words)


def _write(preparation: Preparation, task: str, split: str, language: str, rows: Sequence[TaggedRow]) -> None:
    if split == "test":
        blocks = [row.words for row in rows]
    else:
        blocks = [tuple(map("\t".join, zip(row.words, row.tags or (), strict=True))) for row in rows]
    preparation.write(f"{task}/{split}-{language}.tsv", _blocks(blocks))
    preparation.counts[task][f"{split} {language}"] = len(rows)


def _blocks(blocks: Sequence[Sequence[str]]) -> str:
    """One item per line, an empty line between sentences and none at the end, as in XTREME's files."""
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"
