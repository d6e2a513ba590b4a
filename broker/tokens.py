"""Which invite tokens admit somebody: the standing one of an open server, and the counted ones.

Whether a counted one has expired or is used up is decided where people are enrolled
(:mod:`broker.directory`), with the uses that the journal counts. Owned by the broker's main thread.
"""

import hmac
import logging
import os
import secrets
from pathlib import Path

from broker.durable import write_synced
from broker.grants import Grant
from broker.invites import INVITES_FILE, Book, CountedInvite, Mode, digest, make_book, read_book
from protocol.codes import Role
from protocol.errors import SetupError
from protocol.invite import FOR_SOME_PREFIXES

log = logging.getLogger("broker")

STANDING_FILE = "invite.token"
_STANDING_BYTES = 16


_STANDING = Grant("", Role.MEMBER, 0, 0)


class Tokens:
    """The tokens of one data folder; what ``zviazok invite`` changes holds at the next question."""

    def __init__(self, data: Path) -> None:
        """Read them; make what is missing. Raises :class:`SetupError`.

        A damaged file of invites stops no server: who has joined comes in, nobody else does.
        """
        self._data = data
        self._standing = standing_token(data)
        try:
            make_book(data)
        except SetupError as error:
            # No room on the disk, say: it is open then, as long as nobody has closed it.
            log.warning("invites_not_made why=%s", error)
        self._stamp: tuple[int, ...] | None = None
        self._seen = False
        """There was a file."""
        self._mode: Mode | None = None
        self._counted: dict[bytes, CountedInvite] = {}
        self._refresh()

    def find(self, token: str) -> Grant | None:
        """Return what a token grants; see :data:`broker.grants.FindGrant`."""
        self._refresh()
        if self._mode is Mode.OPEN and hmac.compare_digest(token.encode(), self._standing.encode()):
            return _STANDING
        # Found by its hash: what comes has nothing in common with it, so a clock tells nothing.
        found = self._counted.get(digest(token))
        if found is None or found.revoked:
            return None
        return Grant(found.id, found.role, found.uses, found.expires_ts, found.first_owner)

    def _refresh(self) -> None:
        """Read the file again if it is another one."""
        try:
            found = (self._data / INVITES_FILE).stat()
            times = (found.st_mtime_ns, found.st_ctime_ns)
            stamp: tuple[int, ...] = (*times, found.st_size, found.st_ino)
        except OSError:
            stamp = ()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        book = read_book(self._data)
        if self._seen and not stamp:
            # What it said is not known any more, and it may have said that the server is closed.
            why = "is gone; put it back from a backup, or start the server again: it is open then"
            book = Book(None, fault=f"{self._data / INVITES_FILE} {why}")
        self._seen = self._seen or bool(stamp)
        self._mode = book.mode
        self._counted = {one.digest: one for one in book.invites}
        if book.fault:
            standing = "admitted" if book.mode is Mode.OPEN else "refused"
            log.error("invites_unusable standing_link=%s why=%s", standing, book.fault)
        else:
            log.info("invites_read mode=%s counted=%d", book.mode, len(book.invites))


def standing_token(data: Path) -> str:
    """Read the standing token, or make it at the first start; raise :class:`SetupError`."""
    path = data / STANDING_FILE
    try:
        token = path.read_text(encoding="ascii").strip() if path.exists() else ""
        if token:
            return token
        # None, or what a power cut left of it: an empty token would let everybody in.
        while not token or token.startswith(FOR_SOME_PREFIXES):
            token = secrets.token_urlsafe(_STANDING_BYTES)
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        write_synced(fresh, token.encode() + b"\n")
        os.replace(fresh, path)
    except (OSError, UnicodeDecodeError):
        raise SetupError(f"the file {path} cannot be used; look at its permissions") from None
    return token
