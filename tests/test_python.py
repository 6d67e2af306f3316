"""The Python interface: the page that describes it runs as it stands, it is silent, and importing it is cheap."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT
from small_bundle import LABELS, PREDICTIONS, put, put_bundle

from xtreme_bench import api
from xtreme_bench.errors import InputError

PAGE = (ROOT / "docs/python.md").read_text(encoding="utf-8")


def block(heading: str, language: str) -> str:
    """The code block of a section of the page."""
    (section,) = re.findall(rf"(?ms)^## {heading}$(.*?)(?=^## |\Z)", PAGE)
    (found,) = re.findall(rf"(?ms)^```{language}$\n(.*?)^```$", section)
    return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put_two_bundles(folder: Path) -> None:
    """`submissions/baseline`, `submissions/mnli` and `labels`, as the page has them."""
    put(folder / "labels", dict(LABELS))
    for name in ("baseline", "mnli"):
        shutil.move(put_bundle(folder / name), folder / "submissions" / name)


@pytest.fixture
def bundles(here: Path) -> Path:
    (here / "submissions").mkdir()
    put_two_bundles(here)
    return here


def test_the_page_on_python_reads_scores_and_compares(bundles: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(block("Read, score and compare", "python"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == ["['contradiction', 'entailment', 'neutral']", "70.0 62.5"]
    assert "xnli: +0.0 (+0.0 to +0.0), cannot tell" in lines
    assert lines[-1].startswith("no-such-folder: no such folder")


@pytest.mark.slow
def test_the_page_on_python_plans_and_runs(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    put(here / "recipes", {"first.yaml": block("Plan and run", "yaml")})
    exec(block("Plan and run", "python"), {})
    told = capfd.readouterr()
    assert told.out.startswith("first 2 ['xnli']\nto do miniature corpora (first)\n")
    assert re.search(r"\nsubmissions/first \{'de': [0-9.]+, 'en': [0-9.]+\}\n$", told.out)
    assert "score (first): done" in told.err
    api.run("first", overrides=["seed=2"], reports="reports")
    assert Path("reports/first/index.html").is_file()
    assert capfd.readouterr() == ("", ""), "nothing is printed unless asked"


def test_importing_the_interface_imports_neither_torch_nor_numpy() -> None:
    program = "import sys, xtreme_bench.api; print(*({'torch', 'numpy', 'transformers', 'docker'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_plan_is_silent_and_has_the_values_of_the_command(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    put(here / "recipes", {"first.yaml": block("Plan and run", "yaml")})
    found = api.plan(here / "recipes/first.yaml")
    assert found["recipes"] == ["first"]
    assert found["to_do"] == len(found["stages"])
    assert capfd.readouterr() == ("", "")


def test_progress_goes_to_the_stream_that_is_given(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "data").mkdir()
    put(here / "recipes", {"read.yaml": block("Plan and run", "yaml").replace("miniature, scale: 0.03", "download")})
    log = io.StringIO()
    with pytest.raises(InputError):
        api.run("read", data="data", progress=log)
    api.plan("read", data="data", progress=log)
    assert "count records" in log.getvalue()
    assert capfd.readouterr() == ("", "")


def test_faults_are_errors_with_a_list_of_problems(here: Path) -> None:
    put(here, {"odd.yaml": "description: x\nsead: 1\ntargets: {xnly: {}}\n"})
    with pytest.raises(InputError) as caught:
        api.load_recipe(here / "odd.yaml")
    assert all(any(word in str(problem) for problem in caught.value.problems) for word in ("'sead'", "'xnly'"))
    with pytest.raises(InputError, match="no manifest"):
        api.load_bundle(put(here / "bare", dict(PREDICTIONS)))


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_bundle_gives_its_predictions_by_task_and_language(bundles: Path, form: str) -> None:
    folder = bundles / "submissions/mnli"
    bundle = api.load_bundle(folder if form == "folder" else folder / "small.zip")
    assert bundle.languages["xnli"] == ("de", "en")
    assert bundle.predictions("tatoeba", "de") == ["2", "0", "1", "1"]
    assert bundle.predictions("bucc2018", "de")[0] == "de-000000001\ten-000000004"
    assert bundle.predictions("panx", "de") == [["B-PER", "I-PER", "O", "O"], ["O", "B-LOC"]]
    assert bundle.predictions("tydiqa", "sw") == {"swahili-1-0": "Nairobi", "swahili-2-0": "1963"}
    with pytest.raises(InputError, match="no predictions of xnli in `fr`"):
        bundle.predictions("xnli", "fr")
