"""The model against a naive account of the same happenings, in any order that can occur."""

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gui.chat.model import Model
from gui.chat.room import State
from protocol.client.happenings import (
    Acked,
    Arrived,
    Changed,
    Link,
    LinkChanged,
    Loaded,
    Marked,
    Message,
    Queued,
    Refused,
    RoomsChanged,
    Sent,
    Welcomed,
)
from protocol.codes import EventKind
from tests.gui.fakes import DIRECT, EPOCH, GENERAL, ME, NOON, OLENA, info

SAID = EventKind.TEXT
PICK = st.integers(0, 10_000)


@dataclass
class Said:
    """What the server holds of one event, as it reads now."""

    seq: int
    person: bytes
    kind: int
    body: dict[str, Any]
    n: int = 0
    edited: bool = False
    deleted: bool = False
    likes: list[bytes] = field(default_factory=list)

    def message(self) -> Message:
        reactions = (("+", tuple(self.likes)),) if self.likes else ()
        return Message(
            GENERAL, EPOCH, self.seq, NOON + self.seq, self.person, "x", self.kind,
            {} if self.deleted else dict(self.body), self.person == ME, self.n, self.edited,
            self.deleted, () if self.deleted else reactions,
        )  # fmt: skip

    def change(self, kind: int, body: dict[str, Any], person: bytes) -> None:
        if self.kind != SAID or self.deleted:
            return
        if kind == EventKind.REACT:
            self.likes = [one for one in self.likes if one != person]
            self.likes += [person] if body["on"] else []
        elif person == self.person and kind == EventKind.DELETE:
            self.deleted = True
        elif person == self.person:
            self.body, self.edited = {"text": body["text"]}, True


