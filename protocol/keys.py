"""CURVE key pairs: made, kept in files that only their owner can read, and written as text.

Inside the program a key is its 32 raw bytes. People and files see base64url
(43 characters); ZeroMQ sees Z85 (40 bytes). A key file holds the secret key
alone, because the public one follows from it. No state; any thread.
"""

import base64
import binascii
import hashlib
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from zmq.utils import z85 as _z85

from protocol.errors import SetupError

KEY_BYTES = 32
FINGERPRINT_BYTES = 16
"""Enough that nobody makes another key with the same one, and short enough to be compared."""
_POSIX = os.name == "posix"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Both halves of a CURVE key pair, 32 raw bytes each; the secret is never shown."""

    public: bytes
    secret: bytes = field(repr=False)


def make() -> KeyPair:
    """Draw a new key pair, of which the public key can stand alone behind a ``--word``."""
    while True:
        public, secret = zmq.curve_keypair()
        pair = KeyPair(_z85.decode(public), _z85.decode(secret))
        if not to_text(pair.public).startswith("-"):
            return pair


def load_or_make(path: Path) -> KeyPair:
    """Read the key pair of a file; make file (0600) and folder (0700) if there is none.

    Two processes may do this at once: one of them makes the file, both get its
    key. Raise :class:`SetupError` for a file that others can read, that is no
    key, or that cannot be read or written.
    """
    try:
        if not path.exists():
            _save(path, make())
        return _load(path)
    except OSError as error:
        raise SetupError(f"the key file {path} cannot be used: {error.strerror}") from None


def check_folder(path: Path) -> None:
    """Raise :class:`SetupError` for a folder that others can look or write into."""
    if _open_to_others(path.stat().st_mode):
        raise SetupError(
            f"the folder {path} is open to others; "
            f"if you trust what is in it still, run: chmod 700 '{path}'"
        )


def to_text(raw: bytes) -> str:
    """Return base64url without padding: 43 characters for a key."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def from_text(text: str) -> bytes:
    """Read what :func:`to_text` made; raise ``ValueError`` for anything else."""
    try:
        data = text.encode("ascii")
        raw = base64.b64decode(data + b"=" * (-len(data) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("this is not base64url") from None
    if to_text(raw) != text:
        # Stray bits at the end or padding: two texts must never name one key.
        raise ValueError("this is not base64url as it is written here")
    return raw


def fingerprint(public: bytes) -> str:
    """Return what people compare instead of a key: eight groups of four hexadecimal digits."""
    return in_groups(hashlib.sha256(public).digest()[:FINGERPRINT_BYTES])


def in_groups(raw: bytes) -> str:
    """Return bytes as hexadecimal digits, four by four, to be read aloud."""
    return raw.hex(" ", 2)


def z85(raw: bytes) -> bytes:
    """Return the 40 ASCII bytes that ZeroMQ wants for a key of 32 bytes."""
    if len(raw) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    return bytes(_z85.encode(raw))


def from_z85(text: str) -> bytes:
    """Read a key of 32 bytes as ZeroMQ writes it (ZAP's ``User-Id``)."""
    return bytes(_z85.decode(text))


def _save(path: Path, pair: KeyPair) -> None:
    """Write the secret so that the file appears whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(to_text(pair.secret).encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        # Neither call replaces a file that another process has made meanwhile.
        with suppress(FileExistsError):
            if _POSIX:
                os.link(fresh, path)
            else:
                os.rename(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _open_to_others(mode: int) -> bool:
    return _POSIX and bool(stat.S_IMODE(mode) & 0o077)


def _load(path: Path) -> KeyPair:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if _open_to_others(mode):
            raise SetupError(
                f"the key file {path} can be read by others; "
                f"if you trust it still, run: chmod 600 '{path}'"
            )
        data = file.read(256)
    try:
        secret = from_text(data.decode("ascii").strip())
        public = zmq.curve_public(z85(secret))
    except ValueError:
        raise SetupError(
            f"{path} does not hold a key; put back the file from a backup, "
            "or delete it to get a new key"
        ) from None
    return KeyPair(_z85.decode(public), secret)
