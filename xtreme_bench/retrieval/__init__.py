"""Sentence retrieval without training: export the encoder, embed sentences, mine pairs."""

__all__ = ["export", "layers", "mining", "params", "precision", "retrieve"]
