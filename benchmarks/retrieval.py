"""Speed of sentence vectors, compared with the alternatives, on real Tatoeba sentences and an encoder of XLM-R's shape.

`python benchmarks/retrieval.py --data FOLDER` (the folder of the releases; the weights are random, which does not
change the speed). Compared are sentences a second, tokenisation included, with the benchmark's own procedure (all
layers computed and kept, batches of 100 in file order), torch at the same cut with its best batch size, and
sentence-transformers with its ONNX backend (`--sentence-transformers PYTHON`, an interpreter that has it). All get the
same sentences and the same weights, and their vectors are compared. Every figure is the best of `--repeat` rounds, in
which they take turns.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import XLMRobertaConfig, XLMRobertaModel

from xtreme_bench.plan import devices
from xtreme_bench.retrieval import embed as embedding
from xtreme_bench.retrieval import export
from xtreme_bench.retrieval.embed_torch import torch_device
from xtreme_bench.retrieval.params import Embedding
from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.batching import pad
from xtreme_bench.training.padding import by_length

SHAPES = {"base": (12, 768, 12, 3072), "large": (24, 1024, 16, 4096)}
# The same share of the blocks in both: 14 of 24.
LAYERS = {"base": 7, "large": 14}
VOCABULARY = 250_002
# BUCC 2018 ru-en, training and test set as XTREME has them.
BUCC_RU_EN = 460_000 + 558_000

TOKENIZER = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "model_max_length": 512}

Floats = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Setting:
    """What all competitors share: the encoder's folder, the layer, sentences file by file, threads and device."""

    model: Path
    layer: int
    files: Sequence[Sequence[str]]
    threads: int
    device: str

    @property
    def texts(self) -> list[str]:
        return [text for file in self.files for text in file]


def build(folder: Path, data: Path, shape: str) -> None:
    """Write an encoder with random weights, and a tokenizer trained on real text other than Tatoeba."""
    text = [line.rpartition("\t")[2] for path in sorted(data.rglob("bucc2018/*-en.dev.??")) for line in _lines(path)]
    text += [string for path in sorted(data.glob("xquad/*.json")) for string in _strings(json.loads(path.read_text()))]
    if not text:
        sys.exit(f"{data}: has neither bucc2018 nor xquad to train a tokenizer on")
    tokenizer = encoders.train_tokenizer(text, VOCABULARY)
    blocks, width, heads, inner = SHAPES[shape]
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        num_hidden_layers=blocks,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
    )
    encoders.save(folder, encoders.Encoder(XLMRobertaModel(config, add_pooling_layer=False), tokenizer))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def sentences(data: Path, languages: Sequence[str], pairs: int) -> list[list[str]]:
    """Two files per language, as in the benchmark; the English one is sorted."""
    files = []
    for language in languages:
        path = data / "tatoeba" / "v1" / f"tatoeba.{language}-eng."
        foreign, english = (_lines(path.with_name(path.name + side))[:pairs] for side in (language, "eng"))
        files += [foreign, sorted(english)]
    return files


def benchmark_procedure(setting: Setting) -> Callable[[], Floats]:
    """Every hidden state pooled and kept, 100 sentences at a time in the order of the file."""
    encoder = encoders.load(setting.model)
    model: Any = encoder.model.to(setting.device).eval()

    @torch.inference_mode()
    def run() -> Floats:
        wanted = []
        for file in setting.files:
            tokens, _ = embedding.tokenise(encoder.tokenizer, file, 512)
            kept = np.zeros((encoder.blocks, len(file), encoder.width), dtype=np.float32)
            for start in range(0, len(file), 100):
                ids, mask = _padded(tokens[start : start + 100], setting.device)
                states = model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
                for layer, state in enumerate(states[-encoder.blocks :]):
                    kept[layer, start : start + 100] = _mean(state, mask).cpu().numpy()
            wanted.append(kept[setting.layer - 1])
        return np.concatenate(wanted)

    return run


def torch_at_the_cut(setting: Setting, budget: int) -> Callable[[], Floats]:
    """Run only the needed blocks, on batches of similar length with at most `budget` padded tokens."""
    encoder = encoders.load(setting.model)
    model: Any = encoder.model.to(setting.device).eval()
    model.encoder.layer = model.encoder.layer[: setting.layer]

    @torch.inference_mode()
    def run() -> Floats:
        tokens, _ = embedding.tokenise(encoder.tokenizer, setting.texts, 512)
        vectors = np.empty((len(tokens), encoder.width), dtype=np.float32)
        for batch in by_length([len(ids) for ids in tokens], budget):
            ids, mask = _padded([tokens[at] for at in batch], setting.device)
            vectors[batch] = _mean(model(input_ids=ids, attention_mask=mask).last_hidden_state, mask).cpu().numpy()
        return vectors

    return run


