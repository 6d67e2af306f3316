"""What a stage that trains or predicts will read: how many tokens, in sequences of which length, and how it is known.

Numbers are those of the tokenised data where that stage is finished; else the published sizes of the corpora, or the
steps of the recipe, with lengths that are assumed.
"""

from __future__ import annotations

import functools
import math
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from xtreme_bench.aligned import SHARE
from xtreme_bench.data.corpora import AlignedChoice, Choice, IntermediateChoice, SourceChoice, TargetChoice, TextChoice
from xtreme_bench.data.published import published
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.stage.stage import Stage
from xtreme_bench.stage.store import Store
from xtreme_bench.training import padding, room, sampling
from xtreme_bench.training.params import Finetune, Frozen, Intermediate, MaskedText, Pretrain

# Of the longest that is allowed, where no tokenizer has run yet.
_FILL = 0.5
TOKENISED = "tokenised data"
PUBLISHED = "published sizes, of translations those of the originals; inputs are assumed to be half as long as allowed"
ASSUMED = "steps of the recipe; inputs are assumed to be half as long as allowed"
_CHUNK = 1 << 22

Facts = Mapping[str, Any]
# How many tokens are computed for each, by the lengths of all sequences.
Padded = Callable[[Sequence[int]], float]


@dataclass(frozen=True)
class Tokens:
    """Some tokens, the length of the sequences they are in, and how many of them a language model predicts.

    `kept`: what the frozen blocks give for them is read from the disk. `padding`: tokens that are computed for each.
    """

    count: float
    length: float
    hidden: float = 0.0
    kept: bool = False
    padding: float = 1.0


@dataclass(frozen=True)
class Reading:
    """What a stage reads: `learned` with a backward pass, `looked_at` without one; `sequences` of a step at most."""

    steps: int | None
    learned: tuple[Tokens, ...]
    looked_at: tuple[Tokens, ...]
    known_by: str
    sequences: int = 0
    longest: int = 0

    @property
    def trained(self) -> float:
        """Tokens that steps read."""
        return sum(one.count for one in self.learned)

    @property
    def tokens(self) -> float:
        """All of them."""
        return sum(one.count for one in (*self.learned, *self.looked_at))


def of(stage: Stage, store: Store, width: int, lower: int, at_once: int) -> Reading | None:
    """What a stage reads; None where nothing says how much.

    `width` is that of the encoder, `lower` the number of its blocks that do not learn. Inference takes batches of
    `at_once` padded tokens.
    """
    params = stage.params
    inferred = partial(padding.of_inference, tokens=at_once)
    if isinstance(params, Pretrain):
        count = params.steps * params.batch * _FILL * params.max_length
        learned = Tokens(count, _FILL * params.max_length, params.mask * count)
        return Reading(params.steps, (learned,), (), ASSUMED, params.batch, params.max_length)
    tokenised = {name: source for name, source in stage.inputs.items()
                 if isinstance(source, Stage) and source.kind == "features"}  # fmt: skip
    found = {name: _facts(source, store) for name, source in tokenised.items()}
    facts = {name: one for name, (one, _) in found.items() if one is not None}
    known_by = TOKENISED if all(how == TOKENISED for _, how in found.values()) else PUBLISHED
    if len(facts) < len(found):
        return _by_steps(params, tokenised) if stage.row.trains else None
    if isinstance(params, Intermediate):
        trained = _mix(params, facts, inferred)
    else:
        below = params if isinstance(params, Frozen) else getattr(stage.inputs.get("frozen"), "params", None)
        kept = _kept(below, facts["features"], width, lower) if below else ()
        if isinstance(params, Frozen):
            return Reading(None, (), tuple(_parts(facts["features"], kept, inferred)), known_by)
        if not stage.row.trains:
            parts = facts["features"]["tokens"]
            return Reading(None, (), tuple(_parts(facts["features"], parts, inferred)), known_by)
        trained = _alone(params, facts["features"], kept, inferred)
    train = [one["lengths"]["train"] for one in facts.values() if one["lengths"].get("train")]
    longest = max((padding.longest(one, trained.steps or 0, trained.sequences) for one in train), default=0)
    return replace(trained, known_by=known_by, longest=longest or _longest(tokenised.values()))


