"""Which of this machine's GPUs a stage gets: those that the fewest stages use, so stages side by side have others."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from xtreme_bench.errors import StageError
from xtreme_bench.recipe.load import Resources
from xtreme_bench.stage.kinds import Kind
from xtreme_bench.stage.ranks import GPUS
from xtreme_bench.wording import count


class Devices:
    """The GPUs `names` (as CUDA numbers or calls them), lent to the stages of one run.

    Errors: `StageError` where they are fewer than the recipe asks for.
    """

    def __init__(self, names: Sequence[str], resources: Resources) -> None:
        asked = "gpus" if resources.gpus else "processes"
        wanted, here = resources.ranks, 0 if resources.gpus == 0 else len(names)
        if here < wanted and (resources.gpus or here):
            raise StageError(
                f"`resources.{asked}: {wanted}` asks for {count(wanted, 'GPU')}, one for each process, but there "
                f"{'is' if here == 1 else 'are'} {here}: ask for fewer, or set `gpus: 0` to compute on the CPU"
            )
        self._each = wanted
        self._hidden = resources.gpus == 0
        self._uses = dict.fromkeys(names[:0] if self._hidden else names, 0)
        self._lock = threading.Lock()

    @contextmanager
    def lent(self, kind: Kind) -> Iterator[dict[str, str]]:
        """The variable that says which GPUs a stage of a kind sees; none where there are none to choose from."""
        with self._lock:
            free = sorted(self._uses, key=lambda name: self._uses[name])
            taken = free[: self._each if kind.shared else 1] if kind.gpu else []
            self._count(taken, 1)
        try:
            yield {GPUS: ",".join(taken)} if self._uses or self._hidden else {}
        finally:
            with self._lock:
                self._count(taken, -1)

    def _count(self, names: Sequence[str], by: int) -> None:
        for name in names:
            self._uses[name] += by


def here() -> list[str]:
    """The GPUs of this machine that CUDA may use, found without loading it."""
    named = os.environ.get(GPUS)
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip() not in ("", "-1")]
    nodes = [path for path in Path("/dev").glob("nvidia[0-9]*") if path.name.removeprefix("nvidia").isdigit()]
    # On Windows' Linux there is one device, however many GPUs are behind it.
    return [str(at) for at in range(len(nodes) or int(Path("/dev/dxg").exists()))]
