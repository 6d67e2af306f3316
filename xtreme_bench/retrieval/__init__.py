"""Sentence retrieval without training: the encoder is exported, sentences are embedded, pairs are mined."""
