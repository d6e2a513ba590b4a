"""Which gateways may connect: the keys that ZAP lets into the domain "peer".

The key of the gateways on this machine (``gateway.key``) and the lines of the file
``gateways`` in the data folder, which is read again when it changes. Owned by the
broker's main thread.
"""

import logging
from pathlib import Path

from protocol.keys import from_text, load_or_make
from protocol.sockets import DOMAIN_PEER

log = logging.getLogger("broker")

_FILE = "gateways"
_HEADER = """\
# Gateways on other machines that may connect to this broker: one public key a line.
# A gateway that is not known here prints its line. This file is read again when it changes.
"""


class Peers:
    """The keys of gateways."""

    def __init__(self, data: Path) -> None:
        """Read the keys in ``data``; make the local gateways' key and the file if missing."""
        self._path = data / _FILE
        self._local = load_or_make(data / "gateway.key").public
        if not self._path.exists():
            self._path.write_text(_HEADER, encoding="utf-8")
        self._stamp = (0, 0)
        self._known: set[bytes] = set()
        self.refresh()

    def allow(self, domain: str, key: bytes) -> bool:
        """Say whether a peer may enter; what the ZAP handler asks."""
        if domain != DOMAIN_PEER:
            return False
        if key == self._local:
            return True
        self.refresh()
        return key in self._known

    def refresh(self) -> None:
        """Read the file again if it changed; a line that is no key is logged and skipped."""
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp == self._stamp:
                return
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            log.warning("gateways_unreadable error=%s", type(error).__name__)
            return
        self._stamp = stamp
        known: set[bytes] = set()
        for number, line in enumerate(lines, 1):
            words = line.split("#", 1)[0].split()
            if words:
                try:
                    key = from_text(words[0].removeprefix("key="))  # as the log shows it
                    if len(key) != 32:
                        raise ValueError("a key has 32 bytes")
                    known.add(key)
                except ValueError:
                    log.warning("gateways_line_skipped line=%d", number)
        self._known = known
