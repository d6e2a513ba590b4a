"""Security events are in the log: each is found in that of a real server, and says no more.

ASVS 5.0, 16.1 to 16.4: an inventory, metadata, time, form, what must be logged, what must not.
"""

import ast
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocol import sockets
from protocol.codes import Act, ErrorCode, Kind, Purpose, Role
from protocol.frames import Act as ActFrame
from protocol.frames import (
    Audit,
    Bye,
    Devices,
    Direct,
    Done,
    Error,
    Hello,
    Join,
    Link,
    Linked,
    Private,
    Read,
    Refused,
    Room,
    encode,
)
from protocol.invite import Invite, endpoint
from protocol.keys import from_text, to_text
from protocol.limits import FAULTS_MAX
from tests.integration.bare import PATIENCE_S, Bare, Circle, circle
from tests.security.test_secrets import CANARY, Secrets
from tests.server import ROOT, Server

SERVER = bytes(16)
PROGRAMS = ("broker", "gateway", "protocol")
FORGED = "x\n2026-01-01T00:00:00.000Z INFO broker forged\r\x1b[2K"
LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR|CRITICAL) [a-z]+ "
    r"[a-z_]+( [a-z_]+=[^ ]*)*( (error|why|hint)=.*)?"
)
READMES = "".join(
    (ROOT / one / "README.md").read_text(encoding="utf-8").split("## The log", 1)[1]
    for one in ("broker", "gateway")
)


