"""Makes the stages of a recipe, and describes them before any work."""

__all__ = ["accept", "facts", "labels", "stages", "why"]
