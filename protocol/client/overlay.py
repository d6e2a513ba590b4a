"""How EDIT, DELETE and REACT change the way in which an earlier message of the room reads.

An event is never touched; what came after it is laid over it. EDIT and DELETE count only
from the author of the message, the last EDIT in order of ``seq`` and the first DELETE; REACT
counts from anybody. A NOTICE that something was removed counts as a DELETE, whoever said that;
the server alone makes one. What is no message of somebody's cannot be changed.
The result depends on the events alone, not on the order in which they became known. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from protocol.client.happenings import Message
from protocol.codes import EventKind
from protocol.errors import WireError
from protocol.items import SAID, decode_item
from protocol.limits import CAPTION_MAX_CHARS

EMOJI_MAX: Final = 20
"""Different emoji on one message: a row that can still be looked over."""

Reactions = tuple[tuple[str, tuple[bytes, ...]], ...]


class Change(NamedTuple):
    """An event that changes the one with the ``seq`` ``of``: a row of the table ``overlay``."""

    of: int
    seq: int
    kind: int
    person: bytes
    item: bytes
    nick: str = ""
    """Of a NOTICE: the nickname of ``person`` at the time."""


class Reading(NamedTuple):
    """How a message reads now."""

    body: dict[str, Any]
    edited: bool
    deleted: bool
    reactions: Reactions
    removed_by: tuple[bytes, str] | None = None


def fold(message: Message, rows: Iterable[Change]) -> Message:
    """Return the message as it reads after ``rows``; those of other messages are ignored."""
    changes = list(rows)
    if not changes or message.kind not in SAID:
        return message
    read = read_now(message.seq, message.kind, message.person, message.body, changes)
    return replace(
        message,
        body=read.body,
        edited=read.edited,
        deleted=read.deleted,
        reactions=read.reactions,
        removed_by=read.removed_by,
    )


def read_now(
    seq: int, kind: int, person: bytes, body: Mapping[str, Any], changes: Iterable[Change]
) -> Reading:
    """Return how what ``person`` said reads after ``changes``, in whatever order those are."""
    now, edited = dict(body), False
    on: dict[str, dict[bytes, None]] = {}
    if kind not in SAID:
        return Reading(now, False, False, ())
    for change in sorted(changes, key=_seq):
        if change.of != seq or change.seq <= seq:
            continue
        try:
            what, said = decode_item(change.item)
        except WireError:
            continue
        if what is EventKind.REACT:
            _react(on, change.person, said)
        elif what is EventKind.NOTICE:
            if removes(what, said):
                return Reading({}, False, True, (), (change.person, change.nick))
        elif change.person != person:
            continue
        elif what is EventKind.DELETE:
            return Reading({}, False, True, ())
        elif what is EventKind.EDIT and now and fits(kind, said["text"]):
            now, edited = _edited(kind, now, said), True
    return Reading(now, edited, False, tuple((emoji, tuple(who)) for emoji, who in on.items()))


def removes(kind: int, body: Mapping[str, Any]) -> bool:
    """Whether this is a notice that the message with the ``seq`` ``of`` was removed."""
    return kind == EventKind.NOTICE and body.get("what") == "removed" and "of" in body


def fits(kind: int, text: str) -> bool:
    """Whether an EDIT to this text counts for a message of this kind."""
    if kind == EventKind.TEXT:
        return bool(text) and not text.isspace()
    return len(text) <= CAPTION_MAX_CHARS


def words_of(kind: int, body: Mapping[str, Any]) -> str:
    """Return what can be searched of a message: its text, or its caption and file name."""
    if kind == EventKind.TEXT:
        return str(body.get("text", ""))
    if kind not in SAID:
        return ""
    parts = (body.get("caption", ""), body.get("name", ""))
    return "\n".join(str(one) for one in parts if one)


def _seq(change: Change) -> int:
    return change.seq


def _edited(kind: int, body: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    field = "text" if kind == EventKind.TEXT else "caption"
    kept = {name: value for name, value in body.items() if name not in (field, "mentions")}
    if said["text"]:
        kept[field] = said["text"]
    if said.get("mentions"):
        kept["mentions"] = said["mentions"]
    return kept


def _react(on: dict[str, dict[bytes, None]], person: bytes, said: Mapping[str, Any]) -> None:
    emoji = said["emoji"]
    people = on.get(emoji)
    if said["on"]:
        if people is None and len(on) >= EMOJI_MAX:
            return
        on.setdefault(emoji, {}).setdefault(person)
    elif people is not None:
        people.pop(person, None)
        if not people:
            del on[emoji]
