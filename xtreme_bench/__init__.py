"""Intermediate-task training and zero-shot evaluation on the XTREME benchmark."""

__version__ = "0.1.0"
