"""What nobody else may read: words, keys and tokens, in logs, errors, lists of processes, files."""

import base64
import hashlib
import os
import re
import secrets
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgpack
import pytest

from protocol.client.happenings import Failed, LinkChanged
from protocol.codes import ErrorCode, EventKind, Purpose
from protocol.frames import (
    Ack,
    BlobChunk,
    BlobHave,
    BlobPut,
    Bye,
    Direct,
    Error,
    Hello,
    Join,
    Link,
    Linked,
    Refused,
    Rename,
    Room,
    Send,
    encode,
)
from protocol.invite import Invite
from protocol.items import encode_item
from protocol.keys import load_or_make, to_text, z85
from tests.integration.bare import Bare, Circle, circle, text_item
from tests.integration.talker import Talker
from tests.server import ROOT, Server

DEADLINE_S = 30.0
CANARY = f"канарка-{secrets.token_hex(8)}"

linux = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux is there /proc")
posix = pytest.mark.skipif(os.name != "posix", reason="only on POSIX do files have modes")


def spellings(secret: bytes) -> list[bytes]:
    """Return the ways in which bytes might be written down."""
    coded = base64.b64encode(secret).rstrip(b"=")
    found = [secret, secret.hex().encode(), coded, base64.urlsafe_b64encode(secret).rstrip(b"=")]
    if len(secret) == 32:
        found.append(z85(secret))
    # As Python shows bytes and as JSON shows text.
    found.append(repr(secret)[2:-1].encode())
    return found


class Secrets:
    """Everything that a conversation must not leave anywhere."""

    def __init__(self) -> None:
        self._known: dict[str, list[bytes]] = {}
        self.add("canary", CANARY.encode())
        self._known["canary"].append(CANARY.encode("unicode_escape"))

    def add(self, name: str, secret: bytes) -> None:
        self._known[name] = spellings(secret)

    def add_server(self, data: Path) -> None:
        token = (data / "invite.token").read_bytes().strip()
        self._known["invite token"] = [token, *spellings(token)]
        for name in ("broker", "frontend", "gateway"):
            self.add(f"{name}'s secret key", load_or_make(data / f"{name}.key").secret)

    def add_client(self, one: Bare) -> None:
        self.add(f"{one.nick}'s secret key", one.device.secret)
        self.add(f"{one.nick}'s public key", one.device.public)

    def found_in(self, data: bytes) -> list[str]:
        return [name for name, forms in self._known.items() if any(one in data for one in forms)]


@pytest.fixture
def bare() -> Iterator[Circle]:
    with circle() as one:
        yield one


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Hide nothing: what is private must be so by the program's own doing."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


# --- a conversation with every kind of error --------------------------------------------------


def converse(one: Server, bare: Circle, known: Secrets) -> list[Bare]:
    """Say the canary in every place where it may be said, and in many where it may not."""
    anna, boris = bare(one.invite, "anna", 0), bare(one.invite, "boris", 1)
    room = anna.enter(f"room of {CANARY[-16:]}")
    boris.enter(f"room of {CANARY[-16:]}")
    anna.tell(room, CANARY)
    boris.hear(room, CANARY)
    direct = anna.ask(Direct(0, [boris.person]), Room).room
    anna.tell(direct, CANARY)
    token = anna.ask(Link(0), Linked).token
    known.add("link token", token.encode())
    second = bare(one.invite, "second", 1, token=token)
    upload = bare(one.invite, "anna", 0, device=anna.device, purpose=Purpose.BULK)
    picture(anna, upload, room)
    wrong_items(anna, room)
    wrong_frames(anna, one)
    for nick in (CANARY + "x" * 40, CANARY + "\0"):
        anna.ask_wrong(Rename(0, nick))
    anna.ask_wrong(Join(0, CANARY + "x" * 60, True))
    refused = [
        bare(one.invite, CANARY, 0, token=f"no-{CANARY[-16:]}", welcome=False),
        bare(one.invite, "late", 1, token=token, welcome=False),
        bare(one.invite, "anna", 0, welcome=False),
    ]
    for stranger in refused:
        stranger.expect(Bye)
    everybody = [anna, boris, second, upload, *refused]
    for client in everybody:
        known.add_client(client)
    return everybody


