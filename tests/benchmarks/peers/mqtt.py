"""Mosquitto: MQTT 3.1.1 by hand, at QoS 0 and at QoS 1."""

import re
import subprocess
from pathlib import Path

from tests.benchmarks.peers.peer import BODY, Peer, Promise, Step, ask, launch, program, step

_CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_inflight_messages 0
max_queued_messages 0
set_tcp_nodelay true
sys_interval 0
user root
"""
_TOPIC = b"\x00\x04room"


class MosquittoQos0(Peer):
    """One topic, QoS 0: sent once, nothing is acknowledged."""

    key = "mosquitto-qos0"
    title = "Mosquitto QoS 0"
    package = "Debian mosquitto"
    promise = Promise("no", "no", "no", "per publisher")
    settings = (
        "persistence false; clean sessions; keepalive 0",
        "max_inflight_messages 0, max_queued_messages 0: nothing is dropped in a burst",
        "set_tcp_nodelay true, sys_interval 0",
    )
    pattern = re.compile(re.escape(_TOPIC) + b"(" + BODY + rb"[^\n]*\n)")
    _qos = 0

    def version(self) -> str:
        """Ask ``mosquitto``."""
        return ask([program("mosquitto", "mosquitto"), "-h"], r"mosquitto version ([\d.]+)")

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        """Start with a file of its own."""
        config = folder / "mosquitto.conf"
        config.write_text(_CONFIG.format(port=port))
        return launch([program("mosquitto", "mosquitto"), "-c", str(config)], folder)

    def join(self, number: int) -> tuple[Step, ...]:
        """Connect, and subscribe to the topic."""
        return (
            step(connect(f"c{number}"), rb"\x20\x02\x00\x00"),
            step(packet(0x82, b"\x00\x01" + _TOPIC + bytes([self._qos])), rb"\x90\x03\x00\x01."),
        )

    def enter(self) -> tuple[Step, ...]:
        """Connect alone."""
        return (step(connect("sender"), rb"\x20\x02\x00\x00"),)

    def publish(self, number: int, body: bytes) -> bytes:
        """A PUBLISH; at QoS 1 the server answers with a PUBACK."""
        name = (number % 65_535 + 1).to_bytes(2, "big") if self._qos else b""
        return packet(0x30 | self._qos << 1, _TOPIC + name + body + b"\n")

    def carried(self, body: bytes) -> bytes:
        """With a line end, by which the body is found."""
        return body + b"\n"


class MosquittoQos1(MosquittoQos0):
    """One topic, QoS 1: every client acknowledges every message."""

    key = "mosquitto-qos1"
    title = "Mosquitto QoS 1"
    promise = Promise("in memory, until acked", "no", "no", "per publisher")
    pattern = re.compile(re.escape(_TOPIC) + b"..(" + BODY + rb"[^\n]*\n)", re.DOTALL)
    _names = re.compile(re.escape(_TOPIC) + b"(..)" + BODY, re.DOTALL)
    _qos = 1

    def answer(self, data: bytes) -> bytes:
        """A PUBACK for every message."""
        return b"".join([b"\x40\x02" + name for name in self._names.findall(data)])


def packet(kind: int, rest: bytes) -> bytes:
    """Encode a control packet: first byte, remaining length in groups of 7 bits, the rest."""
    left, length = len(rest), bytearray()
    while True:
        left, low = divmod(left, 128)
        length.append(low | 0x80 if left else low)
        if not left:
            return bytes([kind]) + bytes(length) + rest


def connect(client: str) -> bytes:
    """Encode a CONNECT with a clean session and no keepalive."""
    name = client.encode()
    return packet(0x10, b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2, "big") + name)
