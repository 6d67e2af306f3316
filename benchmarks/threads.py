"""A training step on two threads with OpenMP's waiting threads asleep (as workers have them) and spinning, alone and
beside one busy process: `python benchmarks/threads.py`. The load of the machine before is printed too.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

SECONDS, LEAST = 6.0, 15


def step_times() -> list[float]:
    """Milliseconds of each step of a small encoder (2 layers, width 128, 16 x 64 tokens), measured for some seconds."""
    import torch

    torch.set_num_threads(2)
    torch.manual_seed(0)
    model = torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(128, 4, 256, batch_first=True), 2)
    optimizer = torch.optim.AdamW(model.parameters())
    x = torch.randn(16, 64, 128)
    times = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or len(times) < LEAST:
        start = time.perf_counter()
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
        times.append((time.perf_counter() - start) * 1e3)
    return times[5:]


def measured(policy: str | None) -> float:
    """The median time of a step, in a separate process."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_WAIT_POLICY": policy} if policy else {}
    done = subprocess.run(
        [sys.executable, __file__, "--step"], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    """Print a table of medians."""
    if "--step" in sys.argv[1:]:
        print(statistics.median(step_times()))
        return
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    alone: dict[str | None, float] = {}
    for place in ("alone", "beside one busy process"):
        busy = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if alone else None
        try:
            for policy in (None, "PASSIVE"):
                found = measured(policy)
                times = found / alone.setdefault(policy, found)
                print(f"{place:25} {policy or 'spinning':10} {found:8.1f} ms a step, {times:.2f} times", flush=True)
        finally:
            if busy is not None:
                busy.kill()
                busy.wait()


if __name__ == "__main__":
    main()