def picture(anna: Bare, upload: Bare, room: bytes) -> None:
    data = CANARY.encode() * 100
    sha256 = hashlib.sha256(data).digest()
    upload.ask(BlobPut(0, sha256, len(data)), BlobHave)
    upload.ask_wrong(BlobChunk(0, sha256, len(data) + 1, len(data), data[:10]))
    upload.ask(BlobChunk(0, sha256, len(data), 0, data), BlobHave)
    body = {"name": f"{CANARY}.png", "media": "image/png", "size": len(data), "sha256": sha256}
    body |= {"width": 1, "height": 1, "thumb": CANARY.encode(), "caption": CANARY}
    n = anna._next_n[room]
    anna._next_n[room] += 1
    anna.send(Send(room, anna.outbox_epoch, n, [encode_item(EventKind.IMAGE, body)]))
    anna.expect(Ack, lambda ack: ack.first_n == n)


def wrong_items(anna: Bare, room: bytes) -> None:
    bad = [
        [1, {"text": CANARY * 400}],
        [1, {"text": [CANARY]}],
        [1, {CANARY: CANARY}],
        [2, {"media": CANARY, "name": CANARY}],
        [99, {"text": CANARY}],
        [CANARY, {}],
        [16, {"what": CANARY}],
    ]
    items = [bytes(msgpack.packb(one)) for one in bad] + [
        CANARY.encode(),
        b"\xc1" + CANARY.encode(),
    ]
    n = anna._next_n[room]
    anna._next_n[room] += len(items)
    anna.send(Send(room, anna.outbox_epoch, n, items))
    for place in range(len(items)):
        anna.expect(Refused, lambda one, n=n + place: one.first_n <= n < one.first_n + one.count)  # type: ignore[misc]
    anna.say(secrets.token_bytes(16), CANARY)
    anna.expect(Refused)


def wrong_frames(anna: Bare, one: Server) -> None:
    good = encode(Send(bytes(16), bytes(8), 1, [text_item(CANARY)]))
    for data in (
        good[:-1],
        good + b"\0",
        b"\x02" + good[1:],
        b"\x01\xc8" + good[2:],
        b"\x01\x0b" + bytes(msgpack.packb([CANARY])),
        b"\x01\x1d" + bytes(msgpack.packb([1, CANARY * 40])),
        encode(Hello(CANARY, CANARY, one.invite.token, 0)),
        CANARY.encode(),
    ):
        anna.socket.send(data)
        anna.expect(Error)


def test_logs_and_errors_tell_no_secret(
    server: Callable[..., Server], bare: Circle, tmp_path: Path
) -> None:
    one = server(gateways=2)
    known = Secrets()
    known.add_server(one.data)
    everybody = converse(one, bare, known)
    vera = Talker(tmp_path / "vera", one.invite, "Vera").online()
    try:
        room = vera.done(vera.client.join("for Vera")).room
        vera.say(room, CANARY)
        vera.hear(room, CANARY)
        outcome = vera.outcome(vera.client.say(room, CANARY * 400))
        assert isinstance(outcome, Failed)
        vera.outcome(vera.client.rename(CANARY + "x" * 40))
        # Trouble of the processes is talked about too.
        one.kill_gateway(0)
        one.restart_broker()
        one.restart_gateway(0)
        vera.say(room, CANARY + " again")
        vera.hear(room, CANARY + " again")
    finally:
        vera.stop()
    for client in everybody:
        for frame in client.inbox:
            if isinstance(frame, Error | Bye | Refused):
                assert not known.found_in(encode(frame)), frame
    for told in vera.happenings:
        if isinstance(told, Failed | LinkChanged):
            assert not known.found_in(told.text.encode()), told
    for process in (one.broker, *one.gateways):
        assert process.stop() == 0
    for path in one.broker.err.parent.glob("*.*"):
        if path.suffix in (".out", ".err"):
            data = path.read_bytes()
            assert data
            assert not known.found_in(data), f"{path.name} tells a secret"
    # The test itself can find what it looks for.
    assert known.found_in(CANARY.encode()) == ["canary"]
    assert "invite token" in known.found_in((one.data / "invite.token").read_bytes())


# --- lists of processes -----------------------------------------------------------------------


