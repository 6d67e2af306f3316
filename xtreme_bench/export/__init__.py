"""What others take over from a run: a model folder, its predictions as a data set, results in other projects' forms."""

__all__ = ["folders", "push", "results"]
