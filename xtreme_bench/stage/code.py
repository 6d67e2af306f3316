"""Find the code that a stage runs: all definitions in this package that its function and its parameters reach by name.

The key of a stage covers this code. So an edit of a function invalidates old results, and an edit of other code does
not. The search follows names, not files. A function adds what its body names, and a class adds all its methods. A
module adds everything if it is used as a value or named in a string. Every reached module adds its import-time code.
Comments, docstrings and function annotations do not count, because they cannot change a result.

The tables of tasks do not count either: a new row must not invalidate other results. The key has the rows that the
parameters name, and the code of their readers (`stage.Stage.description`).
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
    for module, names in (
        ("benchmark", ("_ROWS", "TASKS")),
        ("intermediate", ("_ROWS", "CORPORA", "INTERMEDIATE")),
        ("aligned", ("_ROWS", "ALIGNED")),
    )
    for name in names
)

# (module, name of a definition); an empty name means the whole module.
Reached = tuple[str, str]


@dataclass
class _Definition:
    """One definition: the text of its syntax tree, and the names in it.

    `names`: (name, attribute used of it or ""). `strings`: those that may name modules. `imports`: local imports.
    """

    text: str = ""
    names: set[tuple[str, str]] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    imports: dict[str, Reached] = field(default_factory=dict)


@dataclass
class _Module:
    """A parsed module: its definitions by name; the empty name stands for its import-time code."""

    sha256: str
    definitions: dict[str, _Definition] = field(default_factory=lambda: {"": _Definition()})
    imports: dict[str, Reached] = field(default_factory=dict)


@functools.cache
def parts(*names: str, root: Path = ROOT) -> dict[str, str]:
    """The code that `names` ("package.module:name") run: module -> sha256 (hex) of the reached definitions in it.

    `root`: the folder of the package.
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
    """The sha256 (hex) of all code that `names` run."""
    return _sha256(*(f"{name}\0{value}" for name, value in parts(*names, root=root).items()))


@functools.cache
def sources(*names: str, root: Path = ROOT) -> dict[str, str]:
    """The modules that `names` use: module -> sha256 (hex) of its whole source."""
    read = {one: _read(root, one) for one in parts(*names, root=root)}
    return {one: parsed.sha256 for one, parsed in read.items() if parsed is not None}


_ACTIONS = "<import>"  # the name that stands for the import-time code of a module alone


def _keys(parsed: _Module, name: str) -> list[str]:
    if name == _ACTIONS:
        return [""]
    return [key for key in parsed.definitions if not name or key == name]


def _sha256(*texts: str) -> str:
    return hashlib.sha256("\0\0".join(texts).encode()).hexdigest()


@functools.cache
def _read(root: Path, module: str) -> _Module | None:
    """A parsed module of the package, cached at the first call; None if the name is not a module."""
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
    """The text of a syntax tree without the parts that change no result. Records the names in it in `definition`.

    One hand-written walk does both, for speed: every plan reads the whole package.
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
    """The child nodes, without docstrings and function annotations."""
    skipped = _SKIPPED.get(type(node), ())
    parts = [getattr(node, name, None) for name in node._fields if name not in skipped]
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        parts.append([statement for statement in node.body if not _is_text(statement)])
    return parts


_SKIPPED = {ast.FunctionDef: ("returns", "body"), ast.ClassDef: ("body",), ast.arg: ("annotation",)}


def _defined(statement: ast.stmt) -> list[str]:
    """The names that a top-level statement defines; empty if it defines none."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        targets = list(statement.targets)
    else:
        targets = [statement.target] if isinstance(statement, ast.AnnAssign | ast.AugAssign) else []
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def _imported(statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Reached]]:
    """Imports from this package: (local name, what it stands for)."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if alias.name.partition(".")[0] == PACKAGE:
                yield alias.asname or PACKAGE, (alias.name, "")
    elif (origin := statement.module or "").partition(".")[0] == PACKAGE:
        for alias in statement.names:
            yield alias.asname or alias.name, (origin, alias.name)


def _uses(root: Path, module: str, parsed: _Module, definition: _Definition) -> Iterator[Reached]:
    """What a definition reaches: definitions of its module, imported ones, and modules that its strings name."""
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

    For a module: only the used attribute (`layout.test_files`), or everything if it is used as a value.
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
    """The code that a string names: "module:function", a module, or a package whose modules are loaded by name."""
    module, _, name = text.partition(":")
    if _read(root, module) is not None:
        yield module, name
    elif module.endswith("."):
        for file in sorted(root.joinpath(*module.split(".")[1:-1]).glob("*.py")):
            yield f"{module}{file.stem}", ""


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
