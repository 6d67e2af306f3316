"""What `verify --rerun` refuses before it runs anything."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from made_up_run import made_up
from small_bundle import LABELS, put, put_bundle

from xtreme_bench.bundle.verify import Verification, verify
from xtreme_bench.errors import InputError
from xtreme_bench.run.repeat import _take, repeat
from xtreme_bench.stage.store import Store

REFERENCE = Path(__file__).parents[2] / "submissions/reference/smoke"
GOOD = Verification((), (), {}, "checked")


def test_a_bundle_with_problems_is_not_repeated(tmp_path: Path) -> None:
    bundle, labels = put_bundle(tmp_path, seed=2, scores=None), put(tmp_path / "labels", LABELS)
    result = repeat(verify(bundle, labels), bundle, tmp_path, labels=labels)
    assert result.problems
    assert result.notes[-1] == "not repeated: fix the problems first"


def test_a_recipe_of_anybody_cannot_choose_an_encoder_of_this_machine(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="an encoder in a folder, which only its authors have"):
        repeat(GOOD, put_bundle(tmp_path), tmp_path, labels=tmp_path)


def test_models_that_the_submitted_store_lacks_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not the store of this bundle") as caught:
        repeat(GOOD, REFERENCE, tmp_path, labels=tmp_path)
    said = [problem.message for problem in caught.value.problems]
    assert "the model of `fine-tune xnli (smoke)` is missing" in said
    assert len(said) == 8  # pretraining, intermediate training, six fine-tunings


def test_a_model_that_is_taken_can_be_read_by_the_user_of_a_container(tmp_path: Path) -> None:
    outcome, submitted = made_up(tmp_path, baseline=False)
    (key,) = (stage.key for stage in outcome.main.plan.stages if stage.kind == "pretrain")
    for path, mode in ((submitted.out(key) / "curve.jsonl", 0o600), (submitted.out(key), 0o700)):
        path.chmod(mode)
    store = Store(tmp_path / "here")
    assert list(_take(key, "pretrain", submitted, store)) == []
    assert [path.stat().st_mode & 0o777 for path in (store.out(key), store.out(key) / "curve.jsonl")] == [0o755, 0o644]


@pytest.mark.parametrize(
    ("what", "words"), [("link", "is a link; a store has none"), ("forged", "describes another stage than the name")]
)
def test_a_submitted_store_with_links_or_forged_records_is_refused(what: str, words: str, tmp_path: Path) -> None:
    stages = json.loads((REFERENCE / "manifest.json").read_text(encoding="utf-8"))["stages"]
    (key,) = (stage["key"] for stage in stages if stage["kind"] == "intermediate")
    folder = tmp_path / "stages" / key
    put(folder, {"record.json": json.dumps({"key": key}), "out/model.safetensors": "x"})
    if what == "link":
        shutil.rmtree(folder / "out")
        (folder / "out").symlink_to(tmp_path)
    with pytest.raises(InputError) as caught:
        repeat(GOOD, REFERENCE, tmp_path, labels=tmp_path)
    assert [words in str(problem) for problem in caught.value.problems if key in str(problem)] == [True]
