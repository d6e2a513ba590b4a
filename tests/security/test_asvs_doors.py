"""Items of ASVS 5.0 at a running server: what its doors tell, take, and keep apart."""

import secrets
import sys
from collections.abc import Callable
from pathlib import Path

import msgpack
import pytest
import zmq

from protocol import keys, sockets
from protocol.codes import ErrorCode, Kind, Role
from protocol.frames import (
    Bye,
    Hello,
    People,
    PeoplePage,
    Ping,
    Profile,
    Profiled,
    Welcome,
    decode,
    encode,
)
from protocol.limits import VERSION
from tests.integration.bare import Bare, Circle
from tests.security.wiretap import Wiretap
from tests.server import HOST, Server


def test_who_has_no_invite_learns_nothing_of_nicknames(target: Server, bare: Circle) -> None:
    """6.3.8: with a wrong token the answer is the same, whether somebody has the name or not."""
    known = bare(target.invite, f"known-{secrets.token_hex(4)}")
    byes: set[tuple[int, str, int]] = set()
    for nick in (known.nick, f"free-{secrets.token_hex(4)}", "\x1b"):
        one = bare(target.invite, nick, token="guessed", welcome=False)
        bye = one.expect(Bye)
        byes.add((bye.code, bye.text, bye.retry_ms))
    ((code, text, _),) = byes
    assert code == ErrorCode.TOKEN and known.nick not in text


def test_fields_that_a_frame_does_not_have_give_nothing(target: Server, bare: Circle) -> None:
    """15.3.3: whoever greets as owner, or looks so, is a member all the same."""
    extra = [int(Role.OWNER), {"role": int(Role.OWNER), "banned": False}, "owner"]
    one = bare(target.invite, f"eve-{secrets.token_hex(4)}")
    profile = [*Profile(9, 5, b""), *extra]
    one.socket.send(bytes((VERSION, Kind.PROFILE)) + bytes(msgpack.packb(profile)))
    one.expect(Profiled)
    assert role_of(one) == Role.MEMBER
    late = bare(target.invite, f"late-{secrets.token_hex(4)}")
    late.send(Bye(0, "", 0, []))
    greeting = [*Hello("test", late.nick, None, 0), *extra]
    late.socket.send(bytes((VERSION, Kind.HELLO)) + bytes(msgpack.packb(greeting)))
    late.expect(Welcome)
    assert role_of(late) == Role.MEMBER


def role_of(one: Bare) -> int:
    page = one.ask(People(0, b"", 500), PeoplePage)
    return int(next(row[5] for row in page.people if row[0] == one.person))


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux is there /proc")
def test_a_gateway_has_no_hand_on_what_is_stored(
    server: Callable[..., Server], bare: Circle
) -> None:
    """13.2.2: what it reads of the data folder is its own key, and it keeps nothing of it open."""
    one = server()
    anna = bare(one.invite, "anna")
    anna.tell(anna.enter("kitchen"), "soup")
    open_there = files_of(one.gateways[0].pid)
    assert not [path for path in open_there if path.is_relative_to(one.data)]
    assert [path for path in files_of(one.broker.pid) if path.is_relative_to(one.data)]


def files_of(pid: int) -> list[Path]:
    """Return what a process has open."""
    found = Path(f"/proc/{pid}/fd").iterdir()
    return [Path(path.readlink()) for path in found]


def test_no_nonce_is_used_twice(target: Server, bare: Circle) -> None:
    """11.3.4: the same words are never the same bytes, and every sealed message counts on."""
    runs = [spoken(target, bare.context) for _ in range(2)]
    for messages in runs:
        nonces = [int.from_bytes(one[8:16], "big") for one in messages]
        assert len(nonces) >= 21
        assert nonces == sorted(set(nonces))
    boxes = [one[16:] for messages in runs for one in messages]
    assert len(set(boxes)) == len(boxes)


def spoken(target: Server, context: sockets.Context) -> list[bytes]:
    """Say the same twenty times over a wire that is read; return the sealed messages."""
    tap, wire = Wiretap(target.ports[0]), bytearray()

    def read(data: bytes) -> bytes:
        wire.extend(data)
        return data

    one = sockets.client(context, keys.make(), target.invite.server_key)
    try:
        one.connect(f"tcp://{HOST}:{tap.port}")
        one.send(encode(Hello("test", f"n-{secrets.token_hex(4)}", target.invite.token, 0)))
        for _ in range(20):
            one.send(encode(Ping(7)))
        heard: list[object] = []
        tap.carry(read, lambda: _is_answered(one, heard))
    finally:
        one.close(0)
        tap.close()
    return sealed(bytes(wire))


def _is_answered(one: sockets.Socket, heard: list[object]) -> bool:
    while one.poll(0):
        heard.append(decode(one.recv(zmq.DONTWAIT)))
    return sum(type(frame).__name__ == "Pong" for frame in heard) == 20


def sealed(wire: bytes) -> list[bytes]:
    """Take the MESSAGE commands out of what a ZMTP 3.1 peer has sent: greeting, then frames."""
    at, found = 64, []
    while at < len(wire):
        flags = wire[at]
        size_bytes = 8 if flags & 2 else 1
        size = int.from_bytes(wire[at + 1 : at + 1 + size_bytes], "big")
        body = wire[at + 1 + size_bytes :][:size]
        if body.startswith(b"\x07MESSAGE"):
            found.append(body)
        at += 1 + size_bytes + size
    return found
