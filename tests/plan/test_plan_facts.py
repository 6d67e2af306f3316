"""What is said of a plan: what is done, to do or cannot run, and what brings what is missing."""

from pathlib import Path

import pytest
from made_up_run import RECIPE, made_up
from small_encoders import save_small_encoder
from toy_training import tiny_encoder

from xtreme_bench.errors import Problem
from xtreme_bench.files import Digests, write_json
from xtreme_bench.plan import facts
from xtreme_bench.plan.stages import Plan, plan
from xtreme_bench.recipe import load
from xtreme_bench.stage.store import Store
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.architectures import ARCHITECTURES


def real(folder: Path, **changes: object) -> Plan:
    """A recipe on a data folder that is empty."""
    content = {key: value for key, value in RECIPE.items() if key not in ("data", "pretraining", "finetuning")}
    hub = {"hub": {"name": "nobody/nothing", "revision": "0" * 40}}
    content |= {"description": "x", "model": hub, "targets": {"xnli": {}}, **changes}
    write_json(folder / "real.yaml", content)
    return plan(load.load(folder / "real.yaml"), data=folder / "data", digests=Digests(folder / "digests.json"))


def test_a_plan_tells_what_is_done_and_what_is_not(tmp_path: Path) -> None:
    outcome, store = made_up(tmp_path)
    assert outcome.baseline is not None
    plans = [outcome.main.plan, outcome.baseline.plan]
    found = facts.facts(plans, store, tmp_path)
    assert "pretrain (made-up)" in {stage["name"] for stage in found["stages"]}  # shared, named as in the first
    text = facts.text(found)
    assert "56 of 56 stages done in 11 min 40 s of computing; to do: nothing" in text
    training = next(stage for stage in outcome.main.plan.stages if stage.kind == "intermediate")
    store.discard(training.key)
    text = facts.text(facts.facts(plans, store, tmp_path))
    (line,) = [line for line in text.splitlines() if "intermediate training" in line]
    assert "to do" in line
    assert "600 steps in batches of 32" in line
    assert training.key[:12] in line
    assert "to do: 1, of which 1 train with 19,200 training examples" in text


def test_a_plan_names_missing_files_weights_and_labels(tmp_path: Path) -> None:
    text = facts.text(facts.facts([real(tmp_path)], Store(tmp_path / "store"), tmp_path / "data"))
    assert "weights to fetch first: nobody/nothing at revision 000" in text
    how = f"xtreme-bench data fetch xnli --to {tmp_path}/data"
    assert f"missing, or may not be read:\n  xnli, 17 files (xnli/dev-en.tsv, ...): {how}\n" in text
    assert "no gold labels, so no scores: real (give their folder with --labels)" in text


def test_what_waits_for_a_stage_that_cannot_run_cannot_run_either(tmp_path: Path) -> None:
    made = real(tmp_path, targets={"xnli": {}, "tatoeba": {}})
    found = facts.facts([made], Store(tmp_path / "store"), tmp_path / "data")
    states = {one["kind"]: one["status"] for one in found["stages"]}
    waiting = dict.fromkeys(("features", "finetune", "predict", "retrieve", "audit"), "cannot run")
    assert states == {**waiting, "export": "to do"}
    assert (found["done"], found["to_do"], found["cannot_run"]) == (0, 1, len(made.stages) - 1)


