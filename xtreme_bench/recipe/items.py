"""Faults in what a recipe says of the items of intermediate tasks: which are drawn, and in which languages."""

from __future__ import annotations

from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe.phases import IntermediateTask
from xtreme_bench.recipe.tree import Entries, Entry, Items, Reading, Scalar
from xtreme_bench.wording import listing


def check(tree: Entries, reading: Reading) -> None:
    """Parallel items need translations, in all languages of training."""
    for task in tree.named("intermediate", "tasks"):
        at = ("intermediate", "tasks", task)
        items, path = tree.text(*at, "items"), ".".join(at)
        shared_by = tree.at(*at, "shared_by")
        if items == "parallel" and task in INTERMEDIATE and not INTERMEDIATE[task].matched_by:
            message = f"{path}.items: the data of {task} in other languages are no translations; use independent"
            reading.fault(message, tree.line_of(*at, "items"))
        if shared_by is None:
            continue
        if items != "parallel":
            reading.fault(f"{path}.shared_by is for parallel items; add 'items: parallel' or remove it", shared_by.line)
        trained = tree.at(*at, "languages")
        languages = set(IntermediateTask.languages) if trained is None else _listed(trained)
        lacking = languages - _listed(shared_by) if isinstance(shared_by.value, Items) else ()
        if lacking:
            message = f"{path}.shared_by lacks {listing(sorted(lacking))}, which is trained on"
            reading.fault(message, shared_by.line)


def _listed(entry: Entry) -> set[str]:
    """The languages that a field lists."""
    items = entry.value.items if isinstance(entry.value, Items) else ()
    return {item.text for item in items if isinstance(item, Scalar)}
