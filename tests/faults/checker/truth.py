"""What is stored against what was said and answered: every room's order, message by message.

One walk over an order finds phantoms (I3), doubles (I2), senders whose messages changed places
(I6) and values of private rooms elsewhere (I11); one walk back finds messages that
stand before others which were acknowledged before they were said (I7: the total order is given,
so no search is needed). Then every acknowledgement must name its message (I1, I8), and no reader
may hold what the journal does not (I10).
"""

from array import array
from dataclasses import dataclass, field

from tests.faults.checker.ledger import Ledger, Numbers, Outbox
from tests.faults.checker.orders import Order, Orders
from tests.faults.checker.records import CANARY
from tests.faults.checker.verdict import Findings, Invariant, loss_kind

_NEVER = 1 << 62


@dataclass(slots=True)
class Truth:
    """Checks all orders of a run."""

    ledger: Ledger
    orders: Orders
    people: dict[str, set[str]]
    """Who each client is; after a restore it may be somebody new."""
    canaries: dict[str, str]
    """Rooms by canary."""
    restored: bool
    """There was a restore, so there may be epochs of which nothing is left."""
    findings: Findings
    lost: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """Places of acknowledged messages that are nowhere, by room and epoch."""
    unknown: int = 0
    unknown_stored: int = 0

    def check(self) -> None:
        """Check everything."""
        for order in list(self.orders.all.values()):
            self._check_order(order)
        known = self.orders.journaled or {epoch for _, epoch in self.orders.all}
        for number, epoch in enumerate(self.ledger.epochs):
            if epoch in known or self.restored:
                continue
            for box in self.ledger.outboxes():
                if box.acks(number):
                    what = f"acknowledged in an epoch without a journal: {epoch[:8]} {box}"
                    self.findings.add(Invariant.ACK, box.client, what)

    def _check_order(self, order: Order) -> None:
        boxes = self.ledger.rooms.get(order.room, {})
        epoch = self.ledger.epoch(order.epoch)
        places = self._places(order, boxes, epoch)
        acked_ns = array("q", bytes(8 * len(order.entries)))
        for oe, box in boxes.items():
            for n, ns, seq in box.acks(epoch):
                there = places[oe][n - 1]
                if there == seq:
                    acked_ns[seq] = ns
                elif there or order.journaled:
                    self._untrue(order, box, n, seq, there)
        self._check_real_time(order, boxes, acked_ns)
        if order.journaled:
            self._check_beyond(order, acked_ns)
        if order.epoch == self.orders.current or self.orders.current is None:
            self._count_unknown(boxes, places)

    # --- what is there -------------------------------------------------------------------------

    def _places(self, order: Order, boxes: dict[str, Outbox], epoch: int) -> dict[str, Numbers]:
        """Return where each message stands (0: nowhere), by outbox epoch; tell what is wrong."""
        tell = self.findings.add
        places = {oe: array("q", bytes(8 * len(box.values))) for oe, box in boxes.items()}
        last: dict[str, int] = dict.fromkeys(boxes, 0)
        moved: dict[str, int] = {}
        for one in order.entries:
            if one is None:
                continue
            seq, person, oe, n, v, _ = one
            if v is not None and "kenar" in v:
                self._check_canary(order, seq, v)
            if not n:
                if v is not None or oe:
                    tell(Invariant.PHANTOM, "journal", f"a notice with a text: {one} in {order}")
                continue
            box = boxes.get(oe)
            if box is None or not 0 < n <= len(box.values) or not box.invoked_ns[n - 1]:
                tell(Invariant.PHANTOM, "journal", f"nobody said {one} in {order}")
                continue
            if box.values[n - 1] != v:
                what = f"{box.values[n - 1]!r} was said and {one} is there in {order}"
                tell(Invariant.PHANTOM, box.client, what)
            if person not in self.people.get(box.client, ()):
                tell(Invariant.PHANTOM, box.client, f"as somebody else's: {one} in {order}")
            if box.failed_epoch[n - 1] == epoch:
                tell(Invariant.PHANTOM, box.client, f"was refused: {one} in {order}")
            if v in self.ledger.moved:
                if v in moved:
                    what = f"{v!r} stands at seq {moved[v]} and {seq}: {box}"
                    tell(Invariant.DUPLICATE, box.client, what)
                moved[v] = seq
            mine = places[oe]
            if mine[n - 1]:
                what = f"n={n} stands at seq {mine[n - 1]} and {seq}: {box}"
                tell(Invariant.DUPLICATE, box.client, what)
                continue
            mine[n - 1] = seq
            if n < last[oe]:
                what = f"n={n} at seq {seq} comes after n={last[oe]}: {box}"
                tell(Invariant.FIFO, box.client, what)
            else:
                last[oe] = n
        return places

    def _check_canary(self, order: Order, seq: int, v: str) -> None:
        for found in CANARY.findall(v):
            if self.canaries.get(found, order.room) != order.room:
                what = f"seq {seq} of {order} is of {self.canaries[found][:8]}"
                self.findings.add(Invariant.PRIVACY, "journal", what)

    # --- what was promised ---------------------------------------------------------------------

    def _untrue(self, order: Order, box: Outbox, n: int, seq: int, there: int) -> None:
        """An acknowledgement does not hold."""
        what = f"n={n} acknowledged as seq {seq} in {order}: {box}"
        if there:
            self.findings.add(Invariant.ACK, box.client, f"{what}; it is seq {there}")
            return
        self.findings.add(Invariant.ACK, box.client, f"{what}; it is nowhere")
        self.lost.setdefault((order.room, order.epoch), []).append(seq)
        kind = loss_kind(seq, order.first, order.head)
        self.findings.add(Invariant.LOSS, "journal", what, kind)

    def _check_real_time(self, order: Order, boxes: dict[str, Outbox], acked_ns: Numbers) -> None:
        soonest, soonest_seq = _NEVER, 0
        for seq in range(len(order.entries) - 1, 0, -1):
            one = order.entries[seq]
            if one is None or not one[3]:
                continue
            box = boxes.get(one[2])
            if box is None or not 0 < one[3] <= len(box.values):
                continue
            said_ns = box.invoked_ns[one[3] - 1]
            if said_ns and soonest < said_ns:
                what = f"seq {seq} was said after seq {soonest_seq} was acknowledged: {order}"
                self.findings.add(Invariant.REAL_TIME, box.client, what)
            if acked_ns[seq] and acked_ns[seq] < soonest:
                soonest, soonest_seq = acked_ns[seq], seq

    def _check_beyond(self, order: Order, acked_ns: Numbers) -> None:
        """Readers hold nothing that the journal does not hold."""
        for seq, who in order.beyond.items():
            if acked_ns[seq]:
                kind = loss_kind(seq, order.first, order.head)
                what = f"seq {seq} of {order} is acknowledged, and only {who} has it"
                self.findings.add(Invariant.LOSS, "journal", what, kind)
            else:
                what = f"seq {seq} of {order} is there and not in the journal"
                self.findings.add(Invariant.INFO, who, what)

    def _count_unknown(self, boxes: dict[str, Outbox], places: dict[str, Numbers]) -> None:
        for oe, box in boxes.items():
            mine = places[oe]
            for at in box.unknown():
                self.unknown += 1
                self.unknown_stored += mine[at] > 0
