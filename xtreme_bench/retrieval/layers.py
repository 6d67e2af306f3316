"""The stage that scores every layer of the encoder on BUCC's development pairs, so that a user can choose one.

Tatoeba has no development set. Choosing the layer on its test set would invalidate its score.
"""

from __future__ import annotations

import functools
import json
import shutil
from typing import Any

from xtreme_bench.data.targets import read_bucc, read_bucc_gold
from xtreme_bench.files import write_json
from xtreme_bench.official.params import Score
from xtreme_bench.official.scores import score_stage
from xtreme_bench.retrieval import mining
from xtreme_bench.retrieval.embed import SentenceEncoder, embed, ready
from xtreme_bench.retrieval.embed_torch import torch_device
from xtreme_bench.retrieval.params import Layers
from xtreme_bench.retrieval.retrieve import CHOICE, SEARCH, chosen_layer
from xtreme_bench.stage.job import Job


def score_layers(job: Job[Layers]) -> dict[str, Any]:
    """Embed the development sentences of each language at all layers in one pass, then mine with each layer.

    `inputs`: data, encoder and, for ONNX Runtime, the export of all layers. Returns facts: the provider, for each
    language the F1 in percent by layer (0 = embeddings), and the best layer over all languages, which is also written.
    """
    encoder = ready(job)
    scores = {code: _language(job, encoder, code) for code in job.params.languages}
    means = [sum(found) / len(found) for found in zip(*scores.values(), strict=True)]
    chosen = means.index(max(means))
    write_json(job.out / CHOICE, {"layer": chosen})
    facts = {name: encoder.facts[name] for name in ("provider", "pooling")}
    return {**facts, "bucc2018_dev_f1": scores, "chosen": chosen}


def _language(job: Job[Layers], encoder: SentenceEncoder, code: str) -> list[float]:
    """F1 by layer. A stage that continues after a kill skips finished languages. The large vectors are removed."""
    finished, folder = job.work / f"{code}.json", job.work / code
    if finished.is_file():
        known: list[float] = json.loads(finished.read_text(encoding="utf-8"))
        return known
    gold, ids, sides = read_bucc_gold(job.inputs["data"], code), [], []
    for side, rows in zip(("foreign", "english"), read_bucc(job.inputs["data"], code, "dev"), strict=True):
        texts, names = mining.unify(rows)
        ids.append(names)
        note = f"{code}: {side} sentences at every layer"
        told = functools.partial(_told, job, note)
        sides.append(embed(texts, encoder, folder / side, told).vectors)
    width, scores = encoder.width // encoder.layers, []
    for layer in range(encoder.layers):
        job.progress(layer, encoder.layers, f"{code}: mining with layer {layer}")
        here = [side[:, layer * width : (layer + 1) * width] for side in sides]
        candidates = mining.mine(*here, **SEARCH, device=torch_device(job.params.device))
        scores.append(mining.best_threshold(mining.name_pairs(candidates, *ids), gold).f1)
    write_json(finished, scores)
    shutil.rmtree(folder)
    return scores


def score_chosen(job: Job[Score]) -> dict[str, Any]:
    """Score predictions that were made at the chosen layer; `inputs` as `score_stage`, and `layers`."""
    averages = score_stage(job)["averages"]
    scores = json.loads((job.out / "scores.json").read_text(encoding="utf-8"))
    return {"layer": chosen_layer(job.inputs), "averages": averages, "scores": scores}


def _told(job: Job[Layers], note: str, done: int, total: int) -> None:
    job.progress(done, total, note)
