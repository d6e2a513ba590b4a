"""How far a long work is: on a terminal one line moves and goes, in a log lines are rare."""

import io
import signal
import time

import pytest

from broker.upkeep.progress import Progress, stoppable


class Screen(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def screen(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> Screen:
    one = Screen(terminal)
    monkeypatch.setattr("sys.stderr", one)
    return one


def test_on_a_terminal_one_line_moves_and_goes(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    shown = screen(monkeypatch, True)
    with Progress("copying", 200) as one:
        one.add(50)
        assert shown.getvalue() == "", "what is quick says nothing"
        clock[0] += 1
        one.add(50)
        assert shown.getvalue() == "\rcopying 50 %"
        one.add(50)
        assert shown.getvalue() == "\rcopying 50 %", "not more often than one can read"
        clock[0] += 1
        one.reach(20)
        assert shown.getvalue().endswith("\rcopying 10 %")
    assert shown.getvalue().endswith("\r" + " " * 12 + "\r")


def test_in_a_log_it_says_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    shown = screen(monkeypatch, False)
    with Progress("checking", 0) as one:
        for _ in range(25):
            clock[0] += 1
            one.show()
    assert shown.getvalue() == "checking …\n" * 2


def test_a_terminal_that_is_gone_is_no_reason_to_end(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    shown = screen(monkeypatch, True)

    def gone(_: str) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shown, "write", gone)
    with Progress("copying", 2) as one:
        clock[0] += 1
        one.add(1)


def test_a_request_to_end_is_like_ctrl_c() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), stoppable():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
