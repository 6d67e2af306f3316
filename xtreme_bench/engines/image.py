"""The image that stages run in: a given one, or the one that the Dockerfile beside this package defines."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.errors import APIError, ImageNotFound, NotFound

from xtreme_bench import __version__
from xtreme_bench.errors import StageError

ROOT = Path(__file__).parent.parent.parent
REPOSITORY = "xtreme-bench"
SAY_SECONDS = 15.0


def find(client: DockerClient, named: str | None) -> str | None:
    """The digest of the image in `named`, else in XTREME_BENCH_IMAGE, else of the Dockerfile; None if it is missing."""
    try:
        return str(client.images.get(_ready(named) or tag()).id)
    except ImageNotFound:
        return None


def find_or_make(client: DockerClient, named: str | None, say: Callable[[str], None]) -> str:
    """Like `find`, but a missing image is pulled if it is named, and built otherwise.

    Errors: `StageError` when neither is possible.
    """
    found = find(client, named)
    if found is not None:
        return found
    wanted = _ready(named)
    if wanted is None:
        return build(client, say)
    say(f"image {wanted}: not on this engine yet, pulling it")
    try:
        client.images.pull(wanted)
        return str(client.images.get(wanted).id)
    except (APIError, NotFound) as error:
        raise StageError(
            f"the image {wanted} is not on this engine and cannot be pulled ({_reason(error)}): load it with "
            "`docker load`, or give no image (`resources.image`, XTREME_BENCH_IMAGE) to have it built"
        ) from error


def tag() -> str:
    """The name of the image: it contains a hash of Dockerfile, lock files, this package's code and the base."""
    state = hashlib.sha256()
    for name, content in _context():
        state.update(f"{name}\0{len(content)}\0".encode() + content)
    state.update(repr(sorted(_build_arguments().items())).encode())
    return f"{REPOSITORY}:{state.hexdigest()[:16]}"


def build(client: DockerClient, say: Callable[[str], None], *, name: str | None = None, anew: bool = False) -> str:
    """Build the image of this checkout; returns its digest. Errors: `StageError` with the engine's last output.

    name: what to call it instead of `tag()`. anew: repeat also the steps that an earlier build has done.
    """
    name = name or tag()
    say(f"image {name}: building it (takes minutes, only once for these packages)")
    arguments = {**_build_arguments(), "VERSION": __version__, "REVISION": revision()}
    last, said = "", time.monotonic()
    stream = client.api.build(
        fileobj=_build_context(),
        custom_context=True,
        buildargs=arguments,
        tag=name,
        nocache=anew,
        rm=True,
        forcerm=True,
        network_mode="host",  # only to reach the package index; stages run without any network
        decode=True,
    )
    for part in stream:
        if "error" in part:
            raise StageError(
                f"the image cannot be built: {str(part['error']).strip()} (before that: {last}); fix this, or set "
                "XTREME_BENCH_BASE_IMAGE to a local base, or XTREME_BENCH_IMAGE to a ready image, or use "
                "--engine local"
            )
        line = str(part.get("stream") or part.get("status") or "").strip()
        last = line or last
        if line.startswith("Step ") or (line and time.monotonic() - said >= SAY_SECONDS):
            said = time.monotonic()
            say(f"  image: {line[:100]}")
    return str(client.images.get(name).id)


def _ready(named: str | None) -> str | None:
    return named or os.environ.get("XTREME_BENCH_IMAGE") or None


def _build_arguments() -> dict[str, str]:
    """The base image and the device, if the environment sets them; the Dockerfile has the defaults."""
    given = {"BASE_IMAGE": "XTREME_BENCH_BASE_IMAGE", "DEVICE": "XTREME_BENCH_DEVICE"}
    return {name: value for name, variable in given.items() if (value := os.environ.get(variable))}


def _context() -> list[tuple[str, bytes]]:
    """Name and content of each file in the image, in order."""
    if not (ROOT / "Dockerfile").is_file():
        raise StageError(
            "there is no Dockerfile beside the installed package: set XTREME_BENCH_IMAGE to a ready image, "
            "or run from a checkout of the repository"
        )
    code = (path for path in (ROOT / "xtreme_bench").rglob("*") if path.is_file() and path.suffix != ".pyc")
    files = sorted([ROOT / "Dockerfile", *ROOT.glob("requirements*.lock"), *code])
    return [(path.relative_to(ROOT).as_posix(), path.read_bytes()) for path in files]


def _build_context() -> io.BytesIO:
    """The build context, without times and owners: equal files give an equal context."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in _context():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    archive.seek(0)
    return archive


def revision() -> str:
    """The commit of this checkout, marked if files have changed since; "unknown" without git."""
    if not (ROOT / ".git").exists():  # an installed package may lie in the checkout of something else
        return "unknown"
    command = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _reason(error: Any) -> str:
    return str(getattr(error, "explanation", None) or error).strip().splitlines()[0][:200]
