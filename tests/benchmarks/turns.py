"""How long the Tk thread is taken at a time: each turn of its loop, and what ran in it.

A turn is one call of ``Tcl_DoOneEvent``: one event with its handlers, or all idle work that
had come together, Tk's own drawing included. What counts is the CPU of the thread, so that
other programs on the machine do not. The longest callback in a turn gives it its name.
"""

import tkinter as tk
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic, sleep, thread_time_ns
from types import CodeType, FunctionType, MethodType
from typing import Any, Final, Self

from gui.bridge import Bridge
from gui.paint.slices import Slices, Steps, Work

DONT_WAIT: Final = 2
_STILL_S: Final = 0.08
_PATIENCE_S: Final = 20.0
_PASSED_ON: Final = (
    "gui/views/timers.py", "gui/bridge.py", "gui/paint/slices.py", "tkinter/",
)  # fmt: skip
"""Modules that only call what others gave them: those give the name."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the loop."""

    ms: float
    callback_ms: float
    """What the longest callback of it took."""
    what: str
    """Where that callback is written; "Tk" if none ran."""


class Turns:
    """Turns the loop of ``root`` and measures; ``with`` it, callbacks are told apart."""

    def __init__(self) -> None:
        """Nothing is measured yet; ``root`` may be set later than ``with``."""
        self.root: tk.Misc | None = None
        self._depth = 0
        self._longest = (0, "")
        self._step = (0, "")
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        """Wrap whatever Tk calls."""
        self._wrap(tk.CallWrapper, "__call__", lambda one: one.func)
        # It is called for a file, past tkinter.
        self._wrap(Bridge, "_readable", lambda one: one._deliver)
        self._wrap_steps()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave everything as it was."""
        while self._undo:
            self._undo.pop()()

    def _wrap(self, owner: Any, name: str, of: Callable[[Any], object]) -> None:
        real = getattr(owner, name)

        def timed(one: Any, *args: Any) -> Any:
            if self._depth:
                return real(one, *args)
            self._depth += 1
            began = thread_time_ns()
            try:
                return real(one, *args)
            finally:
                spent = thread_time_ns() - began
                self._depth -= 1
                if spent > self._longest[0]:
                    self._longest = (spent, _place(of(one)))

        setattr(owner, name, timed)
        self._undo.append(lambda: setattr(owner, name, real))

    def _wrap_steps(self) -> None:
        """Of a slice, the longest step gives the name."""
        real = Slices._step

        def timed(slices: Slices, work: Work) -> bool:
            name = _step_name(work.steps)
            began = thread_time_ns()
            try:
                return real(slices, work)
            finally:
                spent = thread_time_ns() - began
                if spent > self._step[0]:
                    self._step = (spent, name)

        Slices._step = timed  # type: ignore[assignment,method-assign]
        self._undo.append(lambda: setattr(Slices, "_step", real))

    def turn(self) -> Turn | None:
        """Turn the loop once; None if there was nothing to do."""
        assert self.root is not None
        self._longest = self._step = (0, "")
        began = thread_time_ns()
        done = self.root.tk.dooneevent(DONT_WAIT)
        spent = thread_time_ns() - began
        if not done:
            return None
        longest, what = self._longest
        if self._step[0] > longest / 2:
            what = self._step[1]
        return Turn(spent / 1e6, longest / 1e6, what or "Tk")

    def until(self, condition: Callable[[], object]) -> list[Turn]:
        """Turn until something holds; return every turn."""
        found: list[Turn] = []
        deadline = monotonic() + _PATIENCE_S
        while not condition():
            if monotonic() > deadline:
                raise RuntimeError("in vain waited for the window")
            one = self.turn()
            if one is None:
                sleep(0.001)
            else:
                found.append(one)
        return found

    def rest(self, still_s: float = _STILL_S) -> list[Turn]:
        """Turn until nothing happens for a while; return every turn."""
        found: list[Turn] = []
        last = monotonic()
        deadline = last + _PATIENCE_S
        while monotonic() - last < still_s and monotonic() < deadline:
            one = self.turn()
            if one is None:
                sleep(0.001)
            else:
                found.append(one)
                if one.ms > 0.2:
                    last = monotonic()
        return found

    def act(self, work: Callable[[], object]) -> list[Turn]:
        """Do something in a turn of its own, as a key or a click would; then rest."""
        assert self.root is not None
        self.root.after(0, work)
        return self.rest()


def _place(func: object) -> str:
    """Return where a callback is written, past those that only pass a call on."""
    best = ""
    seen: set[int] = set()
    waiting = [func]
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen or len(seen) > 40:
            continue
        seen.add(id(one))
        if isinstance(one, partial):
            one = one.func
        if isinstance(one, MethodType):
            one = one.__func__
        if not isinstance(one, FunctionType):
            continue
        name = _named(one.__code__)
        if not name.startswith(_PASSED_ON):
            best = name
            if name.startswith("gui/"):
                return name
        waiting += list(_cells(one))
    return best or "Tk"


def _step_name(steps: Steps) -> str:
    """Return where the next step of a generator is written."""
    inner: Any = steps
    while getattr(inner, "gi_yieldfrom", None) is not None:
        inner = inner.gi_yieldfrom
    frame = getattr(inner, "gi_frame", None)
    if frame is None:
        return ""
    if "call" in frame.f_locals:
        return _place(frame.f_locals["call"])
    return _named(frame.f_code, frame.f_lineno)


def _cells(func: FunctionType) -> Iterator[object]:
    for cell in func.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue


def _named(code: CodeType, line: int = 0) -> str:
    path = code.co_filename
    for root in ("/gui/", "/customtkinter/", "/tkinter/", "/tests/"):
        if root in path:
            path = root[1:] + path.rsplit(root, 1)[1]
            break
    return f"{path}:{line or code.co_firstlineno} {code.co_qualname}"


@contextmanager
def measured() -> Iterator[Turns]:
    """Yield turns whose wrapping ends with the block."""
    with Turns() as one:
        yield one
