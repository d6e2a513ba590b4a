"""What one may do in a room by one's role and its order; what is known of the server's log."""

from typing import Any

import pytest

from gui.chat.room import Room
from gui.chat.serveracts import ServerActs
from gui.chat.standing import apart_by, over, standing
from protocol.client.happenings import AuditEntry, MemberInfo, RoomInfo, RoomOrder
from protocol.codes import Act, Role, RoomKind
from tests.gui.fakes import EPOCH, GENERAL, ME, OLENA, SOMCHAI

NOW_S = 1_795_176_000.0


def room(kind: RoomKind = RoomKind.PRIVATE, **order: object) -> Room:
    info = RoomInfo(GENERAL, kind, "Class", (), EPOCH, 0, 0, 0)
    return Room(GENERAL, info, order=RoomOrder(**order))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("own", "other", "may"),
    [
        (Role.MEMBER, Role.MEMBER, False),
        (Role.MODERATOR, Role.MEMBER, True),
        (Role.MODERATOR, Role.MODERATOR, False),
        (Role.MODERATOR, Role.OWNER, False),
        (Role.OWNER, Role.MODERATOR, True),
        (Role.OWNER, Role.OWNER, True),
        (Role.MEMBER, -1, False),
    ],
)
def test_a_higher_role_keeps_order_over_a_lower_one(own: int, other: int, may: bool) -> None:
    assert over(own, other) is may


def test_a_pause_leaves_nothing_but_reading_and_announcements_leave_reactions() -> None:
    paused = standing(room(paused=True), ME, Role.MEMBER, NOW_S)
    assert not paused.may_say and not paused.may_react and paused.holds
    told = standing(room(announce=True), ME, Role.MEMBER, NOW_S)
    assert not told.may_say and told.may_react
    free: tuple[dict[str, Any], ...] = ({"paused": True}, {"announce": True})
    for rules in free:
        chief = standing(room(roles=((ME, Role.MODERATOR),), **rules), ME, Role.MEMBER, NOW_S)
        assert chief.may_say and chief.may_react and chief.in_charge and chief.holds


def test_who_is_muted_may_say_nothing_until_it_ends() -> None:
    muted = room(muted=((ME, int(NOW_S * 1000) + 60_000), (OLENA, 0)))
    assert not standing(muted, ME, Role.MEMBER, NOW_S).may_say
    after = standing(muted, ME, Role.MEMBER, NOW_S + 61)
    assert after.may_say and not after.holds
    assert not standing(muted, OLENA, Role.MEMBER, NOW_S + 10**9).may_react
    # Also somebody with a role can be muted by a higher one, and does no act then.
    chief = room(muted=((ME, 0),), roles=((ME, Role.MODERATOR),))
    stand = standing(chief, ME, Role.MEMBER, NOW_S)
    assert stand.in_charge and not stand.may_say and not stand.may_act


def test_a_slow_room_counts_from_what_one_said_last() -> None:
    slow = room(slow_s=30)
    assert standing(slow, ME, Role.MEMBER, NOW_S).slow_left_s == 0
    slow.said_s = NOW_S
    assert standing(slow, ME, Role.MEMBER, NOW_S).slow_left_s == 30
    assert standing(slow, ME, Role.MEMBER, NOW_S + 29.2).slow_left_s == 1
    assert standing(slow, ME, Role.MEMBER, NOW_S + 30).slow_left_s == 0
    assert standing(slow, ME, Role.MEMBER, NOW_S - 3_600).slow_left_s == 0, "another clock"
    assert (
        standing(room(slow_s=30, roles=((ME, Role.OWNER),)), ME, Role.MEMBER, NOW_S).slow_left_s
        == 0
    )


def test_a_role_of_the_server_counts_in_open_rooms_alone() -> None:
    assert standing(room(RoomKind.OPEN), ME, Role.MODERATOR, NOW_S).in_charge
    assert not standing(room(RoomKind.PRIVATE), ME, Role.OWNER, NOW_S).in_charge
    direct = standing(room(RoomKind.DIRECT, paused=True), ME, Role.OWNER, NOW_S)
    assert direct.may_say and not direct.in_charge and not direct.kept
    nowhere = standing(room(RoomKind.DIRECT, muted=((ME, 0),)), ME, Role.MEMBER, NOW_S)
    assert not nowhere.may_say and not nowhere.kept, "muted on the whole server"
    assert standing(None, ME, Role.OWNER, NOW_S).may_say


