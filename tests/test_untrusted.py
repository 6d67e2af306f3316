"""What others wrote ends in no traceback and sends nothing to the terminal that could steer it."""

from __future__ import annotations

import ast
import json
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import call
from small_bundle import LABELS, PREDICTIONS, manifest, put, put_bundle

from xtreme_bench.bundle.format import SCHEMA_VERSION, parse_manifest
from xtreme_bench.cli import main
from xtreme_bench.files import digest
from xtreme_bench.official.findings import LISTED
from xtreme_bench.untrusted import DEPTH, Malformed, flaw, parse_json
from xtreme_bench.wording import json_text, one_line, visible

# Sets the title of a terminal and its colour, in both of its codings; turns the direction of a line; begins a line.
ESCAPES = "\x1b]0;mine\x07\x1b[31m\x9b31m\u202egnp.exe\u2066\x7f\r"
FAKE = "x\nno problems: complete bundle"
DEEP = "[" * 100_000 + "]" * 100_000
HUGE = "9" * 401
SHOWN = "<U+001B>"


def run(arguments: list[str], cwd: Path | None = None) -> tuple[int, str]:
    """The command as a user starts it: exit code, and all that is printed. Any other exception fails the test."""
    done = call(*arguments, cwd=cwd)
    text = done.stdout + done.stderr
    assert [char for char in text if not char.isprintable() and char != "\n"] == []
    assert "no problems: complete bundle" not in text.splitlines()
    text.encode()
    return done.returncode, text


def raw_manifest(**changes: Any) -> str:
    """A whole manifest as text; a change that is a text beginning with `raw:` goes in as it is."""
    value = {**manifest(), "schema_version": SCHEMA_VERSION, "files": {}, **changes}
    value["recipe_sha256"] = digest(value["recipe"]) if "recipe" not in changes else "0" * 64
    text = json.dumps(value)
    for change in changes.values():
        if isinstance(change, str) and change.startswith("raw:"):
            text = text.replace(json.dumps(change), change[4:])
    return text


MANIFESTS = [
    raw_manifest(name=ESCAPES),
    raw_manifest(name="\ud800"),
    raw_manifest(files={ESCAPES: {}}),
    raw_manifest(files={FAKE: {"sha256": "0" * 64, "records": 1}}),
    raw_manifest(files={"\udfff": {"sha256": "0" * 64, "records": 1}}),
    raw_manifest(files={"xnli/test-de.tsv": {"sha256": ESCAPES, "records": 10**400}}),
    raw_manifest(versions={ESCAPES: ESCAPES}),
    raw_manifest(versions={"\ud800": 1}),
    raw_manifest(recipe={ESCAPES: 1}),
    raw_manifest(recipe="raw:" + DEEP),
    raw_manifest(recipe={"seed": 10**400}),
    raw_manifest(recipe="raw:{" + f'"seed": 1, "expect": {{"scores": {{"xnli": {{"value": {HUGE}}}}}}}}}'),
    raw_manifest(recipe={"expect": {"scores": {ESCAPES: {"value": 1}}}}),
    raw_manifest(scores={ESCAPES: {ESCAPES: 1.0}}),
    raw_manifest(scores="raw:" + '{"all_task": 1e999}'),
    raw_manifest(scores={"xnli": {"accuracy": {"\x1b[2J": 1}, "avg_accuracy": 1, "avg_metric": 1}}),
    raw_manifest(seed="raw:" + HUGE),
    raw_manifest(seed="raw:NaN"),
    raw_manifest(trained_on={"pretraining": [ESCAPES], ESCAPES: {"x": None}}),
    raw_manifest(trained_on="raw:" + '{"a":' * 30 + "[]" + "}" * 30),
    raw_manifest(zero_shot={"xnli": [{}, ESCAPES]}),
    raw_manifest(image=ESCAPES),
    raw_manifest(image="raw:" + DEEP),
    raw_manifest(stages=[ESCAPES, {"key": ESCAPES}]),
    raw_manifest(schema_version=ESCAPES),
    raw_manifest(**{ESCAPES: ESCAPES}),
    f'{{"{"x" * 100}\\u001b": 1, "{"x" * 100}\\u001b": 1}}',
    '{"a\\u001b[31m": 1, "a\\u001b[31m": 1}',
    "\ufeff{}",
    '"\\ud800"',
    DEEP,
    HUGE,
    "1e999",
    "",
]


