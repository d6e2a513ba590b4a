"""A client that does nothing but note what it was asked, and happenings for tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from protocol.client.happenings import MemberInfo, MembersKnown, Message, PersonInfo, RoomInfo
from protocol.codes import Act, EventKind, RoomKind

ME = b"m" * 16
OLENA = b"o" * 16
SOMCHAI = b"s" * 16
GENERAL = b"g" * 16
DIRECT = b"d" * 16
EPOCH = b"e" * 16
DAY_MS = 86_400_000
NOON = 1_795_176_000_000
"""2026-11-20, about noon, in ms."""


class FakeClient:
    """Implements the client's protocol; ``calls`` has every call with its request number."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.started = self.stopped = False

    def _note(self, *call: Any) -> int:
        self.calls.append(call)
        return len(self.calls)

    def asked(self, name: str) -> list[tuple[int, tuple[Any, ...]]]:
        """Return (request, arguments) of every call of a name."""
        return [(at, call[1:]) for at, call in enumerate(self.calls, 1) if call[0] == name]

    def start(self) -> None:
        self.started = True

    def stop(self, timeout_s: float = 5.0) -> None:
        self.stopped = True

    def say(
        self, room: bytes, text: str, reply: int = 0, mentions: Sequence[bytes] = (), via: str = ""
    ) -> int:
        return self._note("say", room, text, reply, tuple(mentions), via)

    def send_image(
        self, room: bytes, path: Path, caption: str = "", reply: int = 0, shrink: bool = True
    ) -> int:
        return self._note("send_image", room, path, caption, reply, shrink)

    def send_file(self, room: bytes, path: Path, caption: str = "", reply: int = 0) -> int:
        return self._note("send_file", room, path, caption, reply)

    def forward(self, room: bytes, seq: int, to: bytes) -> int:
        return self._note("forward", room, seq, to)

    def edit(self, room: bytes, seq: int, text: str, mentions: Sequence[bytes] = ()) -> int:
        return self._note("edit", room, seq, text, tuple(mentions))

    def delete(self, room: bytes, seq: int) -> int:
        return self._note("delete", room, seq)

    def react(self, room: bytes, seq: int, emoji: str, on: bool) -> int:
        return self._note("react", room, seq, emoji, on)

    def retry(self, room: bytes, n: int) -> int:
        return self._note("retry", room, n)

    def discard(self, room: bytes, n: int) -> int:
        return self._note("discard", room, n)

    def later(self, room: bytes, after: int, limit: int = 100) -> int:
        return self._note("later", room, after, limit)

    def around(self, room: bytes, seq: int, limit: int = 100) -> int:
        return self._note("around", room, seq, limit)

    def gather(self, room: bytes) -> int:
        return self._note("gather", room)

    def typing(self, room: bytes) -> int:
        return self._note("typing", room)

    def mark(self, room: bytes, seq: int) -> int:
        return self._note("mark", room, seq)

    def marks(self, room: bytes) -> int:
        return self._note("marks", room)

    def portraits(self, people: Sequence[bytes]) -> int:
        return self._note("portraits", tuple(people))

    def set_profile(self, colour: int, picture: bytes) -> int:
        return self._note("set_profile", colour, picture)

    def link_device(self) -> int:
        return self._note("link_device")

    def history(self, room: bytes, before: int = 0, limit: int = 100) -> int:
        return self._note("history", room, before, limit)

    def people(self) -> int:
        return self._note("people")

    def open_rooms(self) -> int:
        return self._note("open_rooms")

    def join(self, name: str, create: bool = True) -> int:
        return self._note("join", name, create)

    def leave(self, room: bytes) -> int:
        return self._note("leave", room)

    def direct(self, people: Sequence[bytes]) -> int:
        return self._note("direct", tuple(people))

    def make_private(self, name: str, people: Sequence[bytes]) -> int:
        return self._note("make_private", name, tuple(people))

    def add_people(self, room: bytes, people: Sequence[bytes]) -> int:
        return self._note("add_people", room, tuple(people))

    def ask_members(self, room: bytes) -> int:
        return self._note("ask_members", room)

    def ask_order(self, room: bytes) -> int:
        return self._note("ask_order", room)

    def act(
        self, act: Act, room: bytes = bytes(16), person: bytes = b"", device: bytes = b"",
        value: int = 0, text: str = "",
    ) -> int:  # fmt: skip
        return self._note("act", act, room, person, device, value, text)

    def raise_hand(self, room: bytes, up: bool) -> int:
        return self._note("raise_hand", room, up)

    def ask_devices(self, person: bytes) -> int:
        return self._note("ask_devices", person)

    def ask_audit(self, before: int = 0) -> int:
        return self._note("ask_audit", before)

    def rename(self, nick: str) -> int:
        return self._note("rename", nick)

    def fetch(self, room: bytes, sha256: bytes, size: int) -> int:
        return self._note("fetch", room, sha256, size)

    def cancel(self, request: int) -> None:
        self._note("cancel", request)

    def retry_now(self) -> None:
        self._note("retry_now")

    def woke(self) -> None:
        self._note("woke")


def info(
    room: bytes = GENERAL,
    name: str = "general",
    head: int = 0,
    members: tuple[tuple[bytes, str], ...] = (),
    epoch: bytes = EPOCH,
) -> RoomInfo:
    """Return a room; with members a direct message."""
    kind = RoomKind.DIRECT if members else RoomKind.OPEN
    return RoomInfo(room, kind, name, members, epoch, head, 0, head)


def members_known(room: bytes, people: Sequence[PersonInfo], request: int = 0) -> MembersKnown:
    """Return who is in a room, without roles."""
    rows = (MemberInfo(one.person, one.nick, one.online, 0) for one in people)
    return MembersKnown(room, tuple(rows), request)


def text(
    seq: int,
    words: str = "",
    person: bytes = OLENA,
    nick: str = "Olena",
    room: bytes = GENERAL,
    n: int = 0,
    ts: int = 0,
) -> Message:
    """Return a text message."""
    body = {"text": words or f"message {seq}"}
    at = ts or NOON + seq * 1000
    return Message(room, EPOCH, seq, at, person, nick, EventKind.TEXT, body, person == ME, n)


def texts(first: int, last: int, room: bytes = GENERAL) -> tuple[Message, ...]:
    """Return messages of two people in turn, from ``first`` to ``last``."""
    who = ((OLENA, "Olena"), (SOMCHAI, "Somchai"))
    return tuple(
        text(seq, person=who[seq // 3 % 2][0], nick=who[seq // 3 % 2][1], room=room)
        for seq in range(first, last + 1)
    )


def notice(seq: int, what: str, **more: str) -> Message:
    """Return a notice about Olena."""
    body = {"what": what, **more}
    at = NOON + seq * 1000
    return Message(GENERAL, EPOCH, seq, at, OLENA, "Olena", EventKind.NOTICE, body, False, 0)


def image(seq: int, width: int, height: int, thumb: bytes, caption: str = "") -> Message:
    """Return a picture of Olena's."""
    body = {
        "name": "picture.png",
        "media": "image/png",
        "size": 1000,
        "sha256": bytes(32),
        "width": width,
        "height": height,
        "thumb": thumb,
    }
    if caption:
        body["caption"] = caption
    at = NOON + seq * 1000
    return Message(GENERAL, EPOCH, seq, at, OLENA, "Olena", EventKind.IMAGE, body, False, 0)


PEOPLE = (
    PersonInfo(ME, "Marko", True),
    PersonInfo(OLENA, "Olena", True),
    PersonInfo(SOMCHAI, "Somchai", False),
)
