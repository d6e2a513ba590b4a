"""Text made harmless for a terminal or a log: what others wrote is shown and never obeyed.

A terminal obeys control characters (C0, DEL, C1 and what ESC begins: colours, titles, the
clipboard, links) and the signs that turn the direction of a line around; a log ends its
line at a line break. Nothing of that passes here. Pure.
"""

import json
import logging
import time
import unicodedata
from typing import Any, Final

from protocol.names import MARKS_MAX

REPLACED: Final = "\ufffd"
"""Stands for a character that was taken out."""
_JOINERS: Final = "\u200c\u200d"
"""Persian, Hindi and emoji are written with them; alone they do nothing."""
_TAB: Final = "    "


def harmless(text: str) -> str:
    """Return a text that a terminal only shows; its line breaks stay.

    A carriage return is no line break: it would let a text paint over its own line.
    """
    if text.isprintable():
        return _thinned(text)
    parts = []
    for one in text.replace("\r\n", "\n"):
        if one == "\n" or one.isprintable() or one in _JOINERS:
            parts.append(one)
        elif one == "\t":
            parts.append(_TAB)
        else:
            parts.append(" " if unicodedata.category(one) == "Zs" else REPLACED)
    return _thinned("".join(parts))


def one_line(text: str) -> str:
    """Return a text that is harmless inside of a line."""
    return harmless(text.replace("\t", " ")).replace("\n", " ")


def as_json(value: Any) -> str:
    """Return one line of JSON in UTF-8 that is harmless in a terminal, and means the same."""
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


def escaped(text: str) -> str:
    r"""Return a text as one line of a log, with ``\n``, ``\x1b`` and ``\u202e`` written out."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escape(one) for one in text)


class LogFormatter(logging.Formatter):
    """Formats a record so that nothing in it can begin another one.

    The message is one line. A traceback keeps its lines, which are indented, so that none of
    them can be taken for an event. Times (``asctime``) are in UTC, and say so.
    """

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    @staticmethod
    def converter(timestamp: float | None) -> time.struct_time:
        """Return a time in UTC."""
        return time.gmtime(timestamp)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, and its traceback below."""
        message, record.exc_text = super().format(record), None
        if record.exc_info is None and record.stack_info is None:
            return escaped(message)
        # As the base class puts them together: the message, then traceback and stack.
        record.message = record.getMessage()
        head = self.formatMessage(record)
        tail = message[len(head) :].strip("\n")
        lines = [escaped(head), *(f"    {escaped(line)}" for line in tail.split("\n"))]
        return "\n".join(lines)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _thinned(text: str) -> str:
    """Take out all but the first marks over or below a letter: a tower of them hides others."""
    if text.isascii():
        return text
    parts, marks = [], 0
    for one in text:
        marks = marks + 1 if unicodedata.category(one)[0] == "M" else 0
        if marks <= MARKS_MAX:
            parts.append(one)
    return "".join(parts)
