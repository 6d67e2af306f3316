"""Reading and tokenising: rows per second and peak memory, compared with `datasets.map` on the same files.

    python benchmarks/data.py [--data FOLDER] [--treebanks FOLDER] [--tokenizer FOLDER] [--rows TASK=N ...]

`--data` is a folder in the download layout; its xnli, udpos and panx files are shuffled and repeated to the size of the
task. Without it, the built-in corpora are used. Every measurement runs in its own process. Its memory is the
proportional set size, summed over its child processes and sampled four times per second. On a busy machine, rows per
CPU second are more reliable than rows per second. Imports and loading the tokenizer are not timed. Without
`--tokenizer`, a unigram model, as in XLM-R, is trained on the data.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tabulate import tabulate

# MultiNLI's training set; for udpos and panx many times what one language has.
ROWS = {"mnli": 392_702, "udpos": 250_000, "panx": 600_000}
MAX_LENGTH = 128
VOCABULARY = 50_000
CORES = len(os.sched_getaffinity(0))


def main() -> None:
    arguments = _arguments()
    if arguments.child:
        print(json.dumps(globals()[f"child_{arguments.child}"](arguments.task, Path(arguments.work))))
        return
    rows = {**ROWS, **{name: int(count) for name, _, count in (text.partition("=") for text in arguments.rows)}}
    with tempfile.TemporaryDirectory(prefix="data-", dir=arguments.work) as folder:
        work = Path(folder)
        _simulate(arguments.data or _miniature(work / "miniature"), work / "data", rows)
        if arguments.tokenizer:
            shutil.copytree(arguments.tokenizer, work / "tokenizer")
        else:
            _train_tokenizer(work)
        print(f"{platform.machine()}, {CORES} cores, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}\n")
        print(tabulate([_compare(task, work, count, arguments.repeat) for task, count in rows.items()], HEADINGS))
        if arguments.treebanks:
            print("\n" + _treebanks(arguments.treebanks, work))


HEADINGS = (
    "task", "rows", "ours, rows/s", "map, rows/s", "ratio", "ours, rows/CPU s", "map, rows/CPU s", "ratio",
    "ours, MB", "map, MB", "again: open, s", "examples/s", "map again: open, s", "examples/s",
)  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder in the download layout")
    parser.add_argument("--treebanks", type=Path, help="a folder with .conllu files")
    parser.add_argument("--tokenizer", type=Path, help="a folder with a fast tokenizer")
    parser.add_argument("--rows", nargs="*", default=[], metavar="TASK=N", help=f"default: {ROWS}")
    parser.add_argument("--repeat", type=int, default=2, help="runs of each measurement; the best counts")
    parser.add_argument("--work", default=None, help="where temporary files go")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    return parser.parse_args()


def _compare(task: str, work: Path, rows: int, repeat: int) -> list[Any]:
    # Alternate, so that noise on the machine affects both.
    runs = [(_measure("ours", task, work), _measure("map", task, work)) for _ in range(repeat)]
    ours, mapped = (min(side, key=lambda run: run["seconds"]) for side in zip(*runs, strict=True))
    again, mapped_again = _measure("ours_again", task, work), _measure("map_again", task, work)
    return [
        task,
        f"{rows:,}",
        f"{rows / ours['seconds']:,.0f}",
        f"{rows / mapped['seconds']:,.0f}",
        f"{mapped['seconds'] / ours['seconds']:.2f}",
        f"{rows / ours['cpu']:,.0f}",
        f"{rows / mapped['cpu']:,.0f}",
        f"{mapped['cpu'] / ours['cpu']:.2f}",
        f"{ours['memory']:.0f}",
        f"{mapped['memory']:.0f}",
        f"{again['open']:.2f}",
        f"{again['speed']:,.0f}",
        f"{mapped_again['open']:.2f}",
        f"{mapped_again['speed']:,.0f}",
    ]


def _measure(child: str, task: str, work: Path) -> dict[str, float]:
    """Run a child process. Returns the numbers that it prints, and the peak memory (MB) of all its processes."""
    command = [sys.executable, __file__, "--child", child, "--task", task, "--work", str(work)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HOME": str(work / "hf")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    peak = 0.0

    def sample() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, sum(map(_proportional_memory, _tree(process.pid))))
            time.sleep(0.25)

    sampler = threading.Thread(target=sample)
    sampler.start()
    out, _ = process.communicate()
    sampler.join()
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with code {process.returncode}")
    found: dict[str, float] = json.loads(out.splitlines()[-1])
    return {**found, "memory": peak}


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = file.read_text().split()
        except OSError:  # the thread has ended
            continue
        for child in children:
            yield from _tree(int(child))


def _proportional_memory(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def _miniature(folder: Path, scale: float = 1.0) -> Path:
    from xtreme_bench.miniature.corpus import make_corpus
    from xtreme_bench.miniature.params import Miniature
    from xtreme_bench.stage.job import Job

    folder.mkdir(parents=True)
    make_corpus(Job(Miniature(seed=1, scale=scale, languages=("en", "de", "sw", "zh")), {}, folder, folder))
    return folder


def _simulate(source: Path, data: Path, rows: dict[str, int]) -> None:
    """Write the training file of each task in the wanted size. Every repetition has a new order."""
    pairs = [text for path in sorted(source.glob("xnli/dev-*.tsv")) for text in path.read_text("utf-8").splitlines()]
    records = []
    for at, line in enumerate(pairs):
        sentence1, sentence2, label = line.split("\t")
        record = {"pairID": str(at), "sentence1": sentence1, "sentence2": sentence2, "gold_label": label}
        records.append(json.dumps(record, ensure_ascii=False) + "\n")
    _repeat(records, rows["mnli"], data / "mnli/multinli_1.0_train.jsonl")
    for task in ("udpos", "panx"):
        files = [*source.glob(f"{task}/train-*.tsv"), *source.glob(f"{task}/dev-*.tsv")]
        blocks = [block.strip("\n") for path in sorted(files) for block in path.read_text("utf-8").split("\n\n")]
        _repeat([f"{block}\n\n" for block in blocks if block], rows[task], data / f"{task}/train-en.tsv")


def _repeat(records: list[str], count: int, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    generator = random.Random(1)
    with file.open("w", encoding="utf-8", newline="") as stream:
        for begin in range(0, count, len(records)):
            generator.shuffle(records)
            stream.writelines(records[: count - begin])


def _train_tokenizer(work: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=VOCABULARY, special_tokens=special, unk_token="<unk>", show_progress=False
    )

    def texts() -> Iterator[str]:
        with (work / "data/mnli/multinli_1.0_train.jsonl").open(encoding="utf-8") as stream:
            for _, line in zip(range(30_000), stream, strict=False):
                record = json.loads(line)
                yield from (record["sentence1"], record["sentence2"])

    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {"cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(str(work / "tokenizer"))


def _tokenizer(work: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(work / "tokenizer"), use_fast=True, local_files_only=True)


def child_ours(task: str, work: Path) -> dict[str, float]:
    from xtreme_bench.data.corpora import IntermediateChoice, SourceChoice
    from xtreme_bench.data.usable import MOST_UNUSABLE
    from xtreme_bench.training.features import tokenise

    tokenizer = _tokenizer(work)
    limits: Any = {"max_length": MAX_LENGTH, "stride": None, "evaluate_on": 0, "unusable": MOST_UNUSABLE}
    if task == "mnli":
        corpus = IntermediateChoice(task, ("en",), ("en",), None, **limits).open(work / "data")
    else:
        corpus = SourceChoice(source=task, examples=0, retrain=False, others=None, **limits).open(work / "data")
    shutil.rmtree(work / f"ours-{task}", ignore_errors=True)
    begun, used = time.monotonic(), _cpu()
    tokenise(corpus, "train", tokenizer, work / f"ours-{task}", Counter(), CORES)
    return {"seconds": time.monotonic() - begun, "cpu": _cpu() - used}


def _cpu() -> float:
    """CPU seconds of this process and of its finished child processes."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def child_ours_again(task: str, work: Path) -> dict[str, float]:
    from xtreme_bench.training.examples import Examples, lengths

    begun = time.monotonic()
    examples = Examples(work / f"ours-{task}")
    lengths(examples)
    return {"open": time.monotonic() - begun, "speed": _speed(examples)}


