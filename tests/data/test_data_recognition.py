"""What a file is follows from its name and how it begins, not from the folders above it; what is not used is said."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import zipfile
from dataclasses import replace

import pytest
from click.testing import CliRunner
from data_samples import conllu, squad, write

from xtreme_bench.benchmark import TASKS
from xtreme_bench.cli.main import cli
from xtreme_bench.data.release.forms import FORMS
from xtreme_bench.data.release.found import find, near_misses
from xtreme_bench.data.release.params import ReleaseCorpus
from xtreme_bench.data.release.prepare import make_corpus, prepare
from xtreme_bench.data.release.recognition import recognise
from xtreme_bench.data.usage import Usage
from xtreme_bench.errors import InputError
from xtreme_bench.intermediate import CORPORA
from xtreme_bench.stage.job import Job

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
        ("foo/de-train", "\n\nde:Ulm\tB-LOC\n", "panx", "WikiAnn"),
        ("foo/train", "\r\nde:Ulm\tB-LOC\r\n", "panx", "WikiAnn"),
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
        ("foo/xquad.de.json", "<html> is no JSON"),
        ("foo/de-train", "fr:Ulm\tB-LOC\n"),
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
    write(tmp_path, "in/.cache/dev-fr.tsv", NLI)
    (tmp_path / "in/dev-es.tsv").symlink_to(tmp_path / "in/a/dev-de.tsv")
    (tmp_path / "in/linked").symlink_to(tmp_path / "in/a")
    os.mkfifo(tmp_path / "in/pipe")
    data = tmp_path / "data"
    result = CliRunner().invoke(cli, ["data", "prepare", str(tmp_path / "in"), "--to", str(data)])
    assert result.exit_code == 0
    notes = json.loads((data / "prepare.json").read_text())
    assert notes["found"] == {"xnli": {"XTREME": {"files": 2, "languages": ["de"], "splits": ["dev"]}}}
    assert notes["tasks"]["xnli"]["made_from"] == ["a/dev-de.tsv"]
    assert notes["not_used"] == [
        "c/xnli.dev.tsv: named like xnli (XNLI-1.0), but begins with `nothing of the kind`, not "
        "`language<TAB>gold_label<TAB>`",
        "b/dev-de.tsv: xnli (XTREME), but not needed, or taken from elsewhere",
        ".cache: hidden",
        "dev-es.tsv: a link, which is not followed: give what it points to",
        "linked: a link, which is not followed: give what it points to",
        "excerpts: a folder of samples or results, by its name",
        "pipe: neither a file nor a folder",
        "c/results.csv: not known",
        "c/README.md: no data file by its name",
    ]
    assert all(line in result.stdout for line in notes["not_used"])
    assert "prepare: done in" in result.stderr


def test_json_on_standard_output_is_all_that_goes_there(tmp_path):
    write(tmp_path, "in/dev-de.tsv", NLI)
    arguments = ["data", "prepare", str(tmp_path / "in"), "--to", str(tmp_path / "data"), "--json", "-"]
    result = CliRunner().invoke(cli, arguments)
    assert json.loads(result.stdout) == json.loads((tmp_path / "data/prepare.json").read_text())
    assert f"labels: {tmp_path / 'data-labels'}" in result.stderr


def test_of_each_reason_why_files_are_not_used_the_first_are_listed_and_the_others_counted(tmp_path):
    write(tmp_path, "in/dev-de.tsv", NLI)
    for i in range(1070):
        write(tmp_path, f"in/{i:04}.json", "{}")
    for i in range(5):
        write(tmp_path, f"in/{i}/README", "words")
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert notes["not_used"] == [
        *(f"{i:04}.json: not known" for i in range(5)),
        "and 1,065 more: not known",
        *(f"{i}/README: no data file by its name" for i in range(5)),
    ]


def test_a_folder_without_any_release_is_refused_and_nothing_is_written(tmp_path):
    write(tmp_path, "in/train", "a list of trains\n")
    write(tmp_path, "in/xquad.de.json", "[]")
    (tmp_path / "in/xquad.es.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(InputError, match="no file below .* is what a release of XTREME's corpora holds") as caught:
        prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert list(map(str, caught.value.problems)) == [
        "train: named like panx (WikiAnn), but begins with `a list of trains`, not language:word TAB tag, in the "
        "language of its name",
        "xquad.de.json: named like xquad (XQuAD), but begins with `[]`, not a JSON object",
        "xquad.es.json: a link, which is not followed: give what it points to",
    ]
    assert not (tmp_path / "data/prepare.json").exists()


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("xquad.de.json.part", "is an unfinished download"),
        ("xquad.de.json.crdownload", "is an unfinished download"),
        ("tatoeba.deu-eng.deu.CRDOWNLOAD", "is an unfinished download"),
        ("xquad.de.json.zst", "is packed in a way that is not supported: unpack it"),
        ("xquad.de.json.parquet", "is parquet, which only `data fetch` reads"),
        ("xquad.de.json.txt", "ends in .txt: rename it"),
        ("xquad.de (1).json", "is a second copy by its name: rename it"),
        ("XQUAD.DE.JSON", "has capital letters where the release has small ones: rename it"),
        ("Tatoeba/de-en.de", "has capital letters where the release has small ones: rename it"),
    ],
)
def test_a_name_that_is_nearly_right_is_said_first_with_what_is_wrong_about_it(tmp_path, file, why):
    write(tmp_path, "in/dev-de.tsv", NLI)
    write(tmp_path, "in/A.tsv", "x")
    write(tmp_path, f"in/{file}", SQUAD)
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    near, other = notes["not_used"]
    assert near.startswith(f"{file}: named like ")
    assert f", but {why}" in near
    assert other == "A.tsv: not known"


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("a.parquet", "parquet, which only `data fetch` reads, from the Hugging Face hub"),
        ("words.csv.part", "an unfinished download"),
        ("words.7z", "packed in a way that is not supported: unpack it"),
        ("words.csv.gz", "not known"),
    ],
)
def test_files_with_other_names_are_listed_by_what_their_ending_says(tmp_path, file, why):
    write(tmp_path, "in/dev-de.tsv", NLI)
    write(tmp_path, f"in/{file}", "x")
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert notes["not_used"] == [f"{file}: {why}"]


@pytest.mark.parametrize(("ending", "packed"), [("gz", gzip), ("bz2", bz2), ("xz", lzma), ("GZ", gzip)])
def test_a_single_compressed_file_is_read_like_any_other(tmp_path, ending, packed):
    for name, text in (("xquad.de.json", SQUAD), ("xnli/test-de.tsv", "a\tb\r\n"), ("a/train", "de:Ulm\tB-LOC\n")):
        write(tmp_path, f"in/{name}.{ending}", "").write_bytes(packed.compress(text.encode()))
    notes = prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert notes["tasks"]["xquad"]["made_from"] == [f"xquad.de.json.{ending}"]
    assert (tmp_path / "data/xnli/test-de.tsv").read_bytes() == b"a\tb\r\n"
    assert (tmp_path / "data/panx/train-de.tsv").read_text() == "Ulm\tB-LOC\n"
    assert notes["not_used"] == []


def test_a_compressed_file_that_breaks_off_is_damaged_not_shorter(tmp_path):
    path = write(tmp_path, "in/xquad.de.json.gz", "")
    path.write_bytes(gzip.compress(SQUAD.encode())[:-9])
    with pytest.raises(InputError, match=rf"^{path} is damaged or not an archive"):
        prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")


def test_compressed_files_inside_of_archives_and_as_sources_are_read_too(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b/xquad.de.json.gz", gzip.compress(SQUAD.encode()))
    single = tmp_path / "dev-de.tsv.gz"
    single.write_bytes(gzip.compress(NLI.encode()))
    notes = prepare([tmp_path / "a.zip", single], tmp_path / "data", tmp_path / "labels")
    assert notes["tasks"]["xquad"]["made_from"] == ["a.zip/b/xquad.de.json.gz"]
    assert notes["tasks"]["xnli"]["made_from"] == ["dev-de.tsv.gz"]


def test_the_language_in_a_name_of_wikiann_is_that_of_the_file_whatever_its_first_line_is_of(tmp_path):
    write(tmp_path, "in/zh-train", "zh-classical:Ulm\tB-LOC\n")
    prepare([tmp_path / "in"], tmp_path / "data", tmp_path / "labels")
    assert (tmp_path / "data/panx/train-zh.tsv").read_text() == "Ulm\tB-LOC\n"


USED = Usage(
    targets={"xquad": ["de"]},
    pretraining=None,
    intermediate={"anli_plus": ["en"]},
    aligned={},
    finetuning={"squad": ["en"]},
    select_on=["en"],
)


@pytest.mark.parametrize(
    ("files", "faulty"),
    [
        ({"xquad.de.json": "[]"}, ["xquad.de.json"]),
        ({"xquad.de.json.part": "{"}, ["xquad.de.json.part"]),
        ({"Train-V1.1.json": SQUAD}, ["Train-V1.1.json"]),
        ({"snli_1.0_train.jsonl": "[]", "R1/dev.jsonl": "x"}, ["R1/dev.jsonl", "snli_1.0_train.jsonl"]),
        ({"xquad.es.json": "[]"}, []),  # a language that is not used
        ({"mlqa/dev-context-de-question-de.json": "[]"}, []),  # a corpus that is not used
        ({"a/xquad.de.json": "[]", "b/xquad.de.json": SQUAD}, []),  # the same is there
        ({"train.csv": "of something else"}, []),  # a name that other data have
        ({"train-de.tsv": "of something else"}, []),
    ],
)
def test_a_near_miss_of_what_a_recipe_needs_is_a_fault_if_nothing_else_stands_for_it(tmp_path, files, faulty):
    for file, text in files.items():
        write(tmp_path, file, text)
    problems = near_misses(tmp_path, USED)
    assert [problem.file for problem in problems] == [str(tmp_path / file) for file in faulty]
    assert all(problem.message.startswith("named like ") for problem in problems)


def test_a_stage_that_prepares_for_a_recipe_refuses_near_misses_inside_of_archives(tmp_path):
    write(tmp_path, "in/dev-de.tsv", NLI)
    with zipfile.ZipFile(tmp_path / "in/a.zip", "w") as archive:
        archive.writestr("xquad.de.json", "[]")
    for folder in ("out", "work"):
        (tmp_path / folder).mkdir()
    params = ReleaseCorpus(dev_as_test=(), sample=0, unusable=0.0, partial=False, used=USED)
    job = Job(params, {"releases": tmp_path / "in"}, tmp_path / "out", tmp_path / "work")
    with pytest.raises(InputError, match="these files are not what their names say") as caught:
        make_corpus(job)
    assert [problem.file for problem in caught.value.problems] == ["a.zip/xquad.de.json"]
    other = replace(params, used=replace(USED, targets={"xnli": ["de"]}))
    make_corpus(replace(job, params=other))
    assert (tmp_path / "out/xnli/dev-de.tsv").is_file()


def test_every_corpus_has_a_form_and_every_form_a_name_of_its_own_kind():
    own = {name for name, row in CORPORA.items() if not row.parts}
    assert {form.corpus for form in FORMS} == {*TASKS, *own, "xcopa"}
    assert len(set(FORMS)) == len(FORMS)
