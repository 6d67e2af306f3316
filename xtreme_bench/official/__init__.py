"""The benchmark's numbers: metrics, the form of predictions and gold labels, scores."""
