"""Try a tokenizer file in a process of its own first: the tokenizers library ends its process at some files."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from xtreme_bench.errors import InputError

SECONDS = 120
PROGRAM = """
import resource, sys
from tokenizers import Tokenizer
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
tokenizer = Tokenizer.from_file(sys.argv[1])
tokenizer.no_truncation()
tokenizer.no_padding()
texts = ["", "A word, 7 \\u4e2d\\u6587 \\u0e44\\u0e17\\u0e22 e\\u0301 \\ufdfa \\U0001f600 \\ue000"]
tokenizer.encode_batch(texts)
tokenizer.encode_batch_fast(texts, add_special_tokens=False)
tokenizer.encode(*texts)
print(type(tokenizer.model).__name__)
"""
# The kinds of those that went well in this process, by the program and the sha256 of the file.
_GOOD: dict[tuple[str, str], str] = {}


def try_tokenizer(file: Path) -> str | None:
    """Load a tokenizer and use it, once for each content; the kind of its model, such as "Unigram".

    Raises InputError when that fails, however it ends; no file is no fault, and has no kind.
    """
    if not file.exists():
        return None
    tried = PROGRAM, hashlib.sha256(file.read_bytes()).hexdigest()
    if tried in _GOOD:
        return _GOOD[tried]
    command = [sys.executable, "-I", "-c", PROGRAM, str(file)]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise InputError(f"{file}: the tokenizers library did not finish with it in {SECONDS} s") from None
    if ended.returncode:
        how = f"ends with signal {-ended.returncode}" if ended.returncode < 0 else "fails"
        said = _reason(ended.stderr.decode(errors="replace").strip().splitlines())
        raise InputError(f"{file}: the tokenizers library {how} at it: {said[:200]!a}")
    _GOOD[tried] = ended.stdout.decode(errors="replace").strip()
    return _GOOD[tried]


def _reason(lines: list[str]) -> str:
    """The line that says why: after the place of a panic, at the end of a traceback, else the first."""
    panics = [after for line, after in pairwise(lines) if " panicked at " in line]
    at_end = bool(lines) and lines[0].startswith("Traceback")
    return (panics or lines[-1 if at_end else 0 :] or ["no message"])[0]
