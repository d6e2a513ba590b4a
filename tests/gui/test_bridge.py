"""The bridge: order from many threads, turns of a bounded length, no Tk from elsewhere."""

import logging
import threading
from collections.abc import Sequence

import pytest

from gui.bridge import BATCH
from protocol.client.happenings import Failed, Happening
from tests.gui.conftest import Bench


def test_order_is_kept_and_a_flood_comes_in_turns(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = bench.open()
    turns: list[list[Happening]] = []

    def deliver(happenings: Sequence[Happening]) -> None:
        turns.append(list(happenings))

    monkeypatch.setattr(window.bridge, "_deliver", deliver)
    count = 5 * BATCH

    def flood(thread: int) -> None:
        for number in range(count):
            window.bridge.post(Failed(thread, number, ""))

    threads = [threading.Thread(target=flood, args=(at,)) for at in (1, 2)]
    for one in threads:
        one.start()
    bench.wait(lambda: sum(map(len, turns)) == 2 * count, "all happenings")
    for one in threads:
        one.join()
    for thread in (1, 2):
        got = [
            x.code for turn in turns for x in turn if isinstance(x, Failed) and x.request == thread
        ]
        assert got == list(range(count))
    assert max(map(len, turns)) <= BATCH


def test_work_comes_after_what_was_posted_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = bench.open()
    seen: list[object] = []
    monkeypatch.setattr(window.bridge, "_deliver", lambda got: seen.extend(got))
    first = Failed(1, 0, "")
    window.bridge.post(first)
    window.bridge.call(lambda: seen.append("work"))
    window.bridge.post(Failed(2, 0, ""))
    bench.wait(lambda: len(seen) == 3, "three things")
    assert seen == [first, "work", Failed(2, 0, "")]


def test_other_threads_may_not_touch_the_window(bench: Bench) -> None:
    window = bench.open()
    bench.enter()
    session = window.session
    assert session is not None
    caught: list[BaseException] = []

    def touch() -> None:
        try:
            session.controller.apply([])
        except AssertionError as error:
            caught.append(error)

    thread = threading.Thread(target=touch)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_an_error_in_a_callback_is_logged_and_shown(
    bench: Bench, logged_errors: list[logging.LogRecord]
) -> None:
    window = bench.open()
    bench.enter()

    def fail() -> None:
        raise RuntimeError("no")

    window.root.after_idle(fail)
    bench.settle()
    assert window.failures == ["RuntimeError"]
    assert window.screen is not None and "RuntimeError" in bench.main.talk.toast.text
    (record,) = logged_errors
    assert record.exc_info is not None
    window.failures.clear()
    logged_errors.clear()


def test_work_after_closing_is_let_go(bench: Bench) -> None:
    window = bench.open()
    bench.enter()
    window.close()
    window.bridge.post(Failed(1, 0, ""))
    assert bench.client.stopped and bench.profile.closed
