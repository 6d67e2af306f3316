"""Stages in real containers: the same results as here, no way out, nothing left behind, and every end explained."""

import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from xtreme_bench.bundle.write import read_manifest, write
from xtreme_bench.engines import docker as engine
from xtreme_bench.engines import image, owner
from xtreme_bench.engines.docker import Docker
from xtreme_bench.errors import InputError, StageError
from xtreme_bench.miniature.corpus import write_labels
from xtreme_bench.recipe.load import Resources

# The client library leaves the socket of a followed container to the garbage collector.
pytestmark = [pytest.mark.docker, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

# One of each kind of stage, and little of it.
SHORT = """
description: quickstart, shortened
seed: 1
data: {source: miniature, scale: 0.03}
model: {scratch: {layers: 2, width: 32, heads: 2, feedforward: 64, vocabulary: 600, positions: 130}}
pretraining: {steps: 60, batch: 16, learning_rate: 1.0e-3, max_length: 48, languages: [en, de]}
intermediate: {tasks: {mnli: {}}, steps: 10, batch: 8, max_length: 64, evaluate_every: 5, evaluate_on: 10}
finetuning: {xnli: {steps: 12, batch: 8, max_length: 64, evaluate_every: 6}}
targets: {xnli: {languages: [en, de]}, tatoeba: {languages: [de]}}
retrieval: {layer: 1, pooling: mean, max_length: 64}
resources: {checkpoint_seconds: 0.2, memory: 3}
"""
FORGE = """
import json, os, pathlib, socket, subprocess, sys
stage = json.loads(pathlib.Path(sys.argv[1]).read_text())
folder = pathlib.Path(sys.argv[1]).parent
found = {}
def attempt(name, action):
    try:
        found[name] = str(action())
    except BaseException as error:
        found[name] = type(error).__name__ + ": " + str(error)
attempt("network", lambda: socket.create_connection(("10.255.255.53", 53), 3))
attempt("interfaces", lambda: sorted(name for _, name in socket.if_nameindex()))
attempt("uid", os.getuid)
attempt("setuid", lambda: os.setuid(0))
attempt("capabilities", lambda: [l for l in open("/proc/self/status") if l[:3] in ("Cap", "NoN")])
attempt("mount", lambda: subprocess.check_output(["mount", "-t", "tmpfs", "none", "/tmp"], stderr=-2))
for place in ("/", "/etc", "/opt/venv", "/root", "/opt/xtreme-bench/xtreme_bench", "/dev", *stage["inputs"].values()):
    attempt("write " + place, lambda: pathlib.Path(place, "x").write_text("x"))
attempt("change input", lambda: pathlib.Path(stage["inputs"]["data"], "train.txt").write_text("other"))
attempt("write stage", lambda: (folder / "out" / "x").write_text("x"))
attempt("write tmp", lambda: pathlib.Path("/tmp/x").write_text("x"))
attempt("seen", lambda: sorted(p.name for p in pathlib.Path(stage["inputs"]["data"]).rglob("*")))
attempt("labels", lambda: pathlib.Path(stage["params"]["labels"]).read_text())
attempt("neighbours", lambda: os.listdir(folder.parent))
attempt("offline", lambda: os.environ["HF_HUB_OFFLINE"])
def fork():
    children = []
    try:
        for _ in range(200):
            children.append(subprocess.Popen(["sleep", "30"]))
        return "no limit"
    finally:
        for child in children:
            child.kill()
attempt("processes", fork)
(folder / "result.json").write_text(json.dumps({"found": found}))
print(json.dumps({"done": True}))
"""
FOLLOW = """
import json, pathlib, sys
link = pathlib.Path(json.loads(pathlib.Path(sys.argv[1]).read_text())["inputs"].popitem()[1], "model")
text = link.read_text()
try:
    link.write_text("other")
except OSError as error:
    text += ": " + error.strerror
print(json.dumps({"error": text, "exit": 2}))
"""


def client() -> DockerClient:
    return engine.connect()


@pytest.fixture(scope="module", autouse=True)
def made() -> str:
    """The image of this checkout."""
    try:
        connection = client()
    except StageError as error:
        pytest.skip(f"no Docker engine: {error}")
    if not {"XTREME_BENCH_BASE_IMAGE", "XTREME_BENCH_IMAGE"} & os.environ.keys():
        pytest.skip("no image: set XTREME_BENCH_BASE_IMAGE (tools/base-image makes one) or XTREME_BENCH_IMAGE")
    return image.find_or_make(connection, None, print)


@pytest.fixture(autouse=True)
def _sockets() -> Iterator[None]:
    """Let go of a test's sockets while their warning is filtered, not at the end of the whole run."""
    yield
    gc.collect()


def run(folder: Path, *options: str, recipe: str = SHORT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *options, recipe=recipe),
        cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip


def command(folder: Path, *options: str, recipe: str = SHORT) -> list[str]:
    folder.mkdir(exist_ok=True)
    (folder / "short.yaml").write_text(recipe)
    return [sys.executable, "-m", "xtreme_bench.cli", "run", "short.yaml", *options]


def predictions(folder: Path) -> dict[str, bytes]:
    bundle = folder / "submissions/short"
    return {str(path.relative_to(bundle)): path.read_bytes() for path in sorted(bundle.glob("*/*"))}


def containers() -> list[Any]:
    found: list[Any] = client().containers.list(all=True, filters={"label": owner.LABEL})
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docker") / "run"
    done = run(folder, "--engine", "docker")
    assert done.returncode == 0, done.stderr
    return folder


def test_a_run_in_containers_predicts_the_same_as_here_and_names_its_image(
    finished: Path, tmp_path: Path, made: str
) -> None:
    done = run(tmp_path / "here")
    assert done.returncode == 0, done.stderr
    assert predictions(finished) == predictions(tmp_path / "here") != {}
    inside, here = (read_manifest(folder / "submissions/short") for folder in (finished, tmp_path / "here"))
    assert (inside["image"], here["image"]) == (made, None)
    for package in ("torch", "transformers", "numpy", "onnxruntime", "xtreme-bench"):
        assert inside["versions"][package] == here["versions"][package]
    assert {one["key"] for one in inside["stages"]}.isdisjoint(one["key"] for one in here["stages"])
    assert containers() == []


def test_a_second_run_takes_everything_from_the_store(finished: Path) -> None:
    done = run(finished, "--engine", "docker")
    assert (done.returncode, "done in" in done.stderr) == (0, False)


def test_predictions_are_repeated_in_containers_and_an_altered_file_is_found(finished: Path, tmp_path: Path) -> None:
    labels, bundle = tmp_path / "labels", finished / "submissions/short"
    write_labels(labels, seed=1, scale=0.03, languages=("en", "de"))
    folders = {task: bundle / task for task in ("xnli", "tatoeba")}
    (tmp_path / "xnli").mkdir()
    for file in folders["xnli"].iterdir():
        (tmp_path / "xnli" / file.name).write_text("neutral\n" * len(file.read_text().splitlines()))
    forged = write(
        tmp_path / "forged", {**read_manifest(bundle), "scores": None}, folders | {"xnli": tmp_path / "xnli"}
    )
    for place, equal, code in ((bundle, 3, 0), (forged, 1, 1)):
        line = [sys.executable, "-m", "xtreme_bench.cli", "verify", str(place), "--labels", str(labels)]
        line += ["--rerun", str(finished / "store"), "--engine", "docker"]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, containers()) == (code, []), done.stderr
        assert done.stdout.splitlines()[-1].endswith(f"; predictions repeated, {equal} of 3 files equal")
        assert not [one for one in done.stderr.splitlines() if "tune" in one and "done in" in one]


