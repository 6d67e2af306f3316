"""Lengths of a recipe that no input fits into: beyond the positions of a model, or without room for a context."""

from __future__ import annotations

from xtreme_bench.benchmark import of_group
from xtreme_bench.data.corpora import MARKS, longest_question
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe.fields import Retrieval, Scratch
from xtreme_bench.recipe.phases import FINETUNING, Intermediate, Pretraining
from xtreme_bench.recipe.setting import QA_SOURCES, SOURCES, sources_of
from xtreme_bench.recipe.tree import Entries, Reading

# A field's place in the recipe, and what it is where the recipe does not name it.
Place = tuple[tuple[str, ...], int]


def check(tree: Entries, reading: Reading) -> None:
    """Add every fault of a length or a stride to `reading`."""
    _check_positions(tree, reading)
    _check_prefixes(tree, reading)
    for length, stride in _windows(tree):
        _check_windows(tree, length, stride, reading)
    for source in tree.named("finetuning"):
        entry = tree.at("finetuning", source, "stride")
        if entry is not None and source in SOURCES and source not in QA_SOURCES:
            message = f"finetuning.{source}.stride is for question answering ({', '.join(QA_SOURCES)}); remove it"
            reading.fault(message, entry.line)


def _check_positions(tree: Entries, reading: Reading) -> None:
    """Inputs fit the positions of a model from scratch."""
    positions = tree.whole("model", "scratch", "positions", default=Scratch.positions)
    for path, default in _lengths(tree):
        length = tree.whole(*path, default=default)
        # XLM-R numbers positions from 2, after the padding index.
        if tree.at("model", "scratch") and length and positions and length > positions - 2:
            said = "is" if tree.at(*path) else "is by default"
            message = f"{'.'.join(path)} {said} {length}, but {positions} positions leave room for {positions - 2}"
            reading.fault(message, tree.line_of(*path))


def _check_prefixes(tree: Entries, reading: Reading) -> None:
    """A prefix fits the positions of a model from scratch, beside the longest input."""
    positions = tree.whole("model", "scratch", "positions", default=Scratch.positions)
    for source in tree.named("finetuning"):
        place = ("finetuning", source)
        default = FINETUNING[source].max_length if source in SOURCES else 0
        prefix = tree.whole(*place, "method", "length", default=0)
        longest = tree.whole(*place, "max_length", default=default)
        if not (tree.at("model", "scratch") and positions and prefix and longest):
            continue
        if prefix + longest > positions - 2 >= longest:
            message = prefix_too_long(".".join(place), prefix, longest, positions - 2)
            reading.fault(message, tree.line_of(*place, "method", "length"))


def prefix_too_long(name: str, prefix: int, longest: int, room: int) -> str:
    """What is said of a prefix for which a model has no room beside the longest input."""
    return (
        f"{name}.method.length is {prefix}, but beside inputs of {longest} sub-words this model has room for "
        f"{room - longest}; shorten it, or max_length"
    )


def _lengths(tree: Entries) -> list[Place]:
    """All lengths of inputs that the recipe uses."""
    targets = tree.named("targets")
    places: list[Place] = [
        (("finetuning", source, "max_length"), FINETUNING[source].max_length) for source in sources_of(targets)
    ]
    if any(task in of_group("retrieval") for task in targets):
        places.append((("retrieval", "max_length"), Retrieval.max_length))
    if tree.at("pretraining"):
        places.append((("pretraining", "max_length"), Pretraining.max_length))
    if tree.at("intermediate"):
        places += _lengths_of_tasks(tree)
    return places


def _lengths_of_tasks(tree: Entries) -> list[Place]:
    """The lengths of intermediate tasks: their own, and the two for those that have none."""
    places: dict[tuple[str, ...], int] = {}
    for task in tree.named("intermediate", "tasks"):
        own, qa = _own_length(task), task in INTERMEDIATE and INTERMEDIATE[task].family == "qa"
        if tree.at(*own):
            places[own] = 0
        elif qa:
            places["intermediate", "qa_length"] = Intermediate.qa_length
        else:
            places["intermediate", "max_length"] = Intermediate.max_length
    if tree.at("intermediate", "mlm"):
        own = "intermediate", "mlm", "max_length"
        places |= {own: 0} if tree.at(*own) else {("intermediate", "max_length"): Intermediate.max_length}
    return [*places.items()]


def _own_length(task: str) -> tuple[str, ...]:
    return "intermediate", "tasks", task, "max_length"


def _windows(tree: Entries) -> list[tuple[Place, Place]]:
    """Length and stride of every question answering for which the recipe sets one."""
    places: list[tuple[Place, Place]] = [
        (
            (("finetuning", source, "max_length"), FINETUNING[source].max_length),
            (("finetuning", source, "stride"), FINETUNING[source].stride or 0),
        )
        for source in QA_SOURCES
    ]
    places.append(
        (
            (("intermediate", "qa_length"), Intermediate.qa_length),
            (("intermediate", "qa_stride"), Intermediate.qa_stride),
        )
    )
    stride = (("intermediate", "qa_stride"), Intermediate.qa_stride)
    own = [_own_length(task) for task, row in INTERMEDIATE.items() if row.family == "qa"]
    places += [((path, 0), stride) for path in own if tree.at(*path)]
    return [(length, stride) for length, stride in places if tree.at(*length[0]) or tree.at(*stride[0])]


def _check_windows(tree: Entries, length_at: Place, stride_at: Place, reading: Reading) -> None:
    """A window has room for a context beside the longest question, and overlaps the next one beside the shortest."""
    (path, default), (stride_path, default_stride) = length_at, stride_at
    length, stride = tree.whole(*path, default=default), tree.whole(*stride_path, default=default_stride)
    if not length or not stride:
        return
    question = longest_question(length)
    room, widest = length - question - MARKS, length - 1 - MARKS
    name = ".".join(path)
    if room < 1:
        message = f"{name} {length} leaves no room for a context ({question} question sub-words and {MARKS} marks)"
        reading.fault(message, tree.line_of(*path))
    elif stride >= widest:
        message = (
            f"{'.'.join(stride_path)} is {stride}, but with {path[-1]} {length} a context has at most {widest} (beside "
            f"a question and {MARKS} marks), so windows would not overlap; use less"
        )
        reading.fault(message, tree.line_of(*(stride_path if tree.at(*stride_path) else path)))