def rows_in_use(stage: Stage, store: Store) -> int | None:
    """Rows of the table of words that a training touches; None where it takes the whole table, or data is not there."""
    params = stage.params
    if isinstance(params, Pretrain) or (isinstance(params, Intermediate) and _any_word(params)):
        return None
    used: set[int] = set()
    for source in stage.sources:
        if source.kind == "features":
            files = sorted(store.out(source.key).rglob("tokens.values"))
            if not files:
                return None
            used.update(*map(_distinct, files))
    return len(used)


def _any_word(params: Intermediate) -> bool:
    """Whether masks draw and predict any word of the vocabulary."""
    return params.vocabulary == "whole" and bool(params.mlm or params.aligned)


@functools.cache
def _distinct(file: Path) -> frozenset[int]:
    """The ids in a column of tokens; what is in the store never changes."""
    found: set[int] = set()
    with file.open("rb") as stream:
        while some := stream.read(_CHUNK):
            found.update(array("i", some))
    return frozenset(found)


@functools.cache
def lengths(folder: Path) -> Sequence[int]:
    """How long the sequences of a tokenised part are; empty where it is not there."""
    file = folder / "tokens.ends"
    ends = array("q", file.read_bytes()) if file.is_file() else array("q")
    return array("i", (end - begin for begin, end in pairwise(ends)))


def _facts(features: Stage, store: Store) -> tuple[Facts | None, str]:
    """The counts of a stage that tokenises, as it has or would have them, and how they are known."""
    record = store.record(features.key)
    if record is not None:
        parts, out = record["facts"]["tokens"], store.out(features.key)
        return {**record["facts"], "lengths": {part: lengths(out / part) for part in parts}}, TOKENISED
    data = features.inputs["data"]
    made_up = isinstance(data, Stage) and data.kind == "corpus"
    sample = data.params.sample if isinstance(data, Stage) and data.kind == "release_corpus" else 0
    sizes = None if made_up else _published(features.params.corpus, sample)
    if sizes is None:
        return None, PUBLISHED
    # Masked text is cut into sequences that are full.
    fill = 1.0 if isinstance(features.params.corpus, TextChoice) else _FILL
    length = fill * features.params.corpus.max_length * _choices(features.params.corpus)
    tokens = {part: count * length for part, count in sizes.items()}
    return {"rows": sizes, "examples": sizes, "tokens": tokens, "lengths": {}}, PUBLISHED


def _choices(corpus: Any) -> int:
    """Sequences of one example: several where a model chooses between texts."""
    row = INTERMEDIATE.get(corpus.intermediate) if isinstance(corpus, IntermediateChoice) else None
    return max(1, row.options) if row and row.family == "choice" else 1


def _published(choice: Choice, sample: int) -> dict[str, int] | None:
    """Rows of each part of a corpus by the tables of tasks; None where a number is missing.

    `sample` is how many rows of a test set a recipe takes at most, 0 for all.
    """
    found: dict[str, int | None]
    match choice:
        case SourceChoice():
            train = published(choice.source, "train")
            found = {"train": _at_most(train, choice.examples)}
            found["dev"] = _at_most(published(choice.source, "dev"), choice.evaluate_on) or 0
        case IntermediateChoice():
            original = published(choice.intermediate, "train")
            sizes = [published(choice.intermediate, "train", one) or original for one in choice.languages]
            found = {"train": None if None in sizes else sum(size or 0 for size in sizes)}
            if choice.drawn:
                found["train"] = choice.drawn.examples
            found["dev"] = _at_most(published(choice.intermediate, "dev"), choice.evaluate_on) or 0
        case TargetChoice():
            found = {code: _at_most(published(choice.task, "test", code), sample) for code in choice.languages}
        case AlignedChoice():
            found = {"train": choice.examples, "dev": choice.evaluate_on or 0}
        case TextChoice():
            # How many sequences there are says only how often each language is drawn: here, equally often.
            found = dict.fromkeys(choice.languages, 1)
    known = {part: size for part, size in found.items() if size is not None}
    return known if len(known) == len(found) else None


def _at_most(size: int | None, most: int) -> int | None:
    return min(size, most) if size and most else size


def _by_steps(params: Any, tokenised: Mapping[str, Stage]) -> Reading | None:
    if params.steps is None:
        return None
    longest = _longest(tokenised.values())
    length = _FILL * longest
    learned = Tokens(params.steps * params.batch * length, length)
    return Reading(params.steps, (learned,), (), ASSUMED, params.batch, longest)


