"""What was written before, step by step: for fields that Tk's own undo does not serve.

Pure. Keys typed one after another are one step until a new word begins; so are
characters erased one after another. Everything else is a step of its own.
"""

from dataclasses import dataclass
from typing import Final

STEPS_MAX: Final = 200
RUN_MAX: Final = 16
"""Characters that come at once and still count as typed; more were pasted."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A text and where its cursor stood, in characters."""

    text: str
    cursor: int


class History:
    """The moments of one field; the current one is among them."""

    def __init__(self) -> None:
        """Start with an empty text."""
        self._past: list[Moment] = [Moment("", 0)]
        self._future: list[Moment] = []
        self._kind = ""

    def reset(self, text: str) -> None:
        """Forget everything: another text is in the field."""
        self._past = [Moment(text, len(text))]
        self._future = []
        self._kind = ""

    def note(self, text: str, cursor: int) -> None:
        """Take in what the field holds now."""
        last = self._past[-1]
        now = Moment(text, cursor)
        if text == last.text:
            if cursor != last.cursor:
                self._past[-1] = now
                self._kind = ""
            return
        kind = _kind(last, now)
        self._future.clear()
        if kind and kind == self._kind:
            self._past[-1] = now
        else:
            self._past.append(now)
            del self._past[: -STEPS_MAX - 1]
        # A space ends a word: what follows it begins another step.
        self._kind = "" if kind == "typed" and text[cursor - 1].isspace() else kind

    def stop(self) -> None:
        """What comes next is a step of its own."""
        self._kind = ""

    def undo(self) -> Moment | None:
        """Return what was before, or None."""
        if len(self._past) < 2:
            return None
        self._future.append(self._past.pop())
        self._kind = ""
        return self._past[-1]

    def redo(self) -> Moment | None:
        """Return what was undone, or None."""
        if not self._future:
            return None
        self._past.append(self._future.pop())
        self._kind = ""
        return self._past[-1]


def _kind(last: Moment, now: Moment) -> str:
    more = len(now.text) - len(last.text)
    if not 0 < abs(more) <= RUN_MAX:
        return ""
    if more > 0:
        start, end = last.cursor, last.cursor + more
        typed = now.cursor == end and now.text[:start] + now.text[end:] == last.text
        return "typed" if typed and "\n" not in now.text[start:end] else ""
    at = now.cursor
    return "erased" if last.text[:at] + last.text[at - more :] == now.text else ""
