"""The command `verify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from xtreme_bench import engines
from xtreme_bench.cli.options import EXISTING, EXISTING_FOLDER, emit, json_option, say_problems
from xtreme_bench.wording import say


@click.command()
@click.argument("bundle", type=EXISTING)
@click.option("--labels", type=EXISTING_FOLDER, required=True, help="Folder with the gold labels.")
@click.option("--data", type=EXISTING_FOLDER, help="Folder of the corpora: more checks, and test sets for --rerun.")
@click.option(
    "--same-as", type=EXISTING, metavar="OTHER", help="Also fail if the bundle OTHER is not the same experiment."
)
@click.option(
    "--within",
    type=click.FloatRange(0),
    metavar="POINTS",
    help="With --same-as or --rerun: the other run may be of another machine; no main score may differ by more.",
)
@click.option(
    "--rerun",
    type=EXISTING_FOLDER,
    metavar="STORE",
    help="Also predict again with the trained models in the submitted STORE, and compare.",
)
@click.option(
    "--engine", type=click.Choice(engines.names()), default="local", show_default=True, help="Where --rerun runs."
)
@json_option("the result")
def verify(
    bundle: Path,
    labels: Path,
    data: Path | None,
    same_as: Path | None,
    within: float | None,
    rerun: Path | None,
    engine: str,
    json_file: Path | None,
) -> None:
    """Check BUNDLE, score it again, and compare the scores with its manifest and with `expect` of its recipe."""
    from xtreme_bench.bundle.verify import verify as verify_bundle

    if within is not None and same_as is None and rerun is None:
        raise click.UsageError("--within needs --same-as OTHER or --rerun STORE")
    result = verify_bundle(bundle, labels, same_as=same_as, within=within, data=data)
    if rerun is not None:
        from xtreme_bench.run.repeat import repeat

        result = repeat(result, bundle, rerun, labels=labels, data=data, engine=engine, within=within)
    for line in (*result.flags, *result.notes):
        say(f"note: {line}", err=str(json_file) == "-")
    say_problems(result.problems)
    emit(json_file, result.to_dict(), lambda: result.summary)
    sys.exit(1 if result.problems else 0)
