"""A small zip costs little, whatever it unpacks to: at most 5 seconds of computing and 600 MB of addresses."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command import Done
from small_bundle import LABELS, manifest, put, put_bundle

from xtreme_bench.benchmark import TASKS
from xtreme_bench.bundle.read import MAX_FILES
from xtreme_bench.files import digest

MIB = 2**20
XNLI, UDPOS, BUCC, XQUAD = "xnli/test-de.tsv", "udpos/test-de.tsv", "bucc2018/test-de.tsv", "xquad/test-de.json"
PANX = [TASKS["panx"].file(code) for code in TASKS["panx"].languages]


def says(records: int, names: list[str], **more: Any) -> str:
    """A manifest by which files have so many records, and `more`."""
    files = {name: {"sha256": "0" * 64, "records": records, **more} for name in names}
    value = {**manifest(), "schema_version": 1, "files": files}
    return json.dumps({**value, "recipe_sha256": digest(value["recipe"])})


# What the bundle holds, and what is said of it.
FILES: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "empty lines": (lambda: {UDPOS: b"\n" * (20 * MIB)}, "a file of predictions has at most 16,777,216"),
    "lines below the limit of bytes": (lambda: {BUCC: b"\n" * (15 * MIB)}, "no test set has over 1,000,000"),
    "wrong labels": (lambda: {XNLI: b"contradictory\n" * 900_000}, "899,997 more like the 3 above"),
    "wrong tags": (lambda: {UDPOS: b"DOG\n\n" * 450_000}, "449,997 more like the 3 above"),
    "empty sentences": (lambda: {UDPOS: b"\n" * 900_000}, "more like the 3 above"),
    "pairs again": (lambda: {BUCC: b"de-000000001\ten-000000001\n" * 600_000}, "599,996 more like the 3 above"),
    "one long line": (lambda: {XNLI: b"a" * (15 * MIB)}, "is not a label of xnli"),
    "a manifest of lists": (
        lambda: {"manifest.json": b"[" + b"[]," * (3 * MIB // 2) + b"[]]"},
        "a manifest has at most",
    ),
    "a manifest of small lists": (lambda: {"manifest.json": b"[" + b"[]," * MIB + b"[]]"}, "more than 500,000 values"),
    "many faulty entries": (
        lambda: {"manifest.json": says(-1, [str(number) for number in range(30_000)])},
        "29,997 more entries like the 3 above",
    ),
    "lists as answers": (lambda: {XQUAD: b'{"a": [' + b"[]," * (2 * MIB) + b"[]]}"}, "more than 500,000 values"),
    "an id again": (lambda: {XQUAD: b"{" + b'"a": "b",' * 400_000 + b'"a": ""}'}, "399,997 more like the 3 above"),
    "a long number": (lambda: {XQUAD: b'{"a": ' + b"9" * (15 * MIB) + b"}"}, "is too large"),
    "a long answer": (lambda: {XQUAD: b'{"q1": "' + b"ab " * (5 * MIB) + b'"}'}, "more than any passage"),
    "files that are what the manifest says": (
        lambda: {
            **dict.fromkeys(PANX[:20], b"O\n\n" * 300_000),
            "manifest.json": says(300_000, PANX[:20]),
        },
        "its sha256 differs",
    ),
    "many files": (lambda: {f"{number}": b"" for number in range(MAX_FILES + 1)}, "more than 2,000 files"),
    "long names": (lambda: {f"{'x' * 60_000}{number}": b"" for number in range(20)}, "its list of files has"),
}


# Runs commands one after another, each in a fork of a process that has the package loaded, and says how each ended.
SERVER = f"""
import json, os, resource, sys
from xtreme_bench.bundle import check, evaluate, lenient, verify
from xtreme_bench.cli.main import main
from xtreme_bench.report import terminal
for line in sys.stdin:
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
        resource.setrlimit(resource.RLIMIT_AS, ({600 * MIB}, {600 * MIB}))
        arguments, *streams = json.loads(line)
        for number, path in enumerate(streams, 1):
            os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY), number)
        sys.argv = ["xtreme-bench", *arguments]
        sys.exit(main())
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
Run = Callable[..., Done]


