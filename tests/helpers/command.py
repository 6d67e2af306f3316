"""The command line as a user meets it, in this process: streams, folder, exit code, but no start of a process."""

from __future__ import annotations

import contextlib
import io
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from xtreme_bench.cli.main import main
from xtreme_bench.stage.interrupts import ENDING


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def call(*arguments: str, cwd: Path | None = None) -> Done:
    """Run `xtreme-bench` with `arguments`, in the folder `cwd`. What a user would see as a traceback is raised."""
    out, err = io.StringIO(), io.StringIO()
    handlers = {number: signal.getsignal(number) for number in ENDING}
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(cwd or Path.cwd()),
        mock.patch.object(sys, "argv", ["xtreme-bench", *arguments]),
    ):
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
    return Done(code, out.getvalue(), err.getvalue())
