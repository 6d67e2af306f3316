"""Write the tables of README.md anew from finished runs; `--check` tells whether they still belong to their recipes.

A table stands between `<!-- table NAME ... -->` and `<!-- end NAME -->`. The first marker holds two hashes of what the
run was made from: the recipe with its baseline, and the keys of all stages (so code, data and versions of packages).
Where a recipe reads a data folder (`--data`), only the first can be checked without it. A recipe with a baseline has a
picture too, `docs/NAME.svg`; its hash is in the marker.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.manifest import development
from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.comparison import forms
from xtreme_bench.comparison.arms import bundles_of, read_arm
from xtreme_bench.comparison.compare import Comparison, compare
from xtreme_bench.errors import InputError, XtremeBenchError
from xtreme_bench.files import digest, write_text
from xtreme_bench.findings import plot
from xtreme_bench.official.published import SYSTEMS
from xtreme_bench.official.scores import cells
from xtreme_bench.plan.stages import Plan
from xtreme_bench.recipe import files, load
from xtreme_bench.recipe.fields import Recipe
from xtreme_bench.report.tables import cell
from xtreme_bench.run.reproduce import Places, plans
from xtreme_bench.run.seeds import mean_scores
from xtreme_bench.stage.store import Store
from xtreme_bench.wording import listing

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TABLE = re.compile(
    r"<!-- table (?P<name>\S+) recipe=(?P<recipe>\w+) stages=(?P<stages>\w+)(?: picture=(?P<picture>\w+))? -->\n"
    r"(?P<text>.*?)<!-- end (?P=name) -->",
    re.DOTALL,
)
# A package index shows pictures by their whole address alone.
PICTURES = "https://raw.githubusercontent.com/xtreme-bench/xtreme-bench/main/docs"
(XLMR_BASE,) = (one for one in SYSTEMS if one.name == "XLM-R Base")


def _short(value: Any) -> str:
    return digest(value)[:12]


def _experiment(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What of a recipe's values makes its scores: what is expected of them does not."""
    return {key: value for key, value in recipe.items() if key not in ("expect", "resources", "baseline")}


def recipe_hash(recipes: Iterable[Mapping[str, Any]]) -> str:
    """A hash over all runs of a recipe and its baseline, from their values."""
    return _short(sorted(digest(_experiment(one)) for one in recipes))


def stages_hash(keys: Iterable[str]) -> str:
    """A hash over the keys of all stages of a recipe and its baseline."""
    return _short(sorted(set(keys)))


def picture_of(name: str) -> Path:
    """Where the picture of a recipe with a baseline is."""
    return ROOT / f"docs/{name}.svg"


def picture_hash(name: str) -> str | None:
    """A hash over the picture of a recipe; None without one."""
    file = picture_of(name)
    return _short(file.read_text(encoding="utf-8")) if file.exists() else None


def runs_of(name: str) -> list[Recipe]:
    """Every run of a shipped recipe and of its baseline."""
    recipe = load.load(files.SHIPPED / f"{name}.yaml")
    arms = [recipe] + ([load.load(files.SHIPPED / f"{recipe.baseline}.yaml")] if recipe.baseline else [])
    return [run for arm in arms for run in arm.runs]


def stale(text: str, planned: Mapping[str, Sequence[Plan]]) -> list[str]:
    """What of README's `text` is older than its recipe; of those that are `planned` the stages are compared too."""
    problems = []
    for table in TABLE.finditer(text):
        name = table["name"]
        if table["recipe"] != recipe_hash(run.to_dict() for run in runs_of(name)):
            problems.append(f"the table of {name} is older than its recipe")
        elif name in planned:
            keys = (stage.key for one in planned[name] for stage in one.stages)
            if table["stages"] != stages_hash(keys):
                problems.append(f"the table of {name} is older than the code, data or packages of its stages")
        if table["picture"] != picture_hash(name):
            problems.append(f"{picture_of(name).relative_to(ROOT)} is not the picture of the table of {name}")
    return [f"README.md: {one}: run the recipe, then `make readme-tables`" for one in problems]


def compared_table(found: Comparison) -> str:
    """Tasks, groups and overall of a recipe beside its baseline, with intervals, and what may be concluded.

    The last columns are the means of tasks without English.
    """
    transfer = {one.name: (one.a, one.b) for one in found.level("transfer")}
    rows = []
    for level in ("task", "group", "overall"):
        for one in found.level(level):
            interval = f"{cell(one.low, sign=True)} to {cell(one.high, sign=True)}"
            foreign = map(cell, transfer.get(f"{one.name}/transfer", (None, None)))
            scores = cell(one.a), cell(one.b), cell(one.difference, sign=True)
            rows.append([one.name, *scores, interval, one.verdict, *foreign])
    arms = (found.a, found.b)
    foreign_arms = (f"{name}, without English" for name in arms)
    return _markdown(["", *arms, "difference", "95 % interval", "verdict", *foreign_arms], rows)