@pytest.mark.parametrize("command", ["check", "verify", "compare", "report"])
@pytest.mark.parametrize("text", MANIFESTS, ids=range(len(MANIFESTS)))
def test_a_manifest_that_anybody_wrote_is_read_or_refused(text: str, command: str, tmp_path: Path) -> None:
    bundle = str(put(tmp_path / "bundle", {"manifest.json": text, "xnli/test-de.tsv": PREDICTIONS["xnli/test-de.tsv"]}))
    labels = ["--labels", str(put(tmp_path / "labels", LABELS))]
    arguments = {"check": [bundle], "verify": [bundle, *labels], "compare": [bundle, bundle]}
    report = [bundle, bundle, "--out", str(tmp_path / "report")]
    code, _ = run([command, *arguments.get(command, report)])
    assert code in (0, 1, 2)


ODD: list[Any] = [
    None, True, 1, -1.5, 2**63 - 1, ESCAPES, [], [[]], [ESCAPES], {}, {"a": {"b": [1]}}, {ESCAPES: ESCAPES},
    {"xnli": None}, {"xnli": {"languages": "all"}}, {"scores": {"xnli": {"value": 2**62, "within": ESCAPES}}},
    {"scratch": {}}, {"hub": {"name": "a/b", "revision": "0" * 40}}, {"path": "/etc"}, {"source": "miniature"},
    {"tasks": {"mnli": {"languages": ["en"]}}}, {"layer": 1, "pooling": "mean", "layers": "all"}, {"steps": 1},
]  # fmt: skip
CLAIMS = (
    "model",
    "data",
    "stages",
    "versions",
    "image",
    "device",
    "trained_on",
    "zero_shot",
    "scores",
    "audit",
    "seed",
)
SETTINGS = (
    "model", "data", "targets", "retrieval", "finetuning", "intermediate", "pretraining", "resources", "expect", "seed",
    "method", "baseline",
)  # fmt: skip


FIELDS = (*CLAIMS, *(f"recipe.{name}" for name in SETTINGS))
# Each value in some fields and some values in each field, and, which takes longer, each value in each field.
SOME = [(field, ODD[at % 6 :: 6]) for at, field in enumerate(FIELDS)]
EACH = [pytest.param(field, ODD, marks=pytest.mark.slow) for field in FIELDS]


@pytest.mark.parametrize(("field", "values"), [*SOME, *EACH], ids=[*FIELDS, *(f"{one}, all" for one in FIELDS)])
def test_claims_and_recipes_of_any_type_are_verified_compared_and_reported_without_a_traceback(
    field: str, values: list[Any], tmp_path: Path
) -> None:
    bundle, labels = put_bundle(tmp_path), str(put(tmp_path / "labels", LABELS))
    (bundle / "small.zip").unlink()
    good = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    for value in values:
        odd = json.loads(json.dumps(good))
        part = odd["recipe"] if field.startswith("recipe.") else odd
        part[field.removeprefix("recipe.")] = value
        odd["recipe_sha256"] = digest(odd["recipe"])
        put(bundle, {"manifest.json": json.dumps(odd)})
        assert run(["verify", str(bundle), "--labels", labels])[0] in (0, 1)
        assert run(["compare", str(bundle), str(bundle)])[0] in (0, 2)
        report = ["report", str(bundle), str(bundle), "--out", str(tmp_path / "report")]
        assert run(report)[0] in (0, 2)


