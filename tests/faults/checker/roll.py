"""The roll: who everybody is and may see, and what everybody said. The first pass over a run.

It reads everything but events. It fills the ledger, learns persons, private rooms and their
members, and checks what needs no order: that a session which ended with nothing waiting got an
answer to all that it said (I10), and that no canary came to a stranger (I11).
"""

from dataclasses import dataclass, field
from pathlib import Path

from protocol.codes import RoomKind
from tests.faults.checker.history import HistoryError, Reader
from tests.faults.checker.ledger import Ledger
from tests.faults.checker.records import (
    CANARY,
    Busy,
    End,
    Fail,
    Gone,
    Invoke,
    Me,
    Ok,
    Raw,
    Resync,
    Room,
    Start,
    canary,
)
from tests.faults.checker.storage import Stored
from tests.faults.checker.verdict import Findings, Invariant

_EVENTS = frozenset({"see", "final"})
_Name = tuple[str, str, int]
"""Room, outbox epoch and counter of a message."""


def _moved(before: _Name, after: _Name) -> bool:
    """Whether a message that has both names was given to another outbox."""
    return before[0] == after[0] and before[1] != after[1]


@dataclass(slots=True)
class Roll:
    """Who everybody is."""

    ledger: Ledger
    findings: Findings
    people: dict[str, set[str]] = field(default_factory=dict)
    """Persons by client: one, and another one after a restore to before it came."""
    members: dict[str, set[str]] = field(default_factory=dict)
    """Persons by private room."""
    rooms: set[str] = field(default_factory=set)
    busy: int = 0
    resyncs: int = 0
    torn: int = 0
    _raw: list[tuple[str, str]] = field(default_factory=list)
    """Clients, and canaries in what they received."""

    @property
    def canaries(self) -> dict[str, str]:
        """Private rooms by canary."""
        return {canary(bytes.fromhex(room)): room for room in self.members}

    def stored(self, stored: Stored) -> None:
        """Learn what a journal says."""
        for room, kind in stored.rooms.items():
            self.rooms.add(room)
            if kind == RoomKind.DIRECT:
                self.members.setdefault(room, set()).update(stored.members[room])

    def read(self, client: str, files: list[tuple[int, Path]]) -> None:
        """Read the sessions of one client, all but events."""
        self.people.setdefault(client, set())
        epoch = ""
        waiting: dict[str, _Name] = {}
        for session, path in files:
            reader = Reader(path, _EVENTS)
            try:
                epoch = self._read(client, session, reader, epoch, waiting)
            except HistoryError as error:
                self.findings.add(Invariant.HISTORY, client, str(error))
            self.torn += reader.torn

    def _read(
        self,
        client: str,
        session: int,
        reader: Reader,
        epoch: str,
        waiting: dict[str, _Name],
    ) -> str:
        """``waiting``: messages without an answer by value, also of earlier sessions."""
        ledger = self.ledger
        open_: dict[_Name, str | None] = {}
        told = False
        for record in reader:
            if not isinstance(record, Raw | Busy) and record[1:3] != (client, session):
                raise HistoryError(f"a record of somebody else: {record}"[:300])
            if isinstance(record, Invoke):
                ledger.invoke(record)
                name = (record.room, record.oe, record.n)
                open_[name] = record.v
                before = name
                if record.v is not None:
                    before = waiting.get(record.v, name)
                    waiting[record.v] = name
                else:
                    # Messages that are no text are known by their order alone.
                    same = (one for one, text in open_.items() if text is None)
                    before = next((one for one in same if _moved(one, name)), name)
                if _moved(before, name):
                    ledger.move(*before)
                    open_.pop(before, None)
            elif isinstance(record, Ok):
                ledger.ok(record)
                waiting.pop(open_.pop((record.room, record.oe, record.n), None) or "", None)
                epoch = record.epoch
            elif isinstance(record, Fail):
                ledger.fail(record, epoch)
                waiting.pop(open_.pop((record.room, record.oe, record.n), None) or "", None)
            elif isinstance(record, Gone):
                waiting.pop(open_.pop((record.room, record.oe, record.n), None) or "", None)
            elif isinstance(record, Me | Start):
                if record.person:
                    self.people[client].add(record.person)
            elif isinstance(record, Room):
                epoch = record.epoch
                self.rooms.add(record.room)
                if record.kind == RoomKind.DIRECT:
                    try:
                        self._direct(record)
                    except (ValueError, TypeError, LookupError):
                        self.findings.add(Invariant.HISTORY, client, f"no room: {record}")
            elif isinstance(record, Resync):
                epoch = record.epoch
                self.resyncs += 1
            elif isinstance(record, Busy):
                self.busy += 1
            elif isinstance(record, Raw):
                self._raw += [(client, one) for one in record.canaries]
            elif isinstance(record, End) and not record.waiting and open_ and not told:
                told = True
                for room, oe, n in open_:
                    what = f"neither answered nor waiting: n={n} room={room[:8]} oe={oe[:8]}"
                    self.findings.add(Invariant.INFO, client, what)
        return epoch

    def _direct(self, record: Room) -> None:
        persons = [one if isinstance(one, str) else one[0] for one in record.members or ()]
        canary(bytes.fromhex(record.room))
        self.members.setdefault(record.room, set()).update(persons)

    def may_see(self, client: str, room: str) -> bool:
        """Whether a client may see a room: all may see what is not private."""
        members = self.members.get(room)
        return members is None or not members.isdisjoint(self.people.get(client, ()))

    def check_canaries(self) -> None:
        """No canary came to a stranger, and all that is said in private has one."""
        rooms = self.canaries
        for client, found in self._raw:
            room = rooms.get(found)
            if room is None:
                self.findings.add(Invariant.HISTORY, client, f"a canary of no room: {found}")
            elif not self.may_see(client, room):
                what = f"received something of room={room[:8]}, of which it is no member"
                self.findings.add(Invariant.PRIVACY, client, what)
        for mark, room in rooms.items():
            for box in self.ledger.rooms.get(room, {}).values():
                for n, text in enumerate(box.values, 1):
                    if text is not None and CANARY.findall(text) != [mark]:
                        what = f"said without the canary of its room: n={n} {box}"
                        self.findings.add(Invariant.HISTORY, box.client, what)
