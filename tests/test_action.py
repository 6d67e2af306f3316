"""The action and its script: bundles of pull requests are checked as data, and no text of theirs becomes markup."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_bundle import AVERAGES, LABELS, PREDICTIONS, manifest, put, put_bundle

from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.bundle.write import write

ROOT = Path(__file__).parent.parent
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / "docs/workflows").glob("*.yml"))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return put(tmp_path / "labels", LABELS)


@pytest.fixture
def head(tmp_path: Path, labels: Path) -> Path:
    """A pull request's submissions with one good bundle."""
    put_bundle(tmp_path / "head", scores=evaluate(put(tmp_path / "scored", dict(PREDICTIONS)), labels))
    shutil.rmtree(tmp_path / "head/predictions")
    return tmp_path / "head"


def script(head: Path, *options: str | Path) -> tuple[int, str]:
    """The exit code of the script, and its comment."""
    comment = head.parent / "comment.md"
    line = [sys.executable, ROOT / "tools/verify-submission", head, "--comment", comment, *options]
    done = subprocess.run([str(one) for one in line], capture_output=True, text=True, check=False, cwd=head.parent)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, comment.read_text() if comment.exists() else done.stderr


@pytest.mark.slow
def test_a_good_bundle_is_verified_and_its_scores_are_in_the_table(head: Path, labels: Path) -> None:
    code, text = script(head, "--labels", labels, "--base", "")
    assert code == 0
    assert "| bundle | verdict | overall | classification |" in text
    assert f"| `small` | verified, partial | {sum(AVERAGES.values()) / 9:.1f} | 72.5 |" in text
    assert "`verified: 10 files, 9 tasks; 10 scored again, all scores equal; nothing expected`" in text


def test_without_labels_a_bundle_is_checked_and_nothing_is_called_verified(head: Path) -> None:
    code, text = script(head)
    assert (code, "`checked only: no gold labels here`" in text, "| overall |" in text) == (0, True, False)


@pytest.mark.slow
def test_only_bundles_that_the_pull_request_changes_are_looked_at(head: Path, labels: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(head, base)
    assert script(head, "--labels", labels, "--base", base)[1].endswith("adds and changes no bundle.\n")
    (head / "small/xnli/test-de.tsv").write_text("neutral\n" * 5)
    code, text = script(head, "--labels", labels, "--base", base)
    assert (code, "| `small` | **not verified** |" in text) == (1, True)
    assert "problem: xnli/test-de.tsv: xnli de: changed since the manifest was written" in text


@pytest.mark.slow
def test_a_run_elsewhere_is_compared_with_its_reference(head: Path, labels: Path) -> None:
    for reference in (head / "small", head):
        code, text = script(head, "--labels", labels, "--same-as", reference, "--within", "1")
        assert (code, "within 1 points of the other predictions (most: 0.00, overall)" in text) == (0, True)
    code, text = script(head, "--labels", labels, "--same-as", labels)
    assert (code, "no such file or folder" in text) == (1, True)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["head", "head/other", "head/small/xnli/test-de.tsv"])
def test_links_of_a_pull_request_lead_nowhere(where: str, head: Path, labels: Path, tmp_path: Path) -> None:
    link = tmp_path / where
    if link.is_dir():
        link.rename(tmp_path / "moved")
    link.unlink(missing_ok=True)
    link.symlink_to(labels / "xnli/test-de.tsv" if link.suffix else tmp_path / "labels")
    code, text = script(head, "--labels", labels)
    assert code == {"head": 2, "head/other": 0, "head/small/xnli/test-de.tsv": 1}[where]
    assert "contradiction" not in text


def test_text_of_a_bundle_cannot_leave_its_block_or_be_markup(head: Path, labels: Path) -> None:
    place = head / "x`| @everyone <b>"
    (head / "small").rename(place)
    (place / "![a](http: ```\n@all.tsv").write_text("")
    code, text = script(head, "--labels", labels)
    assert code == 1
    outside = re.sub(r"```text\n.*?\n```|`[^`\n]*`", "", text, flags=re.DOTALL)
    assert not set("@<![`") & set(outside)
    assert "everyone" not in outside
    assert text.count("```") == 2


