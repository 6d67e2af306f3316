"""Whole runs on the built-in corpora, small: from recipe to checked bundle, killed and resumed, damaged and mended."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_bundle import bundle_hash

from xtreme_bench.bundle.verify import verify
from xtreme_bench.bundle.write import read_manifest, write
from xtreme_bench.miniature.corpus import write_corpus, write_labels
from xtreme_bench.recipe.load import load
from xtreme_bench.stage.code import ROOT

pytestmark = pytest.mark.slow

BASE = """
description: a whole run in seconds
seed: 1
data: {source: miniature, scale: 0.03}
model: {scratch: {layers: 2, width: 32, heads: 2, feedforward: 64, vocabulary: 600, positions: 130}}
pretraining: {steps: 60, batch: 16, learning_rate: 1.0e-3, max_length: 48, languages: [en, de, zh]}
finetuning:
  xnli: {steps: 12, batch: 8, max_length: 64, evaluate_every: 6}
  pawsx: {steps: 6, batch: 8, max_length: 64, evaluate_every: 3}
  udpos: {steps: 6, batch: 8, max_length: 64, evaluate_every: 3}
  panx: {steps: 6, batch: 8, max_length: 64, evaluate_every: 3}
  squad: {steps: 6, batch: 8, max_length: 96, stride: 32, evaluate_every: 3}
  tydiqa: {steps: 6, batch: 8, max_length: 96, stride: 32, evaluate_every: 3}
targets:
  xnli: {languages: [en, de, zh]}
  pawsx: {languages: [en, de, zh]}
  udpos: {languages: [en, de, zh]}
  panx: {languages: [en, de, zh]}
  xquad: {languages: [en, de, zh]}
  mlqa: {languages: [en, de, zh]}
  tydiqa: {languages: [en]}
  bucc2018: {languages: [de, zh]}
  tatoeba: {languages: [de, zh]}
retrieval: {layer: 1, pooling: mean, max_length: 64}
resources: {checkpoint_seconds: 0.2}
"""
FULL = """
baseline: base
expect: {scores: {overall: {at_least: 0}, xnli/transfer: {at_least: 0}}, gains: {retrieval: {at_least: -100}}}
intermediate:
  tasks:
    {anli_plus: {}, mnli: {}, qqp: {}, squad_v1: {}, squad_v2: {}, hellaswag: {}, ccg: {}, cosmosqa: {},
     commonsenseqa: {batch: 4, learning_rate: 2.0e-5, max_length: 48, evaluate_on: 5}}
  mlm: {languages: [en, de], ratio: 0.3}
  steps: 30
  batch: 8
  max_length: 64
  qa_length: 96
  qa_stride: 32
  evaluate_every: 15
  evaluate_on: 10
"""


USED = ("en", "de", "zh")


def folder(path: Path) -> Path:
    (path / "recipes").mkdir(parents=True)
    (path / "recipes/base.yaml").write_text(BASE)
    (path / "recipes/full.yaml").write_text(BASE + FULL)
    return path


def command(recipe: str = "full") -> list[str]:
    return [sys.executable, "-m", "xtreme_bench.cli", "run", f"recipes/{recipe}.yaml", "--allow-partial"]


def run(path: Path, recipe: str = "full") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(recipe), cwd=path, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `full` has run once."""
    path = folder(tmp_path_factory.mktemp("whole"))
    done = run(path)
    assert done.returncode == 0, done.stderr
    assert "mean without en" in done.stdout
    return path


def test_a_run_leaves_a_bundle_of_nine_tasks_a_zip_and_a_report(finished: Path) -> None:
    bundle = finished / "submissions/full"
    manifest = read_manifest(bundle)
    assert len([path for path in bundle.iterdir() if path.is_dir()]) == 9
    assert set(manifest["scores"]) >= {"all_task", "retrieval", "xquad"}
    assert bundle_hash(bundle) == bundle_hash(bundle / "full.zip")
    assert "<svg" in (finished / "reports/full/index.html").read_text()
    assert set(manifest["zero_shot"]["xnli"]) == {"de", "zh"}
    assert manifest["dev"]["fine-tune xnli (full)"]["chance"] == {"xnli": pytest.approx(100 / 3, abs=10)}


