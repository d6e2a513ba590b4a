"""The log of a server process: that nothing forges a line, when it was, and that it stays small."""

import datetime
import logging
import re
import subprocess
import sys
from pathlib import Path

from protocol.logbook import AT_ONCE, EVERY_S, Ration

ROOT = Path(__file__).parents[2]
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def logged(*lines: str, zone: str = "UTC") -> list[str]:
    """Run a process that logs; return the lines of its stderr."""
    words = ["import logging", "from protocol.logbook import log_to_stderr", "log_to_stderr()"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*words, *lines])],
        cwd=ROOT,
        env={"TZ": zone},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stderr.splitlines()


def record(event: str, *values: object, name: str = "broker") -> logging.LogRecord:
    return logging.LogRecord(name, logging.INFO, "", 0, event, values, None)


class Clock:
    """Monotonic time that a test moves."""

    def __init__(self) -> None:
        self.ms = 1

    def __call__(self) -> int:
        return self.ms


def passed(ration: Ration, event: str, times: int) -> list[str]:
    """Log an event so often; return the messages that passed."""
    records = [record(event, number) for number in range(times)]
    return [one.getMessage() for one in records if ration.filter(one)]


def test_a_value_of_a_log_cannot_begin_a_line_of_its_own() -> None:
    (line,) = logged(
        r"logging.getLogger('broker').warning('bad error=%s', 'x\nINFO forged\x1b[2K\u2028y')"
    )
    forged = r"WARNING broker bad error=x\nINFO forged\x1b[2K\u2028y"
    assert re.fullmatch(f"{STAMP} {re.escape(forged)}", line)


def test_times_are_in_utc_wherever_the_machine_stands() -> None:
    (line,) = logged("logging.getLogger('broker').info('serving')", zone="<+09>-9")
    assert re.fullmatch(f"{STAMP} INFO broker serving", line)
    at = datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))
    assert abs((datetime.datetime.now(datetime.UTC) - at).total_seconds()) < 3_600


def test_what_nobody_caught_is_written_down_and_forges_no_line() -> None:
    for begin in ("raise ValueError", "def main(): raise ValueError"):
        lines = logged(
            f"{begin}('x\\n2026-01-01T00:00:00.000Z INFO broker serving')",
            "import threading; one = threading.Thread(target=main); one.start(); one.join()",
        )
        assert re.fullmatch(f"{STAMP} CRITICAL process unexpected", lines[0])
        assert lines[1] == "    Traceback (most recent call last):"
        assert all(line.startswith("    ") for line in lines[1:])
        assert "ValueError" in lines[-2]


def test_a_flood_of_one_event_is_cut_and_counted() -> None:
    clock = Clock()
    ration = Ration(clock)
    assert passed(ration, "forbidden no=%d", AT_ONCE) == [
        f"forbidden no={number}" for number in range(AT_ONCE)
    ]
    assert passed(ration, "forbidden no=%d", 100) == []
    clock.ms += EVERY_S * 1_000 + 1
    assert passed(ration, "forbidden no=%d", 3) == ["forbidden no=0 left_out=100"]
    clock.ms += EVERY_S * 1_000 + 1
    assert passed(ration, "forbidden no=%d", 1) == ["forbidden no=0 left_out=2"]


def test_a_flood_hides_no_other_event_and_is_over_after_a_while() -> None:
    clock = Clock()
    ration = Ration(clock)
    passed(ration, "forbidden no=%d", AT_ONCE * 10)
    assert passed(ration, "act no=%d", 2) == ["act no=0", "act no=1"]
    assert ration.filter(record("forbidden no=%d", 1, name="gateway"))
    clock.ms += AT_ONCE * EVERY_S * 1_000 + 1
    assert len(passed(ration, "forbidden no=%d", AT_ONCE * 2)) == AT_ONCE


def test_a_value_is_no_event_of_its_own_and_a_percent_sign_is_a_letter() -> None:
    clock = Clock()
    ration = Ration(clock)
    assert len([one for one in range(1_000) if ration.filter(record("bad %s", "x" * one))]) == 60
    clock.ms += EVERY_S * 1_000 + 1
    last = record("bad %s", "100%s")
    assert ration.filter(last)
    assert last.getMessage() == "bad 100%s left_out=940"


def test_what_is_remembered_of_events_is_bounded() -> None:
    ration = Ration(Clock())
    for number in range(2_500):
        passed(ration, f"event-{number} %d", AT_ONCE + 1)
    assert len(ration._levels) <= 1_000 and len(ration._left_out) <= 1_000
