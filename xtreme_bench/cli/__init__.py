"""The command line: each command is a function that calls another package and prints the result."""

__all__ = ["main"]
