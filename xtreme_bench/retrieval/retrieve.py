"""The retrieval stage: Tatoeba and BUCC 2018 with sentence vectors from one layer of an encoder, without training.

Tatoeba: for each English sentence, the nearest foreign sentence by cosine. BUCC: pairs mined with the ratio margin; the
threshold is tuned on the development set and used on the test set (Hu et al. 2020, and the scripts of XTREME).
All processes embed; the first one does the rest.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xtreme_bench.data.targets import read_bucc, read_bucc_gold, read_tatoeba
from xtreme_bench.errors import InputError
from xtreme_bench.files import write_json, write_text
from xtreme_bench.retrieval import mining
from xtreme_bench.retrieval.embed import Embedded, SentenceEncoder, embed, open_encoder, ready
from xtreme_bench.retrieval.embed_torch import torch_device
from xtreme_bench.retrieval.params import Retrieve
from xtreme_bench.retrieval.parity import least_cosine, parity, require
from xtreme_bench.rows import SentenceRow
from xtreme_bench.stage.job import Job
from xtreme_bench.training.processes import ALONE, Group, begin
from xtreme_bench.wording import hint

# Sentences for comparing a lower precision with fp32; for Tatoeba whole languages, at least one.
SAMPLE = 4000

# The settings of mining BUCC.
SEARCH: dict[str, Any] = {"margin": "ratio", "neighborhood": 4}
# Where the stage that scores every layer says which one is best.
CHOICE = "layers.json"
SIDES = ("foreign", "english")
# The name of one side of a corpus: language (and split), and "foreign" or "english".
Key = tuple[str, str]
Rows = Sequence[SentenceRow]
Sides = Mapping[Key, Rows]
Parts = Mapping[Key, Embedded]
WHOLE = ("", "")


def retrieve(job: Job[Retrieve]) -> dict[str, Any]:
    """Predict one retrieval task in some languages; writes `test-<language>.tsv` in the official format.

    `inputs`: data, encoder and, for ONNX Runtime, export; without a layer in the parameters, `layers`, the stage that
    chose one. Returns facts: what ran (provider, layer, pooling, precision, the distance of a lower precision from
    fp32), and per language the numbers of all, distinct, truncated and empty sentences; for BUCC also the threshold,
    the development F1 in percent and the number of pairs. Raises InputError for an unknown task or settings that do not
    fit, StageError for broken vectors.
    """
    tasks = {"tatoeba": _tatoeba, "bucc2018": _bucc}
    task = job.params.task
    if task not in tasks:
        raise InputError(f"{task!r} is not a retrieval task{hint(task, tasks)}")
    job.progress(0, 1, f"{task}: preparing the encoder")
    if job.params.layer is None:
        job = dataclasses.replace(job, params=dataclasses.replace(job.params, layer=chosen_layer(job.inputs)))
    group = begin()
    return tasks[task](job, ready(job, group), group)


def chosen_layer(inputs: Mapping[str, Path]) -> int:
    """The layer that a stage has chosen on development pairs."""
    chosen: int = json.loads((inputs["layers"] / CHOICE).read_text(encoding="utf-8"))["layer"]
    return chosen


def _tatoeba(job: Job[Retrieve], encoder: SentenceEncoder, group: Group) -> dict[str, Any]:
    corpora = {language: read_tatoeba(job.inputs["data"], language) for language in job.params.languages}
    # Embed all languages together: their English sides share many sentences.
    sides = {(code, side): rows for code, pair in corpora.items() for side, rows in zip(SIDES, pair, strict=True)}
    whole = _embed(job, encoder, sides, "tatoeba: sentences", group)
    if group.rank:
        return {}
    languages, neighbours = {}, {}
    for code, (foreign, _) in corpora.items():
        neighbours[code] = _nearest(whole, code)
        write_text(job.out / f"test-{code}.tsv", "".join(f"{foreign[at].id}\n" for at in neighbours[code]))
        languages[code] = _counts(sides, whole, code)
    facts: dict[str, Any] = {**_facts(encoder, whole[WHOLE]), "languages": languages}
    if job.params.precision != "fp32":
        facts["fp32"] = _tatoeba_in_fp32(job, sides, whole, neighbours)
    return facts


def _embed(job: Job[Retrieve], encoder: SentenceEncoder, sides: Sides, what: str, group: Group = ALONE) -> Parts:
    """Embed all sides of a task together. Returns the vectors by key; WHOLE is the key of all."""
    texts = [row.text for rows in sides.values() for row in rows]
    whole = embed(texts, encoder, job.work / "vectors", _progress(job, what), group)
    ends = np.cumsum([len(rows) for rows in sides.values()]).tolist()
    begins = [0, *ends[:-1]]
    parts = {key: whole.part(begin, end) for key, begin, end in zip(sides, begins, ends, strict=True)}
    return parts | {WHOLE: whole}


def _nearest(parts: Parts, code: str) -> list[int]:
    foreign, english = (parts[code, side] for side in SIDES)
    found: list[int] = mining.nearest(english.vectors[english.rows], foreign.vectors[foreign.rows]).tolist()
    return found


def _tatoeba_in_fp32(
    job: Job[Retrieve], sides: Sides, whole: Parts, neighbours: Mapping[str, list[int]]
) -> dict[str, Any]:
    """Embed some whole languages again with torch in fp32. Returns the lowest cosine and how many neighbours agree.

    Writes the neighbours in both precisions to `precision.json`. A stage that may read labels scores them.
    """
    chosen: dict[Key, Rows] = {}
    for code in job.params.languages:
        pair = {(code, side): sides[code, side] for side in SIDES}
        if not chosen or sum(map(len, (chosen | pair).values())) <= SAMPLE:
            chosen |= pair
    exact = _embed_in_fp32(job, chosen)
    lowest = min(_lowest_cosine(exact[key], whole[key]) for key in chosen)
    codes = list(dict.fromkeys(code for code, _ in chosen))
    both = {code: {"fp32": _nearest(exact, code), job.params.precision: neighbours[code]} for code in codes}
    write_json(job.out / "precision.json", both)
    same = {
        code: 100 * float(np.mean([a == b for a, b in zip(*found.values(), strict=True)]))
        for code, found in both.items()
    }
    require(lowest, least_cosine(job.params), f"{job.params.precision} on {', '.join(codes)} of tatoeba")
    return {"sentences": sum(map(len, chosen.values())), "min_cosine": lowest, "same_neighbour": same}


def _embed_in_fp32(job: Job[Retrieve], sides: Sides) -> Parts:
    params = dataclasses.replace(job.params, precision="fp32", provider="torch")
    folder = job.work / "fp32"
    folder.mkdir(exist_ok=True)
    exact = Job(params, job.inputs, job.out, folder, job.progress)
    return _embed(exact, open_encoder(job.inputs, params), sides, f"{job.params.task}: some sentences in fp32")


def _lowest_cosine(one: Embedded, other: Embedded) -> float:
    return parity(one.vectors[one.rows], other.vectors[other.rows])


def _bucc(job: Job[Retrieve], encoder: SentenceEncoder, group: Group) -> dict[str, Any]:
    data, codes = job.inputs["data"], job.params.languages
    gold = {code: read_bucc_gold(data, code) for code in codes}
    corpora = {
        (f"{code} {split}", side): rows
        for code in codes
        for split in ("dev", "test")
        for side, rows in zip(SIDES, read_bucc(data, code, split), strict=True)
    }
    whole = _embed(job, encoder, corpora, "bucc2018: sentences", group)
    if group.rank:
        return {}
    languages = {}
    for code in codes:
        dev_pairs, dev_counts = _mine(job, corpora, whole, f"{code} dev")
        tuned = mining.best_threshold(dev_pairs, gold[code])
        pairs, counts = _mine(job, corpora, whole, f"{code} test")
        found = mining.pairs_above(pairs, tuned.threshold)
        write_text(job.out / f"test-{code}.tsv", "".join(f"{theirs}\t{ours}\n" for theirs, ours in found))
        languages[code] = {
            "threshold": tuned.threshold,
            "dev_f1": tuned.f1,
            "dev_precision": tuned.precision,
            "dev_recall": tuned.recall,
            "pairs": len(found),
            "dev": dev_counts,
            "test": counts,
        }
    facts = {**_facts(encoder, whole[WHOLE]), **SEARCH}
    if job.params.precision != "fp32":
        facts["fp32"] = _bucc_in_fp32(job, corpora, whole)
    return {**facts, "languages": languages}


def _bucc_in_fp32(job: Job[Retrieve], sides: Sides, whole: Parts) -> dict[str, Any]:
    """Embed the first sentences of each side again with torch in fp32. Returns the lowest cosine."""
    each = max(1, SAMPLE // len(sides))
    chosen = {key: rows[:each] for key, rows in sides.items()}
    exact = _embed_in_fp32(job, chosen)
    lowest = min(_lowest_cosine(exact[key], whole[key].part(0, each)) for key in chosen)
    require(lowest, least_cosine(job.params), f"{job.params.precision} on bucc2018")
    return {"sentences": sum(map(len, chosen.values())), "min_cosine": lowest}


def _mine(
    job: Job[Retrieve], corpora: Sides, whole: Parts, name: str
) -> tuple[list[mining.ScoredPair], dict[str, Any]]:
    """The candidate pairs of two corpora, best first, and the facts about their sentences."""
    ids, vectors = [], []
    for side in SIDES:
        rows, part = corpora[name, side], whole[name, side]
        # The same order as `unify`: distinct texts by first occurrence.
        first = np.sort(np.unique(part.rows, return_index=True)[1])
        distinct = Embedded(part.vectors, part.rows[first], part.cut[first])
        ids.append(mining.unify(rows)[1])
        vectors.append(distinct.gather(job.work / f"{side}.npy"))
    device = torch_device(job.params.device)
    candidates = mining.mine(*vectors, **SEARCH, device=device, progress=_progress(job, f"bucc2018 {name}: mining"))
    counts = {**_counts(corpora, whole, name), "candidates": len(candidates)}
    return mining.name_pairs(candidates, *ids), counts


def _facts(encoder: SentenceEncoder, whole: Embedded) -> dict[str, Any]:
    """What ran, on how many sentences. `summary`: the text that the terminal shows at the end of the stage."""
    cut, sentences = int(whole.cut.sum()), len(whole.rows)
    facts = {**encoder.facts, "sentences": sentences, "distinct": len(whole.vectors), "cut": cut}
    if cut:
        facts["summary"] = f"{cut:,} of {sentences:,} sentences truncated to {encoder.max_length} tokens"
    return facts


def _counts(sides: Sides, parts: Parts, name: str) -> dict[str, Any]:
    return {
        side: {
            "sentences": len(sides[name, side]),
            "distinct": len(np.unique(parts[name, side].rows)),
            "cut": int(parts[name, side].cut.sum()),
            "empty": sum(not row.text for row in sides[name, side]),
        }
        for side in SIDES
    }


def _progress(job: Job[Retrieve], what: str) -> Callable[[int, int], None]:
    return lambda done, total: job.progress(done, total, what)
