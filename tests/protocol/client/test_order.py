"""A teacher, two pupils and real processes: what those in charge do, seen from every side."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocol.client.client import SERVER
from protocol.client.happenings import (
    Acked,
    ActDone,
    Arrived,
    AuditKnown,
    Changed,
    DevicesKnown,
    Done,
    Failed,
    Link,
    LinkChanged,
    MembersKnown,
    Message,
    OrderKnown,
    PeopleKnown,
    Queued,
    Refused,
    RoomInfo,
    RoomsChanged,
    RoomsListed,
)
from protocol.client.library import Library
from protocol.client.operations import OutboxRow
from protocol.client.store import Store
from protocol.codes import Act, ErrorCode, EventKind, Role, RoomKind
from protocol.invite import Invite
from tests.protocol.client.test_client import Make, Person, person
from tests.server import ROOT, Server

__all__ = ["person"]


def owner_invite(server: Server) -> Invite:
    """Make a link with which somebody becomes owner of the server, as its admin does."""
    words = ["-m", "zviazok", "invite", "--role", "owner", "--data", str(server.data)]
    made = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return Invite.parse(made.stdout)


class School:
    """Olha is owner of the server, Nora and Omar are not; all are in general."""

    def __init__(self, server: Server, person: Make) -> None:
        self.olha = person(owner_invite(server), "Olha")
        self.olha.online()
        self.nora, self.omar = (person(server.invite, nick) for nick in ("Nora", "Omar"))
        for one in (self.nora, self.omar):
            one.online()
        self.general = self.olha.general
        self.ids = {nick: self.person(nick) for nick in ("Olha", "Nora", "Omar")}

    def person(self, nick: str) -> bytes:
        self.olha.client.people()

        def fits(known: PeopleKnown) -> bool:
            return any(one.nick == nick for one in known.people)

        known = self.olha.wait(PeopleKnown, fits)
        return next(one.person for one in known.people if one.nick == nick)

    def act(self, act: Act, room: bytes, nick: str = "", value: int = 0, text: str = "") -> None:
        """Have Olha do something, and wait until it is in force everywhere."""
        whom = self.ids[nick] if nick else b""
        request = self.olha.client.act(act, room, whom, b"", value, text)
        done(self.olha, request)


def done(who: Person, request: int) -> None:
    """Wait for the good end of an act, or fail with its failure."""

    def fits(one: object) -> bool:
        return isinstance(one, ActDone | Failed) and one.request == request

    found = who.wait(object, fits)
    assert found == ActDone(request)


def failed(who: Person, request: int) -> Failed:
    return who.wait(Failed, lambda one: one.request == request)


@pytest.fixture
def school(server: Callable[..., Server], person: Make) -> Iterator[School]:
    yield School(server(gateways=2, rate=0), person)


def rooms(who: Person, fits: Callable[[dict[str, RoomInfo]], bool]) -> dict[str, RoomInfo]:
    def named(one: RoomsChanged) -> dict[str, RoomInfo]:
        return {info.name: info for info in one.rooms}

    return named(who.wait(RoomsChanged, lambda one: fits(named(one))))


def notice(who: Person, what: str, room: bytes) -> Message:
    """Wait for a notice in a room."""

    def fits(one: Message) -> bool:
        return one.room == room and one.kind == EventKind.NOTICE and one.body["what"] == what

    arrived = who.wait(Arrived, lambda one: any(map(fits, one.messages)))
    return next(filter(fits, arrived.messages))


def refused(who: Person, room: bytes, text: str) -> Refused:
    """Say something; wait until it is refused."""
    request = who.client.say(room, text)
    n = who.wait(Queued, lambda one: one.request == request).n
    return who.wait(Refused, lambda one: (one.room, one.n) == (room, n))


def acked(who: Person, room: bytes, text: str) -> int:
    request = who.client.say(room, text)
    n = who.wait(Queued, lambda one: one.request == request).n
    return who.wait(Acked, lambda one: (one.room, one.n) == (room, n)).seq


def test_a_private_room_is_seen_by_its_members_alone(school: School) -> None:
    olha, nora, omar = school.olha, school.nora, school.omar
    request = olha.client.make_private("staff", [school.ids["Nora"]])
    room = olha.wait(Done, lambda one: one.request == request).room
    here = rooms(nora, lambda named: "staff" in named)["staff"]
    assert (here.room, here.kind) == (room, RoomKind.PRIVATE)
    acked(nora, room, "between us")
    olha.hear("between us")
    request = omar.client.add_people(room, [school.ids["Omar"]])
    assert failed(omar, request).code in (ErrorCode.NOT_MEMBER, ErrorCode.NO_ROOM)
    request = omar.client.open_rooms()
    listed = omar.wait(RoomsListed, lambda one: one.request == request)
    assert [one.name for one in listed.rooms] == ["general"]
    assert all(info.name != "staff" for one in omar.of(RoomsChanged) for info in one.rooms)
    assert failed(nora, nora.client.add_people(room, [school.ids["Omar"]])).field == "role"

    done(olha, olha.client.add_people(room, [school.ids["Omar"]]))
    rooms(omar, lambda named: "staff" in named)
    request = omar.client.ask_members(room)
    members = omar.wait(MembersKnown, lambda one: one.request == request).members
    assert [(one.nick, one.role) for one in members] == [
        ("Nora", Role.MEMBER), ("Olha", Role.OWNER), ("Omar", Role.MEMBER),
    ]  # fmt: skip

    school.act(Act.KICK, room, "Omar", text="a mistake")
    rooms(omar, lambda named: "staff" not in named)
    told = notice(nora, "kicked", room)
    assert (told.body["who"], told.body["text"]) == (school.ids["Omar"], "a mistake")
    assert failed(omar, omar.client.ask_members(room)).code == ErrorCode.NOT_MEMBER


def test_what_a_paused_room_refuses_is_sent_again_when_it_goes_on(school: School) -> None:
    nora, general = school.nora, school.general
    nora.client.ask_order(general)
    assert not nora.wait(OrderKnown).order.paused
    school.act(Act.PAUSE, general, value=1)
    order = nora.wait(OrderKnown, lambda one: one.order.paused).order
    assert order.role_of(school.ids["Olha"]) == Role.OWNER
    why = refused(nora, general, "may I?")
    assert (why.code, why.field) == (ErrorCode.FORBIDDEN, "paused") and why.text
    acked(school.olha, general, "listen")
    school.act(Act.PAUSE, general, value=0)
    nora.wait(OrderKnown, lambda one: not one.order.paused)
    request = nora.client.retry(general, why.n)
    n = nora.wait(Queued, lambda one: one.request == request).n
    nora.wait(Acked, lambda one: one.n == n)
    school.omar.hear("may I?")


def test_a_refused_text_is_still_there_after_a_restart(
    server: Callable[..., Server], person: Make
) -> None:
    one = server(rate=0)
    school = School(one, person)
    school.act(Act.MUTE, school.general, "Nora", value=600)
    why = refused(school.nora, school.general, "keep me")
    assert why.field == "muted"
    school.nora.stop()
    store = Store(school.nora.profile.store_path)
    (row,) = store.snapshot().outbox
    store.close()
    assert isinstance(row, OutboxRow) and (row.code, row.field) == (ErrorCode.FORBIDDEN, "muted")
    again = person(one.invite, "Nora")
    told = again.wait(Refused)
    assert (told.n, told.field) == (why.n, "muted")


def test_what_is_removed_reads_so_for_everybody_and_is_found_no_more(school: School) -> None:
    nora, omar, general = school.nora, school.omar, school.general
    seq = acked(nora, general, "a rude word")
    for who in (school.olha, nora, omar):
        who.hear("a rude word")
    request = omar.client.act(Act.REMOVE, general, value=seq)
    why = failed(omar, request)
    assert (why.code, why.field) == (ErrorCode.FORBIDDEN, "role")
    school.act(Act.REMOVE, general, value=seq, text="rude")
    for who in (school.olha, nora, omar):
        changed = who.wait(Changed, lambda one: any(each.seq == seq for each in one.messages))
        message = next(each for each in changed.messages if each.seq == seq)
        assert message.deleted and not message.body
        assert message.removed_by == (school.ids["Olha"], "Olha")
    library = Library(omar.profile.store_path)
    assert library.search("rude").hits == ()
    library.close()


def test_hands_go_up_and_down(school: School) -> None:
    nora, olha, general = school.nora, school.olha, school.general
    olha.client.ask_order(general)
    olha.wait(OrderKnown)
    nora.client.raise_hand(general, True)
    olha.wait(OrderKnown, lambda one: one.order.hands == (school.ids["Nora"],))
    school.act(Act.LOWER, general, "Nora")
    nora.wait(OrderKnown, lambda one: bool(one.order.hands))
    nora.wait(OrderKnown, lambda one: not one.order.hands)


def test_who_is_banned_is_out_until_it_is_lifted(school: School) -> None:
    omar = school.omar
    school.act(Act.BAN, SERVER, "Omar", text="spam")
    out = omar.wait(LinkChanged, lambda one: one.link is Link.REFUSED)
    assert out.code == ErrorCode.BANNED and out.text
    omar.client.retry_now()
    again = omar.wait(LinkChanged, lambda one: one.link is Link.REFUSED)
    assert again.code == ErrorCode.BANNED
    school.act(Act.UNBAN, SERVER, "Omar")
    omar.client.retry_now()
    omar.online()
    acked(omar, school.general, "I am back")
    request = school.olha.client.ask_audit()
    log = school.olha.wait(AuditKnown, lambda one: one.request == request)
    assert [(one.act, one.nick) for one in log.acts[:2]] == [
        (Act.UNBAN, "Omar"), (Act.BAN, "Omar"),
    ]  # fmt: skip
    assert log.acts[1].text == "spam" and log.acts[1].actor_nick == "Olha"
    assert failed(omar, omar.client.ask_audit()).code == ErrorCode.FORBIDDEN


def test_a_locked_nickname_stays(school: School) -> None:
    school.act(Act.LOCK_NICK, SERVER, "Nora", value=1)
    why = failed(school.nora, school.nora.client.rename("Nora2"))
    assert (why.code, why.field) == (ErrorCode.FORBIDDEN, "nick")


def test_devices_and_roles_are_known(school: School) -> None:
    nora = school.nora
    request = nora.client.ask_devices(school.ids["Nora"])
    (device,) = nora.wait(DevicesKnown, lambda one: one.request == request).devices
    assert (device.tag, device.online, device.banned) == (nora.profile.device_tag, True, False)
    assert failed(nora, nora.client.ask_devices(school.ids["Omar"])).code == ErrorCode.FORBIDDEN
    school.act(Act.ROLE, SERVER, "Nora", value=Role.MODERATOR)
    nora.client.people()

    def fits(known: PeopleKnown) -> bool:
        return {one.nick: one.role for one in known.people} == {
            "Olha": Role.OWNER, "Nora": Role.MODERATOR, "Omar": Role.MEMBER,
        }  # fmt: skip

    nora.wait(PeopleKnown, fits)


def test_a_second_device_joins_by_the_code_of_the_first(school: School, tmp_path: Path) -> None:
    nora = school.nora
    request = nora.client.link_device()
    token = nora.wait(Done, lambda one: one.request == request).text
    link = Invite.parse(nora.client.device_link(token))
    assert link.token == token and link.server_key == nora.profile.server_key
    second = Person(tmp_path / "second", link, "Somebody")
    try:
        second.online()
        acked(second, second.general, "from my telephone")
        nora.hear("from my telephone")
        said = [m for one in nora.of(Arrived) for m in one.messages if "telephone" in str(m.body)]
        assert said[0].own and said[0].nick == "Nora"
        request = nora.client.ask_devices(school.ids["Nora"])
        known = nora.wait(DevicesKnown, lambda one: one.request == request).devices
        assert [one.tag for one in known] == [nora.profile.device_tag, second.profile.device_tag]
        request = nora.client.act(
            Act.BAN_DEVICE, SERVER, school.ids["Nora"], second.profile.device_tag
        )
        done(nora, request)
        out = second.wait(LinkChanged, lambda one: one.link is Link.REFUSED)
        assert out.code == ErrorCode.BANNED
    finally:
        second.stop()
