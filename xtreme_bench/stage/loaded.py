"""Record which code this process really runs: a digest of each module of this package when Python loads it.

A worker may load a module hours after the plan read the file for the key of a stage.
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
    """Load the object that "module:name" names."""
    module, _, inner = name.partition(":")
    return getattr(importlib.import_module(module), inner)


class _Loader(SourceFileLoader):
    """Compiles the source that it digests. It ignores cached bytecode, which may be from another source."""

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path)
        _DIGESTS[fullname] = hashlib.sha256(source).hexdigest()
        code: CodeType = self.source_to_code(source, self.path)
        return code


def _finder(place: str) -> FileFinder:
    if not Path(place).is_relative_to(_ROOT):
        raise ImportError(place)  # so that Python asks the next finder
    return FileFinder(place, (_Loader, SOURCE_SUFFIXES))


def watch() -> None:
    """Record the modules of this package that are already loaded, and every one that is loaded from now on."""
    sys.path_hooks.insert(0, _finder)
    for place in [place for place in sys.path_importer_cache if Path(place).is_relative_to(_ROOT)]:
        del sys.path_importer_cache[place]
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "xtreme_bench" and getattr(module, "__file__", None):
            _DIGESTS[name] = hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()


def require(expected: Mapping[str, str]) -> None:
    """Errors: `StageError` if a loaded module differs from the one in `expected` (module -> sha256)."""
    other = [name for name, sha256 in expected.items() if _DIGESTS.get(name, sha256) != sha256]
    if other:
        problems = [Problem("was edited", name) for name in sorted(other)]
        raise StageError("the code has changed since this run began: run the same command again", problems)