def test_a_bundle_of_many_faults_makes_a_short_comment(head: Path, labels: Path) -> None:
    for at in range(300):
        (head / f"small/{at}{'x' * 150}.tsv").write_text("")
    code, text = script(head, "--labels", labels)
    assert (code, len(text) < 20_000, "and 250 more" in text or "more\n```" in text) == (1, True, True)


def test_a_comment_that_is_too_long_ends_with_a_whole_line(tmp_path: Path) -> None:
    for at in range(400):
        put(tmp_path / "head", {f"{at:03d}{'![x](http:evil)@everyone ' * 9}/manifest.json": "{"})
    _, text = script(tmp_path / "head")
    assert len(text) < 65_536
    assert text.endswith("\n\n(cut)\n")
    assert text.count("```") % 2 == 0
    assert "everyone" not in re.sub(r"```text\n.*?\n```|`[^`\n]*`", "", text, flags=re.DOTALL)


@pytest.mark.slow
def test_a_bundle_that_became_unreadable_is_a_verdict_in_the_comment(head: Path, labels: Path, tmp_path: Path) -> None:
    put(tmp_path / "base", {"small.zip": (head / "small/small.zip").read_bytes()})
    (head / "small.zip").write_bytes(b"no zip")
    code, text = script(head, "--labels", labels, "--base", tmp_path / "base")
    assert (code, "| `small.zip` | **not verified** |" in text, "| `small` | verified" in text) == (1, True, True)


@pytest.mark.slow
def test_no_text_of_a_bundle_is_a_command_to_the_runner(head: Path, labels: Path) -> None:
    (head / "small").rename(head / "##[error]small")
    line = [sys.executable, ROOT / "tools/verify-submission", head, "--labels", labels, "--comment", head / "c.md"]
    done = subprocess.run([str(one) for one in line], capture_output=True, text=True, check=False)
    assert (done.returncode, "# #[error]small" in done.stdout, "##[" in done.stdout + done.stderr) == (0, True, False)


@pytest.mark.slow
def test_labels_that_are_missing_are_an_error_and_no_verdict(head: Path, tmp_path: Path) -> None:
    code, text = script(head, "--labels", tmp_path / "none")
    assert (code, text.startswith(f"error: {tmp_path}/none: has no gold labels; --labels takes")) == (2, True)
    code, text = script(head, "--labels", put(tmp_path / "bad", {"xnli/test-de.tsv": "maybe\n"}))
    assert (code, "some gold labels cannot be used" in text, "`maybe` is not a label" in text) == (2, True, True)


@pytest.mark.slow
def test_predictions_that_copy_the_labels_get_a_sign(tmp_path: Path, labels: Path) -> None:
    folder = put(tmp_path / "predictions", {**PREDICTIONS, "xnli/test-de.tsv": LABELS["xnli/test-de.tsv"]})
    write(tmp_path / "head/copied", manifest(scores=None), {one.name: one for one in folder.iterdir()})
    code, text = script(tmp_path / "head", "--labels", labels)
    assert (code, "note: suspicious: 1 file ('xnli/test-de.tsv') 100 % right" in text) == (0, True)


def read(path: Path) -> dict[Any, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def jobs_of(path: Path) -> dict[str, Any]:
    found = read(path)
    jobs: dict[str, Any] = found["jobs"] if "jobs" in found else {"action": found["runs"]}
    return jobs


def steps_of(path: Path) -> Iterator[dict[str, Any]]:
    for job in jobs_of(path).values():
        yield from job["steps"]


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_each_step_runs_or_uses_and_no_expression_is_part_of_a_script(path: Path) -> None:
    for step in steps_of(path):
        assert ("run" in step) != ("uses" in step)
        assert "${{" not in step.get("run", "")
        assert path != ACTION or "uses" in step or step["shell"] == "bash"
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|main)", step["uses"])
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_asks_for_few_rights_and_its_inputs_are_those_of_the_action(path: Path) -> None:
    workflow, inputs = read(path), read(ACTION)["inputs"]
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 60
        writes = [right for right, kind in job.get("permissions", {}).items() if kind == "write"]
        assert writes == (["pull-requests"] if name == "comment" else [])
        for step in job["steps"]:
            if step.get("uses", "").startswith("xtreme-bench/"):
                given = step["with"].keys()
                assert given <= inputs.keys()
                assert {key for key, row in inputs.items() if row.get("required")} <= given


