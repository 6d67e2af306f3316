"""A recipe: the vocabulary of its YAML, reading with lines, checks between fields, the schema for editors."""

__all__ = ["alike", "compose", "contrast", "fields", "files", "lengths", "load", "phases", "setting", "tree"]
