"""The command line: one function for each command, which calls one function of another package and prints."""

__all__ = ["main"]
