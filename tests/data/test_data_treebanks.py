"""Treebanks become XTREME's udpos files to the byte; what XTREME drops is dropped and said.

Sentences are made up here. What is expected of them is what XTREME's conversion and preprocessing give.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from data_samples import conllu, write

from xtreme_bench.data.release.conllu import Sentence, read_conllu, where_conversion_stops
from xtreme_bench.data.release.prepare import prepare
from xtreme_bench.errors import InputError


def read(path: Path, language: str = "fr") -> tuple[list[Sentence], list[str]]:
    dropped: list[str] = []
    return list(read_conllu(path, language, dropped.append)), dropped


def sentences(folder: Path, language: str, *blocks: list[tuple[str, str, str, str]]) -> list[Sentence]:
    return read(write(folder, "a.conllu", conllu(*blocks)), language)[0]


def test_contractions_are_one_word_with_the_tag_of_the_part_nearest_to_the_root(tmp_path):
    nested = [("1-2", "du", "_", "_"), ("1", "de", "ADP", "3"), ("2", "le", "DET", "1"), ("3", "roi", "NOUN", "0")]
    level = [("1-2", "dámelo", "_", "_"), ("1", "ha", "PRON", "3"), ("2", "da", "AUX", "3"), ("3", "x", "X", "0")]
    assert sentences(tmp_path, "pt", nested, level) == [
        [("du", "ADP"), ("roi", "NOUN")],
        [("dámelo", "PRON"), ("x", "X")],
    ]
    # Spanish ranks auxiliaries before pronouns, the other languages do not.
    assert sentences(tmp_path, "es", level) == [[("dámelo", "AUX"), ("x", "X")]]


def test_contractions_side_by_side_and_of_three_words_stay_apart(tmp_path):
    block = [
        ("1-3", "dáselo", "_", "_"), ("1", "da", "VERB", "0"), ("2", "se", "PRON", "1"), ("3", "lo", "PRON", "1"),
        ("4-5", "al", "_", "_"), ("4", "a", "ADP", "6"), ("5", "el", "DET", "6"), ("6", "mar", "NOUN", "1"),
    ]  # fmt: skip
    assert sentences(tmp_path, "es", block) == [[("dáselo", "VERB"), ("al", "ADP"), ("mar", "NOUN")]]


def test_of_contractions_inside_each_other_with_one_prominent_word_the_last_is_joined_as_in_the_official_script(
    tmp_path,
):
    block = [
        ("1-3", "abc", "_", "_"), ("1", "a", "ADP", "2"), ("2-3", "bc", "_", "_"), ("2", "b", "VERB", "0"),
        ("3", "c", "X", "2"),
    ]  # fmt: skip
    assert sentences(tmp_path, "de", block) == [[("a", "ADP"), ("bc", "VERB")]]


def test_empty_nodes_and_spaces_inside_words_go(tmp_path):
    kept = [("1", "10 000", "NUM", "0"), ("1.1", "left", "VERB", "_"), ("2", "می\u200cروم\u00a0", "VERB", "1")]
    single = [("1", "Kultur", "NOUN", "0")]
    assert sentences(tmp_path, "fa", kept, single) == [[("10000", "NUM"), ("میروم", "VERB")], [("Kultur", "NOUN")]]


def test_enhanced_dependencies_count_as_ancestors_as_in_the_official_script(tmp_path):
    # By heads alone "de" (1) is nearer to the root than "le" (2); the enhanced graph puts a third word above it.
    rows = [
        "1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_",
        "1\tde\t_\tADP\t_\t_\t3\tcase\t3:case|4:case|5:x|8.1:y\t_",
        "2\tle\t_\tDET\t_\t_\t5\tdet\t_\t_",
        "3\troi\t_\tNOUN\t_\t_\t0\troot\t_\t_",
        "4\tet\t_\tCCONJ\t_\t_\t3\tcc\t_\t_",
        "5\tla\t_\tX\t_\t_\t3\tx\t_\t_",
    ]
    found, _ = read(write(tmp_path, "a.conllu", "\n".join(rows) + "\n\n"))
    assert found[0][0] == ("du", "DET")


def test_windows_line_ends_and_comments_change_nothing(tmp_path):
    text = conllu([("1", "Ada", "PROPN", "2"), ("2", "sings", "VERB", "0")])
    found = [read(write(tmp_path, "a.conllu", x), "en")[0] for x in (text, text.replace("\n", "\r\n"))]
    assert found == [[[("Ada", "PROPN"), ("sings", "VERB")]]] * 2


def test_a_last_sentence_that_no_empty_line_ends_is_dropped_as_in_xtreme_and_said(tmp_path):
    text = conllu([("1", "Ada", "PROPN", "0")], [("1", "Ben", "PROPN", "0")]).removesuffix("\n")
    assert read(write(tmp_path, "a.conllu", text), "en") == (
        [[("Ada", "PROPN")]],
        ["last sentences without an empty line after them"],
    )


def test_sentences_whose_words_are_all_or_all_but_one_withheld_are_dropped_and_counted(tmp_path):
    hidden = [("1", "_", "NOUN", "0"), ("2", "_", "NOUN", "1"), ("3", ".", "PUNCT", "1")]
    partly = [("1", "_", "NOUN", "0"), ("2", "a", "NOUN", "1"), ("3", ".", "PUNCT", "1")]
    # An underscore beside something invisible is a word like others.
    likewise = [("1", "_\u200c", "NOUN", "0"), ("2", ".", "PUNCT", "1")]
    write(tmp_path / "in", "fa_a-ud-test.conllu", conllu(hidden, partly, [("1", "_", "X", "0")], hidden, likewise))
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert (tmp_path / "data/udpos/test-fa.tsv").read_text() == "_\na\n.\n\n_\n.\n"
    assert notes["tasks"]["udpos"]["examples"] == {
        "dropped: sentences without their words (fa_a-ud-test.conllu)": 3,
        "test fa": 2,
    }


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        # Two parts are equally near, and the order of tags of Spanish has no NOUN.
        ([("1-2", "ab", "_", "_"), ("1", "a", "NOUN", "3"), ("2", "b", "ADP", "3"), ("3", "c", "VERB", "0")], 5),
        ([("1-2", "ab", "_", "_"), ("1", "a", "ADP", "2"), ("2", "b", "ADP", "0"), ("3", "c", "X", "3")], 5),
        (
            [
                ("1-2", "ab", "_", "_"),
                ("1", "a", "X", "0"),
                ("2-3", "bc", "_", "_"),
                ("2", "b", "X", "3"),
                ("3", "c", "X", "1"),
            ],
            6,
        ),
    ],
)
def test_a_treebank_at_which_the_official_conversion_stops_is_left_out_and_said(tmp_path, rows, line):
    write(tmp_path / "in", "es_a-ud-test.conllu", conllu(rows))
    write(tmp_path / "in", "es_b-ud-test.conllu", conllu([("1", "sol", "NOUN", "0")]))
    assert where_conversion_stops(tmp_path / "in/es_a-ud-test.conllu", "es") == line
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert (tmp_path / "data/udpos/test-es.tsv").read_text() == "sol\n"
    (remark,) = notes["tasks"]["udpos"]["remarks"]
    assert remark == f"es_a-ud-test.conllu is left out, as XTREME's conversion stops at its line {line}"


def test_all_malformed_lines_and_trees_of_a_treebank_are_named_at_once(tmp_path):
    blocks = [
        "1\tAda\tPROPN\n2\tsings\t_\tVERB\t_\t_\t0\t_\t_\t_\n",
        "1\tAda\t_\tPROPN\t_\t_\t_\t_\t_\t_\n",
        "1\tAda\t_\tPROPN\t_\t_\t7\t_\t_\t_\n",
        "1\tAda\t_\tPROPN\t_\t_\t0\t_\t_\t_\n3\tBen\t_\tPROPN\t_\t_\t1\t_\t_\t_\n",
        "1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_\n1\tde\t_\tADP\t_\t_\t2\t_\t_\t_\n2\tle\t_\tDET\t_\t_\t1\t_\t_\t_\n",
        "1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_\n1\tde\t_\tADP\t_\t_\t0\t_\t_\t_\n",
        " \n",
    ]
    with pytest.raises(InputError) as caught:
        read(write(tmp_path, "a.conllu", "\n".join(blocks) + "\n"))
    problems = [(problem.line, problem.message.partition(":")[0]) for problem in caught.value.problems]
    assert problems == [
        (1, "ten columns with an id in the first expected"),
        (4, "the head (seventh column) must be a number"),
        (6, "a head is word 7, but this sentence has 1 words"),
        (9, "the words of this sentence are not numbered 1, 2, 3, ..."),
        (13, "no word of this sentence is its root (head 0)"),
        (16, "the contraction 1-2 is not of words of this sentence"),
        (18, "ten columns with an id in the first expected"),
    ]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([("1", "Der", "DET", "2"), ("2", "Hund", "NOUN", "0"), ("1", "Ja", "INTJ", "0"), ("2", "!", "PUNCT", "1")], 4),
        ([("1", "Ja", "INTJ", "0"), ("1", "Ja", "INTJ", "0")], 3),
        ([("1-2", "zum", "_", "_"), ("1-2", "zum", "_", "_"), ("1", "zu", "ADP", "2"), ("2", "dem", "DET", "0")], 3),
    ],
)
def test_a_number_that_comes_again_in_a_sentence_is_one_fault_with_its_line_and_overwrites_nothing(
    tmp_path, rows, line
):
    path = write(tmp_path, "a.conllu", conllu(rows, [("1", "Ulm", "PROPN", "0")]))
    with pytest.raises(InputError) as caught:
        read(path, "de")
    ((at, message),) = [(problem.line, problem.message) for problem in caught.value.problems]
    assert at == line
    assert message.startswith("this number occurs twice in its sentence: the line is repeated, or an empty line")


def test_a_tag_that_is_none_of_ud_2_is_a_fault_with_its_line_and_never_gold(tmp_path):
    rows = [("1", "Wir", "PRON", "2"), ("2", "gehn", "VERBB", "0"), ("3", "und", "CONJ", "2"), ("4", ".", "_", "2")]
    write(tmp_path, "in/de_own-ud-test.conllu", conllu(rows, *[[("1", "a", "x", "0")]] * 30))
    with pytest.raises(InputError, match="de_own-ud-test.conllu .* cannot be used: 33 faults") as caught:
        prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    problems = [(problem.line, problem.message.partition(" (")[0]) for problem in caught.value.problems]
    assert problems[:3] == [
        (line, f"unknown part of speech '{tag}'") for line, tag in ((3, "VERBB"), (4, "CONJ"), (5, "_"))
    ]
    assert len(problems) == 21
    assert not list((tmp_path / "data").rglob("*.tsv"))
    assert not list((tmp_path / "labels").rglob("*.tsv"))


def test_tags_of_sentences_that_are_dropped_are_not_looked_at(tmp_path):
    withheld = [("1", "_", "_", "0"), ("2", "_", "_", "1")]
    found, dropped = read(write(tmp_path, "a.conllu", conllu(withheld, [("1", "Ulm", "PROPN", "0")])), "de")
    assert found == [[("Ulm", "PROPN")]]
    assert dropped == ["sentences without their words"]


def ud(folder: Path, release: str, treebank: str) -> Path:
    sentence = [("1", f"{treebank}{release}", "X", "0")]
    name = f"UD_German-{treebank}/de_{treebank.lower()}-ud-test.conllu"
    return write(folder, f"{release}/{name}" if release else name, conllu(sentence))


def test_of_several_releases_that_of_xtreme_is_taken_alone_and_the_others_are_listed(tmp_path):
    for release in ("ud-treebanks-v2.5", "ud-treebanks-v2.7", "clones"):
        for treebank in ("PUD", "GSD", "New")[: 3 if release != "ud-treebanks-v2.5" else 2]:
            ud(tmp_path / "in", release, treebank)
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    expected = "GSDud-treebanks-v2.5\n\nPUDud-treebanks-v2.5\n"
    assert (tmp_path / "data/udpos/test-de.tsv").read_text() == expected
    why = "those of 2.5, XTREME's, are used, and releases are not mixed"
    assert [line.partition(": ")[2] for line in notes["not_used"]] == [
        *[f"a treebank of an unknown release; {why}"] * 3,
        *[f"a treebank of release 2.7; {why}"] * 3,
    ]


def test_releases_that_are_sources_of_their_own_are_told_apart_too(tmp_path):
    for release in ("ud-treebanks-v2.7", "ud-treebanks-v2.5"):
        ud(tmp_path, release, "PUD")
    sources = [tmp_path / release for release in ("ud-treebanks-v2.7", "ud-treebanks-v2.5")]
    prepare(sources, tmp_path / "data", tmp_path / "labels")
    assert (tmp_path / "data/udpos/test-de.tsv").read_text() == "PUDud-treebanks-v2.5\n"


@pytest.mark.parametrize("releases", [("ud-treebanks-v2.7", "ud-treebanks-v2.12"), ("ud-treebanks-v2.7", "")])
def test_several_releases_without_that_of_xtreme_are_an_error(tmp_path, releases):
    for release, treebank in zip(releases, ("PUD", "GSD"), strict=True):
        ud(tmp_path / "in", release, treebank)
    with pytest.raises(InputError, match="treebanks of several releases of Universal Dependencies") as caught:
        prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert len(caught.value.problems) == 2


def test_one_release_that_is_not_xtremes_is_used_and_said(tmp_path):
    ud(tmp_path / "in", "ud-treebanks-v2.7", "PUD")
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert notes["tasks"]["udpos"]["remarks"] == ["release 2.7 of Universal Dependencies: scores of XTREME are on 2.5"]


def test_a_graph_with_a_cycle_comes_to_an_end(tmp_path):
    cycle = [("1-2", "du", "_", "_"), ("1", "de", "ADP", "2"), ("2", "le", "DET", "1"), ("3", "roi", "NOUN", "0")]
    assert sentences(tmp_path, "fr", cycle) == [[("du", "ADP"), ("roi", "NOUN")]]


def test_several_treebanks_of_a_language_are_joined_in_the_order_of_their_names(tmp_path):
    for name in ("zeta", "alpha"):
        write(tmp_path / "in", f"UD-{name}/de_{name}-ud-test.conllu", conllu([("1", name, "X", "0")]))
    prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert (tmp_path / "data/udpos/test-de.tsv").read_text() == "alpha\n\nzeta\n"
    assert (tmp_path / "labels/udpos/test-de.tsv").read_text() == "X\n\nX\n"


@pytest.mark.skipif("XTREME_BENCH_REAL_DATA" not in os.environ, reason="XTREME_BENCH_REAL_DATA names no folder")
def test_real_treebanks_become_the_files_that_xtreme_made_of_them(tmp_path):
    real = Path(os.environ["XTREME_BENCH_REAL_DATA"])
    official = real / "xtreme-download/udpos"
    prepare([real / "udpos"], tmp_path / "data", tmp_path / "labels")
    for file in sorted(official.glob("*.tsv")):
        ours = (tmp_path / "data/udpos" / file.name).read_bytes()
        if file.name == "train-en.tsv":  # of English only the beginning of the first treebank is there
            assert file.read_bytes().startswith(ours)
            assert len(ours) > 500_000
        else:
            assert ours == file.read_bytes(), file.name
