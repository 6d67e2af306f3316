"""One command from a recipe to a checked bundle: schedules stages on an engine and shows their progress."""

__all__ = ["chance", "outcome", "progress", "repeat", "reproduce", "seeds"]
