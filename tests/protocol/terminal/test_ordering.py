"""Keeping order in the terminal: what a line asks the client for, and what is shown of it."""

from dataclasses import replace
from typing import Any, cast

import pytest

from protocol.client.client import SERVER, Client
from protocol.client.happenings import (
    ActDone,
    Arrived,
    AuditEntry,
    AuditKnown,
    Changed,
    Delayed,
    DeviceInfo,
    DevicesKnown,
    Discarded,
    Done,
    Failed,
    Happening,
    Link,
    LinkChanged,
    Loaded,
    MemberInfo,
    MembersKnown,
    OrderKnown,
    PeopleKnown,
    Refused,
    RoomOrder,
    RoomsChanged,
    Welcomed,
)
from protocol.codes import Act, DirectRule, ErrorCode, RoomKind
from protocol.terminal.conversation import Conversation
from tests.protocol.terminal.stand import (
    GENERAL,
    ME,
    NORA,
    OMAR,
    PEOPLE,
    PRIVATE,
    ROOM,
    STAFF,
    TAG,
    Recorder,
    Script,
    arrived,
    message,
)


class Screen:
    """A conversation in general, with its client."""

    def __init__(self, order: RoomOrder | None = None) -> None:
        self.client = Recorder()
        self.lines: list[str] = []
        self.console = Conversation(cast(Client, self.client), "general", self.lines.append)
        welcomed = Welcomed(ME, "Me", "school")
        for one in (welcomed, RoomsChanged((GENERAL,)), LinkChanged(Link.ONLINE)):
            self.console.take(one)
        self.answer(OrderKnown(ROOM, order or RoomOrder()))
        self.answer(Loaded(0, ROOM, (), False))
        self.begun, self.lines[:] = list(self.lines), []
        self.client.asked.clear()

    def answer(self, happening: Any) -> None:
        """Give the newest request this answer."""
        self.console.take(replace(happening, request=self.client.requests[-1]))

    def take(self, *happenings: Happening) -> list[str]:
        for one in happenings:
            self.console.take(one)
        return self.said()

    def said(self) -> list[str]:
        said, self.lines[:] = list(self.lines), []
        return said

    def type(self, line: str) -> list[tuple[Any, ...]]:
        """Type a line; return what the client was asked for."""
        self.client.asked.clear()
        before = len(self.client.requests)
        self.console.carry_out(line)
        if len(self.client.requests) > before and not self.client.asked:
            self.answer(PeopleKnown(PEOPLE))
        return self.client.asked


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("/private staff room", ("make_private", "staff room", ())),
        ("/add Nora, omar two", ("add_people", ROOM, [NORA, OMAR])),
        ("/members", ("ask_members", ROOM)),
        ("/order", ("ask_order", ROOM)),
        ("/hand", ("raise_hand", ROOM, True)),
        ("/lower", ("raise_hand", ROOM, False)),
        ("/lower Nora", ("act", Act.LOWER, ROOM, NORA, b"", 0, "")),
        ("/kick Omar Two bye", ("act", Act.KICK, ROOM, OMAR, b"", 0, "bye")),
        ("/ban nora", ("act", Act.BAN, ROOM, NORA, b"", 0, "")),
        ("/server ban nora", ("act", Act.BAN, SERVER, NORA, b"", 0, "")),
        ("/mute Nora 10m", ("act", Act.MUTE, ROOM, NORA, b"", 600, "")),
        ("/server mute Nora 1d", ("act", Act.MUTE, SERVER, NORA, b"", 86_400, "")),
        ("/remove #12", ("act", Act.REMOVE, ROOM, b"", b"", 12, "")),
        ("/pause", ("act", Act.PAUSE, ROOM, b"", b"", 1, "")),
        ("/resume", ("act", Act.PAUSE, ROOM, b"", b"", 0, "")),
        ("/announce on", ("act", Act.ANNOUNCE, ROOM, b"", b"", 1, "")),
        ("/slow 30s", ("act", Act.SLOW, ROOM, b"", b"", 30, "")),
        ("/direct off", ("act", Act.DIRECT, ROOM, b"", b"", 2, "")),
        ("/role Nora moderator", ("act", Act.ROLE, ROOM, NORA, b"", 1, "")),
        ("/server role Nora owner", ("act", Act.ROLE, SERVER, NORA, b"", 2, "")),
        ("/lock Nora", ("act", Act.LOCK_NICK, SERVER, NORA, b"", 1, "")),
        ("/rename Nora Nora the 3rd", ("act", Act.RENAME, SERVER, NORA, b"", 0, "Nora the 3rd")),
        ("/devices", ("ask_devices", ME)),
        ("/devices Nora", ("ask_devices", NORA)),
        (
            "/ban-device Nora 0123 4567 89ab cdef",
            ("act", Act.BAN_DEVICE, SERVER, NORA, TAG, 0, ""),
        ),
        ("/audit", ("ask_audit", 0)),
        ("/audit 90", ("ask_audit", 90)),
        ("/link", ("link_device",)),
    ],
)
def test_a_line_asks_for_what_it_says(line: str, wanted: tuple[Any, ...]) -> None:
    screen = Screen()
    assert screen.type(line) == [wanted]
    assert screen.said() == []


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("/kick Nobody", "nobody is called Nobody"),
        ("/kick", "/kick NICK"),
        ("/add Nora, Nobody", "nobody is called Nobody"),
        ("/mute Nora 5x", "10m"),
        ("/server kick Nora", "cannot be done"),
        ("/server nonsense", "cannot be done"),
        ("/remove Nora", "no message of theirs"),
        ("/slow \x1b[2J", "TIME|off"),
        ("/order now", "cannot be done like this; /help order lists"),
        ("/hand down", "cannot be done like this; /help order lists"),
        ("/nonsense", "cannot be done like this; /help lists"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_asked(line: str, part: str) -> None:
    screen = Screen()
    assert screen.type(line) == []
    (said,) = screen.said()
    assert said.startswith("!! ") and part in said and said.isprintable()


def test_an_act_is_done_or_the_server_says_why_not() -> None:
    screen = Screen()
    screen.type("/pause")
    screen.answer(ActDone(0))
    screen.type("/resume")
    screen.answer(Failed(0, ErrorCode.FORBIDDEN, "you keep no order here", "role"))
    assert screen.said() == ["-- done", "!! you keep no order here"]


def test_what_is_restricted_is_shown_on_entering() -> None:
    order = RoomOrder(True, slow_s=30, direct=DirectRule.OFF, muted=((ME, 0),))
    said = Screen(order).begun
    assert said[0].startswith("You are Me, in general")
    restricted = [line for line in said if line.startswith("-- ")]
    assert restricted == [
        "-- this is where the room begins",
        "-- the room is paused: only those in charge may write",
        "-- slow mode: one message in 30s each",
        "-- members may not write to each other directly",
        "-- Me is muted",
    ]


def test_names_that_are_not_known_yet_are_asked_for() -> None:
    screen = Screen()
    screen.take(OrderKnown(ROOM, RoomOrder(hands=(NORA,))))
    screen.answer(PeopleKnown(PEOPLE))
    assert screen.said() == ["-- Nora raises a hand"]
    assert screen.take(OrderKnown(ROOM, RoomOrder())) == ["-- Nora has the hand down"]


def test_what_changes_is_told_by_its_notice_and_hands_by_themselves() -> None:
    screen = Screen()
    screen.type("/order")
    screen.answer(OrderKnown(ROOM, RoomOrder(roles=((NORA, 2),))))
    assert screen.said() == ["   nothing is restricted here", "   Nora is an owner"]
    paused = RoomOrder(True, roles=((NORA, 2),), hands=(OMAR,))
    notice = message(4, what="paused", value=1, text="a break")
    said = screen.take(arrived(notice), OrderKnown(ROOM, paused))
    assert said[0][6:] == "* Nora paused the room: only those in charge may write (a break)"
    assert said[1:] == ["-- Omar Two raises a hand"]
    assert screen.take(OrderKnown(ROOM, replace(paused, hands=()))) == [
        "-- Omar Two has the hand down"
    ]
    assert screen.take(OrderKnown(STAFF, paused)) == [], "nobody looks at that room"


def test_an_older_server_knows_no_order_and_nothing_is_said_of_it() -> None:
    client = Recorder()
    lines: list[str] = []
    console = Conversation(cast(Client, client), "general", lines.append)
    for one in (Welcomed(ME, "Me", "s"), RoomsChanged((GENERAL,)), LinkChanged(Link.ONLINE)):
        console.take(one)
    console.take(Failed(client.requests[-1], ErrorCode.UNKNOWN_KIND, "of an older version"))
    assert client.asked[-1][0] == "history"
    assert lines == ["You are Me, in general. /help lists commands."]


def test_those_in_charge_see_numbers_and_remove_by_them_or_by_name() -> None:
    screen = Screen(RoomOrder(roles=((ME, 1),)))
    said = screen.take(arrived(message(7, text="one"), message(8, text="two")))
    assert [line[6:] for line in said] == ["#7 Nora: one", "#8 Nora: two"]
    assert screen.type("/remove nora") == [("act", Act.REMOVE, ROOM, b"", b"", 8, "")]
    gone = replace(message(8), deleted=True, removed_by=(ME, "Me"))
    assert screen.take(Changed(ROOM, (gone,))) == [], "the notice tells it"
    assert screen.type("/remove nora") == [("act", Act.REMOVE, ROOM, b"", b"", 7, "")]
    assert [line[6:] for line in screen.take(arrived(gone))] == ["#8 Nora: removed by Me"]


def test_a_name_that_cannot_be_typed_is_named_by_the_number_of_a_message() -> None:
    screen = Screen(RoomOrder(roles=((ME, 1),)))
    elsewhere = replace(message(9, person=NORA, text="x"), room=STAFF)
    screen.take(
        arrived(message(7, person=OMAR, nick="z\u0335\u0336", text="one")),
        arrived(message(8, what="muted", nick="Nora")),
        Arrived(STAFF, (elsewhere,), live=True),
    )
    screen.said()
    assert screen.type("/kick #7 too loud") == [
        ("act", Act.KICK, ROOM, OMAR, b"", 0, "too loud"),
    ]
    assert screen.type("/mute #7 10m") == [("act", Act.MUTE, ROOM, OMAR, b"", 600, "")]
    assert screen.type("/server ban #7") == [("act", Act.BAN, SERVER, OMAR, b"", 0, "")]
    assert screen.said() == []
    for number in ("#8", "#9", "#70"):
        assert screen.type(f"/kick {number}") == [], "a notice, another room, not shown"
        assert screen.said() == [f"!! no message {number} was shown here"]


def test_a_nickname_like_a_number_does_not_stand_for_a_message() -> None:
    screen = Screen()
    screen.take(arrived(message(7, person=OMAR, nick="Omar Two", text="one")))
    screen.said()
    screen.console.roster.people[NORA] = "#7"
    assert screen.type("/kick #7") == [("act", Act.KICK, ROOM, OMAR, b"", 0, "")]


def test_a_removal_names_whose_message_it_was_where_that_was_shown() -> None:
    screen = Screen()
    screen.take(arrived(message(7, person=OMAR, nick="Omar Two", text="one")))
    notice = message(9, what="removed", of=7)
    assert [line[6:] for line in screen.take(arrived(notice))] == [
        "* Nora removed a message of Omar Two"
    ]


def test_what_comes_while_a_room_is_entered_is_shown_once() -> None:
    client, lines = Recorder(), list[str]()
    console = Conversation(cast(Client, client), "general", lines.append)
    for one in (Welcomed(ME, "Me", "s"), RoomsChanged((GENERAL,)), LinkChanged(Link.ONLINE)):
        console.take(one)
    fresh = message(3, text="hello")
    console.take(arrived(fresh))
    console.take(OrderKnown(ROOM, RoomOrder(), client.requests[-1]))
    console.take(arrived(replace(fresh, seq=4)))
    shown = (fresh, replace(fresh, seq=4))
    console.take(Loaded(client.requests[-1], ROOM, shown, False))
    console.take(arrived(replace(fresh, seq=5)))
    assert sum("Nora: hello" in line for line in lines) == 3


def test_others_see_no_numbers() -> None:
    screen = Screen(RoomOrder(roles=((NORA, 2),)))
    assert [line[6:] for line in screen.take(arrived(message(7, text="one")))] == ["Nora: one"]


def test_what_was_refused_can_be_sent_again() -> None:
    screen = Screen()
    said = screen.take(Refused(ROOM, 5, ErrorCode.FORBIDDEN, "paused", "the room is paused"))
    assert said == ["!! not sent: the room is paused; /again sends it later"]
    screen.take(Refused(STAFF, 6, ErrorCode.FORBIDDEN, "paused", "x"))
    assert screen.type("/again") == [("retry", ROOM, 5)]
    screen.take(Discarded(ROOM, 5))
    assert screen.type("/again") == []
    assert screen.said()[-1] == "-- nothing was refused here"
    assert screen.type("/again all") == [("retry", STAFF, 6)]


def test_what_was_refused_before_the_start_is_one_line_and_can_be_forgotten() -> None:
    client, lines = Recorder(), list[str]()
    console = Conversation(cast(Client, client), "general", lines.append)
    rooms = (GENERAL, PRIVATE)
    for n in range(1, 13):
        console.take(Refused(ROOM, n, ErrorCode.FORBIDDEN, "direct", "not now"))
    console.take(Refused(STAFF, 13, ErrorCode.FORBIDDEN, "direct", "not now"))
    for one in (Welcomed(ME, "Me", "s"), RoomsChanged(rooms), LinkChanged(Link.ONLINE)):
        console.take(one)
    assert lines[1:] == [
        "!! 12 messages were refused: /again sends them anew, /drop forgets them",
        "!! 1 message was refused in other rooms: "
        "/again all sends them anew, /drop all forgets them",
    ]
    client.asked.clear()
    console.carry_out("/drop")
    assert client.asked == [("discard", ROOM, n) for n in range(1, 13)]
    assert lines[-1] == "-- 12 messages were forgotten"
    for n in range(1, 13):
        console.take(Discarded(ROOM, n))
    client.asked.clear()
    console.carry_out("/drop now")
    assert client.asked == [] and "cannot be done like this" in lines[-1]
    console.carry_out("/drop all")
    assert client.asked == [("discard", STAFF, 13)]


def test_programs_forget_what_was_refused_by_its_number() -> None:
    script = Script()
    wanted = [("discard", STAFF, 5), ("discard", STAFF, 6)]
    assert script.do(discard=[5, 6], room="staff", id=1) == wanted
    failed = script.client.requests[-1]
    script.console.take(Failed(failed, ErrorCode.FIELD, "there is no such message"))
    script.console.take(Discarded(STAFF, 5))
    script.console.take(Discarded(STAFF, 7))
    first, second, third = script.told()
    assert (first["event"], first["id"]) == ("error", 1)
    assert (second["event"], second["n"], second["id"]) == ("discarded", 5, 1)
    assert third["n"] == 7 and "id" not in third, "nobody asked for that"
    assert not script.console.busy
    for wrong in ("5", [5, True], -1):
        assert script.do(discard=wrong) == [], "all or none"
        assert script.told()[0]["event"] == "error"
    for _ in range(2):
        script.do(discard=8, id=2)
    script.console.take(Discarded(ROOM, 8))
    script.answer(Failed(0, ErrorCode.FIELD, "there is no such message"))
    assert [one["event"] for one in script.told()] == ["discarded", "error"]
    assert not script.console.busy, "each command is answered"


def test_a_slow_room_says_how_long_it_takes() -> None:
    said = Screen().take(Delayed(ROOM, 5, 29_001), Delayed(STAFF, 6, 90_000))
    assert said[0] == "-- not taken yet; sent by itself in 30s" and said[1].endswith("in 1m 30s")
    script = Script()
    script.console.take(Delayed(ROOM, 5, 29_001))
    (event,) = script.told()
    assert (event["event"], event["n"], event["retry_ms"]) == ("delayed", 5, 29_001)


def test_one_is_told_of_coming_and_going_by_others() -> None:
    screen = Screen()
    said = screen.take(RoomsChanged((GENERAL, PRIVATE)))
    assert said == ["-- you were brought into staff (private): /join staff talks there"]
    screen.type("/join staff")
    assert screen.said() == ["-- you are in staff (private)"]
    assert screen.take(RoomsChanged((GENERAL,))) == [
        "-- you are not in staff (private) any more",
        "-- you are in no room now: /join one",
    ]
    assert screen.take(RoomsChanged((GENERAL,))) == [], "that is said once"


def test_who_is_put_out_of_a_room_talks_in_no_other_one_by_itself() -> None:
    screen = Screen()
    direct = replace(PRIVATE, room=b"d" * 16, kind=RoomKind.DIRECT, name="")
    screen.take(RoomsChanged((direct, GENERAL, PRIVATE)))
    screen.said()
    out = screen.take(RoomsChanged((direct, PRIVATE)))
    assert out == ["-- you are not in general any more", "-- you are in no room now: /join one"]
    for line in ("a secret?", "//x", "/image x", "/leave", "/ban Nora", "/members", "/pause"):
        assert screen.type(line) == []
        assert screen.said() == ["!! you are in no room now: /join one"]
    assert screen.type("/server ban Nora") == [("act", Act.BAN, SERVER, NORA, b"", 0, "")]
    screen.type("/join staff")
    assert screen.said() == ["-- you are in staff (private)"]
    assert screen.type("here?") == [("say", STAFF, "here?")]


def test_a_private_room_that_one_makes_is_entered() -> None:
    screen = Screen()
    screen.type("/private staff")
    made = screen.client.requests[-1]
    said = screen.take(RoomsChanged((GENERAL, PRIVATE)), Done(made, STAFF))
    assert said == ["-- you are in staff (private)"] and screen.console.room == STAFF
    assert screen.client.asked[-1] == ("ask_order", STAFF)


def test_a_name_of_two_rooms_enters_none() -> None:
    screen = Screen()
    twin = replace(PRIVATE, room=b"t" * 16)
    screen.take(RoomsChanged((GENERAL, PRIVATE, twin)))
    screen.said()
    assert screen.type("/join staff") == []
    assert STAFF.hex() in screen.said()[0] and screen.console.room == ROOM
    client = Recorder()
    console = Conversation(cast(Client, client), "staff", lambda _: None)
    for one in (Welcomed(ME, "Me", "s"), RoomsChanged((PRIVATE, twin)), LinkChanged(Link.ONLINE)):
        console.take(one)
    assert STAFF.hex() in console.trouble and client.asked == [], "no room is made"


def test_lists_are_shown_line_by_line() -> None:
    screen = Screen()
    screen.type("/members")
    members = (MemberInfo(NORA, "No\x1bra", True, 2), MemberInfo(OMAR, "Omar Two", False, 0))
    screen.answer(MembersKnown(ROOM, members, 0))
    screen.type("/devices")
    devices = (DeviceInfo(TAG, True, False), DeviceInfo(b"\1" * 8, False, True))
    screen.answer(DevicesKnown(ME, devices, 0))
    screen.type("/audit")
    entry = AuditEntry(8, 0, NORA, "Nora", int(Act.LOCK_NICK), OMAR, "Omar", 1, "")
    screen.answer(AuditKnown((entry,), True, 0))
    said = screen.said()
    assert said[:4] == [
        "   owner ● No\ufffdra",
        "   ○ Omar Two",
        "   ● 0123 4567 89ab cdef (this one)",
        "   ○ 0101 0101 0101 0101 banned",
    ]
    assert said[4].endswith("Nora locked the nickname of Omar") and said[4].strip().startswith("8")
    assert said[5] == "-- older ones: /audit 8"


def test_people_are_listed_with_their_roles() -> None:
    screen = Screen()
    screen.type("/people")
    assert screen.said() == ["   owner ● Me", "   ● Nora", "   ○ Omar Two"]


def test_another_device_gets_a_code_and_the_whole_link() -> None:
    screen = Screen()
    screen.type("/link")
    screen.answer(Done(0, text="t0k3n"))
    said = screen.said()
    assert said[0].endswith(": t0k3n") and "zviazok://h:1/#KEY.t0k3n" in said[1]
    screen.type("/whoami")
    assert screen.said() == [
        "   you are Me at school",
        "   key of the server: aaaa bbbb",
        "   key of this device: cccc dddd",
        "   tag of this device: 0123 4567 89ab cdef",
    ]