def test_the_bundles_of_a_run_are_verified(finished: Path, tmp_path: Path) -> None:
    write_labels(tmp_path / "labels", seed=load(finished / "recipes/full.yaml").data.seed, scale=0.03, languages=USED)
    for name in ("full", "base"):
        for path in (finished / "submissions" / name, finished / f"submissions/{name}/{name}.zip"):
            result = verify(path, tmp_path / "labels")
            assert result.problems == ()
            assert result.summary.startswith("verified: 23 files, 9 tasks; 23 scored again, all scores equal; ")


def verified_again(finished: Path, bundle: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    labels = folder / "labels"
    write_labels(labels, seed=load(finished / "recipes/full.yaml").data.seed, scale=0.03, languages=USED)
    line = [sys.executable, "-m", "xtreme_bench.cli", "verify", str(bundle), "--labels", str(labels)]
    return subprocess.run(
        [*line, "--rerun", str(finished / "store"), *options], cwd=folder, capture_output=True, text=True, check=False
    )


def test_predictions_are_repeated_from_the_submitted_models_alone(finished: Path, tmp_path: Path) -> None:
    done = verified_again(finished, finished / "submissions/full", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("; predictions repeated, 23 of 23 files equal")
    assert not [line for line in done.stderr.splitlines() if "train" in line and "done in" in line]


def test_predictions_that_were_copied_from_the_labels_are_not_those_of_the_submitted_models(
    finished: Path, tmp_path: Path
) -> None:
    write_labels(tmp_path / "labels", seed=load(finished / "recipes/full.yaml").data.seed, scale=0.03, languages=USED)
    manifest = read_manifest(finished / "submissions/full")
    folders = {task: finished / "submissions/full" / task for task in manifest["recipe"]["targets"]}
    forged = write(tmp_path / "forged", {**manifest, "scores": None}, folders | {"xnli": tmp_path / "labels/xnli"})
    done = verified_again(finished, forged, tmp_path)
    assert done.returncode == 1
    assert "xnli/test-de.tsv: xnli de: " in done.stderr
    assert "differ from those of the submitted model" in done.stderr
    assert done.stdout.splitlines()[-1].endswith("; predictions repeated, 20 of 23 files equal")
    assert verified_again(finished, forged, tmp_path, "--within", "5").returncode == 1


def test_nothing_that_varies_from_run_to_run_is_in_the_bundle(finished: Path, tmp_path: Path) -> None:
    again = folder(tmp_path / "elsewhere")
    assert run(again).returncode == 0
    for name in ("full", "base"):
        one, two = (path / f"submissions/{name}/{name}.zip" for path in (finished, again))
        assert one.read_bytes() == two.read_bytes()


def test_a_second_run_takes_everything_from_the_store(finished: Path) -> None:
    started = time.monotonic()
    done = run(finished)
    assert done.returncode == 0
    assert "done in" not in done.stderr
    assert time.monotonic() - started < 20


def test_killed_at_any_moment_the_same_command_ends_in_the_same_bundle(finished: Path, tmp_path: Path) -> None:
    path = folder(tmp_path / "killed")
    rng = random.Random(5)
    for _ in range(6):
        process = subprocess.Popen(command(), cwd=path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(1.0, 9.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run(path).returncode == 0
    assert (path / "submissions/full/full.zip").read_bytes() == (finished / "submissions/full/full.zip").read_bytes()


def test_results_of_other_code_are_taken_where_the_user_accepts_them_and_marked(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "edited"
    shutil.copytree(finished, path)
    package = shutil.copytree(ROOT, tmp_path / "code/xtreme_bench", ignore=shutil.ignore_patterns("__pycache__"))
    with (package / "training/loop.py").open("a") as file:
        file.write("\nfit = fit\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "code"))
    plan = [*command()[:-3], "plan", *command()[-2:], "--json", "-"]
    found = json.loads(subprocess.run(plan, cwd=path, capture_output=True, text=True, check=True).stdout)
    why = {one["kind"]: one["why"] for one in found["stages"] if one["status"] == "to do again"}
    assert why["pretrain"] == ["code of training/loop differs from the finished run"]
    assert why["export"] == ["it reads `pretrain`: to do again"]  # the baseline's, which is the last
    done = subprocess.run([*command(), "--accept-code"], cwd=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "done in" not in done.stderr
    assert "results of full made by other code and accepted (--accept-code)" in done.stdout
    before, after = (read_manifest(one / "submissions/full") for one in (finished, path))
    assert {one["kind"] for one in after["stages"] if one.pop("accepted_code", None)} == {
        "pretrain", "intermediate", "finetune",
    }  # fmt: skip
    assert after == before


def test_a_damaged_output_is_named_and_made_again_with_the_same_result(finished: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged"
    shutil.copytree(finished, path)
    damaged = next((path / "store/stages").glob("*/out/head.safetensors"))
    damaged.write_bytes(b"nonsense")
    before = bundle_hash(path / "submissions/full")
    done = run(path)
    assert done.returncode == 0
    assert f"{damaged.relative_to(path)}: has changed since the stage was finished" in done.stderr
    assert done.stderr.count("done in") == 1
    assert bundle_hash(path / "submissions/full") == before


def test_an_expectation_that_is_not_met_ends_with_1_and_keeps_the_bundle(finished: Path, tmp_path: Path) -> None:
    path = tmp_path / "unmet"
    shutil.copytree(finished, path)
    (path / "recipes/full.yaml").write_text(BASE + FULL.replace("overall: {at_least: 0}", "overall: {at_least: 100}"))
    done = run(path)
    assert done.returncode == 1
    assert "expect: overall: expected at least 100" in done.stderr
    assert read_manifest(path / "submissions/full")["name"] == "full"


DOWNLOAD = """
description: a data folder without gold labels
seed: 1
model: {path: ../encoder}
finetuning: {xnli: {steps: 3, batch: 8, max_length: 64}}
targets: {xnli: {languages: [en, de]}}
"""
RETRIEVAL = """
description: sentence retrieval with a model of the user's, at every layer
seed: 1
model: {path: ../encoder}
targets: {bucc2018: {languages: [de]}, tatoeba: {languages: [de]}}
retrieval: {layer: 1, layers: all, pooling: mean, max_length: 64}
"""


def with_encoder(finished: Path, path: Path, recipe: str) -> Path:
    """A folder with data of English and German, an encoder of the finished run in `encoder`, and the recipe."""
    folder(path)
    write_corpus(path / "data", seed=1, scale=0.03, languages=("en", "de"))
    shutil.copytree(next((finished / "store/stages").glob("*/out/model.safetensors")).parent, path / "encoder")
    (path / "recipes/full.yaml").write_text(recipe)
    return path


def test_without_gold_labels_a_run_ends_in_a_bundle_without_scores(finished: Path, tmp_path: Path) -> None:
    path = with_encoder(finished, tmp_path / "unscored", DOWNLOAD)
    done = run(path)
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    assert read_manifest(path / "submissions/full")["scores"] is None


def test_retrieval_takes_a_model_in_a_folder(finished: Path, tmp_path: Path) -> None:
    path = with_encoder(finished, tmp_path / "retrieval", RETRIEVAL)
    done = run(path)
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    manifest = read_manifest(path / "submissions/full")
    assert manifest["files"]["tatoeba/test-de.tsv"]["records"] == 12
    assert len(manifest["layers"]["bucc2018_dev_f1"]["de"]) == 3
    assert "onnxruntime" in manifest["layers"]["provider"]
    assert manifest["layers"]["chosen"] in (0, 1, 2)
    (path / "encoder/model.safetensors").unlink()
    done = run(path)
    assert (done.returncode, "model.safetensors is missing" in done.stderr) == (2, True), done.stderr


def test_a_model_of_the_hub_without_network_fails_in_seconds_with_one_sentence(tmp_path: Path) -> None:
    path = folder(tmp_path / "hub")
    write_corpus(path / "data", seed=1, scale=0.03, languages=("en", "de"))
    hub = f"{{hub: {{name: someone/some-model, revision: {'0123456789' * 4}}}}}"
    (path / "recipes/full.yaml").write_text(DOWNLOAD.replace("{path: ../encoder}", hub))
    # Nothing listens on the discard port of this machine.
    offline = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "cache")}
    started = time.monotonic()
    done = subprocess.run(command(), cwd=path, capture_output=True, text=True, check=False, env=offline)
    assert done.returncode == 3
    assert done.stderr.startswith("error: someone/some-model (revision 0123456789")
    assert len(done.stderr.splitlines()) == 1
    assert time.monotonic() - started < 15
