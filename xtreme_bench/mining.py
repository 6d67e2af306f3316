"""Mining of translation pairs, under its public import name."""

from xtreme_bench.retrieval.mining import mine, nearest

__all__ = ["mine", "nearest"]
