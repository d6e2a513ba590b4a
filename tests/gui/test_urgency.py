"""The hint to the window manager that the window wants attention."""

import tkinter as tk

from gui.desktop import urgency
from gui.desktop.urgency import set_urgent
from tests.gui.conftest import Stage


def is_urgent(root: tk.Tk) -> bool:
    x11 = urgency._x11()
    display = x11.XOpenDisplay(None)
    try:
        found = x11.XGetWMHints(display, urgency._wrapper(x11, display, root.winfo_id()))
        assert found
        return bool(found.contents.flags & urgency._URGENT)
    finally:
        x11.XCloseDisplay(display)


def test_the_window_asks_for_attention_and_stops(stage: Stage) -> None:
    stage.open()
    assert not is_urgent(stage.root)
    assert set_urgent(stage.root)
    stage.settle()
    assert is_urgent(stage.root)
    assert set_urgent(stage.root), "twice is once"
    assert set_urgent(stage.root, False)
    assert not is_urgent(stage.root)


def test_a_window_that_is_not_shown_asks_for_nothing(stage: Stage) -> None:
    stage.open()
    stage.root.withdraw()
    stage.settle()
    assert not set_urgent(stage.root)
