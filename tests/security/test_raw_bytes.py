"""Any bytes at the port of a real gateway and broker: nobody gets in, and nobody else notices.

Old protocols, other mechanisms, lies about lengths, handshakes that are right but for a bit,
and connections that only wait. Behind each of them two friends go on talking.
"""

import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
import zmq
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from protocol import keys, sockets
from protocol.frames import Hello, Welcome, decode, encode
from tests.integration.bare import Circle
from tests.security.test_connections import GREETING, closed_by_server, ports
from tests.security.vandal import Friends
from tests.security.wiretap import Wiretap
from tests.server import HOST, Server

SIGNATURE = b"\xff\0\0\0\0\0\0\0\x01\x7f"
CURVE = GREETING + b"CURVE".ljust(20, b"\0") + bytes(32)
HELLO_BYTES = 202
"""Length, name, version, padding, key, nonce and box of CurveZMQ's first command (RFC 26)."""
HANDSHAKE_BYTES = len(CURVE) + HELLO_BYTES + 2 + 257
MANY = settings(
    max_examples=300,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # a failure is of a server that has heard all of the others too
    suppress_health_check=[HealthCheck.too_slow],
)
FEW = settings(MANY, max_examples=40)


@pytest.fixture(scope="module")
def friends(target: Server, bare: Circle) -> Friends:
    return Friends(bare, target)


@pytest.fixture(scope="module")
def tap(target: Server) -> Iterator[Wiretap]:
    one = Wiretap(target.ports[0])
    yield one
    one.close()


# --- what strangers say -------------------------------------------------------------------------

_names = st.sampled_from(
    (b"HELLO", b"WELCOME", b"INITIATE", b"READY", b"ERROR", b"MESSAGE", b"PING", b"PONG")
) | st.binary(max_size=12)
_sizes = st.sampled_from((0, 1, 199, 200, 201, 255, 256, 65_535, 2**31, 2**63, 2**64 - 1))
_mechanisms = st.sampled_from((b"NULL", b"PLAIN", b"CURVE", b"GSSAPI", b"")) | st.binary(
    max_size=20
)
_greetings = st.one_of(
    st.builds(
        lambda major, minor, name, server, rest: (
            SIGNATURE + bytes((major, minor)) + name.ljust(20, b"\0") + bytes((server,)) + rest
        ),
        st.integers(0, 255),
        st.integers(0, 255),
        _mechanisms,
        st.integers(0, 255),
        st.just(bytes(31)) | st.binary(max_size=64),
    ),
    # ZMTP 1: an anonymous peer; ZMTP 2: revision, kind of socket, identity.
    st.sampled_from((b"\x01\0", b"\x05\0name", SIGNATURE + b"\x01", SIGNATURE + b"\x01\x05\0\0")),
    st.just(CURVE),
    st.binary(max_size=80),
)


def _command(flags: int, name: bytes, said: int | None, body: bytes) -> bytes:
    data = bytes((len(name) % 256,)) + name + body
    size = len(data) if said is None else said
    if flags & 2:
        return bytes((flags,)) + size.to_bytes(8, "big") + data
    return bytes((flags, size % 256)) + data


_commands = st.builds(
    _command,
    st.sampled_from((0, 1, 2, 3, 4, 5, 6, 7)) | st.integers(0, 255),
    _names,
    st.none() | _sizes,
    st.binary(max_size=300) | st.just(bytes(194)),
)
noise = st.builds(
    lambda greeting, commands: greeting + b"".join(commands),
    _greetings,
    st.lists(_commands, max_size=4),
)


def say(port: int, data: bytes) -> None:
    """Connect, say this, and go; the server may end it at any moment."""
    with suppress(OSError), socket.create_connection((HOST, port)) as one:
        one.sendall(data)
        one.shutdown(socket.SHUT_WR)


def test_any_bytes_at_any_port(target: Server, friends: Friends) -> None:
    places = ports(target)
    said = 0

    @MANY
    @given(noise, st.sampled_from(places))
    def strike(data: bytes, port: int) -> None:
        nonlocal said
        say(port, data)
        said += 1
        if said % 30 == 0:
            friends.still_talk(1)

    strike()
    friends.still_talk()


