"""The code that a stage runs: the definitions that its function and its parameters reach, by name, in this package.

A stage's key covers them, so that an edited function never passes off old results as its own, and an edit of what a
stage does not use leaves its results alone. Names are followed, not files: a function brings what its body names, a
class all its methods, a module that is used as a value (or named in a string, for loading by name) all that it holds,
and every module what it does when it is imported. Comments, docstrings and annotations of functions change no result
and are left out.

The tables of tasks are left out too: a new row must not touch the results of others. The rows that a stage's parameters
name are in its key by themselves, with the code of the readers that they name (`stage.Stage.description`).
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = "xtreme_bench"
ROOT = Path(__file__).parent.parent
TABLES = frozenset(
    (f"{PACKAGE}.{module}", name)
    for module, names in (("benchmark", ("_ROWS", "TASKS")), ("intermediate", ("_ROWS", "CORPORA", "INTERMEDIATE")))
    for name in names
)

# A definition of a module, or with an empty name all that the module holds.
Reached = tuple[str, str]


@dataclass
class _Definition:
    """What a name stands for, as the text of its syntax tree, and what that names.

    `names` are (name, attribute asked of it or ""), `strings` those that may name modules, `imports` its own.
    """

    text: str = ""
    names: set[tuple[str, str]] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    imports: dict[str, Reached] = field(default_factory=dict)


@dataclass
class _Module:
    """A parsed module: its definitions by name, and under the empty name what it does when it is imported."""

    sha256: str
    definitions: dict[str, _Definition] = field(default_factory=lambda: {"": _Definition()})
    imports: dict[str, Reached] = field(default_factory=dict)


@functools.cache
def parts(*names: str, root: Path = ROOT) -> dict[str, str]:
    """What `names` ("package.module:name") run: module name -> sha256 (hex) of the definitions they reach there.

    `root` is the folder of the package.
    """
    found: dict[str, dict[str, str]] = {}
    waiting, seen = [(module, name) for module, _, name in (one.partition(":") for one in names)], set[Reached]()
    while waiting:
        place, name = waiting.pop()
        parsed = None if (place, name) in seen else _read(root, place)
        seen.add((place, name))
        if parsed is None:
            continue
        if name:
            waiting.append((place, _ACTIONS))
        for key in _keys(parsed, name):
            if (place, key) in TABLES:
                continue
            found.setdefault(place, {})[key] = parsed.definitions[key].text
            waiting += _uses(root, place, parsed, parsed.definitions[key])
    return {one: _sha256(*(f"{key}\0{text}" for key, text in sorted(found[one].items()))) for one in sorted(found)}


@functools.cache
def digest(*names: str, root: Path = ROOT) -> str:
    """The sha256 (hex) over all that `names` run."""
    return _sha256(*(f"{name}\0{value}" for name, value in parts(*names, root=root).items()))


@functools.cache
def sources(*names: str, root: Path = ROOT) -> dict[str, str]:
    """The modules of which `names` run something: name -> sha256 (hex) of the whole source."""
    read = {one: _read(root, one) for one in parts(*names, root=root)}
    return {one: parsed.sha256 for one, parsed in read.items() if parsed is not None}


_ACTIONS = "<import>"  # what a module does when it is imported, asked for by itself


def _keys(parsed: _Module, name: str) -> list[str]:
    if name == _ACTIONS:
        return [""]
    return [key for key in parsed.definitions if not name or key == name]


def _sha256(*texts: str) -> str:
    return hashlib.sha256("\0\0".join(texts).encode()).hexdigest()


@functools.cache
def _read(root: Path, module: str) -> _Module | None:
    """A module of the package as it was when it was first asked for; None for a name that is no module."""
    if module.partition(".")[0] != PACKAGE or module.endswith("."):
        return None
    path = root.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return _parse(file.read_bytes()) if file.is_file() else None


@functools.cache
def _parse(source: bytes) -> _Module:
    parsed = _Module(hashlib.sha256(source).hexdigest())
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            parsed.imports.update(_imported(statement))
        elif not _is_text(statement):
            for name in _defined(statement) or [""]:
                definition = parsed.definitions.setdefault(name, _Definition())
                definition.text += _entered(statement, definition)
    return parsed


def _entered(node: object, definition: _Definition) -> str:
    """The text of a syntax tree without what changes no result; what it names is entered into its definition.

    One walk for both, written out, since every plan reads the whole package.
    """
    if isinstance(node, list):
        return f"[{','.join([_entered(one, definition) for one in node])}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Store):
            definition.names.add((node.id, ""))
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        definition.names.add((node.value.id, node.attr))
        return f"{node.value.id}.{node.attr}"
    if isinstance(node, ast.Import | ast.ImportFrom):
        definition.imports.update(_imported(node))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(f"{PACKAGE}."):
        definition.strings.add(node.value)
    return f"{type(node).__name__}({','.join([_entered(value, definition) for value in _counted(node)])})"


def _counted(node: ast.AST) -> list[object]:
    """The parts of a node, except docstrings and the annotations of functions."""
    skipped = _SKIPPED.get(type(node), ())
    parts = [getattr(node, name, None) for name in node._fields if name not in skipped]
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        parts.append([statement for statement in node.body if not _is_text(statement)])
    return parts


_SKIPPED = {ast.FunctionDef: ("returns", "body"), ast.ClassDef: ("body",), ast.arg: ("annotation",)}


def _defined(statement: ast.stmt) -> list[str]:
    """The names that a statement at the top of a module defines; none for one that only does something."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        targets = list(statement.targets)
    else:
        targets = [statement.target] if isinstance(statement, ast.AnnAssign | ast.AugAssign) else []
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def _imported(statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Reached]]:
    """What is imported from this package: each local name, and what it stands for."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if alias.name.partition(".")[0] == PACKAGE:
                yield alias.asname or PACKAGE, (alias.name, "")
    elif (origin := statement.module or "").partition(".")[0] == PACKAGE:
        for alias in statement.names:
            yield alias.asname or alias.name, (origin, alias.name)


def _uses(root: Path, module: str, parsed: _Module, definition: _Definition) -> Iterator[Reached]:
    """What a definition reaches: others of its module, imported ones, and modules that a string names."""
    imports = {**parsed.imports, **definition.imports}
    for name, attribute in definition.names:
        if name in imports:
            yield from _follow(root, *imports[name], attribute)
        elif name in parsed.definitions:
            yield module, name
    for text in definition.strings:
        yield from _named(root, text)


def _follow(root: Path, origin: str, name: str, attribute: str) -> Iterator[Reached]:
    """What a name imported from `origin` stands for.

    For a module only the attribute that is used (`layout.test_files`); all of it where it is used as a value.
    """
    inner = f"{origin}.{name}" if name else origin
    parsed, held = _read(root, origin), _read(root, inner)
    if parsed is not None and name in parsed.imports:
        yield from _follow(root, *parsed.imports[name], attribute)
    elif held is None:
        yield origin, name
    elif attribute in held.imports:
        yield from _follow(root, *held.imports[attribute], "")
    elif attribute and _read(root, f"{inner}.{attribute}") is not None:
        yield f"{inner}.{attribute}", ""
    else:
        yield inner, attribute


def _named(root: Path, text: str) -> Iterator[Reached]:
    """What a string names for loading: "module:function", a module, or a package whose modules are loaded by name."""
    module, _, name = text.partition(":")
    if _read(root, module) is not None:
        yield module, name
    elif module.endswith("."):
        for file in sorted(root.joinpath(*module.split(".")[1:-1]).glob("*.py")):
            yield f"{module}{file.stem}", ""


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
