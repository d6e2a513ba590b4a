"""A conversation for tests of the message list: a model with one open room, and who notes acts."""

from collections.abc import Sequence
from typing import Any

from gui.chat.model import Model
from gui.chat.room import Entry, Room, State
from gui.chat.standing import Standing
from protocol.client.happenings import PeopleKnown, PersonInfo, RoomsChanged
from protocol.codes import EventKind
from tests.gui.fakes import GENERAL, ME, NOON, OLENA, SOMCHAI, info

PEOPLE = (
    PersonInfo(ME, "Marko", True),
    PersonInfo(OLENA, "Olena", True),
    PersonInfo(SOMCHAI, "สมชาย", False),
)


class Acts:
    """Implements the acts of the message list; ``calls`` has every call with its arguments."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.stand = Standing()

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        """Return the arguments of every call of a name."""
        return [call[1:] for call in self.calls if call[0] == name]

    def reply(self, entry: Entry) -> None:
        self.calls.append(("reply", entry.seq))

    def edit(self, entry: Entry) -> None:
        self.calls.append(("edit", entry.seq))

    def delete(self, entries: Sequence[Entry]) -> None:
        self.calls.append(("delete", [entry.seq for entry in entries]))

    def remove(self, entries: Sequence[Entry]) -> None:
        self.calls.append(("remove", [entry.seq for entry in entries]))

    def standing(self) -> Standing:
        return self.stand

    def may_write_to(self, person: bytes) -> bool:
        return person != ME

    def forward(self, entries: Sequence[Entry]) -> None:
        self.calls.append(("forward", [entry.seq for entry in entries]))

    def react(self, entry: Entry, emoji: str) -> None:
        self.calls.append(("react", entry.seq, emoji))

    def pick_reaction(self, entry: Entry, x: int, y: int) -> None:
        self.calls.append(("pick_reaction", entry.seq))

    def copy(self, text: str) -> None:
        self.calls.append(("copy", text))

    def open_picture(self, entry: Entry) -> None:
        self.calls.append(("open_picture", entry.seq))

    def save(self, entry: Entry) -> None:
        self.calls.append(("save", entry.seq))

    def open_file(self, entry: Entry) -> None:
        self.calls.append(("open_file", entry.seq))

    def open_text(self, entry: Entry) -> None:
        self.calls.append(("open_text", entry.seq))

    def open_link(self, url: str) -> None:
        self.calls.append(("open_link", url))

    def jump(self, seq: int) -> None:
        self.calls.append(("jump", seq))

    def retry(self, entry: Entry) -> None:
        self.calls.append(("retry", entry.n))

    def discard(self, entry: Entry) -> None:
        self.calls.append(("discard", entry.n))

    def person(self, entry: Entry, x: int, y: int) -> None:
        self.calls.append(("person", entry.seq))

    def direct(self, person: bytes) -> None:
        self.calls.append(("direct", person))

    def cancel(self, request: int) -> None:
        self.calls.append(("cancel", request))

    def older(self) -> None:
        self.calls.append(("older",))

    def newer(self) -> None:
        self.calls.append(("newer",))

    def seen(self) -> None:
        self.calls.append(("seen",))

    def to_end(self) -> None:
        self.calls.append(("to_end",))


class Talk:
    """A model whose open room the test fills."""

    def __init__(self, head: int = 0) -> None:
        self.model = Model()
        self.model.me, self.model.nick = ME, "Marko"
        self.model.apply(RoomsChanged((info(GENERAL, "general", head),)), NOON)
        self.model.apply(PeopleKnown(PEOPLE), NOON)
        self.room: Room = self.model.rooms[GENERAL]
        self.room.more = False
        self.room.unread_from = 0
        self._key = 0

    def key(self) -> int:
        """Return a key that no entry has."""
        self._key += 1
        return self._key

    def put(self, *entries: Entry) -> None:
        """Append entries that are stored."""
        self.room.entries.extend(entries)

    def entry(
        self, words: str = "", person: bytes = OLENA, seq: int = -1, ts: int = 0,
        kind: int = EventKind.TEXT, body: dict[str, Any] | None = None, **more: Any,
    ) -> Entry:  # fmt: skip
        """Return an entry that follows the last one."""
        at = self._next_seq() if seq < 0 else seq
        nick = {ME: "Marko", OLENA: "Olena", SOMCHAI: "สมชาย"}.get(person, "Petro")
        said = {"text": words} if kind == EventKind.TEXT else {}
        said |= body or {}
        moment = ts or NOON + at * 1000
        return Entry(self.key(), at, moment, person, nick, kind, said, person == ME, n=at, **more)

    def say(self, words: str = "", person: bytes = OLENA, **more: Any) -> Entry:
        """Append a message and return it."""
        entry = self.entry(words, person, **more)
        self.put(entry)
        return entry

    def many(self, count: int) -> None:
        """Append messages of two people in turn."""
        for _ in range(count):
            seq = self._next_seq()
            self.say(f"message {seq}", (OLENA, SOMCHAI)[seq // 3 % 2])

    def change(self, entry: Entry, fresh: Entry) -> Entry:
        """Put another state of an entry in its place."""
        self.room.entries[self.room.entries.index(entry)] = fresh
        return fresh

    def pend(self, words: str, state: State = State.QUEUED, reason: str = "") -> Entry:
        """Append a message of one's own that is not stored."""
        entry = self.entry(words, ME, seq=0, ts=NOON + 10**9, state=state, reason=reason)
        self.room.pending.append(entry)
        return entry

    def _next_seq(self) -> int:
        return self.room.entries[-1].seq + 1 if self.room.entries else 1
