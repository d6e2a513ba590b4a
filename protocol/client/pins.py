"""Which server answers at which address, by its key: what is known stays until somebody forgets it.

A file ``known_servers`` among the profiles, a line ``HOST:PORT KEY`` for each address at which
a server has proved to have that key. A link that says otherwise is not followed. The first
line of an address counts, so several programs may add to the file at once. No state beside the
file; any thread.
"""

import logging
import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from protocol.errors import KeyChangedError, SetupError
from protocol.folders import data_words
from protocol.keys import KEY_BYTES, fingerprint, from_text, to_text

log = logging.getLogger("client")

NAME: Final = "known_servers"
PINS_MAX: Final = 2_000
"""Addresses that are known at a time; beyond, those that were added first go."""
_FILE_MAX_BYTES: Final = 1024 * 1024


class Pins:
    """The file; every method raises :class:`SetupError`, one line, if it cannot be used."""

    def __init__(self, profiles: Path) -> None:
        """Use the file in this folder of profiles, whether it is there or not."""
        self.path = profiles / NAME

    def known(self) -> dict[str, bytes]:
        """Return the addresses with the keys of their servers, in the order of being added."""
        text = self._read()
        for _ in range(50):
            if not text or text.endswith("\n"):
                break
            time.sleep(0.002)  # another program is adding a line just now
            text = self._read()
        found: dict[str, bytes] = {}
        for line in text.splitlines():
            address, _, word = line.partition(" ")
            try:
                key = from_text(word)
            except ValueError:
                key = b""
            if len(key) != KEY_BYTES:
                # Passing it over would let another key in.
                raise SetupError(
                    f"{self.path} is damaged; put it back from a backup, or delete it if you "
                    "trust the invite links that you have"
                )
            found.setdefault(address, key)
        return found

    def check(self, addresses: Iterable[str], key: bytes) -> None:
        """Raise :class:`KeyChangedError` if some are known by another key; it names all of them."""
        known = self.known()
        other = {one: known[one] for one in addresses if known.get(one, key) != key}
        if other:
            raise KeyChangedError(
                {address: fingerprint(before) for address, before in other.items()},
                fingerprint(key),
                data_words(self.path.parent),
            )

    def add(self, address: str, key: bytes) -> None:
        """Remember that the server of this key has answered here; what is known stays."""
        known = self.known()
        before = known.get(address)
        if before is None and len(known) < PINS_MAX:
            self._append(_line(address, key))
        elif before is None:
            self._write(dict([*known.items(), (address, key)][-PINS_MAX:]))
        elif before != key:
            # One server names a gateway at the address of another one: what is known stays.
            log.warning("server_key_differs address=%s", address)

    def forget(self, address: str) -> bytes | None:
        """Forget an address; return the key that was known there, or None."""
        known = self.known()
        key = known.pop(address, None)
        if key is not None:
            self._write(known)
        return key

    def _read(self) -> str:
        try:
            with self.path.open("rb") as file:
                return file.read(_FILE_MAX_BYTES).decode("ascii")
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except UnicodeDecodeError:
            return "damaged"
        except OSError as error:
            raise SetupError(f"{self.path} cannot be read: {error.strerror}") from None

    def _append(self, line: str) -> None:
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, line.encode("ascii"))
            finally:
                os.close(handle)
        except OSError as error:
            raise SetupError(f"{self.path} cannot be written: {error.strerror}") from None

    def _write(self, known: dict[str, bytes]) -> None:
        fresh = self.path.with_name(f".{NAME}.{secrets.token_hex(8)}")
        lines = "".join(_line(address, key) for address, key in known.items())
        try:
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(lines.encode("ascii"))
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(fresh, self.path)
            finally:
                fresh.unlink(missing_ok=True)
        except OSError as error:
            raise SetupError(f"{self.path} cannot be written: {error.strerror}") from None


def _line(address: str, key: bytes) -> str:
    return f"{address} {to_text(key)}\n"
