"""A copy of an honest run, to be spoiled, and what the checker then finds.

The honest runs are made once in a process.
"""

import shutil
from pathlib import Path
from random import Random
from typing import Any

from protocol.blocks import Event
from tests.faults.checker.check import check
from tests.faults.checker.honest import Honest
from tests.faults.checker.records import SEQ, Entry, entry_of
from tests.faults.checker.spoil import Fields, Spoiler
from tests.faults.checker.verdict import Verdict


def course(folder: Path) -> Honest:
    """A run of every kind of trouble, up to its end."""
    run = Honest(folder, clients=4)
    random = Random(7)
    everywhere = [*run.open_rooms, *run.private]

    def say(times: int) -> None:
        for _ in range(times):
            client = random.choice(run.clients)
            run.say(client, random.choice([one for one in everywhere if one in client.held]))
            if random.random() < 0.4:
                run.drain()

    say(40)
    run.restart_broker()
    say(10)
    run.drain(lose_acks=True)
    say(5)
    run.drain(commit=False)
    run.part(run.clients[2])
    say(20)
    run.rejoin(run.clients[2])
    run.drain()
    run.kill(run.clients[1])
    for _ in range(12):
        run.say(run.clients[0], run.open_rooms[0])
        run.drain()
    run.start(run.clients[1])
    say(20)
    for client in run.clients:
        run.grow(client, run.open_rooms[0])
    say(10)
    run.drain()
    for client in run.clients:  # so that what is beyond the last message is no one's
        run.say(client, run.open_rooms[0])
    return run


def restored_course(folder: Path) -> Honest:
    """A run in which an older journal is brought back."""
    run = course(folder)
    run.drain()
    backup = run.backup()
    for _ in range(10):
        run.say(run.clients[0], run.open_rooms[0])
        run.drain()
    run.say(run.clients[1], run.open_rooms[0])  # waits while the journal goes back
    run.restore(backup)
    for client in run.clients:
        run.say(client, run.open_rooms[1])
        run.drain()
    return run


class SpoiledRun(Spoiler):
    """A copy of the honest run, to be spoiled. ``room`` is open, and ``c03`` reads it."""

    def __init__(self, honest: Path, folder: Path) -> None:
        shutil.copytree(honest, folder)
        super().__init__(folder)
        rooms = [one["room"] for one in self.records("c01", "room")]
        self.room, self.two, self.private = list(dict.fromkeys(rooms))[:3]

    def acked(self, room: str, *clients: str) -> list[int]:
        """Places of acknowledged messages."""
        who = clients or ("c01", "c02", "c03", "c04")
        oks = [one for client in who for one in self.records(client, "ok")]
        return sorted({one["seq"] for one in oks if one["room"] == room})

    def head(self, room: str) -> int:
        return self.events(room)[-1].seq

    def end(self, client: str, room: str) -> Fields:
        return next(one for one in self.records(client, "end") if one["room"] == room)

    def change_end(self, client: str, room: str, **values: int) -> None:
        def change(fields: Fields) -> Fields:
            mine = fields["f"] == "end" and fields["room"] == room
            return fields | values if mine else fields

        self.change(client, change)

    def plant(self, event: Event, room: str) -> None:
        """Put an event behind all others, at the journal and at every reader."""
        self.add_event(room, event)
        for client in ("c01", "c02", "c03", "c04"):
            self.append(client, room, entry_of(event))

    def append(self, client: str, room: str, entry: Entry) -> None:
        """Give a client one more event."""
        names = {"t": 10**12, "p": client, "s": self.records(client, "end")[-1]["s"]}
        names |= {"room": room, "epoch": self.end(client, room)["epoch"]}
        seq = entry[SEQ]

        def change(fields: Fields) -> Fields | list[Fields]:
            if fields["f"] != "end" or fields["room"] != room:
                return fields
            more = names | {"events": [entry]}
            end = fields | {"high": seq}
            return [more | {"f": "see", "via": "live"}, end, more | {"f": "final"}]

        self.change(client, change)

    def change_everywhere(self, room: str, first: int, second: int) -> None:
        """Let two messages change places at the journal and at every reader."""
        events = {one.seq: one for one in self.events(room)}
        swapped = {first: events[second], second: events[first]}

        def journal(event: Event) -> Event:
            other = swapped.get(event.seq, event)
            return other._replace(seq=event.seq, ts=event.ts)

        self.change_events(room, journal)

        def reader(entry: Entry) -> Entry:
            event = swapped.get(entry[SEQ])
            return entry_of(event._replace(seq=entry[0], ts=entry[5])) if event else entry

        for client in ("c01", "c02", "c03", "c04"):
            self.change_entries(client, room, reader)


def found(run: Spoiler) -> set[str]:
    """Return the names of what the checker finds."""
    return {str(name) for name in check(run.folder).counts}


def losses(run: Spoiler, who: str) -> set[str]:
    """Return the kinds of loss that the checker finds at a reader or at the journal."""
    verdict = check(run.folder)
    return {name.rpartition(" ")[2] for name in verdict.losses if name.startswith(f"{who} ")}


def said(verdict: Verdict) -> str:
    return "\n".join(map(str, verdict.violations))


def phantom(run: SpoiledRun, **values: Any) -> Event:
    last = run.events(run.room)[-1]
    return last._replace(seq=last.seq + 1, n=last.n + 1, **values)
