"""Tatoeba and BUCC 2018: from the releases (or XTREME's copies) to sentences and gold pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import layout
from xtreme_bench.data.files import lines, reading
from xtreme_bench.data.releases import Preparation, joined
from xtreme_bench.errors import InputError, Problem

Texts = tuple[Sequence[str], Sequence[str], Sequence[str]]  # foreign lines, English lines, gold lines

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

    A prediction names a line of the foreign file for each line of the English one, so where the lines of the sorted
    file stood before are the labels.
    """
    found = preparation.files("tatoeba", "LASER v1", "language", "side")
    ready = preparation.files("tatoeba", "XTREME", "language", "side")
    for code, language in sorted(TATOEBA_CODES.items(), key=lambda item: item[1]):
        if (code, code) in found and (code, "eng") in found:
            _sorted_tatoeba(preparation, language, found[code, code], found[code, "eng"])
        elif (language, language) in ready and (language, "en") in ready:
            for side, file in zip((language, "en"), layout.tatoeba_files(language), strict=True):
                preparation.spool.hold_out(side, _lines(preparation, "tatoeba", ready[language, side]))
                preparation.copy("tatoeba", ready[language, side], file)
            preparation.remark("tatoeba", f"{language}: already sorted, so the pairs are not known")


def _sorted_tatoeba(preparation: Preparation, language: str, foreign_path: Path, english_path: Path) -> None:
    foreign = _lines(preparation, "tatoeba", foreign_path)
    english = [line.strip() for line in _lines(preparation, "tatoeba", english_path)]
    if len(foreign) != len(english):
        raise InputError(f"{foreign_path} has {len(foreign)} lines, its English side {len(english)}")
    preparation.spool.hold_out(language, foreign)
    preparation.spool.hold_out("en", english)
    kept = list(preparation.first(english))
    order = sorted(range(len(kept)), key=kept.__getitem__)
    foreign_file, english_file = layout.tatoeba_files(language)
    if len(kept) == len(foreign):
        preparation.copy("tatoeba", foreign_path, foreign_file)
    else:
        preparation.write(foreign_file, joined(foreign[: len(kept)]))
    preparation.write(english_file, joined(kept[i] for i in order))
    preparation.write_labels("tatoeba", f"test-{language}.tsv", joined(map(str, order)))
    preparation.count("tatoeba", f"test {language}", len(order))


def prepare_bucc(preparation: Preparation) -> None:
    """Write bucc2018 as far as its files were found."""
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
        texts = (_pairs(preparation, dev[0]), _pairs(preparation, dev[1]), _pairs(preparation, dev[2]))
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
            gold = _pairs(preparation, paths[2]) if paths[2] else []
            texts = (_pairs(preparation, paths[0]), _pairs(preparation, paths[1]), gold)
            if split == "test" and gold and preparation.sample:
                _write_bucc(preparation, language, split, _sampled(preparation, texts))
            else:
                _write_bucc(preparation, language, split, texts, paths[:2])


def _half(texts: Texts, which: int) -> Texts:
    """Every second gold pair with its sentences, and every second of the sentences without a translation."""
    return _restricted(texts, texts[2][which::2], lambda others: others[which::2])


def _sampled(preparation: Preparation, texts: Texts) -> Texts:
    """The first `sample` pairs with their sentences, and as many of the other sentences as keep the share of pairs."""
    pairs = list(preparation.first(texts[2]))
    share = len(pairs) / max(1, len(texts[2]))
    return _restricted(texts, pairs, lambda others: others[: round(len(others) * share)])


def _restricted(texts: Texts, pairs: Sequence[str], choose: Callable[[list[str]], list[str]]) -> Texts:
    """The sentences of `pairs` and those that `choose` keeps of the sentences in no gold pair, in their old order."""
    *sides, gold = texts
    kept = []
    for column, sentences in enumerate(sides):
        paired, mine = ({pair.split("\t")[column] for pair in some} for some in (gold, pairs))
        chosen = set(choose([line for line in sentences if _id(line) not in paired]))
        kept.append([line for line in sentences if line in chosen or _id(line) in mine])
    return kept[0], kept[1], pairs


def _id(line: str) -> str:
    return line.partition("\t")[0]


def _write_bucc(preparation: Preparation, language: str, split: str, texts: Texts, whole: Sequence[Path] = ()) -> None:
    """Write one split; `whole` are the files that the sentences come from, where all of these are kept."""
    *sides, gold = texts
    files = layout.bucc_files(language, split)
    for path, file in zip(whole, files, strict=False):
        preparation.copy("bucc2018", path, file)
    for side, sentences, file in zip((language, "en"), sides, files, strict=True):
        if split == "test":
            preparation.spool.hold_out(side, (line.partition("\t")[2] for line in sentences))
        if not whole:
            preparation.write(file, joined(sentences))
        preparation.count("bucc2018", f"{split} {language}: {side} sentences", len(sentences))
    preparation.count("bucc2018", f"{split} {language}: pairs", len(gold))
    if split == "dev" and gold:
        preparation.write(layout.bucc_gold_file(language), joined(gold))
    elif gold:
        preparation.write_labels("bucc2018", f"test-{language}.tsv", joined(gold))
    else:
        preparation.remark("bucc2018", _NO_PAIRS[split].format(language))


def _lines(preparation: Preparation, task: str, path: Path) -> list[str]:
    with reading(preparation.use(task, path), f"sentences of {task}") as faults:
        return [line for _, line in lines(path, faults)]


def _pairs(preparation: Preparation, path: Path) -> list[str]:
    """The lines of a file of BUCC, each `id TAB text` or `id TAB id`."""
    with reading(preparation.use("bucc2018", path), "sentences or pairs of bucc2018") as faults:
        found = []
        for number, line in lines(path, faults):
            if "\t" not in line:
                faults.append(Problem(f"a tab after the id expected: {line[:60]!r}", str(path), number))
            found.append(line)
        return found
