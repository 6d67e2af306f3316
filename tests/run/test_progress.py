"""What a person sees while stages run: bars on a terminal, plain lines elsewhere."""

import io

import pytest

from xtreme_bench.run import progress
from xtreme_bench.run.progress import Display, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")]
)
def test_durations_read_as_a_person_says_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_log_gets_plain_lines_with_numbers_loss_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)
    log = io.StringIO()
    display = Display(12, log)
    display.skipped("corpora")
    display.started("train")
    display.progressed("train", 10, 100, "loss 2.5")
    display.progressed("train", 50, 100, "loss 1.5")
    display.finished("train", 61, "dev 80.1")
    lines = log.getvalue().splitlines()
    assert lines[0] == "[ 1/12] corpora: already in the store"
    assert lines[2] == "  train: 10 %, loss 2.5"
    assert lines[3].startswith("  train: 50 %, loss 1.5, ")
    assert lines[3].endswith(" left")
    assert lines[-1] == "[ 2/12] train: done in 1 min 01 s, dev 80.1"


def test_a_terminal_gets_a_bar_with_loss_and_it_is_gone_when_the_stage_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    terminal = Terminal()
    display = Display(1, terminal)
    display.started("train")
    display.progressed("train", 50, 100, "loss 1.5")
    bar = terminal.getvalue().split("\r")[-1]
    assert "train  50% |" in bar
    assert bar.rstrip().endswith("| loss 1.5")
    display.finished("train", 2)
    assert terminal.getvalue().rstrip().endswith("[1/1] train: done in 2 s")


@pytest.mark.parametrize(
    ("seconds", "done", "rest", "text"),
    [
        (9.0, 1, 999, ""),  # one slow step at the beginning
        (60.0, 4, 996, ""),
        (9.9, 50, 950, ""),
        (10.0, 5, 995, "33 min 10 s left"),
        (1.0, 10, 90, "9 s left"),
        (0.1, 1, 1, "0 s left"),
        (20.0, 100, 0, ""),
        (20.0, 0, 100, ""),
    ],
)
def test_the_first_estimate_of_the_time_left_waits_until_enough_is_done(
    seconds: float, done: int, rest: int, text: str
) -> None:
    assert progress.time_left(seconds, done, rest) == text
