"""ngIRCd: a channel, by hand. A line with its prefix may have 512 bytes; ours has about 250."""

import os
import re
import subprocess
from pathlib import Path

from tests.benchmarks.peers.peer import BODY, Peer, Promise, Step, ask, launch, program, step

LINE_MAX_BYTES = 512
_PREFIX_MAX_BYTES = 64
"""``:sender!~u@127.0.0.1 PRIVMSG #room :`` and some room."""

_CONFIG = """\
[Global]
Name = bench.local
Info = bench
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = bench
{identity}
[Limits]
ConnectRetry = 60
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 3600
PongTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
SyslogFacility = local1
[Channel]
Name = #room
MaxUsers = 0
"""


class NgIrcd(Peer):
    """JOIN and PRIVMSG in one channel."""

    key = "ngircd"
    title = "ngIRCd"
    package = "Debian ngircd"
    promise = Promise("no", "no", "no", "per channel")
    settings = (
        "MaxPenaltyTime 0: the brake on those who flood is off",
        "MaxConnectionsIP 0, MaxJoins 0, MaxUsers 0: no limits of number",
        "PingTimeout 3600; DNS, Ident and PAM off",
    )
    pattern = re.compile(rb" PRIVMSG #room :(" + BODY + rb"[^\r]*)\r\n")

    def version(self) -> str:
        """Ask ``ngircd``."""
        return ask([program("ngircd", "ngircd"), "--version"], r"ngIRCd ([\d.]+)")

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        """Start in the foreground; as root it would take another user by itself."""
        identity = "ServerUID = root\nServerGID = root" if os.geteuid() == 0 else ""
        config = folder / "ngircd.conf"
        config.write_text(_CONFIG.format(port=port, identity=identity))
        return launch([program("ngircd", "ngircd"), "-n", "-f", str(config)], folder)

    def join(self, number: int) -> tuple[Step, ...]:
        """Register and join the channel."""
        nick = f"c{number}"
        return (
            step(f"NICK {nick}\r\nUSER u 0 * :u\r\n", rb" (376|422) "),
            step("JOIN #room\r\n", rb" 366 "),
        )

    def enter(self) -> tuple[Step, ...]:
        """Join as well: others may not write to the channel."""
        first, second = self.join(0)
        return (step(first.say.replace(b"c0", b"sender"), rb" (376|422) "), second)

    def publish(self, number: int, body: bytes) -> bytes:
        """A line to the channel; the sender does not get it back."""
        if len(body) > LINE_MAX_BYTES - _PREFIX_MAX_BYTES:
            raise ValueError(f"a body of {len(body)} bytes does not fit a line of IRC")
        return b"PRIVMSG #room :%s\r\n" % body