def picture(found: Comparison) -> str:
    """The differences with their intervals, as SVG."""
    rows = [
        (one.name, (one.difference, one.low, one.high), one.verdict in ("better", "worse"))
        for level in ("task", "group", "overall")
        for one in found.level(level)
    ]
    return plot.intervals(f"{found.b} minus {found.a}, 95 % intervals; blue: better or worse", rows)


def learned(manifests: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A sentence on each intermediate task of a recipe: its development score in the run of each seed."""
    for task in manifests[0]["trained_on"]["intermediate"]:
        scores = [f"{cell(development(one)[task])} (seed {one['seed']})" for one in manifests]
        yield f"Development score of {task} after intermediate training: {listing(scores)}."


def alone_table(manifests: Sequence[Mapping[str, Any]]) -> str:
    """The scores of a recipe, beside published ones of XLM-R Base."""
    scores = mean_scores([one["scores"] for one in manifests])
    rows = []
    for task in TASKS:
        values = cells(scores, task)
        foreign = [value for code, value in values.items() if code != "en"]
        if values:
            published = cell(XLMR_BASE.score(task))
            mean, transfer = sum(values.values()) / len(values), sum(foreign) / len(foreign)
            rows.append([task, str(len(values)), cell(mean), cell(transfer), cell(values.get("en")), published])
    return _markdown(["", "languages", "mean", "without English", "English", f"{XLMR_BASE.name}, published"], rows)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return tabulate(rows, headers=head, tablefmt="github", colalign=("left",), stralign="right", disable_numparse=True)


def written(name: str, places: Places, submissions: Path) -> tuple[str, str | None]:
    """The table of a recipe with its markers, from the bundles of its run, and its picture where it has a baseline.

    Errors: `InputError` without those bundles. Beside a baseline it needs gold labels: those of `places`, or else those
    that the run left in the store.
    """
    made = plans(str(files.SHIPPED / f"{name}.yaml"), places)
    arms = list(dict.fromkeys(one.recipe.name for one in made))
    bundles = {arm: bundles_of(submissions / arm) for arm in arms}
    manifests = {arm: [read_manifest(bundle) for bundle in found] for arm, found in bundles.items()}
    every = [one for found in manifests.values() for one in found]
    if arms[1:]:
        assert made[0].score is not None
        labels = places.labels or made[0].score.inputs["labels"].folder(Store(places.store))
        if not labels.is_dir():
            raise InputError(f"{labels}: no gold labels of {name}: run it with this code and store, or give --labels")
        (found,) = compare(*(read_arm(bundles[arm], labels) for arm in reversed(arms)))
        drawn: str | None = picture(found)
        marked = f" picture={_short(drawn)}"
        said = " ".join([*forms.sentences(found), *learned(manifests[arms[0]])])
        shown = f"![The differences of the table below, with their intervals]({PICTURES}/{name}.svg)"
        text = f"{shown}\n\n{compared_table(found)}\n\n{said}"
    else:
        text, drawn, marked = alone_table(manifests[arms[0]]), None, ""
    # Read again, so that fields that are newer than the bundle have their default.
    read = (load.recall(one["recipe"], one["name"])[0] for one in every)
    recipe = recipe_hash(one.to_dict() for one in read if one is not None)
    stages = stages_hash(stage["key"] for one in every for stage in one["stages"])
    return f"<!-- table {name} recipe={recipe} stages={stages}{marked} -->\n\n{text}\n\n<!-- end {name} -->", drawn


def main() -> None:
    """Write or check README's tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--check", action="store_true")
    options.add_argument("--data", type=Path)
    options.add_argument("--labels", type=Path, help="gold labels, where the store has none")
    options.add_argument("--store", type=Path, default=Path("store"))
    options.add_argument("--submissions", type=Path, default=Path("submissions"))
    options.add_argument("names", nargs="*", help="tables to write; all without a name")
    asked = options.parse_args()
    places = Places(data=asked.data, labels=asked.labels, store=asked.store)
    text = README.read_text(encoding="utf-8")
    named = [table["name"] for table in TABLE.finditer(text)]
    if wrong := [name for name in asked.names if name not in named]:
        options.error(f"README.md has no table {listing(wrong)}; it has {listing(named)}")
    if asked.check:
        planned = {
            name: plans(str(files.SHIPPED / f"{name}.yaml"), places) for name in named if _plannable(name, asked)
        }
        sys.exit("\n".join(stale(text, planned)) or None)

    try:
        new = {name: written(name, places, asked.submissions) for name in asked.names or named}
    except XtremeBenchError as error:
        options.exit(error.exit_code, f"error: {error}\n")
    write_text(README, TABLE.sub(lambda table: new.get(table["name"], (table[0],))[0], text))
    for name, (_, drawn) in new.items():
        if drawn is not None:
            write_text(picture_of(name), drawn)


def _plannable(name: str, asked: argparse.Namespace) -> bool:
    return asked.data is not None or runs_of(name)[0].data.source == "miniature"


if __name__ == "__main__":
    main()
