"""Train encoders and predict with them: examples, batches, the loop, the families of tasks, prediction."""

__all__ = [
    "architectures",
    "encoder",
    "encoder_files",
    "examples",
    "features",
    "forward",
    "frames",
    "frozen",
    "padding",
    "params",
    "predict",
    "pretrain",
    "processes",
    "room",
    "sampling",
    "shorten",
    "train",
]
