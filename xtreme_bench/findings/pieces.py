"""What the sections of the page of findings are made of: records, differences in points, answers, tables, commands."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabulate import tabulate

from xtreme_bench.errors import InputError
from xtreme_bench.recipe.files import SHIPPED
from xtreme_bench.recipe.load import load

DIFFERENCES = "differences.json"
RECORDS = Path("docs/findings")
RECORDS_MODULE = "xtreme_bench.findings.records"
Json = dict[str, Any]
# A difference in points, and the lower and upper end of its interval.
Change = tuple[float, float, float]


@dataclass(frozen=True)
class Records:
    """What is on record of an experiment: its arms by name, what needs no encoder, and differences between arms."""

    arms: Mapping[str, Json]
    plain: Sequence[Json]
    differences: Sequence[Json]


def read(folder: Path) -> Records:
    """The records of a folder. Errors: `InputError` if one is not a record."""
    found: dict[str, Json] = {}
    for path in sorted(folder.glob("*.json"), key=lambda path: path.stem):
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(value.get("runs", value.get("differences")), list):
                raise ValueError("it has neither runs nor differences")
            if not isinstance(value.get("name", ""), str):
                raise ValueError("its name is no text")
        except (ValueError, AttributeError) as error:
            raise InputError(
                f"{path}: is not a record ({error}); make it again with `python -m {RECORDS_MODULE}`"
            ) from error
        found[path.stem] = value
    differences = found.pop(Path(DIFFERENCES).stem, {}).get("differences", [])
    arms = {name: value for name, value in found.items() if "name" in value}
    return Records(arms, [run for name in found.keys() - arms for run in found[name]["runs"]], differences)


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table in Markdown."""
    return tabulate(rows, headers=headings, tablefmt="github", disable_numparse=True)


def seeds(arm: Json) -> list[int]:
    """The seeds of an arm, each once."""
    return sorted({run["seed"] for run in arm["runs"]})


def listed(arm: Json) -> str:
    """The seeds of an arm, in words."""
    return ", ".join(map(str, seeds(arm)))


def languages(arm: Json) -> list[str]:
    """The languages of an arm's intermediate training, those of masked text among them."""
    run = arm["runs"][0]
    return trained_in({**run["intermediate"], "text": run.get("text", [])})


def trained_in(intermediate: Mapping[str, Iterable[str]]) -> list[str]:
    """The languages of all intermediate tasks."""
    return sorted({code for codes in intermediate.values() for code in codes})


def breadth(languages: Collection[str]) -> tuple[int, bool]:
    """Sorts arms: those with the fewest languages of intermediate training first, then English."""
    return len(languages), "en" not in languages


def mean(values: Sequence[float]) -> float:
    """The mean of some numbers, one at least."""
    return sum(values) / len(values)


def span(values: Sequence[float]) -> str:
    """The mean over seeds, and from where to where they go."""
    spread = f" ({min(values):.1f} to {max(values):.1f})" if len(values) > 1 else ""
    return f"{mean(values):.1f}{spread}"


def estimate(difference: Json, level: str, name: str | None = None) -> Json | None:
    """What a difference says at a level, of one name or of the first; None if nothing."""
    found = (one for one in difference["estimates"] if one["level"] == level and name in (None, one["name"]))
    return next(found, None)


def of_pair(differences: Iterable[Json], arms: Iterable[str]) -> list[Json]:
    """The differences of two arms, in either order, by layer."""
    pair = set(arms)
    return sorted((one for one in differences if {one["a"], one["b"]} == pair), key=lambda one: one["layer"] or 0)


def between(
    differences: Iterable[Json], arms: Iterable[str], level: str, name: str, layer: int | None = None
) -> tuple[Json, Json] | None:
    """What is known of two arms, in either order: a difference with its estimate; of several that with most seeds,
    then of the lowest layer."""
    known = [one for one in of_pair(differences, arms) if layer in (None, one["layer"])]
    found = [(one, said) for one in known if (said := estimate(one, level, name))]
    return max(found, key=lambda both: len(both[0]["seeds"]), default=None)


def change(difference: Json, estimate: Json, better: str) -> Change:
    """An arm minus the other, in points, and the ends of its interval."""
    sign = 1 if difference["b"] == better else -1
    low, high = sorted((sign * estimate["low"], sign * estimate["high"]))
    return sign * estimate["difference"], low, high


def points(found: Change) -> str:
    """A difference in words."""
    middle, low, high = found
    return f"{middle:+.1f} [{low:+.1f}, {high:+.1f}]"


def commands(arms: Collection[Json], *then: str) -> str:
    """The commands that make the runs of some arms, and those that follow: a line for runs that are made alike."""
    alike: dict[tuple[int, tuple[int, ...], str], list[str]] = {}
    for arm in arms:
        cut = _cut(arm, {one["name"] for one in arms})
        for layer in {run.get("layer") or 0 for run in arm["runs"]}:
            ran = tuple(sorted(run["seed"] for run in arm["runs"] if (run.get("layer") or 0) == layer))
            alike.setdefault((layer, ran, cut), []).append(arm["name"])
    lines = []
    for (layer, ran, cut), names in sorted(alike.items()):
        setting, folder = (f" --set retrieval.layer={layer}", f"layer{layer}/") if layer else ("", "")
        lines.append(f"for arm in {' '.join(names)}; do for seed in {' '.join(map(str, ran))}; do")
        lines.append(f"  xtreme-bench run $arm --data DATA --seed $seed{setting}{cut} --out OUT/{folder}seed$seed")
        lines.append("done; done")
    return "\n".join(("```console", *lines, *then, "```"))


def _cut(arm: Json, names: Collection[str]) -> str:
    """What is set in a shipped recipe, so that it runs what is on record: some of its targets, no arm that is not."""
    path = SHIPPED / f"{arm['name']}.yaml"
    if not path.is_file():
        return ""
    recipe = load(path)
    targets = [task for task in recipe.targets if any(task in run["scores"] for run in arm["runs"])]
    some = f" --set 'targets=[{', '.join(targets)}]'" if len(targets) < len(recipe.targets) else ""
    return some + (" --set baseline=" if recipe.baseline and recipe.baseline not in names else "")
