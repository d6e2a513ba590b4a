"""Asks for attention where no notification can: the window's entry in the task bar flashes.

By the hint of X11 window managers, or by Windows; elsewhere nothing happens. Belongs to
the Tk thread.
"""

import ctypes
import logging
import sys
import tkinter as tk
from ctypes import byref, c_int, c_long, c_uint, c_ulong, c_void_p
from typing import Any, Final

log = logging.getLogger(__name__)

_URGENT: Final = 256
"""XUrgencyHint: for the window manager, which takes it away when the window gets the focus."""
_FLASH_UNTIL_FRONT: Final = 2 | 12
"""FLASHW_TRAY and FLASHW_TIMERNOFG."""


class _Hints(ctypes.Structure):
    """XWMHints; only the flags are of interest."""

    _fields_ = (
        ("flags", c_long), ("input", c_int), ("state", c_int), ("pixmap", c_ulong),
        ("window", c_ulong), ("x", c_int), ("y", c_int), ("mask", c_ulong), ("group", c_ulong),
    )  # fmt: skip


class _Flash(ctypes.Structure):
    """FLASHWINFO of Windows."""

    _fields_ = (
        ("size", c_uint), ("window", c_void_p), ("flags", c_uint), ("count", c_uint),
        ("timeout", c_uint),
    )  # fmt: skip


def set_urgent(root: tk.Tk, urgent: bool = True) -> bool:
    """Have the window ask for attention, or no longer; return whether the system was told."""
    if not root.winfo_ismapped() and root.state() != "iconic":
        return False
    try:
        if sys.platform == "win32":
            return _flash(root, urgent)
        if str(root.tk.call("tk", "windowingsystem")) == "x11":
            return _hint(root, urgent)
    except (OSError, AttributeError) as error:
        log.info("event=no_urgency reason=%s", type(error).__name__)
    return False


def _flash(root: tk.Tk, urgent: bool) -> bool:
    flags = _FLASH_UNTIL_FRONT if urgent else 0
    info = _Flash(ctypes.sizeof(_Flash), int(root.frame(), 16), flags, 0, 0)
    ctypes.windll.user32.FlashWindowEx(byref(info))  # type: ignore[attr-defined,unused-ignore]
    return True


def _hint(root: tk.Tk, urgent: bool) -> bool:
    x11 = _x11()
    display = x11.XOpenDisplay(None)
    if not display:
        return False
    try:
        window = _wrapper(x11, display, root.winfo_id())
        found = x11.XGetWMHints(display, window) if window else None
        if not found:
            return False
        flags = found.contents.flags
        found.contents.flags = flags | _URGENT if urgent else flags & ~_URGENT
        # The same again, too: the window manager has dropped it since, and takes it anew.
        x11.XSetWMHints(display, window, found)
        x11.XFree(found)
        return True
    finally:
        x11.XCloseDisplay(display)


def _wrapper(x11: Any, display: int, window: int) -> int:
    """Return the window that Tk shows to the window manager: the one around its own."""
    top, parent, count = c_ulong(), c_ulong(), c_uint()
    children = c_void_p()
    told = x11.XQueryTree(display, window, byref(top), byref(parent), byref(children), byref(count))
    if not told:
        return 0
    if children:
        x11.XFree(children)
    return parent.value


def _x11() -> Any:
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = c_void_p
    x11.XGetWMHints.restype = ctypes.POINTER(_Hints)
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x11.XGetWMHints.argtypes = [c_void_p, c_ulong]
    x11.XSetWMHints.argtypes = [c_void_p, c_ulong, ctypes.POINTER(_Hints)]
    x11.XCloseDisplay.argtypes = [c_void_p]
    x11.XFree.argtypes = [c_void_p]
    x11.XQueryTree.argtypes = [c_void_p, c_ulong, c_void_p, c_void_p, c_void_p, c_void_p]
    return x11
