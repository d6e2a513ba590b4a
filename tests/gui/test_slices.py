"""Work in slices: in order, never more than a slice at a time, cancelled, finished at once."""

import tkinter as tk
from collections.abc import Iterator

import pytest

from gui.paint.slices import SLICE_S, Slices
from tests.gui.conftest import Stage


class Clock:
    """Time that passes only by steps that are taken."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Line:
    """Slices on a clock of ours, which write down what was done."""

    def __init__(self, stage: Stage) -> None:
        stage.open()
        self.clock = Clock()
        self.slices = Slices(stage.root, self.clock)
        self.done: list[str] = []
        self.per_slice: list[int] = []
        real = self.slices._slice

        def counted() -> None:
            before = len(self.done)
            real()
            self.per_slice.append(len(self.done) - before)

        self.slices._slice = counted  # type: ignore[method-assign]

    def steps(self, name: str, count: int, each_s: float = SLICE_S * 0.6) -> Iterator[None]:
        for number in range(count):
            self.clock.now += each_s
            self.done.append(f"{name}{number}")
            yield


@pytest.fixture
def line(stage: Stage) -> Line:
    return Line(stage)


def test_a_slice_ends_when_its_time_is_over(line: Line, stage: Stage) -> None:
    line.slices.build(line.steps("a", 6))
    stage.settle()
    assert line.done == [f"a{number}" for number in range(6)]
    assert max(line.per_slice) == 2, "the second step ends beyond the slice, and ends it"


def test_what_is_asked_for_first_is_done_first(line: Line, stage: Stage) -> None:
    line.slices.build(line.steps("a", 3))
    line.slices.soon(lambda: line.done.append("b"))
    line.slices.soon(lambda: line.steps("c", 2))
    stage.settle()
    assert line.done == ["a0", "a1", "a2", "b", "c0", "c1"]


def test_keys_and_clicks_come_between_slices(line: Line, stage: Stage) -> None:
    stage.root.bind("<<Knock>>", lambda _: line.done.append("knock"))

    def knock() -> Iterator[None]:
        for _ in range(3):
            stage.root.event_generate("<<Knock>>", when="tail")
            line.clock.now += SLICE_S
            line.done.append("step")
            yield

    line.slices.build(knock())
    stage.settle()
    assert line.done == ["step", "knock"] * 3


def test_tk_draws_when_the_line_is_empty(line: Line, stage: Stage) -> None:
    stage.root.after_idle(lambda: line.done.append("idle"))
    line.slices.build(line.steps("a", 4, SLICE_S))
    stage.settle()
    assert line.done == ["a0", "a1", "a2", "a3", "idle"]


def test_work_is_cancelled_at_any_step(line: Line, stage: Stage) -> None:
    def until_cancelled() -> Iterator[None]:
        line.done.append("first")
        yield
        line.slices.cancel(work)
        yield
        line.done.append("too late")

    work = line.slices.build(until_cancelled())
    other = line.slices.build(line.steps("b", 2))
    stage.settle()
    assert line.done == ["first", "b0", "b1"]
    assert work.done and other.done
    line.slices.cancel(other)


def test_whoever_cannot_wait_has_it_finished(line: Line) -> None:
    work = line.slices.build(line.steps("a", 9))
    line.slices.finish(work)
    assert len(line.done) == 9 and work.done
    line.slices.finish(work)
    line.slices.finish(None)
    assert len(line.done) == 9


def test_a_step_that_fails_ends_its_work_alone(line: Line, stage: Stage) -> None:
    def fails() -> Iterator[None]:
        yield
        raise ValueError("as it must be")

    work = line.slices.build(fails())
    line.slices.build(line.steps("b", 1))
    stage.settle()
    assert work.done and line.done == ["b0"]
    assert stage.failures.pop().startswith("ValueError")


def test_work_may_ask_for_more_work(line: Line, stage: Stage) -> None:
    def more() -> None:
        line.done.append("first")
        line.slices.soon(lambda: line.done.append("second"))

    line.slices.soon(more)
    stage.settle()
    assert line.done == ["first", "second"]


def test_a_line_that_is_closed_takes_nothing_more(line: Line, stage: Stage) -> None:
    before = line.slices.build(line.steps("a", 2))
    line.slices.close()
    after = line.slices.soon(lambda: line.done.append("b"))
    stage.settle()
    assert before.done and after.done and not line.done


def test_many_wishes_to_paint_are_one_and_none_once_it_is_gone(line: Line, stage: Stage) -> None:
    frame = tk.Frame(stage.root)
    for _ in range(3):
        line.slices.paint(frame, lambda: line.done.append("painted"))
    stage.settle()
    assert line.done == ["painted"]

    def slowly() -> Iterator[None]:
        line.done.append("begun")
        yield
        frame.destroy()
        yield
        line.done.append("too late")

    line.slices.paint(frame, slowly)
    stage.settle()
    line.slices.paint(frame, lambda: line.done.append("gone"))
    stage.settle()
    assert line.done == ["painted", "begun"] and not stage.failures


def test_what_is_thrown_away_goes_with_all_that_is_in_it(line: Line, stage: Stage) -> None:
    frame = tk.Frame(stage.root)
    inside = [tk.Label(tk.Frame(frame)) for _ in range(3)]
    work = line.slices.destroy(frame)
    stage.settle()
    assert work.done and not frame.winfo_exists()
    assert not any(one.winfo_exists() for one in inside)
