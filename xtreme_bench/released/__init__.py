"""Released encoders that wheels of other projects bring: which there are, and how each becomes an encoder folder."""

__all__ = ["fetch", "packages"]
