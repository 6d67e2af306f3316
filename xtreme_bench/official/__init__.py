"""The numbers of the benchmark: metrics, scores, and the formats of predictions and gold labels."""

__all__ = [
    "dialogue", "findings", "gold", "items", "means", "metrics", "params", "predictions", "published", "scores",
    "sizes",
]  # fmt: skip
