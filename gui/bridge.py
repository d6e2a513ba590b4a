"""Carries happenings from other threads to the Tk thread, in order, without ever blocking them.

A queue, and on POSIX one byte on a socket pair that wakes Tk at once; on
Windows, where Tk cannot watch a socket, a poll every 20 ms. At most
``BATCH`` of them are handled before Tk gets its turn again, so that a flood
never freezes the window.
"""

import logging
import socket
import sys
import threading
import tkinter as tk
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from gui.ownership import in_tk_thread
from protocol.client.happenings import Happening

log = logging.getLogger(__name__)

BATCH = 128
"""Happenings of one turn: some 3 ms of work."""
POLL_MS = 20

Call = Callable[[], None]


class Bridge:
    """Made, drained and closed in the Tk thread; ``post`` and ``call`` from any thread."""

    def __init__(self, root: tk.Misc, deliver: Callable[[Sequence[Happening]], None]) -> None:
        """``deliver`` gets each turn's happenings, in the Tk thread."""
        self._root = root
        self._deliver = deliver
        self._queue: SimpleQueue[Happening | Call] = SimpleQueue()
        self._lock = threading.Lock()
        self._woken = False
        self._closed = False
        self._after = ""
        self._near: socket.socket | None = None
        self._far: socket.socket | None = None
        if sys.platform == "win32":
            self._after = root.after(POLL_MS, self._poll)
        else:
            self._near, self._far = socket.socketpair()
            self._near.setblocking(False)
            self._far.setblocking(False)
            root.tk.createfilehandler(self._near, tk.READABLE, self._readable)

    def post(self, happening: Happening) -> None:
        """Queue a happening; any thread; never blocks."""
        self._queue.put(happening)
        self._wake()

    def call(self, work: Call) -> None:
        """Have ``work`` run in the Tk thread, after what was posted before; any thread."""
        self._queue.put(work)
        self._wake()

    def call_from_signal(self, work: Call) -> None:
        """Have ``work`` run in the Tk thread soon; for signal handlers, takes no lock."""
        self._queue.put(work)

    @property
    def wake_fd(self) -> int:
        """A descriptor for ``signal.set_wakeup_fd``, or -1 where the bridge polls anyway."""
        return self._far.fileno() if self._far is not None else -1

    def close(self) -> None:
        """Stop listening. Must come before the root is destroyed."""
        assert in_tk_thread()
        with self._lock:
            self._closed = True
            near, far = self._near, self._far
            self._near = self._far = None
        if self._after:
            self._root.after_cancel(self._after)
            self._after = ""
        if near is not None and far is not None:
            self._root.tk.deletefilehandler(near)
            near.close()
            far.close()

    def _wake(self) -> None:
        with self._lock:
            if self._woken or self._far is None:
                return
            self._woken = True
            # One byte at most is on its way, so the socket's buffer is never full.
            self._far.send(b"!")

    def _readable(self, _file: object, _mask: int) -> None:
        if self._near is None:
            return
        self._near.recv(64)
        with self._lock:
            self._woken = False
        self._drain()

    def _poll(self) -> None:
        self._after = self._root.after(POLL_MS, self._poll)
        self._drain()

    def _drain(self) -> None:
        assert in_tk_thread(), "the bridge is drained in the Tk thread"
        batch: list[Happening] = []
        try:
            for _ in range(BATCH):
                try:
                    one = self._queue.get_nowait()
                except Empty:
                    break
                if callable(one):
                    if batch:
                        ready, batch = batch, []
                        self._deliver(ready)
                    one()
                else:
                    batch.append(one)
            if batch:
                self._deliver(batch)
        finally:
            if not self._closed and not self._queue.empty():
                self._wake()
