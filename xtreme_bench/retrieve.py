"""The retrieval stage: Tatoeba and BUCC 2018 with the vectors of one layer of an encoder; nothing is trained.

Tatoeba: the nearest foreign sentence by cosine of each English one. BUCC: pairs mined with the ratio margin, the
threshold tuned on the development set and reused on the test set (XTREME, Hu et al. 2020, and its scripts).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from xtreme_bench import mining
from xtreme_bench.data.targets import read_bucc, read_bucc_gold, read_tatoeba
from xtreme_bench.embed import Embedded, SentenceEncoder, Settings, embed, open_encoder
from xtreme_bench.errors import InputError
from xtreme_bench.job import Job
from xtreme_bench.rows import SentenceRow
from xtreme_bench.store import write_text

# Sentences of each corpus that an export is compared with torch on, beside the built-in ones: short to long.
PROBES = 3
# Written for this test: ten scripts, short and long, digits, an empty line.
SENTENCES = (
    "The train to the coast leaves at 7:45 every morning, except on Sundays.",
    "Wer hat das grüne Fahrrad vor der Bäckerei abgestellt?",
    "Вчера вечером мы долго говорили о новой книге.",
    "الكتاب على الطاولة قرب النافذة.",
    "बच्चे नदी के किनारे खेल रहे हैं।",
    "明天早上我们坐船去岛上看朋友。",
    "昨日は雨だったので、家で本を読みました。",
    "오늘 저녁에 시장에서 생선을 샀어요.",
    "วันนี้อากาศดีมาก",
    "Η γάτα κοιμάται κάτω από το παλιό τραπέζι.",
    "הילדה כתבה מכתב לסבתא שלה.",
    "தம்பி பள்ளிக்கு நடந்து சென்றான்.",
    "No.",
    "",
)


def retrieve(job: Job) -> dict[str, Any]:
    """Predict one retrieval task in some languages; writes `test-<language>.tsv` in the official format.

    `params`: task, languages, layer, pooling, max_length, precision, provider, threads; `inputs`: data, encoder.
    Returns facts: what ran (provider, layer, pooling, smallest cosine of the export to torch) and per language the
    numbers of sentences, distinct, cut and empty ones, and for BUCC threshold, development F1 and pairs.
    """
    params = job.params
    tasks = {"tatoeba": _tatoeba, "bucc2018": _bucc}
    if params["task"] not in tasks:
        near = get_close_matches(params["task"], tasks, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(tasks)}"
        raise InputError(f"{params['task']!r} is no retrieval task; {hint}")
    names = ("layer", "pooling", "max_length", "precision", "provider", "threads")
    settings = Settings(**{name: params[name] for name in names})
    return tasks[params["task"]](job, settings)


def _tatoeba(job: Job, settings: Settings) -> dict[str, Any]:
    corpora = {language: read_tatoeba(job.inputs["data"], language) for language in job.params["languages"]}
    sides = [side for pair in corpora.values() for side in pair]
    encoder = _open(job, settings, sides)
    # All languages at once: their English sides share many sentences.
    whole = embed([row.text for side in sides for row in side], encoder, _progress(job, "tatoeba: sentences"))
    parts = iter(_split(whole, sides))
    languages = {}
    for language, (foreign, english) in corpora.items():
        foreign_part, english_part = next(parts), next(parts)
        best = mining.nearest(english_part.vectors, foreign_part.vectors)
        write_text(job.out / f"test-{language}.tsv", "".join(f"{foreign[at].id}\n" for at in best.tolist()))
        languages[language] = _counts({"foreign": (foreign, foreign_part), "english": (english, english_part)})
    return {**encoder.facts, "distinct": whole.distinct, "languages": languages}


def _bucc(job: Job, settings: Settings) -> dict[str, Any]:
    data, encoder = job.inputs["data"], None
    languages = {}
    for language in job.params["languages"]:
        gold = read_bucc_gold(data, language)
        dev, test = (read_bucc(data, language, split) for split in ("dev", "test"))
        encoder = encoder or _open(job, settings, [*dev, *test])
        dev_pairs, dev_counts = _mine(job, encoder, f"bucc2018 {language} dev", *dev)
        tuned = mining.best_threshold(dev_pairs, gold)
        pairs, counts = _mine(job, encoder, f"bucc2018 {language} test", *test)
        found = mining.pairs_above(pairs, tuned.threshold)
        write_text(job.out / f"test-{language}.tsv", "".join(f"{theirs}\t{ours}\n" for theirs, ours in found))
        languages[language] = {
            "threshold": tuned.threshold,
            "dev_f1": tuned.f1,
            "dev_precision": tuned.precision,
            "dev_recall": tuned.recall,
            "pairs": len(found),
            "dev": dev_counts,
            "test": counts,
        }
    return {**(encoder.facts if encoder else {}), "margin": "ratio", "neighborhood": 4, "languages": languages}


def _mine(
    job: Job, encoder: SentenceEncoder, name: str, foreign: Sequence[SentenceRow], english: Sequence[SentenceRow]
) -> tuple[list[mining.ScoredPair], dict[str, Any]]:
    """Candidate pairs of two corpora, best first, and what was embedded for them."""
    foreign_texts, foreign_ids = mining.unify(foreign)
    english_texts, english_ids = mining.unify(english)
    sides = [embed(texts, encoder, _progress(job, f"{name}: sentences")) for texts in (foreign_texts, english_texts)]
    candidates = mining.mine(sides[0].vectors, sides[1].vectors, progress=_progress(job, f"{name}: mining"))
    counts = _counts({"foreign": (foreign, sides[0]), "english": (english, sides[1])})
    return mining.name_pairs(candidates, foreign_ids, english_ids), {**counts, "candidates": len(candidates)}


def _open(job: Job, settings: Settings, sides: Sequence[Sequence[SentenceRow]]) -> SentenceEncoder:
    """The encoder, its export proven on built-in sentences and on some of each side, spread over their lengths."""
    probes = list(SENTENCES)
    for side in sides:
        texts = sorted({row.text for row in side}, key=lambda text: (len(text), text))
        probes += [texts[at] for at in np.linspace(0, len(texts) - 1, min(PROBES, len(texts))).astype(int)]
    job.progress(0, 1, f"{job.params['task']}: preparing the encoder")
    return open_encoder(job.inputs["encoder"], settings, list(dict.fromkeys(probes)), job.work)


def _split(whole: Embedded, sides: Sequence[Sequence[SentenceRow]]) -> list[Embedded]:
    ends = np.cumsum([len(side) for side in sides])
    parts = zip(np.split(whole.vectors, ends[:-1]), np.split(whole.cut, ends[:-1]), sides, strict=True)
    return [Embedded(vectors, cut, len({row.text for row in side})) for vectors, cut, side in parts]


def _counts(sides: dict[str, tuple[Sequence[SentenceRow], Embedded]]) -> dict[str, Any]:
    return {
        name: {
            "sentences": len(rows),
            "distinct": part.distinct,
            "cut": int(part.cut.sum()),
            "empty": sum(not row.text for row in rows),
        }
        for name, (rows, part) in sides.items()
    }


def _progress(job: Job, what: str) -> Callable[[int, int], None]:
    return lambda done, total: job.progress(done, total, what)
