"""Fetch released corpora from the hub or their upstream addresses, as `data prepare` reads them, under a lock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import layout
from xtreme_bench.data.fetch.download import Unreachable, download
from xtreme_bench.data.fetch.hub import listing, opened
from xtreme_bench.data.fetch.hub_forms import FORMS
from xtreme_bench.data.fetch.hub_rows import Row, rows
from xtreme_bench.data.fetch.lockfile import NAME as LOCK_NAME
from xtreme_bench.data.fetch.lockfile import Lock, alone, read_lock
from xtreme_bench.data.fetch.sources import NEEDS, SOURCES
from xtreme_bench.data.release.prepare import NOTES
from xtreme_bench.errors import CheckFailed, InputError, StageError
from xtreme_bench.files import file_digest
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.releases import Hub, Part, Source

RELEASES = "releases"  # below the data folder
ORIGINS = ("hub", "upstream")
Progress = Callable[[int, int, str], None]  # corpora done, corpora in all, what is being done


def corpora(tasks: Sequence[str]) -> list[str]:
    """The corpora that target or intermediate tasks need; all that can be fetched if `tasks` is empty."""
    if not tasks:
        return [name for name, source in SOURCES.items() if source.hub or source.upstream]
    names = tuple(dict.fromkeys((*TASKS, *INTERMEDIATE, *SOURCES)))
    needed = [part for task in tasks for part in NEEDS.get(layout.known(task, names, "task"), (task,))]
    return list(dict.fromkeys(needed))


def fetch(
    tasks: Sequence[str], data: Path, *, origin: str | None = None, progress: Progress = lambda done, total, note: None
) -> list[str]:
    """Fetch the corpora of `tasks` into `<data>/releases/<corpus>/`; returns remarks about them, one line each.

    If `origin` names neither, the hub is asked first, then the upstream addresses; a corpus that was fetched before
    comes from the same place again. Files that are there already are only checked against the lock. Other processes
    may fetch into the same folder; a corpus that one of them is fetching is waited for.

    Errors: `InputError` for what cannot be fetched at all, `CheckFailed` for a file that is not the locked one, and
    `StageError`, with instructions to get it by hand, when no address gives a corpus.
    """
    if (data / NOTES).is_file() and not (data / LOCK_NAME).is_file():
        raise InputError(
            f"{data} was prepared from other releases, which fetched ones would replace; name a new folder"
        )
    unknown = "no address of it is known"
    wanted = [SOURCES.get(corpus, Source(corpus, no_upstream=unknown)) for corpus in corpora(tasks)]
    for source in wanted:
        if not (source.hub or source.upstream):
            raise InputError(f"{source.corpus} cannot be fetched: {source.no_upstream}")
    lock, said = read_lock(data), []
    for done, source in enumerate(wanted):
        tell: Callable[[str], None] = lambda note, done=done: progress(done, len(wanted), note)  # type: ignore[misc] # noqa: E731
        with _held(data, source.corpus, tell):
            lock.refresh()
            said += _one(source, lock, origin, tell)
    progress(len(wanted), len(wanted), "")
    return said


@contextmanager
def _held(data: Path, corpus: str, tell: Callable[[str], None]) -> Iterator[None]:
    with alone(data, corpus, lambda: tell(f"waiting for another process that fetches or prepares {corpus}")):
        yield


@contextmanager
def at_rest(data: Path, progress: Progress) -> Iterator[None]:
    """Lock all corpora of a data folder, so that no other process changes the releases while they are prepared."""
    with ExitStack() as stack:
        for corpus in SOURCES:
            stack.enter_context(_held(data, corpus, lambda note: progress(0, 1, note)))
        yield


def _one(source: Source, lock: Lock, origin: str | None, tell: Callable[[str], None]) -> list[str]:
    """Fetch a corpus from the first of its origins that answers."""
    faults = []
    for name in _origins(source, lock, origin):
        try:
            place = _from_hub(source, lock, tell) if name == "hub" else _from_upstream(source, lock, tell)
        except Unreachable as error:
            faults.append(str(error))
        else:
            why = f"not from the hub: {source.no_hub}" if source.no_hub and name == "upstream" else ""
            notes = [f"from {place}", *faults, *(text for text in (why, source.remark) if text)]
            return [f"{source.corpus}: {note}" for note in notes]
    raise StageError(f"{source.corpus} could not be fetched: {'; '.join(faults)}. {by_hand(source, lock.data)}")


def _origins(source: Source, lock: Lock, origin: str | None) -> list[str]:
    """Where to ask, in this order."""
    possible = [name for name, there in zip(ORIGINS, (source.hub, source.upstream), strict=True) if there]
    before = lock.corpora.get(source.corpus, {}).get("origin")
    if origin and origin not in possible:
        why = (source.no_hub if origin == "hub" else source.no_upstream) or "it is not there in a form that can be read"
        raise InputError(f"{source.corpus} is not fetched from {origin}: {why}. Use `--origin {possible[0]}`.")
    if origin and before and origin != before:
        raise InputError(f"{source.corpus} was fetched from {before} before; fetch it from {origin} into a new folder")
    return [name for name in possible if name in (origin, before) or not (origin or before)]


def by_hand(source: Source, data: Path) -> str:
    """How a person gets a corpus where this machine cannot: every file and its address."""
    folder = data / RELEASES / source.corpus
    files = "".join(f"\n  {path} from {url}" for path, url in source.upstream or source.manual)
    return (
        f"By hand: get the files listed here where there is a network, put them in {folder} by these names, and run "
        f"`xtreme-bench data prepare {data / RELEASES} --to {data}`:{files}"
    )


def _from_upstream(source: Source, lock: Lock, tell: Callable[[str], None]) -> str:
    for path, url in source.upstream:
        _file(lock, f"{RELEASES}/{source.corpus}/{path}", url, tell)
    lock.settle(source.corpus, origin="upstream")
    return source.upstream[0][1].rpartition("/")[0]


def _from_hub(source: Source, lock: Lock, tell: Callable[[str], None]) -> str:
    """Write a release from the hub's rows, at the locked or pinned commit; files that exist are only checked."""
    assert source.hub is not None
    folder, entry, hub = f"{RELEASES}/{source.corpus}", lock.corpora.get(source.corpus, {}), source.hub
    outputs: dict[str, list[Part]] = defaultdict(list)
    for part in hub.parts:
        outputs[f"{folder}/{part.file}"].append(part)
    if entry.get("repository") == hub.repository:
        hub = replace(hub, revision=entry.get("revision", hub.revision))
        here = [name for name in outputs if name in lock.files and (lock.data / name).is_file()]
        for name in here:
            tell(f"checking {name}")
            lock.require(name, hub.place)
            del outputs[name]
    if outputs:
        files = listing(hub)
        lock.settle(source.corpus, origin="hub", repository=hub.repository, revision=hub.revision)
        for name, parts in outputs.items():
            _write_release(name, [(part, file) for part in parts for file in files[part]], hub, lock, tell)
    return hub.place


