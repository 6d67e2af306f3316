"""The command that exports a run for others."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from xtreme_bench.cli.options import EXISTING, EXISTING_FOLDER, FOLDER
from xtreme_bench.errors import InputError
from xtreme_bench.wording import say


@click.command()
@click.argument("bundle", type=EXISTING)
@click.option("--to", type=FOLDER, required=True, help="New folder for the export.")
@click.option("--store", type=FOLDER, default=Path("store"), show_default=True, help="The store of the run.")
@click.option("--encoder", help="Which encoder: intermediate, pretraining, or a source of fine-tuning such as xnli.")
@click.option("--licence", help="Licence of the model, as the hub writes it: apache-2.0.")
@click.option("--push", "name", metavar="NAME", help="Also upload to the Hugging Face hub: ORG/NAME.")
@click.option(
    "--form",
    type=click.Choice(["hub", "mteb", "lm-eval"]),
    default="hub",
    show_default=True,
    help="hub: model and predictions with cards. mteb, lm-eval: results in the JSON of these projects.",
)
@click.option("--labels", type=EXISTING_FOLDER, help="Folder with the gold labels; --form mteb needs it.")
def export(
    bundle: Path,
    to: Path,
    store: Path,
    encoder: str | None,
    licence: str | None,
    name: str | None,
    form: str,
    labels: Path | None,
) -> None:
    """Write what others can take over from the run of BUNDLE: its model and predictions for the hub, or its results."""
    if find_spec("huggingface_hub") is None:
        raise InputError("export needs `pip install 'xtreme-bench[hub]'`")
    from xtreme_bench.export import folders, push, results
    from xtreme_bench.stage.store import Store

    if form != "hub":
        if name or encoder or licence:
            raise click.UsageError("--push, --encoder and --licence go with --form hub")
        files, notes = results.write(bundle, to, form, labels)
        for note in notes:
            say(f"note: {note}", err=True)
        say("\n".join(map(str, files)))
        return
    if name:
        push.require_hub(name)
    model, predictions = folders.write(bundle, to, Store(store), which=encoder, licence=licence, name=name)
    say(f"{model}\n{predictions}")
    if name:
        push.push(model, predictions, name, say)
