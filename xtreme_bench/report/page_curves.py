"""The plots of the page over steps and over layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xtreme_bench.report import courses, plots
from xtreme_bench.report.markup import Figure, Section, section
from xtreme_bench.report.plots import Line, Panel
from xtreme_bench.report.tables import chosen_layer
from xtreme_bench.run.chance import chances
from xtreme_bench.stage.kinds import KINDS
from xtreme_bench.stage.store import Store

if TYPE_CHECKING:
    from xtreme_bench.run.outcome import Finished

Record = Mapping[str, Any]
# By the beginning of the points' names: what is on the y axis, and the caption.
_CURVES = {
    "dev": (
        "development score, %",
        "Each point is an evaluation on English development data; the weights of the best one were kept. Dashed: "
        "chance, the best answer that is always the same. A line that stays on it has learned nothing.",
    ),
    "perplexity": (
        "perplexity",
        "Each point is an evaluation on held-out lines of aligned text, the lower the better; the weights of the best "
        "one were kept.",
    ),
    "loss": ("loss", "Each point is the loss of one batch, so the line is rough; a shared stage is drawn once."),
}


def curve_sections(runs: Sequence[Finished], store: Store) -> Iterator[Section | None]:
    """Development scores and perplexities of every training and, where its kind says so, the loss."""
    for name, kind in KINDS.items():
        wanted = [prefix for prefix in _CURVES if prefix in ("dev", "perplexity", kind.curve)] if kind.trains else []
        figures = [_figure(name, prefix, runs, store) for prefix in wanted]
        yield section(kind.phase.capitalize(), *figures)


def _figure(kind: str, prefix: str, runs: Sequence[Finished], store: Store) -> Figure | None:
    panels = _panels(runs, store, kind, prefix)
    if not panels:
        return None
    ylabel, caption = _CURVES[prefix]
    return Figure(plots.curves(f"{kind}-{prefix}", panels, ylabel, percent=prefix == "dev"), caption)


def _panels(runs: Sequence[Finished], store: Store, kind: str, prefix: str) -> list[Panel]:
    """One panel per curve of the stages of a kind, in it one line per run; a shared stage is drawn once."""
    lines: dict[str, list[Line]] = {}
    chance: dict[str, float] = {}
    for record, number, label in _drawn(runs, lambda name: name == kind):
        points = courses.points(store.out(record["key"]))
        if prefix == "dev":
            chance |= {name: found for name, (found, _) in chances(_told(runs[number], record["key"])).items()}
        for name in dict.fromkeys(name for point in points for name in point if name.startswith(f"{prefix}/")):
            found = [(point["step"], point[name]) for point in points if name in point]
            steps, values = zip(*found, strict=True)
            lines.setdefault(name.removeprefix(f"{prefix}/"), []).append((label, number, steps, values))
    return [Panel(name, found, chance.get(name)) for name, found in lines.items()]


def _told(run: Finished, key: str) -> Record:
    """What the manifest of a run has of the development scores of a stage."""
    told = (run.manifest["dev"].get(stage.name) for stage in run.plan.stages if stage.key == key)
    return next(told, None) or {}


def _drawn(runs: Sequence[Finished], wanted: Callable[[str], bool]) -> Iterator[tuple[Record, int, str]]:
    """The stages of the kinds wanted, shared ones once, each with its run's number and the name of its line."""
    known: set[str] = set()
    for number, run in enumerate(runs):
        for record in run.records:
            if wanted(record["kind"]) and record["key"] not in known:
                known.add(record["key"])
                yield record, number, run.manifest["name"] if not _shared(record, runs) else "both"


def _shared(record: Record, runs: Sequence[Finished]) -> bool:
    return len(runs) > 1 and all(any(one["key"] == record["key"] for one in run.records) for run in runs)


def layers(runs: Sequence[Finished]) -> Figure | None:
    """F1 on BUCC's development pairs by layer; None where the recipe did not ask for it."""
    lines: dict[str, list[Line]] = {}
    for record, number, label in _drawn(runs, lambda kind: KINDS[kind].tells == "layers"):
        for code, scores in record["facts"]["bucc2018_dev_f1"].items():
            lines.setdefault(f"bucc2018: {code}", []).append((label, number, range(len(scores)), scores))
    if not lines:
        return None
    panels = [Panel(name, found) for name, found in lines.items()]
    layer = runs[0].manifest["recipe"]["retrieval"]["layer"]
    said = "; ".join(line for run in runs for line in chosen_layer(run.manifest))
    caption = f"Each point is a layer, 0 the embeddings; this recipe takes layer {layer}. {said}".rstrip()
    return Figure(plots.curves("layers", panels, "F1 on development pairs, %", "layer", percent=True), caption)
