"""Where corpora come from and how each format is read, into one row type per family of tasks."""

__all__ = [
    "corpora",
    "counts",
    "dialogues",
    "fetch",
    "formats",
    "imposters",
    "intermediate",
    "items",
    "layout",
    "plausible",
    "published",
    "release",
    "targets",
    "text",
    "usable",
    "usage",
]
