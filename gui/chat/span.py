"""The span of a room's history that is loaded: dense by ``seq``, grown at either end, bounded.

Functions over a :class:`gui.chat.room.Room`; pure. An entry that stays keeps its key, so
that what is drawn of it stays too. What grows beyond SPAN_MAX falls away at the other end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gui.chat.room import Entry, Room
from protocol.codes import EventKind
from protocol.items import SAID

SPAN_MAX = 1_200
"""Entries of a room that are kept: a hundred screens, some 3 MB."""
SPAN_CUT = 600
"""So many are left when one that grew at the end is cut."""


def grow_down(room: Room, fresh: Sequence[Entry]) -> None:
    """Add newer entries; what overlaps is taken anew, a hole makes the older side fall away."""
    if not fresh:
        return
    entries = room.entries
    if entries and fresh[0].seq <= entries[-1].seq + 1 and fresh[-1].seq >= entries[0].seq:
        first = fresh[0].seq - entries[0].seq
        if first < 0:
            grow_up(room, fresh)
            return
        known = {entry.seq: entry for entry in entries[first:]}
        entries[first:] = [known.get(entry.seq, entry) for entry in fresh] + [
            entry for entry in entries[first:] if entry.seq > fresh[-1].seq
        ]
    elif entries and fresh[-1].seq < entries[0].seq:
        return
    else:
        entries[:] = fresh
        room.more = fresh[0].seq > 1


def grow_up(room: Room, fresh: Sequence[Entry]) -> None:
    """Add older entries that reach up to the first one that is loaded."""
    entries = room.entries
    if not fresh:
        return
    if entries and fresh[-1].seq < entries[0].seq - 1:
        return  # an answer to a question about another span
    if entries:
        entries[:0] = [entry for entry in fresh if entry.seq < entries[0].seq]
    else:
        entries[:] = fresh
    if len(entries) > SPAN_MAX:
        del entries[SPAN_MAX:]
        room.newer = True


def cut_above(room: Room, keep: int = SPAN_CUT) -> bool:
    """Forget the oldest entries of a span that has grown too long; tell whether it had."""
    if len(room.entries) <= SPAN_MAX:
        return False
    del room.entries[:-keep]
    room.more = True
    return True


def replace_entry(room: Room, fresh: Entry) -> bool:
    """Put another state of an entry in its place; tell whether it was loaded."""
    if room.latest is not None and room.latest.seq == fresh.seq:
        room.latest = replace(fresh, key=room.latest.key)
    if fresh.seq in room.quoted:
        room.quoted[fresh.seq] = fresh
    if not room.entries or not room.first_seq <= fresh.seq <= room.last_seq:
        return False
    at = fresh.seq - room.first_seq
    room.entries[at] = replace(fresh, key=room.entries[at].key)
    return True


def with_change(entry: Entry, kind: int, body: Mapping[str, Any], me: bytes) -> Entry:
    """Return how an entry looks after a change of one's own that the server has not stored yet."""
    if entry.deleted or entry.kind not in SAID:
        return entry
    if kind == EventKind.REACT:
        return replace(entry, reactions=_reacted(entry, body, me), waiting=True)
    if not entry.own:
        return entry
    if kind == EventKind.DELETE:
        return replace(entry, body={}, deleted=True, reactions=(), waiting=True)
    field = "text" if entry.kind == EventKind.TEXT else "caption"
    changed = {**entry.body, field: body.get("text", "")}
    if "mentions" in body:
        changed["mentions"] = body["mentions"]
    return replace(entry, body=changed, edited=True, waiting=True)


def _reacted(
    entry: Entry, body: Mapping[str, Any], me: bytes
) -> tuple[tuple[str, tuple[bytes, ...]], ...]:
    emoji, on = body.get("emoji", ""), bool(body.get("on"))
    rows = []
    found = False
    for known, people in entry.reactions:
        if known == emoji:
            found = True
            others = tuple(one for one in people if one != me)
            people = (*others, me) if on else others
        if people:
            rows.append((known, people))
    if on and not found:
        rows.append((emoji, (me,)))
    return tuple(rows)
