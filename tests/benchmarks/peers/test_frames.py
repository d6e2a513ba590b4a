"""Frames and parsers of every family, against bytes written out by hand or by another decoder."""

import json
import re
from pathlib import Path

import pytest

from tests.benchmarks.corpus import bodies
from tests.benchmarks.peers.__main__ import PEERS
from tests.benchmarks.peers.bare import Threads
from tests.benchmarks.peers.irc import LINE_MAX_BYTES, NgIrcd
from tests.benchmarks.peers.mqtt import MosquittoQos0, MosquittoQos1, connect, packet
from tests.benchmarks.peers.nats import Nats
from tests.benchmarks.peers.peer import SIZE, Peer, Step, Unavailable, ask, program
from tests.benchmarks.peers.redis import Redis, resp
from tests.benchmarks.peers.websocket import Broadcast, SocketIo, UWebSockets, text_frame
from tests.benchmarks.peers.xmpp import Prosody

TEXTS = bodies(40, SIZE - 18)
BODIES = [b"@%016x %s" % (n * 7_919, text.encode()) for n, text in enumerate(TEXTS)]


def plain_frame(payload: bytes) -> bytes:
    """Encode a server's text frame, as RFC 6455 draws it."""
    size = len(payload)
    assert 126 <= size < 65_536
    return b"\x81\x7e" + bytes((size >> 8, size & 255)) + payload


def stream_of(peer: Peer) -> bytes:
    """Return what a client of this peer receives: every body in the server's framing."""
    parts = []
    for number, body in enumerate(BODIES, 1):
        carried = peer.carried(body)
        size = len(body)
        match peer.key:
            case "threads":
                parts.append(carried)
            case "redis":
                head = b"*3\r\n$7\r\nmessage\r\n$4\r\nroom\r\n$%d\r\n" % size
                parts.append(head + carried + b"\r\n")
            case "nats":
                parts.append(b"MSG room 1 %d\r\n%s\r\n" % (size, carried))
            case "ngircd":
                parts.append(b":sender!~u@127.0.0.1 PRIVMSG #room :%s\r\n" % carried)
            case "mosquitto-qos0":
                parts.append(packet(0x30, b"\x00\x04room" + carried))
            case "mosquitto-qos1":
                name = bytes((number >> 8, number & 255))
                parts.append(packet(0x32, b"\x00\x04room" + name + carried))
            case "prosody":
                head = b"<message from='room@rooms.bench.local/sender' type='groupchat'>"
                tail = b"<stanza-id xmlns='urn:xmpp:sid:0' id='%d'/></message>" % number
                parts.append(head + b"<body>" + carried + b"</body>" + tail)
            case "socketio":
                event = b'42["text","%s"]' % carried
                assert json.loads(event[2:]) == ["text", body.decode()]
                parts.append(plain_frame(event))
            case _:
                parts.append(plain_frame(carried))
    return b"".join(parts)


@pytest.mark.parametrize("kind", PEERS, ids=lambda kind: str(kind.key))
def test_whole_messages_are_found_wherever_the_bytes_are_cut(kind: type[Peer]) -> None:
    peer = kind()
    stream, wanted = stream_of(peer), [peer.carried(body) for body in BODIES]
    for piece_bytes in (len(stream), 4_096, 251, 97):
        found: list[bytes] = []
        unfinished = b""
        for start in range(0, len(stream), piece_bytes):
            data = unfinished + stream[start : start + piece_bytes]
            new = peer.pattern.findall(data)
            found += new
            unfinished = data[data.rfind(new[-1]) + len(new[-1]) :] if new else data
        assert found == wanted


@pytest.mark.parametrize("kind", PEERS, ids=lambda kind: str(kind.key))
def test_every_peer_says_what_it_is(kind: type[Peer]) -> None:
    peer = kind()
    assert re.fullmatch(r"[a-z0-9-]+", peer.key)
    assert peer.title and peer.package and peer.settings
    promise = peer.promise
    assert all((promise.stored, promise.fsynced, promise.encrypted, promise.ordered))
    assert all(isinstance(one, Step) for one in (*peer.join(1), *peer.enter()))
    sent = peer.publish(1, BODIES[0])
    if not isinstance(peer, Broadcast | SocketIo):  # these are masked
        assert BODIES[0] in sent or peer.carried(BODIES[0]) in sent


