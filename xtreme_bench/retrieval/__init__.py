"""Sentence retrieval without training: the encoder is exported, sentences are embedded, pairs are mined."""

__all__ = ["export", "layers", "mining", "params", "precision", "retrieve"]
