"""Encoders are trained and asked: examples, batches, the loop, the families of tasks, prediction."""
