"""The owner of a container: a label names the process that started it, so that later runs can remove leftovers."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.errors import APIError, NotFound

LABEL = "org.xtreme-bench.owner"


def this_process() -> str:
    """This process as a label. A process id alone is not unique: it recurs after a reboot or in another container."""
    facts = {
        "host": platform.node(),
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip(),
        "space": str(Path("/proc/self/ns/pid").readlink()),
        "pid": os.getpid(),
        "started": _started(os.getpid()),
    }
    return json.dumps(facts, sort_keys=True)


def is_gone(label: str) -> bool:
    """Whether the process in a label has certainly ended; False for processes of other machines."""
    here = json.loads(this_process())
    try:
        owner = json.loads(label)
        if owner["host"] != here["host"]:
            return False
        if owner["boot"] != here["boot"]:
            return True
        return bool(owner["space"] == here["space"] and _started(int(owner["pid"])) != owner["started"])
    except (ValueError, KeyError, TypeError):
        return False


def remove_left(client: DockerClient, *, everyone: bool = False) -> list[str]:
    """Remove containers whose owners have ended, or with `everyone` all of this program; returns their names."""
    removed = []
    for container in client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True):
        if everyone or is_gone(container.labels.get(LABEL, "")):
            remove(container)
            removed.append(str(container.name))
    return removed


def remove(container: Any) -> None:
    """End and remove a container, unless it is already gone or being removed."""
    try:
        container.remove(force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != 409:  # 409: another process is removing it
            raise


def _started(pid: int) -> int | None:
    """The start time of a process in ticks since boot, or None if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])  # the name in brackets may contain spaces and brackets
