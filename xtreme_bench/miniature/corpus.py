"""The small built-in corpora: every target and intermediate task, text and translations, written by seed.

The corpus has XTREME's download layout and holds no label of a test set; those are written separately, from the same
construction, in the official scorer's format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from xtreme_bench.errors import InputError
from xtreme_bench.miniature import realise
from xtreme_bench.miniature.dialogues import dialogue_files, dialogue_labels
from xtreme_bench.miniature.intermediate import intermediate_files
from xtreme_bench.miniature.params import Miniature
from xtreme_bench.miniature.retrieval import retrieval_files, retrieval_labels, text_files
from xtreme_bench.miniature.scope import File, Scope
from xtreme_bench.miniature.targets import target_files, target_labels
from xtreme_bench.stage.job import Job
from xtreme_bench.wording import hint

Part = tuple[Callable[[Scope], Iterator[File]], int]
Progress = Callable[[int, int, str], None]  # work done, in all, the file that is written
# Each with its share of the work: seconds at scale 1 on one core.
CORPUS: tuple[Part, ...] = (
    (target_files, 8),
    (dialogue_files, 1),
    (retrieval_files, 1),
    (intermediate_files, 16),
    (text_files, 10),
)
LABELS: tuple[Part, ...] = ((target_labels, 1), (dialogue_labels, 1), (retrieval_labels, 1))


def make_corpus(job: Job[Miniature]) -> dict[str, Any]:
    """Stage: write the corpora into `job.out`."""
    return {"files": write_corpus(job.out, **vars(job.params))}


def make_labels(job: Job[Miniature]) -> dict[str, Any]:
    """Stage: write the labels of the test sets into `job.out`."""
    return {"files": write_labels(job.out, **vars(job.params))}


def write_corpus(
    folder: Path,
    *,
    seed: int,
    scale: float,
    languages: Sequence[str],
    progress: Progress = lambda done, total, file: None,
) -> int:
    """Write all corpora below `folder`, without labels of test sets; returns the number of files.

    The same seed, scale and languages give the same bytes. Raises InputError for a language that has no grammar.
    """
    return _write(folder, CORPUS, _scope(seed, scale, languages), progress)


def write_labels(
    folder: Path,
    *,
    seed: int,
    scale: float,
    languages: Sequence[str],
    progress: Progress = lambda done, total, file: None,
) -> int:
    """Write `<task>/test-<language>.<tsv|json>` below `folder`; returns the number of files. Otherwise as above."""
    return _write(folder, LABELS, _scope(seed, scale, languages), progress)


def _scope(seed: int, scale: float, languages: Sequence[str]) -> Scope:
    """The build, its languages in the order of the realiser's list."""
    faults = [f"no miniature corpus in language {code!r}{hint(code, realise.LANGUAGES)}" for code in languages
              if code not in realise.LANGUAGES]  # fmt: skip
    if "en" not in languages:
        faults.append("the languages of a miniature corpus must include en, the language of training")
    if not scale > 0:
        faults.append(f"scale is {scale}, but must be above 0")
    if faults:
        raise InputError("; ".join(faults))
    return Scope(seed, scale, tuple(code for code in realise.LANGUAGES if code in languages))


def _write(folder: Path, parts: Sequence[Part], scope: Scope, progress: Progress) -> int:
    count, done, total = 0, 0, sum(share for _, share in parts)
    for part, share in parts:
        for path, text in part(scope):
            progress(done, total, path)
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
            count += 1
        done += share
    progress(done, total, f"{count} files")
    return count
