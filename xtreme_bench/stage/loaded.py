"""Which code this process really runs: the modules of this package, digested as Python loads them.

A worker loads a module when it first needs it, which may be hours after the file was read for the key of a stage.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Mapping
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from xtreme_bench.errors import Problem, StageError

_ROOT = Path(__file__).parent.parent
_DIGESTS: dict[str, str] = {}


def named(name: str) -> Any:
    """What "module:name" stands for; the module is loaded now."""
    module, _, inner = name.partition(":")
    return getattr(importlib.import_module(module), inner)


class _Loader(SourceFileLoader):
    """Compiles the source that it digests: bytecode is found by size and time alone, and may be another source's."""

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path)
        _DIGESTS[fullname] = hashlib.sha256(source).hexdigest()
        code: CodeType = self.source_to_code(source, self.path)
        return code


def _finder(place: str) -> FileFinder:
    if not Path(place).is_relative_to(_ROOT):
        raise ImportError(place)  # so that Python asks the next one
    return FileFinder(place, (_Loader, SOURCE_SUFFIXES))


def watch() -> None:
    """Note every module of this package that is loaded from now on, and at once the few that are loaded already."""
    sys.path_hooks.insert(0, _finder)
    for place in [place for place in sys.path_importer_cache if Path(place).is_relative_to(_ROOT)]:
        del sys.path_importer_cache[place]
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "xtreme_bench" and getattr(module, "__file__", None):
            _DIGESTS[name] = hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()


def require(expected: Mapping[str, str]) -> None:
    """Errors: `StageError` where a module that is loaded here is not the one in `expected` (name -> sha256)."""
    other = [name for name, sha256 in expected.items() if _DIGESTS.get(name, sha256) != sha256]
    if other:
        problems = [Problem("was edited", name) for name in sorted(other)]
        raise StageError("the code has changed since this run began: run the same command again", problems)