def test_where_secrets_are_nothing_of_the_pull_request_is_run() -> None:
    for path in WORKFLOWS:
        events = read(path)[True]  # YAML 1.1 reads the key `on` as true
        if "pull_request_target" not in events:
            assert "secrets." not in path.read_text(encoding="utf-8")
            continue
        for job in jobs_of(path).values():
            scripts = [step["run"] for step in job["steps"] if "run" in step]
            used = [step["uses"] for step in job["steps"] if "uses" in step]
            assert not [line for line in scripts if "head" in line]
            assert not [name for name in used if name.startswith(("./", "actions/cache"))]
            assert not (job["permissions"].get("pull-requests") == "write" and "secrets." in str(job))


def test_the_action_starts_the_script_with_every_input_and_imports_nothing_from_the_working_folder() -> None:
    last = list(steps_of(ACTION))[-1]
    text = (ROOT / "tools/verify-submission").read_text(encoding="utf-8")
    assert all(f'"${name}"' in last["run"] for name in last["env"])
    assert all(option in text for option in re.findall(r"--[a-z-]+", last["run"]))
    assert all("python -I" in step["run"] for step in steps_of(ACTION) if "run" in step)


def linted(folder: Path, text: str) -> str:
    """What actionlint, with shellcheck for the scripts, says of a workflow in a repository that has the action."""
    put(folder, {".git/HEAD": "", "action.yml": ACTION.read_text(), ".github/workflows/it.yml": text})
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    program, shellcheck = (shutil.which(name, path=programs) for name in ("actionlint", "shellcheck"))
    assert None not in (program, shellcheck), "actionlint or shellcheck is not installed: run `make install`"
    line = [str(program), "-no-color", "-shellcheck", str(shellcheck)]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=folder).stdout


def as_workflow(path: Path) -> str:
    """A workflow that uses the action of this repository; for the action, a workflow with its inputs and steps."""
    if path != ACTION:
        return path.read_text(encoding="utf-8").replace("xtreme-bench/xtreme-bench@main", "./")
    inputs = {name: {"type": "string"} for name in read(path)["inputs"]}
    job = {"runs-on": "ubuntu-latest", "steps": read(path)["runs"]["steps"]}
    return json.dumps({"on": {"workflow_call": {"inputs": inputs}}, "jobs": {"action": job}})


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_actionlint_finds_nothing(path: Path, tmp_path: Path) -> None:
    assert linted(tmp_path, as_workflow(path)) == ""


@pytest.mark.parametrize(
    ("path", "right", "wrong", "said"),
    [
        (WORKFLOWS[0], "within:", "without:", 'input "without" is not defined in action'),
        (WORKFLOWS[1], "needs: verify", "needs: verified", "needs job"),
        (WORKFLOWS[1], "${{ github.token }}", "${{ github.tokens }}", 'property "tokens" is not defined'),
        (ACTION, "${{ inputs.base }}", "${{ inputs.bases }}", 'property "bases" is not defined'),
        (ACTION, r"--base \"$BASE\"", "--base $BASE", "SC2086"),
    ],
)
def test_actionlint_finds_mistakes(path: Path, right: str, wrong: str, said: str, tmp_path: Path) -> None:
    text = as_workflow(path)
    assert right in text
    assert said in linted(tmp_path, text.replace(right, wrong))


def test_where_secrets_are_forks_can_be_read_too() -> None:
    """For this event checkout refuses the commits of forks, unless a step says that it knows."""
    for path in WORKFLOWS:
        if "pull_request_target" in read(path)[True]:
            (head,) = (step["with"] for step in steps_of(path) if "pull_request.head" in str(step.get("with")))
            assert head["allow-unsafe-pr-checkout"] is True
