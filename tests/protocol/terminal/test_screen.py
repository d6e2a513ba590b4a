"""What both terminals show of changes, answers and files, happening by happening."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from protocol.client.client import Client
from protocol.client.happenings import (
    Arrived,
    Changed,
    Discarded,
    Done,
    Gathered,
    Happening,
    Link,
    LinkChanged,
    Marked,
    Message,
    PortraitsCame,
    Resumed,
    RoomInfo,
    RoomsChanged,
    Sent,
    Typing,
    Welcomed,
)
from protocol.codes import EventKind, RoomKind
from protocol.terminal.conversation import Conversation
from protocol.terminal.scripted import Scripted

ROOM, EPOCH, ME, NORA = b"r" * 16, b"E" * 16, b"m" * 8, b"n" * 8
MEMBERS = ((ME, "Me"), (NORA, "Nora"))


class FakeClient:
    """Answers every call with a request number."""

    def __getattr__(self, _: str) -> Any:
        return lambda *args, **kwargs: 77


def start(console: Conversation | Scripted) -> None:
    info = RoomInfo(ROOM, RoomKind.OPEN, "general", MEMBERS, EPOCH, 0, 0, 0)
    for one in (Welcomed(ME, "Me", "school"), RoomsChanged((info,)), LinkChanged(Link.ONLINE)):
        console.take(one)
    for _ in ("what holds in the room", "its last messages"):
        console.take(Done(77, ROOM))


def talk(*happenings: Happening) -> list[str]:
    lines: list[str] = []
    console = Conversation(cast(Client, FakeClient()), "general", lines.append)
    start(console)
    lines.clear()
    for one in happenings:
        console.take(one)
    return [line[6:] if line[2:3] == ":" else line for line in lines]


def script(*happenings: Happening) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    console = Scripted(cast(Client, FakeClient()), "general", events.append)
    start(console)
    events.clear()
    for one in happenings:
        console.take(one)
    json.dumps(events)
    return events


def message(seq: int, body: dict[str, Any], kind: EventKind = EventKind.TEXT) -> Message:
    return Message(ROOM, EPOCH, seq, 0, NORA, "Nora", int(kind), body, False, 0)


def arrived(*messages: Message) -> Arrived:
    return Arrived(ROOM, messages, live=True)


FILE = {"name": "a.pdf", "media": "application/pdf", "size": 3_000, "sha256": b"\xab" * 32}
HELLO = message(1, {"text": "helo"})
EDIT = message(2, {"of": 1, "text": "hello"}, EventKind.EDIT)
EDITED = replace(HELLO, body={"text": "hello"}, edited=True)
LIKED = replace(EDITED, reactions=(("👍", (ME, NORA)), ("🎉", (ME,))))
GONE = replace(HELLO, body={}, deleted=True)


def test_a_person_reads_what_became_of_messages() -> None:
    assert talk(
        arrived(HELLO),
        arrived(EDIT),
        Changed(ROOM, (EDITED,)),
        Changed(ROOM, (LIKED,)),
        Changed(ROOM, (replace(LIKED, reactions=()),)),
        Changed(ROOM, (GONE,)),
        Changed(ROOM, (GONE,)),
    ) == [
        "Nora: helo",
        "-- Nora changed «helo» to: hello",
        "-- Nora, «hello»: 👍 2  🎉 1",
        "-- Nora, «hello»: no reactions",
        "-- Nora deleted «hello»",
    ]
    far = replace(HELLO, seq=9, body={}, deleted=True)
    assert talk(Changed(ROOM, (far,))) == ["-- Nora deleted an earlier message"]


def test_a_person_reads_answers_forwards_and_files() -> None:
    long = message(3, {"text": "x" * 99})
    assert talk(
        arrived(HELLO),
        arrived(message(2, {"text": "yes", "reply": 1})),
        arrived(long),
        arrived(message(4, {"text": "too long", "reply": 3, "via": "O\x1bmar"})),
        arrived(message(5, {"text": "what?", "reply": 99})),
        arrived(message(6, {**FILE, "caption": "read\nthis"}, EventKind.FILE)),
        arrived(message(7, {"text": "got it", "reply": 6})),
    ) == [
        "Nora: helo",
        "Nora (to Nora, «helo»): yes",
        "Nora: " + "x" * 99,
        f"Nora (from O\ufffdmar) (to Nora, «{'x' * 39}…»): too long",
        "Nora (to an earlier message): what?",
        "Nora sent a.pdf (3 KB): /get 1 read this",
        "Nora (to Nora, «read this»): got it",
    ]


def test_history_is_shown_as_it_reads_now() -> None:
    assert talk(arrived(LIKED)) == ["Nora: hello (edited)", "      👍 2  🎉 1"]
    assert talk(arrived(GONE)) == ["Nora deleted this message"]


def test_a_program_is_told_everything() -> None:
    react = message(3, {"of": 1, "emoji": "👍", "on": True}, EventKind.REACT)
    answer = message(4, {"text": "x", "reply": 1, "mentions": [ME], "via": "Omar"})
    events = script(
        arrived(EDIT, react, answer, message(5, FILE, EventKind.FILE)),
        Changed(ROOM, (LIKED, GONE)),
        Sent(ROOM, 4, 2),
        Discarded(ROOM, 4),
        Typing(ROOM, NORA),
        Marked(ROOM, ((NORA, 4),)),
        Gathered(5, ROOM, 100, 900),
        PortraitsCame(5, ((NORA, b"\xff\xd8\xff"),)),
        Resumed(5, ROOM, 3, "a.pdf"),
    )
    nora = {"person": NORA.hex(), "nick": "Nora"}
    place = {"room": "general", "room_id": ROOM.hex()}

    def part(event: dict[str, Any], *names: str) -> list[Any]:
        return [event[name] for name in ("event", *names)]

    assert part(events[0], "of", "text", "live") == ["edit", 1, "hello", True]
    assert part(events[1], "of", "emoji", "on") == ["react", 1, "👍", True]
    assert part(events[2], "reply", "mentions", "via") == ["text", 1, [ME.hex()], "Omar"]
    assert part(events[3], "name", "media", "sha256") == [
        "file", "a.pdf", "application/pdf", "ab" * 32,
    ]  # fmt: skip
    liked, gone = events[4]["messages"]
    assert (liked["edited"], liked["text"]) == (True, "hello") and "deleted" not in liked
    assert liked["reactions"][0]["emoji"] == "👍" and liked["reactions"][0]["people"][1] == nora
    assert (gone["event"], gone["deleted"]) == ("text", True) and "text" not in gone
    assert events[5:] == [
        {"event": "sent", **place, "n": 4, "count": 2},
        {"event": "discarded", **place, "n": 4},
        {"event": "typing", **place, **nora},
        {"event": "marked", **place, "marks": [{**nora, "seq": 4}]},
        {"event": "gathered", **place, "low": 100, "high": 900},
        {"event": "portraits", "portraits": [{**nora, "picture": "ffd8ff"}]},
        {"event": "resumed", **place, "kind": "file", "name": "a.pdf"},
    ]


def test_what_a_later_version_says_is_told_as_such() -> None:
    strange = replace(HELLO, kind=77, body={})
    assert talk(arrived(strange)) == ["Nora sent something that needs a newer version"]
    (event,) = script(arrived(strange))
    assert (event["event"], event["kind"]) == ("other", 77)


def test_the_fake_does_not_hide_a_missing_call() -> None:
    source = "".join(
        (Path(__file__).parents[3] / "protocol" / "terminal" / name).read_text()
        for name in ("conversation.py", "scripted.py", "console.py")
    )
    called = {part.split("(")[0] for part in source.split("client.")[1:] if "(" in part[:20]}
    assert called and all(hasattr(Client, name) for name in called if name.isidentifier())