def _write_release(
    name: str, parts: Sequence[tuple[Part, str]], hub: Hub, lock: Lock, tell: Callable[[str], None]
) -> None:
    path = lock.data / name
    partial = path.with_name(f".{path.name}.partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    form = FORMS[parts[0][0].form or hub.form]

    def found() -> Iterator[tuple[str, Row]]:
        for part, file in parts:
            tell(f"{hub.repository}: {file}")
            with opened(hub, file, partial.parent) as data:
                place = f"{hub.place}, {file}"
                for row in rows(data, place, form.columns, optional=form.optional, even=form.even):
                    yield part.language, row

    with partial.open("w", encoding="utf-8", newline="") as stream:
        form.write(found(), stream)
    sha256, required = file_digest(partial), lock.sha256(name)
    if sha256 != (required or sha256):
        raise CheckFailed(
            f"{hub.place} gives another {name} than before: its sha256 is {sha256}, {LOCK_NAME} requires {required}. "
            "The file was not replaced; find out what changed before you remove the old checksum from the lock file."
        )
    size = partial.stat().st_size
    partial.replace(path)
    if required is None:
        lock.record(name, sha256, size, hub.place)


def _file(lock: Lock, name: str, url: str, tell: Callable[[str], None]) -> None:
    """One file under the lock: checked if it exists, else fetched."""
    path, required = lock.data / name, lock.sha256(name)
    if path.is_file():
        tell(f"checking {path.name}")
        lock.require(name, url)
        return

    def progress(done: int, total: int) -> None:
        of = f" of {total / 1e6:,.0f}" if total else ""
        tell(f"{path.name}: {done / 1e6:,.0f}{of} MB")

    sha256, size = download(url, path, sha256=required, progress=progress)
    if required is None:
        lock.record(name, sha256, size, url)
