"""Starts a worker that serves: it reads names of stage files from standard input, and answers on standard output."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping


def start(environment: Mapping[str, str], *, own_session: bool = False) -> subprocess.Popen[str]:
    """A worker with this environment. With a session of its own, Ctrl-C does not reach it."""
    return subprocess.Popen(
        [sys.executable, "-m", "xtreme_bench.stage.worker", "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
        start_new_session=own_session,
    )
