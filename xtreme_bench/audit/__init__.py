"""Find what can inflate a score: training text in test sets, repeated rows, related corpora, seen languages."""

__all__ = ["audit", "scope"]
