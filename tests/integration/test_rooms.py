"""Rooms, people and devices over real processes: who sees what, and who sees nothing."""

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

from protocol.blocks import Event
from protocol.client.happenings import Done, Failed, Message, PeopleKnown, RoomsListed
from protocol.codes import ErrorCode, EventKind, Purpose, RoomKind
from protocol.frames import (
    Ack,
    BlobChunk,
    BlobGet,
    BlobHave,
    BlobPut,
    Bye,
    Direct,
    Error,
    Events,
    Join,
    Leave,
    Left,
    Link,
    Linked,
    Page,
    People,
    PeoplePage,
    Presence,
    Read,
    Refused,
    Rename,
    Renamed,
    Room,
    Rooms,
    RoomsPage,
    Send,
    encode,
)
from protocol.invite import Invite
from protocol.items import decode_item, encode_item
from tests.integration.bare import Bare, Circle, text_item, texts_of
from tests.integration.talker import Talker
from tests.server import Server

Talkers = Callable[[Invite, str], Talker]


def unique(word: str) -> str:
    return f"{word}-{secrets.token_hex(4)}"


def private_room(one: Bare, *others: Bare) -> bytes:
    """Open the direct message of these people; wait until all of them are in it."""
    room = one.ask(Direct(0, [other.person for other in others]), Room).room
    for other in others:
        other.expect(Room, lambda frame: frame.room == room)
    return room


def picture(data: bytes) -> dict[str, Any]:
    """Return the body of an IMAGE; servers never look into its bytes."""
    digest = hashlib.sha256(data).digest()
    body: dict[str, Any] = {"name": "p.png", "media": "image/png", "size": len(data)}
    return body | {"sha256": digest, "width": 8, "height": 8, "thumb": b"thumb"}


# --- direct messages ---------------------------------------------------------------------------


def test_a_direct_message_is_of_its_members_alone(shared: Server, bare: Circle) -> None:
    anna = bare(shared.invite, unique("anna"), 0)
    boris = bare(shared.invite, unique("boris"), 1)
    outsider = bare(shared.invite, unique("outsider"), 0)
    beside = bare(shared.invite, unique("beside"), 1)
    room = private_room(anna, boris)
    canary = f"canary {secrets.token_hex(16)} 🐤"
    anna.tell(room, canary)
    boris.hear(room, canary)
    boris.tell(room, canary + " back")
    anna.hear(room, canary + " back")
    # What is published later has passed every gateway by the time it comes.
    general = next(row[0] for row in anna.welcome.rooms if row[2] == "general")  # type: ignore[union-attr]
    after = unique("after")
    anna.tell(general, after)
    for one in (outsider, beside):
        one.hear(general, after)
        one.ask(Rooms(0, b"", 500), RoomsPage)
        one.people()
        one.barrier()
        everything = b"".join(one.raw)
        assert canary.encode() not in everything
        assert room not in everything
        assert after.encode() in everything


