"""What a stage is: its kinds and key, the store that keeps it, the worker that runs it, the guard that restricts it."""

__all__ = ["code", "folders", "interrupts", "job", "kinds", "loaded", "params", "ranks", "stage", "store", "versions"]
