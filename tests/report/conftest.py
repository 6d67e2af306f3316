from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from xtreme_bench.report import page_curves, page_scores, plots


@pytest.fixture(scope="session", autouse=True)
def _plots_drawn_once() -> Iterator[None]:
    """A page draws each plot once: most pages of these tests have the same ones, and drawing is most of their time.

    A plot follows from its arguments alone; `test_plots` tests that, and draws each time.
    """
    drawn = (plots.bars, plots.gaps, plots.curves, plots.intervals)
    remembered = SimpleNamespace(**{draw.__name__: _remembered(draw) for draw in drawn})
    with pytest.MonkeyPatch.context() as patch:
        for module in (page_curves, page_scores):
            patch.setattr(module, "plots", remembered)
        yield


def _remembered(draw: Callable[..., str]) -> Callable[..., str]:
    known: dict[str, str] = {}

    def drawn(*given: object, **named: object) -> str:
        key = repr((given, named))
        if key not in known:
            known[key] = draw(*given, **named)
        return known[key]

    return drawn
