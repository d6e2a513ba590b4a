"""Checks of single values: what a field of a frame or an item may hold.

A check is a function that takes the decoded value and returns ``None`` or,
for a value that must not be, the reason in a few words. Types are compared
exactly, because in Python ``True`` is an ``int``. Pure; no I/O.
"""

from collections.abc import Callable
from typing import Any

from protocol.limits import COUNTER_MAX, U63_MAX

Check = Callable[[Any], str | None]


def uint(most: int = U63_MAX, least: int = 0) -> Check:
    """Accept an integer from ``least`` to ``most``."""

    def check(value: Any) -> str | None:
        if type(value) is not int:
            return "must be an integer"
        if not least <= value <= most:
            return f"must be from {least} to {most}"
        return None

    return check


def text(most: int, least: int = 0) -> Check:
    """Accept a string of ``least`` to ``most`` code points."""

    def check(value: Any) -> str | None:
        if type(value) is not str:
            return "must be a string"
        if not least <= len(value) <= most:
            return f"must have {least} to {most} characters"
        return None

    return check


def octets(most: int, least: int = 0) -> Check:
    """Accept a byte string of ``least`` to ``most`` bytes."""

    def check(value: Any) -> str | None:
        if type(value) is not bytes:
            return "must be a byte string"
        if not least <= len(value) <= most:
            return f"must have {least} to {most} bytes"
        return None

    return check


def exactly(size: int) -> Check:
    """Accept a byte string of ``size`` bytes."""
    return octets(size, size)


def boolean(value: Any) -> str | None:
    """Accept true or false."""
    return None if type(value) is bool else "must be true or false"


def maybe(inner: Check) -> Check:
    """Accept nil, or what ``inner`` accepts."""

    def check(value: Any) -> str | None:
        return None if value is None else inner(value)

    return check


def list_of(inner: Check, most: int, least: int = 0) -> Check:
    """Accept an array of ``least`` to ``most`` values that ``inner`` accepts."""

    def check(value: Any) -> str | None:
        if type(value) is not list:
            return "must be an array"
        if not least <= len(value) <= most:
            return f"must have {least} to {most} elements"
        for index, element in enumerate(value):
            reason = inner(element)
            if reason is not None:
                return f"element {index} {reason}"
        return None

    return check


def row(*inner: Check) -> Check:
    """Accept an array with at least these elements.

    More are of later versions: they are taken off, so that whoever unpacks the
    row finds just what it knows, and nothing unchecked.
    """

    def check(value: Any) -> str | None:
        if type(value) is not list:
            return "must be an array"
        if len(value) < len(inner):
            return f"must have {len(inner)} elements"
        for index, (element, one) in enumerate(zip(value, inner, strict=False)):
            reason = one(element)
            if reason is not None:
                return f"element {index} {reason}"
        if len(value) > len(inner):
            del value[len(inner) :]
        return None

    return check


ROOM = exactly(16)
PERSON = exactly(8)
EPOCH = exactly(16)
OUTBOX_EPOCH = exactly(8)
SHA256 = exactly(32)
SEQ = uint(COUNTER_MAX)
COUNTER = uint(COUNTER_MAX, 1)
REQUEST = uint(2**32 - 1)
