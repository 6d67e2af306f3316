"""Mining of translation pairs, under the name that other programs import it by."""

from xtreme_bench.retrieval.mining import mine, nearest

__all__ = ["mine", "nearest"]