def _padded(tokens: Sequence[Sequence[int]], device: str) -> tuple[torch.Tensor, torch.Tensor]:
    ids = pad(tokens, 1).to(device)
    return ids, (ids != 1).long()


def _mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weights = mask.unsqueeze(2).float()
    return (hidden * weights).sum(1) / weights.sum(1)


def ours(setting: Setting, folder: Path, precision: str, *, distinct: bool = True) -> Callable[[], Floats]:
    """The method of this project. Without `distinct`, every sentence is made unique, with the same tokens."""
    params = Embedding(
        layer=setting.layer,
        pooling="mean",
        max_length=512,
        precision=precision,
        min_cosine=0.0,
        device=setting.device,
        threads=setting.threads,
        provider="onnxruntime",
    )
    out = folder / precision
    if not out.exists():
        out.mkdir()
        export.export(Job(params, {"encoder": setting.model}, out, folder))
    encoder = embedding.open_encoder({"encoder": setting.model, "export": out}, params)
    # Trailing spaces add no tokens.
    texts = setting.texts if distinct else [text + " " * at for at, text in enumerate(setting.texts)]

    def run() -> Floats:
        with tempfile.TemporaryDirectory(dir=folder) as work:
            found = embedding.embed(texts, encoder, Path(work))
            return np.asarray(found.vectors[found.rows])

    return run


class SentenceTransformers:
    """sentence-transformers with its ONNX backend, in an interpreter of its own that answers with seconds."""

    def __init__(self, python: str, setting: Setting, folder: Path) -> None:
        cut = folder / "cut"
        encoder = encoders.load(setting.model)
        model: Any = encoder.model
        model.encoder.layer = model.encoder.layer[: setting.layer]
        model.config.num_hidden_layers = setting.layer
        encoders.save(cut, encoder)
        # Older transformers do not know the name that this one gives the class.
        (cut / "tokenizer_config.json").write_text(json.dumps(TOKENIZER), encoding="utf-8")
        self._vectors = folder / "theirs.npy"
        (folder / "texts.json").write_text(json.dumps(setting.texts), encoding="utf-8")
        script = Path(__file__).with_name("sentence_transformers_onnx.py")
        command = [python, str(script), str(cut), str(folder / "texts.json"), str(self._vectors), str(setting.threads)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()  # wait, because its export would slow down the other measurements

    def measure(self) -> tuple[float, Floats]:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._answer()), np.load(self._vectors)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"sentence-transformers ended with code {self._process.wait()}")
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def timed(run: Callable[[], Floats]) -> Callable[[], tuple[float, Floats]]:
    def measure() -> tuple[float, Floats]:
        start = time.perf_counter()
        vectors = run()
        return time.perf_counter() - start, vectors

    return measure


def cosine(one: Floats, other: Floats) -> float:
    return float(((one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)).min())


def best_budget(setting: Setting) -> int:
    """The fastest batch size for torch, measured on a part of the sentences."""
    part = Setting(setting.model, setting.layer, [setting.texts[::8]], setting.threads, setting.device)
    budgets = (512, 1024, 2048, 4096, 8192) if setting.device == "cpu" else (8192, 32768, 131072)
    return min(budgets, key=lambda budget: min(timed(torch_at_the_cut(part, budget))()[0] for _ in range(2)))


def competitors(
    setting: Setting, folder: Path, python: str | None
) -> tuple[dict[str, Callable[[], tuple[float, Floats]]], Callable[[], None]]:
    """Name -> one measurement, and what to call at the end."""
    lower = "int8" if setting.device == "cpu" else "fp16"
    budget = best_budget(setting)
    runs = {
        "the benchmark's procedure": timed(benchmark_procedure(setting)),
        f"torch fp32 at the cut, {budget} tokens a batch": timed(torch_at_the_cut(setting, budget)),
        "ours, fp32": timed(ours(setting, folder, "fp32")),
        "ours, fp32, repeated sentences too": timed(ours(setting, folder, "fp32", distinct=False)),
        f"ours, {lower}": timed(ours(setting, folder, lower)),
        f"ours, {lower}, repeated sentences too": timed(ours(setting, folder, lower, distinct=False)),
    }
    if python is None or setting.device != "cpu":
        print("skipped: sentence-transformers (name an interpreter that has it; CPU only)")
        return runs, lambda: None
    theirs = SentenceTransformers(python, setting, folder)
    return {**runs, "sentence-transformers, ONNX": theirs.measure}, theirs.close


