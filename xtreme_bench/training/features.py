"""The stage that tokenises: rows are read in a stream and become examples on disk, once for all that need them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from xtreme_bench.data.corpora import Corpus
from xtreme_bench.data.dialogues import OUTSIDE
from xtreme_bench.data.usable import percent
from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.examples import Example, Examples, write
from xtreme_bench.training.families import Family, choice, classification, dialogue, masking, passages, qa, tagging
from xtreme_bench.training.params import Features

FAMILIES: dict[str, Family] = {
    "classification": classification,
    "choice": choice,
    "tagging": tagging,
    "qa": qa,
    "dialogue": dialogue,
}
TOKENISE = {
    **{name: family.features for name, family in FAMILIES.items()},
    "masking": masking.features,
    "passages": passages.features,
}
# Rows that are tokenised together.
BATCH = 2048

In = TypeVar("In")
Out = TypeVar("Out")


def features(job: Job[Features]) -> dict[str, Any]:
    """Tokenise a corpus; writes a folder of examples for each of its parts to `job.out`.

    Inputs: data, encoder (only its tokenizer is read). Facts: rows, examples and tokens of each part, what the
    corpus's format leaves out, and what was cut to fit `max_length`.
    """
    encoders.single_threaded_tokenizers()
    corpus = job.params.corpus.open(job.inputs["data"])
    tokenizer = encoders.load_tokenizer(job.inputs["encoder"])
    facts: dict[str, Any] = {"rows": {}, "examples": {}, "tokens": {}, "dropped": {}, "cut": {}}
    for number, part in enumerate(corpus.parts):
        dropped: Counter[str] = Counter()
        cut: Counter[str] = Counter()
        tell = _progress(job, corpus, number, part)
        tell(0)
        made = tokenise(corpus, part, tokenizer, job.out / part, dropped, job.params.threads, tell, cut)
        facts["rows"][part], facts["examples"][part], facts["tokens"][part] = made.rows, len(made), made.tokens
        if dropped:
            facts["dropped"][part] = dict(dropped)
        if cut:
            facts["cut"][part] = dict(cut)
    return {**facts, "summary": _summary(facts)}


def tokenise(
    corpus: Corpus,
    part: str,
    tokenizer: Any,
    folder: Path,
    dropped: Counter[str],
    threads: int,
    progress: Callable[[int], None] = lambda rows: None,
    cut: Counter[str] | None = None,
) -> Examples:
    """Write the examples of one part of a corpus to a new folder, in the order of its rows, and open them.

    `threads` tokenise at a time; in memory are only the batches of rows that they work on. `progress` is told how
    many rows are done, `cut` counts what did not fit.
    """
    made = TOKENISE[corpus.family]

    def examples(rows: Sequence[Any]) -> list[Example]:
        return made(rows, tokenizer, corpus.labels, corpus.limits)

    def numbered() -> Iterator[tuple[int, list[Example]]]:
        first = 0
        for rows, made in _in_order(examples, _batches(corpus.parts[part](dropped)), threads):
            yield first, made
            if cut is not None:
                cut.update(what for example in made for what in example.cut)
            first += len(rows)
            progress(first)

    write(folder, numbered())
    return Examples(folder)


def _batches(rows: Iterator[In]) -> Iterator[list[In]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _in_order(function: Callable[[In], Out], items: Iterable[In], threads: int) -> Iterator[tuple[In, Out]]:
    """(item, what `function` makes of it) in the order of the items, computed by threads, which run a little ahead."""
    waiting: deque[tuple[In, Future[Out]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append((item, pool.submit(function, item)))
            if len(waiting) > threads + 1:
                item, future = waiting.popleft()
                yield item, future.result()
        for item, future in waiting:
            yield item, future.result()


def _progress(job: Job[Features], corpus: Corpus, number: int, part: str) -> Callable[[int], None]:
    """A file's number of rows is not known before its end: the bar shows the parts, the note the rows."""
    return lambda rows: job.progress(number, len(corpus.parts), f"{corpus.name} {part}, {rows:,} rows")


def _summary(facts: dict[str, Any]) -> str:
    rows = sum(facts["rows"].values())
    left_out, cut = (sum(map(Counter, facts[kind].values()), Counter[str]()) for kind in ("dropped", "cut"))
    values = left_out.pop(OUTSIDE, 0)  # these stand in rows that stay
    every = rows + left_out.total()
    said = [f"{rows:,} rows", *([f"{values:,} {OUTSIDE}"] if values else [])]
    said += [f"{count:,} {reason} left out ({percent(count, every)})" for reason, count in left_out.items()]
    return ", ".join([*said, *(f"{count:,} {reason}" for reason, count in cut.items())])
