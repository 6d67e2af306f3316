"""The command line. Each command calls a function and prints the result. Heavy imports are inside the commands."""

from __future__ import annotations

import errno
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from xtreme_bench import __version__, engines
from xtreme_bench.cli.container import clean_containers, doctor, image
from xtreme_bench.cli.data import ALLOW_PARTIAL, EXISTING, EXISTING_FOLDER, FOLDER, OUTPUT, data, emit
from xtreme_bench.cli.leaderboard import leaderboard
from xtreme_bench.cli.model import model
from xtreme_bench.cli.verify import verify
from xtreme_bench.errors import Problem, XtremeBenchError
from xtreme_bench.stage import interrupts
from xtreme_bench.wording import count, say


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="xtreme-bench")
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error.")
def cli(debug: bool) -> None:
    """Intermediate-task training and zero-shot evaluation on XTREME: recipes in, checked submission bundles out."""


def _places(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--data", type=FOLDER, help="Folder of the corpora; not needed for recipes on the built-in ones."),
        click.option(
            "--labels",
            type=EXISTING_FOLDER,
            help="Folder of the test sets' gold labels; the default is DATA with `-labels` added.",
        ),
        click.option(
            "--engine", type=click.Choice(engines.names()), default="local", show_default=True, help="Where stages run."
        ),
        click.option("--store", type=FOLDER, default=Path("store"), show_default=True, help="Where stages are kept."),
        ALLOW_PARTIAL,
        click.option(
            "--accept-code",
            is_flag=True,
            help="Reuse finished stages that differ only by their code; bundle and report say so.",
        ),
        click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Run with this seed: short for --set seed=N."),
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="KEY=VALUE",
            help="Set a value of the recipe, such as finetuning.xnli.batch=16; an empty VALUE removes it. Repeatable.",
        ),
    ):
        function = option(function)
    return function


def _overrides(seed: int | None, others: tuple[str, ...]) -> tuple[str, ...]:
    return others if seed is None else (f"seed={seed}", *others)


@cli.command()
@click.argument("recipe")
@_places
@click.option("--out", type=FOLDER, default=Path("submissions"), show_default=True, help="Folder for bundles.")
@click.option("--reports", type=FOLDER, default=Path("reports"), show_default=True, help="Folder for reports.")
def run(
    recipe: str,
    data: Path | None,
    labels: Path | None,
    store: Path,
    engine: str,
    allow_partial: bool,
    accept_code: bool,
    seed: int | None,
    overrides: tuple[str, ...],
    out: Path,
    reports: Path,
) -> None:
    """Run RECIPE (a name from `list`, or a file), and write a checked bundle and a report."""
    from xtreme_bench.report import seeds
    from xtreme_bench.run.reproduce import Places, reproduce
    from xtreme_bench.stage.store import Store

    places = Places(data, labels, store, out, reports, allow_partial)
    outcome = reproduce(recipe, places, engine, accept_code=accept_code, overrides=_overrides(seed, overrides))
    text, written = seeds.tell(outcome, reports, Store(store))
    say(text)
    say("\n".join(written), err=True)
    _exit_with(outcome.problems)


@cli.command()
@click.argument("recipe")
@_places
@click.option("--allow-missing", is_flag=True, help="Exit 0 even if files are missing and stages cannot run.")
@click.option("--json", "json_file", type=OUTPUT, help="Write the plan as JSON; - is standard output.")
def plan(
    recipe: str,
    data: Path | None,
    labels: Path | None,
    store: Path,
    engine: str,
    allow_partial: bool,
    accept_code: bool,
    seed: int | None,
    overrides: tuple[str, ...],
    allow_missing: bool,
    json_file: Path | None,
) -> None:
    """Show what RECIPE would run, what is finished, and what is missing; exit 2 if a stage cannot run."""
    from xtreme_bench.plan import facts
    from xtreme_bench.run.reproduce import Places, planned
    from xtreme_bench.stage.store import Store

    places = Places(data, labels, store, partial=allow_partial)
    made = planned(recipe, places, engine, accept_code=accept_code, overrides=_overrides(seed, overrides))
    found = facts.facts(made, Store(store), places.corpora)
    emit(json_file, found, lambda: facts.text(found))
    sys.exit(2 if found["cannot_run"] and not allow_missing else 0)


@cli.command()
@click.argument("recipes", nargs=-1, required=True, metavar="RECIPE...")
def validate(recipes: tuple[str, ...]) -> None:
    """Check recipes and list all their faults."""
    from xtreme_bench.recipe import files, load

    problems = [problem for name in recipes for problem in load.validate(files.find(name))]
    _say_problems(problems)
    say(f"{len(recipes)} checked, {count(len(problems), 'fault')}", err=True)
    sys.exit(2 if problems else 0)


@cli.command("list")
def list_() -> None:
    """List the recipes in ./recipes/ and those that come with xtreme-bench."""
    from tabulate import tabulate

    from xtreme_bench.recipe import files

    say(tabulate(list(files.listing().items()), headers=("recipe", "description")))


@cli.command()
@click.argument("name")
@click.option("--from", "origin", default="quickstart", show_default=True, help="The recipe to copy.")
def init(name: str, origin: str) -> None:
    """Write recipes/NAME.yaml, a commented recipe to start from, and the schema for editors."""
    from xtreme_bench.recipe import files

    say(f"{files.start(name, origin)}: edit it, then `xtreme-bench plan {name}` shows what it would run", err=True)


