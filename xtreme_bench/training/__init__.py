"""Train encoders and predict with them: examples, batches, the loop, the families of tasks, prediction."""

__all__ = [
    "architectures",
    "batching",
    "encoder",
    "encoder_files",
    "features",
    "forward",
    "frames",
    "params",
    "predict",
    "pretrain",
    "processes",
    "sampling",
    "shorten",
    "train",
]
