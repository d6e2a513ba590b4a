"""A session whose frames the test answers itself."""

from pathlib import Path
from random import Random
from typing import Any, TypeVar

from protocol.blocks import Event
from protocol.client.happenings import (
    Arrived,
)
from protocol.client.store import Store
from protocol.codes import EventKind
from protocol.frames import (
    Events,
    Hello,
    Page,
    Read,
    Welcome,
    decode,
    encode,
)
from protocol.items import encode_item
from tests.protocol.client.wire import EPOCH, ROOM, ModelClient, ModelServer, block

ME = b"A" * 32
OTHER = b"B" * 32
_T = TypeVar("_T")


def new_store() -> Store:
    return Store(Path(":memory:"))


def text_item(text: str) -> bytes:
    return encode_item(EventKind.TEXT, {"text": text})


def foreign(seq: int, item: bytes | None = None) -> Event:
    return Event(seq, seq, b"p" * 8, "Nora", b"d" * 8, b"x" * 8, seq, item or text_item(str(seq)))


def of(told: list[Any], kind: type[_T]) -> list[_T]:
    return [one for one in told if isinstance(one, kind)]


class Bench:
    """One client whose frames the test answers itself."""

    def __init__(self, head: int = 0, online: bool = True, store: Store | None = None) -> None:
        self.now = 1_000
        self.server = ModelServer(Random(1))
        self.client = ModelClient(self.server, ME, store or new_store(), Random(2))
        self.session = self.client.session
        self.told: list[Any] = []
        self.drop: Any = None
        if online:
            self.session.connected("model:1", self.now)
            assert [type(one) for one in self.step()] == [Hello]
            self.welcome(head)

    def welcome(self, head: int = 0, epoch: bytes = EPOCH) -> list[Any]:
        rows = [[ROOM, 1, "general", head, []]]
        return self.give(Welcome(b"A" * 8, "nick", epoch, 1, "model", [], rows, 15_000))

    def step(self, later_ms: int = 0) -> list[Any]:
        self.now += later_ms
        out = None
        self.session.tick(self.now)
        out = self.session.out.take()
        self.client.store.apply(out.operations)
        self.told += out.told
        self.drop = out.drop or self.drop
        return [decode(one) for one in out.frames]

    def give(self, *frames: Any) -> list[Any]:
        for frame in frames:
            self.session.received(encode(frame), self.now)
        return self.step()

    def say(self, text: str) -> None:
        self.session.say(7, ROOM, EventKind.TEXT, {"text": text})

    def events(self, first: int, last: int) -> Events:
        return Events(ROOM, EPOCH, 1, [block(foreign(seq)) for seq in range(first, last + 1)])

    def page(self, read: Read, first: int, last: int, head: int) -> Page:
        blocks = [block(foreign(seq)) for seq in range(first, last + 1)]
        return Page(read.request, ROOM, EPOCH, head, False, blocks)

    def seqs(self) -> list[int]:
        return [one.seq for arrived in of(self.told, Arrived) for one in arrived.messages]
