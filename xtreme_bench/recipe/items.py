"""Faults in what a recipe says of the data it trains on: which items, which languages, what is held out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from xtreme_bench.aligned import ALIGNED
from xtreme_bench.benchmark import LANGUAGES, TASKS, VARIETIES, of_group, spoken
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.recipe.phases import IntermediateTask, Masking
from xtreme_bench.recipe.setting import ALL, SOURCES, languages_of, sources_of
from xtreme_bench.recipe.tree import Entries, Entry, Items, Reading, Scalar
from xtreme_bench.wording import listing

Place = tuple[str, ...]  # the keys of a field, the outermost first


def check(tree: Entries, reading: Reading) -> None:
    """Parallel items need translations, in all languages of training; each of these has data and an item."""
    for task in tree.named("intermediate", "tasks"):
        at = ("intermediate", "tasks", task)
        items, path = tree.text(*at, "items"), ".".join(at)
        shared_by = tree.at(*at, "shared_by")
        if items == "parallel" and task in INTERMEDIATE and not INTERMEDIATE[task].matched_by:
            message = f"{path}.items: the data of {task} in other languages are no translations; use independent"
            reading.fault(message, tree.line_of(*at, "items"))
        languages = set(_trained_in(tree, at, IntermediateTask.languages, reading.source))
        _check_languages(tree, at, languages, reading)
        if shared_by is None:
            continue
        if items != "parallel":
            reading.fault(f"{path}.shared_by is for parallel items; add 'items: parallel' or remove it", shared_by.line)
        lacking = languages - listed(shared_by) if isinstance(shared_by.value, Items) else ()
        if lacking:
            message = f"{path}.shared_by lacks {listing(sorted(lacking))}, trained on here"
            reading.fault(message, shared_by.line)


def _check_languages(tree: Entries, at: Place, languages: set[str], reading: Reading) -> None:
    """Each language that a task is trained in has an item of a draw, and data in the releases."""
    task, path = at[-1], ".".join(at)
    examples = tree.whole(*at, "examples")
    if tree.text(*at, "items") is not None and examples and examples < len(languages):
        message = f"{path}.examples is {examples:,}, so not each of the {len(languages)} languages has one"
        reading.fault(message, tree.line_of(*at, "examples"))
    target = INTERMEDIATE[task].target if task in INTERMEDIATE and reading.source == "releases" else ""
    if target and (unknown := {*LANGUAGES} & languages - {*TASKS[target].languages}):
        known, lacking = " ".join(TASKS[target].languages), listing(sorted(unknown))
        message = f"{path}.languages: the releases have no {target} in {lacking}; they have {known}"
        reading.fault(message, tree.line_of(*at, "languages"))


def check_vocabulary(tree: Entries, reading: Reading) -> None:
    """A vocabulary is for masks."""
    entry = tree.at("intermediate", "vocabulary")
    masks = tree.at("intermediate", "mlm") or any(name in ALIGNED for name in tree.named("intermediate", "tasks"))
    if entry is not None and not masks:
        reading.fault(f"intermediate.vocabulary is for mlm and {listing(ALIGNED)}; remove it", entry.line)


def check_held_out(tree: Entries, reading: Reading) -> None:
    """No language of a family that is held out is trained in."""
    held_out = tree.at("held_out", "families")
    families = set() if held_out is None else listed(held_out)
    for at, languages in _read(tree, reading.source) if families else ():
        for code in (*LANGUAGES, *VARIETIES):
            about = LANGUAGES[spoken(code)]
            if code in languages and about.family in families:
                message = (
                    f"{'.'.join(at)} has {code} ({about.name}), but held_out.families has {about.family}; remove one "
                    "of them"
                )
                reading.fault(message, tree.line_of(*at))


def _read(tree: Entries, source: str) -> Iterator[tuple[Place, Collection[str]]]:
    """What intermediate training reads, in tasks, masked text and aligned text: each field of languages, and these."""
    tasks, mlm = tree.named("intermediate", "tasks"), tree.at("intermediate", "mlm")
    left_out: dict[Place, Collection[str]] = {
        **{("tasks", task): IntermediateTask.languages for task in tasks if task not in ALIGNED},
        **({("mlm",): Masking.languages} if mlm else {}),
        **{("tasks", task, "parallel"): () for task in tasks if task in ALIGNED},
    }
    for part, languages in left_out.items():
        at = ("intermediate", *part)
        yield (*at, "languages"), _trained_in(tree, at, languages, source)


def _trained_in(tree: Entries, at: Place, left_out: Collection[str], source: str) -> Collection[str]:
    """The languages of a section, with `all` written out; `left_out` holds where it names none."""
    entry, languages = tree.at(*at, "languages"), left_out
    if entry is not None:
        # Aligned text has two languages, never all.
        languages = ALL if left_out and tree.text(*at, "languages") in ALL else listed(entry)
    return languages_of("", source) if languages == ALL else languages


def check_target_examples(tree: Entries, reading: Reading) -> None:
    """Only dialogues have training examples in other languages."""
    dialogues = sources_of(of_group("dialogue"))
    for source in tree.named("finetuning"):
        own = tree.at("finetuning", source, "target_examples")
        if own is not None and source in SOURCES and source not in dialogues:
            name = f"finetuning.{source}.target_examples"
            reading.fault(f"{name} is for {listing(dialogues)}; {source} is trained on in English alone", own.line)


def listed(entry: Entry) -> set[str]:
    """The languages that a field lists."""
    items = entry.value.items if isinstance(entry.value, Items) else ()
    return {item.text for item in items if isinstance(item, Scalar)}