class Up:
    """``zviazok up`` on a folder of its own; its link is on its stdout, for its owner."""

    def __init__(self, folder: Path, *words: str, **env: str) -> None:
        self.data = folder / "data"
        self._out, self._err = folder / "up.out", folder / "up.err"
        listen = f"127.0.0.1:{_port()}"
        command = [sys.executable, str(ROOT / "zviazok.py"), "up", "--data", str(self.data)]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*command, "--listen", listen, *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, "HOME": str(folder), "PYTHONUTF8": "1", **env},
            )

    def link(self) -> Invite:
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            found = re.search(r"^zviazok://\S+\n", self.printed(), re.MULTILINE)
            if found:
                return Invite.parse(found[0])
            assert self.process.poll() is None, self.complained()
            time.sleep(0.02)
        raise AssertionError(self.complained())

    def printed(self) -> str:
        return self._out.read_text(encoding="utf-8")

    def complained(self) -> str:
        return self._err.read_text(encoding="utf-8")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(DEADLINE_S) == 0


def _port() -> int:
    from protocol.addresses import free_ports

    return free_ports(2)


def command_lines() -> dict[int, bytes]:
    """Return what everybody on this machine can read of every process."""
    found: dict[int, bytes] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found[int(folder.name)] = (folder / "cmdline").read_bytes()
        except OSError:
            continue
    return found


@linux
def test_the_list_of_processes_tells_no_secret(tmp_path: Path, bare: Circle) -> None:
    one = Up(tmp_path, "--no-gui", "--gateways", "2")
    try:
        invite = one.link()
        known = Secrets()
        known.add_server(one.data)
        anna = bare(invite, "anna", 1)
        known.add_client(anna)
        anna.tell(anna.enter("words"), CANARY)
        lines = command_lines()
        mine = [line for line in lines.values() if str(one.data).encode() in line]
        assert len(mine) == 4, "the supervisor, the broker and two gateways"
        for line in lines.values():
            assert not known.found_in(line)
    finally:
        one.stop()
    assert not known.found_in(one.complained().encode())
    told = [line for line in one.printed().splitlines() if known.found_in(line.encode())]
    assert told == [str(invite)], "the link is printed once, for whoever started the server"


@linux
def test_the_window_of_up_is_not_started_with_the_token(tmp_path: Path) -> None:
    from tests.gui.screens import Display

    with Display() as display:
        one = Up(tmp_path, DISPLAY=display.name)
        try:
            invite = one.link()
            assert invite.token is not None
            line = _window_of(one.process.pid)
            assert invite.token.encode() not in line
        finally:
            one.stop()


def _window_of(parent: int) -> bytes:
    """Wait for the window's process; return its command line."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
        for child in children.split():
            line = command_lines().get(int(child), b"")
            if b"gui" in line.split(b"\0"):
                return line
        time.sleep(0.02)
    raise AssertionError("no window was started")


# --- files ------------------------------------------------------------------------------------


@posix
def test_files_are_for_their_owner_alone(
    open_umask: None, server: Callable[..., Server], bare: Circle, tmp_path: Path
) -> None:
    one = server(gateways=2)
    known = Secrets()
    known.add_server(one.data)
    converse(one, bare, known)
    vera = Talker(tmp_path / "vera", one.invite, "Vera").online()
    try:
        room = vera.room("general")
        vera.say(room, CANARY)
        vera.hear(room, CANARY)
        (key,) = (tmp_path / "vera").rglob("device.key")
        known.add("Vera's secret key", load_or_make(key).secret)
        places = [one.data, key.parent]
        modes = {path: path.stat().st_mode for place in places for path in files_of(place)}
        found = {path for path in modes if known.found_in(path.read_bytes())}
    finally:
        vera.stop()
    names = {path.name for path in found}
    assert {"broker.key", "frontend.key", "gateway.key", "invite.token", "device.key"} <= names
    assert {"journal.sqlite3-wal", "store.sqlite3-wal"} <= names
    assert any("blobs" in path.parts for path in found)
    for path, mode in modes.items():
        if path in found or ".sqlite3" in path.name:
            assert stat.S_IMODE(mode) & 0o077 == 0, f"{path.name} has mode {mode:o}"
    for place in places:
        assert stat.S_IMODE(place.stat().st_mode) == 0o700, place


def files_of(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file()]


def test_error_codes_name_their_reason_without_the_words(
    server: Callable[..., Server], bare: Circle
) -> None:
    """Clear, and still without what was said: the text of a refusal is about the rule."""
    anna = bare(server().invite, "anna")
    wrong = anna.ask_wrong(Join(0, CANARY + "x" * 60, True))
    assert (wrong.code, wrong.field) == (ErrorCode.FIELD, "name")
    assert to_text(anna.device.public) not in wrong.text
    assert CANARY not in wrong.text
