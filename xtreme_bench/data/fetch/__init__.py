"""Fetch corpora from the hub or from their authors' addresses, under a lock: `data fetch`."""

__all__ = ["corpora", "download", "sources"]
