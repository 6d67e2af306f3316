"""Makes the stages of a recipe, and describes them before any work."""

__all__ = ["accept", "devices", "estimate", "facts", "labels", "stages", "why"]
