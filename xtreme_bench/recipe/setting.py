"""What a field of a recipe can say about itself, the names it can take, and the fields that several sections share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

from xtreme_bench.aligned import ALIGNED
from xtreme_bench.benchmark import GROUPS, LANGUAGES, MINIATURE_LANGUAGES, OVERALL, TASKS, VARIETIES, of_group
from xtreme_bench.intermediate import INTERMEDIATE

SOURCES = tuple(dict.fromkeys(task.source for task in TASKS.values() if task.source is not None))
QA_SOURCES = tuple(dict.fromkeys(str(TASKS[task].source) for task in of_group("qa")))
# Sources without development rows of their own: every tenth row of the training set is held out.
HELD_OUT = ("tydiqa",)
WITH_DEVELOPMENT_SET = tuple(task for task in TASKS if task not in ("xquad", "tatoeba", *of_group("dialogue")))
SCORES = (*TASKS, *(f"{task}/transfer" for task in TASKS), *GROUPS, "overall")
# What has a development score in percent: all that a recipe can train on but tasks over aligned text.
TRAINED = (*INTERMEDIATE, *SOURCES)
TASKS_BEFORE = (*INTERMEDIATE, *ALIGNED)
ALL, LAST = ("all",), ("last",)
# The languages that a contrast is over: each leaves out one more of `NEARNESS`, the nearest first.
OVER = ("all", "language unseen", "family unseen")
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"


def languages_of(place: str, source: str) -> tuple[str, ...]:
    """The languages that the field at `place` (`targets.xnli.languages`) can name with data from `source`.

    They are those of the target that the place names; without one all.
    """
    return _of(TASKS[_tasks(place)[-1]].languages if _tasks(place) else LANGUAGES, source)


def dialogue_languages_of(place: str, source: str) -> tuple[str, ...]:
    """The languages beside English of the target that `place` names; without one of all with dialogues."""
    tasks = _tasks(place) or of_group("dialogue")
    return _of((code for task in tasks for code in TASKS[task].languages if code != "en"), source)


def _tasks(place: str) -> list[str]:
    return [part for part in place.split(".") if part in TASKS]


def _of(languages: Iterable[str], source: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for code in languages if source != "miniature" or code in MINIATURE_LANGUAGES))


def trained_languages_of(place: str, source: str) -> tuple[str, ...]:
    """The languages that an intermediate task can have; only a user's own files have varieties of one."""
    return languages_of(place, source) + (tuple(VARIETIES) if source == "download" else ())


def sources_of(targets: Iterable[str]) -> tuple[str, ...]:
    """The sources of fine-tuning that some target tasks need; unknown names are skipped."""
    needed = {TASKS[task].source for task in targets if task in TASKS}
    return tuple(source for source in SOURCES if source in needed)


def needed_for(score: str) -> tuple[str, ...]:
    """The targets that an expected score needs (`xnli`, `xnli/transfer`, `qa`, `overall`); none of an unknown one."""
    name = score.split("/")[0]
    return GROUPS.get(name, (name,) if name in TASKS else OVERALL if name == "overall" else ())


def setting(
    about: str,
    *,
    default: Any = MISSING,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    choices: tuple[str, ...] | Callable[[str, str], tuple[str, ...]] | None = None,
    noun: str | None = None,
    pattern: tuple[str, str] | None = None,
    defaults: Mapping[str, Any] | None = None,
    instead_of: str | None = None,
    nullable: bool = False,
    words: tuple[str, ...] = ALL,
    example: tuple[str, ...] = (),
    forms: Mapping[str, type] = MappingProxyType({}),
) -> Any:
    """A field of a recipe: what it means and which values it takes.

    `low` and `high` are included, `above` is excluded. `choices` are the values (for a mapping: the keys), or a
    function of the field's place in the recipe and of data.source. `noun` is what a message calls one of them.
    `pattern` is a regular expression for the whole text and its meaning in words. `defaults` fills what the value of a
    key leaves out. A field that stands `instead_of` another switches that one off. Only a `nullable` field may be
    empty. `words` may stand in place of a list of languages. A list with an `example` has as many names as that.
    `forms` are the dataclasses of keys of a mapping that have one of their own.
    """
    facts = {
        "about": about, "low": low, "high": high, "above": above, "choices": choices, "noun": noun,
        "pattern": pattern, "defaults": defaults, "instead_of": instead_of, "nullable": nullable,
        "words": words, "example": example, "forms": forms,
    }  # fmt: skip
    if isinstance(default, Mapping):
        return field(default_factory=lambda: default, metadata=facts)
    return field(default=default, metadata=facts)


