"""Tatoeba and BUCC 2018: from the releases (or XTREME's copies) to sentences and gold pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import bucc, layout
from xtreme_bench.data.bucc import Pair
from xtreme_bench.data.release.preparation import Preparation, evenly, joined
from xtreme_bench.data.targets import read_translations
from xtreme_bench.rows import SentenceRow

Texts = tuple[Sequence[SentenceRow], Sequence[SentenceRow], Sequence[Pair]]  # foreign, English, gold

# fmt: off
TATOEBA_CODES = {
    "afr": "af", "ara": "ar", "ben": "bn", "bul": "bg", "cmn": "zh", "deu": "de", "ell": "el", "est": "et", "eus": "eu",
    "fin": "fi", "fra": "fr", "heb": "he", "hin": "hi", "hun": "hu", "ind": "id", "ita": "it", "jav": "jv", "jpn": "ja",
    "kat": "ka", "kaz": "kk", "kor": "ko", "mal": "ml", "mar": "mr", "nld": "nl", "pes": "fa", "por": "pt", "rus": "ru",
    "spa": "es", "swh": "sw", "tam": "ta", "tel": "te", "tgl": "tl", "tha": "th", "tur": "tr", "urd": "ur", "vie": "vi",
}
# fmt: on

_NO_PAIRS = {
    "dev": "{}: no pairs of the sample set were found, on which the threshold is chosen",
    "test": "{}: no pairs were found, so it can be predicted but not scored",
}


def prepare_tatoeba(preparation: Preparation) -> None:
    """Write tatoeba. The release has translations line by line; XTREME sorts the English side.

    A prediction names a line of the foreign file for each line of the English one, so the labels are the places that
    the lines of the sorted file had before.
    """
    found = preparation.files("tatoeba", "LASER v1", "language", "side")
    ready = preparation.files("tatoeba", "XTREME", "language", "side")
    for code, language in sorted(TATOEBA_CODES.items(), key=lambda item: item[1]):
        if (code, code) in found and (code, "eng") in found:
            _sorted_tatoeba(preparation, language, found[code, code], found[code, "eng"])
        elif (language, language) in ready and (language, "en") in ready:
            paths = ready[language, language], ready[language, "en"]
            sides = _tatoeba(preparation, language, *paths, in_order=True)
            for side, rows, path, file in zip(
                (language, "en"), sides, paths, layout.tatoeba_files(language), strict=True
            ):
                preparation.spool.hold_out(side, (row.text for row in rows))
                preparation.copy("tatoeba", path, file)
            preparation.remark("tatoeba", f"{language}: already sorted, so the pairs are not known")


def _tatoeba(
    preparation: Preparation, language: str, foreign: Path, english: Path, *, in_order: bool
) -> tuple[list[SentenceRow], list[SentenceRow]]:
    for path in (foreign, english):
        preparation.use("tatoeba", path)
    return read_translations(foreign, english, language, in_order=in_order)


def _sorted_tatoeba(preparation: Preparation, language: str, foreign_path: Path, english_path: Path) -> None:
    foreign, english = (
        [row.text for row in rows]
        for rows in _tatoeba(preparation, language, foreign_path, english_path, in_order=False)
    )
    preparation.spool.hold_out(language, foreign)
    preparation.spool.hold_out("en", english)
    kept = preparation.kept(len(english))
    order = sorted(range(len(kept)), key=lambda at: english[kept[at]])
    foreign_file, english_file = layout.tatoeba_files(language)
    if len(kept) == len(foreign):
        preparation.copy("tatoeba", foreign_path, foreign_file)
    else:
        preparation.write(foreign_file, joined(foreign[at] for at in kept))
    preparation.write(english_file, joined(english[kept[at]] for at in order))
    preparation.write_labels("tatoeba", f"test-{language}.tsv", joined(map(str, order)))
    preparation.count("tatoeba", f"test {language}", len(order))


def prepare_bucc(preparation: Preparation) -> None:
    """Write the parts of bucc2018 whose files were found."""
    for language in TASKS["bucc2018"].languages:
        _bucc(preparation, language)


def _bucc(preparation: Preparation, language: str) -> None:
    """BUCC's sample set is XTREME's "dev", its training set "test"; a dev set may be cut to serve as both."""
    found = {
        key[1:]: path
        for form in ("XTREME", "BUCC 2018")
        for key, path in preparation.files("bucc2018", form, "language", "split", "side").items()
        if key[0] == language
    }

    def part(*names: str) -> tuple[Path, Path, Path | None] | None:
        for name in names:
            if (name, language) in found and (name, "en") in found:
                return found[name, language], found[name, "en"], found.get((name, "gold"))
        return None

    dev, test = part("dev", "sample"), part("test", "training")
    if dev and dev[2] and not test and "bucc2018" in preparation.dev_as_test:
        texts = _texts(preparation, language, dev)
        _write_bucc(preparation, language, "dev", _half(texts, 0))
        _write_bucc(preparation, language, "test", _sampled(preparation, _half(texts, 1)))
        preparation.remark(
            "bucc2018",
            f"{language}: there is no test set; of the development set's pairs and other sentences the 1st, 3rd, ... "
            "are the development set (the threshold is chosen on it), the 2nd, 4th, ... the test set",
        )
        return
    for split, paths in (("dev", dev), ("test", test)):
        if paths:
            texts = _texts(preparation, language, paths)
            if split == "test" and texts[2] and preparation.sample:
                _write_bucc(preparation, language, split, _sampled(preparation, texts))
            else:
                _write_bucc(preparation, language, split, texts, paths[:2])


def _texts(preparation: Preparation, language: str, paths: tuple[Path, Path, Path | None]) -> Texts:
    """Both sides and the gold pairs of one split, read as strictly as the readers of prepared files do."""
    foreign, english = (
        bucc.read_sentences(preparation.use("bucc2018", path), f"sentences of bucc2018 in {side}", side)
        for path, side in zip(paths[:2], (language, "en"), strict=True)
    )
    if paths[2] is None:
        return foreign, english, []
    sides = [{row.id for row in rows} for rows in (foreign, english)]
    gold = preparation.use("bucc2018", paths[2])
    return foreign, english, bucc.read_gold(gold, f"true pairs of bucc2018 in {language}", language, sides)


def _half(texts: Texts, which: int) -> Texts:
    """Every second gold pair with its sentences, and every second of the sentences without a translation."""
    return _restricted(texts, texts[2][which::2], lambda others: others[which::2])


def _sampled(preparation: Preparation, texts: Texts) -> Texts:
    """`sample` pairs with their sentences, and as many of the other sentences as keep the share of pairs."""
    pairs = preparation.spread(texts[2])
    share = len(pairs) / max(1, len(texts[2]))
    return _restricted(
        texts, pairs, lambda others: [others[at] for at in evenly(len(others), round(len(others) * share))]
    )


def _restricted(texts: Texts, pairs: Sequence[Pair], choose: Callable[[list[str]], list[str]]) -> Texts:
    """The sentences of `pairs` and those that `choose` keeps of the sentences in no gold pair, in their old order."""
    *sides, gold = texts
    kept = []
    for column, rows in enumerate(sides):
        paired, mine = ({pair[column] for pair in some} for some in (gold, pairs))
        chosen = mine.union(choose([row.id for row in rows if row.id not in paired]))
        kept.append([row for row in rows if row.id in chosen])
    return kept[0], kept[1], pairs


def _write_bucc(preparation: Preparation, language: str, split: str, texts: Texts, whole: Sequence[Path] = ()) -> None:
    """Write one split; `whole` are the files that the sentences come from, if all of these are kept."""
    foreign, english, gold = texts
    files = layout.bucc_files(language, split)
    for path, file in zip(whole, files, strict=False):
        preparation.copy("bucc2018", path, file)
    for side, rows, file in zip((language, "en"), (foreign, english), files, strict=True):
        if split == "test":
            preparation.spool.hold_out(side, (row.text for row in rows))
        if not whole:
            preparation.write(file, joined(f"{row.id}\t{row.text}" for row in rows))
        preparation.count("bucc2018", f"{split} {language}: {side} sentences", len(rows))
    preparation.count("bucc2018", f"{split} {language}: pairs", len(gold))
    pairs = joined(map("\t".join, gold))
    if split == "dev" and gold:
        preparation.write(layout.bucc_gold_file(language), pairs)
    elif gold:
        preparation.write_labels("bucc2018", f"test-{language}.tsv", pairs)
    else:
        preparation.remark("bucc2018", _NO_PAIRS[split].format(language))
