"""Where corpora come from and how each format is read, into one row type per family of tasks."""

__all__ = [
    "aligned",
    "corpora",
    "counts",
    "dialogues",
    "fetch",
    "formats",
    "imposters",
    "intermediate",
    "items",
    "layout",
    "passages",
    "plausible",
    "published",
    "release",
    "targets",
    "text",
    "usable",
    "usage",
]
