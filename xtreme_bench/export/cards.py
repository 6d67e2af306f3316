"""The cards (README.md) of a model and of a data set of predictions, with the metadata that the hub reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from huggingface_hub import DatasetCardData, EvalResult, ModelCardData
from tabulate import tabulate

from xtreme_bench.aligned import ALIGNED
from xtreme_bench.benchmark import LANGUAGES, TASKS, Group
from xtreme_bench.data.fetch.sources import SOURCES
from xtreme_bench.export.encoder import Encoder
from xtreme_bench.export.licences import CORPORA, ENCODERS
from xtreme_bench.export.predictions import COLUMNS
from xtreme_bench.export.run import Run
from xtreme_bench.intermediate import parts_of, source_corpus
from xtreme_bench.official.scores import cells
from xtreme_bench.released.packages import PACKAGES
from xtreme_bench.wording import one_line

# The hub's names of the tasks of each group.
_HUB_TASKS: dict[Group, str] = {
    "classification": "text-classification",
    "tagging": "token-classification",
    "qa": "question-answering",
    "retrieval": "sentence-similarity",
    "dialogue": "text-classification",
}


def model_card(run: Run, encoder: Encoder, licence: str | None, name: str) -> str:
    """The card of a model. `licence`: as the hub writes it; None for that of the encoder that the run began with."""
    metadata = ModelCardData(
        model_name=name,
        language=_languages(run, encoder.tasks),
        license=licence or _licence(run),
        library_name="transformers",
        pipeline_tag="feature-extraction",
        base_model=run.recipe.model.hub.name if run.recipe.model.hub else None,
        datasets=None if run.built_in else _datasets(run, encoder) or None,
        tags=["xtreme", "cross-lingual", *(["intermediate-task-training"] if encoder.name == "intermediate" else [])],
        eval_results=list(_results(run, encoder.tasks)),
    )
    what = f"fine-tuned on {encoder.name}" if encoder.finetuned else f"after {encoder.name}"
    what += "" if encoder.finetuned or encoder.name == "pretraining" else " training"
    parts = [
        f"# {name}",
        f"The encoder of the xtreme-bench run `{run.recipe.name}`, {what}. It began with {_origin(run)}.",
        "```python\nfrom transformers import AutoModel, AutoTokenizer\n\n"
        f'model, tokenizer = AutoModel.from_pretrained("{name}"), AutoTokenizer.from_pretrained("{name}")\n```',
        _use(run, encoder),
        "## Results",
        *_score_parts(run, encoder.tasks),
        "## Training data",
        _training_table(run, encoder),
        "## Limits",
        *_limits(run, encoder),
        "## Repeat it",
        _repeat(run),
    ]
    return _card(str(metadata), parts)


def dataset_card(run: Run, name: str) -> str:
    """The card of the predictions: a configuration for each task, a split for each language."""
    tasks = tuple(run.bundle.languages)
    configs = [
        {
            "config_name": task,
            "data_files": [{"split": code, "path": f"{task}/{code}.jsonl"} for code in languages],
        }
        for task, languages in run.bundle.languages.items()
    ]
    metadata = DatasetCardData(
        language=_languages(run, tasks),
        pretty_name=name,
        multilinguality="multilingual",
        task_categories=sorted({_HUB_TASKS[TASKS[task].group] for task in tasks}),
        tags=["xtreme", "predictions"],
        configs=configs,
    )
    columns = [[task, COLUMNS[TASKS[task].form]] for task in tasks]
    parts = [
        f"# {name}",
        f"Predictions of the xtreme-bench run `{run.recipe.name}` for XTREME, without texts and gold labels.",
        f'```python\nfrom datasets import load_dataset\n\nload_dataset("{name}", "{tasks[0]}", '
        f'split="{run.bundle.languages[tasks[0]][0]}")\n```',
        "## Files",
        "`manifest.json` is that of the bundle. Each `<task>/<language>.jsonl` has one row for each prediction:",
        _table(["task", "columns"], columns),
        "## Results",
        *_score_parts(run, tasks),
        "## Repeat it",
        _repeat(run),
    ]
    return _card(str(metadata), parts)


def _card(metadata: str, parts: Iterable[str]) -> str:
    return f"---\n{metadata}\n---\n\n" + "\n\n".join(part for part in parts if part) + "\n"


def _languages(run: Run, tasks: Iterable[str]) -> list[str]:
    return sorted({code for task in tasks for code in run.bundle.languages[task]})


def _licence(run: Run) -> str | None:
    """The licence of the weights that the run began with; None if it is not known."""
    model = run.recipe.model
    if model.package is not None:
        return PACKAGES[model.package].licence.lower()
    return ENCODERS.get(model.hub.name) if model.hub else None


def _origin(run: Run) -> str:
    model = run.recipe.model
    if model.hub is not None:
        return f"`{model.hub.name}` at `{model.hub.revision}`"
    if model.package is not None:
        return PACKAGES[model.package].origin
    return "fresh weights" if model.scratch is not None else "a local folder, which the manifest does not describe"


def _results(run: Run, tasks: Iterable[str]) -> Iterator[EvalResult]:
    """The scores of each task and language for the hub's model-index, in percent."""
    for task in tasks:
        row, source = TASKS[task], SOURCES[task].hub
        hub = "xtreme-bench/built-in" if run.built_in else source.repository if source else "google/xtreme"
        of = " (built-in corpora)" if run.built_in else ""
        for metric, column in run.bundle.scores.get(task, {}).items():
            if metric in row.metric:
                yield from (
                    EvalResult(
                        task_type=_HUB_TASKS[row.group],
                        dataset_type=hub,
                        dataset_name=f"{row.name}, {LANGUAGES[code].name}{of}",
                        dataset_config=code,
                        dataset_split="test",
                        metric_type=metric,
                        metric_name=f"{metric} in percent",
                        metric_value=round(value, 4),
                    )
                    for code, value in column.items()
                )