def test_stages_on_an_encoder_folder_that_is_not_whole_cannot_run(tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    found = facts.facts([real(tmp_path, model={"path": "encoder"})], Store(tmp_path / "store"), tmp_path / "data")
    assert found["to_do"] == 0
    assert str(tmp_path / "encoder") in {one["what"] for one in found["missing"]}


def test_lengths_that_a_released_model_has_no_room_for_are_told_before_anything_is_trained(tmp_path: Path) -> None:
    encoders.save(tmp_path / "encoder", tiny_encoder())
    lengths = {
        "intermediate": {"tasks": {"squad_v1": {}}, "qa_length": 64, "qa_stride": 16},
        "finetuning": {"xnli": {"max_length": 65}, "panx": {"max_length": 64}},
        "targets": {"xnli": {}, "panx": {}, "tatoeba": {}},
        "retrieval": {"layer": 1, "pooling": "mean"},
    }
    made = real(tmp_path, model={"path": "encoder"}, **lengths)
    assert [problem.message for problem in made.missing if problem.file == str(tmp_path / "encoder")] == [
        "finetuning.xnli.max_length is 65, but this model has room for 64 tokens; set it to 64 or less",
        "retrieval.max_length is 256, but this model has room for 64 tokens; set it to 64 or less",
    ]


def test_blocks_that_a_released_model_lacks_are_told_before_anything_is_trained(tmp_path: Path) -> None:
    encoders.save(tmp_path / "encoder", tiny_encoder(layers=2))
    top = {"method": {"train": "top", "blocks": 3}}
    phases = {
        "intermediate": {"tasks": {"mnli": {}}, **top, "max_length": 64},
        "finetuning": {"xnli": {**top, "max_length": 64}},
    }
    made = real(tmp_path, model={"path": "encoder"}, targets={"xnli": {}}, **phases)
    assert [problem.message for problem in made.missing if problem.file == str(tmp_path / "encoder")] == [
        "finetuning.xnli.method.blocks is 3, but this model has 2 blocks",
        "intermediate.method.blocks is 3, but this model has 2 blocks",
    ]


def test_a_prefix_that_a_released_model_has_no_room_or_no_place_for_is_told_before_anything_is_trained(
    tmp_path: Path,
) -> None:
    encoders.save(tmp_path / "encoder", tiny_encoder())
    prompt = {"method": {"train": "prompt", "length": 17}, "max_length": 48}
    made = real(tmp_path, model={"path": "encoder"}, targets={"xnli": {}}, finetuning={"xnli": prompt})
    assert [problem.message for problem in made.missing if problem.file == str(tmp_path / "encoder")] == [
        "finetuning.xnli.method.length is 17, but beside inputs of 48 sub-words this model has room for 16; shorten "
        "it, or max_length"
    ]
    save_small_encoder(tmp_path / "mpnet", "mpnet")
    prompt["method"] = {"train": "prompt", "length": 16}
    made = real(tmp_path, model={"path": "mpnet"}, targets={"xnli": {}}, finetuning={"xnli": prompt})
    [found] = [problem.message for problem in made.missing if problem.file == str(tmp_path / "mpnet")]
    assert found.startswith("method prompt is not for encoders of kind mpnet, which have an attention of their own")


@pytest.mark.parametrize(("kind", "able"), [("mpnet", False), ("bert", True)])
def test_a_released_model_that_takes_no_packed_batches_is_told_before_anything_is_trained(
    kind: str, able: bool, tmp_path: Path
) -> None:
    folder = save_small_encoder(tmp_path / kind, kind)
    said = {"finetuning": {"xnli": {"max_length": 48}}, "resources": {"batches": "packed"}}
    made = real(tmp_path, model={"path": kind}, targets={"xnli": {}}, **said)
    found = [problem.message for problem in made.missing if problem.file == str(folder)]
    assert len(found) == (not able)
    assert all(message.startswith("resources.batches: packed is not for encoders of kind mpnet") for message in found)


@pytest.mark.parametrize(
    ("positions", "family", "most"), [(514, "xlm-roberta", 512), (514, "camembert", 512), (512, "bert", 512)]
)
def test_all_positions_but_those_up_to_the_padding_of_a_roberta_are_used(
    positions: int, family: str, most: int
) -> None:
    assert ARCHITECTURES[family].room(positions, 0 if family == "bert" else 1) == most


@pytest.mark.parametrize(
    ("file", "what", "how"),
    [
        ("xnli/test-de.tsv", "xnli", "xtreme-bench data fetch xnli --to download"),
        ("squad/train-v2.0.json", "squad_v2", "xtreme-bench data fetch squad_v2 --to download"),
        ("squad/dev-v1.1.json", "squad_v1", "xtreme-bench data fetch squad_v1 --to download"),
        ("ccg/ccg.train", "ccg", "needs a licence"),
        ("mnli/de/multinli_1.0_train.jsonl", "mnli in de", "put your own files there, or convert a release of xnli"),
        ("mnli/en-mt/multinli_1.0_train.jsonl", "mnli in en-mt", "put your own files there, or convert a release with"),
        ("squad/fi/train-v1.1.json", "squad_v1 in fi", "; other items in this language are in tydiqa_train"),
        ("squad/de/train-v1.1.json", "squad_v1 in de", "put your own files there, or convert a release with"),
        ("tydiqa_train/fi/train.json", "tydiqa_train in fi", "convert a release of tydiqa with `data prepare`"),
        ("text/de.txt", "text", "put your own files there"),
    ],
)
def test_each_corpus_that_is_missing_comes_with_what_brings_it(file: str, what: str, how: str) -> None:
    problems = [Problem("missing", f"download/{file}")] * 2
    (entry,) = facts.lacking(problems, Path("download"))
    assert (entry["what"], entry["files"]) == (what, [file])
    assert how in entry["how"]
    (line,) = facts.missing_lines([entry])
    assert line.startswith(f"{what}, 1 file ({file}): ")


def test_what_is_wrong_with_a_file_that_is_there_is_told_as_it_is() -> None:
    (entry,) = facts.lacking([Problem("is a link to /etc", "download/xnli/test-de.tsv")], Path("download"))
    assert facts.missing_lines([entry]) == ["download/xnli/test-de.tsv: is a link to /etc"]