def _longest(tokenised: Iterable[Stage]) -> int:
    return max(int(source.params.corpus.max_length) for source in tokenised)


def _kept(params: Frozen, facts: Facts, width: int, lower: int) -> list[str]:
    """The parts of a corpus for which what the frozen blocks give is kept on the disk."""
    sizes = {part: room.below(width, tokens) for part, tokens in facts["tokens"].items()}
    return [
        part
        for part, size in sizes.items()
        if room.why_not_kept(params, part, facts["examples"][part], size, lower) is None
    ]


def _parts(facts: Facts, parts: Iterable[str], padded: Padded) -> Iterator[Tokens]:
    return (_tokens(facts, part, padded) for part in parts)


def _tokens(facts: Facts, part: str, padded: Padded, kept: Collection[str] = ()) -> Tokens:
    tokens, known = facts["tokens"][part], facts["lengths"].get(part)
    length = tokens / max(1, facts["examples"][part])
    return Tokens(tokens, length, kept=part in kept, padding=padded(known) if known else 1.0)


def _alone(params: Finetune, facts: Facts, kept: Collection[str], inferred: Padded) -> Reading:
    steps = sampling.steps({"features": facts["examples"]["train"]}, params)
    train = _tokens(facts, "train", _trained(params, params.batch), kept)
    # With `retrain` a second course follows, of as many steps at most.
    courses = 2 if params.corpus.retrain else 1
    learned = replace(train, count=courses * steps * params.batch * train.length)
    dev = _evaluations(params, steps, [facts], inferred, kept)
    return Reading(courses * steps, (learned,), tuple(dev), TOKENISED, params.batch)


def _trained(params: Any, batch: int, *, matched: bool = False) -> Padded:
    if params.packing:
        return lambda lengths: 1.0
    return partial(padding.of_training, batch=batch, matched=matched)


def _evaluations(
    params: Any, steps: int, facts: Iterable[Facts], inferred: Padded, kept: Collection[str] = ()
) -> Iterator[Tokens]:
    times = math.ceil(steps / (params.evaluate_every or steps))
    for one in facts:
        for part in one["tokens"]:
            if part.partition("/")[0] == "dev":
                dev = _tokens(one, part, inferred, kept)
                yield replace(dev, count=times * dev.count)


def _mix(params: Intermediate, facts: Mapping[str, Facts], inferred: Padded) -> Reading:
    """Each task by its share of the steps and its own batch; masked text beside them."""
    chosen: Mapping[str, Any] = {**params.corpora, **params.aligned}
    tasks = {name: facts[name] for name in chosen}
    steps = sampling.mixed_steps({name: one["examples"]["train"] for name, one in tasks.items()}, params)
    rows = {name: one["rows"]["train"] for name, one in tasks.items()}
    left = 1.0 - (params.mlm.ratio if params.mlm else 0.0)
    learned = []
    for name, share in zip(rows, sampling.probabilities(rows, params.sampling, params.weights), strict=True):
        batch, choice = params.batches.get(name, params.batch), chosen[name]
        matched = isinstance(choice, IntermediateChoice) and choice.matched
        train = _tokens(tasks[name], "train", _trained(params, batch * _choices(choice), matched=matched))
        count = left * share * steps * batch * train.length
        # Of a response as of any other text: how long it is, nobody has counted.
        hidden = SHARE * count if name in params.aligned and _any_word(params) else 0.0
        learned.append(Tokens(count, train.length / _choices(choice), hidden, padding=train.padding))
    if params.mlm:
        learned += _masked(params, params.mlm, facts["mlm"], steps)
    largest = max(params.batches.get(name, params.batch) * _choices(one) for name, one in chosen.items())
    return Reading(
        steps, tuple(learned), tuple(_evaluations(params, steps, tasks.values(), inferred)), TOKENISED, largest
    )


def _masked(params: Intermediate, mlm: MaskedText, facts: Facts, steps: int) -> Iterator[Tokens]:
    shares = {language: facts["examples"][language] ** mlm.alpha for language in mlm.corpus.languages}
    padded = _trained(params, params.batches.get("mlm", params.batch))
    for text, share in zip(_parts(facts, shares, padded), shares.values(), strict=True):
        drawn = mlm.ratio * share / sum(shares.values())
        count = drawn * steps * params.batches.get("mlm", params.batch) * text.length
        yield replace(text, count=count, hidden=mlm.mask * count if _any_word(params) else 0.0)