def test_an_outsider_who_knows_the_room_gets_nothing(shared: Server, bare: Circle) -> None:
    anna, boris = bare(shared.invite, unique("anna"), 0), bare(shared.invite, unique("boris"), 1)
    room = private_room(anna, boris)
    anna.tell(room, "for Boris")
    data = secrets.token_bytes(5_000)
    upload = bare(shared.invite, anna.nick, device=anna.device, purpose=Purpose.BULK)
    body = picture(data)
    chunk = BlobChunk(0, body["sha256"], len(data), 0, data)
    assert upload.ask(BlobPut(0, body["sha256"], len(data)), BlobHave).offset == 0
    assert upload.ask(chunk, BlobHave).offset == len(data)
    anna.send(Send(room, anna.outbox_epoch, 2, [encode_item(EventKind.IMAGE, body)]))
    anna.until(lambda: (room, 2) in anna.acked)
    for gateway in (0, 1):
        spy = bare(shared.invite, unique("spy"), gateway)
        assert spy.ask_wrong(Read(0, room, 0, 0, 500)).code == ErrorCode.NOT_MEMBER
        assert spy.ask_wrong(Leave(0, room)).code == ErrorCode.NOT_MEMBER
        spy.say(room, "let me in")
        refused = spy.expect(Refused)
        assert (refused.code, refused.count) == (ErrorCode.NOT_MEMBER, 1)
        for name in (room.hex(), anna.nick, f"d:{anna.nick}"):
            assert spy.ask_wrong(Join(0, name, False)).code == ErrorCode.NO_ROOM
        assert spy.ask_wrong(Join(0, "  ", False)).code == ErrorCode.FIELD
        mine = spy.ask(Direct(0, [anna.person, boris.person]), Room)
        assert mine.room != room
        assert len(mine.members) == 3
        bulk = bare(shared.invite, spy.nick, gateway, device=spy.device, purpose=Purpose.BULK)
        asked = BlobGet(0, room, body["sha256"], 0, len(data))
        assert bulk.ask_wrong(asked).code == ErrorCode.NOT_MEMBER
        # Nor through a room of one's own, where it was never posted.
        bulk_own = asked._replace(room=spy.enter(unique("own")))
        bulk.barrier()
        wrong = bulk.ask_wrong(bulk_own)
        assert wrong.code in (ErrorCode.NO_BLOB, ErrorCode.NOT_MEMBER)
        spy.barrier()
        everything = b"".join(spy.raw + bulk.raw)
        assert b"for Boris" not in everything
        assert data[:64] not in everything
    assert texts_of(boris.read_all(room)) == ["for Boris"]


def test_direct_messages_are_one_room_for_the_same_people(
    shared: Server, bare: Circle, talker: Talkers
) -> None:
    anna = bare(shared.invite, unique("anna"), 0)
    vera = talker(shared.invite, unique("Vera")).online()
    room = vera.done(vera.client.direct([anna.person])).room
    assert anna.ask(Direct(0, [vera.person]), Room).room == room
    assert anna.ask(Direct(0, [vera.person, anna.person, vera.person]), Room).room == room
    vera.say(room, "тільки тобі")
    anna.hear(room, "тільки тобі")
    info = vera.until(lambda: vera.rooms.get(room))
    assert info is not None
    assert info.kind is RoomKind.DIRECT
    assert {nick for _, nick in info.members} == {anna.nick, vera.nick}
    assert anna.ask_wrong(Leave(0, room)).code == ErrorCode.FIELD
    assert anna.ask_wrong(Direct(0, [bytes(8)])).code == ErrorCode.NO_PERSON


# --- rooms -------------------------------------------------------------------------------------


def test_rooms_are_made_entered_and_left(shared: Server, bare: Circle) -> None:
    anna, boris = bare(shared.invite, unique("anna"), 0), bare(shared.invite, unique("boris"), 1)
    name = unique("Клас 7-Б")
    assert anna.ask_wrong(Join(0, name, False)).code == ErrorCode.NO_ROOM
    room = anna.enter(name)
    # A name that only looks different is the same room.
    assert boris.enter(name.upper()) == room
    anna.until(lambda: ("joined", boris.nick) in anna.notices(room))
    listed = {row[0]: row for row in boris.ask(Rooms(0, b"", 500), RoomsPage).rooms}
    assert listed[room][1:] == [name, 2, True]
    boris.tell(room, "I must go")
    left = boris.ask(Leave(0, room), Left)
    assert left.room == room
    anna.until(lambda: ("left", boris.nick) in anna.notices(room))
    anna.read_all(room)
    assert anna.notices(room) == [
        ("created", anna.nick),
        ("joined", anna.nick),
        ("joined", boris.nick),
        ("left", boris.nick),
    ]
    anna.tell(room, "he is gone")
    boris.say(room, "I am not")
    assert boris.expect(Refused).code == ErrorCode.NOT_MEMBER
    assert boris.ask_wrong(Read(0, room, 0, 0, 10)).code == ErrorCode.NOT_MEMBER
    boris.barrier()
    assert "he is gone" not in boris.texts(room)
    # Back again, the counter that was refused stays refused.
    assert boris.enter(name) == room
    boris.say(room, "I am here")
    boris.expect(Ack, lambda ack: ack.first_n == 3)
    assert texts_of(boris.read_all(room)) == ["I must go", "he is gone", "I am here"]


