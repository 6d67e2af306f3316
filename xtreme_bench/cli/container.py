"""The commands about containers, and `doctor`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from xtreme_bench.cli.options import emit, json_option
from xtreme_bench.wording import count, say


@click.command()
@click.option("--gpu", is_flag=True, help="Fail unless a GPU is present and really used.")
@json_option("the findings")
def doctor(gpu: bool, json_file: Path | None) -> None:
    """Test what stages compute with: Python, GPU, torch, ONNX Runtime, Docker; exit 1 if something is broken."""
    from tabulate import tabulate

    from xtreme_bench.cli.doctor import examine

    findings = examine(gpu=gpu)
    rows = [(finding.part, finding.state, finding.detail) for finding in findings]
    emit(
        json_file,
        [finding.to_dict() for finding in findings],
        lambda: tabulate(rows, headers=("", "", ""), tablefmt="plain", maxcolwidths=(None, None, 100)).lstrip("\n "),
    )
    sys.exit(1 if any(finding.state == "broken" for finding in findings) else 0)


@click.command()
@click.option("--named", metavar="IMAGE", help="Use this image instead of the one that the Dockerfile defines.")
def image(named: str | None) -> None:
    """Find or build the image of --engine docker, and print its digest."""
    from xtreme_bench.engines.docker import connect
    from xtreme_bench.engines.image import find_or_make

    say(find_or_make(connect(), named, lambda line: say(line, err=True)))


@click.command("clean-containers")
@click.option("--all", "everyone", is_flag=True, help="Also remove the containers of active runs.")
def clean_containers(everyone: bool) -> None:
    """Remove the containers that killed runs left."""
    from xtreme_bench.engines.docker import connect
    from xtreme_bench.engines.owner import remove_left

    removed = remove_left(connect(), everyone=everyone)
    for name in removed:
        say(name)
    say(f"{count(len(removed), 'container')} removed", err=True)