def languages_field(
    about: str,
    default: Any = ALL,
    words: tuple[str, ...] = ALL,
    choices: Callable[[str, str], tuple[str, ...]] = languages_of,
) -> Any:
    """Languages: all that there are, or a list, or another of `words`."""
    return setting(about, default=default, choices=choices, noun="language", words=words)


def rate_field(default: Any) -> Any:
    """The highest learning rate."""
    return setting("Highest learning rate of AdamW; it falls linearly to 0.", default=default, above=0, high=1)


def warmup_field() -> Any:
    """The share of the steps in which the learning rate rises."""
    return setting("Share of the steps in which the learning rate rises.", default=0.1, low=0, high=1)


def decay_field() -> Any:
    """AdamW's weight decay."""
    return setting("Weight decay, not on bias and LayerNorm.", default=0.01, low=0, high=1)


def batch_field(default: int) -> Any:
    """Examples of one optimizer step."""
    return setting("Examples per step, over all devices.", default=default, low=1, high=65536)


def steps_field(instead_of: str | None = None, default: Any = MISSING) -> Any:
    """Optimizer steps."""
    about = "Length of the training in steps" + (f"; instead of {instead_of}." if instead_of else ".")
    return setting(about, default=default, low=1, high=100_000_000, instead_of=instead_of)


def mask_field() -> Any:
    """How much masked language modelling hides."""
    return setting("Share of the sub-words that are masked.", default=0.15, above=0, high=0.9)


def weight_field() -> Any:
    """The share of a task in a mix."""
    return setting("Share in the mixture; with sampling kind weights.", default=None, above=0, high=1e6)


def own(shared: Any) -> Any:
    """A field of one task that, left out, is as for the whole phase."""
    return field(default=None, metadata={**shared.metadata, "about": f"{shared.metadata['about']} Of this task alone."})


@dataclass(frozen=True)
class Method:
    """Which weights of an encoder learn."""

    # The field that a text alone stands for.
    SHORT: ClassVar[str] = "train"

    train: str = setting(
        "full: all weights learn. head: only the head, the encoder stays as it is. top: the head and the upper blocks. "
        "prompt: the head and a prefix of keys and values in every block.",
        default="full",
        choices=("full", "head", "top", "prompt"),
    )
    blocks: int | None = setting("With top: the number of upper blocks that learn.", default=None, low=1, high=1000)
    length: int | None = setting("With prompt: the length of the prefix.", default=None, low=1, high=8192)


def method_field() -> Any:
    """What of an encoder learns."""
    return setting(
        "Which weights learn: full, head, {train: top, blocks: N} or {train: prompt, length: N}.", default=Method()
    )


def pooling_field() -> Any:
    """Which vector of a text a head sees."""
    about = "What the head of a sentence task sees. first: the first token, as in the papers. mean: mean of all tokens."
    return setting(about, default="first", choices=("first", "mean"))


def epochs_field(default: float) -> Any:
    """Passes over the training examples."""
    return setting("Length of the training in passes over the training data.", default=default, above=0, high=10_000)


def length_field(default: int, what: str = "") -> Any:
    """The most tokens of a sequence."""
    return setting(f"Longest input in sub-words{what}.", default=default, low=8, high=8192)


def stride_field(default: Any) -> Any:
    """How far a window of a long context moves."""
    return setting("Question answering: sub-words from one window to the next.", default=default, low=1, high=8192)


def dropout_field() -> Any:
    """Dropout other than the encoder's own."""
    about = "Dropout of hidden states, head and prefix, that of attention weights aside; without it the encoder's own."
    return setting(about, default=None, low=0, high=0.9)


def evaluate_every_field() -> Any:
    """Steps between two evaluations."""
    return setting("Steps between two evaluations on development data.", default=1000, low=1, high=100_000_000)


def evaluate_on_field() -> Any:
    """How many development rows an evaluation reads."""
    about = "Development examples in an evaluation, spread over the set, equally many of each part of ANLI+; 0 = all."
    return setting(about, default=500, low=0, high=100_000_000)


def patience_field() -> Any:
    """Evaluations without gain after which training stops."""
    return setting("Evaluations without gain after which training stops; 0 = never.", default=30, low=0, high=1_000_000)
