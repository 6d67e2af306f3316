"""From a recipe to its stages, and what can be said of them before any work."""

__all__ = ["accept", "devices", "estimate", "facts", "labels", "stages", "why"]
