"""What the command line sets in a recipe: `finetuning.xnli.learning_rate=2e-5`, put into the tree before it is read.

So a value from there is checked as one of the file is, and a fault of it names the option.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from xtreme_bench.recipe.cut import cut
from xtreme_bench.recipe.fields import Recipe
from xtreme_bench.recipe.tree import Entries, Entry, Items, Reading, Scalar, Tree, at_line
from xtreme_bench.recipe.yaml import DEPTH_LIMIT, parse_value
from xtreme_bench.wording import hint

# What is said of one experiment and not of the baseline that it is compared with.
OWN = ("description", "compose", "intermediate", "baseline", "expect")
# What is set in a recipe that is composed of others, and what its parts say of runs of their own; they take all else.
COMPOSED = ("description", "compose", "baseline", "expect")
OF_A_RUN = ("baseline", "contrast", "expect")
# What a baseline may lack where the command line sets something in it.
MAY_LACK = ("intermediate", "contrast")

# A list of the targets to keep, not what they are: a recipe that is composed of others has such a list too.
_CUT = re.compile(r"targets=\s*\[")
# YAML 1.1 takes 2e-5 for a text. In a file that is a fault; a shell's user means a number.
_SHORT_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$")


def shared(texts: Sequence[str]) -> tuple[str, ...]:
    """Those that a recipe's baseline takes too, so that the two go on to differ in what they are compared for."""
    return tuple(text for text in texts if _section(text) not in OWN)


def _section(text: str) -> str:
    """The key at the top of the recipe."""
    return re.split("[.=]", text, maxsplit=1)[0]


def of_parts(texts: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those for a recipe that is composed of others, and those for its parts."""
    own = tuple(text for text in texts if _section(text) in (*COMPOSED, "contrast") or _CUT.match(text))
    passed_on = [text for text in texts if _section(text) not in (*COMPOSED, *OF_A_RUN)]
    return own, (*passed_on, *(f"{key}=" for key in OF_A_RUN))


def apply(tree: Entries, texts: Sequence[str], reading: Reading, *, baseline: bool = False) -> Entries:
    """The tree with each `path.of.keys=value` set in it; without a value the key is left out of it.

    `targets=[udpos, panx]`, a list of names, keeps those targets alone, and what they need. A `baseline`, or a part of
    a recipe that is composed, may lack what is left out, intermediate training and a contrast: it was the other recipe
    that the user looked at. Faults are added to `reading`, and what is wrong with a value is found later, when the tree
    is read.
    """
    seen: set[str] = set()
    for text in texts:
        dotted, equals, written = text.partition("=")
        line = reading.option(f"--set {dotted}")
        path = tuple(dotted.split("."))
        if not equals or not all(path) or len(path) > DEPTH_LIMIT or dotted.split() != [dotted]:
            reading.fault("write it as KEY=VALUE, a key in a section as finetuning.xnli.batch=16", line)
            continue
        if dotted in seen:
            reading.fault("set twice; keep one", line)
            continue
        seen.add(dotted)
        value = _value(written, reading, line)
        if value is None or (baseline and path[0] in MAY_LACK and path[0] not in tree.entries):
            continue
        if path == ("targets",) and isinstance(value, Items):
            tree = cut(tree, value, reading, baseline=baseline)
        elif value.kind != "empty":
            for other in Recipe.EXACTLY_ONE if dotted in Recipe.EXACTLY_ONE else ():
                tree = _without(tree, (other,)) if other in tree.entries else tree
            tree = _set(tree, path, Entry(line, value), reading)
        elif tree.at(*path) is not None:
            tree = _without(tree, path)
        elif not baseline:
            known = tree.named(*path[:-1]) if path[1:] else tree.entries
            reading.fault(f"the recipe has no '{dotted}' that could be left out{hint(path[-1], known)}", line)
    return tree


def _value(written: str, reading: Reading, line: int) -> Tree | None:
    """The value as YAML, all of it at the line that stands for the option; None where it is no value."""
    value, faults = parse_value(written)
    for fault in faults:
        reading.fault(fault.message, line)
    if isinstance(value, Scalar) and value.kind == "text" and _SHORT_NUMBER.match(written.strip()):
        return Scalar(line, float(value.text), value.text, "a number")
    return at_line(value, line) if value is not None and not faults else None


def _set(tree: Entries, path: tuple[str, ...], entry: Entry, reading: Reading) -> Entries:
    """The tree with an entry at a path; sections that are not there are made."""
    key, *rest = path
    if rest:
        inner = tree.entries[key].value if key in tree.entries else Entries(entry.line, {})
        if not isinstance(inner, Entries):
            reading.fault(f"'{key}' is {inner.kind} in the recipe, and has no keys; set all of it", entry.line)
            return tree
        line = tree.entries[key].line if key in tree.entries else entry.line
        entry = Entry(line, _set(inner, tuple(rest), entry, reading))
    return Entries(tree.line, {**tree.entries, key: entry})


def _without(tree: Entries, path: tuple[str, ...]) -> Entries:
    """The tree without the entry that is at a path."""
    key, *rest = path
    if not rest:
        return Entries(tree.line, {name: entry for name, entry in tree.entries.items() if name != key})
    here = tree.entries[key]
    assert isinstance(here.value, Entries)
    return Entries(tree.line, {**tree.entries, key: Entry(here.line, _without(here.value, tuple(rest)))})
