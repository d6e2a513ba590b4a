"""The stage of tests of order: a client that only notes what it is asked, and who is there."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from protocol.client.client import Client
from protocol.client.happenings import (
    Arrived,
    Link,
    LinkChanged,
    Message,
    PeopleKnown,
    PersonInfo,
    RoomInfo,
    RoomsChanged,
    Welcomed,
)
from protocol.codes import EventKind, RoomKind
from protocol.terminal.scripted import Scripted

ROOM, STAFF, EPOCH = b"r" * 16, b"s" * 16, b"E" * 16
ME, NORA, OMAR = b"m" * 8, b"n" * 8, b"o" * 8
TAG = bytes.fromhex("0123456789abcdef")
GENERAL = RoomInfo(ROOM, RoomKind.OPEN, "general", (), EPOCH, 0, 0, 0)
PRIVATE = RoomInfo(STAFF, RoomKind.PRIVATE, "staff", (), EPOCH, 0, 0, 0)
PEOPLE = (
    PersonInfo(ME, "Me", True, role=2),
    PersonInfo(NORA, "Nora", True),
    PersonInfo(OMAR, "Omar Two", False),
)


class Recorder:
    """A client that answers who is there, and keeps everything else that it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.requests: list[int] = []
        self.console: Any = None
        self.profile = SimpleNamespace(
            server_fingerprint="aaaa bbbb", device_fingerprint="cccc dddd", device_tag=TAG
        )

    def __getattr__(self, name: str) -> Any:
        assert hasattr(Client, name), name

        def call(*args: Any) -> int:
            if name != "people":
                self.asked.append((name, *args))
            self.requests.append(len(self.requests) + 1)
            return self.requests[-1]

        return call

    def device_link(self, token: str) -> str:
        return f"zviazok://h:1/#KEY.{token}"


class Script:
    """The terminal for programs, in general."""

    def __init__(self) -> None:
        self.client = Recorder()
        self.events: list[dict[str, Any]] = []
        self.console = Scripted(cast(Client, self.client), "general", self.events.append)
        rooms = RoomsChanged((GENERAL, PRIVATE))
        for one in (Welcomed(ME, "Me", "school"), rooms, LinkChanged(Link.ONLINE)):
            self.console.take(one)
        self.console.take(PeopleKnown(PEOPLE))
        self.client.asked.clear()
        self.events.clear()

    def do(self, **command: Any) -> list[tuple[Any, ...]]:
        self.client.asked.clear()
        before = len(self.client.requests)
        self.console.carry_out(json.dumps(command))
        if len(self.client.requests) > before and not self.client.asked:
            self.answer(PeopleKnown(PEOPLE))
        return self.client.asked

    def answer(self, happening: Any) -> None:
        self.console.take(replace(happening, request=self.client.requests[-1]))

    def told(self) -> list[dict[str, Any]]:
        told, self.events[:] = list(self.events), []
        json.dumps(told)
        return told


def message(seq: int, person: bytes = NORA, nick: str = "Nora", **body: Any) -> Message:
    kind = EventKind.NOTICE if "what" in body else EventKind.TEXT
    return Message(ROOM, EPOCH, seq, 0, person, nick, int(kind), body, False, 0)


def arrived(*messages: Message) -> Arrived:
    return Arrived(ROOM, messages, live=True)