def child_map(task: str, work: Path) -> dict[str, float]:
    tokenizer = _tokenizer(work)
    shutil.rmtree(work / f"map-{task}", ignore_errors=True)
    begun, used = time.monotonic(), _cpu()
    _mapped(task, work, tokenizer)
    return {"seconds": time.monotonic() - begun, "cpu": _cpu() - used}


def child_map_again(task: str, work: Path) -> dict[str, float]:
    tokenizer = _tokenizer(work)
    begun = time.monotonic()
    mapped = _mapped(task, work, tokenizer)
    return {"open": time.monotonic() - begun, "speed": _speed(mapped)}


def _speed(examples: Any) -> float:
    """Examples per second, read one by one in random order, as in training."""
    order = random.Random(1).sample(range(len(examples)), min(len(examples), 20_000))
    begun = time.monotonic()
    for at in order:
        examples[at]
    return len(order) / (time.monotonic() - begun)


def _mapped(task: str, work: Path, tokenizer: Any) -> Any:
    """The same work with `datasets`, as in its documentation."""
    from datasets import load_dataset

    cache = str(work / f"map-{task}")
    if task == "mnli":
        file = str(work / "data/mnli/multinli_1.0_train.jsonl")
        dataset = load_dataset("json", data_files=file, split="train", cache_dir=cache)
        labels = {"entailment": 0, "contradiction": 1, "neutral": 2}
    else:
        file = str(work / f"data/{task}/train-en.tsv")
        dataset = load_dataset("text", data_files=file, split="train", cache_dir=cache, sample_by="paragraph")
        from xtreme_bench.data.targets import labels as names

        labels = {name: number for number, name in enumerate(names(task, work / "data"))}

    def encode_pairs(rows: dict[str, list[str]]) -> dict[str, Any]:
        encoded = tokenizer(
            rows["sentence1"], rows["sentence2"], truncation=True, max_length=MAX_LENGTH,
            return_attention_mask=False, return_token_type_ids=False,
        )  # fmt: skip
        return {"input_ids": encoded["input_ids"], "label": [labels[label] for label in rows["gold_label"]]}

    def encode_words(rows: dict[str, list[str]]) -> dict[str, Any]:
        sentences = [[line.split("\t") for line in text.split("\n")] for text in rows["text"]]
        words = [[fields[0] for fields in sentence] for sentence in sentences]
        encoded = tokenizer(
            words, is_split_into_words=True, truncation=True, max_length=MAX_LENGTH, return_attention_mask=False
        )
        tagged = []
        for at, sentence in enumerate(sentences):
            before, tags = None, []
            for word in encoded.word_ids(at):
                tags.append(-100 if word is None or word == before else labels[sentence[word][1]])
                before = word
            tagged.append(tags)
        return {"input_ids": encoded["input_ids"], "labels": tagged}

    encode: Callable[[Any], Any] = encode_pairs if task == "mnli" else encode_words
    return dataset.map(encode, batched=True, num_proc=CORES, remove_columns=dataset.column_names)


