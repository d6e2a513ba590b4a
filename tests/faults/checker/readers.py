"""What every client applied and held: order, sessions, and that nothing is missing.

The second pass over the histories, client by client, so that only one client's state is in
memory. In a session, what is applied of a room is one interval that grows at its end, or at its
beginning by pages; a start, another history and leaving begin a new one. At the end a client
must hold all of ``low < seq <= head`` of every room that it is in: what is missing of it is a
loss if it was acknowledged (I1), else a message of unknown fate that is not everywhere (I10).
"""

from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.checker.history import HistoryError, Reader
from tests.faults.checker.ledger import Ledger
from tests.faults.checker.orders import Order, Orders
from tests.faults.checker.records import OE, End, FinalPiece, Left, N, Resync, Room, See
from tests.faults.checker.roll import Roll
from tests.faults.checker.verdict import Findings, Invariant, loss_kind

_SAID = frozenset({"start", "me", "invoke", "ok", "fail", "gone", "link", "busy", "raw"})


@dataclass(slots=True)
class _View:
    """One client's view of one room. Of intervals ``low < seq <= high``; -1: nothing yet."""

    room: str
    epoch: str = ""
    past: set[str] = field(default_factory=set)
    """Epochs before this one."""
    member: bool = True
    low: int = -1
    high: int = -1
    """What this session applied."""
    ever_low: int = -1
    ever_high: int = -1
    """What it ever applied since this history began for it."""
    holes: list[range] = field(default_factory=list)
    """What it never applied of that."""
    disk: bool = False
    """This session began with what was on the disk."""
    live: bool = False
    """This session applied something else."""
    start_high: int = -1
    """``ever_high`` when the session began."""
    finals: list[tuple[int, int]] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)
    """Places at the end with another value."""
    end: End | None = None
    reads: bool = False
    """It ever applied or held something, or said at its end what it holds."""

    def begin_session(self) -> None:
        self.low = self.high = -1
        self.disk = self.live = False
        self.start_high = self.ever_high
        self.finals.clear()
        self.wrong.clear()
        self.end = None

    def restart(self) -> None:
        self.low = self.high = self.ever_low = self.ever_high = self.start_high = -1
        self.holes.clear()

    def saw(self, seq: int, low: int, high: int) -> bool:
        """Whether it applied ``seq``, when its interval is this."""
        return low < seq <= high and not any(seq in hole for hole in self.holes)