def test_a_recipe_whose_stand_in_test_sets_are_no_list_is_reported(tmp_path: Path) -> None:
    odd = json.loads(raw_manifest(scores={"xnli": {"accuracy": {"de": 50}, "avg_accuracy": 50, "avg_metric": 50}}))
    odd["recipe"]["data"] = {"dev_as_test": 7}
    odd["recipe_sha256"] = digest(odd["recipe"])
    bundle = put(tmp_path / "bundle", {"manifest.json": json.dumps(odd)})
    assert run(["report", str(bundle), "--out", str(tmp_path / "page")])[0] == 0


Keys = tuple[str | int, ...]
REFERENCE = Path(__file__).parents[1] / "submissions/reference/smoke"
OTHER_TYPES: list[Any] = [7, "x", [], {}, None, ["x"], {"a": 1}, -1.5]


def leaves(value: Any, path: Keys = ()) -> Iterator[Keys]:
    """The paths of all values inside a value that hold no others."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not inner and path:
        yield path
    for key, one in inner:
        yield from leaves(one, (*path, key))


def odd_manifests(every: int) -> Iterator[str]:
    """The manifest of a reference bundle with each value in so many replaced, in turn, by one of another type."""
    good = json.loads((REFERENCE / "manifest.json").read_text(encoding="utf-8"))
    for at, path in enumerate([*leaves(good)][::every]):
        odd = json.loads(json.dumps(good))
        held = odd
        for key in path[:-1]:
            held = held[key]
        held[path[-1]] = OTHER_TYPES[at % len(OTHER_TYPES)]
        odd["recipe_sha256"] = odd["recipe_sha256"] if path[0] == "recipe_sha256" else digest(odd["recipe"])
        yield json.dumps(odd)


@pytest.mark.slow
def test_a_value_of_another_type_inside_a_manifest_is_read_or_refused(tmp_path: Path) -> None:
    usable: list[str] = []
    for at, text in enumerate(odd_manifests(every=29)):
        bundle = str(put(tmp_path / "bundles" / str(at), {"manifest.json": text}))
        assert run(["check", bundle])[0] == 1
        code, said = run(["compare", str(REFERENCE), bundle])
        assert code in (0, 2)
        if code == 2:
            assert bundle in said
        else:
            usable.append(bundle)
    assert run(["report", str(REFERENCE), *usable[:: len(usable) // 12 or 1], "--out", str(tmp_path / "page")])[0] == 0
    assert run(["leaderboard", str(tmp_path / "bundles"), "--to", str(tmp_path / "site")])[0] in (0, 1)


def test_all_faulty_entries_of_a_manifest_are_named_at_once() -> None:
    odd = {
        "stages": [7, {"key": 1}],
        "dev": {"x": {"dev": {"xnli": "high"}, "chance": {"xnli": True}}, "y": {"chance": 5}},
        "trained_on": {"intermediate": {"mnli": "en"}, "items_differ": {"mnli": 1}, "mlm": [{"de": 1}]},
        "zero_shot": {"xnli": "de"},
    }
    found, problems = parse_manifest(raw_manifest(**odd).encode())
    assert found is None
    assert [problem.message for problem in problems] == [
        "`dev.y.chance` must be an object",
        "`dev.x.chance.xnli` must be a number",
        "`dev.x.dev.xnli` must be a number",
        "`stages.0` must be an object",
        "`stages.1.key` must be text",
        "`trained_on.intermediate.mnli` must be a list",
        "`trained_on.items_differ` must be a list",
        "`trained_on.items_differ.mnli` must be text",
        "`trained_on.mlm.0` must be text",
        "`zero_shot.xnli` must be a list",
    ]


def test_many_faulty_entries_are_counted() -> None:
    _, problems = parse_manifest(raw_manifest(stages=[7] * 1000).encode())
    assert len(problems) == LISTED + 1
    assert f"{1000 - LISTED} more" in problems[-1].message


RECIPES = [
    f'"{ESCAPES.encode("unicode_escape").decode()}": 1\n',
    'description: "\\e]0;mine\\a"\nseed: 1\nmodel: {path: m}\ntargets: {xnli: {}}\n',
    'description: "\\ud800"\nseed: 1\nmodel: {path: m}\ntargets: {xnli: {}}\n',
    'description: "\\U0011ffff"\n',
    'description: x\nseed: "\\e[31m"\n',
    'description: x\nmodel: {"\\e[31m": 1}\n',
    'description: x\ntargets: {"\\e[31m": {languages: ["\\e[31m"]}}\n',
    'description: x\nbaseline: "\\e[31m"\n',
    f"description: x\nseed: {HUGE}\n",
    "description: x\nseed: 1.0e+400\n",
    f"description: {DEEP}\n",
    "description: !!python/name:\x1b x\n",
    "description: *\u202e\n",
    'description: "\\x9b31m"\nseed: 1\nmodel: {path: "\\n\\e[31m"}\ntargets: {xnli: {}}\n',
]


@pytest.mark.parametrize("command", ["validate", "plan", "list"])
@pytest.mark.parametrize("text", RECIPES, ids=range(len(RECIPES)))
def test_a_recipe_that_anybody_wrote_is_read_or_refused(text: str, command: str, tmp_path: Path) -> None:
    put(tmp_path / "recipes", {"odd.yaml": text})
    code, _ = run([command, *([] if command == "list" else ["recipes/odd.yaml"])], tmp_path)
    assert code in (0, 2)


PREDICTED = [
    ("xnli/test-de.tsv", f"{ESCAPES}\n" * 5),
    ("udpos/test-de.tsv", f"{ESCAPES}\n" * 5),
    ("bucc2018/test-de.tsv", f"de-000000001\t{ESCAPES}\n"),
    ("tatoeba/test-de.tsv", f"[1{ESCAPES}\n"),
    ("xquad/test-de.json", json.dumps({ESCAPES: ESCAPES})),
    ("xquad/test-de.json", json.dumps({"\ud800": "\udfff"})),
    ("xquad/test-de.json", f'{{"q1": {DEEP}}}'),
    ("xquad/test-de.json", f'{{"q1": {HUGE}}}'),
    ("xquad/test-de.json", f"{HUGE}"),
    ("xquad/test-de.json", '{"q1": 1e999}'),
    ("xquad/test-de.json", f"\x1b[31m{{{ESCAPES}"),
]


@pytest.mark.parametrize("options", [["check"], ["evaluate"], ["evaluate", "--lenient"]], ids=" ".join)
@pytest.mark.parametrize(("name", "text"), PREDICTED, ids=range(len(PREDICTED)))
@pytest.mark.parametrize("where", ["predictions", "labels"])
def test_predictions_and_labels_that_anybody_wrote_are_read_or_refused(
    where: str,
    name: str,
    text: str,
    options: list[str],
    tmp_path: Path,
) -> None:
    folders = {"predictions": dict(PREDICTIONS), "labels": dict(LABELS)}
    folders[where][name] = text
    predictions, labels = (str(put(tmp_path / key, files)) for key, files in folders.items())
    given = [predictions] if options[0] == "check" else ["--predictions", predictions]
    code, printed = run([*options, *given, "--labels", labels])
    assert code in ((0, 1, 2) if where == "predictions" else (2,))
    assert "\x1b" not in printed


@pytest.mark.parametrize(
    "name", [f"xnli/{ESCAPES}.tsv", "\u202evst.ed-tset", f"{FAKE}/x", "xnli/test-de.tsv\x00x", "a" * 300]
)
def test_names_in_a_zip_are_shown_and_not_sent(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr(name.replace("\x00", "0"), "x")
    raw = (tmp_path / "odd.zip").read_bytes()
    (tmp_path / "odd.zip").write_bytes(raw.replace(b"tsv0x", b"tsv\x00x"))
    assert run(["check", str(tmp_path / "odd.zip")])[0] == 1


@pytest.mark.parametrize("name", [b"Foto M\xfcller.txt", b"\x1b[31m.tsv", b"x\nno problems: complete bundle"])
def test_names_of_files_in_a_folder_are_shown_and_not_sent(name: bytes, tmp_path: Path) -> None:
    bundle = put_bundle(tmp_path)
    (bundle / os.fsdecode(name)).write_text("x")
    for arguments in (["check", str(bundle)], ["check", str(bundle), "--json", "-"]):
        assert run(arguments)[0] == 1
    where = ["--predictions", str(bundle), "--labels", str(put(tmp_path / "labels", LABELS))]
    assert run(["evaluate", *where])[0] == 0


@pytest.mark.parametrize("record", [DEEP, '{"key": "\\ud800"}', f'{{"key": {HUGE}}}', "[]", "\x1b", '{"a": NaN}'])
def test_a_record_that_cannot_be_read_counts_as_absent(record: str, tmp_path: Path) -> None:
    from xtreme_bench.stage.store import Store

    put(tmp_path / "stages/abc", {"record.json": record})
    assert Store(tmp_path).record("abc") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name"),
        ("NaN", "`NaN` is not a JSON value"),
        ("-Infinity", "`-Infinity` is not a JSON value"),
        ("1e999", "too large or too long"),
        ("-1e999", "too large or too long"),
        (HUGE, "is too large"),
        ("-9223372036854775809", "is too large"),
        (f"0.{'1' * 500}", "too large or too long"),
        ("[" * 200_000, "nested too deeply"),
        ("[" + "0," * 500_001 + "0]", "more than 500,000 values"),
        ('{"a": 1, "a": 2}', "key `a` occurs twice"),
    ],
)
def test_json_that_nothing_later_could_bear_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        parse_json(text)


def test_ordinary_json_is_read_as_it_is() -> None:
    value = {"a": [1, -(2**63), 2.5, None, True, "ü\n"], "b": {}}
    assert parse_json(json.dumps(value)) == value
    assert flaw(value) is None


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, [["\ud800"]]])
def test_half_a_surrogate_pair_is_a_flaw(value: Any) -> None:
    assert flaw(value) == "a text holds half a surrogate pair, which is not Unicode text"


def test_depth_is_a_flaw() -> None:
    value: Any = 1
    for _ in range(DEPTH):
        value = [value]
    assert flaw(value) == f"nested deeper than {DEPTH} levels"
    assert flaw(value[0]) is None


def test_text_of_any_language_is_shown_as_it_is_and_the_rest_by_its_number() -> None:
    plain = "Zürich, 東京　駅, नमस्ते, می\u200cخواهم, 👨\u200d👩\n\tx"
    assert visible(plain) == plain
    assert visible(ESCAPES).startswith(SHOWN)
    assert one_line("a\nb") == "a<U+000A>b"


def test_json_for_a_terminal_has_the_same_value() -> None:
    value = {ESCAPES: ["\ud800", FAKE, "Zürich 東京 👩"]}
    text = json_text(value)
    assert json.loads(text) == value
    assert "Zürich 東京 👩" in text
    assert [char for char in text if not char.isprintable() and char != "\n"] == []


def test_all_printing_goes_through_one_function() -> None:
    """`progress` has bars of its own; the worker, the schema and the wording itself speak to programs."""
    apart = {"progress.py", "worker.py", "schema.py", "wording.py"}
    found = []
    texts = {path: path.read_text(encoding="utf-8") for path in Path(main.__file__).parents[1].rglob("*.py")}
    for path, text in texts.items():
        # Most modules have none of the words, so they need not be parsed.
        for node in ast.walk(ast.parse(text)) if re.search("print|echo|stdout", text) else ():
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("print", "click.echo", "click.secho", "sys.stdout.write") and path.name not in apart:
                found.append(f"{path.name}:{node.lineno}")
    assert found == []
