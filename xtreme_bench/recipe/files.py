"""Where the files of recipes are: those of the user, those that come with the package, and a new one to start from."""

from __future__ import annotations

import re
from pathlib import Path

from xtreme_bench.errors import InputError
from xtreme_bench.recipe.setting import NAME
from xtreme_bench.recipe.yaml import parse
from xtreme_bench.wording import did_you_mean

# In a checkout a link to `recipes/`; in a wheel the files themselves.
SHIPPED = Path(__file__).parent / "shipped"
FOLDER = Path("recipes")
SCHEMA = "recipe.schema.json"
# What to do where no recipe is named.
_GIVE = "give a recipe's path, or a name from `xtreme-bench list`"


def find(name_or_path: str, folder: Path = FOLDER) -> Path:
    """The file of a recipe, given its path or its name in `folder` or among those that come with the package.

    Raises InputError when there is none: of a path with the reason, of a name with the nearest and the list of recipes.
    """
    given = Path(name_or_path)
    if not name_or_path:
        raise InputError(f"the recipe's name is empty; {_GIVE}")
    if given.suffix in (".yaml", ".yml") and given.is_file():
        return given
    name = given.name.removesuffix(".yaml")
    if given.parent in (Path(), folder) and (file := named(name, folder)).is_file():
        return file
    if not name or given.is_file() or ("/" in name_or_path and given.parent != folder):
        raise InputError(f"{name_or_path}: {_no_recipe(given)}")
    known = listing(folder)
    hint = did_you_mean(name, known, like=0.7) or "; give the path of a file, or a name."
    width = max(map(len, known), default=0)
    lines = [f"  {name:<{width}}  {description}" for name, description in known.items()]
    raise InputError("\n".join([f"there is no recipe '{name_or_path}'{hint} Recipes:", *lines]))


def _no_recipe(given: Path) -> str:
    """Why a path is not that of a recipe."""
    if given.is_file():
        return "a recipe's file ends in .yaml"
    what = "is a folder" if given.is_dir() else "no such file"
    return f"{what}; {_GIVE}"


def named(name: str, folder: Path) -> Path:
    """The file of the recipe `name` in `folder`, else among those that come with the package; it may be absent."""
    own = folder / f"{name}.yaml"
    return own if own.is_file() else SHIPPED / own.name


def listing(folder: Path = FOLDER) -> dict[str, str]:
    """Name and description of every recipe in `folder` and of those that come with the package.

    A recipe that cannot be read is listed as such. Of two with one name, the one in `folder` counts, as in `find`.
    """
    files = {file.stem: file for place in (SHIPPED, folder) for file in place.glob("*.yaml")}
    return {name: _description(files[name]) for name in sorted(files)}


def start(name: str, origin: str, folder: Path = FOLDER) -> Path:
    """Write a copy of the recipe `origin`, comments and all, as `<folder>/<name>.yaml`, with the schema for editors.

    The scores that `origin` expects are left out: the copy is there to be changed.
    Raises InputError where `name` cannot be a file's name or is taken, or `origin` is not a recipe.
    """
    if not re.fullmatch(NAME, name):
        raise InputError(f"'{name}' cannot name a recipe: use letters, digits, '.', '_' and '-'")
    source, taken = find(origin, folder), named(name, folder)
    if taken.is_file():
        raise InputError(f"there is a recipe '{name}' already, {taken}; choose another name")
    if problems := parse(source)[1]:
        raise InputError(f"{source} cannot be copied: it has faults", problems)
    text = source.read_text(encoding="utf-8")
    if not text.startswith("# yaml-language-server: "):
        text = f"# yaml-language-server: $schema={SCHEMA}\n{text}"
    text = re.sub(r"make reproduce RECIPE=\S+( DATA=)?", lambda made: _command(name, data=bool(made[1])), text)
    text = re.sub(r"(?m)^description:.*$", f"description: {source.stem}, changed", text, count=1)
    text = re.sub(r"(?m)^expect:.*\n(?:[ \t].*\n|\n)*", "", text)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / SCHEMA).exists():
        (folder / SCHEMA).write_bytes((SHIPPED / SCHEMA).read_bytes())
    file = folder / f"{name}.yaml"
    with file.open("x", encoding="utf-8", newline="") as stream:
        stream.write(text)
    return file


def _command(name: str, *, data: bool) -> str:
    return f"xtreme-bench run {name}{' --data ' if data else ''}"


def _description(file: Path) -> str:
    tree, _ = parse(file)
    found = tree.text("description") if tree is not None else None
    return " ".join((found or "(has faults: xtreme-bench validate shows them)").split())
