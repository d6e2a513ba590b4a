"""What somebody may write now: by mutes, rules, slow mode and rules about direct messages."""

from typing import Any

import pytest

from broker.directory import Room
from broker.orderdesk import SERVER
from protocol.backplane import Down, Up
from protocol.codes import Act, DirectRule, ErrorCode, EventKind, Role, RoomKind
from protocol.frames import (
    Ack,
    Add,
    AnyFrame,
    Busy,
    Direct,
    Error,
    Gap,
    Hand,
    Join,
    Leave,
    Private,
    Profile,
    Refused,
    Rename,
    Typing,
    decode,
)
from protocol.frames import Act as ActFrame
from protocol.items import decode_item, encode_item
from tests.broker.stand import TOKEN, Gate, Stand
from tests.broker.test_orderdesk import (
    ANN,
    BOB,
    BOSS,
    EVE,
    done,
    gate,
    kitchen,
    ordered,
    refused,
    stand,
)

__all__ = ["gate", "stand"]

OUTBOX = b"outbox-1"
TEXT = encode_item(EventKind.TEXT, {"text": "hello"})
EDIT = encode_item(EventKind.EDIT, {"of": 1, "text": "changed"})
DELETE = encode_item(EventKind.DELETE, {"of": 1})
REACT = encode_item(EventKind.REACT, {"of": 1, "emoji": "👍", "on": True})
ODD = b"\xdc\x00\x02\x01" + TEXT[2:]
"""A text whose array is written in a longer way: its kind cannot be seen."""


def say(gate: Gate, slot: int, room: bytes, first_n: int, *elements: Any) -> list[AnyFrame]:
    """Send these; return the answers, which settle all of them."""
    said = gate.do([Up.RUN, slot, room, OUTBOX, first_n, list(elements)])
    answers = [one for one in said if one[0] == Down.DONE]
    assert sum(one[2] for one in answers) == len(elements)
    assert all(one[1] == slot for one in answers)
    return [decode(one[3]) for one in answers]


def allowed(gate: Gate, slot: int, room: bytes, first_n: int) -> dict[str, str]:
    """Try one of each kind; return what was refused, and for which field."""
    kinds = {"text": TEXT, "odd": ODD, "edit": EDIT, "react": REACT, "delete": DELETE}
    found: dict[str, str] = {}
    for name, item in kinds.items():
        (answer,) = say(gate, slot, room, first_n, item)
        first_n += 1
        if isinstance(answer, Refused):
            assert answer.code == ErrorCode.FORBIDDEN and answer.text
            found[name] = answer.field
        else:
            assert isinstance(answer, Ack)
    return found


def all_but(field: str, *free: str) -> dict[str, str]:
    return {one: field for one in ("text", "odd", "edit", "react", "delete") if one not in free}


# --- rules --------------------------------------------------------------------------------


