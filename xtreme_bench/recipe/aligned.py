"""What a recipe says about an intermediate task over aligned text."""

# ruff: noqa: RUF009  (the calls are dataclasses.field with facts; what it is given is frozen)
from __future__ import annotations

from dataclasses import dataclass

from xtreme_bench.recipe.setting import (
    batch_field,
    evaluate_on_field,
    languages_of,
    length_field,
    own,
    rate_field,
    setting,
    weight_field,
)

_PART = r"[\w. +-]+"


@dataclass(frozen=True)
class Parallel:
    """Aligned text: line i in one language says what line i in the other says."""

    path: str = setting(
        "Folder with two files like X.de-en.de and X.de-en.en or with BConTrasT's JSON, or one such zip or JSON file, "
        "relative to the data folder.",
        pattern=(rf"(?!\.\.?(/|$)){_PART}(/(?!\.\.?(/|$)){_PART})*", "a path below the data folder"),
    )
    languages: tuple[str, ...] = setting(
        "The two languages.", choices=languages_of, noun="language", words=(), example=("en", "de")
    )
    lines: int = setting(
        "Limit of lines, held-out ones included, of which the first ones are taken; 0 = all. Published: 200,000.",
        default=200_000,
        low=0,
        high=10**9,
    )


@dataclass(frozen=True)
class AlignedTask:
    """An intermediate task over aligned text; what it leaves out is as for all of them."""

    parallel: Parallel = setting("Where the text is.")
    examples: int = setting("Training examples that are drawn from the text, by the seed.", low=1, high=10**9)
    weight: float | None = weight_field()
    batch: int | None = own(batch_field(32))
    learning_rate: float | None = own(rate_field(1.0e-5))
    max_length: int | None = own(length_field(256))
    evaluate_on: int | None = own(evaluate_on_field())

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that it trains in."""
        return self.parallel.languages
