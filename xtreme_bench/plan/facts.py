"""The summary of a plan: which stages are done, to do or cannot run, and how to get the missing files."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

from tabulate import tabulate

from xtreme_bench.benchmark import LANGUAGES, TASKS, VARIETIES
from xtreme_bench.data.fetch.sources import SOURCES
from xtreme_bench.data.layout import ABSENT
from xtreme_bench.errors import Problem
from xtreme_bench.intermediate import CORPORA
from xtreme_bench.plan import estimate
from xtreme_bench.plan.estimate_text import gib
from xtreme_bench.plan.stages import Plan, distinct
from xtreme_bench.plan.why import History, by_code_alone, code_differs
from xtreme_bench.stage.stage import MISSING, Folder, Stage
from xtreme_bench.stage.store import Store
from xtreme_bench.wording import count, duration, listing

DONE, TO_DO, AGAIN, CANNOT = "done", "to do", "to do again", "cannot run"
WHY_WIDTH = 64


def facts(plans: Sequence[Plan], store: Store, data: Path) -> dict[str, Any]:
    """The stages of recipes as JSON values: inputs first, shared stages once. `data` is their data folder."""
    found: dict[str, dict[str, Any]] = {}
    states: dict[str, str] = {}
    history = History(store)
    for stage in distinct(plans):
        names = {other.name for one in plans for other in one.stages if other.key == stage.key}
        found[stage.key] = {**_stage(stage, names, store, states, history), "seed": _seed(stage, plans)}
        states[stage.key] = found[stage.key]["status"]
    every = {stage.key: (stage, one) for one in plans for stage in one.stages}
    left = [every[key] for key, state in states.items() if state != DONE]
    return {
        "recipes": list(dict.fromkeys(one.recipe.name for one in plans)),
        "stages": list(found.values()),
        **{one.replace(" ", "_"): list(states.values()).count(one) for one in (DONE, TO_DO, AGAIN, CANNOT)},
        "missing": lacking([problem for one in plans for problem in one.missing], data),
        "weights": list(dict.fromkeys(one.weights for one in plans if one.weights)),
        **estimate.disk_of(left, store, plans[0].recipe.resources.jobs),
        "unscored": list(dict.fromkeys(one.recipe.name for one in plans if one.score is None)),
    }


def _seed(stage: Stage, plans: Sequence[Plan]) -> int | None:
    """The only seed that needs a stage; None if several seeds share it, or the recipe has only one."""
    needed = {one.recipe.seed for one in plans if any(other.key == stage.key for other in one.stages)}
    return needed.pop() if len(needed) == 1 and any(one.recipe.runs[1:] for one in plans) else None


def _stage(
    stage: Stage, names: Container[str], store: Store, states: Mapping[str, str], history: History
) -> dict[str, Any]:
    """`states` are those of earlier stages; `why` lists the differences from a finished stage."""
    record = store.record(stage.key)
    lacks = any(isinstance(source, Folder) and source.key == MISSING for source in stage.inputs.values())
    status, why = DONE, [code_differs(stage.accepted.modules)] if stage.accepted else []
    if record is None and (lacks or any(states[source.key] == CANNOT for source in stage.sources)):
        status = CANNOT
    elif record is None:
        again, why = history.why(stage, names, {key: one for key, one in states.items() if one in (TO_DO, AGAIN)})
        status = AGAIN if again else TO_DO
    trains = stage.row.trains
    steps = stage.params.steps if trains else None
    return {
        "name": stage.name,
        "kind": stage.kind,
        "key": stage.key,
        "status": status,
        "why": why,
        "accepted_code": list(stage.accepted.modules) if stage.accepted else [],
        "seconds": record["seconds"] if record is not None else None,
        "work": _work(stage),
        "trains": trains,
        "training_examples": steps * stage.params.batch if steps else None,
    }


def _work(stage: Stage) -> str:
    """The amount of work of a stage, if the recipe determines it."""
    params = stage.params
    if stage.row.trains:
        length = f"{params.steps:,} steps" if params.steps else f"{params.epochs:g} epochs"
        return f"{length} in batches of {params.batch}"
    return count(len(params.languages), "language") if stage.row.predicts else ""


def lacking(problems: Iterable[Problem], data: Path) -> list[dict[str, Any]]:
    """One entry per corpus with missing files, with the command that gets them; then all other problems."""
    files: dict[str, list[str]] = {}
    others: list[dict[str, Any]] = []
    for problem in dict.fromkeys(problems):
        path = Path(str(problem.file))
        if problem.message.startswith(ABSENT) and path.is_relative_to(data):
            files.setdefault(_corpus(path.relative_to(data)), []).append(path.relative_to(data).as_posix())
        else:
            others.append({"what": str(problem.file), "files": [], "how": problem.message})
    return [*({"what": what, "files": names, "how": _how(what, data)} for what, names in files.items()), *others]


def _corpus(file: Path) -> str:
    """The corpus of a file in the data folder, by its name in `data fetch`."""
    corpus = file.parts[0]
    if corpus == "squad":
        corpus = "squad_v2" if "v2.0" in file.name else "squad_v1"
    translated = file.parts[2:] and file.parts[1] in (*LANGUAGES, *VARIETIES)
    return f"{corpus} in {file.parts[1]}" if translated else corpus


def _how(corpus: str, data: Path) -> str:
    """The command that gets a corpus, or what to do if there is none."""
    source = SOURCES.get(corpus)
    if source is None:
        task, _, language = corpus.partition(" in ")
        release = " ".join(["a release", *(f"of {one}" for one in _made_of(task, language or "en"))])
        own = f"put your own files there, or convert {release} with `data prepare`"
        return f"`data fetch` does not have it: {own}{_like(task, language)}"
    if source.hub or source.upstream:
        return f"xtreme-bench data fetch {corpus} --to {data}"
    return f"{source.no_upstream or source.no_hub}; then xtreme-bench data prepare RELEASE --to {data}"


def _made_of(task: str, language: str) -> list[str]:
    """The targets from whose releases `data prepare` makes a task in a language."""
    borrows = CORPORA[task].release.borrows if task in CORPORA else ()
    return [target for target in borrows if language in TASKS[target].languages]


def _like(task: str, language: str) -> str:
    """The tasks of the same form that have items of a target in a language, in words; empty if there are none."""
    reader = CORPORA[task].reader if task in CORPORA else ""
    targets = {one.name: one.target for one in CORPORA.values() if one.reader == reader and one.name != task}
    found = [name for name, target in targets.items() if target and language in TASKS[target].languages]
    return f"; other items in this language are in {listing(found)}" if found else ""


def missing_lines(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line for each missing entry."""
    return [f"{one['what']}{_sample(one['files'])}: {one['how']}" for one in entries]


