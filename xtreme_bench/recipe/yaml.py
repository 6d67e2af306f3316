"""Read a recipe file as a tree that remembers lines, from the harmless part of YAML: no anchors, tags or documents.

The file is untrusted: its size and depth are bounded, and nothing in it is constructed or expanded.
"""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import yaml

from xtreme_bench.errors import Problem
from xtreme_bench.recipe.tree import Entries, Entry, Items, Scalar, Tree
from xtreme_bench.untrusted import text_fault

SIZE_LIMIT = 1_000_000
DEPTH_LIMIT = 12
VALUES_LIMIT = 3_000
TEXT_LIMIT = 2_000

# libyaml reads a recipe ten times as fast as PyYAML itself, but takes a few texts with these that PyYAML refuses.
FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DISPUTED = re.compile(r"[\t\ufeff?!]|[|>]#")
_CONFLICT = re.compile(r"(<{7}|>{7}|\|{7})( |$)|={7}$")
_PLAIN_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*(_[0-9]+)*)$")
_PLAIN_FLOAT = re.compile(r"[-+]?[0-9][0-9_]*\.?[0-9_]*([eE][-+][0-9]+)?$|[-+]?\.[0-9][0-9_]*([eE][-+][0-9]+)?$")
_HINTS = {
    "mapping values are not allowed here": "put a value that holds ': ' in quotes, and check the indentation above",
    "could not find expected ':'": "a key is followed by a colon and a space",
    "expected <block end>, but found '<block mapping start>'": "check the indentation",
}


def parse(path: Path) -> tuple[Entries | None, list[Problem]]:
    """The tree of a recipe file, and what is wrong with it as YAML. There is no tree if going on makes no sense."""
    file = str(path)
    text, problems = _read_text(path)
    if text is None:
        return None, problems
    tree, problems = _tree(text, file)
    if tree is None:
        return None, problems or [Problem("the file is empty; a recipe starts with 'description:'", file, 1)]
    if isinstance(tree, Entries):
        return tree, problems
    problems.append(Problem(f"a recipe is a mapping of keys to values, not {tree.kind}", file, tree.line))
    return None, problems


def parse_value(text: str) -> tuple[Tree | None, list[Problem]]:
    """One value, written as in a recipe file, and what is wrong with it as YAML."""
    if len(text) > SIZE_LIMIT or text_fault(text):
        return None, [Problem(f"a value {text_fault(text) or f'of more than {SIZE_LIMIT:,} characters'}")]
    tree, problems = _tree(text, "")
    return tree if tree or problems else Scalar(1, None, "", "empty"), problems


def _tree(text: str, file: str) -> tuple[Tree | None, list[Problem]]:
    """The tree of a text and its faults; neither where the text says nothing."""
    problems = _unreadable_lines(text, file)
    if problems:
        return None, problems
    try:
        events, problems = _events(text, file)
        if problems:
            return None, problems
        node = _Composer(events).get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"the character U+{error.character:04X} is not allowed in YAML; remove it"
        return None, [Problem(message, file, line)]
    except yaml.MarkedYAMLError as error:
        return None, [*problems, _syntax_problem(error, file)]
    except ValueError as error:  # "\\U0011ffff" is beyond Unicode
        return None, [Problem(f"an escape names no character ({error})", file)]
    return None if node is None else _convert(node, file, problems), problems