@pytest.mark.parametrize(
    "old",
    [
        b"\x01\0" + b"\x01\0" * 20,
        b"\x05\0anna" + b"\x06\0hello",
        SIGNATURE + b"\x01\x05\0\0" + b"\0\x05hello",
        SIGNATURE + b"\0\x05\0\0" + b"\0\x05hello",
        SIGNATURE + b"\x02\0" + b"NULL".ljust(20, b"\0") + bytes(32),
    ],
    ids=["zmtp1", "zmtp1-named", "zmtp2", "zmtp2-0", "zmtp2-null"],
)
def test_older_protocols_are_no_way_around_encryption(
    old: bytes, target: Server, friends: Friends
) -> None:
    """They have no mechanism: whoever may speak them needs no key (CVE-2014-9721)."""
    for port in ports(target):
        with socket.create_connection((HOST, port)) as one:
            with suppress(OSError):
                one.sendall(old)
            assert closed_by_server(one)
    friends.still_talk()


def test_who_only_waits_is_sent_away(target: Server, friends: Friends) -> None:
    """At every stage of a handshake, and also those who say a byte now and then."""
    stages = [b"", SIGNATURE, GREETING, CURVE, CURVE + b"\x04\xc8\x05HELLO", CURVE + b"\x04"]
    with ExitStack() as opened:
        waiting: list[socket.socket] = []
        for port in ports(target):
            for stage in stages:
                one = opened.enter_context(socket.create_connection((HOST, port)))
                one.sendall(stage)
                waiting.append(one)
        friends.still_talk(1)
        for one in waiting:
            with suppress(OSError):
                one.sendall(b"\0")
            assert closed_by_server(one)
    friends.still_talk()


# --- a right handshake, but for a few bytes -----------------------------------------------------


def test_a_handshake_that_was_damaged_on_its_way(
    target: Server, bare: Circle, tap: Wiretap, friends: Friends
) -> None:
    """HELLO and INITIATE are sealed: what was changed in them is no handshake any more."""
    nick = f"far-{secrets.token_hex(4)}"
    hello = encode(Hello("test", nick, target.invite.token, 0))

    def attempt(place: int, change: int, how: str) -> bool:
        """Say HELLO through the tap; return whether WELCOME came."""
        passed = 0

        def damage(data: bytes) -> bytes:
            nonlocal passed
            at, passed = place - passed, passed + len(data)
            if not 0 <= at < len(data):
                return data
            middle = {
                "flip": bytes((data[at] ^ change,)),
                "cut": b"",
                "insert": bytes((change, data[at])),
                "twice": data[at:],
            }[how]
            return data[:at] + middle + data[at + 1 :]

        one = sockets.client(bare.context, keys.make(), target.invite.server_key)
        try:
            one.connect(f"tcp://{HOST}:{tap.port}")
            one.send(hello)
            tap.carry(damage, lambda: bool(one.poll(0)))
            return bool(one.poll(0)) and isinstance(decode(one.recv()), Welcome)
        finally:
            one.close(0)

    assert attempt(10**6, 1, "flip"), "undamaged, it arrives"
    sealed = st.integers(len(CURVE) + 2, HANDSHAKE_BYTES - 1)
    harmless = range(len(CURVE) + 10, len(CURVE) + 82)  # HELLO's padding means nothing

    @FEW
    @given(sealed.filter(lambda place: place not in harmless), st.integers(1, 255))
    def flipped(place: int, change: int) -> None:
        assert not attempt(place, change, "flip")

    @FEW
    @given(
        st.integers(0, HANDSHAKE_BYTES + 200),
        st.integers(1, 255),
        st.sampled_from(("flip", "cut", "insert", "twice")),
    )
    def anyhow(place: int, change: int, how: str) -> None:
        attempt(place, change, how)

    flipped()
    friends.still_talk(1)
    anyhow()
    friends.still_talk()


def test_a_message_that_was_damaged_on_its_way_ends_its_connection(
    target: Server, bare: Circle, tap: Wiretap, friends: Friends
) -> None:
    """What is said is sealed too: a changed bit is never heard as another word."""
    one = sockets.client(bare.context, keys.make(), target.invite.server_key)
    monitor = one.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    passed = 0
    nick = f"bent-{secrets.token_hex(4)}"
    hello = encode(Hello("test", nick, target.invite.token, 0))

    def damage(data: bytes) -> bytes:
        nonlocal passed
        passed += len(data)
        if passed <= HANDSHAKE_BYTES + 100:
            return data
        return data[:-1] + bytes((data[-1] ^ 1,))

    try:
        one.connect(f"tcp://{HOST}:{tap.port}")
        one.send(hello)
        tap.carry(damage, lambda: bool(monitor.poll(0)))
        assert not one.poll(0)
    finally:
        one.disable_monitor()
        monitor.close(0)
        one.close(0)
    newcomer = bare(target.invite, f"later-{secrets.token_hex(4)}")
    assert nick not in newcomer.people()
    friends.still_talk()