class ModelMachine(RuleBasedStateMachine):
    """A room of two people; the journal here is what the client would tell from."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.journal: list[Said] = []
        self.read = 0
        self.exact = True
        self.waiting: dict[int, tuple[int, dict[str, Any]]] = {}
        self.n = 0
        self.tell(Welcomed(ME, "Marko", "s"))
        self.tell(RoomsChanged((info(), info(DIRECT, members=((ME, "Marko"),)))))

    def tell(self, happening: Any) -> None:
        self.model.apply(happening, NOON)

    @property
    def room(self) -> Any:
        return self.model.rooms[GENERAL]

    @property
    def head(self) -> int:
        return len(self.journal)

    def arrive(self, person: bytes, kind: int, body: dict[str, Any], n: int = 0) -> None:
        event = Said(self.head + 1, person, int(kind), body, n)
        self.journal.append(event)
        self.tell(Arrived(GENERAL, (event.message(),), True))
        if "of" in body:
            target = self.journal[body["of"] - 1]
            target.change(kind, body, person)
            self.tell(Changed(GENERAL, (target.message(),)))

    # --- others -------------------------------------------------------------

    @rule(person=st.sampled_from([OLENA, OLENA, ME]), named=st.booleans())
    def somebody_says(self, person: bytes, named: bool) -> None:
        body: dict[str, Any] = {"text": f"words {self.head}"}
        if named:
            body["mentions"] = [ME]
        self.arrive(person, SAID, body)

    @rule()
    def a_notice(self) -> None:
        self.arrive(OLENA, EventKind.NOTICE, {"what": "joined"})

    @rule(person=st.sampled_from([OLENA, ME]), what=PICK, at=PICK)
    def somebody_changes(self, person: bytes, what: int, at: int) -> None:
        if self.journal:
            kind, body = self.a_change(what, at % self.head + 1)
            self.arrive(person, kind, body)

    def a_change(self, what: int, of: int) -> tuple[int, dict[str, Any]]:
        if what % 3 == 0:
            return EventKind.EDIT, {"of": of, "text": f"edited {what}"}
        if what % 3 == 1:
            return EventKind.DELETE, {"of": of}
        return EventKind.REACT, {"of": of, "emoji": "+", "on": what % 2 == 0}

    # --- one's own ------------------------------------------------------------

    @rule()
    def say(self) -> None:
        self.n += 1
        self.waiting[self.n] = (SAID, {"text": f"own {self.n}"})
        self.tell(Queued(GENERAL, self.n, *self.waiting[self.n]))

    @rule(what=PICK, at=PICK)
    def change(self, what: int, at: int) -> None:
        if not self.room.entries:
            return
        entry = self.room.entries[at % len(self.room.entries)]
        kind, body = self.a_change(what, entry.seq)
        if entry.kind == SAID and not entry.deleted and (entry.own or kind == EventKind.REACT):
            self.n += 1
            self.waiting[self.n] = (kind, body)
            self.tell(Queued(GENERAL, self.n, kind, body))

    @precondition(lambda self: self.waiting)
    @rule(ack_first=st.booleans(), sent=st.booleans())
    def stored(self, ack_first: bool, sent: bool) -> None:
        n = next(iter(self.waiting))
        kind, body = self.waiting.pop(n)
        acked = Acked(GENERAL, n, EPOCH, self.head + 1)
        if sent:
            self.tell(Sent(GENERAL, n, 1))
        if ack_first:
            self.tell(acked)
        self.arrive(ME, kind, body, n)
        if not ack_first:
            self.tell(acked)

    @precondition(lambda self: any(kind != SAID for kind, _ in self.waiting.values()))
    @rule()
    def a_change_is_refused(self) -> None:
        n = next(n for n, (kind, _) in self.waiting.items() if kind != SAID)
        del self.waiting[n]
        self.tell(Refused(GENERAL, n, 15, "", "no"))

    # --- looking --------------------------------------------------------------

    def page(self, low: int, high: int, where: str) -> None:
        low, high = max(1, low), min(high, self.head)
        messages = tuple(one.message() for one in self.journal[low - 1 : high])
        if messages:
            loaded = Loaded(1, GENERAL, messages, low > 1, high < self.head)
            self.model.loaded(loaded, where)

    @rule()
    def start(self) -> None:
        self.page(self.head - 4, self.head, "start")

    @rule()
    def older(self) -> None:
        if self.room.more:
            self.page(self.room.first_seq - 5, self.room.first_seq - 1, "older")

    @rule()
    def later(self) -> None:
        if self.room.newer:
            self.page(self.room.last_seq + 1, self.room.last_seq + 5, "later")

    @rule(at=PICK)
    def around(self, at: int) -> None:
        if self.head:
            self.page(at % self.head - 2, at % self.head + 3, "around")

    @rule()
    def seen(self) -> None:
        if not self.room.newer:
            self.model.mark_read(self.room)
            self.read, self.exact = self.head, True

    @rule(at=PICK)
    def read_elsewhere(self, at: int) -> None:
        seq = at % (self.head + 1)
        if seq > self.room.read:
            covered = self.room.first_seq <= seq + 1 and self.room.last_seq >= self.head
            self.tell(Marked(GENERAL, ((ME, seq),)))
            self.read = seq
            self.exact = covered

    @rule(room=st.sampled_from([GENERAL, DIRECT]))
    def go(self, room: bytes) -> None:
        self.model.open(room)

    @rule()
    def line_drops(self) -> None:
        self.tell(LinkChanged(Link.WAITING))
        assert all(one.state is not State.SENT for one in self.room.pending)

    # --- what holds always ----------------------------------------------------

    @invariant()
    def unread_is_what_others_said_behind_the_mark(self) -> None:
        behind = [
            one
            for one in self.journal
            if one.seq > self.read and one.person != ME and one.kind == SAID
        ]
        # What was said counts, also if it was taken back since.
        if self.exact:
            assert self.room.unread == len(behind)
        assert len(behind) <= self.room.unread <= self.head - self.read
        assert self.room.mentions <= self.room.unread

    @invariant()
    def entries_read_as_on_the_server_with_ones_own_changes(self) -> None:
        entries = self.room.entries
        first = entries[0].seq if entries else 0
        assert [one.seq for one in entries] == list(range(first, first + len(entries)))
        assert len({one.key for one in self.room.timeline}) == len(self.room.timeline)
        if not self.room.newer and entries:
            assert entries[-1].seq == self.head
        for entry in entries:
            stored = self.journal[entry.seq - 1]
            wanted = replace(stored, body=dict(stored.body), likes=list(stored.likes))
            for kind, body in self.waiting.values():
                if body.get("of") == entry.seq:
                    wanted.change(kind, body, ME)
            message = wanted.message()
            assert entry.deleted == message.deleted and entry.edited == message.edited
            assert entry.words == message.body.get("text", "")
            likes = {one for _, people in entry.reactions for one in people}
            assert likes == {one for _, people in message.reactions for one in people}

    @invariant()
    def what_waits_follows_in_order(self) -> None:
        waits = [n for n, (kind, _) in self.waiting.items() if kind == SAID]
        assert [one.n for one in self.room.pending] == waits

    @invariant()
    def the_preview_is_the_last_row(self) -> None:
        rows = [one for one in self.journal if one.kind in (SAID, EventKind.NOTICE)]
        if rows and not self.room.pending:
            assert self.room.last.seq == rows[-1].seq
            if not self.waiting:
                assert self.room.last.deleted == rows[-1].deleted


TestModelMachine = ModelMachine.TestCase
TestModelMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
