"""What a stage is: its kinds, its key, the store that keeps it, the worker that runs it and what that is kept from."""

__all__ = ["code", "folders", "interrupts", "job", "kinds", "loaded", "params", "stage", "store", "versions"]
