"""Invites: how often they hold, until when, and which role they give, once to each person."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.grants import Grant
from protocol.backplane import Down, Up
from protocol.codes import Act, ErrorCode, Role
from protocol.frames import Bye, decode
from protocol.limits import MODERATORS_MAX
from tests.broker.stand import FIRST_MS, TOKEN, Gate, Stand, key
from tests.broker.test_orderdesk import audit, done

ANN, BOB, EVE = 1, 2, 3
LATER = FIRST_MS + 60_000


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    stand.grants |= {
        "two": Grant("i2", Role.MEMBER, 2, 0),
        "short": Grant("i3", Role.MEMBER, 0, LATER),
        "owner": Grant("i4", Role.OWNER, 1, 0),
        "first": Grant("i6", Role.OWNER, 2, 0, first_owner=True),
        "moderators": Grant("i5", Role.MODERATOR, 30, 0),
    }
    yield stand
    stand.close()


@pytest.fixture
def gate(stand: Stand) -> Gate:
    return Gate(stand)


def comes_in(gate: Gate, number: int, token: str | None, nick: str | None = None) -> bool:
    """Say HELLO; whether one is in. Who is not is told TOKEN, and does not exist."""
    said = gate.open(number, number, nick or f"p{number}", token)
    if said[0][0] == Down.OPENED:
        return True
    bye = decode(said[0][2])
    assert isinstance(bye, Bye) and bye.code == ErrorCode.TOKEN
    assert gate.stand.directory.device(bytes(8) + bytes([number])) is None
    return False


def test_a_counted_invite_admits_so_many_also_over_a_restart(gate: Gate, stand: Stand) -> None:
    assert comes_in(gate, ANN, "two")
    assert comes_in(gate, ANN, "two"), "who is known needs nothing, and uses nothing up"
    stand.restart()
    gate = Gate(stand)
    assert comes_in(gate, BOB, "two")
    assert not comes_in(gate, EVE, "two")
    assert comes_in(gate, ANN, "two")
    assert stand.journal.contents().invite_uses == {"i2": 2}


def test_who_cannot_come_in_uses_nothing_up(gate: Gate, stand: Stand) -> None:
    assert comes_in(gate, ANN, "two", "Ann")
    said = gate.open(BOB, BOB, "ann", "two")
    assert decode(said[0][2])[0] == ErrorCode.NICK_TAKEN and not stand.batch
    assert comes_in(gate, BOB, "two", "Bob")


def test_an_invite_ends(gate: Gate, stand: Stand) -> None:
    stand.now_ms = LATER - 1
    assert comes_in(gate, ANN, "short")
    stand.now_ms = LATER
    assert not comes_in(gate, BOB, "short")
    assert comes_in(gate, ANN, "short")


def test_a_revoked_one_admits_nobody_new(gate: Gate, stand: Stand) -> None:
    assert comes_in(gate, ANN, "two")
    del stand.grants["two"]
    assert not comes_in(gate, BOB, "two")
    assert comes_in(gate, ANN, "two")


def test_an_invite_gives_a_role_and_the_audit_log_says_so(gate: Gate, stand: Stand) -> None:
    assert comes_in(gate, ANN, "owner")
    ann = stand.person(ANN)
    assert ann.role is Role.OWNER
    assert not comes_in(gate, BOB, "owner")
    stand.restart()
    gate = Gate(stand)
    gate.open(ANN, ANN)
    assert stand.person(ANN).role is Role.OWNER
    row = [1, stand.now_ms, b"", "", Act.ROLE, ann.person, "p1", 2, ""]
    assert audit(gate, ANN).acts == [row]


def test_who_is_known_has_the_role_from_the_next_hello_on(gate: Gate, stand: Stand) -> None:
    assert comes_in(gate, ANN, TOKEN)
    stand.desk.presence_frames()
    assert comes_in(gate, ANN, "owner")
    ann = stand.person(ANN)
    assert ann.role is Role.OWNER
    (presence,) = map(decode, stand.desk.presence_frames())
    assert presence[0] == [[ann.person, "p1", True, 0, b"", 2]]
    # Nobody falls by an invite.
    assert comes_in(gate, ANN, "moderators")
    assert ann.role is Role.OWNER
    assert stand.journal.contents().invite_uses["i4"] == 1


def test_a_role_that_was_taken_does_not_come_back_with_the_same_invite(
    gate: Gate, stand: Stand
) -> None:
    """Programs say the token of their link at every HELLO."""
    assert comes_in(gate, ANN, "owner") and comes_in(gate, BOB, "moderators")
    done(gate, ANN, Act.ROLE, whom=BOB, value=0)
    for _ in range(2):
        assert comes_in(gate, BOB, "moderators")
        assert stand.person(BOB).role is Role.MEMBER
        stand.restart()
        gate = Gate(stand)
    assert comes_in(gate, EVE, "moderators")
    assert stand.person(EVE).role is Role.MODERATOR


def test_a_first_owner_is_made_where_there_is_none(gate: Gate, stand: Stand) -> None:
    assert comes_in(gate, ANN, "first") and stand.person(ANN).role is Role.OWNER


def test_a_link_for_the_first_owner_makes_no_second_one(gate: Gate, stand: Stand) -> None:
    assert comes_in(gate, EVE, TOKEN)
    assert comes_in(gate, ANN, "owner")
    # Whoever is known stays what they were; a newcomer comes in all the same, and that counts.
    assert comes_in(gate, EVE, "first") and stand.person(EVE).role is Role.MEMBER
    assert comes_in(gate, BOB, "first") and stand.person(BOB).role is Role.MEMBER
    assert stand.journal.contents().invite_uses == {
        "i4": 1, f"i4:{stand.person(ANN).person.hex()}": 1, "i6": 1
    }  # fmt: skip


def test_two_who_come_at_once_are_not_both_the_first_owner(gate: Gate, stand: Stand) -> None:
    """Both in one drain: nothing of it is stored when the second one is looked at."""
    gate.do(*([Up.OPEN, one, key(one), f"p{one}", "first", 0] for one in (ANN, BOB)))
    assert [stand.person(one).role for one in (ANN, BOB)] == [Role.OWNER, Role.MEMBER]


def test_no_more_have_a_role_than_fit(gate: Gate, stand: Stand) -> None:
    with stand.drain() as batch:
        for number in range(100, 100 + MODERATORS_MAX):
            person = stand.admit(number, f"p{number}", TOKEN, batch).person
            stand.order.set_role(None, person, Role.MODERATOR, batch)
    said = gate.open(ANN, ANN, "Ann", "owner")
    assert decode(said[0][2])[0] == ErrorCode.TOO_MANY
    assert comes_in(gate, ANN, TOKEN, "Ann")
    assert comes_in(gate, ANN, "owner") and stand.person(ANN).role is Role.MEMBER


def test_on_a_full_disk_nobody_gets_a_role(gate: Gate, stand: Stand) -> None:
    assert comes_in(gate, ANN, TOKEN)
    stand.desk.full = True
    assert comes_in(gate, ANN, "owner") and not stand.batch
    stand.desk.full = False
    assert comes_in(gate, ANN, "owner") and stand.person(ANN).role is Role.OWNER
