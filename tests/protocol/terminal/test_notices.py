"""How order is worded: every notice and every act in one harmless line."""

from typing import Any

import pytest

from protocol.client.happenings import AuditEntry, RoomOrder
from protocol.codes import Act, DirectRule, Role
from protocol.items import NOTICES
from protocol.terminal.notices import audited, held, in_charge, notice, role_name

NORA, OMAR = b"N" * 8, b"O" * 8
NICKS = {NORA: "Nora", OMAR: "Omar"}


def nick_of(person: bytes) -> str:
    return NICKS[person]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"what": "joined"}, "* Nora joined the room"),
        ({"what": "created"}, "* Nora created the room"),
        ({"what": "left"}, "* Nora left"),
        ({"what": "renamed", "was": "Nora", "now": "N2"}, "* Nora is now N2"),
        (
            {"what": "renamed", "was": "Omar", "now": "O2", "nick": "Omar"},
            "* Omar is now O2 (by Nora)",
        ),
        ({"what": "kicked", "nick": "Omar"}, "* Nora put Omar out of the room"),
        (
            {"what": "banned", "nick": "Omar", "text": "spam"},
            "* Nora banned Omar from the room (spam)",
        ),
        ({"what": "muted", "nick": "Omar", "value": 600}, "* Nora muted Omar for 10m"),
        ({"what": "muted", "nick": "Omar"}, "* Nora muted Omar"),
        ({"what": "unmuted", "nick": "Omar"}, "* Nora lets Omar write again"),
        ({"what": "removed", "of": 3}, "* Nora removed a message"),
        ({"what": "removed", "nick": "Omar", "of": 3}, "* Nora removed a message of Omar"),
        ({"what": "paused", "value": 0}, "* Nora resumed the room: everybody may write"),
        ({"what": "slow", "value": 90}, "* Nora slowed the room down: one message in 1m 30s each"),
        ({"what": "role", "nick": "Omar", "value": 1}, "* Nora made Omar a moderator of the room"),
    ],
)
def test_notices(body: dict[str, Any], wanted: str) -> None:
    assert notice("Nora", body) == wanted


@pytest.mark.parametrize("what", NOTICES)
@pytest.mark.parametrize("value", [None, 0, 1, 2, 77, 2**61])
def test_every_notice_is_one_harmless_line(what: str, value: int | None) -> None:
    body: dict[str, Any] = {"what": what, "nick": "Om\x1b]0;ar", "text": "be\x07cause\n* Nora left"}
    body |= {} if value is None else {"value": value}
    said = notice("No\x9bra\n", body)
    assert said.isprintable() and said.startswith("* No\ufffdra")
    assert what in ("created", "joined", "left", "renamed") or "cause" in said


def test_what_is_restricted_is_said_and_what_is_over_is_not() -> None:
    assert held(RoomOrder(), nick_of, 1_000) == []
    order = RoomOrder(
        True,
        True,
        30,
        DirectRule.OFF,
        ((NORA, 2),),
        ((NORA, 0), (OMAR, 999), (OMAR, 2_000)),
        (OMAR,),
    )
    lines = held(order, nick_of, 1_000)
    assert lines[0].startswith("the room is paused") and "30s" in lines[1]
    assert lines[2] == "members may not write to each other directly"
    assert lines[3] == "Nora is muted" and lines[4].startswith("Omar is muted until")
    assert len(lines) == 5
    assert in_charge(order, nick_of) == ["Nora is an owner", "hands up: Omar"]
    assert "announcements" in held(RoomOrder(announce=True, direct=9), nick_of, 0)[0]


@pytest.mark.parametrize("act", [*Act, 99])
def test_every_act_of_the_log_is_one_harmless_line(act: int) -> None:
    entry = AuditEntry(1, 0, NORA, "No\x1bra", act, OMAR, "Om\nar", 1, "why\x07")
    said = audited(entry)
    assert said.isprintable() and said.startswith("No\ufffdra") and "Om ar" in said
    assert "why" in said


def test_the_admin_of_the_machine_is_named_as_such() -> None:
    entry = AuditEntry(1, 0, b"", "", int(Act.ROLE), OMAR, "Omar", 2, "")
    assert audited(entry) == "the server's admin made Omar an owner of the server"


def test_roles_of_a_later_version_have_a_number() -> None:
    assert role_name(Role.OWNER) == "owner" and role_name(9) == "role 9"
