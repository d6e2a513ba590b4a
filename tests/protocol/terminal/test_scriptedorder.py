"""Keeping order by a program: what a command asks the client for, and what it is told."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.client.client import SERVER
from protocol.client.happenings import (
    ActDone,
    AuditEntry,
    AuditKnown,
    Changed,
    DeviceInfo,
    DevicesKnown,
    Done,
    Failed,
    Link,
    LinkChanged,
    MemberInfo,
    MembersKnown,
    OrderKnown,
    RoomOrder,
)
from protocol.codes import Act, DirectRule, ErrorCode
from protocol.limits import HANDS_MAX
from tests.protocol.terminal.stand import (
    ME,
    NORA,
    OMAR,
    ROOM,
    STAFF,
    TAG,
    Script,
    arrived,
    message,
)


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ({"private": "x", "people": ["Nora"]}, ("make_private", "x", [NORA])),
        ({"private": "x"}, ("make_private", "x", [])),
        ({"add": "Nora", "room": "staff"}, ("add_people", STAFF, [NORA])),
        ({"members": True, "room": "staff"}, ("ask_members", STAFF)),
        ({"order": True}, ("ask_order", ROOM)),
        ({"devices": True}, ("ask_devices", ME)),
        ({"devices": "Nora"}, ("ask_devices", NORA)),
        ({"audit": True, "before": 9}, ("ask_audit", 9)),
        ({"retry": 5}, ("retry", ROOM, 5)),
        ({"act": "pause", "text": "t"}, ("act", Act.PAUSE, ROOM, b"", b"", 1, "t")),
        ({"act": "remove", "value": 7}, ("act", Act.REMOVE, ROOM, b"", b"", 7, "")),
        (
            {"act": "mute", "who": "Nora", "value": "10m", "room": "staff"},
            ("act", Act.MUTE, STAFF, NORA, b"", 600, ""),
        ),
        (
            {"act": "mute", "who": "Nora", "server": True},
            ("act", Act.MUTE, SERVER, NORA, b"", 0, ""),
        ),
        ({"act": "role", "who": "Nora", "value": 1}, ("act", Act.ROLE, ROOM, NORA, b"", 1, "")),
        (
            {"act": "kick", "person": NORA.hex(), "text": "t"},
            ("act", Act.KICK, ROOM, NORA, b"", 0, "t"),
        ),
        ({"act": "lock", "who": "Nora"}, ("act", Act.LOCK_NICK, SERVER, NORA, b"", 1, "")),
        (
            {"act": "rename", "who": "Nora", "text": "N2"},
            ("act", Act.RENAME, SERVER, NORA, b"", 0, "N2"),
        ),
        (
            {"act": "ban-device", "who": "Nora", "device": TAG.hex()},
            ("act", Act.BAN_DEVICE, SERVER, NORA, TAG, 0, ""),
        ),
    ],
)
def test_a_command_asks_for_what_it_says(command: dict[str, Any], wanted: tuple[Any, ...]) -> None:
    script = Script()
    assert script.do(**command) == [wanted] and script.told() == []


@pytest.mark.parametrize(
    "command",
    [
        {"private": ""},
        {"private": "x", "people": [5]},
        {"private": "x", "people": ["Nobody"]},
        {"add": []},
        {"add": "Nora", "room": "nowhere"},
        {"members": True, "room": 5},
        {"hand": 1},
        {"devices": 5},
        {"audit": True, "before": -1},
        {"act": "nonsense"},
        {"act": ["kick"]},
        {"act": "kick"},
        {"act": "kick", "who": ["Nora", "Me"]},
        {"act": "kick", "who": "Nora", "server": True},
        {"act": "lock", "who": "Nora", "server": False},
        {"act": "pause", "who": "Nora"},
        {"act": "pause", "person": NORA.hex()},
        {"act": "kick", "person": NORA.hex(), "who": "Nora"},
        {"act": "kick", "person": "zz" * 8},
        {"act": "kick", "person": "6e"},
        {"act": "kick", "person": 5},
        {"act": "kick", "person": ""},
        {"act": "remove", "value": "7"},
        {"act": "slow"},
        {"act": "slow", "value": "1w"},
        {"act": "role", "who": "Nora", "value": "admin"},
        {"act": "ban-device", "who": "Nora"},
        {"act": "mute", "who": "Nora", "text": 5},
    ],
)
def test_wrong_commands_are_answered_with_what_is_wrong(command: dict[str, Any]) -> None:
    script = Script()
    assert script.do(**command, id=1) == []
    (event,) = script.told()
    assert event["event"] == "error" and event["text"] and event["id"] == 1


def test_a_raised_hand_is_answered() -> None:
    script = Script()
    assert script.do(hand=True, room="staff", id=1) == [
        ("raise_hand", STAFF, True),
        ("ask_order", STAFF),
    ]
    script.answer(OrderKnown(STAFF, RoomOrder(hands=(NORA, ME))))
    script.do(hand=True, id=2)
    script.answer(OrderKnown(ROOM, RoomOrder(hands=(NORA,), muted=((ME, 0),))))
    script.do(hand=False, id=3)
    script.answer(OrderKnown(ROOM, RoomOrder(hands=(NORA,))))
    script.do(hand=True, id=4)
    raised, asked = script.client.requests[-2:]
    for request in (raised, asked):
        script.console.take(Failed(request, ErrorCode.UNAVAILABLE, "not connected"))
    script.do(hand=True, id=5)
    script.answer(Failed(0, ErrorCode.BUSY, "later"))
    many = tuple(n.to_bytes(8) for n in range(HANDS_MAX))
    script.do(hand=True, id=6)
    script.answer(OrderKnown(ROOM, RoomOrder(hands=many)))
    told = [(one["event"], one["id"], one.get("code")) for one in script.told()]
    assert told == [
        ("done", 1, None),
        ("error", 2, "FORBIDDEN"),
        ("done", 3, None),
        ("error", 4, "UNAVAILABLE"),
        ("error", 5, "BUSY"),
        ("done", 6, None),
    ]
    assert not script.console.busy


def test_programs_are_told_all_of_order() -> None:
    script = Script()
    nora = {"person": NORA.hex(), "nick": "Nora"}
    place = {"room": "staff", "room_id": STAFF.hex(), "private": True}
    order = RoomOrder(
        True, False, 30, DirectRule.OFF, ((NORA, 2), (OMAR, 9)), ((NORA, 5),), (NORA,)
    )
    script.do(order=True, room="staff", id=1)
    script.answer(OrderKnown(STAFF, order))
    script.console.take(OrderKnown(STAFF, RoomOrder()))
    first, second = script.told()
    assert first == {
        "event": "order", **place, "paused": True, "announce": False, "slow_s": 30,
        "direct": "off",
        "roles": [
            {**nora, "role": "owner"}, {"person": OMAR.hex(), "nick": "Omar Two", "role": 9},
        ],
        "muted": [{**nora, "until": 5}], "hands": [nora], "id": 1,
    }  # fmt: skip
    assert (second["paused"], second["direct"], second["roles"]) == (False, "free", [])
    script.do(members=True, id=2)
    script.answer(MembersKnown(ROOM, (MemberInfo(NORA, "Nora", True, 1),), 0))
    script.do(act="pause", id=3)
    script.answer(ActDone(0))
    script.do(act="pause", id=4)
    script.answer(Failed(0, ErrorCode.FORBIDDEN, "no", "role"))
    script.do(devices=True, id=5)
    script.answer(DevicesKnown(ME, (DeviceInfo(TAG, True, False),), 0))
    script.do(audit=True, id=6)
    entry = AuditEntry(8, 9, NORA, "Nora", int(Act.BAN), OMAR, "Omar", 0, "why")
    script.answer(AuditKnown((entry,), False, 0))
    script.do(link=True, id=7)
    script.answer(Done(0, text="t0k3n"))
    script.do(whoami=True, id=8)
    members, done, error, devices, audit, link, me = script.told()
    assert members["members"] == [{**nora, "online": True, "role": "moderator"}]
    assert done == {"event": "done", "id": 3}
    assert error == {
        "event": "error", "code": "FORBIDDEN", "text": "no", "field": "role", "id": 4,
    }  # fmt: skip
    tag = "0123 4567 89ab cdef"
    assert devices["devices"] == [{"device": tag, "online": True, "banned": False}]
    assert audit["acts"][0]["act"] == "ban" and audit["acts"][0]["nick"] == "Omar"
    assert link["text"] == "t0k3n" and link["link"].endswith(".t0k3n")
    assert (me["nick"], me["server_key"], me["device"]) == ("Me", "aaaa bbbb", tag)


def test_programs_are_told_who_removed_what_and_whom_a_notice_concerns() -> None:
    script = Script()
    body = {"what": "removed", "who": OMAR, "nick": "Omar Two", "of": 7, "text": "rude"}
    notice = replace(message(9, what="removed"), body=body)
    gone = replace(message(7), deleted=True, removed_by=(NORA, "Nora"))
    script.console.take(arrived(notice))
    script.console.take(Changed(ROOM, (gone,)))
    told, changed = script.told()
    assert (told["what"], told["of"], told["text"], told["nick"]) == ("removed", 7, "rude", "Nora")
    assert told["who"] == {"person": OMAR.hex(), "nick": "Omar Two"}
    (read,) = changed["messages"]
    assert read["deleted"] and read["removed_by"] == {"person": NORA.hex(), "nick": "Nora"}


def test_a_flood_is_told_with_its_code() -> None:
    script = Script()
    waiting = LinkChanged(Link.WAITING, "h:1", "too much", 900, int(ErrorCode.FLOOD))
    script.console.take(waiting)
    assert script.told() == [
        {"event": "offline", "text": "too much", "retry_ms": 900, "code": "FLOOD"}
    ]
