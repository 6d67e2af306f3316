"""What manifests claim about runs: scores, training languages, and which run is the reference of a comparison.

A manifest is untrusted input. Its scores and files were checked when it was read; the code here checks the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from xtreme_bench.benchmark import LANGUAGES, NEARNESS, TASKS, of_group
from xtreme_bench.bundle import composed
from xtreme_bench.bundle.manifest import accepted_code
from xtreme_bench.plan.why import code_differs
from xtreme_bench.wording import listing, one_line

Manifest = Mapping[str, Any]
Scores = Mapping[str, Any]
# In the order of training; the keys of a manifest are sorted by name.
_PHASES = {
    "pretraining": "pretraining",
    "intermediate": "intermediate tasks",
    "items_differ": "intermediate tasks whose items differ by language",
    "mlm": "masked text beside them",
    "finetuning": "fine-tuning",
}


def scores_of(manifest: Manifest) -> Scores:
    """The scores of a run; empty if there were no gold labels."""
    scores: Scores = manifest["scores"] or {}
    return scores


def claimed(manifests: Sequence[Manifest], computed: Collection[int]) -> list[Manifest]:
    """The runs, named so that tables say whose scores are claimed only. `computed`: the indices of the others."""
    return [one if at in computed else {**one, "name": f"{one['name']}, claimed"} for at, one in enumerate(manifests)]


def whose_scores(manifests: Sequence[Manifest], computed: Collection[int]) -> str:
    """Where the scores of some runs come from, in a sentence; `computed` as in `claimed`."""
    names = [one["name"] for at, one in enumerate(manifests) if at not in computed and scores_of(one)]
    if names:
        whose = f"The scores of {listing(names)}" if computed else "The scores"
        return f"{whose} are what the manifest of a bundle claims: nothing here has checked them."
    return "The scores were computed here, from predictions and gold labels." if computed else ""


def trained(manifest: Manifest) -> list[tuple[str, list[str]]]:
    """The training phases in order, each with its languages, from `trained_on`; equal languages are merged."""
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
    """The languages of a task without labelled training data for its model."""
    languages = manifest["zero_shot"].get(task)
    if languages is not None:
        return [code for code in TASKS[task].languages if code in languages]
    return [code for code in TASKS[task].languages if code != "en"]


def tuned(manifests: Iterable[Manifest]) -> list[str]:
    """For runs that predict retrieval from a released encoder: what its authors had tuned that for, in a sentence."""
    names: dict[str, dict[str, None]] = {}
    files = {TASKS[task].file(code) for task in of_group("retrieval") for code in TASKS[task].languages}
    for one in manifests:
        what = one.get("released", {}).get("tuned_for")
        if isinstance(what, str) and not files.isdisjoint(one["files"]):
            names.setdefault(one_line(what), {})[one_line(one["name"])] = None
    return [f"The encoder that {listing(found)} began with was tuned for {what}." for what, found in names.items()]


def near(manifest: Manifest) -> list[tuple[str, list[str]]]:
    """The scored languages by how near they are to those of intermediate training; empty without any."""
    found = manifest.get("near", {})
    marked = {mark: [code for code in LANGUAGES if code in found.get(mark, ())] for mark in NEARNESS}
    return [(mark, codes) for mark, codes in marked.items() if codes]


def origins(manifest: Manifest) -> dict[str, str]:
    """Target -> the recipe that it is from; empty if the run is not composed of others."""
    return {task: one_line(name) for task, name in composed.origins(manifest).items()}


def accepted(manifest: Manifest) -> list[tuple[str, str]]:
    """(stage, differing modules) of each result that other code made."""
    return [(name, code_differs(modules)) for name, modules in accepted_code(manifest).items()]


def reference_of(manifests: Sequence[Manifest]) -> int | None:
    """The index of the reference of several runs: the run that another one's recipe names as its baseline.

    If no recipe names one, it is the first of two runs, as in `compare`, and None for more.
    """
    names = [one["name"] for one in manifests]
    named = [one["recipe"].get("baseline") for one in manifests]
    for name in named:
        if name in names and names.count(name) == 1:
            return names.index(name)
    return 0 if len(manifests) == 2 else None
