"""What people see of runs, plans and data: tables for the terminal, the page with its plots, comparison and verdict."""

__all__ = [
    "audit",
    "claims",
    "manifest_differences",
    "page",
    "render",
    "seeds",
    "status",
    "status_text",
    "terminal",
    "versus",
]