def test_killed_in_mid_stage_the_next_run_removes_what_is_left_and_ends_the_same(
    finished: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "killed"
    with subprocess.Popen(command(folder, "--engine", "docker"), cwd=folder, stderr=subprocess.DEVNULL) as process:
        until(lambda: checkpoints(folder))
        process.send_signal(signal.SIGKILL)
    assert containers() != []
    done = run(folder, "--engine", "docker")
    assert (done.returncode, containers()) == (0, [])
    assert "the container of a run that was killed" in done.stderr
    assert predictions(folder) == predictions(finished)


@pytest.mark.parametrize(
    ("shell", "number"),
    [('exec "$@"', signal.SIGINT), ("trap '' INT; exec \"$@\"", signal.SIGTERM)],
    ids=["Ctrl-C", "SIGTERM in the background"],
)
def test_a_run_that_is_asked_to_end_leaves_no_container_and_ends_with_130(
    tmp_path: Path, shell: str, number: signal.Signals
) -> None:
    folder = tmp_path / "interrupted"
    with subprocess.Popen(
        ["sh", "-c", shell, "sh", *command(folder, "--engine", "docker")],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until(lambda: checkpoints(folder))
        process.send_signal(number)
        assert process.wait(60) == 130
    assert containers() == []


def checkpoints(folder: Path) -> list[Path]:
    """Those of unfinished stages."""
    return [path for one in folder.glob("store/partial/*") for path in (one / "work").glob("checkpoint*")]


def until(happened: Any, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def run_forged(monkeypatch: pytest.MonkeyPatch, folder: Path, program: str, resources: Resources) -> None:
    """Run a stage with the real engine, but with a program of the test's in the place of the worker."""
    (folder / "worker.py").write_text(program)  # the one folder that host and container share
    monkeypatch.setattr(engine, "WORKER", ("python", str(folder / "worker.py")))
    Docker(resources, print).run(folder, print)


def stage(tmp_path: Path, kind: str = "finetune", gold: str = "data/labels", **inputs: Path) -> Path:
    """A stage folder of a store, and data in which the gold labels lie too deep for anybody's good."""
    folder = tmp_path / "store/partial/0123"
    (folder / "out").mkdir(parents=True)
    (tmp_path / "data/labels").mkdir(parents=True)
    (tmp_path / "data/train.txt").write_text("a sentence")
    (tmp_path / "data/labels/gold.txt").write_text("the answer")
    (tmp_path / "store/stages/other/out").mkdir(parents=True)
    given = inputs or {"data": tmp_path / "data"}
    spec = {
        "kind": kind, "params": {"labels": str(tmp_path / "data/labels/gold.txt")},
        "inputs": {name: str(path) for name, path in given.items()},
        "closed": [str(tmp_path / gold), str(tmp_path / "store/stages"), str(tmp_path / "store/partial")],
    }  # fmt: skip
    (folder / "stage.json").write_text(json.dumps(spec))
    return folder


def test_nothing_leads_out_of_a_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stage(tmp_path)
    run_forged(monkeypatch, folder, FORGE, Resources(memory=1, process_limit=100))
    found = json.loads((folder / "result.json").read_text())["found"]
    assert found["network"] == "OSError: [Errno 101] Network is unreachable"
    assert found["interfaces"] == "['lo']"
    assert int(found["uid"]) not in (0, -1)
    assert found["setuid"].startswith("PermissionError")
    assert found["capabilities"].count("0000000000000000") == 5
    assert "NoNewPrivs:\\t1" in found["capabilities"]
    assert found["mount"].startswith("CalledProcessError")
    writes = {name: what for name, what in found.items() if name.startswith("write /")}
    assert len(writes) == 7
    assert [name for name, what in writes.items() if not what.startswith(("OSError", "PermissionError"))] == []
    assert found["change input"].startswith(("OSError: [Errno 30] Read-only", "PermissionError"))
    assert (found["write stage"], found["write tmp"], found["offline"]) == ("1", "1", "1")
    assert found["seen"] == "['labels', 'train.txt']"  # an empty folder stands where the labels are
    assert found["labels"].startswith("FileNotFoundError")
    assert found["neighbours"] == "['0123']"
    assert found["processes"].startswith("BlockingIOError")
    assert containers() == []


def test_scoring_is_given_the_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stage(tmp_path, "score", data=tmp_path / "store/stages/other/out", labels=tmp_path / "data/labels")
    run_forged(monkeypatch, folder, FORGE, Resources())
    assert json.loads((folder / "result.json").read_text())["found"]["labels"] == "the answer"


def test_labels_in_the_very_folder_of_the_data_are_refused(tmp_path: Path) -> None:
    folder = stage(tmp_path, gold="data")
    with pytest.raises(InputError, match="the gold labels are in the same folder as the data"):
        Docker(Resources(), print).run(folder, print)


def test_the_weights_that_links_of_the_hubs_cache_lead_to_are_there_and_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "cache/snapshots/0"
    model.mkdir(parents=True)
    (tmp_path / "cache/blobs").mkdir()
    (tmp_path / "cache/blobs/1").write_text("weights")
    (model / "model").symlink_to("../../blobs/1")
    folder = stage(tmp_path, encoder=model)
    with pytest.raises(InputError, match="weights: Read-only file system|weights: Permission denied"):
        run_forged(monkeypatch, folder, FOLLOW, Resources())


def test_what_a_link_in_the_data_leads_to_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stage(tmp_path, gold="gold")
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold/model").write_text("the answer")
    (tmp_path / "data/model").symlink_to("../gold/model")
    with pytest.raises(StageError, match="No such file or directory"):
        run_forged(monkeypatch, folder, FOLLOW, Resources())


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("x = bytearray(1 << 30)\nfor i in range(0, 1 << 30, 4096): x[i] = 1", "needed more than the 0.1 GiB"),
        ("import os; os.kill(os.getpid(), 9)", "was killed from outside|ended with code"),
        ("import sys; print('no such thing', file=sys.stderr); sys.exit(5)", r"ended with code 5 .*\(no such thing\)"),
    ],
)
def test_how_a_container_ended_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    with pytest.raises(StageError, match=said) as raised:
        run_forged(monkeypatch, stage(tmp_path), program, Resources(memory=0.1))
    assert "\n" not in str(raised.value)
    assert containers() == []


def test_a_full_disk_is_an_error_that_names_the_file_and_ends_with_3(tmp_path: Path) -> None:
    folder = tmp_path / "full"
    (folder / "store").mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", folder / "store"], check=False)
    if mounted.returncode:
        pytest.skip("this user cannot mount a small disk")
    try:
        done = run(folder, "--engine", "docker")
    finally:
        subprocess.run(["umount", folder / "store"], check=True)
    assert done.returncode == 3
    assert "No space left on device" in done.stderr
    assert containers() == []


def test_a_gpu_that_is_asked_for_but_absent_ends_with_3(tmp_path: Path) -> None:
    if "nvidia" in client().info()["Runtimes"]:
        pytest.skip("this engine offers GPUs")
    done = run(tmp_path / "gpu", "--engine", "docker", recipe=SHORT.replace("memory: 3", "gpus: 1"))
    assert done.returncode == 3
    assert done.stderr.startswith(
        "error: the recipe asks for a GPU (`resources.gpus: 1`), but a container gets none of the"
    )
    assert len(done.stderr.splitlines()) == 1


def test_an_image_that_is_nowhere_ends_with_3(tmp_path: Path) -> None:
    done = run(tmp_path / "image", "--engine", "docker", XTREME_BENCH_IMAGE="localhost:9/nothing@sha256:" + "0" * 64)
    assert done.returncode == 3
    assert "is not on this engine and cannot be pulled" in done.stderr.splitlines()[-1]


def test_a_build_that_fails_says_what_the_engine_said_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "_context", lambda: [("Dockerfile", b"FROM scratch\nCOPY absent /\n")])
    with pytest.raises(StageError, match=r"cannot be built: COPY failed.*before that: Step 2/2 : COPY absent"):
        image.build(client(), print, name="xtreme-bench:broken", anew=True)


@pytest.mark.timeout(900)
def test_an_image_built_twice_has_the_same_files_and_versions(made: str, tmp_path: Path) -> None:
    connection = client()
    first = contents(connection, made)
    image.build(connection, print, name="xtreme-bench:again", anew=True)
    try:
        second = contents(connection, "xtreme-bench:again")
    finally:
        connection.images.remove("xtreme-bench:again", force=True)
    assert len(first) > 10_000
    different = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    # Dates of the user data base, and pip's notes of when it looked; nothing that runs.
    assert [name for name in different if not name.startswith(("/etc/shadow", "/var/lib/apt", "/var/cache"))] == []


def contents(connection: DockerClient, name: str) -> dict[str, str]:
    """The sha256 of every file of an image."""
    lines = connection.containers.run(
        name, entrypoint="/bin/sh", user="0:0", remove=True, network_mode="none",
        command=["-c", "find / -xdev -type f -not -path '/proc/*' -not -path '/sys/*' -not -path /etc/hosts "
                 "-not -path /etc/hostname -not -path /etc/resolv.conf -print0 | xargs -0 sha256sum"],
    )  # fmt: skip
    return {line[66:]: line[:64] for line in lines.decode().splitlines()}