def _sample(files: Sequence[str]) -> str:
    more = ", ..." if files[1:] else ""
    return f", {count(len(files), 'file')} ({files[0]}{more})" if files else ""


def text(found: Mapping[str, Any]) -> str:
    """`facts` as text for people."""
    stages = found["stages"]
    rows = [
        [number, _named(one), one["kind"], one["status"], _took(one), one["work"], one["key"][:12]]
        for number, one in enumerate(stages, 1)
    ]
    took = duration(sum(one["seconds"] or 0.0 for one in stages))
    done = f"{found['done']} of {count(len(stages), 'stage')} done{f' in {took} of computing' if found['done'] else ''}"
    cannot = (
        f"; {found['cannot_run']} cannot run, because files are missing or may not be read"
        if found["cannot_run"]
        else ""
    )
    lines = [
        tabulate(rows, headers=("", "stage", "kind", "state", "took", "work", "key"), disable_numparse=True),
        "",
        f"{done}; to do: {_to_do(stages)}{cannot}",
        *_code_lines(stages),
        *(f"weights to fetch first: {weights}" for weights in found["weights"]),
        *_disk(found),
    ]
    if found["missing"]:
        lines += ["missing, or may not be read:", *(f"  {line}" for line in missing_lines(found["missing"]))]
    if found["unscored"]:
        names = ", ".join(found["unscored"])
        lines.append(f"no gold labels, so no scores: {names} (give their folder with --labels)")
    return "\n".join(lines)


def _disk(found: Mapping[str, Any]) -> Iterator[str]:
    """What the stages to do still need on the disk."""
    if needed := gib(found["peak_disk_bytes"]):
        yield f"disk that is still needed, at most: {needed} (checkpoints, encoders)"
    if unknown := found["disk_not_known"]:
        yield f"disk that is not known yet: of {listing(unknown, 3, 'stage')}"


def _code_lines(stages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Lines about stages that differ from a finished run only by their code."""
    if accepted := sum(bool(one["accepted_code"]) for one in stages):
        yield f"accepted with different code: {count(accepted, 'stage')}; the bundle and the report will say so"
    if again := sum(one["status"] == AGAIN and by_code_alone(one["why"]) for one in stages):
        yield f"to do again only because of code: {count(again, 'stage')}; --accept-code reuses the finished results"


def _named(stage: Mapping[str, Any]) -> str:
    """The name of a stage and, below it, why it must run."""
    accepted = "accepted: " if stage["accepted_code"] else ""
    lines = [line for why in stage["why"] for line in wrap(f"- {accepted}{why}", WHY_WIDTH, subsequent_indent="  ")]
    seed = "" if stage["seed"] is None else f", seed {stage['seed']}"
    return "\n".join([f"{stage['name']}{seed}", *lines])


def _took(stage: Mapping[str, Any]) -> str:
    return "" if stage["seconds"] is None else duration(stage["seconds"])


def _to_do(stages: Sequence[Mapping[str, Any]]) -> str:
    waiting = [one for one in stages if one["status"] in (TO_DO, AGAIN)]
    if not waiting:
        return "nothing"
    training = [one for one in waiting if one["trains"]]
    examples = [one["training_examples"] for one in training if one["training_examples"]]
    known = f" with {sum(examples):,} training examples" if examples and len(examples) == len(training) else ""
    return f"{len(waiting)}, of which {len(training)} train{known}"
