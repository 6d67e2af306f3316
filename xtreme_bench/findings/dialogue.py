"""The section of the page of findings on dialogues: a tracker with and without cross-lingual intermediate training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from xtreme_bench.benchmark import LANGUAGES, TASKS
from xtreme_bench.findings import pieces
from xtreme_bench.findings.pieces import Json

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
training has a few thousand lines, where the paper has 200,000. Intervals are over whole dialogues, because their turns
are right or wrong together. The rows "nothing is known" and "words" need no encoder; the latter look for the words of
each value in what the user says."""


def section(records: Path) -> Iterator[str]:
    """The section, if the arm without intermediate training is on record below the records of the others."""
    arms, differences = pieces.read(records / FOLDER)
    plain = arms.pop(WORDS, {}).get("runs", [])
    if not arms:
        return
    pieces.require(arms, VANILLA, records / FOLDER)
    ordered = [arms.pop(VANILLA), *(arms[name] for name in sorted(arms))]
    yield _HEAD
    yield "\n".join(_words(differences, sorted(arms)))
    yield _scores(ordered, plain)
    yield _CAVEAT
    yield pieces.commands(
        ordered,
        "xtreme-bench data prepare DATA/woz --to D --sample 100 --allow-partial",
        f"python benchmarks/dialogue.py --data D --labels D-labels --json {pieces.RECORDS}/{FOLDER}/{WORDS}.json",
        *pieces.record(FOLDER),
    )


def _words(differences: Sequence[Json], others: Sequence[str]) -> Iterator[str]:
    """For each arm whether it is better than the one without intermediate training, in languages other than English."""
    found = {other: pieces.between(differences, (VANILLA, other), "transfer", f"{TASK}/transfer") for other in others}
    if not any(found.values()):
        yield "- No arm with intermediate training is on record yet."
    for other, known in found.items():
        if known:
            change = pieces.points(*known, other)
            answer = pieces.answered("It helps", *known, other)
            yield f"- {other} minus {VANILLA}, without English: {change} points. {answer}"


def _scores(arms: Sequence[Json], plain: Sequence[Json]) -> str:
    codes = [code for code in TASKS[TASK].languages if all(code in run["scores"][TASK] for run in arms[0]["runs"])]
    rows = [[run["name"], "", *(f"{run['scores'][TASK][code]:.1f}" for code in codes)] for run in plain]
    for arm in arms:
        spans = [pieces.span([run["scores"][TASK][code] for run in arm["runs"]]) for code in codes]
        rows.append([arm["name"], pieces.seeds(arm), *spans])
    return pieces.table(["arm", "seeds", *(LANGUAGES[code].name for code in codes)], rows)
