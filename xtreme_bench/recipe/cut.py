"""A recipe cut to some of its targets: what only the others need goes with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe.compose import KEY
from xtreme_bench.recipe.setting import SOURCES, needed_for, sources_of
from xtreme_bench.recipe.tree import Entries, Entry, Items, Reading, Scalar
from xtreme_bench.wording import hint

# Whether what has this name stays.
Stays = Callable[[str], bool]


def cut(tree: Entries, names: Items, reading: Reading, *, baseline: bool = False) -> Entries:
    """The tree with the named targets alone, and without the fine-tunings, stand-ins and expectations of the others.

    A name that is no target of the recipe is a fault, but of a `baseline`: it was the other recipe that the user
    looked at. A recipe that is composed of others only lists its targets; its parts are cut by themselves.
    """
    named = {item.text for item in names.items if isinstance(item, Scalar)}
    if KEY in tree.entries:
        if baseline:
            return _keep(tree, ("targets",), lambda name: name in named)
        return Entries(tree.line, {**tree.entries, "targets": Entry(names.line, names)})
    targets = tree.named("targets")
    kept = named & targets.keys()
    for item in names.items:
        name = item.text if isinstance(item, Scalar) else item.kind
        if name not in kept and not baseline:
            reading.fault(f"the recipe has no target '{name}'{hint(name, targets)}", names.line)
    if not names.items:
        reading.fault("name one target at least", names.line)
    if not kept and not baseline:
        return tree  # else the recipe would be told to lack targets
    trained = {*tree.named("intermediate", "tasks")}
    sources = {*sources_of(kept)}
    alive = {*kept, *(INTERMEDIATE[name].target for name in trained if name in INTERMEDIATE)}

    def learned(name: str) -> bool:
        return name in sources or name not in SOURCES

    stays: Mapping[tuple[str, ...], Stays] = {
        ("targets",): lambda name: name in kept,
        ("finetuning",): learned,
        ("data", "dev_as_test"): lambda name: name in alive,
        ("expect", "scores"): lambda score: kept.issuperset(needed_for(score)),
        ("expect", "gains"): lambda score: kept.issuperset(needed_for(score)),
        ("expect", "development"): lambda name: name in trained or learned(name),
        # The layer is chosen by BUCC's development pairs.
        ("retrieval",): lambda field: field != "layers" or "bucc2018" in kept,
    }
    for path, those in stays.items():
        tree = _keep(tree, path, those)
    return tree


def _keep(tree: Entries, path: tuple[str, ...], stays: Stays) -> Entries:
    """The tree with only what stays of the mapping or list at a path; without it if nothing does."""
    key, *rest = path
    if key not in tree.entries:
        return tree
    line, value = tree.entries[key].line, tree.entries[key].value
    if rest and isinstance(value, Entries):
        value = _keep(value, tuple(rest), stays)
    elif isinstance(value, Entries):
        value = Entries(value.line, {name: entry for name, entry in value.entries.items() if stays(name)})
    elif isinstance(value, Items):
        value = Items(value.line, tuple(one for one in value.items if isinstance(one, Scalar) and stays(one.text)))
    entries = {**tree.entries, key: Entry(line, value)}
    if value in (Entries(value.line, {}), Items(value.line, ())):
        del entries[key]
    return Entries(tree.line, entries)