def entry(no: int, act: int, person: bytes, value: int = 0) -> AuditEntry:
    return AuditEntry(no, int(NOW_S * 1000), ME, "Marko", act, person, "Olena", value, "")


def test_the_newest_word_of_the_log_counts() -> None:
    acts = ServerActs()
    acts.take([entry(9, Act.UNBAN, OLENA), entry(8, Act.LOCK_NICK, OLENA, 1)])
    acts.take([entry(7, Act.BAN, OLENA), entry(6, Act.BAN, ME), entry(5, 99, ME)])
    assert not acts.banned(OLENA) and acts.locked(OLENA)
    assert acts.banned(ME) and not acts.locked(ME)
    acts.done(Act.BAN, OLENA, 0, NOW_S)
    acts.done(Act.LOCK_NICK, OLENA, 0, NOW_S)
    acts.take([entry(9, Act.UNBAN, OLENA), entry(8, Act.LOCK_NICK, OLENA, 1)])
    assert acts.banned(OLENA) and not acts.locked(OLENA), "older than what one has done oneself"
    acts.take([entry(12, Act.UNBAN, OLENA), entry(10, Act.BAN, OLENA)])
    assert not acts.banned(OLENA), "others act, too"


def test_a_mute_on_the_server_is_known_until_it_ends() -> None:
    acts = ServerActs()
    acts.take([entry(3, Act.MUTE, OLENA, 600), entry(2, Act.MUTE, ME), entry(1, Act.UNMUTE, ME)])
    assert acts.muted_until(OLENA, NOW_S) == NOW_S * 1000 + 600_000
    assert acts.muted_until(OLENA, NOW_S + 600) is None
    assert acts.muted_until(ME, NOW_S + 10**9) == 0 and acts.muted_until(b"?", NOW_S) is None
    acts.done(Act.UNMUTE, ME, 0, NOW_S)
    acts.done(Act.MUTE, OLENA, 60, NOW_S)
    assert acts.muted_until(ME, NOW_S) is None
    assert acts.muted_until(OLENA, NOW_S) == NOW_S * 1000 + 60_000


@pytest.mark.parametrize(
    ("rule", "own", "other", "closed"),
    [
        (0, Role.MEMBER, Role.MEMBER, 0),
        (1, Role.MEMBER, Role.MEMBER, 1),
        (1, Role.MEMBER, Role.MODERATOR, 0),
        (1, Role.OWNER, Role.MEMBER, 0),
        (2, Role.OWNER, Role.MEMBER, 2),
        (2, Role.MEMBER, Role.OWNER, 2),
        (2, Role.MODERATOR, Role.OWNER, 0),
        (9, Role.MEMBER, Role.MEMBER, 0),
    ],
)
def test_a_rule_of_a_room_holds_in_direct_messages_of_its_members(
    rule: int, own: int, other: int, closed: int
) -> None:
    ruling = room(direct=rule, roles=((ME, own), (OLENA, other)))
    ruling.members = (MemberInfo(ME, "Marko", True, own), MemberInfo(OLENA, "Olena", True, other))
    assert apart_by(ruling, ME, Role.MEMBER, (ME, OLENA), True) == closed


def test_a_rule_holds_only_those_who_are_in_the_room_and_keep_no_order() -> None:
    off = room(direct=2)
    assert apart_by(off, ME, Role.OWNER, (ME, SOMCHAI), True) == 2, "whoever the other is"
    assert apart_by(off, ME, Role.MEMBER, (ME, SOMCHAI), False) == 1, "of private rooms none is"
    off.order = RoomOrder(direct=2, roles=((OLENA, Role.MODERATOR),))
    assert not apart_by(off, ME, Role.MEMBER, (ME, OLENA), False), "where somebody in charge is"
    opened = room(RoomKind.OPEN, direct=2)
    assert not apart_by(opened, ME, Role.MODERATOR, (ME, SOMCHAI), True), "one keeps order there"
    opened.members = (MemberInfo(SOMCHAI, "Somchai", True, Role.MEMBER),)
    assert apart_by(opened, ME, Role.MODERATOR, (ME, SOMCHAI), True) == 2
    assert not apart_by(opened, ME, Role.MODERATOR, (ME, SOMCHAI), False), "one may write oneself"