def table(setting: Setting, folder: Path, python: str | None, repeat: int) -> dict[str, Any]:
    """Measure in turns. Print sentences per second, ratio and lowest cosine to the benchmark's procedure."""
    runs, close = competitors(setting, folder, python)
    best = dict.fromkeys(runs, float("inf"))
    vectors: dict[str, Floats] = {}
    try:
        for number in range(repeat):
            for name, run in runs.items():
                taken, vectors[name] = run()
                best[name] = min(best[name], taken)
                print(f"  round {number + 1}: {name}: {taken:.2f} s", file=sys.stderr, flush=True)
    finally:
        close()
    count, reference = len(setting.texts), vectors["the benchmark's procedure"]
    rows = {}
    print("\n| | sentences/s | beside the benchmark's procedure | smallest cosine to it |\n|---|---|---|---|")
    for name, taken in best.items():
        ratio = best["the benchmark's procedure"] / taken
        rows[name] = {"sentences_per_second": count / taken, "ratio": ratio, "cosine": cosine(vectors[name], reference)}
        print(f"| {name} | {count / taken:,.1f} | {ratio:.2f} | {rows[name]['cosine']:.6f} |")
    for name, taken in best.items():
        if "torch fp32" in name or "transformers" in name:
            print(
                f"ours in fp32 beside {name}: {taken / best['ours, fp32']:.2f},"
                f" with repeated sentences {taken / best['ours, fp32, repeated sentences too']:.2f}"
            )
    return rows


def of_peak(setting: Setting, shape: str, rows: dict[str, Any], tokens: int) -> None:
    """On a GPU: tokens per second, their share of the peak in 16 bits, and the seconds for BUCC ru-en."""
    name = torch.cuda.get_device_name()
    card = devices.of_card(name)
    found = rows["ours, fp16, repeated sentences too"]["sentences_per_second"]
    _, width, _, inner = SHAPES[shape]
    operations = 2 * setting.layer * (4 * width * width + 2 * width * inner)
    per_second = found * tokens / len(setting.texts)
    share = (
        f"{per_second * operations / card.peak['bf16']:.1%} of the bf16 peak"
        if card
        else "the peak of this card is not known"
    )
    print(f"{name}: {per_second:,.0f} tokens/s, {share}; {BUCC_RU_EN:,} such sentences: {BUCC_RU_EN / found:,.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--languages", nargs="+", default=["ara", "cmn", "deu", "fin", "fra", "hin", "jpn", "rus"])
    parser.add_argument("--pairs", type=int, default=500, help="of each language")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--shape", choices=tuple(SHAPES), help="base, and large on a GPU, unless named")
    parser.add_argument("--sentence-transformers", metavar="PYTHON")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = torch_device(options.device)
    if device == "cpu":
        print("skipped: the GPU's table (torch finds no GPU)")
    shape = options.shape or ("base" if device == "cpu" else "large")
    encoders.single_threaded_tokenizers()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        build(model, options.data, shape)
        files = sentences(options.data, options.languages, options.pairs)
        setting = Setting(model, LAYERS[shape], files, options.threads, device)
        texts = setting.texts
        tokens = sum(map(len, embedding.tokenise(encoders.load_tokenizer(model), texts, 512)[0]))
        print(
            f"{len(texts):,} sentences ({len(set(texts)):,} distinct, {tokens / len(texts):.1f} tokens each) in"
            f" {len(options.languages)} languages and English; XLM-R {shape}, layer {setting.layer} of"
            f" {SHAPES[shape][0]}, mean; {device}, {options.threads} threads; best of {options.repeat}"
        )
        rows = table(setting, Path(folder), options.sentence_transformers, options.repeat)
    if device == "cuda":
        of_peak(setting, shape, rows, tokens)
    if options.json:
        options.json.write_text(json.dumps({"sentences": len(texts), "tokens": tokens, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
