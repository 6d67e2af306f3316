"""Mining, compared with one plain matrix product and with faiss and the benchmark's scoring, on made-up vectors.

`python benchmarks/mining.py` (30,000 x 30,000 x 768; faiss-cpu is compared where it is installed; on a GPU also the
size of BUCC 2018 ru-en);
`--growth 10000 20000` measures time and memory beyond the inputs for such sizes instead, each in a process of its own.
Every line is the best of `--repeat` rounds, in which the methods alternate.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

# As for the stages of a run, and for every method. Set before numpy is imported.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "8")

import numpy as np
import torch

from xtreme_bench.retrieval import mining, neighbours
from xtreme_bench.retrieval.vectors import Floats

K = 4
# Sentences of XTREME's ru-en, both sides, and the width of XLM-R Large.
BUCC_RU_EN = 460_000, 558_000, 1024


def corpora(size: int, width: int, others: int | None = None) -> tuple[Floats, Floats]:
    """`size` clustered vectors, and noisy copies of them in another order, as many or `others`."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((200, width), dtype=np.float32)
    source = centres[random.integers(0, 200, size)] + random.standard_normal((size, width), dtype=np.float32)
    target = source[random.permutation(others or size) % size]
    target += 0.5 * random.standard_normal(target.shape, dtype=np.float32)
    return source, target


def ours(source: Floats, target: Floats, device: str = "cpu") -> set[tuple[int, int]]:
    found = mining.mine(source, target, neighborhood=K, device=device)
    return set(zip(found.source_index.tolist(), found.target_index.tolist(), strict=True))


def bare_product(source: Floats, target: Floats) -> None:
    """Compute all similarities, block by block into the same memory, and do nothing else."""
    rows, columns = neighbours.ROWS, neighbours.COLUMNS
    buffer = np.empty(rows * columns, dtype=np.float32)
    for row in range(0, len(source), rows):
        left = source[row : row + rows]
        for column in range(0, len(target), columns):
            right = target[column : column + columns]
            np.matmul(left, right.T, out=buffer[: len(left) * len(right)].reshape(len(left), len(right)))


def with_faiss(source: Floats, target: Floats) -> set[tuple[int, int]]:
    """Two exact searches, then score every candidate by itself, as the benchmark's script does."""
    import faiss

    units = [source.copy(), target.copy()]
    for vectors in units:
        faiss.normalize_L2(vectors)
    found = []
    for queries, items in (units, units[::-1]):
        index = faiss.IndexFlatIP(items.shape[1])
        index.add(items)
        found.append(index.search(queries, K))
    means = [similarity.mean(axis=1) for similarity, _ in found]
    proposals = []
    for way, (_, candidates) in enumerate(found):
        here, there = units[way], units[1 - way]
        for query, row in enumerate(candidates):
            scores = [here[query].dot(there[j]) / ((means[way][query] + means[1 - way][j]) / 2) for j in row]
            best = int(np.argmax(scores))
            pair = (query, int(row[best]))
            proposals.append((scores[best], *(pair if way == 0 else pair[::-1])))
    kept: set[tuple[int, int]] = set()
    sources, targets = set(), set()
    for score, i, j in sorted(proposals, key=lambda one: -one[0]):
        if i not in sources and j not in targets:
            sources.add(i)
            targets.add(j)
            if score > 0:
                kept.add((i, j))
    return kept


def seconds(run: Callable[[Floats, Floats], object], source: Floats, target: Floats) -> tuple[float, object]:
    start = time.perf_counter()
    result = run(source, target)
    return time.perf_counter() - start, result


def beside(size: int, width: int, repeat: int) -> None:
    runs: dict[str, Callable[[Floats, Floats], object]] = {"bare matrix product": bare_product, "mine": ours}
    try:
        import faiss  # noqa: F401

        runs["faiss and scoring"] = with_faiss
    except ImportError:
        print("faiss is not installed, so it is not compared")
    source, target = corpora(size, width)
    best = dict.fromkeys(runs, float("inf"))
    pairs = {}
    for _ in range(repeat):
        for name, run in runs.items():
            taken, pairs[name] = seconds(run, source, target)
            best[name] = min(best[name], taken)
    print(f"{size:,} x {size:,} x {width}, best of {repeat}")
    for name, taken in best.items():
        print(f"{name:22} {taken:7.2f} s   {taken / best['mine']:5.2f} of mine")
    if "faiss and scoring" in runs:
        print(f"the same pairs: {pairs['mine'] == pairs['faiss and scoring']}")


def on_a_gpu(size: int, width: int) -> None:
    """The same pairs as on the CPU, and the seconds that BUCC 2018 ru-en takes with vectors of XLM-R Large."""
    what = " x ".join(f"{number:,}" for number in BUCC_RU_EN)
    if not torch.cuda.is_available():
        print(f"skipped: mining of {what} on a GPU (torch finds none)")
        return
    source, target = corpora(size, width)
    taken, pairs = seconds(partial(ours, device="cuda"), source, target)
    print(f"{torch.cuda.get_device_name()}: {size:,} x {size:,} x {width} in {taken:.2f} s")
    print(f"the same pairs as on the CPU: {pairs == ours(source, target)}")
    rows, columns, wide = BUCC_RU_EN
    taken, _ = seconds(partial(ours, device="cuda"), *corpora(rows, wide, columns))
    print(f"{what} in {taken:.1f} s, highest use of its memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


def measured(folder: Path) -> tuple[float, float]:
    """Seconds of mining, and the peak memory (MiB) of this process beyond what it had before."""
    source, target = np.load(folder / "source.npy"), np.load(folder / "target.npy")
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # reset the peak, see proc(5)
    taken, _ = seconds(ours, source, target)
    return taken, resident("VmHWM") - before


def resident(what: str) -> float:
    """MiB of memory of this process (Linux)."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith(what + ":")) / 1024


def growth(sizes: list[int], width: int, plot: Path | None) -> None:
    rows = []
    print(f"width {width}\n{'size':>8} {'seconds':>8} {'ns a pair':>10} {'MiB beyond':>10}")
    for size in sizes:
        with TemporaryDirectory() as folder, multiprocessing.get_context("spawn").Pool(1) as alone:
            for name, vectors in zip(("source", "target"), corpora(size, width), strict=True):
                np.save(Path(folder) / name, vectors)
            taken, memory = alone.apply(measured, (Path(folder),))
        print(f"{size:8} {taken:8.2f} {1e9 * taken / size**2:10.2f} {memory:10.0f}", flush=True)
        rows.append((size, taken, memory))
    if plot:
        draw(rows, plot)


def draw(rows: list[tuple[int, float, float]], file: Path) -> None:
    """Time beside a line that grows as the square of the size, and memory."""
    from matplotlib.figure import Figure

    sizes, seconds_, memory = zip(*rows, strict=True)
    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.loglog(sizes, seconds_, "o-", label="mine")
    left.loglog(sizes, [seconds_[-1] * (size / sizes[-1]) ** 2 for size in sizes], ":", color="grey", label="n * m")
    left.set(xlabel="sentences on either side", ylabel="seconds")
    left.legend(frameon=False)
    right.plot(sizes, memory, "o-")
    right.set(xlabel="sentences on either side", ylabel="MiB beside the vectors", ylim=(0, 1.5 * max(memory)))
    figure.savefig(file, dpi=120)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=30_000)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--growth", type=int, nargs="+", metavar="SIZE")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="of the growth")
    options = parser.parse_args()
    if options.growth:
        growth(options.growth, options.width, options.plot)
    else:
        beside(options.size, options.width, options.repeat)
        on_a_gpu(options.size, options.width)
