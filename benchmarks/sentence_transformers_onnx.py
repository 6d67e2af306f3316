"""sentence-transformers with its ONNX backend, for `retrieval.py`: MODEL TEXTS VECTORS THREADS.

It prints a line when the model is loaded. Then, for each line on standard input, it embeds the texts once, prints the
seconds and writes the vectors.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer


def main(model: str, texts: str, vectors: str, threads: int) -> None:
    """Serve until standard input ends."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    settings = {"provider": "CPUExecutionProvider", "session_options": options, "export": True}
    transformer = Transformer(model, backend="onnx", model_kwargs=settings)
    pooling = Pooling(transformer.get_embedding_dimension(), "mean")
    encoder = SentenceTransformer(modules=[transformer, pooling], device="cpu", backend="onnx")
    sentences = json.loads(Path(texts).read_text(encoding="utf-8"))
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        found = encoder.encode(sentences, show_progress_bar=False)
        taken = time.perf_counter() - start
        np.save(vectors, found)
        print(taken, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]))