@pytest.fixture(scope="module")
def server() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process


@pytest.fixture
def run(server: subprocess.Popen[str], tmp_path: Path) -> Run:
    """Runs a command within the limits."""

    def run(*arguments: str) -> Done:
        streams = tmp_path / "out.txt", tmp_path / "err.txt"
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps([arguments, *map(str, streams)]) + "\n")
        server.stdin.flush()
        return Done(int(server.stdout.readline()), *(path.read_text(encoding="utf-8") for path in streams))

    return run


@pytest.mark.slow
@pytest.mark.parametrize("what", FILES)
def test_a_small_zip_that_unpacks_to_much_is_checked_in_seconds(what: str, run: Run, tmp_path: Path) -> None:
    make, said = FILES[what]
    with zipfile.ZipFile(tmp_path / "small.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in make().items():
            archive.writestr(name, content)
    done = run("check", str(tmp_path / "small.zip"))
    assert said in done.stdout + done.stderr
    assert done.returncode in (1, 2)


MANY = range(10_500)
# Claims beside the predictions, and what `verify` says of them.
CLAIMS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "keys of a recipe": (lambda: {"recipe": {str(one): 1 for one in MANY}}, "its recipe has more than 10,000"),
    "targets": (lambda: {"recipe": {"targets": {str(one): {} for one in MANY}}}, "its recipe has more than"),
    "languages": (lambda: {"recipe": {"targets": {"xnli": {"languages": ["de"] * len(MANY)}}}}, "its recipe"),
    "expectations": (
        lambda: {"recipe": {"expect": {"scores": {str(one): {"at_least": 1} for one in MANY}}}},
        "more, not listed",
    ),
    "zero-shot": (lambda: {"zero_shot": {str(one): [] for one in MANY}}, "more, not listed"),
    "scores": (lambda: {"scores": {str(one): 1 for one in MANY}}, "more, not listed"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", CLAIMS)
def test_a_manifest_that_claims_much_is_verified_in_seconds_and_few_words(what: str, run: Run, tmp_path: Path) -> None:
    claims, said = CLAIMS[what]
    bundle = put_bundle(tmp_path, **claims())
    done = run("verify", str(bundle), "--labels", str(put(tmp_path / "labels", dict(LABELS))))
    assert said in done.stderr
    assert (done.returncode, len(done.stderr) < 300_000) == (1, True)


@pytest.fixture(scope="module")
def understated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip whose one member says that it has 100 bytes, and has 200 MiB."""
    path = tmp_path_factory.mktemp("understated") / "small.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(XNLI, "w") as stream,
    ):
        for _ in range(200):
            stream.write(b"\n" * MIB)
    raw = bytearray(path.read_bytes())
    at = raw.rfind(b"PK\1\2") + 24
    raw[at : at + 4] = struct.pack("<I", 100)
    path.write_bytes(raw)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [["check"], ["evaluate", "--lenient", "--predictions"], ["evaluate", "--predictions"]]
)
def test_a_member_that_says_less_than_it_holds_is_read_as_far_as_it_says(
    options: list[str], understated: Path, run: Run, tmp_path: Path
) -> None:
    labels = str(put(tmp_path / "labels", LABELS))
    done = run(*options, str(understated), *(["--labels", labels] if options[0] == "evaluate" else []))
    assert "damaged inside the zip" in done.stdout + done.stderr
    assert done.returncode == {"check": 1}.get(options[0], 0 if "--lenient" in options else 2)


@pytest.mark.slow
def test_a_zip64_is_refused_before_its_entries_are_read(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "small.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(XNLI, b"")
    raw = path.read_bytes()
    end = raw.rfind(b"PK\5\6")
    path.write_bytes(raw[:end] + struct.pack("<4sIQI", b"PK\6\7", 0, 0, 1) + raw[end:])
    done = run("check", str(path))
    assert (done.returncode, "a zip64" in done.stderr) == (2, True)
