"""Writes one archive, in a worker thread: all of it under its name in the end, or nothing.

First what is missing of the history is gathered, then counted, then pictures and files are
fetched; then a file beside the target, NAME.part, is written, counted again and renamed.
Whatever goes wrong, and Cancel, leaves no file and the old one untouched.
"""

import contextlib
import errno
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event as Flag
from typing import IO, Final, TypeVar

from gui.archive import lines, page, plain, statement
from gui.archive.blobs import Blobs, Fetch
from gui.archive.survey import Format, Order, Source, Survey, source_of, survey, wants_more
from gui.words.i18n import Words
from protocol.client.library import Interrupted, Library
from protocol.errors import SetupError

log = logging.getLogger(__name__)

Gather = Callable[[Callable[[int, int], None]], str]
"""Fetches the whole history; it is given what hears (low, high); returns "" or why it failed."""
Progress = Callable[[int, int, str], None]
"""(done, total, what): what is gather, count, fetch or write."""
T = TypeVar("T")

PAUSE_S: Final = 0.002
"""After each page of events: Tk lets go of Python's lock at every call, and would get it back
only after five milliseconds while another thread works without a pause."""
_WRITERS: Final = {Format.PAGE: page.write, Format.LINES: lines.write, Format.PLAIN: plain.write}
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED: Final = (errno.EACCES, errno.EPERM, errno.EROFS)


class CancelledError(Exception):
    """The archive is not wanted any more."""


class _StopError(Exception):
    """It cannot be written; the text is one line for people."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended."""

    path: Path | None
    """Where the archive is; None: there is none."""
    problem: str = ""
    """Why there is none, one line; empty if somebody cancelled."""
    lines: tuple[str, ...] = ()
    """What is in it and what is missing: sentences for people."""
    whole: bool = False
    """Nothing is missing."""


class Job:
    """One archive. ``run`` in a worker thread; ``cancel`` and ``answered`` from any."""

    def __init__(
        self, order: Order, library: Path, tr: Words, fetch: Fetch,
        gather: Gather | None, offline: str, progress: Progress,
    ) -> None:  # fmt: skip
        """``library`` is the client's file; ``gather`` None: not now, ``offline`` says why.

        ``fetch`` and ``gather`` may use :meth:`wait`. ``progress`` is called in the worker thread.
        """
        self._order = order
        self._path = library
        self._tr = tr
        self._fetch = fetch
        self._gather = gather
        self._offline = offline
        self._progress = progress
        self._cancelled = Flag()
        self._queue: SimpleQueue[object] | None = None

    def cancel(self) -> None:
        """End it soon; nothing is left behind."""
        self._cancelled.set()
        queue = self._queue
        if queue is not None:
            queue.put(None)

    def wait(
        self, start: Callable[[Callable[[T], None]], None], patience_s: float | None = None
    ) -> T:
        """Start something elsewhere and return the answer; raise :class:`CancelledError`.

        ``start`` is given what to call with the answer, from any thread. With ``patience_s``
        ``TimeoutError`` is raised if none comes in that time.
        """
        queue: SimpleQueue[T | None] = SimpleQueue()
        self._queue = queue  # type: ignore[assignment]
        self._check()
        start(queue.put)
        try:
            got = queue.get(timeout=patience_s)
        except Empty:
            raise TimeoutError from None
        finally:
            self._queue = None
        self._check()
        assert got is not None
        return got

    def run(self) -> Outcome:
        """Do it all; errors of the disk and of the file are told, others are raised."""
        tr = self._tr
        try:
            library = Library(self._path)
        except SetupError as error:
            return Outcome(None, str(error))
        try:
            return self._run(library)
        except (CancelledError, Interrupted):
            return Outcome(None)
        except (_StopError, SetupError) as error:
            return Outcome(None, str(error))
        except OSError as error:
            log.warning("event=archive_failed error=%s", errno.errorcode.get(error.errno or 0))
            if error.errno in _FULL:
                return Outcome(None, tr("archive.disk_full"))
            if error.errno in _DENIED:
                return Outcome(None, tr("archive.not_allowed"))
            return Outcome(None, tr("archive.cannot_write", why=error.strerror or ""))
        finally:
            library.close()

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise CancelledError

    def _step(self, what: str, total: int) -> Callable[[int], None]:
        done = 0

        def step(count: int) -> None:
            nonlocal done
            self._check()
            done += count
            self._progress(min(done, total), total, what)
            if count:
                time.sleep(PAUSE_S)

        step(0)
        return step

    def _run(self, library: Library) -> Outcome:
        source, found = self._look(library)
        if not found.messages and not found.events:
            raise _StopError(self._tr("archive.nothing"))
        blobs = self._fetch_blobs(found)
        self._write(source, found, blobs)
        said = [statement.count(self._tr, found), *statement.missing(self._tr, found)]
        if self._order.format is not Format.PLAIN and self._order.pictures:
            said += statement.blobs(self._tr, blobs.there, len(blobs.missing))
        whole = not found.holes and not blobs.missing
        return Outcome(self._order.target, "", tuple(said), whole)

    def _look(self, library: Library) -> tuple[Source, Survey]:
        order, tr = self._order, self._tr
        info = library.room(order.room)
        if info is None:
            raise _StopError(tr("archive.no_room"))
        why, short = "", wants_more(library, info, order)
        if short:
            why = self._gathered(info.head)
            info = library.room(order.room)
            if info is None:
                raise _StopError(tr("archive.no_room"))
            short = wants_more(library, info, order)
        source = source_of(library, info, order)
        total = library.count(order.room, source.first - 1, source.last)
        return source, survey(source, order, short, why, self._step("count", total))

    def _gathered(self, head: int) -> str:
        """Have the history fetched; return why it is not whole, or an empty string."""
        if self._gather is None:
            return self._offline

        def heard(low: int, high: int) -> None:
            self._progress(max(0, high - max(0, low)), head, "gather")

        heard(0, 0)
        why = self._gather(heard)
        self._check()
        return why

    def _fetch_blobs(self, found: Survey) -> Blobs:
        blobs = Blobs(self._fetch)
        if self._order.pictures and self._order.format is not Format.PLAIN:
            step = self._step("fetch", len(found.blobs))
            for sha256, size in found.blobs.items():
                blobs.gather(sha256, size)
                step(1)
        return blobs

    def _write(self, source: Source, found: Survey, blobs: Blobs) -> None:
        target = self._order.target
        part = target.with_name(f"{target.name}.part")
        part.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        handle = os.open(part, flags, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                self._fill(file, source, found, blobs)
                file.flush()
                os.fsync(file.fileno())
            self._check()
            os.replace(part, target)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise

    def _fill(self, file: IO[bytes], source: Source, found: Survey, blobs: Blobs) -> None:
        step = self._step("write", found.events)
        write = _WRITERS[self._order.format]
        written = write(file, self._order, found, source, blobs, self._tr, step)
        if written != found.events:
            raise _StopError(self._tr("archive.changed"))
