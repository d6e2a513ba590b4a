"""The test build: the real broker or gateway with a moment to die at, or with a bug in it.

``python -m tests.faults.nemesis.switches broker …`` (or ``gateway …``) takes the words of the real
program.
The environment says what is different:

``ZVIAZOK_TEST_FAULT``    where the broker kills itself (SIGKILL) once the file that
                          ``ZVIAZOK_TEST_TRIGGER`` names exists, in a drain that stores messages:
                          ``before_commit`` (everything written, nothing committed),
                          ``after_commit`` (stored, nobody told) or
                          ``after_answers`` (stored and acknowledged, not published).
                          The file is removed first, so it happens once.
``ZVIAZOK_TEST_BUG``      what it does wrong, every ``ZVIAZOK_TEST_EVERY``-th time (20):
                          ``drop``, ``double``, ``swap``, ``ack_early``, ``reuse_seq`` (broker);
                          ``leak_direct`` (gateway). A checker that does not find these proves
                          nothing.

Nothing of this is in the product: classes are replaced here, by classes that inherit from them.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import broker.core
import broker.server
import gateway.core
from broker import __main__ as broker_main
from broker.core import Core
from broker.directory import Device, Person, Room
from broker.journal import Batch, BlockRow
from broker.sequencer import Sequencer
from broker.sqlite_blocks import SEQ_BITS
from broker.sqlite_journal import SqliteJournal
from gateway import __main__ as gateway_main
from gateway.delivery import Delivery
from gateway.fanout import LiveRoom

FAULT = "ZVIAZOK_TEST_FAULT"
TRIGGER = "ZVIAZOK_TEST_TRIGGER"
BUG = "ZVIAZOK_TEST_BUG"
EVERY = "ZVIAZOK_TEST_EVERY"

FAULTS = ("before_commit", "after_commit", "after_answers")
BROKER_BUGS = ("drop", "double", "swap", "ack_early", "reuse_seq")
GATEWAY_BUGS = ("leak_direct",)

_SENT_S = 0.2
"""Until what was sent has left the process."""


def main(argv: list[str]) -> int:
    """Run the program that the first word names, with what the environment asks for."""
    programs: dict[str, Callable[[list[str]], int]] = {
        "broker": broker_main.main,
        "gateway": gateway_main.main,
    }
    if not argv or argv[0] not in programs:
        print("usage: python -m tests.faults.nemesis.switches broker|gateway …", file=sys.stderr)
        return 2
    _switch()
    return programs[argv[0]](argv[1:])


def _switch() -> None:
    fault, bug = os.environ.get(FAULT, ""), os.environ.get(BUG, "")
    known = {"", *FAULTS, *BROKER_BUGS, *GATEWAY_BUGS}
    for word in (fault, bug):
        if word not in known:
            raise SystemExit(f"{word} is no switch: {', '.join(sorted(known))}")
    if fault:
        _replace(broker.server, "SqliteJournal", DyingJournal)
        _replace(broker.server, "Core", DyingCore)
    if bug in ("drop", "double", "swap"):
        _replace(broker.core, "Sequencer", FaultySequencer)
    elif bug == "ack_early":
        _replace(broker.server, "Core", HastyCore)
    elif bug == "reuse_seq":
        _replace(broker.server, "Core", ForgetfulCore)
    elif bug == "leak_direct":
        _replace(gateway.core, "Delivery", LeakyDelivery)


def _replace(module: object, name: str, with_what: type) -> None:
    mock.patch.object(module, name, with_what).start()


# --- moments to die at ------------------------------------------------------------------------


def _die(where: str) -> None:
    """End this process if it is to end here."""
    if os.environ.get(FAULT) != where:
        return
    try:
        Path(os.environ[TRIGGER]).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


class DyingJournal(SqliteJournal):
    """Dies with a transaction open, or just after it."""

    def _insert(self, batch: Batch) -> None:
        super()._insert(batch)
        if batch.blocks:
            _die("before_commit")

    def append(self, batch: Batch) -> None:
        super().append(batch)
        if batch.blocks:
            _die("after_commit")


class DyingCore(Core):
    """Dies between the answers and what is published."""

    def _publish(self, blocks: list[BlockRow]) -> None:
        if blocks and os.environ.get(FAULT) == "after_answers":
            time.sleep(_SENT_S)
            _die("after_answers")
        super()._publish(blocks)


# --- bugs -------------------------------------------------------------------------------------


class _Counted:
    """Says every so often that it is time for a bug."""

    def __init__(self) -> None:
        self._every = int(os.environ.get(EVERY, "20"))
        self._count = 0

    def due(self) -> bool:
        self._count += 1
        return self._count % self._every == 0


_counted = _Counted()


class FaultySequencer(Sequencer):
    """Acknowledges what it never stores, stores twice, or stores in another order."""

    def _place(
        self,
        person: Person,
        device: Device,
        room: Room,
        outbox_epoch: bytes,
        first_n: int,
        items: list[bytes],
    ) -> int:
        bug = os.environ[BUG]
        if bug == "swap":
            if len(items) >= 2 and _counted.due():
                seq = room.head + 1
                for index in (1, 0):
                    super()._place(
                        person, device, room, outbox_epoch, first_n + index, [items[index]]
                    )
                if items[2:]:
                    super()._place(person, device, room, outbox_epoch, first_n + 2, items[2:])
                return seq
        elif _counted.due():
            if bug == "drop":
                return room.head + 1
            super()._place(person, device, room, outbox_epoch, first_n, items)
        return super()._place(person, device, room, outbox_epoch, first_n, items)


class HastyCore(Core):
    """Acknowledges, and then dies before it has stored."""

    def _commit(self) -> list[BlockRow]:
        if self._batch.blocks or self._batch.writers:
            early = _counted.due()
            if early:
                self._send_answers()
                time.sleep(_SENT_S)
                os.kill(os.getpid(), signal.SIGKILL)
        return super()._commit()


class ForgetfulCore(Core):
    """Forgets the last block of a room when it is told, and gives its numbers again."""

    def _publish(self, blocks: list[BlockRow]) -> None:
        super()._publish(blocks)
        if not blocks or not _counted.due():
            return
        lost = blocks[-1]
        room = self.directory.rooms[self._room_ids[lost.room_no]]
        journal = self._journal
        assert isinstance(journal, SqliteJournal)
        place = lost.room_no << SEQ_BITS | lost.first_seq
        journal._db.execute("DELETE FROM block WHERE id = ?", (place,))
        room.head = lost.first_seq - 1


class LeakyDelivery(Delivery):
    """Now and then tells everybody what one room was told."""

    def to_room(self, room: LiveRoom, data: bytes) -> None:
        super().to_room(room, data)
        if _counted.due():
            for session in list(self._sessions.by_slot.values()):
                if session.welcome and session.slot not in room.live:
                    self._send(session.route, data)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
