"""A small web server on this machine, with the faults that real ones have, and the hub's answer about a data set."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def sha256(content: bytes) -> str:
    """In hex, as the hub and a lock tell it."""
    return hashlib.sha256(content).hexdigest()


def use_hub(monkeypatch: pytest.MonkeyPatch, address: str, cache: Path | None = None) -> None:
    """What HF_ENDPOINT and HF_HOME do for a process that starts."""
    from datasets import config
    from huggingface_hub import constants

    monkeypatch.setattr(config, "HF_ENDPOINT", address)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    if cache is not None:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))


class Site:
    """What is served: path -> bytes, and how: `cut` paths break off once in the middle, `busy` says 503 so often.

    `raw` are answers that are sent as they are, one after another, before the file; `dripping`, a byte at a time.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.busy: dict[str, int] = {}
        self.moved: dict[str, str] = {}
        self.raw: dict[str, list[bytes]] = {}
        self.dripping = False
        self.commits: dict[str, str] = {}  # of the hub's files
        self.asked: list[tuple[str, str | None]] = []
        self.tokens: set[str] = set()
        self.address = ""

    def dataset(self, repository: str, files: dict[str, bytes], commit: str = COMMIT, told: str = COMMIT) -> None:
        """A data set of the hub: its description at `commit` (which it calls `told`), and its files."""
        siblings: list[dict[str, Any]] = [
            {
                "rfilename": name,
                "size": len(content),
                "blobId": "0",
                "lfs": {"sha256": sha256(content), "size": len(content), "pointerSize": 1},
            }
            for name, content in files.items()
        ]
        about = json.dumps({"id": repository, "sha": told, "siblings": siblings}).encode()
        self.files[f"/api/datasets/{repository}/revision/{commit}"] = about
        trees: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for name, content in files.items():
            path = f"/datasets/{repository}/resolve/{commit}/{quote(name)}"
            self.files[path], self.commits[path] = content, commit
            entry = {"type": "file", "path": name, "size": len(content), "oid": "0"}
            trees[name.rpartition("/")[0]].append({**entry, "lfs": {"oid": sha256(content), **entry, "pointerSize": 1}})
        for folder, entries in trees.items():
            path = f"/api/datasets/{repository}/tree/{commit}/{quote(folder, safe='')}".rstrip("/")
            self.files[path] = json.dumps(entries).encode()


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        site, path = self.site, self.path.partition("?")[0]
        asked = self.headers.get("Range")
        site.asked.append((path, asked))
        site.tokens |= set(self.headers.get_all("Authorization") or ())
        if site.raw.get(path):
            self._send_raw(site.raw[path].pop(0))
        elif path in site.moved:
            self.send_response(302)
            self.send_header("Location", site.moved[path])
            self.end_headers()
        elif site.busy.get(path, 0) > 0:
            site.busy[path] -= 1
            self.send_error(503)
        elif path not in site.files:
            self.send_error(404)
        else:
            cut = self.command == "GET" and path in site.cut
            self._send(site.files[path], asked, cut=cut)
            site.cut -= {path} if cut else set()

    def _send_raw(self, answer: bytes) -> None:
        self.close_connection = True
        if not self.site.dripping:
            self.wfile.write(answer)
            return
        with suppress(ConnectionError):
            for at in range(len(answer)):
                self.wfile.write(answer[at : at + 1])
                time.sleep(0.02)

    def _send(self, content: bytes, asked: str | None, *, cut: bool) -> None:
        tag = f'"{sha256(content)}"'
        same = self.headers.get("If-Range", tag) == tag
        begin = int(asked.removeprefix("bytes=").partition("-")[0]) if asked and same else 0
        self.send_response(206 if begin else 200)
        self.send_header("ETag", tag)
        if commit := self.site.commits.get(self.path):
            self.send_header("X-Repo-Commit", commit)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(content[begin : len(content) // 2] if cut else content[begin:])
        if cut:
            self.close_connection = True

    def log_message(self, *arguments: Any) -> None:
        """Nothing on the terminal."""


@contextmanager
def serving() -> Iterator[Site]:
    """A site at `site.address` for as long as the context lasts."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": site}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
