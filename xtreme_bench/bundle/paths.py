"""The paths that a bundle may hold, and a suggestion for a wrong one."""

from __future__ import annotations

import re

from xtreme_bench.benchmark import LANGUAGES, TASKS, Task
from xtreme_bench.errors import Problem
from xtreme_bench.wording import did_you_mean, quoted

MANIFEST = "manifest.json"
# Beside the bundles of several seeds: which of them count.
SUMMARY = "seeds.json"


def known_path(path: str) -> tuple[str, str] | None:
    """Task and language of a path inside a bundle, or None if XTREME has no such file."""
    found = re.fullmatch(r"([a-z0-9]+)/test-([a-z]{2})\.([a-z]+)", path)
    if found is None or found[1] not in TASKS:
        return None
    task = TASKS[found[1]]
    return (task.name, found[2]) if found[2] in task.languages and found[3] == task.extension else None


def path_problem(path: str) -> Problem:
    """What is wrong with a path that `known_path` does not know."""
    folder, _, name = path.rpartition("/")
    parts = path.split("/")
    shown = quoted(path).strip("`")
    if any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return Problem("hidden file; leave it out of the bundle", shown)
    if name.lower().endswith((".zip", ".tar", ".gz", ".tgz", ".xz", ".7z")):
        return Problem("an archive inside the bundle; put its files there instead", shown)
    if not folder:
        if name.casefold() == MANIFEST:
            return Problem("did you mean 'manifest.json'?", shown)
        if name.startswith("test"):
            return Problem("put predictions in one folder per task: `<task>/test-<language>.<tsv|json>`", shown)
        return Problem("does not belong in a bundle", shown)
    if name == MANIFEST:
        return Problem("belongs at the top of the bundle", shown)
    if len(parts) > 2:
        if parts[-2] in TASKS:
            outer = "/".join(parts[:-2])
            return Problem(f"one folder too deep: put `{parts[-2]}/` itself at the top, not in {quoted(outer)}", shown)
        return Problem("too deep: a bundle has one folder per task, without subfolders", shown)
    if folder not in TASKS:
        return Problem(f"XTREME has no task {quoted(folder)}{did_you_mean(folder, TASKS)}", shown)
    message, language = _name_fault(name, TASKS[folder])
    return Problem(message, shown, task=folder, language=language)


def _name_fault(name: str, task: Task) -> tuple[str, str | None]:
    """What is wrong with a file name in the folder of a task, and the language that was meant, if clear."""
    exact = re.fullmatch(rf"test-([a-z]+)\.{task.extension}", name)
    if exact and exact[1] in LANGUAGES:
        return f"XTREME does not test {task.name} in `{exact[1]}`; it has {' '.join(task.languages)}", exact[1]
    if exact:
        return f"unknown language `{exact[1]}`; {task.name} has {' '.join(task.languages)}", None
    # `test_de_predictions.txt` probably means `de`.
    codes = [word for word in re.findall("[a-z]+", name.casefold()) if word in task.languages]
    if codes:
        return f"unknown name; did you mean 'test-{codes[0]}.{task.extension}'?", codes[0]
    names = [f"test-{language}.{task.extension}" for language in task.languages]
    return f"unknown name{did_you_mean(name, names) or f'; files are named `test-<language>.{task.extension}`'}", None
