"""Order over real processes: private rooms, and acts that are in force at every gateway."""

import hashlib
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.codes import Act, DirectRule, ErrorCode, EventKind, Purpose, Role, RoomKind
from protocol.frames import (
    Ack,
    Add,
    Audit,
    AuditPage,
    BlobChunk,
    BlobGet,
    BlobHave,
    BlobPut,
    Busy,
    Bye,
    Direct,
    Done,
    Error,
    Hand,
    Join,
    Left,
    Members,
    MembersPage,
    Order,
    Ordered,
    Private,
    Read,
    Refused,
    Room,
    Rooms,
    RoomsPage,
    Send,
    Welcome,
)
from protocol.frames import Act as ActFrame
from protocol.invite import Invite
from protocol.items import encode_item
from tests.integration.bare import PATIENCE_S, Bare, Circle, text_item
from tests.integration.overheard import heard_file
from tests.integration.test_rooms import picture, unique
from tests.server import ROOT, Process, Server

SERVER = bytes(16)


class OverheardServer(Server):
    """A server whose gateways write down what they are told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(folder, gateways=3, rate=0)

    def _start_gateway(self, index: int) -> Process:
        words = ["tests.integration.overheard", "gateway", "--data", str(self.data)]
        words += ["--listen", f"127.0.0.1:{self.ports[index]}", "--rate", "0"]
        words += ["--broker", f"127.0.0.1:{self.broker_port}", f"--broker-key={self.broker_key}"]
        process = Process(f"gateway-{index}", words, self.folder)
        self._all.append(process)
        process.ready()
        return process

    def heard(self, index: int) -> bytes:
        """Everything that a gateway was ever told."""
        return heard_file(self.folder, self.ports[index]).read_bytes()

    def owner_invite(self) -> Invite:
        """Return a link that makes its user an owner of the server."""
        words = [sys.executable, "-m", "zviazok", "invite", "--data", str(self.data)]
        words += ["--role", "owner"]
        made = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        return Invite.parse(made.stdout)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverheardServer]:
    """A server for all tests of this file, which use rooms and nicknames of their own."""
    one = OverheardServer(tmp_path_factory.mktemp("watched"))
    try:
        yield one
        one.stop()
    finally:
        one.end()


def act(
    actor: Bare,
    what: Act,
    room: bytes = SERVER,
    whom: Bare | None = None,
    value: int = 0,
    text: str = "",
) -> None:
    """Act; it must be done."""
    person = b"" if whom is None else whom.person
    actor.ask(ActFrame(0, what, room, person, b"", value, text), Done)


def made_private(owner: Bare, *others: Bare) -> bytes:
    """Make a private room; wait until all of these are in it."""
    name, people = unique("study"), [one.person for one in others]
    room = owner.ask(Private(0, name, people), Room)
    assert (room.kind, room.name) == (RoomKind.PRIVATE, name)
    for one in others:
        one.expect(Room, lambda frame: frame.room == room.room)
    return room.room


def refused(one: Bare, room: bytes, item: bytes | None = None) -> tuple[int, str]:
    """Send something that must be refused; return code and field."""
    n = one._next_n[room]
    one._next_n[room] = n + 1
    one.send(Send(room, one.outbox_epoch, n, [item or text_item("nobody hears this")]))
    answer = one.expect(Refused, lambda frame: frame.room == room and frame.first_n == n)
    return answer.code, answer.field


# --- the canary --------------------------------------------------------------------------------


def test_nothing_of_a_private_room_reaches_anybody_or_any_gateway_outside(
    watched: OverheardServer, bare: Circle
) -> None:
    """Gateway 2 serves outsiders alone, and an owner of the server."""
    link = watched.invite
    anna, boris = bare(link, unique("anna"), 0), bare(link, unique("boris"), 1)
    boss = bare(watched.owner_invite(), unique("boss"), 2)
    outsiders = [boss, *(bare(link, unique("outsider"), place) for place in range(3))]
    name = f"canary name {secrets.token_hex(8)}"
    room = anna.ask(Private(0, name, [boris.person]), Room).room
    boris.expect(Room, lambda frame: frame.room == room)
    canary = f"canary {secrets.token_hex(16)} 🐤"
    reason = f"canary reason {secrets.token_hex(8)}"
    anna.tell(room, canary)
    boris.hear(room, canary)
    data = secrets.token_bytes(5_000)
    body = picture(data)
    upload = bare(link, anna.nick, 0, device=anna.device, purpose=Purpose.BULK)
    upload.ask(BlobPut(0, body["sha256"], len(data)), BlobHave)
    upload.ask(BlobChunk(0, body["sha256"], len(data), 0, data), BlobHave)
    anna.send(Send(room, anna.outbox_epoch, 2, [encode_item(EventKind.IMAGE, body)]))
    anna.until(lambda: (room, 2) in anna.acked)
    act(anna, Act.MUTE, room, boris, 60, reason)
    act(anna, Act.SLOW, room, value=30, text=reason)
    anna.send(Hand(room, True))
    boris.read_all(room)
    boris.ask(Order(0, room), Ordered)
    boris.ask(Members(0, room, b"", 500), MembersPage)
    for spy in outsiders:
        # Though they know what nobody tells them.
        assert spy.ask_wrong(Read(0, room, 0, 0, 500)).code == ErrorCode.NOT_MEMBER
        assert spy.ask_wrong(Order(0, room)).code == ErrorCode.NOT_MEMBER
        assert spy.ask_wrong(Members(0, room, b"", 9)).code == ErrorCode.NOT_MEMBER
        assert spy.ask_wrong(Add(0, room, [spy.person])).code == ErrorCode.NOT_MEMBER
        wrong = spy.ask_wrong(ActFrame(0, Act.PAUSE, room, b"", b"", 1, ""))
        assert wrong.code == ErrorCode.NO_ROOM
        assert refused(spy, room) == (ErrorCode.NOT_MEMBER, "room")
        assert spy.ask_wrong(Join(0, name, False)).code == ErrorCode.NO_ROOM
        assert room not in [row[0] for row in spy.ask(Rooms(0, b"", 500), RoomsPage).rooms]
    place = bare(link, outsiders[1].nick, 0, device=outsiders[1].device, purpose=Purpose.BULK)
    got = place.ask_wrong(BlobGet(0, room, body["sha256"], 0, len(data)))
    assert got.code in (ErrorCode.NOT_MEMBER, ErrorCode.NO_BLOB)
    # What is published later has passed every gateway by the time it comes.
    assert anna.welcome is not None
    general = next(row[0] for row in anna.welcome.rooms if row[2] == "general")
    after = unique("after")
    anna.tell(general, after)
    for spy in outsiders:
        spy.hear(general, after)
        spy.barrier()
        everything = b"".join([*spy.raw, *(place.raw if spy is outsiders[1] else [])])
        own = everything.replace(room, b"")  # what came back of one's own questions
        for secret in (canary, name, reason):
            assert secret.encode() not in own
        assert data[:64] not in own and hashlib.sha256(data).digest() not in own
        assert after.encode() in everything
    for place_no, member in ((0, anna), (1, boris)):
        assert canary.encode() in watched.heard(place_no), member.nick
    heard = watched.heard(2)
    assert after.encode() in heard
    for told in (canary.encode(), name.encode(), reason.encode(), data[:64], body["sha256"]):
        assert told not in heard
    logs = watched.logs()
    for secret in (canary, name, reason, room.hex(), anna.nick):
        assert secret not in logs


# --- putting out ----------------------------------------------------------------------------


@pytest.mark.parametrize("what", [Act.KICK, Act.BAN])
def test_who_is_put_out_hears_and_says_nothing_from_done_on(
    watched: OverheardServer, bare: Circle, what: Act
) -> None:
    link = watched.invite
    anna, boris = bare(link, unique("anna"), 0), bare(link, unique("boris"), 1)
    second = bare(link, boris.nick, 2, device=boris.device)
    room = made_private(anna, boris)
    second.expect(Room, lambda frame: frame.room == room)
    boris.tell(room, "while I am here")
    for _ in range(20):
        # Much is under way while it happens.
        anna.say(room, *(f"before {secrets.token_hex(4)}" for _ in range(5)))
    act(anna, what, room, boris, text="why")
    later = [f"after {secrets.token_hex(8)}" for _ in range(50)]
    anna.tell(room, *later)
    for one in (boris, second):
        left = one.expect(Left)
        assert left == Left(0, room)
        assert refused(one, room) == (ErrorCode.NOT_MEMBER, "room")
        assert one.ask_wrong(Read(0, room, 0, 0, 500)).code == ErrorCode.NOT_MEMBER
        one.barrier()
        everything = b"".join(one.raw)
        assert not [text for text in later if text.encode() in everything]
    # Their gateways have no members of it any more.
    for place in (1, 2):
        heard = watched.heard(place)
        assert not [text for text in later if text.encode() in heard]
    told = {Act.KICK: "kicked", Act.BAN: "banned"}[what]
    anna.until(lambda: (told, anna.nick) in anna.notices(room))
    if what is Act.KICK:
        anna.ask(Add(0, room, [boris.person]), Done)
        boris.expect(Room, lambda frame: frame.room == room)
        boris.read_all(room)
        assert set(later) <= set(boris.texts(room))
    else:
        wrong = anna.ask_wrong(Add(0, room, [boris.person]))
        assert wrong.code == ErrorCode.BANNED


def test_a_gateway_that_stands_still_is_waited_for_until_it_is_given_up(
    watched: OverheardServer, bare: Circle
) -> None:
    """When it goes on, it brings nothing to those who were put out meanwhile."""
    link = watched.invite
    anna, boris = bare(link, unique("anna"), 0), bare(link, unique("boris"), 2)
    room = made_private(anna, boris)
    later = unique("later")
    process = watched.gateways[2].popen
    process.send_signal(signal.SIGSTOP)
    try:
        act(anna, Act.KICK, room, boris)
        assert "gateway_silent" in watched.broker.complained(), "done means: confirmed, or given up"
        anna.tell(room, later)
    finally:
        process.send_signal(signal.SIGCONT)
    boris.expect(Left, lambda frame: frame.room == room)
    anna.tell(room, f"{later} again")
    boris.barrier()
    assert later.encode() not in b"".join(boris.raw)


def test_a_ban_from_the_server_ends_connections_that_are_open(
    watched: OverheardServer, bare: Circle
) -> None:
    boss = bare(watched.owner_invite(), unique("boss"), 0)
    link = watched.invite
    boris = [bare(link, unique("boris"), 0)]
    boris.append(bare(link, boris[0].nick, 1, device=boris[0].device))
    boris.append(bare(link, boris[0].nick, 2, device=boris[0].device, purpose=Purpose.BULK))
    assert boss.welcome is not None
    general = next(row[0] for row in boss.welcome.rooms if row[2] == "general")
    act(boss, Act.BAN, SERVER, boris[0], text="spam")
    after = unique("after")
    boss.tell(general, after)
    for one in boris:
        assert one.expect(Bye).code == ErrorCode.BANNED
        if one is not boris[2]:
            one.say(general, "still here?")
        again = bare(link, one.nick, 1, device=one.device, welcome=False)
        assert again.expect(Bye).code == ErrorCode.BANNED
        assert after.encode() not in b"".join(one.raw + again.raw)
    assert "still here?" not in [text for text in texts(boss, general)]
    (row,) = boss.ask(Audit(0, 0, 1), AuditPage).acts
    assert row[3:9] == [boss.nick, Act.BAN, boris[0].person, boris[0].nick, 0, "spam"]
    act(boss, Act.UNBAN, SERVER, boris[0])
    back = bare(link, boris[0].nick, 1, device=boris[0].device, welcome=False)
    assert general in [row[0] for row in back.expect(Welcome).rooms]


def texts(one: Bare, room: bytes) -> list[str]:
    one.read_all(room)
    return one.texts(room)


# --- what may be written ----------------------------------------------------------------------


def test_rules_hold_at_every_gateway_until_they_are_lifted(
    watched: OverheardServer, bare: Circle
) -> None:
    link = watched.invite
    anna, boris = bare(link, unique("anna"), 0), bare(link, unique("boris"), 1)
    second = bare(link, boris.nick, 2, device=boris.device)
    room = anna.enter(unique("class"))
    anna_name = anna.ask(Members(0, room, b"", 9), MembersPage).members
    assert [row[3] for row in anna_name] == [Role.OWNER]
    name = next(row[1] for row in anna.ask(Rooms(0, b"", 500), RoomsPage).rooms if row[0] == room)
    boris.enter(name)
    second.expect(Room, lambda frame: frame.room == room)
    for what, field in ((Act.PAUSE, "paused"), (Act.ANNOUNCE, "announce")):
        act(anna, what, room, value=1)
        for one in (boris, second):
            assert refused(one, room) == (ErrorCode.FORBIDDEN, field)
        anna.tell(room, "listen")
        boris.expect(Ordered, lambda frame, field=field: bool(getattr(frame, field)))  # type: ignore[misc]
        act(anna, what, room, value=0)
        boris.tell(room, "again")
    act(anna, Act.MUTE, room, boris, 3_600)
    for one in (boris, second):
        assert refused(one, room) == (ErrorCode.FORBIDDEN, "muted")
    act(anna, Act.UNMUTE, room, boris)
    act(anna, Act.SLOW, room, value=3_600)
    n = boris.say(room, "one", "two")
    boris.expect(Ack, lambda frame: frame.room == room and frame.first_n == n)
    busy = boris.expect(Busy)
    assert busy.first_n == n + 1 and 3_500_000 < busy.retry_ms <= 3_600_000
    act(anna, Act.SLOW, room, value=0)
    boris.say(room, "two", n=n + 1)
    boris.until(lambda: (room, n + 1) in boris.acked)


def test_direct_messages_of_a_class_are_turned_off(watched: OverheardServer, bare: Circle) -> None:
    link = watched.invite
    # In a private room the rule needs a role on the server, too.
    anna, boris = bare(watched.owner_invite(), unique("anna"), 0), bare(link, unique("boris"), 1)
    vera = bare(link, unique("vera"), 2)
    room = made_private(anna, boris, vera)
    pair = boris.ask(Direct(0, [vera.person]), Room).room
    with_anna = boris.ask(Direct(0, [anna.person]), Room).room
    boris.tell(pair, "psst")
    act(anna, Act.DIRECT, room, value=DirectRule.WITH_MODERATORS)
    for one in (boris, vera):
        assert refused(one, pair) == (ErrorCode.FORBIDDEN, "direct")
    boris.tell(with_anna, "a question")
    anna.hear(with_anna, "a question")
    act(anna, Act.DIRECT, room, value=DirectRule.OFF)
    assert refused(boris, with_anna) == (ErrorCode.FORBIDDEN, "direct")
    wrong = vera.ask_wrong(Direct(0, [boris.person]))
    assert (wrong.code, wrong.field) == (ErrorCode.FORBIDDEN, "direct")
    wrong = vera.ask_wrong(Private(0, "hidden", [boris.person]))
    assert (wrong.code, wrong.field) == (ErrorCode.FORBIDDEN, "direct")
    act(anna, Act.DIRECT, room, value=DirectRule.FREE)
    boris.tell(pair, "at last")
    vera.hear(pair, "at last")


def come_back(bare: Circle, link: Invite, one: Bare) -> Bare:
    """Let a device that is known come in as soon as the broker serves."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        again = bare(link, one.nick, 1, device=one.device, welcome=False)
        frame = again.receive()
        if isinstance(frame, Welcome):
            return again
        assert isinstance(frame, Bye | Error) and frame.code == ErrorCode.UNAVAILABLE
        time.sleep(0.1)
    raise AssertionError("nobody comes in")


def test_what_holds_outlives_the_broker(watched: OverheardServer, bare: Circle) -> None:
    link = watched.invite
    anna, boris = bare(link, unique("anna"), 0), bare(link, unique("boris"), 1)
    room = made_private(anna, boris)
    act(anna, Act.ROLE, room, boris, 1)
    act(anna, Act.ANNOUNCE, room, value=1)
    before = anna.ask(Order(0, room), Ordered)
    watched.restart_broker()
    back = come_back(bare, link, boris)
    after = back.ask(Order(0, room), Ordered)
    assert after[1:] == before[1:]
