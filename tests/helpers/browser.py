"""A real Chromium without a window, steered through a pair of pipes: opens a page, asks it things, takes pictures."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Without a network, and as root in containers.
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip


class Browser:
    """One tab. `say` sends a command of the DevTools protocol and returns its result."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive, self._left, self._number = send, receive, b"", 0
        self.console: list[str] = []
        target = self.say("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.say("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.say(f"{domain}.enable")

    _session: str | None = None

    def say(self, method: str, **params: Any) -> Any:
        """Send a command and wait for its answer; messages of the page's console are kept meanwhile."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                self.console.append(json.dumps(answer["params"])[:400])
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            found = os.read(self._receive, 1 << 16)
            assert found, "Chromium has ended"
            self._left += found
        message, _, self._left = self._left.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed

    def open(self, file: Path, width: int, *, dark: bool) -> None:
        """Load a page at a width, in light or dark colours."""
        self.say("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.say("Emulation.setEmulatedMedia", features=[scheme])
        self.say("Page.navigate", url=file.as_uri())
        self.ask("new Promise(done => document.readyState === 'complete' ? done(1) : addEventListener('load', done))")

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page, promises awaited."""
        found = self.say("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def picture(self, file: Path) -> Path:
        """The whole page as a PNG."""
        shot = self.say("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))
        return file


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A Chromium with an empty profile, ended afterwards."""
    assert CHROMIUM is not None
    (to_read, send), (receive, to_write) = _pipe(), _pipe()
    # Chromium reads from descriptor 3 and writes to 4; the shell gives the pipes these numbers.
    redirect = ["bash", "-c", f'exec "$@" 3<&{to_read} 4>&{to_write}', "bash"]
    command = [*redirect, CHROMIUM, *_OPTIONS, f"--user-data-dir={profile}"]
    with (profile.parent / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, pass_fds=(to_read, to_write), stdout=log, stderr=log)
    os.close(to_read)
    os.close(to_write)
    try:
        yield Browser(send, receive)
    finally:
        process.kill()
        process.wait()
        os.close(send)
        os.close(receive)


def _pipe() -> tuple[int, int]:
    """A pipe whose ends have numbers that no shell uses itself."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]