def _use(run: Run, encoder: Encoder) -> str:
    """How the encoder was used, beyond what its config says."""
    said = ["Take hidden states: a pooler that transformers adds is not trained."]
    if encoder.finetuned:
        said.append("`head.safetensors` is the task's head, which transformers does not read.")
    elif run.recipe.retrieval is not None:
        said.append(
            f"Retrieval took those of layer {run.recipe.retrieval.layer} (pooling `{run.recipe.retrieval.pooling}`)."
        )
    return " ".join(said)


def _score_parts(run: Run, tasks: Sequence[str]) -> Iterator[str]:
    found = {task: cells(run.bundle.scores, task) for task in tasks}
    found = {task: column for task, column in found.items() if column}
    if not found:
        yield "The run had no gold labels, so it has no scores."
        return
    zero = run.claims["zero_shot"]
    means: list[object] = ["mean", *(round(sum(column.values()) / len(column), 1) for column in found.values())]
    rows = [
        [
            f"{code} {LANGUAGES[code].name}",
            *(_cell(column.get(code), code in zero[task]) for task, column in found.items()),
        ]
        for code in LANGUAGES
        if any(code in column for column in found.values())
    ]
    yield (
        "In percent: accuracy; F1 of tagging and bucc2018; the mean of F1 and exact match of questions. Scores are "
        "zero-shot, except where a `*` marks a language in which some training data have labels."
    )
    yield _table(["language", *found], [*rows, means])
    if run.built_in:
        yield "These are scores on the built-in corpora of xtreme-bench, not on XTREME's."


def _cell(score: float | None, zero: bool) -> str:
    return "" if score is None else f"{score:.1f}{'' if zero else '*'}"


def _corpora(run: Run, encoder: Encoder) -> dict[str, tuple[str, list[str]]]:
    """Corpus -> the phase that read it, and its languages, for the training of an encoder."""
    phases, read = run.claims["trained_on"], dict[str, list[str]]()
    for task, codes in phases["intermediate"].items() if encoder.name != "pretraining" else ():
        for part in parts_of(task) if task not in ALIGNED else ():
            read.setdefault(part, []).extend(codes)
    found = {name: ("intermediate training", sorted(set(codes))) for name, codes in read.items()}
    if encoder.finetuned:
        found[source_corpus(encoder.name)] = ("fine-tuning", phases["finetuning"][encoder.name])
    return found


def _datasets(run: Run, encoder: Encoder) -> list[str]:
    return sorted({hub.repository for name in _corpora(run, encoder) if (hub := SOURCES[name].hub) is not None})


def _training_table(run: Run, encoder: Encoder) -> str:
    phases = run.claims["trained_on"]
    texts = {"pretraining": phases["pretraining"]}
    if encoder.name != "pretraining":
        texts["intermediate training, masked"] = phases.get("mlm")
        found = {task: codes for task, codes in phases["intermediate"].items() if task in ALIGNED}
        texts |= {f"intermediate training, {task} on aligned text": codes for task, codes in found.items()}
    rows = [["text", phase, " ".join(codes), "that of the user's own texts"] for phase, codes in texts.items() if codes]
    rows += [
        [name, phase, " ".join(codes), "" if run.built_in else CORPORA[name]]
        for name, (phase, codes) in _corpora(run, encoder).items()
    ]
    if run.built_in:
        note = "All are built-in corpora of xtreme-bench (Apache-2.0), made up from word tables."
        return "\n\n".join([note, _table(["corpus", "phase", "languages"], [row[:3] for row in rows])])
    note = (
        "Licences are those that the releases state. The licence of this model, where one is named, is that of its "
        "weights; check what those of the data add to it."
    )
    return "\n\n".join([note, _table(["corpus", "phase", "languages", "licence"], rows)])


def _limits(run: Run, encoder: Encoder) -> Iterator[str]:
    yield f"One run with seed {run.recipe.seed}: the scores do not show how much another seed would differ."
    if not encoder.finetuned:
        groups = {TASKS[task].group for task in encoder.tasks}
        if "retrieval" in groups:
            yield "Retrieval scores come from this encoder."
        if groups != {"retrieval"}:
            yield "Scores of tasks but retrieval come from copies that were fine-tuned on English, which are not here."
    if run.recipe.model.package is not None:
        yield f"The encoder that it began with was tuned for {PACKAGES[run.recipe.model.package].tuned}."


def _repeat(run: Run) -> str:
    manifest = run.bundle.manifest
    image = f", made in the image `{one_line(str(manifest['image']))}`" if manifest["image"] else ""
    return (
        f"```console\n$ {run.command}\n```\n\nThe scores are claims of the bundle `{run.bundle.name}` (recipe "
        f"`{str(manifest['recipe_sha256'])[:12]}`){image}; `xtreme-bench verify` computes them again from its "
        "predictions."
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return str(tabulate(rows, headers=head, tablefmt="github", disable_numparse=True))
