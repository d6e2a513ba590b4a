"""Acts: what each needs, what follows from it, who is told, and that it survives a restart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker import orderdesk
from broker.orderdesk import SERVER
from protocol.backplane import Down, Up
from protocol.codes import Act, DirectRule, ErrorCode, Role, RoomKind
from protocol.frames import Act as ActFrame
from protocol.frames import (
    Audit,
    AuditPage,
    Bye,
    Devices,
    DevicesPage,
    Direct,
    Done,
    Error,
    Hand,
    Join,
    Leave,
    Link,
    Linked,
    Members,
    MembersPage,
    Order,
    Ordered,
    People,
    PeoplePage,
    Rename,
    Renamed,
    decode,
)
from protocol.limits import MODERATORS_MAX, MUTE_MAX_S, MUTED_MAX, SLOW_MAX_S
from tests.broker.stand import FIRST_MS, TOKEN, Gate, Stand, key

BOSS, ANN, BOB, EVE = 1, 2, 3, 4
"""Numbers of devices, and their slots: an owner of the server, one of the kitchen, two members."""


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    yield stand
    stand.close()


@pytest.fixture
def gate(stand: Stand) -> Gate:
    """Everybody, in a kitchen that Ann has made."""
    gate = Gate(stand)
    for number, nick in ((BOSS, "Boss"), (ANN, "Ann"), (BOB, "Bob"), (EVE, "Eve")):
        gate.open(number, number, nick)
    with stand.drain() as batch:
        stand.order.set_role(None, stand.person(BOSS), Role.OWNER, batch)
    for number in (ANN, BOSS, BOB, EVE):
        gate.ask(number, Join(9, "kitchen", True))
    stand.desk.presence_frames()
    return gate


def kitchen(stand: Stand) -> bytes:
    room = stand.directory.open_room("kitchen")
    assert room is not None
    return room.room


def act(
    gate: Gate,
    slot: int,
    what: int,
    room: bytes = SERVER,
    whom: int = 0,
    value: int = 0,
    text: str = "",
    device: bytes = b"",
) -> list[list[Any]]:
    """Act, and confirm what is to be confirmed; return all that was said."""
    person = gate.stand.person(whom).person if whom else b""
    said = gate.ask(slot, ActFrame(5, what, room, person, device, value, text))
    for one in [one for one in said if one[0] == Down.CONFIRM]:
        said += gate.do([Up.CONFIRMED, one[1]])
    return said


def answer(said: list[list[Any]], slot: int) -> Any:
    answers = [decode(one[2]) for one in said if one[0] == Down.FRAME and one[1] == slot]
    return next(one for one in answers if isinstance(one, Done | Error))


def done(*args: Any, **more: Any) -> list[list[Any]]:
    """It must be DONE; return what else was said."""
    said = act(*args, **more)
    assert answer(said, args[1]) == Done(5)
    return said


def refused(*args: Any, **more: Any) -> tuple[int, str]:
    """It must be refused, and change nothing; return code and field."""
    gate: Gate = args[0]
    said = act(*args, **more)
    error = answer(said, args[1])
    assert isinstance(error, Error) and error.request == 5
    assert len(said) == 1 and not gate.stand.batch
    return error.code, error.field


def last(stand: Stand, room: bytes) -> tuple[str, dict[str, Any]]:
    return stand.notices(room)[-1]


def ordered(gate: Gate, slot: int, room: bytes) -> Ordered:
    frame = gate.answer(slot, Order(6, room))
    assert isinstance(frame, Ordered)
    return frame


def audit(gate: Gate, slot: int = BOSS, before: int = 0, limit: int = 200) -> AuditPage:
    page = gate.answer(slot, Audit(8, before, limit))
    assert isinstance(page, AuditPage)
    return page


# --- who may ------------------------------------------------------------------------------


@pytest.mark.parametrize("what", Act)
def test_a_member_can_act_on_nobody(gate: Gate, stand: Stand, what: Act) -> None:
    where = SERVER if what >= Act.LOCK_NICK and what is not Act.LOWER else kitchen(stand)
    tag = key(EVE)[:8]
    code = refused(gate, BOB, what, where, EVE, 1, "x", tag)
    assert code == (ErrorCode.FORBIDDEN, "role")


@pytest.mark.parametrize("what", [Act.KICK, Act.BAN, Act.MUTE, Act.LOWER, Act.UNBAN, Act.UNMUTE])
def test_nobody_acts_on_an_equal_or_a_higher_one(gate: Gate, stand: Stand, what: Act) -> None:
    room = kitchen(stand)
    for number in (BOB, EVE):
        done(gate, ANN, Act.ROLE, room, number, 1)
    for whom in (EVE, ANN, BOSS):
        assert refused(gate, BOB, what, room, whom) == (ErrorCode.FORBIDDEN, "role")
    # Owners may do it to owners.
    done(gate, ANN, what, room, BOSS)


@pytest.mark.parametrize("what", [Act.KICK, Act.BAN, Act.MUTE])
def test_nobody_puts_themselves_out(gate: Gate, stand: Stand, what: Act) -> None:
    assert refused(gate, ANN, what, kitchen(stand), ANN) == (ErrorCode.FORBIDDEN, "role")


@pytest.mark.parametrize(
    ("what", "room", "field"),
    [
        (Act.KICK, SERVER, "room"),
        (Act.PAUSE, SERVER, "room"),
        (Act.LOCK_NICK, b"kitchen", "room"),
        (Act.RENAME, b"kitchen", "room"),
        (Act.BAN_DEVICE, b"kitchen", "room"),
        (99, SERVER, "act"),
        (255, b"kitchen", "act"),
    ],
)
def test_an_act_in_the_wrong_place(
    gate: Gate, stand: Stand, what: int, room: bytes, field: str
) -> None:
    where = kitchen(stand) if room else SERVER
    where = SERVER if room == SERVER else where
    assert refused(gate, BOSS, what, where, BOB) == (ErrorCode.FIELD, field)


@pytest.mark.parametrize(
    ("what", "value"),
    [
        (Act.MUTE, MUTE_MAX_S + 1),
        (Act.PAUSE, 2),
        (Act.ANNOUNCE, 2),
        (Act.SLOW, SLOW_MAX_S + 1),
        (Act.DIRECT, 3),
        (Act.ROLE, 3),
        (Act.REMOVE, 0),
        (Act.REMOVE, 1_000),
    ],
)
def test_a_value_out_of_range(gate: Gate, stand: Stand, what: Act, value: int) -> None:
    code = refused(gate, ANN, what, kitchen(stand), BOB, value)
    assert code == (ErrorCode.FIELD, "value")


def test_rooms_and_people_that_are_not_there(gate: Gate, stand: Stand) -> None:
    gate.ask(ANN, Direct(9, [stand.person(BOB).person]))
    direct = next(one for one in stand.directory.rooms.values() if one.kind is RoomKind.DIRECT)
    assert refused(gate, BOSS, Act.PAUSE, direct.room, 0, 1) == (ErrorCode.NO_ROOM, "room")
    assert refused(gate, BOSS, Act.PAUSE, b"?" * 16, 0, 1) == (ErrorCode.NO_ROOM, "room")
    assert refused(gate, ANN, Act.PAUSE, direct.room, 0, 1) == (ErrorCode.FIELD, "room")
    nobody = ActFrame(5, Act.BAN, SERVER, b"nobody  ", b"", 0, "")
    assert answer(gate.ask(BOSS, nobody), BOSS).code == ErrorCode.NO_PERSON


# --- putting out -----------------------------------------------------------------------------


def test_who_is_kicked_is_out_and_may_come_back(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    gate.open(33, BOB)
    said = done(gate, ANN, Act.KICK, room, BOB, text="noise")
    left = [one for one in said if one[0] == Down.LEFT]
    assert left == [[Down.LEFT, BOB, 0, room], [Down.LEFT, 33, 0, room]]
    bob = stand.person(BOB)
    assert last(stand, room) == (
        "Ann",
        {"what": "kicked", "who": bob.person, "nick": "Bob", "text": "noise"},
    )
    assert bob.no not in stand.directory.rooms[room].members
    done(gate, ANN, Act.KICK, room, BOB)  # changes nothing
    assert stand.notices(room)[-1][1]["what"] == "kicked"
    assert gate.ask(BOB, Join(9, "kitchen", False))[0][:3] == [Down.ENTERED, BOB, 9]


def test_done_is_said_when_every_gateway_has_confirmed(gate: Gate, stand: Stand) -> None:
    other = Gate(stand, b"gateway2")
    other.open(7, BOB)
    room = kitchen(stand)
    said = gate.ask(ANN, ActFrame(5, Act.KICK, room, stand.person(BOB).person, b"", 0, ""))
    assert [one[0] for one in said] == [Down.LEFT, Down.CONFIRM]
    there = other.said()
    assert there[0] == [Down.LEFT, 7, 0, room] and there[1] == said[1]
    ticket = said[1][1]
    assert gate.do([Up.CONFIRMED, ticket]) == []
    assert gate.do([Up.CONFIRMED, ticket], [Up.CONFIRMED, ticket + 1]) == []
    other.do([Up.CONFIRMED, ticket])
    (answered,) = gate.said()
    assert answered[:2] == [Down.FRAME, ANN] and decode(answered[2]) == Done(5)


def test_a_ban_from_a_room_keeps_out_until_it_is_lifted(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    done(gate, ANN, Act.BAN, room, BOB)
    for _ in range(2):
        (banned,) = gate.ask(BOB, Join(9, "kitchen", False))
        error = decode(banned[2])
        assert isinstance(error, Error) and error.code == ErrorCode.BANNED
        stand.restart()
        gate = Gate(stand)
        for number in (ANN, BOB):
            gate.open(number, number)
    done(gate, ANN, Act.UNBAN, room, BOB)
    assert last(stand, room)[1]["what"] == "unbanned"
    assert gate.ask(BOB, Join(9, "kitchen", False))[0][0] == Down.ENTERED


def test_a_ban_from_the_server_ends_every_session_and_none_begins(gate: Gate, stand: Stand) -> None:
    other = Gate(stand, b"gateway2")
    other.open(7, BOB)
    said = gate.ask(BOSS, ActFrame(5, Act.BAN, SERVER, stand.person(BOB).person, b"", 0, "why"))
    ends = [one for one in [*said, *other.said()] if one[0] == Down.CLOSED]
    assert [one[1] for one in ends] == [BOB, 7]
    assert all(decode(one[2])[0] == ErrorCode.BANNED for one in ends)
    confirm = next(one for one in said if one[0] == Down.CONFIRM)
    other.do([Up.CONFIRMED, confirm[1]])
    assert answer(gate.do([Up.CONFIRMED, confirm[1]]), BOSS) == Done(5)
    assert not stand.sessions.online(stand.person(BOB))
    # Nothing that they send on what was a session is taken.
    head = stand.directory.rooms[kitchen(stand)].head
    assert gate.do([Up.RUN, BOB, kitchen(stand), b"outbox-1", 1, [b"\x92\x01\x80"]]) == []
    assert stand.directory.rooms[kitchen(stand)].head == head
    for _ in range(2):
        (closed,) = gate.open(8, BOB)
        bye = decode(closed[2])
        assert isinstance(bye, Bye) and bye.code == ErrorCode.BANNED
        stand.restart()
        gate = Gate(stand)
        gate.open(BOSS, BOSS)
    assert stand.person(BOB).rooms, "the memberships stay"
    done(gate, BOSS, Act.UNBAN, whom=BOB)
    assert gate.open(8, BOB)[0][0] == Down.OPENED


def test_a_banned_device_and_the_others_of_its_person(gate: Gate, stand: Stand) -> None:
    with stand.drain() as batch:
        token = stand.directory.admission.link_token(stand.person(BOB), stand.now_ms, batch)
    gate.open(33, 33, None, token)
    tag = key(33)[:8]
    said = done(gate, BOSS, Act.BAN_DEVICE, whom=BOB, device=tag)
    assert [one[:2] for one in said if one[0] == Down.CLOSED] == [[Down.CLOSED, 33]]
    stand.restart()
    gate = Gate(stand)
    gate.open(BOSS, BOSS)
    assert gate.open(33, 33)[0][0] == Down.CLOSED
    assert gate.open(BOB, BOB)[0][0] == Down.OPENED
    page = gate.answer(BOSS, Devices(6, stand.person(BOB).person))
    assert page == DevicesPage(6, [[key(BOB)[:8], True, False], [tag, False, True]])
    assert gate.answer(BOB, Devices(6, stand.person(BOB).person)) == page
    # One's own other device, also by oneself; but not the one that one uses.
    done(gate, BOSS, Act.UNBAN_DEVICE, whom=BOB, device=tag)
    assert gate.open(33, 33)[0][0] == Down.OPENED
    done(gate, BOB, Act.BAN_DEVICE, whom=BOB, device=tag)
    own = refused(gate, BOB, Act.BAN_DEVICE, whom=BOB, device=key(BOB)[:8])
    assert own == (ErrorCode.FORBIDDEN, "role")
    none = refused(gate, BOSS, Act.BAN_DEVICE, whom=BOB, device=b"nothing ")
    assert none == (ErrorCode.FIELD, "device")
    assert [one[4] for one in audit(gate).acts] == [15, 16, 15]


@pytest.mark.parametrize("by", [BOSS, BOB])
@pytest.mark.parametrize("role", Role)
def test_a_banned_device_comes_back_by_somebody_higher_alone(
    gate: Gate, stand: Stand, by: int, role: Role
) -> None:
    """Also one that its person has removed; and the audit log has one row of it, not thousands."""
    gate.open(33, 33, None, linked(gate, BOB))
    tag = key(33)[:8]
    done(gate, by, Act.BAN_DEVICE, whom=BOB, device=tag)
    if role:
        done(gate, BOSS, Act.ROLE, whom=BOB, value=role)
    before = len(audit(gate).acts)
    for _ in range(3):
        if role is not Role.OWNER:
            code = refused(gate, BOB, Act.UNBAN_DEVICE, whom=BOB, device=tag)
            assert code == (ErrorCode.FORBIDDEN, "role")
        done(gate, BOB, Act.BAN_DEVICE, whom=BOB, device=tag)
    assert gate.open(33, 33)[0][0] == Down.CLOSED and len(audit(gate).acts) == before
    done(gate, BOB if role is Role.OWNER else BOSS, Act.UNBAN_DEVICE, whom=BOB, device=tag)
    assert gate.open(33, 33)[0][0] == Down.OPENED


def linked(gate: Gate, slot: int) -> str:
    """Ask for a device link; return its token."""
    frame = gate.answer(slot, Link(6))
    assert isinstance(frame, Linked)
    return frame.token


def test_who_is_banned_cannot_link_another_device(gate: Gate, stand: Stand) -> None:
    token = linked(gate, BOB)
    done(gate, BOSS, Act.BAN, whom=BOB)
    for _ in range(2):
        (closed,) = gate.open(33, 33, None, token)
        assert decode(closed[2])[0] == ErrorCode.TOKEN
        assert stand.directory.device(key(33)) is None
        done(gate, BOSS, Act.UNBAN, whom=BOB)


def test_links_end_with_the_device_that_may_have_asked_for_them(gate: Gate, stand: Stand) -> None:
    """Whoever has a stolen device would come in with one again, and shut its owner out."""
    gate.open(33, 33, None, linked(gate, BOB))
    stolen, others = [linked(gate, BOB) for _ in range(2)], linked(gate, EVE)
    done(gate, 33, Act.BAN_DEVICE, whom=BOB, device=key(BOB)[:8])
    for _ in range(2):
        for token in stolen:
            (closed,) = gate.open(34, 34, None, token)
            assert closed[0] == Down.CLOSED and decode(closed[2])[0] == ErrorCode.TOKEN
        assert stand.directory.device(key(34)) is None
        stand.restart()
        gate = Gate(stand)
    assert gate.open(35, 35, None, others)[0][0] == Down.OPENED


def test_other_peoples_devices_are_for_those_in_charge(gate: Gate, stand: Stand) -> None:
    error = gate.answer(ANN, Devices(6, stand.person(BOB).person))
    assert isinstance(error, Error) and error[:2] == (ErrorCode.FORBIDDEN, "role")
    error = gate.answer(BOSS, Devices(6, b"nobody  "))
    assert isinstance(error, Error) and error.code == ErrorCode.NO_PERSON


# --- roles -----------------------------------------------------------------------------------


def test_roles_are_told_and_kept(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    done(gate, ANN, Act.ROLE, room, BOB, 1)
    bob = stand.person(BOB).person
    assert last(stand, room) == ("Ann", {"what": "role", "who": bob, "nick": "Bob", "value": 1})
    done(gate, BOSS, Act.ROLE, whom=EVE, value=1)
    ann, boss, eve = (stand.person(one).person for one in (ANN, BOSS, EVE))
    roles = sorted([[ann, 2], [bob, 1], [boss, 2], [eve, 1]])
    assert sorted(ordered(gate, BOB, room).roles) == roles
    (presence,) = map(decode, stand.desk.presence_frames())
    assert presence[0] == [[eve, "Eve", True, 0, b"", 1]]
    stand.restart()
    gate = Gate(stand)
    gate.open(BOB, BOB)
    gate.open(ANN, ANN)
    assert sorted(ordered(gate, BOB, room).roles) == roles
    page = gate.answer(BOB, Members(6, room, b"", 10))
    assert isinstance(page, MembersPage) and not page.more
    assert [[row[0], row[3]] for row in page.members] == roles
    people = gate.answer(BOB, People(6, b"", 500))
    assert isinstance(people, PeoplePage)
    assert {row[1]: row[5] for row in people.people} == {"Boss": 2, "Ann": 0, "Bob": 0, "Eve": 1}
    # Moderators cannot make others.
    assert refused(gate, BOB, Act.ROLE, room, EVE, 1) == (ErrorCode.FORBIDDEN, "role")


def test_the_last_owner_stays(gate: Gate, stand: Stand) -> None:
    assert refused(gate, BOSS, Act.ROLE, whom=BOSS) == (ErrorCode.FORBIDDEN, "role")
    done(gate, BOSS, Act.ROLE, whom=ANN, value=2)
    done(gate, BOSS, Act.ROLE, whom=BOSS, value=1)
    assert refused(gate, ANN, Act.ROLE, whom=ANN) == (ErrorCode.FORBIDDEN, "role")
    # In an open room an owner of the server is left.
    done(gate, ANN, Act.ROLE, kitchen(stand), ANN)


def test_a_role_needs_a_member_and_ends_with_the_membership(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    done(gate, ANN, Act.ROLE, room, BOB, 1)
    gate.ask(BOB, Leave(9, room))
    assert refused(gate, ANN, Act.ROLE, room, BOB, 1) == (ErrorCode.NOT_MEMBER, "person")
    gate.ask(BOB, Join(9, "kitchen", False))
    assert stand.person(BOB).person not in [row[0] for row in ordered(gate, ANN, room).roles]


def test_so_many_have_a_role(gate: Gate, stand: Stand) -> None:
    room = stand.directory.rooms[kitchen(stand)]
    with stand.drain() as batch:
        for number in range(100, 100 + MODERATORS_MAX):
            person = stand.admit(number, f"n{number}", TOKEN, batch).person
            stand.directory.join(room, person, batch)
            if number > 100:
                stand.order.set_role(room, person, Role.MODERATOR, batch)
    assert refused(gate, ANN, Act.ROLE, room.room, BOB, 1) == (ErrorCode.TOO_MANY, "value")
    done(gate, ANN, Act.ROLE, room.room, 101, 0)
    done(gate, ANN, Act.ROLE, room.room, BOB, 1)
    assert len(ordered(gate, ANN, room.room).roles) == MODERATORS_MAX + 1


# --- mutes, rules, hands ----------------------------------------------------------------------


def test_a_mute_is_told_and_ends_by_itself(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    bob = stand.person(BOB)
    done(gate, ANN, Act.MUTE, room, BOB, 60)
    assert last(stand, room)[1] == {"what": "muted", "who": bob.person, "nick": "Bob", "value": 60}
    assert ordered(gate, EVE, room).muted == [[bob.person, stand.now_ms + 60_000]]
    stand.now_ms += 60_000
    assert ordered(gate, EVE, room).muted == []
    done(gate, ANN, Act.MUTE, room, BOB, 0)
    assert ordered(gate, EVE, room).muted == [[bob.person, 0]]
    done(gate, ANN, Act.UNMUTE, room, BOB)
    assert ordered(gate, EVE, room).muted == [] and stand.directory.rooms[room].free
    head = len(stand.history(room))
    done(gate, ANN, Act.UNMUTE, room, BOB)  # changes nothing
    assert len(stand.history(room)) == head


def test_a_mute_on_the_server_is_seen_in_every_room_of_that_person(
    gate: Gate, stand: Stand
) -> None:
    done(gate, BOSS, Act.MUTE, whom=BOB, value=60, text="later")
    room, bob = kitchen(stand), stand.person(BOB).person
    assert ordered(gate, EVE, room).muted == [[bob, stand.now_ms + 60_000]]
    (row,) = audit(gate).acts
    boss = stand.person(BOSS).person
    assert row == [1, stand.now_ms, boss, "Boss", Act.MUTE, bob, "Bob", 60, "later"]
    told = {one for one, _ in stand.desk.ordered_frames(stand.now_ms)}
    assert told >= {room, *(one.room for one in stand.person(BOB).rooms.values())}
    # Nor is it lifted in one of them, as if that had done something.
    assert refused(gate, ANN, Act.UNMUTE, room, BOB) == (ErrorCode.FORBIDDEN, "muted")


def test_who_is_muted_in_a_room_keeps_the_nickname_until_then(gate: Gate, stand: Stand) -> None:
    """It would be told in the room."""
    room = kitchen(stand)
    done(gate, ANN, Act.MUTE, room, BOB, 60)
    error = gate.answer(BOB, Rename(9, "Bob says hi"))
    assert isinstance(error, Error) and (error.code, error.field) == (ErrorCode.FORBIDDEN, "muted")
    assert stand.person(BOB).nick == "Bob"
    stand.now_ms += 60_000
    assert gate.answer(BOB, Rename(9, "Bobby")) == Renamed(9, "Bobby")


def test_so_many_are_muted_and_those_that_are_over_do_not_count(gate: Gate, stand: Stand) -> None:
    room = stand.directory.rooms[kitchen(stand)]
    with stand.drain() as batch:
        for number in range(100, 100 + MUTED_MAX):
            person = stand.admit(number, f"n{number}", TOKEN, batch).person
            stand.order.mute(room, person, 60, stand.now_ms, batch)
    assert refused(gate, ANN, Act.MUTE, room.room, BOB) == (ErrorCode.TOO_MANY, "person")
    assert len(ordered(gate, ANN, room.room).muted) == MUTED_MAX
    stand.now_ms += 60_000
    done(gate, ANN, Act.MUTE, room.room, BOB)
    assert len(room.standings) == 2


@pytest.mark.parametrize(
    ("what", "value", "name", "field"),
    [
        (Act.PAUSE, 1, "paused", "paused"),
        (Act.ANNOUNCE, 1, "announce", "announce"),
        (Act.SLOW, 30, "slow", "slow_s"),
        (Act.DIRECT, DirectRule.OFF, "direct", "direct"),
    ],
)
def test_rules_are_told_once_and_kept(
    gate: Gate, stand: Stand, what: Act, value: int, name: str, field: str
) -> None:
    room = kitchen(stand)
    done(gate, BOSS, what, room, value=value, text="exam")
    done(gate, BOSS, what, room, value=value)
    told = [body for _, body in stand.notices(room) if body["what"] == name]
    assert told == [{"what": name, "value": value, "text": "exam"}]
    assert getattr(ordered(gate, BOB, room), field) == value
    ((where, frame),) = stand.desk.ordered_frames(stand.now_ms)
    pushed = decode(frame)
    assert where == room and isinstance(pushed, Ordered) and getattr(pushed, field) == value
    assert stand.desk.ordered_frames(stand.now_ms) == []
    stand.restart()
    gate = Gate(stand)
    for number in (ANN, BOB):
        gate.open(number, number)
    assert getattr(ordered(gate, BOB, room), field) == value
    done(gate, ANN, what, room, value=0)
    assert last(stand, room)[1] == {"what": name, "value": 0}
    assert stand.directory.rooms[room].rules is None


def test_a_message_is_removed_whoever_said_it(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    done(gate, ANN, Act.REMOVE, room, value=2, text="spam")
    assert last(stand, room) == ("Ann", {"what": "removed", "of": 2, "text": "spam"})


def test_what_was_removed_is_told_once(
    gate: Gate, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a reason could be said again and again, also in a room where nobody may write."""
    monkeypatch.setattr(orderdesk, "_REMOVED_MAX", 2)
    room = kitchen(stand)
    for seq in (2, 3, 2, 2, 3):
        done(gate, ANN, Act.REMOVE, room, value=seq, text="spam")
    removed = [one["of"] for _, one in stand.notices(room) if one["what"] == "removed"]
    assert removed == [2, 3]
    done(gate, ANN, Act.REMOVE, room, value=4)
    done(gate, ANN, Act.REMOVE, room, value=2)  # long ago: it is forgotten
    assert stand.notices(room)[-1][1] == {"what": "removed", "of": 2}
    general = stand.directory.open_room("general")
    assert general is not None
    done(gate, BOSS, Act.REMOVE, general.room, value=4)
    assert stand.notices(general.room)[-1][1] == {"what": "removed", "of": 4}


