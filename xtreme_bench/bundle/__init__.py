"""The submission bundle: write it, read it as untrusted input, check it, score it, verify what it claims."""

__all__ = [
    "check",
    "composed",
    "evaluate",
    "found",
    "lenient",
    "load",
    "manifest",
    "paths",
    "read",
    "same",
    "suspicion",
    "verify",
    "write",
]
