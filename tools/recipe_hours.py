"""The table of hours in docs/hours.md: what `plan` estimates for each shipped recipe that begins with a large encoder.

    python tools/recipe_hours.py    write the page anew (`make hours`)

Nothing here was run on the device. The estimate needs neither data nor weights: it takes the published sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tabulate import tabulate

from xtreme_bench.files import Digests
from xtreme_bench.plan import devices, estimate
from xtreme_bench.plan.stages import distinct, plan
from xtreme_bench.recipe import files
from xtreme_bench.recipe.load import Recipe, load
from xtreme_bench.stage.store import Store

PAGE = Path(__file__).parent.parent / "docs/hours.md"
DEVICE = "h100"
LARGE = "FacebookAI/xlm-roberta-large"
# The same recipe with the smaller encoder, which has half the blocks. Its commit changes no estimate.
BASE = ("model.hub.name=FacebookAI/xlm-roberta-base", f"model.hub.revision={'a' * 40}", "retrieval.layer=7")
_NOWHERE = Path("/nonexistent")

# Different English sentences of BUCC's test sets, as MTEB counts them (descriptive_stats/BitextMining/BUCC.json). The
# other sides are not counted there, so they are taken to have as many.
ENGLISH = {"de": 397_151, "fr": 368_033, "ru": 555_503, "zh": 88_360}
SENTENCE = 30  # tokens: assumed, for about 100 characters

TEXT = """# Hours of the recipes on an H100

*Made by `make hours`; do not edit the table.*

**Estimates: none of these recipes was ever run on an H100.** `xtreme-bench plan RECIPE --device {device}
--allow-missing` shows the same stage by stage, with the baseline (`--set baseline=` leaves it out). It counts the
operations of training and prediction for the published sizes of the corpora, takes translations to be as many as the
originals, assumes inputs half as long as allowed, and takes {share:.0f} % of the card's bf16 peak. Early stops are not
counted, nor is other work: tokenising, retrieval, scoring.

BUCC is the larger of the two retrieval tasks, and even that should take this card only minutes. MTEB counts
{millions:.2f} million English sentences in its test sets. If the other sides have as many, and a sentence has
{sentence} tokens, all blocks of XLM-R Large take {embedding:.0f} seconds at that rate, and the products of all
{trillions:.1f} trillion pairs {mining:.0f} seconds in fp32, for each layer that is asked for.

Each row has the hours of all seeds together, of the recipe alone, from an empty store. Its baseline is not in them; the
table in README includes it. Stages that recipes share are computed once, so several recipes in one store need less than
the sum. The last column has XLM-R Base in place of XLM-R Large.

{table}

Not known, and left out, because no size is published: {unknown}.
"""


def retrieval() -> dict[str, float]:
    """What BUCC takes, by far the larger of the two retrieval tasks: sentences and pairs, and seconds of both."""
    sentences, pairs = sum(ENGLISH.values()), sum(size * size for size in ENGLISH.values())
    card, encoder = devices.DEVICES[DEVICE], estimate.SHAPES[LARGE]
    embedding = encoder.forward(2 * SENTENCE * sentences, SENTENCE, encoder.layers) / card.rate("bf16")
    mining = 2 * encoder.width * pairs / card.rate("fp32")
    return {"millions": sentences / 1e6, "trillions": pairs / 1e12, "embedding": embedding, "mining": mining}


def hours(recipe: Recipe) -> tuple[float, set[str]]:
    """The hours of all seeds of a recipe, and the kinds of training and prediction that cannot be estimated."""
    made = [plan(run, data=_NOWHERE, digests=Digests(_NOWHERE / "digests.json")) for run in recipe.runs]
    entries = [{"key": stage.key, "name": stage.name} for stage in distinct(made)]
    estimate.add(entries, made, Store(_NOWHERE), devices.named(DEVICE))
    asked = [one for one in entries if "estimate" in one]
    unknown = {one["name"].partition(" (")[0] for one in asked if not one["estimate"]}
    return sum(one["estimate"]["seconds"] for one in asked if one["estimate"]) / 3600, unknown


def rows() -> Iterator[tuple[str, str, int, float, float | None, set[str]]]:
    """Recipe, model, seeds, hours, hours with the smaller encoder, and what is not known."""
    for path in sorted(files.SHIPPED.glob("*.yaml")):
        recipe = load(path)
        if recipe.model.hub is not None:
            found, unknown = hours(recipe)
            smaller = hours(load(path, BASE))[0] if recipe.model.hub.name == LARGE and recipe.retrieval else None
            yield path.stem, recipe.model.hub.name.partition("/")[2], len(recipe.runs), found, smaller, unknown


def said(hours: float) -> str:
    """Hours to a tenth; less than half a tenth is never shown as none."""
    return f"{hours:.1f}" if hours >= 0.05 else "<0.1"


def page() -> str:
    """The page as it should be."""
    found = list(rows())
    table = tabulate(
        [[f"`{name}`", model, seeds, said(large), "" if small is None else said(small)]
         for name, model, seeds, large, small, _ in found],
        headers=("recipe", "model", "seeds", "hours", "hours, Base"), tablefmt="github", disable_numparse=True,
    )  # fmt: skip
    unknown = ", ".join(sorted(set().union(*(one[-1] for one in found))))
    share = 100 * devices.DEVICES[DEVICE].share["bf16"]
    known = {"device": DEVICE, "share": share, "table": table, "unknown": unknown or "nothing", "sentence": SENTENCE}
    return TEXT.format(**known, **retrieval())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
