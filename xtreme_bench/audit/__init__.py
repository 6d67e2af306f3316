"""What flatters a score: training text in test sets, repeated rows, related corpora, languages seen."""

__all__ = ["audit", "scope"]
