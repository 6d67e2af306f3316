"""Makes the stages of a recipe, and describes them before any work."""

__all__ = ["accept", "composed", "devices", "estimate", "estimate_text", "facts", "labels", "stages", "why"]
