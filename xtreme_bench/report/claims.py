"""What manifests say of runs: scores, languages of training, and which of several is the one to compare with.

A manifest may come from anybody. Its scores and files have been checked when it was read; the rest is taken with care.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xtreme_bench.benchmark import LANGUAGES, NEARNESS, TASKS
from xtreme_bench.bundle.manifest import accepted_code
from xtreme_bench.plan.why import code_differs

Manifest = Mapping[str, Any]
Scores = Mapping[str, Any]
# In the order of time; a manifest's keys are sorted by name.
_PHASES = {"pretraining": "pretraining", "intermediate": "intermediate tasks", "finetuning": "fine-tuning"}


def scores_of(manifest: Manifest) -> Scores:
    """The scores of a run; empty where there were no gold labels."""
    scores: Scores = manifest["scores"] or {}
    return scores


def trained(manifest: Manifest) -> list[tuple[str, list[str]]]:
    """What was trained in which languages, in order, as `trained_on` says; parts with the same languages as one."""
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for path, languages in sorted(_leaves(manifest["trained_on"]), key=_time):
        together.setdefault((path[0] if path else "", languages), []).extend(path[1:])
    return [
        (f"{_PHASES.get(phase, phase)}{f': {join}' if (join := ', '.join(parts)) else ''}", list(languages))
        for (phase, languages), parts in together.items()
    ]


def _time(leaf: tuple[tuple[str, ...], tuple[str, ...]]) -> int:
    phase = leaf[0][0] if leaf[0] else ""
    return [*_PHASES, phase].index(phase)


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)))
    elif isinstance(value, list):
        yield path, tuple(map(str, value))
    elif value is None and path:
        yield path, ("as the released model documents",)


def zero_shot(manifest: Manifest, task: str) -> list[str]:
    """The languages of a task that its model saw no task data in."""
    languages = manifest["zero_shot"].get(task)
    if isinstance(languages, list):
        return [code for code in TASKS[task].languages if code in languages]
    return [code for code in TASKS[task].languages if code != "en"]


def near(manifest: Manifest) -> list[tuple[str, list[str]]]:
    """The scored languages by how near they are to those of intermediate training; empty without any."""
    found = manifest.get("near")
    listed = {mark: found.get(mark) if isinstance(found, Mapping) else None for mark in NEARNESS}
    marked = {
        mark: [code for code in LANGUAGES if code in (codes if isinstance(codes, list) else ())]
        for mark, codes in listed.items()
    }
    return [(mark, codes) for mark, codes in marked.items() if codes]


def accepted(manifest: Manifest) -> list[tuple[str, str]]:
    """The stages whose results other code has made, and where that differs."""
    return [(name, code_differs(modules)) for name, modules in accepted_code(manifest).items()]


def reference_of(manifests: Sequence[Manifest]) -> int | None:
    """Which of several runs the others are compared with: the one that a recipe among them names as its baseline.

    Of two without that it is the first, as in `compare`; of more there is none.
    """
    names = [one["name"] for one in manifests]
    named = [one["recipe"].get("baseline") for one in manifests]
    for name in named:
        if name in names and names.count(name) == 1:
            return names.index(name)
    return 0 if len(manifests) == 2 else None
