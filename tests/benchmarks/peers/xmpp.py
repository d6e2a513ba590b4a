"""Prosody: a group chat (MUC) with its archive (MAM), over plain XMPP streams by hand."""

import re
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

from tests.benchmarks.peers.peer import BODY, Peer, Promise, Step, ask, launch, program, step

_CONFIG = """\
run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
log = {{ warn = "*console" }}
modules_enabled = {{ "saslauth" }}
modules_disabled = {{ "s2s", "tls", "offline", "c2s_websocket" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_require_encryption = false
storage = "internal"
VirtualHost "bench.local"
    authentication = "anonymous"
Component "rooms.bench.local" "muc"
    modules_enabled = {{ "muc_mam" }}
    muc_room_locking = false
    muc_log_by_default = true
    muc_log_all_rooms = true
    max_history_messages = 0
"""
_STREAM = (
    "<?xml version='1.0'?><stream:stream to='bench.local' version='1.0' "
    "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
)
_AUTH = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"
_BIND = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
_MUC = "http://jabber.org/protocol/muc"


class Prosody(Peer):
    """Everybody is an occupant of one room; the room's archive keeps every message."""

    key = "prosody"
    title = "Prosody, MUC + archive"
    package = "Debian prosody"
    promise = Promise("yes (files)", "no", "no", "per room")
    settings = (
        "MUC with muc_mam, muc_log_all_rooms: internal storage, files on disk",
        "anonymous log-in, no TLS, no limits; no history on joining",
        "the sender is an occupant too and gets its messages back",
    )
    messages_max = 200
    pattern = re.compile(b"<body>(" + BODY + b"[^<]*)</body>")

    def version(self) -> str:
        """Ask ``prosodyctl``."""
        return ask([program("prosodyctl", "prosody"), "about"], r"\nProsody ([\d.]+)")

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        """Start in the foreground with a file of its own."""
        config = folder / "prosody.cfg.lua"
        config.write_text(_CONFIG.format(port=port, folder=folder))
        words = [program("prosody", "prosody"), "-F", "--config", str(config)]
        return launch(words, folder)

    def join(self, number: int) -> tuple[Step, ...]:
        """Log in, bind, and enter the room."""
        return self._come_in(f"c{number}")

    def enter(self) -> tuple[Step, ...]:
        """The sender is an occupant as well."""
        return self._come_in("sender")

    def _come_in(self, nick: str) -> tuple[Step, ...]:
        presence = (
            f"<presence to='room@rooms.bench.local/{nick}'>"
            f"<x xmlns='{_MUC}'><history maxstanzas='0'/></x></presence>"
        )
        return (
            step(_STREAM, rb"</stream:features>"),
            step(_AUTH, rb"<success"),
            step(_STREAM, rb"</stream:features>"),
            step(_BIND, rb"<jid>.*</iq>"),
            step(presence, rb"code=['\"]110['\"].*</presence>.*<subject"),
        )

    def publish(self, number: int, body: bytes) -> bytes:
        """A message of the group chat."""
        head = b"<message to='room@rooms.bench.local' type='groupchat' id='m%d'><body>" % number
        return head + _escaped(body) + b"</body></message>"

    def carried(self, body: bytes) -> bytes:
        """Escaped as XML, as Prosody does it."""
        return _escaped(body)


def _escaped(body: bytes) -> bytes:
    return escape(body.decode(), {"'": "&apos;", '"': "&quot;"}).encode()
