"""Released encoders in wheels of other projects: which there are, and how each becomes an encoder folder."""

__all__ = ["fetch", "packages"]
