"""Two people and real processes: changing, reacting, answering, files, typing, marks, pictures."""

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from protocol.client.happenings import (
    Acked,
    Arrived,
    Changed,
    Discarded,
    Done,
    Failed,
    Fetched,
    Gathered,
    Link,
    LinkChanged,
    Loaded,
    Marked,
    Message,
    PeopleKnown,
    PortraitsCame,
    Queued,
    Refused,
    Resumed,
    RoomsChanged,
    Sent,
    Typing,
)
from protocol.client.outbox import Outbox
from protocol.codes import EventKind
from tests.protocol.client.test_client import Make, Person, person
from tests.protocol.client.test_pictures import noise
from tests.server import Server

__all__ = ["person"]


@pytest.fixture
def pair(server: Callable[..., Server], person: Make) -> Iterator[tuple[Server, Person, Person]]:
    one = server(gateways=2, rate=0)
    nora, omar = person(one.invite, "Nora"), person(one.invite, "Omar")
    nora.online()
    omar.online()
    yield one, nora, omar


def said(who: Person, kind: EventKind = EventKind.TEXT, room: bytes = b"") -> Message:
    """Wait for a message of a kind."""

    def fits(one: Message) -> bool:
        return one.kind == kind and one.room == (room or who.general)

    arrived = who.wait(Arrived, lambda one: any(map(fits, one.messages)))
    return next(filter(fits, arrived.messages))


def changed(who: Person, seq: int) -> Message:
    """Wait until a message reads differently."""
    one = who.wait(Changed, lambda one: any(each.seq == seq for each in one.messages))
    return next(each for each in one.messages if each.seq == seq)


def test_what_one_says_is_changed_answered_and_taken_back(
    pair: tuple[Server, Person, Person],
) -> None:
    _, nora, omar = pair
    room = nora.general
    nora.client.say(room, "helo", mentions=(b"x" * 8,))
    assert nora.wait(Sent).count == 1
    first = said(omar)
    assert first.body["mentions"] == [b"x" * 8]
    seq = said(nora).seq
    assert seq == first.seq
    nora.client.edit(room, seq, "hello")
    for who in (nora, omar):
        now = changed(who, seq)
        assert (now.body, now.edited, now.own) == ({"text": "hello"}, True, who is nora)
        assert isinstance(who.told[-2], Arrived) and who.told[-2].messages[-1].kind == 4
    wrong = omar.client.edit(room, seq, "mine now")
    assert omar.wait(Failed).request == wrong
    omar.client.react(room, seq, "👍", True)
    nora.client.react(room, seq, "👍", True)
    for who in (nora, omar):
        while len((now := changed(who, seq)).reactions[0][1]) < 2:
            pass
    omar.client.react(room, seq, "👍", False)
    for who in (nora, omar):
        now = changed(who, seq)
        assert [(emoji, len(whom)) for emoji, whom in now.reactions] == [("👍", 1)]
    omar.client.say(room, "yes", reply=seq)
    answer = said(nora)
    assert answer.body == {"text": "yes", "reply": seq}
    nora.client.delete(room, seq)
    for who in (nora, omar):
        now = changed(who, seq)
        assert (now.deleted, now.body, now.reactions) == (True, {}, ())
    for who in (nora, omar):
        who.client.around(room, seq, 3)
        loaded = who.wait(Loaded)
        assert [one.deleted for one in loaded.messages if one.seq == seq] == [True]
    request = omar.client.react(room, seq, "👍", True)
    assert omar.wait(Failed).request == request


def test_who_comes_later_finds_everything_as_it_reads_now(
    pair: tuple[Server, Person, Person], person: Make
) -> None:
    one, nora, _ = pair
    room = nora.general
    for number in range(300):
        nora.client.say(room, f"text {number}")
    first = nora.wait(Acked, lambda each: each.n == 1).seq
    nora.hear("text 299")
    nora.client.edit(room, first, "changed")
    nora.client.delete(room, first + 1)
    nora.wait(Acked, lambda each: each.n == 302)
    nora.client.say(room, "last")
    nora.wait(Acked, lambda each: each.n == 303)
    pete = person(one.invite, "Pete")
    pete.online()
    pete.hear("last")
    request = pete.client.gather(room)
    done = pete.wait(Done)
    assert (done.request, done.room) == (request, room)
    assert pete.of(Gathered)[-1].low == 0
    pete.client.around(room, first, 5)
    found = {one.seq: one for one in pete.wait(Loaded).messages}
    assert found[first].body == {"text": "changed"} and found[first].edited
    assert found[first + 1].deleted
    pete.client.later(room, first + 1, 2)
    loaded = pete.wait(Loaded)
    assert [one.body["text"] for one in loaded.messages] == ["text 2", "text 3"]
    assert loaded.more and loaded.newer


def test_older_messages_come_by_themselves(
    pair: tuple[Server, Person, Person], person: Make
) -> None:
    one, nora, _ = pair
    for number in range(400):
        nora.client.say(nora.general, f"text {number}")
    nora.wait(Acked, lambda each: each.n == 400)
    pete = person(one.invite, "Pete")
    pete.hear("text 399")
    pete.wait(RoomsChanged, lambda each: each.rooms[0].high > 0 and each.rooms[0].low == 0)