def test_a_room_that_was_left_is_forgotten_by_the_client(
    shared: Server, bare: Circle, talker: Talkers
) -> None:
    vera = talker(shared.invite, unique("Vera")).online()
    name = unique("short")
    room = vera.done(vera.client.join(name)).room
    vera.done(vera.client.leave(room))
    vera.until(lambda: room not in vera.rooms)
    refused = vera.outcome(vera.client.say(room, "too late"))
    assert isinstance(refused, Failed)
    assert refused.code == ErrorCode.NOT_MEMBER
    unknown = vera.outcome(vera.client.join(unique("nowhere"), create=False))
    assert isinstance(unknown, Failed)
    assert unknown.code == ErrorCode.NO_ROOM
    listed = vera.outcome(vera.client.open_rooms())
    assert isinstance(listed, RoomsListed)
    found = next(one for one in listed.rooms if one.room == room)
    assert (found.name, found.members, found.joined) == (name, 0, False)


# --- people ------------------------------------------------------------------------------------


def test_a_nickname_changes_for_all_and_a_taken_one_is_refused(
    shared: Server, bare: Circle, talker: Talkers
) -> None:
    anna, boris = bare(shared.invite, unique("anna"), 0), bare(shared.invite, unique("boris"), 1)
    vera = talker(shared.invite, unique("Vera")).online()
    name = unique("names")
    room = anna.enter(name)
    boris.enter(name)
    was, now = anna.nick, unique("Аннушка")
    assert anna.ask(Rename(0, now), Renamed).nick == now
    boris.until(lambda: any(what == "renamed" for what, _ in boris.notices(room)))
    kind, body = decode_item(last_notice(boris, room).item)
    assert (kind, body) == (EventKind.NOTICE, {"what": "renamed", "was": was, "now": now})
    anna.tell(room, "it is me")
    boris.hear(room, "it is me")
    assert boris.events[room][max(boris.events[room])].nick == now
    for taken in (now, now.upper(), now.replace("а", "a")):
        assert boris.ask_wrong(Rename(0, taken)).code == ErrorCode.NICK_TAKEN
    assert boris.ask_wrong(Rename(0, "  ")).code == ErrorCode.NICK_BAD
    late = bare(shared.invite, now, 1, welcome=False)
    assert late.expect(Bye).code == ErrorCode.NICK_TAKEN
    refused = vera.outcome(vera.client.rename(now))
    assert isinstance(refused, Failed)
    assert refused.code == ErrorCode.NICK_TAKEN
    fresh = unique("Вера")
    assert vera.done(vera.client.rename(fresh)).text == fresh
    assert fresh in boris.people()
    # The old nickname is free for somebody else.
    assert bare(shared.invite, was, 1).welcome is not None


def last_notice(one: Bare, room: bytes) -> Event:
    events = one.events[room]
    notices = [seq for seq in events if decode_item(events[seq].item)[0] is EventKind.NOTICE]
    return events[max(notices)]


def test_presence_follows_who_comes_and_goes(shared: Server, bare: Circle, talker: Talkers) -> None:
    anna = bare(shared.invite, unique("anna"), 0)
    vera = talker(shared.invite, unique("Vera")).online()
    vera.client.people()
    boris = bare(shared.invite, unique("boris"), 1)

    def told(online: bool) -> Callable[[Presence], bool]:
        row = [boris.person, boris.nick, online, 0, b"", 0]
        return lambda frame: row in frame.people

    def shown(online: bool) -> bool:
        lists = [one for one in vera.happenings if isinstance(one, PeopleKnown)]
        last = {one.nick: one.online for one in lists[-1].people} if lists else {}
        return last.get(boris.nick) is online

    anna.expect(Presence, told(True))
    assert anna.people()[boris.nick] is True
    vera.until(lambda: shown(True))
    second = bare(shared.invite, boris.nick, 0, device=boris.device)
    boris.send(Bye(0, "", 0, []))
    second.barrier()
    assert second.people()[boris.nick] is True, "one of two connections is left"
    second.send(Bye(0, "", 0, []))
    anna.expect(Presence, told(False))
    assert anna.people()[boris.nick] is False
    vera.until(lambda: shown(False))