def child_conllu(task: str, work: Path) -> dict[str, float]:
    from xtreme_bench.data.release.conllu import read_conllu

    begun, sentences = time.monotonic(), 0
    with (work / "treebank.tsv").open("w", encoding="utf-8", newline="") as stream:
        for sentence in read_conllu(work / "treebank.conllu", "de", lambda reason: None):
            stream.write("".join(f"{word}\t{tag}\n" for word, tag in sentence) + "\n")
            sentences += 1
    return {"seconds": time.monotonic() - begun, "sentences": sentences}


def _treebanks(source: Path, work: Path) -> str:
    """Convert treebanks to the format of XTREME: all .conllu files, repeated up to 500 MB."""
    files = sorted(source.rglob("*.conllu"))
    with (work / "treebank.conllu").open("wb") as stream:
        while stream.tell() < 500 << 20:
            for file in files:
                stream.write(file.read_bytes())
    found = _measure("conllu", "udpos", work)
    size = (work / "treebank.conllu").stat().st_size / 1e6
    return (
        f"treebanks: {found['sentences']:,.0f} sentences ({size:,.0f} MB) in {found['seconds']:.1f} s, "
        f"{found['sentences'] / found['seconds']:,.0f} a second, {found['memory']:.0f} MB of memory"
    )


if __name__ == "__main__":
    main()
