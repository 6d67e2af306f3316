"""The generator of the small built-in corpora: a closed world told in ten languages."""

__all__ = ["corpus", "params"]
