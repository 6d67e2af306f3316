"""A static site that ranks bundles: verify them, rank them, write its pages."""

__all__ = ["board", "site"]
