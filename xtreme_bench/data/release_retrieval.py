"""Tatoeba and BUCC 2018: from the releases (or XTREME's copies) to sentences and gold pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import layout
from xtreme_bench.data.files import lines, reading
from xtreme_bench.data.releases import Preparation, comparable, joined
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


def prepare_retrieval(preparation: Preparation) -> None:
    """Write tatoeba and bucc2018 as far as their files were found."""
    _tatoeba(preparation)
    for language in TASKS["bucc2018"].languages:
        _bucc(preparation, language)


def _tatoeba(preparation: Preparation) -> None:
    """The release has translations line by line; XTREME sorts the English side, which makes line numbers the labels."""
    found = preparation.files(r"tatoeba\.([a-z]{3})-eng\.([a-z]{3})")
    for code, language in sorted(TATOEBA_CODES.items(), key=lambda item: item[1]):
        if (code, code) in found and (code, "eng") in found:
            foreign = _lines(preparation, "tatoeba", found[code, code])
            english = [line.strip() for line in _lines(preparation, "tatoeba", found[code, "eng"])]
            if len(foreign) != len(english):
                raise InputError(f"{found[code, code]} has {len(foreign)} lines, its English side {len(english)}")
            _write_tatoeba(preparation, language, foreign, english)
    ready = preparation.files(r"tatoeba/([a-z]{2})-en\.([a-z]{2})")
    for language in TASKS["tatoeba"].languages:
        written = preparation.counts["tatoeba"][f"test {language}"] > 0
        if (language, language) in ready and (language, "en") in ready and not written:
            for side, file in zip((language, "en"), layout.tatoeba_files(language), strict=True):
                preparation.held_out[side].update(
                    map(comparable, _lines(preparation, "tatoeba", ready[language, side]))
                )
                preparation.copy("tatoeba", ready[language, side], file)
            preparation.remarks["tatoeba"].append(f"{language}: already sorted, so the pairs are not known")


def _write_tatoeba(preparation: Preparation, language: str, foreign: Sequence[str], english: Sequence[str]) -> None:
    preparation.held_out[language].update(map(comparable, foreign))
    preparation.held_out["en"].update(map(comparable, english))
    foreign, english = preparation.first(foreign), preparation.first(english)
    order = sorted(range(len(english)), key=lambda i: english[i])
    foreign_file, english_file = layout.tatoeba_files(language)
    preparation.write(foreign_file, joined(foreign))
    preparation.write(english_file, joined(english[i] for i in order))
    preparation.write_labels("tatoeba", f"test-{language}.tsv", joined(map(str, order)))
    preparation.counts["tatoeba"][f"test {language}"] = len(order)


def _bucc(preparation: Preparation, language: str) -> None:
    """BUCC's sample set is XTREME's "dev", its training set "test"; a dev set may be cut to serve as both."""
    found = preparation.files(rf"{language}-en\.(sample|dev|training|test)\.({language}|en|gold)")

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
        preparation.remarks["bucc2018"].append(
            f"{language}: there is no test set; of the development set's pairs and other sentences the 1st, 3rd, ... "
            "are the development set (the threshold is chosen on it), the 2nd, 4th, ... the test set"
        )
        return
    for split, paths in (("dev", dev), ("test", test)):
        if paths:
            gold = _pairs(preparation, paths[2]) if paths[2] else []
            texts = (_pairs(preparation, paths[0]), _pairs(preparation, paths[1]), gold)
            sampled = _sampled(preparation, texts) if split == "test" and gold else texts
            _write_bucc(preparation, language, split, sampled)


def _half(texts: Texts, which: int) -> Texts:
    """Every second gold pair with its sentences, and every second of the sentences without a translation."""
    return _restricted(texts, texts[2][which::2], lambda others: others[which::2])


def _sampled(preparation: Preparation, texts: Texts) -> Texts:
    """The first `sample` pairs with their sentences, and as many of the other sentences as keep the share of pairs."""
    pairs = preparation.first(texts[2])
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


def _write_bucc(preparation: Preparation, language: str, split: str, texts: Texts) -> None:
    *sides, gold = texts
    for side, sentences, file in zip((language, "en"), sides, layout.bucc_files(language, split), strict=True):
        if split == "test":
            preparation.held_out[side].update(comparable(line.partition("\t")[2]) for line in sentences)
        preparation.write(file, joined(sentences))
        preparation.counts["bucc2018"][f"{split} {language}: {side} sentences"] = len(sentences)
    preparation.counts["bucc2018"][f"{split} {language}: pairs"] = len(gold)
    if split == "dev" and gold:
        preparation.write(layout.bucc_gold_file(language), joined(gold))
    elif gold:
        preparation.write_labels("bucc2018", f"test-{language}.tsv", joined(gold))


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
