"""The retrieval stage on corpora whose translations are known: the foreign side repeats the English words."""

import logging

import pytest
from tiny_encoder import TEXTS, save_tiny_encoder

from xtreme_bench.errors import InputError
from xtreme_bench.job import Job
from xtreme_bench.retrieve import retrieve

ENGLISH = sorted(f"{text} {end}" for text in TEXTS for end in ("today", "again", "at last"))
DISTRACTORS = [f"{' '.join(text.split()[::-1])} {at}" for at, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_tiny_encoder(tmp_path_factory.mktemp("encoder"))


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def make_tatoeba(data, language, shift):
    """Foreign line i is the translation of English line i + shift."""
    write(data / f"tatoeba/{language}-en.en", ENGLISH)
    write(data / f"tatoeba/{language}-en.{language}", ENGLISH[shift:] + ENGLISH[:shift])


def make_bucc(data, split, gold):
    """Foreign sentence 2i+1 says what English sentence i says; one more text occurs twice on the foreign side."""
    foreign = [line for pair in zip(DISTRACTORS, ENGLISH, strict=False) for line in pair]
    foreign += ["he said it twice", "he said it twice"]
    english = [*ENGLISH[: len(DISTRACTORS)], "he said it twice", "something else entirely was written here"]
    write(data / f"bucc2018/de-en.{split}.de", [f"de-{at:09d}\t{text}" for at, text in enumerate(foreign)])
    write(data / f"bucc2018/de-en.{split}.en", [f"en-{at:09d}\t{text}" for at, text in enumerate(english)])
    pairs = [f"de-{2 * at + 1:09d}\ten-{at:09d}" for at in range(len(DISTRACTORS))]
    if gold:
        write(data / f"bucc2018/de-en.{split}.gold", pairs)
    return pairs


def job(tmp_path, encoder, **params):
    given = {"layer": 2, "pooling": "mean", "max_length": 64, "precision": "fp32", "provider": "torch", "threads": 1}
    out, work = tmp_path / "out", tmp_path / "work"
    out.mkdir(exist_ok=True)
    work.mkdir(exist_ok=True)
    return Job(given | {"seed": 1} | params, {"data": tmp_path / "data", "encoder": encoder}, out, work)


def test_tatoeba_predicts_the_line_of_each_english_sentence(tmp_path, encoder):
    make_tatoeba(tmp_path / "data", "de", shift=7)
    make_tatoeba(tmp_path / "data", "sw", shift=1)
    facts = retrieve(job(tmp_path, encoder, task="tatoeba", languages=["de", "sw"]))
    n = len(ENGLISH)
    for language, shift in (("de", 7), ("sw", 1)):
        lines = (tmp_path / "out" / f"test-{language}.tsv").read_bytes().decode()
        assert lines == "".join(f"{(at - shift) % n}\n" for at in range(n))
    side = {"sentences": n, "distinct": n, "cut": 0, "empty": 0}
    assert facts["languages"] == {name: {"foreign": side, "english": side} for name in ("de", "sw")}
    assert facts["distinct"] == n
    assert (facts["layer"], facts["pooling"]) == (2, "mean")
    assert facts["provider"].startswith("torch ")


def test_bucc_tunes_the_threshold_on_dev_and_predicts_test_pairs_best_first(tmp_path, encoder):
    make_bucc(tmp_path / "data", "dev", gold=True)
    pairs = make_bucc(tmp_path / "data", "test", gold=False)
    facts = retrieve(job(tmp_path, encoder, task="bucc2018", languages=["de"]))
    found = facts["languages"]["de"]
    assert found["dev_f1"] == found["dev_precision"] == found["dev_recall"] == 100
    assert found["threshold"] > 1
    lines = (tmp_path / "out" / "test-de.tsv").read_text(encoding="utf-8").splitlines()
    assert sorted(lines) == pairs
    assert lines != pairs
    assert found["pairs"] == len(pairs)
    assert found["test"]["foreign"] == {"sentences": 22, "distinct": 21, "cut": 0, "empty": 0}
    assert found["test"]["english"] == {"sentences": 12, "distinct": 12, "cut": 0, "empty": 0}


def test_cut_sentences_are_counted_per_language_and_side(tmp_path, encoder, caplog):
    make_tatoeba(tmp_path / "data", "de", shift=0)
    with caplog.at_level(logging.WARNING):
        facts = retrieve(job(tmp_path, encoder, task="tatoeba", languages=["de"], max_length=8))
    cut = facts["languages"]["de"]["english"]["cut"]
    assert 0 < cut <= len(ENGLISH)
    assert f"cut to 8 tokens: {cut} of {len(ENGLISH)} sentences" in caplog.text


def test_progress_names_the_work(tmp_path, encoder):
    make_bucc(tmp_path / "data", "dev", gold=True)
    make_bucc(tmp_path / "data", "test", gold=False)
    seen = []
    given = job(tmp_path, encoder, task="bucc2018", languages=["de"])
    retrieve(Job(given.params, given.inputs, given.out, given.work, lambda done, total, what: seen.append(what)))
    assert list(dict.fromkeys(seen)) == [
        "bucc2018: preparing the encoder",
        "bucc2018 de dev: sentences",
        "bucc2018 de dev: mining",
        "bucc2018 de test: sentences",
        "bucc2018 de test: mining",
    ]


def test_an_unknown_task_is_answered_with_the_nearest(tmp_path, encoder):
    with pytest.raises(InputError, match="'tatoba' is no retrieval task; did you mean 'tatoeba'"):
        retrieve(job(tmp_path, encoder, task="tatoba", languages=["de"]))


@pytest.mark.slow
def test_onnx_runtime_predicts_what_torch_predicts_and_a_killed_stage_keeps_its_export(tmp_path, encoder):
    make_bucc(tmp_path / "data", "dev", gold=True)
    make_bucc(tmp_path / "data", "test", gold=False)
    retrieve(job(tmp_path, encoder, task="bucc2018", languages=["de"]))
    expected = (tmp_path / "out" / "test-de.tsv").read_text(encoding="utf-8").splitlines()
    facts = []
    for _ in range(2):
        facts.append(retrieve(job(tmp_path, encoder, task="bucc2018", languages=["de"], provider="onnxruntime")))
        found = (tmp_path / "out" / "test-de.tsv").read_text(encoding="utf-8").splitlines()
        assert sorted(found) == sorted(expected)
    assert facts[0] == facts[1]
    assert facts[0]["export"]["parity_min_cosine"] >= 0.99999
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["onnx"]
