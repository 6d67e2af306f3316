"""Problems and errors. An error says what is wrong, where, and what to do next; its class decides the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xtreme_bench.wording import one_line, shown


@dataclass(frozen=True, order=True)
class Problem:
    """One fault of an input: where it is and what is wrong. Checks return lists of these and never print.

    Its text is always one line, for any input.

    `line` counts from 1. `task` and `language` are XTREME's names; `example` is the id of a record.
    """

    message: str
    file: str | None = None
    line: int | None = None
    task: str | None = None
    language: str | None = None
    example: str | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}"
        named = " ".join(
            part for part in (self.task, self.language, f"id {self.example}" if self.example else None) if part
        )
        return one_line(": ".join(part for part in (place, named, self.message) if part))


def first(problems: Sequence[Problem], most: int = 20) -> list[Problem]:
    """The first problems of a long list, and one more that counts the rest."""
    more = [Problem(f"and {len(problems) - most:,} more, not listed")] if len(problems) > most else []
    return [*problems[:most], *more]


class XtremeBenchError(Exception):
    """Base of all errors that users may see; `exit_code` is the exit code of the command."""

    exit_code = 3

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([shown(super().__str__()), *(f"  {problem}" for problem in self.problems)])


class CheckFailed(XtremeBenchError):
    """A check, a verification or an `expect` value failed."""

    exit_code = 1


class InputError(XtremeBenchError):
    """The user's input is wrong: a recipe, a path, a data file, an option."""

    exit_code = 2


class StageError(XtremeBenchError):
    """A stage could not run or finish, for a reason that is not in the recipe."""

    exit_code = 3
