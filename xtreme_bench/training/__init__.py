"""Encoders are trained and asked: examples, batches, the loop, the families of tasks, prediction."""

__all__ = ["encoder", "encoder_files", "features", "frames", "predict", "pretrain", "train"]
