"""The benchmark's numbers: metrics, the form of predictions and gold labels, scores."""

__all__ = ["findings", "gold", "items", "metrics", "params", "predictions", "scores", "sizes"]
