"""From recipes to stages: which there are, what their keys depend on, and what is missing."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from xtreme_bench.aligned import ALIGNED
from xtreme_bench.audit import scope
from xtreme_bench.bundle.manifest import trained_on, zero_shot
from xtreme_bench.data.corpora import TextChoice
from xtreme_bench.data.usage import TextUse
from xtreme_bench.files import Digests
from xtreme_bench.plan import facts
from xtreme_bench.plan.stages import Plan, plan
from xtreme_bench.recipe.load import load
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.params import parse, plain
from xtreme_bench.stage.stage import Folder, Stage
from xtreme_bench.training.params import Intermediate

RECIPES = sorted(Path("recipes").glob("*.yaml"))
SMALL = """
description: a small recipe
seed: 1
data: {source: miniature}
model: {scratch: {layers: 2, width: 32, heads: 2, feedforward: 64, vocabulary: 500, positions: 130}}
pretraining: {steps: 10, languages: [en, de]}
finetuning: {squad: {steps: 5, max_length: 96, stride: 32}}
targets: {xquad: {languages: [en, de]}, mlqa: {languages: [en, de]}, tatoeba: {languages: [de]}}
retrieval: {layer: 1, pooling: mean, max_length: 64}
"""


def planned(folder: Path, text: str = SMALL, **folders: Path) -> Plan:
    file = folder / "small.yaml"
    file.write_text(text)
    return plan(load(file), digests=Digests(folder / "digests.json"), **folders)


@pytest.mark.slow
@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_shipped_recipe_can_be_planned_without_data_or_weights(path: Path, tmp_path: Path) -> None:
    made = plan(load(path), data=tmp_path / "none", digests=Digests(tmp_path / "digests.json"))
    for part in made.members or (made,):
        assert set(part.predictions) == set(made.recipe.targets)
    assert all(len(stage.key) == 64 for stage in made.stages)
    assert bool(made.missing) == (made.recipe.data.source != "miniature")


def test_squad_serves_xquad_and_mlqa_and_retrieval_needs_no_fine_tuning(tmp_path: Path) -> None:
    made = planned(tmp_path)
    kinds = Counter(stage.kind for stage in made.stages)
    once = dict.fromkeys(("corpus", "pretrain", "finetune", "export", "retrieve", "audit", "labels", "score"), 1)
    assert kinds == {**once, "features": 3, "predict": 2}
    assert made.predictions["xquad"].inputs["model"] is made.predictions["mlqa"].inputs["model"]
    # What fine-tuning leaves may be only what it has changed of the encoder that it began with.
    assert made.predictions["xquad"].inputs["encoder"] is made.predictions["tatoeba"].inputs["encoder"]
    assert made.predictions["tatoeba"].inputs["encoder"] is made.predictions["xquad"].inputs["model"].inputs["encoder"]  # type: ignore[union-attr]


def test_gold_labels_are_given_to_kinds_that_may_see_them_and_to_no_other(tmp_path: Path) -> None:
    given = [stage for stage in planned(tmp_path).stages if "labels" in stage.inputs]
    assert {stage.kind for stage in given} == {"score"}
    assert all(KINDS[stage.kind].gold for stage in given)
    assert not any(KINDS[kind].gold for kind in KINDS if KINDS[kind].gpu or KINDS[kind].trains)


def test_a_model_folder_that_is_not_whole_is_found_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text("{}")
    text = "model: {path: model}".join((SMALL.split("model:")[0], "\nfinetuning" + SMALL.split("finetuning")[1]))
    assert [(problem.file, problem.message) for problem in planned(tmp_path, text).missing] == [
        (str(tmp_path / "model"), "model.safetensors is missing (other weight formats are not read)"),
        (str(tmp_path / "model"), "tokenizer.json is missing"),
    ]


def test_releases_and_labels_that_are_not_what_their_names_say_are_found_before_any_work(tmp_path: Path) -> None:
    for file, text in (("in/xquad.de.json", "[]"), ("in/mlqa/a.json", "[]"), ("in/en_x-ud-dev.conllu", "x")):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    labels = tmp_path / "labels/xquad/test-de.json"
    labels.parent.mkdir(parents=True)
    labels.write_text("404: Not Found")
    text = SMALL.replace("source: miniature", "source: releases")
    made = planned(tmp_path, text, data=tmp_path / "in", labels=tmp_path / "labels")
    assert [(problem.file, problem.message[:37]) for problem in made.missing] == [
        (str(tmp_path / "in/xquad.de.json"), "named like xquad (XQuAD), but begins "),
        (str(labels), "is the error message of a server, not"),
    ]
    assert next(stage for stage in made.stages if stage.kind == "release_corpus").inputs["releases"].key == "missing"  # type: ignore[union-attr]


def test_every_stage_comes_after_its_inputs(tmp_path: Path) -> None:
    seen = set()
    for stage in planned(tmp_path).stages:
        assert {source.key for source in stage.sources} <= seen
        seen.add(stage.key)


def test_training_and_prediction_are_not_given_the_gold_labels(tmp_path: Path) -> None:
    for stage in planned(tmp_path).stages:
        labels = [name for name, source in stage.inputs.items() if getattr(source, "kind", "") == "labels"]
        assert labels == (["labels"] if stage.kind == "score" else [])


@pytest.mark.parametrize(
    ("old", "new", "remade"),
    [
        ("description: a small recipe", "description: other words # and a comment", set()),
        ("seed: 1", "seed: 1\nresources: {checkpoint_seconds: 5}", set()),
        ("layer: 1", "layer: 2", {"export", "retrieve", "score"}),
        ("steps: 5", "steps: 6", {"finetune", "predict", "score"}),
        ("steps: 10", "steps: 11", {"pretrain", "features", "finetune", "predict", "export", "retrieve", "score"}),
    ],
)
def test_a_change_makes_only_what_depends_on_it_again(tmp_path: Path, old: str, new: str, remade: set[str]) -> None:
    before = {stage.key for stage in planned(tmp_path).stages}
    after = planned(tmp_path, SMALL.replace(old, new)).stages
    assert {stage.kind for stage in after if stage.key not in before} == remade


def test_training_on_all_rows_is_part_of_the_keys(tmp_path: Path) -> None:
    text = SMALL.replace("squad: {steps: 5", "tydiqa: {steps: 5").replace(
        "xquad: {languages: [en, de]}, mlqa: {languages: [en, de]}", "tydiqa: {languages: [en]}"
    )
    before = {stage.key for stage in planned(tmp_path, text).stages}
    after = planned(tmp_path, text.replace("steps: 5,", "steps: 5, retrain: all,")).stages
    assert {stage.name for stage in after if stage.key not in before} == {
        "tokenise tydiqa (small)", "fine-tune tydiqa (small)", "predict tydiqa (small)", "score (small)",
    }  # fmt: skip


def test_two_recipes_with_a_common_beginning_share_its_stages() -> None:
    digests = Digests(Path("unused"))
    full, base = (
        plan(load(Path(f"recipes/{name}.yaml")), digests=digests)
        for name in ("quickstart-scratch", "quickstart-scratch-baseline")
    )
    shared = {stage.key for stage in full.stages} & {stage.key for stage in base.stages}
    assert {stage.kind for stage in full.stages if stage.key in shared} == {"corpus", "labels", "pretrain", "features"}


def test_files_of_a_data_folder_are_part_of_the_keys_of_those_who_read_them(tmp_path: Path) -> None:
    text = (
        SMALL.replace("data: {source: miniature}", "")
        .replace("retrieval:", "#")
        .replace(", tatoeba: {languages: [de]}", "")
    )
    data = tmp_path / "data"
    missing = planned(tmp_path, text, data=data)
    files = {str(problem.file) for problem in missing.missing}
    assert str(data / "squad/train-v1.1.json") in files
    for file in files:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text("{}")
    first = planned(tmp_path, text, data=data)
    assert first.missing == []
    (data / "xquad/xquad.de.json").write_text('{"data": []}')
    second = planned(tmp_path, text, data=data)
    changed = {b.name for a, b in zip(first.stages, second.stages, strict=True) if a.key != b.key}
    assert changed == {"tokenise xquad's test sets (small)", "predict xquad (small)", "audit the corpora (small)"}


LIGHT = "bundle cli data data.fetch data.release engines official plan recipe report run stage"


def test_the_light_half_never_imports_the_heavy_one() -> None:
    folders = {package: Path("xtreme_bench", *package.split(".")) for package in LIGHT.split()}
    names = [f"{package}.{file.stem}" for package, folder in folders.items() for file in folder.glob("[a-z]*.py")]
    program = "import sys\n" + "".join(f"import xtreme_bench.{name}\n" for name in names)
    program += "import json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert not {"torch", "numpy", "transformers", "onnxruntime", "datasets"} & set(json.loads(output))


RETRIEVAL = "retrieval: {layer: 1, pooling: mean, max_length: 64"


def with_bucc(settings: str) -> str:
    return SMALL.replace(
        "tatoeba: {languages: [de]}", "tatoeba: {languages: [de]}, bucc2018: {languages: [de]}"
    ).replace(RETRIEVAL, f"{RETRIEVAL}{settings}")


def test_retrieval_tasks_share_one_export_which_torch_does_not_need(tmp_path: Path) -> None:
    made = planned(tmp_path, with_bucc(""))
    assert made.predictions["tatoeba"].inputs["export"] is made.predictions["bucc2018"].inputs["export"]
    assert [stage.kind for stage in made.stages].count("export") == 1
    torch = planned(tmp_path, with_bucc(", provider: torch"))
    assert "export" not in {stage.kind for stage in torch.stages}


def test_scoring_every_layer_adds_stages_and_changes_none(tmp_path: Path) -> None:
    before = {stage.key for stage in planned(tmp_path, with_bucc("")).stages}
    after = planned(tmp_path, with_bucc(", layers: all")).stages
    added = [stage for stage in after if stage.key not in before]
    assert [stage.kind for stage in added] == ["export", "layers", "retrieve", "retrieve", "score_chosen"]
    export, layers, *again, score = added
    assert layers.inputs["export"] is export
    assert [stage.inputs["layers"] for stage in (*again, score)] == [layers] * 3
    assert [score.inputs[task] for task in ("bucc2018", "tatoeba")] == again
    assert len(after) == len(before) + 5


def test_a_lower_precision_is_compared_where_labels_are_and_retrieval_never_sees_them(tmp_path: Path) -> None:
    made = planned(tmp_path, with_bucc(", precision: int8, min_cosine: 0.9"))
    last = made.stages[-1]
    assert (last.kind, last.params.languages, set(last.inputs)) == ("precision", ("de",), {"labels", "predictions"})
    assert last.inputs["predictions"] is made.predictions["tatoeba"]


def test_pooling_is_in_the_keys_of_the_trainings_that_it_is_named_for(tmp_path: Path) -> None:
    text = SMALL.replace("targets: {", "targets: {xnli: {}, ").replace(
        "finetuning: {", "finetuning: {xnli: {steps: 5, max_length: 64}, "
    )
    first, mean = (
        planned(tmp_path, text),
        planned(tmp_path, text.replace("max_length: 64}", "max_length: 64, pooling: mean}", 1)),
    )
    changed = {one.name for one, other in zip(first.stages, mean.stages, strict=True) if one.key != other.key}
    assert {name for name in changed if "fine-tune" in name} == {"fine-tune xnli (small)"}
    assert not any(name.startswith("tokenise") for name in changed)


def test_frozen_blocks_encode_once_for_all_seeds_and_rates_and_not_for_other_methods(tmp_path: Path) -> None:
    text = SMALL.replace("squad: {", "squad: {method: {train: top, blocks: 1}, ")
    made = planned(tmp_path, text)
    (frozen,) = (stage for stage in made.stages if stage.kind == "frozen")
    finetuned = next(stage for stage in made.stages if stage.kind == "finetune")
    assert finetuned.inputs["frozen"] is frozen
    assert set(frozen.inputs) == {"features", "encoder"}
    quick = planned(tmp_path, text.replace("squad: {", "squad: {learning_rate: 1.0e-3, "))
    assert frozen.key in {stage.key for stage in quick.stages}
    assert finetuned.key not in {stage.key for stage in quick.stages}
    assert not any(stage.kind == "frozen" for stage in planned(tmp_path).stages)


def test_aligned_text_is_read_where_it_lies_in_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "data/chat").mkdir(parents=True)
    for language in ("en", "de"):
        (tmp_path / f"data/chat/X.de-en.{language}").write_text("a\nb\n")
    task = "xdm: {parallel: {path: PATH, languages: [en, de]}, examples: 7, batch: 2, evaluate_on: 5}"
    mix = f"intermediate:\n  steps: 4\n  max_length: 64\n  tasks: {{{task}}}\n"
    text = (
        "description: d\nseed: 3\nmodel: {path: e}\ndata: {source: releases}\n" + mix + "targets: {tatoeba: "
        "{languages: [de]}}\nretrieval: {layer: 1, pooling: mean}\n"
    )
    (tmp_path / "one.yaml").write_text(text.replace("PATH", "chat"))
    digests = Digests(tmp_path / "digests.json")
    made = plan(load(tmp_path / "one.yaml"), data=tmp_path / "data", digests=digests)
    features, stage = (next(one for one in made.stages if one.kind == kind) for kind in ("features", "intermediate"))
    source = features.inputs["data"]
    assert isinstance(source, Folder)
    # Not the whole folder: releases beside the text may have gold labels.
    assert source.path == tmp_path / "data/chat"
    assert set(source.files) == {"X.de-en.en", "X.de-en.de"}
    assert set(stage.inputs) == {"encoder", "xdm"}
    choice = stage.params.aligned["xdm"]
    assert features.params.corpus == choice
    assert (choice.task, choice.examples, choice.seed, choice.evaluate_on) == (ALIGNED["xdm"], 7, 3, 5)
    assert stage.params.batches == {"xdm": 2}
    assert parse(Intermediate, json.loads(json.dumps(plain(stage.params)))) == stage.params
    assert scope.seen(scope.usage(made.recipe)) == {"tatoeba": {"de": ["intermediate: xdm"]}}
    (tmp_path / "one.yaml").write_text(text.replace("PATH", "chat/none"))
    lacking = plan(load(tmp_path / "one.yaml"), data=tmp_path / "data", digests=digests)
    said = facts.missing_lines(facts.lacking(lacking.missing, tmp_path / "data"))
    assert any("chat/none: is not there; it holds the aligned text in de and en: two files" in one for one in said)


def test_masked_text_is_read_tokenised_trained_on_audited_and_said_and_is_no_labelled_data(tmp_path: Path) -> None:
    mlm = "mlm: {languages: [de, sw], max_length: 48, batch: 8}"
    mix = f"intermediate:\n  steps: 4\n  max_length: 64\n  tasks: {{mnli: {{}}}}\n  {mlm}\n"
    made = planned(tmp_path, SMALL.replace("finetuning:", mix + "finetuning:"))
    stage = next(stage for stage in made.stages if stage.kind == "intermediate")
    text = stage.inputs["mlm"]
    assert isinstance(text, Stage)
    assert text.params.corpus == stage.params.mlm.corpus == TextChoice(("de", "sw"), 48)
    assert stage.params.batches == {"mlm": 8}
    assert parse(Intermediate, json.loads(json.dumps(plain(stage.params)))) == stage.params
    assert made.corpus is not None
    assert made.corpus.params.languages == ("en", "de", "sw")
    assert trained_on(made.recipe)["mlm"] == ["de", "sw"]
    assert zero_shot(made.recipe)["xquad"] == ["de"]
    used = scope.usage(made.recipe)
    assert used.pretraining == TextUse(("de", "en", "sw"), translated=("de", "en"))
    read = {file for file in scope.files(used) if file.startswith(("text/", "parallel/"))}
    assert read == {"text/en.txt", "text/de.txt", "text/sw.txt", "parallel/de-en.de", "parallel/de-en.en"}
