"""One's own messages from the composer to the server's answer, in terms of the session.

The :class:`Outbox` knows what to send when; here are the words around it: what is
written down, and what the person is told. Pure; no I/O. Owned by the session.
"""

import logging
from random import Random
from typing import Any, Final

from protocol.client import happenings
from protocol.client.messages import kind_number, reason
from protocol.client.operations import (
    Discard,
    Enqueue,
    Fail,
    OutboxRow,
    Renumber,
    Settle,
    Snapshot,
)
from protocol.client.outbox import OUTBOX_MAX_ITEMS, Outbox
from protocol.client.outcome import Outcome
from protocol.codes import ErrorCode, EventKind
from protocol.errors import WireError
from protocol.frames import Ack, Busy, Gap, Refused
from protocol.items import CHANGES, decode_item, encode_item

log = logging.getLogger("client")

DELAY_TOLD_MS: Final = 2_000
"""A shorter wait is over before somebody has read of it."""

_RESTORED = "the server was restored from a backup meanwhile: look at the message and do it again"
NOT_REFUSED = "there is no such message that was refused"
_FULL = "too many messages wait to be sent; wait until the server takes some"


class Sending:
    """The outbox with its words."""

    def __init__(self, snapshot: Snapshot, out: Outcome, random: Random) -> None:
        """Continue where the store stands; what follows goes into ``out``."""
        self._out = out
        self._stored = snapshot.outbox
        self._discarded: set[tuple[bytes, bytes, int]] = set()
        self.outbox = Outbox(snapshot, random)

    def begin(self) -> None:
        """Tell what is in the outbox on disk, refused messages with their refusal."""
        for row in self._stored:
            kind, body = _contents(row.item)
            self._out.told.append(happenings.Queued(row.room, row.n, kind, body))
            if row.code:
                refused = happenings.Refused(row.room, row.n, row.code, row.field, row.text)
                self._out.told.append(refused)
        self._stored = ()

    def say(self, request: int, room: bytes, kind: EventKind, body: dict[str, Any]) -> None:
        """Put a message into the outbox, or tell why not."""
        if len(self.outbox) >= OUTBOX_MAX_ITEMS:
            failed = happenings.Failed(request, int(ErrorCode.TOO_MANY), _FULL)
            self._out.told.append(failed)
            return
        try:
            item = encode_item(kind, body)
        except WireError as error:
            text = f"{error.field} {error.text}".strip()
            self._out.told.append(happenings.Failed(request, int(error.code), text))
            return
        except UnicodeEncodeError:
            text = "the text holds half a character"
            self._out.told.append(happenings.Failed(request, int(ErrorCode.FIELD), text))
            return
        self._enqueue(request, room, int(kind), body, item)

    def again(self, request: int, row: OutboxRow) -> None:
        """Send a refused message anew, behind all that wait."""
        if len(self.outbox) >= OUTBOX_MAX_ITEMS:
            failed = happenings.Failed(request, int(ErrorCode.TOO_MANY), _FULL)
            self._out.told.append(failed)
        elif self.discard(request, row):
            self._enqueue(request, row.room, *_contents(row.item), row.item)

    def discard(self, request: int, row: OutboxRow) -> bool:
        """Forget a refused message; False: that was asked for before."""
        name = (row.room, row.outbox_epoch, row.n)
        if name in self._discarded:
            failed = happenings.Failed(request, int(ErrorCode.FIELD), NOT_REFUSED)
            self._out.told.append(failed)
            return False
        self._discarded.add(name)
        self._out.operations.append(Discard(*name))
        self._out.told.append(happenings.Discarded(row.room, row.n))
        return True

    def answered(self, frame: Ack | Refused | Busy | Gap, now_ms: int) -> None:
        """Take the server's answer to messages."""
        room, outbox_epoch = frame.room, frame.outbox_epoch
        if isinstance(frame, Busy):
            wait_ms = self.outbox.busy(room, outbox_epoch, frame.first_n, frame.retry_ms, now_ms)
            if wait_ms >= DELAY_TOLD_MS:
                self._out.told.append(happenings.Delayed(room, frame.first_n, wait_ms))
        elif isinstance(frame, Gap):
            if not self.outbox.gap(room, outbox_epoch, frame.expect_n):
                self._renumber(room)
        elif isinstance(frame, Refused):
            counters = self.outbox.settle(room, outbox_epoch, frame.first_n, frame.count)
            text = reason(frame.code, frame.field, frame.text)
            self._refuse(room, outbox_epoch, counters, frame.code, frame.field, text)
        else:
            counters = self.outbox.settle(room, outbox_epoch, frame.first_n, frame.count)
            if counters:
                self._out.operations.append(Settle(room, outbox_epoch, tuple(counters)))
            self._out.told += [
                happenings.Acked(room, n, frame.epoch, frame.first_seq + n - frame.first_n)
                for n in counters
            ]

    def forget_changes(self, room: bytes) -> None:
        """The server's history of this room is another one: changes that wait name nothing in it.

        The message that an EDIT or DELETE meant may be gone, and its place another message's. What
        remains behind them is a hole for the server, and sent again under a new count.
        """
        epoch = self.outbox.epoch_of(room)
        changes = [
            n for n, item in self.outbox.waiting(room).items() if kind_number(item) in CHANGES
        ]
        for n in changes:
            self.outbox.settle(room, epoch, n, 1)
        self._refuse(room, epoch, changes, int(ErrorCode.NO_SESSION), "", _RESTORED)

    def send_due(self, now_ms: int) -> None:
        """Send what is due."""
        for frame in self.outbox.due(now_ms):
            self._out.send(frame)
            sent = happenings.Sent(frame.room, frame.first_n, len(frame.items))
            self._out.told.append(sent)

    def _enqueue(
        self, request: int, room: bytes, kind: int, body: dict[str, Any], item: bytes
    ) -> None:
        outbox_epoch = self.outbox.epoch_of(room)
        n = self.outbox.add(room, item)
        self._out.operations.append(Enqueue(room, outbox_epoch, n, item))
        self._out.told.append(happenings.Queued(room, n, kind, body, request))

    def _refuse(
        self, room: bytes, epoch: bytes, counters: list[int], code: int, field: str, text: str
    ) -> None:
        if counters:
            # A refused message is kept on disk to be shown; a code of 0 would mean it waits.
            code = max(code, 1)
            self._out.operations.append(Fail(room, epoch, tuple(counters), code, field, text))
            self._out.told += [happenings.Refused(room, n, code, field, text) for n in counters]

    def _renumber(self, room: bytes) -> None:
        """The server was restored to a time before our last messages: begin a new count.

        It says that it has none of those that wait, so all of them go again, in their order.
        """
        log.warning("outbox_renumbered reason=gap")
        old, waiting, fresh = self.outbox.renumber(room)
        self._out.operations.append(Settle(room, old, tuple(waiting)))
        self._out.operations.append(Renumber(room, fresh))
        for n, item in waiting.items():
            self._out.told.append(happenings.Discarded(room, n))
            kind, body = _contents(item)
            self._enqueue(0, room, kind, body, item)


def _contents(item: bytes) -> tuple[int, dict[str, Any]]:
    try:
        kind, body = decode_item(item)
    except WireError:
        return kind_number(item), {}
    return int(kind), body