def test_hands_go_up_and_down(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    for number in (EVE, BOB):
        assert gate.ask(number, Hand(room, True)) == []
    bob, eve = stand.person(BOB).person, stand.person(EVE).person
    assert ordered(gate, ANN, room).hands == [eve, bob]
    done(gate, ANN, Act.LOWER, room, EVE)
    done(gate, BOB, Act.LOWER, room, BOB)
    assert ordered(gate, ANN, room).hands == []
    gate.ask(EVE, Hand(room, True))
    gate.ask(EVE, Leave(9, room))
    assert ordered(gate, ANN, room).hands == []
    head = len(stand.history(room))
    gate.ask(BOB, Hand(room, True))
    gate.ask(BOB, Hand(room, False))
    assert len(stand.history(room)) == head, "nothing of it is stored"


# --- nicknames and the audit log --------------------------------------------------------------


def test_a_locked_nickname_changes_by_a_moderator_alone(gate: Gate, stand: Stand) -> None:
    done(gate, BOSS, Act.LOCK_NICK, whom=BOB, value=1)
    error = gate.answer(BOB, Rename(6, "Robert"))
    assert isinstance(error, Error) and error[:2] == (ErrorCode.FORBIDDEN, "nick")
    said = done(gate, BOSS, Act.RENAME, whom=BOB, text="Bobby")
    frames = [decode(one[2]) for one in said if one[:2] == [Down.FRAME, BOB]]
    assert frames == [Renamed(0, "Bobby")]
    assert last(stand, kitchen(stand)) == (
        "Bobby",
        {"what": "renamed", "was": "Bob", "now": "Bobby"},
    )
    assert refused(gate, BOSS, Act.RENAME, whom=BOB, text="ann")[0] == ErrorCode.NICK_TAKEN
    assert refused(gate, BOSS, Act.RENAME, whom=BOB)[0] == ErrorCode.NICK_BAD
    done(gate, BOSS, Act.LOCK_NICK, whom=BOB, value=0)
    assert isinstance(gate.answer(BOB, Rename(6, "Robert")), Renamed)
    rows = [[row[4], row[6], row[8]] for row in audit(gate).acts]
    assert rows == [[12, "Bobby", ""], [13, "Bob", "Bobby"], [12, "Bob", ""]]


def test_the_audit_log_comes_in_pages_and_is_not_for_everybody(gate: Gate, stand: Stand) -> None:
    for seconds in range(1, 6):
        done(gate, BOSS, Act.MUTE, whom=BOB, value=seconds)
    first = audit(gate, limit=2)
    assert [row[0] for row in first.acts] == [5, 4] and first.more
    rest = audit(gate, before=4)
    assert [row[0] for row in rest.acts] == [3, 2, 1] and not rest.more
    error = gate.answer(ANN, Audit(8, 0, 10))
    assert isinstance(error, Error) and error[:2] == (ErrorCode.FORBIDDEN, "role")
    stand.restart()
    gate = Gate(stand)
    gate.open(BOSS, BOSS)
    done(gate, BOSS, Act.UNMUTE, whom=BOB)
    assert audit(gate, limit=1).acts[0][0] == 6


def test_on_a_full_disk_acts_wait(gate: Gate, stand: Stand) -> None:
    stand.desk.full = True
    assert refused(gate, ANN, Act.KICK, kitchen(stand), BOB)[0] == ErrorCode.BUSY
    assert stand.now_ms == FIRST_MS