def test_people_and_rooms_come_in_pages(shared: Server, bare: Circle) -> None:
    anna = bare(shared.invite, unique("anna"))
    for _ in range(5):
        anna.enter(unique("paged"))
    everybody = [row[0] for row in anna.ask(People(0, b"", 500), PeoplePage).people]
    after, found = b"", []
    while True:
        page = anna.ask(People(0, after, 2), PeoplePage)
        found += [row[0] for row in page.people]
        if not page.more:
            break
        after = found[-1]
    assert found == everybody == sorted(everybody)
    after, rooms = b"", []
    while True:
        listed = anna.ask(Rooms(0, after, 3), RoomsPage)
        rooms += [row[0] for row in listed.rooms]
        if not listed.more:
            break
        after = rooms[-1]
    assert rooms == [row[0] for row in anna.ask(Rooms(0, b"", 500), RoomsPage).rooms]
    assert len(set(rooms)) == len(rooms) > 5


# --- devices -----------------------------------------------------------------------------------


def test_two_devices_are_one_person(shared: Server, bare: Circle) -> None:
    phone = bare(shared.invite, unique("anna"), 0)
    boris = bare(shared.invite, unique("boris"), 1)
    room = phone.enter(unique("devices"))
    phone.tell(room, "from the phone")
    token = phone.ask(Link(0), Linked).token
    desk = bare(shared.invite, "ignored", 1, token=token)
    assert desk.welcome is not None
    assert (desk.person, desk.welcome.nick) == (phone.person, phone.nick)
    assert room in [row[0] for row in desk.welcome.rooms]
    assert texts_of(desk.read_all(room)) == ["from the phone"]
    desk.tell(room, "from the desk")
    phone.hear(room, "from the desk")
    tags = {event.device for event in phone.events[room].values() if any(event.device)}
    assert tags == {phone.device.public[:8], desk.device.public[:8]}
    # What comes to one comes to both.
    direct = boris.ask(Direct(0, [phone.person]), Room).room
    for one in (phone, desk):
        one.expect(Room, lambda frame: frame.room == direct)
    boris.tell(direct, "to both")
    for one in (phone, desk):
        one.hear(direct, "to both")
    # And what one does the other learns.
    fresh = desk.ask(Join(0, unique("another"), True), Room).room
    phone.expect(Room, lambda frame: frame.room == fresh)
    nick = unique("hanna")
    desk.ask(Rename(0, nick), Renamed)
    assert phone.expect(Renamed).nick == nick
    thief = bare(shared.invite, "thief", token=token, welcome=False)
    assert thief.expect(Bye).code == ErrorCode.TOKEN


def test_without_a_token_nobody_comes_in(shared: Server, bare: Circle) -> None:
    for token in ("x" * 22, "L" + "0" * 32, "-"):
        stranger = bare(shared.invite, unique("stranger"), token=token, welcome=False)
        assert stranger.expect(Bye).code == ErrorCode.TOKEN
        stranger.send(People(1, b"", 500))
        assert stranger.expect(Error).code == ErrorCode.NO_SESSION
        kinds = (Events, Page, PeoplePage)
        assert not [one for one in stranger.inbox if isinstance(one, kinds)]


def test_a_linked_client_finds_everything(shared: Server, bare: Circle, talker: Talkers) -> None:
    vera = talker(shared.invite, unique("Vera")).online()
    room = vera.done(vera.client.join(unique("linked"))).room
    vera.say(room, "one", "two")
    vera.hear(room, "one", "two")
    token = vera.done(vera.client.link_device()).text
    other = Invite(shared.invite.addresses, shared.invite.server_key, token)
    second = talker(other, "second").online()
    assert second.person == vera.person
    second.until(lambda: room in second.rooms)
    found: list[Message] = second.history(room)
    assert [one.body["text"] for one in found if "text" in one.body] == ["one", "two"]
    assert all(one.own for one in found)
    outcome = second.outcome(second.client.rename(unique("Vira")))
    assert isinstance(outcome, Done)
    assert len(encode(Send(room, bytes(8), 1, [text_item("x")]))) < 100