class Lesson:
    """A server with somebody in charge, a pupil, and whoever else comes."""

    def __init__(self, server: Server, bare: Circle) -> None:
        self.server = server
        self.bare = bare
        self.boss = bare(self.invite("--role", "owner"), "boss")
        self.pupil = bare(server.invite, "pupil")

    def invite(self, *words: str) -> Invite:
        command = [sys.executable, "-m", "zviazok", "invite", "--data", str(self.server.data)]
        made = subprocess.run([*command, *words], cwd=ROOT, capture_output=True, text=True)
        return Invite.parse(made.stdout)

    def act(self, act: Act, whom: Bare | None = None, room: bytes = SERVER) -> None:
        person = b"" if whom is None else whom.person
        self.boss.ask(ActFrame(0, act, room, person, b"", 0, CANARY), Done)

    def refuses(self, nick: str, **words: object) -> None:
        one = self.bare(self.server.invite, nick, welcome=False, **words)  # type: ignore[arg-type]
        one.until(lambda: any(isinstance(frame, Bye | Error) for frame in one.inbox))

    def finds(self, *parts: str) -> str:
        """Wait for a line with all of these parts; return it."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for line in self.server.logs().splitlines():
                if all(part in line for part in parts):
                    return line
            time.sleep(0.02)
        raise AssertionError(f"{parts} in no line of\n{self.server.logs()}")


def names(one: Bare) -> str:
    return f"person={one.person.hex()} device={tag(one)}"


def tag(one: Bare) -> str:
    return one.device.public[:8].hex()


@pytest.fixture
def bare() -> Iterator[Circle]:
    with circle() as one:
        yield one


@pytest.fixture
def lesson(server: Callable[..., Server], bare: Circle) -> Lesson:
    return Lesson(server(), bare)


def test_who_comes_in_and_how(lesson: Lesson) -> None:
    server = lesson.server
    lesson.finds("enrolled by=standing_link", names(lesson.pupil))
    boss = lesson.finds("enrolled by=", names(lesson.boss))
    assert "standing_link" not in boss and "device_link" not in boss
    lesson.finds(f"role_by_invite role={int(Role.OWNER)}", names(lesson.boss))
    token = lesson.pupil.ask(Link(0), Linked).token
    lesson.finds("device_link_made", names(lesson.pupil))
    second = lesson.bare(server.invite, "second", token=token)
    assert second.person == lesson.pupil.person
    lesson.finds("enrolled by=device_link", names(second))
    lesson.bare(server.invite, "second", device=second.device, purpose=Purpose.BULK)
    lesson.finds("session_opened purpose=BULK", names(second))


def test_who_does_not_come_in_and_why(lesson: Lesson) -> None:
    lesson.refuses("stranger", token="guessed-token")
    lesson.finds("WARNING broker not_admitted code=TOKEN device=")
    lesson.refuses("pupil")
    lesson.finds("not_admitted code=NICK_TAKEN device=")
    lesson.act(Act.BAN, lesson.pupil)
    lesson.pupil.expect(Bye)
    lesson.refuses("pupil", device=lesson.pupil.device)
    lesson.finds("not_admitted code=BANNED", f"device={tag(lesson.pupil)}")
    # A client's key at a port of the broker; and one that the broker does not know at a gateway.
    client = lesson.bare(lesson.server.invite, "curious")

    key = from_text(lesson.server.broker_key)
    with sockets.client(lesson.bare.context, client.device, key) as socket:
        socket.connect(endpoint("127.0.0.1", lesson.server.broker_port))
        lesson.finds("zap refused domain=peer times=")


def test_who_kept_order_and_who_tried_to(lesson: Lesson) -> None:
    room = lesson.boss.ask(Join(0, f"of {CANARY[-8:]}", True), Room).room
    lesson.pupil.ask(Join(0, f"of {CANARY[-8:]}", False), Room)
    lesson.act(Act.MUTE, lesson.pupil)
    lesson.finds(f"act name=MUTE whom={lesson.pupil.person.hex()}", names(lesson.boss))
    lesson.act(Act.KICK, lesson.pupil, room)
    kick = lesson.finds("act_in_a_room name=KICK", names(lesson.boss))
    assert lesson.pupil.person.hex() not in kick and room.hex() not in kick
    # Each of these is refused by the broker, or by the gateway before it.
    lesson.pupil.ask_wrong(ActFrame(0, Act.MUTE, SERVER, lesson.boss.person, b"", 0, ""))
    lesson.finds(f"refused kind={int(Kind.ACT)} code=FORBIDDEN field=role", names(lesson.pupil))
    lesson.pupil.ask_wrong(Audit(0, 0, 10))
    lesson.finds(f"refused kind={int(Kind.AUDIT)} code=FORBIDDEN", names(lesson.pupil))
    lesson.pupil.ask_wrong(Devices(0, lesson.boss.person))
    lesson.finds(f"refused kind={int(Kind.DEVICES)} code=FORBIDDEN", names(lesson.pupil))
    lesson.pupil.ask_wrong(Read(0, room, 1, 0, 10))
    lesson.finds(f"gateway refused kind={int(Kind.READ)} code=NOT_MEMBER", tag(lesson.pupil))
    secret = lesson.boss.ask(Private(0, "study", []), Room).room
    lesson.pupil.say(secret, CANARY)
    lesson.pupil.expect(Refused)
    lesson.finds(f"refused kind={int(Kind.SEND)} code=", names(lesson.pupil))


def test_what_does_not_pass_and_who_is_put_out(lesson: Lesson) -> None:
    for _ in range(FAULTS_MAX + 1):
        lesson.pupil.socket.send(b"\x01\x0b\x91\xa1x")
    lesson.pupil.expect(Bye, lambda bye: bye.code == ErrorCode.FAULTS)
    field = f"refused kind={int(Kind.PING)} code=FIELD field=nonce device={tag(lesson.pupil)}"
    lesson.finds("INFO gateway", field)
    lesson.finds(f"session_ended device={tag(lesson.pupil)} reason=faults")


def test_a_flood_is_told_and_does_not_fill_the_disk(lesson: Lesson) -> None:
    for _ in range(3_000):
        lesson.pupil.socket.send(encode(Read(0, bytes(16), 1, 0, 10)))
    lesson.pupil.expect(Bye, lambda bye: bye.code == ErrorCode.FLOOD)
    lesson.finds(f"session_ended device={tag(lesson.pupil)} reason=flood out_ms=10000")
    curious = lesson.bare(lesson.server.invite, "curious")
    for _ in range(200):
        curious.socket.send(encode(Bye(0, "", 0, [])))
        curious.socket.send(encode(Hello("test", "curious", None, 0)))
    curious.expect(Bye, lambda bye: bye.code == ErrorCode.BUSY)
    lesson.finds(f"greeting_refused code=BUSY device={tag(curious)}")
    told = lesson.server.logs().count("gateway refused kind=")
    assert 60 <= told < 100, "hundreds were refused"


def test_a_line_says_when_where_who_and_what_and_no_more(lesson: Lesson, tmp_path: Path) -> None:
    known = Secrets()
    known.add_server(lesson.server.data)
    direct = lesson.boss.ask(Direct(0, [lesson.pupil.person]), Room).room
    lesson.pupil.expect(Room, lambda frame: frame.room == direct)
    lesson.boss.tell(direct, CANARY)
    lesson.pupil.hear(direct, CANARY)
    token = lesson.pupil.ask(Link(0), Linked).token
    test_who_kept_order_and_who_tried_to(lesson)
    for nick in (FORGED, FORGED[:8] + "\x1b", f"{CANARY}\x1b"):
        lesson.refuses(nick)
    stranger = lesson.bare(lesson.server.invite, "guesser", token=FORGED[:60], welcome=False)
    stranger.expect(Bye)
    lesson.pupil.socket.send(encode(Hello(FORGED[:60], FORGED[:30], None, 0)))
    lesson.pupil.expect(Error)
    for one in (lesson.boss, lesson.pupil, stranger):
        known.add_client(one)
    for name, secret in (
        ("device link", token.encode()),
        ("direct message", direct.hex().encode()),
        ("public key", to_text(lesson.pupil.device.public).encode()),
        ("name", b"pupil"),
        ("forged", b"forged"),
    ):
        known.add(name, secret)
    lesson.server.stop()
    logs = [line for line in lesson.server.logs().splitlines() if line and line[:3] != "== "]
    assert len(logs) > 20
    for line in logs:
        assert LINE.fullmatch(line), line
    assert known.found_in("\n".join(logs).encode()) == []
    assert known.found_in(b"INFO broker forged") == ["forged"], "it can find what it looks for"


# --- the inventory -----------------------------------------------------------------------------


def events() -> Iterator[tuple[str, str]]:
    """Yield part and event of every line that the servers may log."""
    for path in sorted(path for one in PROGRAMS for path in (ROOT / one).rglob("*.py")):
        if {"client", "terminal"} & set(path.parts):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
        parts = [_text(one) for one in calls if _method(one) == "getLogger"]
        for one in calls:
            if _method(one) in ("debug", "info", "warning", "error", "critical", "exception"):
                target = one.func.value if isinstance(one.func, ast.Attribute) else None
                if isinstance(target, ast.Name) and target.id != "log":
                    continue  # a parser of words has an error too
                yield parts[0], _text(one).split()[0]


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _text(call: ast.Call) -> str:
    first = call.args[0]
    assert isinstance(first, ast.Constant) and isinstance(first.value, str), ast.unparse(call)
    return first.value


def test_every_event_stands_in_the_inventory() -> None:
    found = set(events())
    assert len(found) > 40
    rows = [row.split("|")[1:3] for row in READMES.splitlines() if row.startswith("| `")]
    listed = {
        (part, event)
        for parts, row in rows
        for part in re.findall(r"`(\w+)`", parts)
        for event in re.findall(r"`(\w+)`", row)
    }
    assert {one for one in found if one not in listed} == set()
    assert {event for _, event in listed} - {event for _, event in found} == set()


def test_the_log_goes_to_stderr_and_nowhere_else() -> None:
    """The inventory names one place; nothing in the source opens another."""
    made = set()
    for path in sorted(path for one in PROGRAMS for path in (ROOT / one).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert "logging.handlers" not in text and "import syslog" not in text, path
        made |= set(re.findall(r"logging\.(\w*Handler)\(([^)]*)\)", text))
    assert made == {("StreamHandler", "sys.stderr")}
