"""WikiAnn (PAN-X) as it was released: `de:Token TAB tag` lines, read as XTREME's preprocessing reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from xtreme_bench.benchmark import BIO_TAGS
from xtreme_bench.data.files import lines, reading
from xtreme_bench.data.release.conllu import Sentence
from xtreme_bench.errors import Problem


def read_wikiann(path: Path, language: str, dropped: Callable[[str], None]) -> Iterator[Sentence]:
    """The sentences of one file as (word, tag) lists; the second of two empty lines in a row is an empty sentence.

    The word is what follows the first colon, without white space around it. As XTREME does, a line without a tag ends
    the sentence and a line without a colon is left out; `dropped` is told of each. An empty last line is ignored.
    Errors: `InputError` with every unknown tag, after the last sentence.
    """
    sentence: Sentence = []
    ended = False
    with reading(path, f"WikiAnn in {language}") as faults:
        for number, line in lines(path, faults):
            if ended:
                yield sentence
                sentence, ended = [], False
            fields = line.strip().split("\t")
            if len(fields) != 2:
                ended = True
                if line.strip():
                    dropped("lines without a tag")
                continue
            _, colon, word = fields[0].partition(":")
            tag = fields[1].strip()
            if not colon:
                dropped("lines without a colon")
            elif tag not in BIO_TAGS:
                faults.append(Problem(f"unknown tag {tag!r}; known are {', '.join(BIO_TAGS)}", str(path), number))
            else:
                sentence.append((word.strip(), tag))
        if sentence or ended:
            yield sentence
