"""Where the project is, and what belongs to it."""

from pathlib import Path

HELPERS = Path(__file__).parent
ROOT = HELPERS.parents[1]
RECIPES = ROOT / "recipes"
