"""What happenings make of the messages of a room: stored ones, one's own, changes of either.

Methods take a :class:`gui.chat.room.Room`, change it, and tell whether anything is to be
drawn. Pure; used by :class:`gui.chat.model.Model`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from gui.chat.room import Entry, Room, State
from gui.chat.span import cut_above, grow_down, grow_up, replace_entry, with_change
from protocol.client.happenings import (
    Acked,
    Arrived,
    Changed,
    Discarded,
    Loaded,
    Message,
    Queued,
    Refused,
    Sent,
)
from protocol.codes import EventKind
from protocol.items import CHANGES, SAID

QUOTES_MAX = 500
"""Answered messages kept of a room for quotes alone."""


def names(entry: Entry, person: bytes) -> bool:
    """Whether an entry of somebody else names a person."""
    return not entry.own and person in (entry.body.get("mentions") or ())


def _note_ban(room: Room, message: Message) -> None:
    what, who = message.body.get("what"), bytes(message.body.get("who") or b"")
    if what in ("banned", "unbanned") and message.seq > room.bans.get(who, (0, ""))[0]:
        nick = str(message.body.get("nick") or "?") if what == "banned" else ""
        room.bans[who] = (message.seq, nick)


class Messages:
    """The messages of all rooms of one person."""

    def __init__(self, who: Callable[[], tuple[bytes, str]]) -> None:
        """``who`` tells who one is: person and nickname."""
        self._who = who
        self._next_key = 1

    def arrived(self, room: Room, arrived: Arrived) -> bool:
        """Take what is new at the end."""
        fresh = [self._entry(room, message) for message in arrived.messages]
        if not fresh:
            return False
        self.count(room, fresh)
        if not room.newer:
            grow_down(room, fresh)
        for entry in fresh:
            room.typing.pop(entry.person, None)
        return True

    def count(self, room: Room, fresh: Sequence[Entry]) -> None:
        """Take entries into account for what is unread and what was said last."""
        shown = [entry for entry in fresh if entry.shown]
        said = [entry.ts for entry in fresh if entry.own and entry.kind in SAID]
        room.said_s = max(room.said_s, *(ts / 1000 for ts in said), 0.0)
        if shown and (room.latest is None or shown[-1].seq >= room.latest.seq):
            room.latest = shown[-1]
        if room.counted < 0:
            return  # RoomsChanged tells first how far it was read
        caught_up = not room.unread and room.read >= room.counted
        if fresh[0].seq > room.counted + 1:
            room.unread += fresh[0].seq - room.counted - 1
        for entry in fresh:
            if entry.seq > room.counted and not entry.own and entry.kind in SAID:
                room.unread += 1
                room.mentions += names(entry, self._who()[0])
        room.counted = max(room.counted, fresh[-1].seq)
        if caught_up and not room.unread:
            # One's own words, notices and changes are nothing that waits to be read.
            room.read = max(room.read, room.counted)

    def loaded(self, room: Room, loaded: Loaded, where: str) -> None:
        """Take the answer to a question for history; ``where`` is start, older, later or around."""
        fresh = [self._entry(room, message) for message in loaded.messages]
        if any(two.seq != one.seq + 1 for one, two in pairwise(fresh)):
            return
        if where == "start":
            if fresh:
                self.count(room, fresh)
            if not room.newer:
                empty = not room.entries
                grow_down(room, fresh)
                if empty:
                    room.more = loaded.more
        elif where == "older":
            before = room.first_seq
            grow_up(room, fresh)
            if not before or room.first_seq < before or not fresh:
                room.more = loaded.more and room.first_seq != 1
        elif where == "later":
            if not fresh or fresh[0].seq <= room.last_seq + 1:
                grow_down(room, fresh)
                room.newer = loaded.newer
                cut_above(room)
        elif fresh:
            known = {entry.seq: entry.key for entry in room.entries}
            room.entries[:] = [
                replace(entry, key=known.get(entry.seq, entry.key)) for entry in fresh
            ]
            room.more, room.newer = loaded.more and fresh[0].seq != 1, loaded.newer
        room.trouble = ""

    def quote(self, room: Room, loaded: Loaded) -> None:
        """Keep a message that others answer."""
        if len(room.quoted) > QUOTES_MAX:
            room.quoted.clear()
        for message in loaded.messages:
            room.quoted[message.seq] = self._entry(room, message)

    def _entry(self, room: Room, message: Message) -> Entry:
        key = 0
        if message.own and message.n:
            for index, entry in enumerate(room.pending):
                if entry.n == message.n:
                    key = entry.key
                    del room.pending[index]
                    break
            room.changes.pop(message.n, None)
        if message.kind == EventKind.NOTICE:
            _note_ban(room, message)
        made = Entry(
            key or self._key(),
            message.seq,
            message.ts,
            message.person,
            message.nick,
            message.kind,
            message.body,
            message.own,
            message.n,
            edited=message.edited,
            deleted=message.deleted,
            removed_by=message.removed_by,
            reactions=message.reactions,
        )
        return self._with_changes(room, made) if room.changes else made

    def _with_changes(self, room: Room, entry: Entry) -> Entry:
        """Return an entry as one's own changes, which wait for the server, make it."""
        made = entry
        for kind, body in room.changes.values():
            if body.get("of") == entry.seq:
                made = with_change(made, kind, body, self._who()[0])
        if made is not entry:
            room.plain[entry.seq] = entry
        return made

    def _key(self) -> int:
        self._next_key += 1
        return self._next_key

    def take(self, room: Room, news: Changed | Sent | Acked | Refused | Discarded) -> bool:
        """Take what happened to a message that is known."""
        match news:
            case Changed():
                return self.changed(room, news)
            case Sent():
                return self.sent(room, news)
            case Acked():
                return self.acked(room, news)
            case Refused():
                return self.refused(room, news)
            case Discarded():
                return self.discarded(room, news)

    def changed(self, room: Room, changed: Changed) -> bool:
        """Take messages that look different now."""
        for message in changed.messages:
            room.plain.pop(message.seq, None)
            replace_entry(room, self._entry(room, message))
        return bool(changed.messages)

    # --- one's own ----------------------------------------------------------

    def queued(self, room: Room, queued: Queued, now_ms: int) -> bool:
        """Take a message of one's own that waits, or a change that is shown at once."""
        if queued.kind in CHANGES:
            room.changes[queued.n] = (queued.kind, queued.body)
            target = room.entry(int(queued.body["of"]))
            if target is not None:
                room.plain.setdefault(target.seq, target)
                replace_entry(room, with_change(target, queued.kind, queued.body, self._who()[0]))
            return True
        if any(entry.n == queued.n for entry in room.pending):
            return False
        entry = Entry(
            self._key(), 0, now_ms, *self._who(), queued.kind, queued.body, True, queued.n,
            State.QUEUED,
        )  # fmt: skip
        room.pending.append(entry)
        return True

    def sent(self, room: Room, sent: Sent) -> bool:
        """Some of one's own are under way."""
        moved = False
        for index, entry in enumerate(room.pending):
            under_way = sent.first_n <= entry.n < sent.first_n + sent.count
            if under_way and entry.state is State.QUEUED:
                room.pending[index] = replace(entry, state=State.SENT)
                moved = True
        return moved

    def acked(self, room: Room, acked: Acked) -> bool:
        """One of one's own is stored."""
        room.changes.pop(acked.n, None)
        for index, entry in enumerate(room.pending):
            if entry.n == acked.n:
                if room.entries and room.first_seq <= acked.seq <= room.last_seq:
                    del room.pending[index]
                else:
                    room.pending[index] = replace(entry, state=State.STORED, reason="")
                return True
        return False

    def refused(self, room: Room, refused: Refused) -> bool:
        """One of one's own is refused for ever."""
        if refused.n in room.changes:
            self._undo(room, refused.n)
            return True
        for index, entry in enumerate(room.pending):
            if entry.n == refused.n:
                room.pending[index] = replace(entry, state=State.FAILED, reason=refused.text)
                return True
        return False

    def _undo(self, room: Room, n: int) -> None:
        _, body = room.changes.pop(n)
        before = room.plain.pop(int(body["of"]), None)
        if before is not None:
            replace_entry(room, self._with_changes(room, before))

    def discarded(self, room: Room, discarded: Discarded) -> bool:
        """One of one's own is thrown away."""
        room.pending[:] = [entry for entry in room.pending if entry.n != discarded.n]
        return True
