"""A profile: the folder in which one person on one server keeps a device key and a store.

It is locked while it is open, because two programs that shared an outbox would
give one counter to two messages. Owned by whoever opened it; any thread.
"""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from protocol.blocks import DEVICE_TAG_BYTES
from protocol.client.pins import Pins
from protocol.errors import SetupError
from protocol.invite import Invite
from protocol.keys import KeyPair, check_folder, fingerprint, load_or_make, to_text
from protocol.names import clean_nick

log = logging.getLogger("client")

_STORE = "store.sqlite3"
_SERVER_CHARS = 16
_NICK_CHARS = 24


@dataclass(frozen=True, slots=True)
class Profile:
    """An open profile."""

    folder: Path
    keys: KeyPair
    lock: int
    """Descriptor of the lock file; the lock lasts until it is closed."""
    server_key: bytes
    """The server's public key, 32 raw bytes: the only one that this profile talks to."""
    pins: Pins

    @classmethod
    def open(cls, root: Path, invite: Invite, nick: str) -> "Profile":
        """Open or make the profile of ``nick`` on the invite's server below ``root``.

        Raises :class:`BadNameError` for a nickname that cannot be used,
        :class:`KeyChangedError` if one of the addresses is known by another key, and
        :class:`SetupError`, one line, if the folder is in use, open to others or not to be
        written.
        """
        name = clean_nick(nick)
        pins = Pins(root)
        pins.check(invite.addresses, invite.server_key)
        folder = root / to_text(invite.server_key)[:_SERVER_CHARS] / folder_name(name)
        try:
            pictures = folder / "pictures"
            for one in (root, folder.parent, folder, pictures):
                one.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SetupError(f"cannot write to the folder {folder}: {error.strerror}") from None
        try:
            if not _locked(lock):
                raise SetupError(
                    f"{name} is already open on this computer: use that window, "
                    "or choose another nickname"
                )
            check_folder(folder)
            keys = load_or_make(folder / "device.key")
            # SQLite would make its file with the umask's mode, and the ones beside it like that.
            # Behind the lock: closing the file would take SQLite's own locks from a second user.
            os.close(os.open(folder / _STORE, os.O_RDWR | os.O_CREAT, 0o600))
        except SetupError:
            os.close(lock)
            raise
        except OSError as error:
            os.close(lock)
            raise SetupError(f"cannot write to the folder {folder}: {error.strerror}") from None
        return cls(folder, keys, lock, invite.server_key, pins)

    @property
    def store_path(self) -> Path:
        """The SQLite file."""
        return self.folder / _STORE

    @property
    def pictures(self) -> Path:
        """The folder of fetched and sent pictures, each named by its SHA-256 in hex."""
        return self.folder / "pictures"

    @property
    def server_fingerprint(self) -> str:
        """What to compare with the server's admin."""
        return fingerprint(self.server_key)

    @property
    def device_fingerprint(self) -> str:
        """What tells this device from all others."""
        return fingerprint(self.keys.public)

    @property
    def device_tag(self) -> bytes:
        """How events and lists of devices name this device."""
        return self.keys.public[:DEVICE_TAG_BYTES]

    def answered(self, address: str) -> None:
        """The server has answered at this address, with its key: it is known from now on."""
        try:
            self.pins.add(address, self.server_key)
        except SetupError as error:
            log.warning("address_not_remembered text=%s", error)

    def close(self) -> None:
        """Let others use the profile; call it once, after the client has stopped."""
        os.close(self.lock)


def folder_name(nick: str) -> str:
    """Return a name that every file system takes: readable, and made unique by a hash."""
    digest = hashlib.sha256(nick.encode()).hexdigest()[:8]
    safe = "".join(one if one.isalnum() or one in "-_" else "_" for one in nick[:_NICK_CHARS])
    return f"{safe}-{digest}"


def _locked(handle: int) -> bool:
    """Take an exclusive lock that ends with the process; False if another one has it."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
