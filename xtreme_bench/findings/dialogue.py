"""The section of the page of findings on dialogues: a tracker with and without cross-lingual intermediate training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from xtreme_bench.benchmark import LANGUAGES, TASKS
from xtreme_bench.errors import InputError
from xtreme_bench.findings import pieces
from xtreme_bench.findings.pieces import DIFFERENCES, RECORDS_MODULE, Json

# The folder of the records below those of the other arms; what needs no encoder; the arm without intermediate training.
FOLDER = "dialogue"
WORDS = "words"
VANILLA = "pocket-dst"
TASK = "woz"

_HEAD = """## Dialogue state tracking

Does training on aligned dialogues (BConTrasT, English and German) before a tracker is trained on English dialogues help
it in German? The tracker, its examples and steps are the same in all arms; only the intermediate task differs. The
encoder saw no Italian in any intermediate task. Moghe et al. 2021 (arXiv 2109.13620) report over 20 points."""
_CAVEAT = """Joint goal accuracy in percent, with the range over seeds. All turns of the system are in English in every
language, as released. Only the upper two blocks of the encoder are trained with the tracker, and the intermediate
training has a few thousand lines, where the paper has 200,000. Intervals treat the turns of a dialogue as independent,
so they are too narrow. The rows "nothing is known" and "words" need no encoder; the latter look for the words of each
value in what the user says."""


def section(records: Path) -> Iterator[str]:
    """The section, if the arm without intermediate training is on record below the records of the others."""
    folder = records / FOLDER
    arms = pieces.read(folder)
    differences = arms.pop(DIFFERENCES.removesuffix(".json"), {}).get("differences", [])
    plain = arms.pop(WORDS, {}).get("runs", [])
    if not arms:
        return
    if VANILLA not in arms:
        raise InputError(f"{folder}: no record of {VANILLA}; make it with `python -m {RECORDS_MODULE}`")
    ordered = [arms.pop(VANILLA), *(arms[name] for name in sorted(arms))]
    found = [one for one in differences if VANILLA in (one["a"], one["b"])]
    yield _HEAD
    yield "\n".join(_words(found))
    yield _scores(ordered, plain)
    yield _CAVEAT
    yield _commands(ordered)


def _words(differences: Sequence[Json]) -> Iterator[str]:
    """For each arm whether it is better than the one without intermediate training, in languages other than English."""
    if not differences:
        yield "- No arm with intermediate training is on record yet."
    for one in differences:
        other = one["a"] if one["b"] == VANILLA else one["b"]
        estimate = pieces.estimate(one, "transfer", f"{TASK}/transfer")
        if estimate:
            answer, why = pieces.answer(one, estimate, other)
            change = pieces.points(estimate, 1 if one["b"] == other else -1)
            yield f"- {other} minus {VANILLA}, without English: {change} points. It helps: **{answer}**. {why}"


def _scores(arms: Sequence[Json], plain: Sequence[Json]) -> str:
    codes = [code for code in TASKS[TASK].languages if all(code in run["scores"][TASK] for run in arms[0]["runs"])]
    rows = [[run["name"], "", *(f"{run['scores'][TASK][code]:.1f}" for code in codes)] for run in plain]
    for arm in arms:
        seeds = ", ".join(str(run["seed"]) for run in arm["runs"])
        rows.append(
            [arm["name"], seeds, *(_span([run["scores"][TASK][code] for run in arm["runs"]]) for code in codes)]
        )
    return pieces.table(["arm", "seeds", *(LANGUAGES[code].name for code in codes)], rows)


def _span(values: Sequence[float]) -> str:
    spread = f" ({min(values):.1f} to {max(values):.1f})" if len(values) > 1 else ""
    return f"{sum(values) / len(values):.1f}{spread}"


def _commands(arms: Sequence[Json]) -> str:
    lines = [
        f"xtreme-bench run {arm['name']} --data DATA --seed {run['seed']} --out OUT/seed{run['seed']}"
        for arm in arms
        for run in arm["runs"]
    ]
    place = f"docs/findings/{FOLDER}"
    lines += [
        "xtreme-bench data prepare DATA/woz --to D --sample 100 --allow-partial",
        f"python benchmarks/dialogue.py --data D --labels D-labels --json {place}/{WORDS}.json",
        f"python -m {RECORDS_MODULE} OUT D-labels --store store --to {place}",
        "make findings",
    ]
    return "```console\n" + "\n".join(lines) + "\n```"
