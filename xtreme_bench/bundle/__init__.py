"""What is submitted: written, read as untrusted input, checked, scored, and verified against its own claims."""

__all__ = ["check", "evaluate", "lenient", "manifest", "paths", "read", "verify", "write"]