@dataclass(slots=True)
class Readers:
    """Checks what all clients read."""

    orders: Orders
    ledger: Ledger
    roll: Roll
    lost: dict[tuple[str, str], list[int]]
    """Places of acknowledged messages that are nowhere, by room and epoch."""
    gone: frozenset[str]
    """Clients that did not come back, as was planned."""
    findings: Findings
    deliveries: int = 0
    held: int = 0
    _acked: dict[tuple[str, str], set[int]] = field(default_factory=dict)

    def check(self, client: str, files: list[tuple[int, Path]]) -> dict[str, "_View"]:
        """Read all sessions of a client; what it held at its end is judged by :meth:`judge`."""
        views: dict[str, _View] = {}
        for _, path in files:
            for view in views.values():
                view.begin_session()
            try:
                self._session(client, Reader(path, _SAID), views)
            except HistoryError as error:
                self.findings.add(Invariant.HISTORY, client, str(error))
        for view in views.values():
            view.finals.sort()
        return views

    def _session(self, client: str, reader: Reader, views: dict[str, _View]) -> None:
        for record in reader:
            if not isinstance(record, See | Room | Left | Resync | End | FinalPiece):
                continue
            view = views.get(record.room)
            if view is None:
                view = views[record.room] = _View(record.room)
                if not self.roll.may_see(client, record.room):
                    what = f"has {type(record).__name__} of a room of others, {record.room[:8]}"
                    self.findings.add(Invariant.PRIVACY, client, what)
            view.reads = view.reads or isinstance(record, See | End | FinalPiece)
            if isinstance(record, See):
                self._see(client, view, record)
            elif isinstance(record, FinalPiece):
                self._final(client, view, record)
            elif isinstance(record, End):
                view.end = record
                self._disk_is_whole(client, view)
            elif isinstance(record, Left):
                view.member = False
                view.restart()
            elif isinstance(record, Room):
                self._room(client, view, record)
            else:
                self._epoch(client, view, record.epoch)
                view.restart()

    def _final(self, client: str, view: _View, record: FinalPiece) -> None:
        if record.epoch != view.epoch:
            what = f"holds events of {record.epoch[:8]} in {view.room[:8]}, not {view.epoch[:8]}"
            self.findings.add(Invariant.SESSION, client, what)
        order = self.orders.of(record.room, record.epoch)
        view.finals += order.runs(record.events, client, self.findings, view.wrong)

    def _room(self, client: str, view: _View, record: Room) -> None:
        view.member = True
        if record.epoch != view.epoch:
            self._epoch(client, view, record.epoch)
        elif record.head < view.ever_high:
            what = f"saw seq {view.ever_high} and then a head of {record.head} in {view.room[:8]}"
            self.findings.add(Invariant.SESSION, client, what)

    def _epoch(self, client: str, view: _View, epoch: str) -> None:
        """The history of the room is another one."""
        if epoch == view.epoch:
            return
        if epoch in view.past:
            what = f"went back to the history {epoch[:8]} of {view.room[:8]}"
            self.findings.add(Invariant.SESSION, client, what)
        if view.epoch:
            view.past.add(view.epoch)
        view.epoch = epoch
        view.restart()

    def _see(self, client: str, view: _View, record: See) -> None:
        tell = self.findings.add
        if not view.epoch:
            view.epoch = record.epoch
        if record.epoch != view.epoch:
            what = f"events of {record.epoch[:8]} in {view.room[:8]} without a word about it"
            tell(Invariant.SESSION, client, what)
            self._epoch(client, view, record.epoch)
        if not view.member:
            what = f"events of {view.room[:8]} after leaving it"
            tell(Invariant.PRIVACY, client, what)
        disk = record.via == "disk"
        if disk:
            view.disk = True
        else:
            self.deliveries += len(record.events)
            self._disk_is_whole(client, view)
            view.live = True
        order = self.orders.of(record.room, record.epoch)
        for first, last in order.runs(record.events, client, self.findings, []):
            if view.high < 0:
                view.low, view.high = first - 1, last
            elif first == view.high + 1:
                view.high = last
            elif last == view.low and record.via != "live":
                view.low = first - 1
            elif first > view.low and not disk:
                self._again(client, view, first, last)
            elif not (disk and first > view.low and last <= view.high):
                self._hole(client, view, first, last)
            if view.ever_high < 0:
                view.ever_low, view.ever_high = view.low, view.high
            view.ever_low = min(view.ever_low, view.low)
            view.ever_high = max(view.ever_high, view.high)

    def _again(self, client: str, view: _View, first: int, last: int) -> None:
        """Inside what it has, or beyond its end."""
        if first <= view.high:
            what = f"applied seq {first} of {view.room[:8]} twice"
            self.findings.add(Invariant.DUPLICATE, client, what)
        else:
            what = f"seq {first} of {view.room[:8]} follows {view.high}"
            self.findings.add(Invariant.ORDER, client, what)
            view.holes.append(range(view.high + 1, first))
        view.high = max(view.high, last)

    def _hole(self, client: str, view: _View, first: int, last: int) -> None:
        what = f"seq {first}…{last} of {view.room[:8]}, and it has {view.low + 1}…{view.high}"
        self.findings.add(Invariant.ORDER, client, what)
        view.holes += [range(last + 1, view.low + 1), range(view.high + 1, first)]
        view.low, view.high = min(view.low, first - 1), max(view.high, last)

    def _disk_is_whole(self, client: str, view: _View) -> None:
        """What was seen before a start is on the disk after it."""
        if view.disk and not view.live and view.high < view.start_high:
            what = f"saw seq {view.start_high} of {view.room[:8]}, and its disk ends at {view.high}"
            self.findings.add(Invariant.SESSION, client, what)
            view.start_high = -1

    # --- the end -------------------------------------------------------------------------------

    def judge(self, client: str, views: dict[str, _View]) -> None:
        """Whether a client ended with everything that it is entitled to."""
        tell = self.findings.add
        mine = [view for view in views.values() if view.member]
        if client in self.gone:
            return
        if not any(view.reads for view in views.values()):
            self._judge_writer(client)
            return
        if mine and not any(view.end for view in mine):
            tell(Invariant.LIVENESS, client, "did not come to an orderly end")
            return
        waiting = max((view.end.waiting for view in mine if view.end), default=0)
        if waiting:
            tell(Invariant.LIVENESS, client, f"{waiting} messages wait at the end")
        for view in mine:
            if view.end is None:
                tell(Invariant.LIVENESS, client, f"no end of {view.room[:8]}")
                continue
            self._judge(client, view, view.end)

    def _judge_writer(self, client: str) -> None:
        """Who reads nothing is there to say something: all of it must have its answer."""
        waiting = said = 0
        for box in self.ledger.outboxes():
            if box.client == client:
                said += len(box.values)
                waiting += box.unanswered()
        if waiting or not said:
            what = f"{waiting} of {said} messages have no answer, and it never read anything"
            self.findings.add(Invariant.LIVENESS, client, what)

    def _judge(self, client: str, view: _View, end: End) -> None:
        tell = self.findings.add
        if self.orders.current not in (None, end.epoch):
            tell(Invariant.LIVENESS, client, f"is in an older history of {view.room[:8]}")
            return
        order = self.orders.of(view.room, end.epoch)
        head = order.head if order.journaled else len(order.entries) - 1
        if end.high != head:
            what = f"is at seq {end.high} of {view.room[:8]}, whose head is {head}"
            tell(Invariant.LIVENESS, client, what)
        self._interval(client, view, end)
        self.held += sum(last - first + 1 for first, last in view.finals)
        kept = view.disk or view.start_high < 0  # else it had no disk to keep things on
        low = end.low
        seen = (view.ever_low, view.ever_high) if kept else (view.low, view.high)
        if seen[1] >= 0:
            low = min(low, seen[0])
            for first, last in view.finals:
                if first <= seen[0] or last > seen[1]:
                    what = f"holds seq {first}…{last} of {view.room[:8]}, and applied less"
                    tell(Invariant.ORDER, client, what)
        self._missing(client, view, order, range(low + 1, head + 1), seen)

    def _interval(self, client: str, view: _View, end: End) -> None:
        """What it says that it holds is what it holds."""
        due = end.low + 1
        for first, last in view.finals:
            if first < due:
                what = f"holds seq {first}…{last} of {view.room[:8]} where {due} is due"
                kind = Invariant.DUPLICATE if first > end.low else Invariant.ORDER
                self.findings.add(kind, client, what)
            elif first > due:
                what = f"holds nothing between seq {due} and {first} of {view.room[:8]}"
                self.findings.add(Invariant.ORDER, client, what)
            due = max(due, last + 1)
        if due != end.high + 1:
            what = f"says that it holds {view.room[:8]} up to {end.high}, and it is {due - 1}"
            self.findings.add(Invariant.ORDER, client, what)

    def _missing(
        self, client: str, view: _View, order: Order, entitled: range, seen: tuple[int, int]
    ) -> None:
        missing: list[int] = list(view.wrong)
        due = entitled.start
        for first, last in view.finals:
            missing += range(due, min(first, entitled.stop))
            due = max(due, last + 1)
        missing += range(due, entitled.stop)
        held = view.finals[0][0] if view.finals else 0, view.finals[-1][1] if view.finals else 0
        acked = self._acknowledged(order) if missing else set()
        for seq in missing:
            one = order.entries[seq] if seq < len(order.entries) else None
            kind = loss_kind(seq, *held)
            what = f"seq {seq} of {order} is missing"
            if seq in acked:
                self.findings.add(Invariant.LOSS, client, what, kind)
            elif one is not None and one[N]:
                self.findings.add(Invariant.INFO, client, what, kind)
            else:
                self.findings.add(Invariant.ORDER, client, what, kind)
            box = self.ledger.rooms.get(order.room, {}).get(one[OE]) if one else None
            if box is not None and box.client == client:
                self.findings.add(Invariant.SESSION, client, f"its own {what}")
            elif view.saw(seq, *seen):
                self.findings.add(Invariant.SESSION, client, f"it saw that {what}")
        for seq in self.lost.get((order.room, order.epoch), ()):
            if seq > entitled.start - 1:
                what = f"what was acknowledged as seq {seq} of {order} is missing"
                self.findings.add(Invariant.LOSS, client, what, loss_kind(seq, *held))

    def _acknowledged(self, order: Order) -> set[int]:
        """Places of an order that were acknowledged."""
        found = self._acked.get((order.room, order.epoch))
        if found is None:
            epoch = self.ledger.epoch(order.epoch)
            boxes = self.ledger.rooms.get(order.room, {}).values()
            found = {seq for box in boxes for _, _, seq in box.acks(epoch)}
            self._acked[order.room, order.epoch] = found
        return found
