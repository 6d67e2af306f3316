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
from xtreme_bench.cli.bundles import check, compare, evaluate, report
from xtreme_bench.cli.container import clean_containers, doctor, image
from xtreme_bench.cli.data import data
from xtreme_bench.cli.export import export
from xtreme_bench.cli.leaderboard import leaderboard
from xtreme_bench.cli.model import model
from xtreme_bench.cli.options import ALLOW_PARTIAL, EXISTING_FOLDER, FOLDER, emit, json_option, say_problems
from xtreme_bench.cli.verify import verify
from xtreme_bench.errors import Problem, XtremeBenchError
from xtreme_bench.plan import devices
from xtreme_bench.stage import interrupts
from xtreme_bench.wording import count, say

# A place that the user named cannot be read or written. Errors inside a stage do not come here: they are `StageError`.
_WRONG_PATH = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EACCES, errno.EPERM, errno.EROFS)


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
@click.option(
    "--device",
    type=click.Choice(devices.NAMES),
    help="Estimate the cost of training and prediction on this device; `this` is measured for five seconds.",
)
@json_option("the plan")
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
    device: str | None,
    json_file: Path | None,
) -> None:
    """Show what RECIPE would run, what is finished, and what is missing; exit 2 if a stage cannot run."""
    from xtreme_bench.plan import facts
    from xtreme_bench.run.reproduce import Places, planned
    from xtreme_bench.stage.store import Store

    places = Places(data, labels, store, partial=allow_partial)
    made = planned(recipe, places, engine, accept_code=accept_code, overrides=_overrides(seed, overrides))
    found = facts.facts(made, Store(store), places.corpora)
    if device:
        from xtreme_bench.plan import estimate, estimate_text

        estimate.add(found["stages"], made, Store(store), devices.named(device, store))
    emit(json_file, found, lambda: facts.text(found) + (f"\n\n{estimate_text.text(found)}" if device else ""))
    sys.exit(2 if found["cannot_run"] and not allow_missing else 0)


@cli.command()
@click.argument("recipes", nargs=-1, required=True, metavar="RECIPE...")
def validate(recipes: tuple[str, ...]) -> None:
    """Check recipes and list all their faults."""
    from xtreme_bench.recipe import files, load

    problems = [problem for name in recipes for problem in load.validate(files.find(name))]
    say_problems(problems)
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


for command in (
    evaluate,
    check,
    verify,
    compare,
    report,
    export,
    leaderboard,
    data,
    model,
    doctor,
    image,
    clean_containers,
):
    cli.add_command(command)


def _exit_with(problems: Sequence[Problem]) -> None:
    say_problems(problems)
    if problems:
        say(count(len(problems), "problem"), err=True)
        sys.exit(1)


def main() -> None:
    """Entry point: turns each error into one message and an exit code (see `errors`)."""
    debug = "--debug" in sys.argv[1:]
    interrupts.install()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # no error for what the terminal's encoding lacks
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
        sys.exit(2 if error.errno in _WRONG_PATH else 3)
