"""Turn data into one self-contained HTML file by a template of `templates/`, which all pages share."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_FOLDER = Path(__file__).with_name("templates")


def render(template: str, more: Path | None = None, **values: Any) -> str:
    """A page. Every value is escaped; half surrogate pairs, which JSON may hold, become `?`.

    `more`: a folder with templates of another package, and `more.css`, which follows the shared style.
    """
    script = _read(_FOLDER / "page.js")
    style = _read(_FOLDER / "page.css") + (_read(more / "more.css") if more else "")
    # The one script that may run is this one: the policy of the page holds its hash.
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = _templates(more).get_template(template).render(
        style=style, script=script, script_hash=f"sha256-{allowed}", **values
    )  # fmt: skip
    return page.encode("utf-8", "replace").decode("utf-8")


@cache
def _templates(more: Path | None) -> Environment:
    return Environment(
        loader=FileSystemLoader([*([more] if more else []), _FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