def test_a_file_goes_there_and_on_to_another_room(
    pair: tuple[Server, Person, Person], tmp_path: Path
) -> None:
    _, nora, omar = pair
    path = tmp_path / "Розклад.pdf"
    path.write_bytes(b"%PDF-1.7 " + bytes(range(256)) * 800)
    request = nora.client.send_file(nora.general, path, "read this", reply=1)
    assert nora.wait(Queued).request == request
    message = said(omar, EventKind.FILE)
    body = message.body
    assert (body["name"], body["media"]) == ("Розклад.pdf", "application/pdf")
    assert (body["caption"], body["reply"]) == ("read this", 1)
    omar.client.fetch(omar.general, body["sha256"], body["size"])
    assert omar.wait(Fetched).path.read_bytes() == path.read_bytes()
    omar.client.join("tea")
    tea = omar.wait(Done).room
    nora.client.join("tea")
    nora.wait(Done)
    omar.client.forward(omar.general, message.seq, tea)
    there = said(nora, EventKind.FILE, tea).body
    assert (there["via"], there["caption"]) == ("Nora", "read this") and "reply" not in there
    nora.client.fetch(tea, there["sha256"], there["size"])
    assert nora.wait(Fetched).path.read_bytes() == path.read_bytes()
    nora.client.edit(nora.general, message.seq, "")
    assert "caption" not in changed(omar, message.seq).body


def test_an_upload_goes_on_after_the_program_ended(
    pair: tuple[Server, Person, Person], person: Make, tmp_path: Path
) -> None:
    one, nora, omar = pair
    one.kill_gateway(0)
    one.kill_gateway(1)
    nora.wait(LinkChanged, lambda each: each.link is Link.WAITING)
    path = tmp_path / "noise.png"
    noise(600, 400).save(path)
    nora.client.send_image(nora.general, path, "at last", shrink=False)
    nora.client.people()
    nora.wait(Failed)
    posted = threading.Event()
    nora.client._network.parcels._worker.submit(posted.set)
    assert posted.wait(30.0)
    nora.client.people()
    nora.wait(Failed)
    nora.stop()
    again = person(one.invite, "Nora")
    resumed = again.wait(Resumed)
    one.restart_gateway(0)
    one.restart_gateway(1)
    again.client.retry_now()
    assert again.wait(Queued).request == resumed.request
    message = said(omar, EventKind.IMAGE)
    assert (message.body["caption"], message.body["size"]) == ("at last", path.stat().st_size)
    again.wait(Acked)
    again.stop()
    third = person(one.invite, "Nora")
    third.online()
    third.client.say(third.general, "that is all")
    omar.hear("that is all")
    assert not third.of(Resumed)


def test_a_refused_message_is_sent_anew(
    pair: tuple[Server, Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, nora, omar = pair
    bad = b"\x92\x01\x81\xa4text\xa1 "
    add = Outbox.add
    spoiled: list[bytes] = []

    def spoil(self: Outbox, room: bytes, item: bytes) -> int:
        if not spoiled:
            spoiled.append(item)
            return add(self, room, bad)
        return add(self, room, item)

    monkeypatch.setattr(Outbox, "add", spoil)
    nora.client.say(nora.general, "second try")
    n = nora.wait(Refused).n
    nora.client.retry(nora.general, n)
    assert nora.wait(Discarded).n == n
    queued = nora.wait(Queued)
    assert queued.n == n + 1
    omar.hear("second try")
    gone = nora.client.discard(nora.general, n)
    assert nora.wait(Failed).request == gone


def test_who_types_who_has_read_and_what_people_look_like(
    pair: tuple[Server, Person, Person],
) -> None:
    _, nora, omar = pair
    room = nora.general
    nora.client.say(room, "read me")
    seq = said(omar).seq
    omar.client.typing(room)
    typing = nora.wait(Typing)
    assert typing.room == room
    omar.client.mark(room, seq)
    marked = nora.wait(Marked, lambda one: (typing.person, seq) in one.marks)
    assert marked.room == room
    nora.client.marks(room)
    assert (typing.person, seq) in nora.wait(Marked).marks
    data = io.BytesIO()
    Image.new("RGB", (96, 96), "teal").save(data, "WEBP")
    nora.client.people()
    nora.wait(PeopleKnown)
    request = omar.client.set_profile(3, data.getvalue())
    assert omar.wait(Done).request == request
    known = nora.wait(
        PeopleKnown, lambda one: any(each.colour == 3 and each.picture for each in one.people)
    )
    omar_info = next(one for one in known.people if one.nick == "Omar")
    nora.client.portraits([omar_info.person])
    came = nora.wait(PortraitsCame)
    assert came.portraits == ((omar_info.person, data.getvalue()),)
    request = omar.client.set_profile(0, b"x" * 100_000)
    assert omar.wait(Failed).request == request
