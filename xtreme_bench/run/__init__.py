"""One command from a recipe to a checked bundle: stages are scheduled on an engine, and their progress is shown."""

__all__ = ["outcome", "progress", "reproduce", "seeds"]