def test_a_paused_room_takes_nothing_but_what_takes_back(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    assert allowed(gate, BOB, room, 1) == {}
    done(gate, ANN, Act.PAUSE, room, value=1)
    assert allowed(gate, BOB, room, 6) == all_but("paused", "delete")
    for number in (ANN, BOSS):
        assert allowed(gate, number, room, 1) == {}
    done(gate, ANN, Act.PAUSE, room, value=0)
    assert allowed(gate, BOB, room, 11) == {}


def test_where_only_those_in_charge_speak_others_react(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    done(gate, ANN, Act.ANNOUNCE, room, value=1)
    assert allowed(gate, BOB, room, 1) == all_but("announce", "delete", "react")
    done(gate, ANN, Act.ROLE, room, BOB, 1)
    assert allowed(gate, BOB, room, 6) == {}


def test_a_refusal_uses_the_counter_up_and_stays(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    done(gate, ANN, Act.ANNOUNCE, room, value=1)
    answers = say(gate, BOB, room, 1, TEXT, REACT, TEXT)
    assert [type(one) for one in answers] == [Refused, Ack, Refused]
    done(gate, ANN, Act.ANNOUNCE, room, value=0)
    for _ in range(2):
        again = say(gate, BOB, room, 1, TEXT, REACT, TEXT)
        assert [type(one) for one in again] == [Refused, Ack, Refused]
        stand.restart()
        gate = Gate(stand)
        gate.open(BOB, BOB)
    (fresh,) = say(gate, BOB, room, 4, TEXT)
    assert isinstance(fresh, Ack)


def test_what_was_acknowledged_is_acknowledged_again_whatever_holds_now(
    gate: Gate, stand: Stand
) -> None:
    room = kitchen(stand)
    (first,) = say(gate, BOB, room, 1, TEXT)
    done(gate, ANN, Act.MUTE, room, BOB)
    assert say(gate, BOB, room, 1, TEXT) == [first]
    done(gate, ANN, Act.BAN, room, BOB)
    assert say(gate, BOB, room, 1, TEXT) == [first]


# --- mutes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_who_is_muted_in_a_room_writes_nothing_there(gate: Gate, stand: Stand, role: Role) -> None:
    room = kitchen(stand)
    done(gate, ANN, Act.ROLE, room, BOB, role)
    done(gate, BOSS, Act.MUTE, room, BOB, 60)
    assert allowed(gate, BOB, room, 1) == all_but("muted", "delete")
    assert allowed(gate, EVE, room, 1) == {}
    general = stand.directory.open_room("general")
    assert general is not None and allowed(gate, BOB, general.room, 1) == {}
    gate.ask(BOB, Typing(room))
    assert stand.office.typed == []
    stand.now_ms += 59_999
    assert allowed(gate, BOB, room, 6)
    stand.now_ms += 1
    assert allowed(gate, BOB, room, 11) == {}
    gate.ask(BOB, Typing(room))
    assert len(stand.office.typed) == 1


def test_who_is_muted_on_the_server_writes_to_those_in_charge_alone(
    gate: Gate, stand: Stand
) -> None:
    rooms = {}
    for name, whom in (("boss", BOSS), ("eve", EVE)):
        (entered, *_) = gate.ask(BOB, Direct(9, [stand.person(whom).person]))
        rooms[name] = entered[3] if entered[0] == Down.ENTERED else b""
    gate.ask(BOB, Private(9, "study", []))
    study = next(one for one in stand.directory.rooms.values() if one.name == "study")
    done(gate, BOSS, Act.MUTE, whom=BOB)
    for room in (kitchen(stand), rooms["eve"], study.room):
        assert allowed(gate, BOB, room, 1) == all_but("muted", "delete")
    assert allowed(gate, BOB, rooms["boss"], 1) == {}
    assert allowed(gate, EVE, rooms["eve"], 1) == {}
    stand.restart()
    gate = Gate(stand)
    gate.open(BOB, BOB)
    assert allowed(gate, BOB, kitchen(stand), 6) == all_but("muted", "delete")


def test_who_is_muted_on_the_server_says_nothing_in_other_ways(gate: Gate, stand: Stand) -> None:
    """Names of rooms and people, pictures, hands and reasons of acts are read like messages."""
    boss, eve = (stand.person(one).person for one in (BOSS, EVE))
    gate.ask(BOB, Private(9, "study", [eve]))
    study = next(one for one in stand.directory.rooms.values() if one.name == "study")
    old = direct(gate, BOB, EVE)
    done(gate, ANN, Act.ROLE, kitchen(stand), BOB, Role.OWNER)
    done(gate, BOSS, Act.MUTE, whom=BOB, value=60)
    frames = [
        Private(6, "buy pills", [eve]),
        Add(6, study.room, [boss]),
        Join(6, "buy pills", True),
        Rename(6, "buy pills"),
        Profile(6, 1, b""),
        Hand(kitchen(stand), True),
        Direct(6, [eve, stand.person(ANN).person]),
        *(ActFrame(6, one, study.room, eve, b"", 1, "buy pills") for one in (1, 2, 4, 6, 7, 9, 14)),
        ActFrame(6, Act.SLOW, kitchen(stand), b"", b"", 1, "buy pills"),
    ]

    def outcome(frame: AnyFrame) -> AnyFrame | None:
        """What is answered, if anything: the rest is told to everybody."""
        said = [one for one in gate.ask(BOB, frame) if one[:2] == [Down.FRAME, BOB]]
        return decode(said[0][2]) if said else None

    for frame in frames:
        error = outcome(frame)
        assert isinstance(error, Error) and error[:2] == (ErrorCode.FORBIDDEN, "muted"), frame
        assert not stand.batch
    # What says nothing goes on, and so does what is said to those in charge.
    assert direct(gate, BOB, EVE) == old
    assert isinstance(direct(gate, BOB, EVE, BOSS), bytes)
    assert outcome(Hand(kitchen(stand), False)) is None
    done(gate, BOB, Act.UNMUTE, kitchen(stand), EVE)
    stand.now_ms += 60_000
    for frame in frames:
        assert not isinstance(outcome(frame), Error), frame


def test_who_is_muted_in_a_room_acts_there_no_more(gate: Gate, stand: Stand) -> None:
    """But for owners, who may end mutes, also their own: else the room would be another's."""
    room = kitchen(stand)
    for number, role in ((BOB, Role.MODERATOR), (EVE, Role.OWNER)):
        done(gate, ANN, Act.ROLE, room, number, role)
        done(gate, ANN, Act.MUTE, room, number)
    with stand.drain() as batch:
        guest = stand.admit(5, "Guest", TOKEN, batch).person
        stand.directory.join(stand.directory.rooms[room], guest, batch)
    for what in (Act.REMOVE, Act.PAUSE, Act.LOWER, Act.KICK, Act.UNMUTE):
        code = refused(gate, BOB, what, room, 5, 1, "I speak")
        assert code == (ErrorCode.FORBIDDEN, "muted")
    assert refused(gate, EVE, Act.PAUSE, room, value=1) == (ErrorCode.FORBIDDEN, "muted")
    (hand,) = gate.ask(BOB, Hand(room, True))
    error = decode(hand[2])
    assert isinstance(error, Error) and error[:2] == (ErrorCode.FORBIDDEN, "muted")
    done(gate, EVE, Act.UNMUTE, room, EVE)
    done(gate, EVE, Act.PAUSE, room, value=1)
    general = stand.directory.open_room("general")
    assert general is not None and gate.ask(BOB, Hand(general.room, True)) == []


# --- slow mode -------------------------------------------------------------------------------


def test_in_a_slow_room_one_thing_is_said_in_that_time(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    done(gate, ANN, Act.SLOW, room, value=30)
    ack, busy = say(gate, BOB, room, 1, TEXT, REACT, DELETE, TEXT, REACT)
    assert isinstance(ack, Ack) and (ack.first_n, ack.count) == (1, 3)
    assert isinstance(busy, Busy) and (busy.first_n, busy.retry_ms) == (4, 30_000)
    stand.now_ms += 12_000
    (busy,) = say(gate, BOB, room, 4, TEXT)
    assert isinstance(busy, Busy) and busy.retry_ms == 18_000
    (behind,) = say(gate, BOB, room, 5, REACT)
    assert isinstance(behind, Gap) and behind.expect_n == 4
    (other,) = say(gate, EVE, room, 1, TEXT)
    assert isinstance(other, Ack)
    (owner,) = say(gate, ANN, room, 1, TEXT, TEXT, TEXT)
    assert isinstance(owner, Ack) and owner.count == 3
    stand.now_ms += 18_000
    ack, busy = say(gate, BOB, room, 4, TEXT, ODD)
    assert isinstance(ack, Ack) and isinstance(busy, Busy)
    done(gate, ANN, Act.SLOW, room, value=0)
    (ack,) = say(gate, BOB, room, 5, TEXT, TEXT)
    assert isinstance(ack, Ack) and ack.count == 2
    texts = [decode_item(one.item)[1] for one in stand.history(room) if one.n]
    assert len(texts) == 10


def test_to_change_what_was_said_counts_as_saying_something(gate: Gate, stand: Stand) -> None:
    """Else one message could say anything, one thing after the other."""
    room = kitchen(stand)
    done(gate, ANN, Act.SLOW, room, value=30)
    ack, busy = say(gate, BOB, room, 1, TEXT, EDIT)
    assert isinstance(ack, Ack) and ack.count == 1
    assert isinstance(busy, Busy) and busy.retry_ms == 30_000
    stand.now_ms += 30_000
    ack, busy = say(gate, BOB, room, 2, EDIT, TEXT)
    assert isinstance(ack, Ack) and ack.count == 1 and isinstance(busy, Busy)


def test_of_those_who_spoke_in_a_slow_room_only_who_must_wait_are_remembered(
    gate: Gate, stand: Stand
) -> None:
    room = kitchen(stand)
    done(gate, ANN, Act.SLOW, room, value=30)
    say(gate, BOB, room, 1, TEXT)
    stand.now_ms += 29_000
    say(gate, EVE, room, 1, TEXT)
    said = stand.office.writing._said[stand.directory.rooms[room].no]
    assert list(said) == [stand.person(BOB).no, stand.person(EVE).no]
    stand.now_ms += 1_000
    say(gate, BOB, room, 2, TEXT)
    assert list(said) == [stand.person(EVE).no, stand.person(BOB).no]
    stand.now_ms += 30_000
    say(gate, EVE, room, 2, TEXT)
    assert list(said) == [stand.person(EVE).no]
    done(gate, ANN, Act.SLOW, room, value=0)
    assert not stand.office.writing._said


def test_what_has_to_wait_leaves_no_trace(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    done(gate, ANN, Act.SLOW, room, value=30)
    say(gate, BOB, room, 1, TEXT)
    say(gate, BOB, room, 2, TEXT)
    assert not stand.batch


# --- direct messages -------------------------------------------------------------------------


def direct(gate: Gate, slot: int, *whom: int) -> bytes | tuple[int, str]:
    """Open a direct message; return the room, or code and field of the refusal."""
    people = [gate.stand.person(one).person for one in whom]
    said = gate.ask(slot, Direct(9, people))
    mine = next(one for one in said if one[1] == slot)
    if mine[0] == Down.ENTERED:
        return bytes(mine[3])
    error = decode(mine[2])
    assert isinstance(error, Error) and "kitchen" not in error.text
    return error.code, error.field


@pytest.mark.parametrize("rule", DirectRule)
def test_members_of_a_room_write_privately_as_it_says(
    gate: Gate, stand: Stand, rule: DirectRule
) -> None:
    gate.open(5, 5, "Guest")
    room = kitchen(stand)
    pairs = {"both": (BOB, EVE), "moderated": (BOB, ANN), "guest": (BOB, 5), "calm": (ANN, 5)}
    rooms = {name: direct(gate, *pair) for name, pair in pairs.items()}
    done(gate, ANN, Act.DIRECT, room, value=rule)
    refused = {
        DirectRule.FREE: set(),
        DirectRule.WITH_MODERATORS: {"both", "guest"},
        DirectRule.OFF: {"both", "moderated", "guest"},
    }[rule]
    for name, pair in pairs.items():
        again = direct(gate, *pair)
        if name in refused:
            assert again == (ErrorCode.FORBIDDEN, "direct")
        else:
            assert again == rooms[name]
        for number in pair:
            there = rooms[name]
            assert isinstance(there, bytes)
            found = allowed(gate, number, there, 1)
            assert found == (all_but("direct", "delete") if name in refused else {})
    # Three, with somebody who keeps order in the room among them.
    three = direct(gate, EVE, BOB, BOSS)
    assert isinstance(three, bytes) is (rule is not DirectRule.OFF)


def test_the_rule_holds_for_members_and_ends_with_the_membership(gate: Gate, stand: Stand) -> None:
    done(gate, ANN, Act.DIRECT, kitchen(stand), value=DirectRule.OFF)
    assert direct(gate, BOB, EVE) == (ErrorCode.FORBIDDEN, "direct")
    done(gate, ANN, Act.KICK, kitchen(stand), BOB)
    assert direct(gate, BOB, EVE) == (ErrorCode.FORBIDDEN, "direct")
    done(gate, ANN, Act.KICK, kitchen(stand), EVE)
    assert isinstance(direct(gate, BOB, EVE), bytes)
    gate.ask(EVE, Join(9, "kitchen", False))
    assert direct(gate, BOB, EVE) == (ErrorCode.FORBIDDEN, "direct")
    done(gate, ANN, Act.DIRECT, kitchen(stand), value=DirectRule.FREE)
    assert isinstance(direct(gate, BOB, EVE), bytes) and not stand.order.directs


def private(gate: Gate, slot: int, *whom: int) -> bytes | tuple[int, str]:
    """Make a private room; return it, or code and field of the refusal."""
    said = gate.ask(slot, Private(9, "study", [gate.stand.person(one).person for one in whom]))
    mine = next(one for one in said if one[1] == slot)
    if mine[0] == Down.ENTERED:
        return bytes(mine[3])
    assert len(said) == 1 and not gate.stand.batch
    error = decode(mine[2])
    assert isinstance(error, Error) and "kitchen" not in error.text
    return error.code, error.field


@pytest.mark.parametrize("rule", DirectRule)
def test_private_rooms_are_no_way_around_the_rule(
    gate: Gate, stand: Stand, rule: DirectRule
) -> None:
    gate.open(5, 5, "Guest")
    pair, calm = private(gate, BOB, EVE), private(gate, ANN, BOB)
    guest = private(gate, 5, BOB)
    assert isinstance(pair, bytes) and isinstance(calm, bytes) and isinstance(guest, bytes)
    done(gate, ANN, Act.DIRECT, kitchen(stand), value=rule)
    held = all_but("direct", "delete") if rule else {}
    assert allowed(gate, BOB, pair, 1) == held
    assert allowed(gate, BOB, guest, 1) == held
    # Others who are there may speak, and whoever keeps order in the kitchen frees everybody.
    assert allowed(gate, 5, guest, 1) == {}
    assert allowed(gate, BOB, calm, 1) == {}
    no = (ErrorCode.FORBIDDEN, "direct")
    for slot, *whom in ((BOB, EVE), (5, BOB), (BOB,)):
        assert private(gate, slot, *whom) == no if rule else True
    assert isinstance(private(gate, BOB, EVE, BOSS), bytes)
    (said, *_) = gate.ask(5, Add(5, guest, [stand.person(EVE).person]))
    if rule:
        error = decode(said[2])
        assert isinstance(error, Error) and (error.code, error.field) == no
        assert not stand.batch
        gate.ask(5, Add(5, guest, [stand.person(one).person for one in (EVE, ANN)]))
    assert allowed(gate, BOB, guest, 6) == allowed(gate, EVE, guest, 1) == {}
    gate.ask(BOB, Add(5, pair, [stand.person(BOSS).person]))
    assert allowed(gate, BOB, pair, 6) == {}
    done(gate, BOB, Act.KICK, pair, BOSS)
    assert allowed(gate, BOB, pair, 11) == held
    stand.restart()
    gate = Gate(stand)
    gate.open(BOB, BOB)
    assert allowed(gate, BOB, pair, 16) == held
    gate.ask(BOB, Leave(9, kitchen(stand)))
    assert allowed(gate, BOB, pair, 21) == {}


@pytest.mark.parametrize("make", [direct, private])
def test_rules_of_other_rooms_are_looked_at_once_for_all_that_is_sent(
    gate: Gate, stand: Stand, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    """They can be many, and so can people: that is not done again for each of 128 items."""
    room = make(gate, BOB, ANN)
    done(gate, ANN, Act.DIRECT, kitchen(stand), value=DirectRule.WITH_MODERATORS)
    looked: list[int] = []
    rule = stand.order.direct_rule

    def look(one: Room) -> DirectRule:
        looked.append(one.no)
        return rule(one)

    monkeypatch.setattr(stand.order, "direct_rule", look)
    (ack,) = say(gate, BOB, room, 1, *[TEXT] * 128)
    assert isinstance(ack, Ack) and ack.count == 128 and len(looked) == 1


def test_nobody_banned_watches(gate: Gate, stand: Stand) -> None:
    done(gate, ANN, Act.DIRECT, kitchen(stand), value=DirectRule.WITH_MODERATORS)
    room = private(gate, BOB, ANN)
    assert isinstance(room, bytes) and allowed(gate, BOB, room, 1) == {}
    done(gate, BOSS, Act.BAN, whom=ANN)
    assert allowed(gate, BOB, room, 6) == all_but("direct", "delete")


def test_in_a_private_room_the_rule_needs_a_role_on_the_server(gate: Gate, stand: Stand) -> None:
    """Else anybody could bring people into a room, and take their direct messages from them."""
    others = [stand.person(one).person for one in (BOSS, BOB, EVE)]
    gate.ask(ANN, Private(9, "trap", others))
    trap = next(one for one in stand.directory.rooms.values() if one.name == "trap")
    for value in DirectRule:
        code = refused(gate, ANN, Act.DIRECT, trap.room, value=value)
        assert code == (ErrorCode.FORBIDDEN, "role")
    # A role on the server alone is not enough: the room is not the server's.
    code = refused(gate, BOSS, Act.DIRECT, trap.room, value=DirectRule.OFF)
    assert code == (ErrorCode.FORBIDDEN, "role")
    done(gate, ANN, Act.ROLE, trap.room, BOSS, Role.MODERATOR)
    done(gate, BOSS, Act.DIRECT, trap.room, value=DirectRule.OFF)
    assert direct(gate, BOB, EVE) == (ErrorCode.FORBIDDEN, "direct")
    assert ordered(gate, BOB, trap.room).direct == DirectRule.OFF
    # Without one who has both the rule rests.
    done(gate, ANN, Act.KICK, trap.room, BOSS)
    assert isinstance(direct(gate, BOB, EVE), bytes)
    assert ordered(gate, BOB, trap.room).direct == DirectRule.FREE


# --- who is not in the room --------------------------------------------------------------------


def test_who_is_not_in_the_room_writes_nothing_whatever_they_are(gate: Gate, stand: Stand) -> None:
    """It is a refusal that is kept: what was refused is not taken later, from whoever is added."""
    gate.ask(ANN, Private(9, "study", [stand.person(EVE).person]))
    study = next(one for one in stand.directory.rooms.values() if one.kind is RoomKind.PRIVATE)
    done(gate, ANN, Act.PAUSE, study.room, value=1)
    for slot in (BOB, BOSS):
        (out,) = say(gate, slot, study.room, 1, TEXT)
        assert isinstance(out, Refused) and out.code == ErrorCode.NOT_MEMBER
    done(gate, ANN, Act.KICK, study.room, EVE)
    (out,) = say(gate, EVE, study.room, 1, TEXT)
    assert isinstance(out, Refused) and out.code == ErrorCode.NOT_MEMBER
    done(gate, ANN, Act.PAUSE, study.room, value=0)
    gate.ask(ANN, Add(9, study.room, [stand.person(EVE).person]))
    assert say(gate, EVE, study.room, 1, TEXT) == [out]
    (there, not_there) = (say(gate, BOB, room, 2, TEXT)[0] for room in (study.room, SERVER))
    assert isinstance(there, Refused) and isinstance(not_there, Refused)
    assert (there.code, not_there.code) == (ErrorCode.NOT_MEMBER, ErrorCode.NO_ROOM)
