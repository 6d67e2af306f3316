"""Bring released corpora from the hub or their upstream addresses, as `data prepare` reads them, under a lock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from xtreme_bench.benchmark import TASKS
from xtreme_bench.data import layout
from xtreme_bench.data.fetch.download import Unreachable, download
from xtreme_bench.data.fetch.hub import HubFile, Listing, listing
from xtreme_bench.data.fetch.hub_forms import FORMS
from xtreme_bench.data.fetch.hub_rows import Input, rows
from xtreme_bench.data.fetch.lockfile import NAME as LOCK_NAME
from xtreme_bench.data.fetch.lockfile import Lock, alone, read_lock
from xtreme_bench.data.fetch.sources import NEEDS, SOURCES
from xtreme_bench.data.release.prepare import NOTES
from xtreme_bench.errors import InputError, StageError
from xtreme_bench.files import file_digest
from xtreme_bench.intermediate import INTERMEDIATE
from xtreme_bench.released import Source

RELEASES = "releases"  # below the data folder
ORIGINS = ("hub", "upstream")
PARQUET = ".parquet"  # below a corpus's folder; hidden, so that `data prepare` passes over it
Progress = Callable[[int, int, str], None]  # corpora done, corpora in all, what is going on


def corpora(tasks: Sequence[str]) -> list[str]:
    """The corpora that target or intermediate tasks need; all that can be fetched where `tasks` is empty."""
    if not tasks:
        return [name for name, source in SOURCES.items() if source.hub or source.upstream]
    names = tuple(dict.fromkeys((*TASKS, *INTERMEDIATE, *SOURCES)))
    needed = [part for task in tasks for part in NEEDS.get(layout.known(task, names, "task"), (task,))]
    return list(dict.fromkeys(needed))


def fetch(
    tasks: Sequence[str], data: Path, *, origin: str | None = None, progress: Progress = lambda done, total, note: None
) -> list[str]:
    """Bring the corpora of `tasks` to `<data>/releases/<corpus>/`; returns what is to know of them, one line each.

    The hub is asked first, then the upstream addresses, if `origin` names neither; a corpus that was fetched before
    comes from where it came from then. What is there already is only checked against the lock. Other processes may
    fetch into the same folder; a corpus that one of them is at is waited for.

    Errors: `InputError` for what cannot be fetched at all, `CheckFailed` for a file that is not the locked one, and
    `StageError`, with the way by hand, when no address gives a corpus.
    """
    if (data / NOTES).is_file() and not (data / LOCK_NAME).is_file():
        raise InputError(
            f"{data} was prepared from other releases, which fetched ones would replace; name a new folder"
        )
    wanted = [SOURCES[corpus] for corpus in corpora(tasks)]
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
    """Hold all corpora of a data folder, so that no other process changes the releases while they are prepared."""
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
        why = (source.no_hub if origin == "hub" else source.no_upstream) or "it is not there in a form that is read"
        raise InputError(f"{source.corpus} is not fetched from {origin}: {why}. Use `--origin {possible[0]}`.")
    if origin and before and origin != before:
        raise InputError(f"{source.corpus} was fetched from {before} before; fetch it from {origin} into a new folder")
    return [name for name in possible if name in (origin, before) or not (origin or before)]


def by_hand(source: Source, data: Path) -> str:
    """How a person gets a corpus where this machine cannot: every file and its address."""
    folder = data / RELEASES / source.corpus
    files = "".join(f"\n  {path} from {url}" for path, url in source.upstream or source.manual)
    return (
        f"By hand: where there is a network get what is listed here, put it into {folder} under these names, and run "
        f"`xtreme-bench data prepare {data / RELEASES} --to {data}`:{files}"
    )


def _from_upstream(source: Source, lock: Lock, tell: Callable[[str], None]) -> str:
    for path, url in source.upstream:
        _file(lock, f"{RELEASES}/{source.corpus}/{path}", url, None, tell)
    lock.settle(source.corpus, origin="upstream")
    return source.upstream[0][1].rpartition("/")[0]


def _from_hub(source: Source, lock: Lock, tell: Callable[[str], None]) -> str:
    """Fetch parquet files, at the locked or pinned revision, and write the released form from them."""
    assert source.hub is not None
    hub, folder = source.hub, f"{RELEASES}/{source.corpus}"
    entry = lock.corpora.get(source.corpus, {})
    same = entry.get("repository") == hub.repository
    made = {f"{folder}/{part.file}" for part in hub.parts}
    found_at = f"{hub.repository} at {entry.get('revision')}"
    if same and all(name in lock.files and (lock.data / name).is_file() for name in made):
        for name in [name for name in lock.files if name.startswith(f"{folder}/")]:
            if (lock.data / name).is_file():
                tell(f"checking {name}")
                lock.require(name, found_at)
        return found_at
    found = listing(hub, entry.get("revision", hub.revision) if same else hub.revision)
    lock.settle(source.corpus, origin="hub", repository=hub.repository, revision=found.revision)
    for _, files in found.parts:
        for file in files:
            _file(lock, f"{folder}/{PARQUET}/{file.path}", file.url, file.sha256, tell)
    _write_release(source, found, lock, tell)
    return found.place


def _write_release(source: Source, found: Listing, lock: Lock, tell: Callable[[str], None]) -> None:
    assert source.hub is not None
    folder = lock.data / RELEASES / source.corpus
    inputs: dict[tuple[str, str], list[Input]] = defaultdict(list)
    for part, files in found.parts:
        inputs[part.file, part.form or source.hub.form] += [
            Input(part.language, folder / PARQUET / file.path, _place(found, file)) for file in files
        ]
    for (name, form), parts in inputs.items():
        tell(f"{source.corpus}: writing {name}")
        path = folder / name
        partial = path.with_name(f".{path.name}.partial")
        partial.parent.mkdir(parents=True, exist_ok=True)
        made = FORMS[form]
        with partial.open("w", encoding="utf-8", newline="") as stream:
            made.write(rows(parts, made.columns, made.even), stream)
        sha256, size = file_digest(partial), partial.stat().st_size
        partial.replace(path)
        lock.record(path.relative_to(lock.data).as_posix(), sha256, size, found.place)


def _place(found: Listing, file: HubFile) -> str:
    return f"{found.place}, {file.path}"


def _file(lock: Lock, name: str, url: str, told: str | None, tell: Callable[[str], None]) -> None:
    """One file under the lock: checked where it is there, else fetched. `told` is the checksum that the hub tells."""
    path, required = lock.data / name, lock.sha256(name)
    if path.is_file():
        tell(f"checking {path.name}")
        lock.require(name, url, told)
        return

    def progress(done: int, total: int) -> None:
        of = f" of {total / 1e6:,.0f}" if total else ""
        tell(f"{path.name}: {done / 1e6:,.0f}{of} MB")

    sha256, size = download(url, path, sha256=required or told, progress=progress)
    if required is None:
        lock.record(name, sha256, size, url)
