"""Stages: their kinds and keys, the store that keeps them, the worker that runs them, the guard that restricts them."""

__all__ = [
    "code",
    "folders",
    "interrupts",
    "job",
    "kinds",
    "loaded",
    "memory",
    "params",
    "ranks",
    "serving",
    "stage",
    "store",
    "versions",
]