def _read_text(path: Path) -> tuple[str | None, list[Problem]]:
    """The decoded file, or why it cannot be decoded."""
    file = str(path)
    if not path.is_file():
        return None, [Problem("there is no such file", file)]
    with path.open("rb") as stream:
        raw = stream.read(SIZE_LIMIT + 1)
    if len(raw) > SIZE_LIMIT:
        return None, [Problem(f"the file is larger than {SIZE_LIMIT:,} bytes; is it a recipe?", file)]
    if raw.startswith(b"\xef\xbb\xbf"):
        return None, [Problem("the file starts with a byte-order mark; save it as UTF-8 without one", file, 1)]
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return None, [Problem(f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8", file, line)]


def _unreadable_lines(text: str, file: str) -> list[Problem]:
    """Merge conflicts and tabs, named for what they are: YAML's own messages for them help nobody."""
    problems = []
    for number, line in enumerate(text.split("\n"), start=1):
        if _CONFLICT.match(line.rstrip("\r")):
            message = f"a merge conflict is not resolved ({line[:7]}); keep one side and remove the markers"
            problems.append(Problem(message, file, number))
        elif "\t" in line[: len(line) - len(line.lstrip())] and line.strip():
            problems.append(Problem("a tab in the indentation; YAML indents with spaces", file, number))
    return problems


class _Composer(yaml.composer.Composer, yaml.resolver.Resolver):
    """Makes nodes of events that were read before, as a loader does of a text."""

    def __init__(self, events: list[yaml.Event]) -> None:
        yaml.composer.Composer.__init__(self)
        yaml.resolver.Resolver.__init__(self)
        self._events = deque(events)

    def check_event(self, *choices: type[yaml.Event]) -> bool:
        """Whether the next event is one of some kinds."""
        return isinstance(self._events[0], choices)

    def peek_event(self) -> yaml.Event:
        """The next event."""
        return self._events[0]

    def get_event(self) -> yaml.Event:
        """The next event, which is taken."""
        return self._events.popleft()


def _events(text: str, file: str) -> tuple[list[yaml.Event], list[Problem]]:
    """The events of a text and what is wrong with them, the same with libyaml and without."""
    if not _DISPUTED.search(text):
        with contextlib.suppress(yaml.YAMLError, ValueError):
            return _looked_at(yaml.parse(text, Loader=FAST), file)
    return _looked_at(yaml.parse(text, Loader=yaml.SafeLoader), file)


def _looked_at(parsed: Iterable[yaml.Event], file: str) -> tuple[list[yaml.Event], list[Problem]]:
    """Events, and everything in them that makes YAML more than a little data.

    That is found before anything is built or expanded.
    """
    events: list[yaml.Event] = []
    found: dict[str, int] = {}
    depth = values = documents = 0
    for event in parsed:
        events.append(event)
        line = event.start_mark.line + 1 if event.start_mark else 1
        values += isinstance(event, yaml.NodeEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            found.setdefault(f"an alias (*{event.anchor}); write the value out", line)
        elif isinstance(event, yaml.NodeEvent) and event.anchor:
            found.setdefault(f"an anchor (&{event.anchor}); a recipe has none, remove it", line)
        tag = getattr(event, "tag", None)
        if tag is not None:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            found.setdefault(f"a tag ({short}); a recipe is plain data, remove it", line)
        if documents == 2:
            found.setdefault("a second document (---); a recipe is one document", line)
        if isinstance(event, yaml.ScalarEvent) and (fault := text_fault(event.value)):
            found.setdefault(f"a text {fault}", line)
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > TEXT_LIMIT:
            found.setdefault(f"a text longer than {TEXT_LIMIT:,} characters; is it a recipe?", line)
        if depth > DEPTH_LIMIT or values > VALUES_LIMIT:
            limit = (
                f"nested deeper than {DEPTH_LIMIT} levels" if depth > DEPTH_LIMIT else f"over {VALUES_LIMIT:,} values"
            )
            found.setdefault(f"{limit}; is it a recipe?", line)
            break
    return events, [Problem(message, file, line) for message, line in found.items()]


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    wrong = error.problem or error.context or "cannot be read"
    hint = _HINTS.get(wrong)
    message = f"not YAML: {wrong}" + (f"; {hint}" if hint else "")
    return Problem(message, file, mark.line + 1 if mark else None)


def _convert(node: yaml.Node, file: str, problems: list[Problem]) -> Tree:
    """YAML's node as a Tree. The depth is bounded and there are no aliases, so the recursion ends."""
    line = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return Items(line, tuple(_convert(item, file, problems) for item in node.value))
    if not isinstance(node, yaml.MappingNode):
        return _scalar(node, line)
    entries: dict[str, Entry] = {}
    for key, value in node.value:
        key_line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            problems.append(Problem("a key must be a single word, not a list or mapping", file, key_line))
            continue
        name = str(key.value)
        tree = _convert(value, file, problems)
        if name in entries:
            message = f"the key '{name}' occurs twice, first in line {entries[name].line}; remove one"
            problems.append(Problem(message, file, key_line))
        else:
            entries[name] = Entry(key_line, tree)
    return Entries(line, entries)


def _scalar(node: yaml.Node, line: int) -> Scalar:
    """A value as YAML 1.1 reads it, but only decimal numbers count as numbers: 010 is 8 and 1:30 is 90 there."""
    text = str(node.value)
    match node.tag.removeprefix("tag:yaml.org,2002:"):
        case "null":
            return Scalar(line, None, text, "empty")
        case "bool":
            return Scalar(line, text.lower() in ("yes", "true", "on"), text, "true or false")
        case "int" if _PLAIN_INTEGER.match(text) and len(text) <= 40:
            return Scalar(line, int(text), text, "a whole number")
        case "float" if _PLAIN_FLOAT.match(text) and len(text) <= 40:
            return Scalar(line, float(text.replace("_", "")), text, "a number")
        case "float" if text.lower().endswith((".inf", ".nan")):
            return Scalar(line, text, text, "an infinite or undefined number")
        case "int" | "float":
            return Scalar(line, text, text, "an octal, hexadecimal, base-60 or very long number")
        case "timestamp":
            return Scalar(line, text, text, "a date")
        case _:
            return Scalar(line, text, text, "text")
