"""The table of XTREME agrees with itself and with what the paper states."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from xtreme_bench.benchmark import (
    GROUPS,
    LANGUAGES,
    MINIATURE_LANGUAGES,
    OVERALL,
    TASKS,
    TEXT,
    UPOS_TAGS,
    WORD_ORDER,
    of_group,
)


def test_nine_tasks_stand_in_the_order_of_the_paper() -> None:
    assert list(OVERALL) == ["xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba"]
    assert [name for name in TASKS if name in OVERALL] == list(OVERALL)
    assert all(name == task.name for name, task in TASKS.items())


@pytest.mark.parametrize(
    ("task", "languages"),
    list(zip(OVERALL, (15, 7, 33, 40, 11, 7, 9, 4, 36), strict=True)),
)
def test_each_task_has_as_many_languages_as_the_paper_states(task: str, languages: int) -> None:
    assert len(set(TASKS[task].languages)) == len(TASKS[task].languages) == languages


def test_the_tasks_use_forty_languages_and_each_has_a_family_and_a_script() -> None:
    assert len(LANGUAGES) == 40
    assert {language for task in OVERALL for language in TASKS[task].languages} == set(LANGUAGES)
    # The paper counts 12 families, with Basque and the Japonic, Koreanic and Kartvelian languages among them.
    assert len({language.family for language in LANGUAGES.values()}) == 14
    assert set(TEXT) == set(LANGUAGES)
    assert set(WORD_ORDER) <= set(LANGUAGES)


def test_groups_hold_each_of_the_nine_tasks_once() -> None:
    assert sorted(task for tasks in GROUPS.values() for task in tasks) == sorted(OVERALL)
    assert all(set(tasks) <= set(of_group(group)) for group, tasks in GROUPS.items())  # type: ignore[arg-type]


TENTH = """
import dataclasses, json, sys
from xtreme_bench import benchmark
rows = dict(benchmark.TASKS)
if sys.argv[1]:
    rows["tenth"] = dataclasses.replace(rows["xnli"], name="tenth", group=sys.argv[1], source=None)
benchmark.TASKS = rows
from xtreme_bench.bundle.check import Report
from xtreme_bench.bundle.evaluate import evaluate
from xtreme_bench.official.scores import headline, summary
from xtreme_bench.report.manifest_differences import compare

def scores(tasks):
    return summary({
        name: {code: dict.fromkeys(rows[name].metric, 10.0 + at) for at, code in enumerate(rows[name].languages)}
        for name in tasks
    })

nine = [name for name in rows if name != "tenth"]
found = {key: value for key, value in scores(nine).items()}
manifest = {"name": "a", "scores": found, "files": {}}
whole = Report((), (), "nowhere", {name: rows[name].languages for name in nine})
print(json.dumps({
    "scores": found,
    "headlines": [headline(found, key) for key in (*benchmark.GROUPS, "overall")],
    "compared": compare(manifest, manifest)["overall"],
    "partial": whole.partial,
    "with": {key: value for key, value in scores(rows).items() if key != "tenth"},
}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("group", ["reading", "classification"])
def test_a_tenth_task_changes_no_mean_and_no_key_of_xtreme(group: str) -> None:
    """Whether it has a group of its own or is in one of XTREME's, and whether it is scored or not."""
    nine, ten = (
        json.loads(subprocess.run([sys.executable, "-c", TENTH, name], check=True, capture_output=True).stdout)
        for name in ("", group)
    )
    assert ten == nine
    assert nine["partial"] is False
    assert nine["with"] == nine["scores"]
    assert nine["headlines"][-1] is not None


def test_published_sizes_lie_in_the_ranges_of_the_paper() -> None:
    ranges = {"xnli": (5_010, 5_010), "pawsx": (2_000, 2_000), "udpos": (47, 20_436), "panx": (100, 10_000)}
    ranges |= {"xquad": (1_190, 1_190), "mlqa": (4_517, 11_590), "tydiqa": (113, 2_719), "tatoeba": (205, 1_000)}
    for name, (low, high) in ranges.items():
        sizes = TASKS[name].test_sizes
        assert set(sizes) <= set(TASKS[name].languages)
        assert low == min(sizes.values())
        assert max(sizes.values()) <= high
    assert sum(TASKS["tydiqa"].test_sizes.values()) == 5_077


def test_every_language_has_a_published_size_except_for_joined_treebanks_and_pairs_above_a_threshold() -> None:
    unknown = {name for name in OVERALL if set(TASKS[name].languages) - set(TASKS[name].test_sizes)}
    assert unknown == {"udpos", "bucc2018"}


def test_the_path_of_a_file_is_that_of_the_official_scorer() -> None:
    assert TASKS["xnli"].file("de") == "xnli/test-de.tsv"
    assert TASKS["tydiqa"].file("sw") == "tydiqa/test-sw.json"


def test_there_are_the_seventeen_universal_tags_and_ten_miniature_languages() -> None:
    assert len(set(UPOS_TAGS)) == 17
    assert len(MINIATURE_LANGUAGES) == 10
    assert len({LANGUAGES[language].family for language in MINIATURE_LANGUAGES}) >= 6
    assert len({LANGUAGES[language].script for language in MINIATURE_LANGUAGES}) >= 5
