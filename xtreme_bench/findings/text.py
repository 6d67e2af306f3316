"""What the page of findings asks and says besides its tables: the question, the claims, the method and its limits."""

from __future__ import annotations

from dataclasses import dataclass

# Fewer seeds answer nothing, whatever the intervals over items say.
ENOUGH_SEEDS = 3
# A column of the tables: a target, and the layer that it is scored at, None where the layer does not matter.
Column = tuple[str, int | None]


@dataclass(frozen=True)
class Claim:
    """A question that the arms can answer: is `better` better than `than` on a target?"""

    text: str
    better: str
    than: str
    column: Column


QUESTION = ("pocket-diverse", "pocket-english")
# The arm without intermediate training.
UNTRAINED = "pocket-none"
CLAIMS = (
    Claim("Intermediate training (English NLI) helps retrieval at a middle layer", "pocket-english", "pocket-none",
          ("tatoeba", 7)),
    Claim("It helps retrieval at the last layer", "pocket-english", "pocket-none", ("tatoeba", 12)),
    Claim("It helps question answering", "pocket-english", "pocket-none", ("xquad", None)),
    Claim("It helps NLI", "pocket-english", "pocket-none", ("xnli", None)),
    Claim("Twelve languages beat one distant language in NLI", "pocket-diverse", "pocket-distant", ("xnli", None)),
    Claim("Twelve languages beat one distant language in retrieval at a middle layer", "pocket-diverse",
          "pocket-distant", ("tatoeba", 7)),
    Claim("Several tasks beat one", "pocket-several-tasks", "pocket-english", ("xnli", None)),
    Claim("Masked text beside the tasks helps", "pocket-mlm", "pocket-english", ("tatoeba", 7)),
)  # fmt: skip

HEAD = """# Findings

*Made by `make findings` from the records in `docs/findings/`; edit those by running arms, not this page.*

How does intermediate training in diverse languages other than English compare with training in English alone, for
zero-shot transfer? The arms below differ in the languages of the intermediate task alone: items, order, batches and
steps are the same. The intermediate task is NLI, from XNLI's development set. Its last fifth is the test set of XNLI,
and no item is on both sides in any language."""

METHOD = """Means over the languages of a target, in percent, with the range over seeds."""

INTERVALS = """In points, with 95 % intervals: a paired bootstrap over test items and, with several seeds, over seeds.
`*`: significant after Holm's correction, and with at least three seeds."""

CAVEATS = """- The authors of the encoder (multilingual-e5-small) tuned it for retrieval. A loss in retrieval says
  nothing about XLM-R.
- Its weights are stored in 4 bits, and trained further in 32.
- Every training is far shorter than in the paper, and every test set is a small sample (see the arms).
- XNLI is also a target: all arms but `pocket-none` saw more NLI, so a gain over it there is no transfer between tasks.
- Development sets serve as test sets where test labels are not public."""
