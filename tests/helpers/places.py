"""Where the project is, and what belongs to it."""

import importlib.util
from pathlib import Path
from types import ModuleType

HELPERS = Path(__file__).parent
ROOT = HELPERS.parents[1]
RECIPES = ROOT / "recipes"


def script(path: str) -> ModuleType:
    """The module of a file that belongs to no package, by its path in the project."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