def test_redis_commands() -> None:
    assert resp(b"SUBSCRIBE", b"room") == b"*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nroom\r\n"
    (only,) = Redis().join(0)
    assert only.until is not None
    assert only.until.search(b"*3\r\n$9\r\nsubscribe\r\n$4\r\nroom\r\n:1\r\n")
    assert (
        Redis().publish(1, "Ї".encode())
        == b"*3\r\n$7\r\nPUBLISH\r\n$4\r\nroom\r\n$2\r\n\xd0\x87\r\n"
    )


def test_nats_counts_bytes() -> None:
    assert Nats().publish(1, "Ї!".encode()) == b"PUB room 3\r\n\xd0\x87!\r\n"


def test_lines_of_irc_fit() -> None:
    peer = NgIrcd()
    line = b":sender!~u@127.0.0.1 " + peer.publish(1, BODIES[0])
    assert line.endswith(b"\r\n") and len(line) <= LINE_MAX_BYTES
    with pytest.raises(ValueError, match="does not fit"):
        peer.publish(1, b"x" * 460)
    assert peer.enter()[0].say.startswith(b"NICK sender\r\n")


def test_mqtt_packets() -> None:
    assert packet(0x30, b"x" * 127)[:2] == b"\x30\x7f"
    assert packet(0x30, b"x" * 128)[:3] == b"\x30\x80\x01"
    assert packet(0x30, b"x" * 16_384)[:4] == b"\x30\x80\x80\x01"
    assert connect("c1") == b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x00\x00\x02c1"
    assert MosquittoQos0().join(3)[1].say == b"\x82\x09\x00\x01\x00\x04room\x00"
    assert MosquittoQos1().publish(258, b"@")[:10] == b"\x32\x0a\x00\x04room\x01\x03"


def test_qos_1_is_acknowledged_by_name() -> None:
    peer = MosquittoQos1()
    answers = peer.answer(stream_of(peer))
    assert answers == b"".join(b"\x40\x02" + bytes((0, n)) for n in range(1, len(BODIES) + 1))
    assert MosquittoQos0().answer(stream_of(MosquittoQos0())) == b""


def test_xmpp_escapes() -> None:
    body = BODIES[0] + b" <b> & 'c' \"d\""
    assert Prosody().carried(body).endswith(b"&lt;b&gt; &amp; &apos;c&apos; &quot;d&quot;")
    assert b"id='m7'><body>@" in Prosody().publish(7, body)


@pytest.mark.parametrize("size", [0, 5, 125, 126, 4_000, 65_535, 65_536])
def test_frames_of_clients_are_masked(size: int) -> None:
    payload = (" ".join(TEXTS) * 10).encode()[:size]
    mask = b"\x11\x82\x00\xff"
    frame = text_frame(payload, mask)
    assert frame[0] == 0x81 and frame[1] & 0x80
    told, start = frame[1] & 0x7F, 2
    if told == 126:
        told, start = int.from_bytes(frame[2:4], "big"), 4
    elif told == 127:
        told, start = int.from_bytes(frame[2:10], "big"), 10
    assert told == size and frame[start : start + 4] == mask
    masked = frame[start + 4 :]
    assert bytes(byte ^ mask[n % 4] for n, byte in enumerate(masked)) == payload


def test_servers_of_websockets_differ() -> None:
    assert issubclass(UWebSockets, Broadcast)
    assert UWebSockets.key != Broadcast.key
    assert json.loads(b'"' + SocketIo().carried("її".encode()) + b'"') == "її"


def test_versions_are_asked_from_programs(tmp_path: Path) -> None:
    assert Threads().version().startswith("Python 3.")
    with pytest.raises(Unavailable, match="apt-get install chat-of-nobody"):
        program("chat-of-nobody", "chat-of-nobody")
    with pytest.raises(Unavailable, match="does not tell"):
        ask([program("cat", "coreutils"), "/dev/null"], r"version (\d)")
    with pytest.raises(Unavailable, match="does not tell"):
        ask([str(tmp_path / "nothing")], r"(\d)")
