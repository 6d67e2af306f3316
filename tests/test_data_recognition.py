"""What a file is follows from its name and how it begins, not from the folders above it; what is not used is said."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner
from data_samples import conllu, squad, write

from xtreme_bench.cli import cli
from xtreme_bench.data.forms import FORMS, recognise
from xtreme_bench.data.prepare import prepare
from xtreme_bench.data.releases import find
from xtreme_bench.errors import InputError

NLI = "a\tb\tneutral\r\n"
XNLI = "language\tgold_label\tsentence1_binary_parse\n"
SQUAD = squad([{"id": "q", "context": "Ada", "answers": [(0, "Ada")]}])


def forms(folder) -> dict[str, tuple[str, str]]:
    matches = recognise(find([folder])).matches
    return {match.name: key for key, found in matches.items() for match in found}


@pytest.mark.parametrize(
    ("file", "text", "corpus", "form"),
    [
        ("foo/xnli.dev.tsv", XNLI, "xnli", "XNLI-1.0"),
        ("foo/dev-de.tsv", NLI, "xnli", "XTREME"),
        ("foo/dev-de.tsv", '"a ""b"""\tNS\t0\r\n', "pawsx", "XTREME"),
        ("foo/dev-de.tsv", "Ulm\tPROPN\n", "udpos", "XTREME"),
        ("foo/dev-de.tsv", "Ulm\tB-LOC\n", "panx", "XTREME"),
        ("xnli/test-de.tsv", "a\tb\r\n", "xnli", "XTREME"),
        ("panx/test-de.tsv", "Ulm\n", "panx", "XTREME"),
        ("foo/train", "de:Ulm\tB-LOC\n", "panx", "WikiAnn"),
        ("foo/zh-train", "\ufeffzh-classical::\tO\n", "panx", "WikiAnn"),
        ("foo/train.tsv", "index\tpromptID\tpairID\tgenre\t", "mnli", "GLUE"),
        ("foo/train.tsv", "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n", "qqp", "GLUE"),
        ("foo/en/train.tsv", "id\tsentence1\tsentence2\tlabel\n", "pawsx", "x-final"),
        ("foo/de_a-ud-dev.conllu", conllu([("1", "Ulm", "X", "0")]), "udpos", "Universal Dependencies"),
        ("foo/train-v1.1.json", SQUAD, "squad_v1", "SQuAD 1.1"),
        ("foo/xquad.de.json", SQUAD, "xquad", "XQuAD"),
    ],
)
def test_a_file_is_what_its_name_and_its_beginning_say(tmp_path, file, text, corpus, form):
    write(tmp_path, file, text)
    assert forms(tmp_path) == {file: (corpus, form)}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("XNLI-1.0/xnli.dev.tsv", "premise\thypo\tlabel\n"),
        ("foo/train", "a list of trains\n"),
        ("foo/dev-de.tsv", "a\tb\n"),
        ("foo/test-de.tsv", "a\tb\n"),
        ("x-final/en/train.tsv", "question\tanswer\n"),
        ("foo/xquad.de.json", "<html>"),
    ],
)
def test_a_name_alone_is_not_enough_where_the_content_tells(tmp_path, file, text):
    write(tmp_path, file, text)
    assert forms(tmp_path) == {}


def test_pipes_links_and_hidden_files_are_passed_over(tmp_path):
    write(tmp_path, "in/.hidden/xnli.dev.tsv", XNLI)
    os.mkfifo(tmp_path / "in/xnli.dev.tsv")
    (tmp_path / "in/xnli.test.tsv").symlink_to(tmp_path / "in/.hidden/xnli.dev.tsv")
    assert forms(tmp_path / "in") == {}


def test_a_source_may_be_the_folder_of_one_task(tmp_path):
    write(tmp_path, "download/xnli/test-de.tsv", "a\tb\r\n")
    write(tmp_path, "download/xnli/dev-de.tsv", NLI)
    prepare([tmp_path / "download/xnli"], tmp_path / "data", tmp_path / "labels")
    assert (tmp_path / "data/xnli/test-de.tsv").read_bytes() == b"a\tb\r\n"


def test_what_was_found_and_what_was_not_used_is_said_and_noted(tmp_path):
    for name in ("a", "b"):
        write(tmp_path, f"in/{name}/dev-de.tsv", NLI)
    write(tmp_path, "in/c/xnli.dev.tsv", "nothing of the kind\n")
    write(tmp_path, "in/c/results.csv", "1,2\n")
    write(tmp_path, "in/c/README.md", "words")
    write(tmp_path, "in/excerpts/xnli/dev-fr.tsv", NLI)
    data = tmp_path / "data"
    result = CliRunner().invoke(cli, ["data", "prepare", str(tmp_path / "in"), "--to", str(data)])
    assert result.exit_code == 0
    notes = json.loads((data / "prepare.json").read_text())
    assert notes["found"] == {"xnli": {"XTREME": {"files": 2, "languages": ["de"], "splits": ["dev"]}}}
    assert notes["tasks"]["xnli"]["made_from"] == ["a/dev-de.tsv"]
    assert notes["not_used"] == [
        "b/dev-de.tsv: xnli (XTREME), but not needed, or taken from elsewhere",
        "c/xnli.dev.tsv: named like xnli (XNLI-1.0), but begins otherwise",
        "c/results.csv: not known",
    ]
    assert all(line in result.stdout for line in notes["not_used"])
    assert "prepare: done in" in result.stderr


def test_json_on_standard_output_is_all_that_goes_there(tmp_path):
    write(tmp_path, "in/dev-de.tsv", NLI)
    arguments = ["data", "prepare", str(tmp_path / "in"), "--to", str(tmp_path / "data"), "--json", "-"]
    result = CliRunner().invoke(cli, arguments)
    assert json.loads(result.stdout) == json.loads((tmp_path / "data/prepare.json").read_text())
    assert f"labels: {tmp_path / 'data-labels'}" in result.stderr


def test_the_list_of_what_was_not_used_has_an_end(tmp_path):
    write(tmp_path, "in/dev-de.tsv", NLI)
    for i in range(70):
        write(tmp_path, f"in/{i}.json", "{}")
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert len(notes["not_used"]) == 51
    assert notes["not_used"][-1] == "and 20 more"


def test_a_folder_without_any_release_is_refused_and_nothing_is_written(tmp_path):
    write(tmp_path, "in/train", "a list of trains\n")
    with pytest.raises(InputError, match="no file below .* is what a release of XTREME's corpora holds"):
        prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert not (tmp_path / "data/prepare.json").exists()


def test_every_corpus_has_a_form_and_every_form_a_name_of_its_own_kind():
    assert len({form.corpus for form in FORMS}) == 20
    assert len(set(FORMS)) == len(FORMS)
