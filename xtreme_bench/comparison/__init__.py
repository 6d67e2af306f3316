"""Runs compared on the same test items: differences, their intervals, and what may be concluded."""

__all__ = ["arms", "compare", "contrast", "estimate", "forms", "interval", "resample"]
