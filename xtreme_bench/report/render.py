"""Turn data into one self-contained HTML file by a template of `templates/`, which all pages share."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_FOLDER = Path(__file__).with_name("templates")


def render(template: str, **values: Any) -> str:
    """A page. Every value is escaped; half surrogate pairs, which JSON may hold, become `?`."""
    script = _read("page.js")
    # The one script that may run is this one: the policy of the page holds its hash.
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = _templates().get_template(template).render(
        style=_read("page.css"), script=script, script_hash=f"sha256-{allowed}", **values
    )  # fmt: skip
    return page.encode("utf-8", "replace").decode("utf-8")


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
