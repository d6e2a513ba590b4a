"""Searches the client's file in a thread of its own; only the last question gets an answer.

A question that comes while another one runs interrupts it, so that typing never waits for
what was typed before. What a row of the results shows is made here too, away from Tk.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread

from gui.text.textlayout import clean
from protocol.client.folding import spans
from protocol.client.happenings import Message
from protocol.client.library import Cursor, Hit, Interrupted, Library
from protocol.codes import EventKind
from protocol.errors import SetupError
from protocol.items import SAID

log = logging.getLogger(__name__)

PAGE = 50
ALL_KINDS = "all"
KINDS: dict[str, tuple[int, ...]] = {
    ALL_KINDS: tuple(SAID),
    "texts": (EventKind.TEXT,),
    "pictures": (EventKind.IMAGE,),
    "files": (EventKind.FILE,),
}
"""What a search can be narrowed to → the kinds of events."""
_BEFORE_CHARS = 24
_SNIPPET_CHARS = 160


@dataclass(frozen=True, slots=True)
class Question:
    """What to look for, in one room or (None) in all."""

    query: str
    room: bytes | None
    before: Cursor | None = None
    """Where an earlier answer to the same question has ended."""
    person: bytes | None = None
    """Who has said it; None: anybody."""
    kind: str = ALL_KINDS
    """One of ``KINDS``. With a person or a kind the query may be empty."""


@dataclass(frozen=True, slots=True)
class Result:
    """A hit as a row shows it."""

    message: Message
    snippet: str
    spans: tuple[tuple[int, int], ...]
    """The (start, end) of what was found in the snippet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, the newest first."""

    results: tuple[Result, ...]
    before: Cursor | None
    """Where to go on; None: that was all."""
    whole: bool = True
    """The history that was searched goes back to the first message and on to the last one."""
    oldest_ms: int = 0
    """The time of the oldest message that is held of the room that was searched; 0: of all."""
    problem: str = ""


class Searcher:
    """Made in the Tk thread; ``answer`` is called by way of ``call``."""

    def __init__(self, path: Path, call: Callable[[Callable[[], None]], None]) -> None:
        """``path`` is the client's file; ``call`` brings work into the Tk thread."""
        self._path = path
        self._call = call
        self._changed = Condition()
        self._next: tuple[Question, Callable[[Answer], None], int] | None = None
        self._number = 0
        self._running: Library | None = None
        self._closed = False
        self._thread: Thread | None = None

    def ask(self, question: Question, answer: Callable[[Answer], None]) -> None:
        """Search; earlier questions get no answer any more."""
        with self._changed:
            self._number += 1
            self._next = (question, answer, self._number)
            if self._running is not None:
                self._running.interrupt()
            self._changed.notify()
        if self._thread is None:
            self._thread = Thread(target=self._work, name="search", daemon=True)
            self._thread.start()

    def drop(self) -> None:
        """Answer nothing that was asked until now."""
        with self._changed:
            self._number += 1
            self._next = None
            if self._running is not None:
                self._running.interrupt()

    def close(self) -> None:
        """End the thread."""
        self.drop()
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(5)
            self._thread = None

    def _work(self) -> None:
        library: Library | None = None
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._next is not None)
                    if self._closed or self._next is None:
                        return
                    question, answer, number = self._next
                    self._next = None
                try:
                    if library is None:
                        library = Library(self._path)
                    with self._changed:
                        if number != self._number:
                            continue
                        self._running = library
                    found = look_up(library, question)
                except Interrupted:
                    continue
                except SetupError as error:
                    found = Answer((), None, problem=str(error))
                finally:
                    with self._changed:
                        self._running = None
                self._call(lambda a=answer, f=found, n=number: self._tell(a, f, n))  # type: ignore[misc]
        finally:
            if library is not None:
                library.close()

    def _tell(self, answer: Callable[[Answer], None], found: Answer, number: int) -> None:
        if number == self._number:
            answer(found)


def look_up(library: Library, question: Question) -> Answer:
    """Answer a question, in the thread that uses the library."""
    # Words are found in nothing else; of what somebody did, notices and changes are kept out.
    worded = bool(question.query.strip()) or question.person is None
    every = question.kind == ALL_KINDS and worded
    found = library.search(
        question.query, question.room, PAGE, question.before, question.person,
        () if every else KINDS[question.kind],
    )  # fmt: skip
    results = tuple(_result(hit, question.query) for hit in found.hits)
    if question.room is None:
        whole = all(one.low <= 0 and one.high >= one.head for one in library.rooms())
        return Answer(results, found.before, whole)
    low, high, head = library.bounds(question.room)
    oldest = library.events(question.room, low, high + 1, 1)
    whole = low <= 0 and high >= head
    return Answer(results, found.before, whole, oldest[0].ts if oldest else 0)


def _result(hit: Hit, query: str) -> Result:
    """Cut a hit to one line with its first find near the beginning."""
    first = hit.spans[0][0] if hit.spans else 0
    start = max(0, first - _BEFORE_CHARS)
    if start:
        # At the beginning of a word, where there is one.
        space = hit.text.find(" ", start, first)
        start = space + 1 if space >= 0 else start
    piece = hit.text[start : start + _SNIPPET_CHARS]
    words = " ".join(clean(piece).split())
    snippet = f"…{words}" if start else words
    if start + _SNIPPET_CHARS < len(hit.text):
        snippet += "…"
    return Result(hit.message, snippet, tuple(spans(snippet, query)))
