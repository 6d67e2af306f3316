"""The commands on bundles, without `verify`: score, check, compare, report."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from xtreme_bench.cli.options import EXISTING, EXISTING_FOLDER, FOLDER, emit, json_option
from xtreme_bench.wording import say


def _note(text: str) -> None:
    say(f"note: {text}", err=True)


@click.command()
@click.option("--predictions", type=EXISTING, required=True, help="Folder or zip with <task>/test-<lang>.<ext>.")
@click.option("--labels", type=EXISTING_FOLDER, required=True, help="Folder with the gold labels, in the same layout.")
@json_option("the scores")
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
        _note(note)


@click.command()
@click.argument("bundle", type=EXISTING)
@click.option("--labels", type=EXISTING_FOLDER, help="Folder of gold labels; expected sizes are taken from it.")
@click.option("--data", type=EXISTING_FOLDER, help="XTREME's download folder; expected sizes are taken from it.")
@json_option("the result")
def check(bundle: Path, labels: Path | None, data: Path | None, json_file: Path | None) -> None:
    """Check BUNDLE, a folder or a zip; exit 1 if it has problems."""
    from xtreme_bench.bundle.check import check as check_bundle
    from xtreme_bench.report import terminal

    result = check_bundle(bundle, labels=labels, data=data)
    emit(json_file, result.to_dict(), lambda: terminal.check_text(result))
    sys.exit(1 if result.problems else 0)


@click.command()
@click.argument("reference", type=EXISTING)
@click.argument("others", nargs=-1, required=True, type=EXISTING, metavar="OTHER...")
@click.option("--labels", type=EXISTING_FOLDER, help="Folder of gold labels; without it, only differences.")
@click.option("--format", "form", type=click.Choice(["text", "markdown", "latex", "csv"]), default="text")
@json_option("the comparison")
def compare(reference: Path, others: tuple[Path, ...], labels: Path | None, form: str, json_file: Path | None) -> None:
    """Compare each OTHER with REFERENCE on the same test items: differences, 95 % intervals, conclusions.

    Each is a bundle, or a folder with one bundle per seed.
    """
    from xtreme_bench.comparison.arms import bundles_of
    from xtreme_bench.report import terminal
    from xtreme_bench.report.claims import tuned

    if labels is None:
        from xtreme_bench.bundle.load import load
        from xtreme_bench.report import versus
        from xtreme_bench.report.manifest_differences import compare as compare_manifests

        if len(others) > 1 or form != "text":
            raise click.UsageError("with several OTHERs, or another --format than text, give --labels too")
        loaded = [[load(path) for path in bundles_of(place, _note)] for place in (reference, *others)]
        (before, after), _ = versus.scored(loaded, None)
        result = compare_manifests(before.manifest, after.manifest)
        emit(json_file, result, lambda: terminal.comparison_text(result))
        for line in tuned([before.manifest, after.manifest]):
            _note(line)
        note = "these differences are of claimed scores and have no intervals; give --labels to compute them"
        _note(note)
        return
    from xtreme_bench.comparison import forms
    from xtreme_bench.comparison.arms import read_arms
    from xtreme_bench.comparison.compare import compare as compare_arms

    bundles = [bundles_of(place, _note) for place in (reference, *others)]
    arms = read_arms(bundles, labels)
    found = compare_arms(*arms)
    emit(json_file, {"comparisons": [one.to_dict() for one in found]}, lambda: forms.document(found, form))
    for line in tuned({**arm.manifests[0], "name": arm.name} for arm in arms):
        _note(line)


@click.command()
@click.argument("bundles", nargs=-1, required=True, type=EXISTING, metavar="BUNDLE...")
@click.option(
    "--labels",
    type=EXISTING_FOLDER,
    help="Folder of gold labels; without it, scores are those that bundles claim, and no difference is tested.",
)
@click.option("--out", type=FOLDER, default=Path("reports/comparison"), show_default=True)
def report(bundles: tuple[Path, ...], labels: Path | None, out: Path) -> None:
    """Print tables of several bundles, and write a page with plots.

    Each is a bundle, or a folder with one bundle per seed, whose means are shown.
    """
    from xtreme_bench.bundle.load import load
    from xtreme_bench.comparison.arms import bundles_of
    from xtreme_bench.report import terminal, versus

    found = [bundles_of(place, _note) for place in bundles]
    runs, computed = versus.scored([[load(path) for path in paths] for paths in found], labels)
    manifests = [run.manifest for run in runs]
    means = versus.means_text(runs)
    say("\n".join(part for part in (terminal.bundles_text(manifests, computed), means) if part))
    tested = versus.of_runs(runs, labels)
    say(f"report: {terminal.write_comparison_page(manifests, out, tested, computed, lead=means)}", err=True)