@cli.command()
@click.option("--predictions", type=EXISTING, required=True, help="Folder or zip with <task>/test-<lang>.<ext>.")
@click.option("--labels", type=EXISTING_FOLDER, required=True, help="Folder with the gold labels, in the same layout.")
@click.option("--json", "json_file", type=OUTPUT, help="Write the scores as JSON; - is standard output.")
@click.option("--lenient", is_flag=True, help="Report faults as warnings, and score like the official scorer.")
def evaluate(predictions: Path, labels: Path, json_file: Path | None, lenient: bool) -> None:
    """Score predictions with the official metrics."""
    from xtreme_bench.bundle.evaluate import coverage
    from xtreme_bench.bundle.evaluate import evaluate as evaluate_strictly
    from xtreme_bench.bundle.lenient import evaluate as evaluate_leniently
    from xtreme_bench.report import terminal

    if lenient:
        result = evaluate_leniently(predictions, labels)
        for fault in (*result.warnings, *result.stops):
            say(f"warning: {fault}", err=True)
        emit(json_file, result.to_dict(), lambda: terminal.lenient_text(result))
        notes = list(result.notes)
    else:
        scores = evaluate_strictly(predictions, labels)
        notes = coverage(predictions, labels)[1]
        emit(json_file, scores, lambda: terminal.score_table(scores))
    for note in notes:
        say(f"note: {note}", err=True)


@cli.command()
@click.argument("bundle", type=EXISTING)
@click.option("--labels", type=EXISTING_FOLDER, help="Folder of gold labels; expected sizes are taken from it.")
@click.option("--data", type=EXISTING_FOLDER, help="XTREME's download folder; expected sizes are taken from it.")
@click.option("--json", "json_file", type=OUTPUT, help="Write the result as JSON; - is standard output.")
def check(bundle: Path, labels: Path | None, data: Path | None, json_file: Path | None) -> None:
    """Check BUNDLE, a folder or a zip; exit 1 if it has problems."""
    from xtreme_bench.bundle.check import check as check_bundle
    from xtreme_bench.report import terminal

    result = check_bundle(bundle, labels=labels, data=data)
    emit(json_file, result.to_dict(), lambda: terminal.check_text(result))
    sys.exit(1 if result.problems else 0)


@cli.command()
@click.argument("reference", type=EXISTING)
@click.argument("others", nargs=-1, required=True, type=EXISTING, metavar="OTHER...")
@click.option("--labels", type=EXISTING_FOLDER, help="Folder of gold labels; without it, only differences.")
@click.option("--format", "form", type=click.Choice(["text", "markdown", "latex", "csv"]), default="text")
@click.option("--json", "json_file", type=OUTPUT, help="Write the comparison as JSON; - is standard output.")
def compare(reference: Path, others: tuple[Path, ...], labels: Path | None, form: str, json_file: Path | None) -> None:
    """Compare each OTHER with REFERENCE on the same test items: differences, 95 % intervals, conclusions.

    Each is a bundle, or a folder with one bundle per seed.
    """
    from xtreme_bench.report import terminal

    if labels is None:
        from xtreme_bench.bundle import write
        from xtreme_bench.report.compare import compare as compare_manifests

        if len(others) > 1 or form != "text":
            raise click.UsageError("with several OTHERs, or another --format than text, give --labels too")
        result = compare_manifests(write.read_manifest(reference), write.read_manifest(others[0]))
        emit(json_file, result, lambda: terminal.comparison_text(result))
        say("note: these differences have no confidence intervals; give --labels to compute them", err=True)
        return
    from xtreme_bench.comparison import forms
    from xtreme_bench.comparison.arms import bundles_of, read_arm
    from xtreme_bench.comparison.compare import compare as compare_arms

    found = compare_arms(*(read_arm(bundles_of(place), labels) for place in (reference, *others)))
    emit(json_file, {"comparisons": [one.to_dict() for one in found]}, lambda: forms.document(found, form))


@cli.command("report")
@click.argument("bundles", nargs=-1, required=True, type=EXISTING, metavar="BUNDLE...")
@click.option("--labels", type=EXISTING_FOLDER, help="Folder of gold labels; without it, no difference is tested.")
@click.option("--out", type=FOLDER, default=Path("reports/comparison"), show_default=True)
def report_(bundles: tuple[Path, ...], labels: Path | None, out: Path) -> None:
    """Print tables of several bundles, and write a page with plots."""
    from xtreme_bench.bundle import write
    from xtreme_bench.report import terminal, versus

    manifests = [write.read_manifest(path) for path in bundles]
    tested = versus.of_bundles(bundles, manifests, labels) if labels else {}
    say(terminal.summary_table(manifests))
    say(f"report: {terminal.write_comparison_page(manifests, out, tested)}", err=True)


for command in (data, model, verify, leaderboard, doctor, image, clean_containers):
    cli.add_command(command)


def _say_problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        say(str(problem), err=True)


def _exit_with(problems: Sequence[Problem]) -> None:
    _say_problems(problems)
    if problems:
        say(count(len(problems), "problem"), err=True)
        sys.exit(1)


def main() -> None:
    """Entry point: turns each error into one message and an exit code (see `errors`)."""
    debug = "--debug" in sys.argv[1:]
    interrupts.install()
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        say("interrupted; run the same command again to continue", err=True)
        sys.exit(130)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(file=shown)
        say(shown.getvalue().rstrip("\n"), err=True)
        sys.exit(error.exit_code)
    except XtremeBenchError as error:
        if debug:
            raise
        say(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if debug:
            raise
        place = f": {error.filename}" if error.filename else ""
        full = "; free space, then run the same command again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        say(f"error: {error.strerror or error}{place}{full}", err=True)
        sys.exit(3)
