"""The counted invites of a server: a file in its data folder, read strictly and written whole.

``invites.json`` says whether the server is open, and which counted invites there are::

    {"format": 1, "mode": "open", "invites": [{"id": "k7m2qp", "sha256": "…", "uses": 30,
     "expires_ts": 1790000000000, "role": "member", "note": "class 9b", "made_ts": …,
     "revoked": false, "window": false}]}

It holds the SHA-256 of each token and never a token; how often one was used stands in the journal.
A file that is not as it must be admits nobody (:class:`Book`, ``fault``). Written by
``zviazok invite`` and ``zviazok up``, under a lock of its own; read by the broker. No state; any
thread.
"""

import json
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from broker.durable import sync_folder, write_synced
from broker.lock import DataLock
from protocol.codes import Role
from protocol.errors import SetupError
from protocol.invite import COUNTED_PREFIX
from protocol.limits import PEOPLE_MAX, TS_MAX_MS

INVITES_FILE = "invites.json"
INVITES_MAX = 1_000
"""Invites in the file: bounds what a broker holds and reads."""
USES_MAX = PEOPLE_MAX
NOTE_MAX_CHARS = 100
KEPT_MS = 30 * 86_400_000
"""How long one that has expired is listed still."""

_FORMAT = 1
_LOCK_FILE = "invites.lock"
_MAX_BYTES = 1024 * 1024
_TOKEN_BYTES = 18
"""144 bits: 24 characters. Nobody guesses one, so its plain SHA-256 tells nothing."""
_ID_CHARS = 6
_ID_LETTERS = "bcdfghjkmnpqrstvwxz23456789"
"""What is read out and typed: no vowel, and nothing that looks like another one."""


class Mode(StrEnum):
    """Who may come in."""

    OPEN = "open"
    """Whoever has the server's standing link, and whoever has a counted one."""
    TOKEN = "token"
    """Whoever has a counted link."""


@dataclass(frozen=True, slots=True)
class CountedInvite:
    """One invite; ``id`` names it for people and in the journal, ``digest`` is of its token."""

    id: str
    digest: bytes
    uses: int
    expires_ts: int
    """ms since 1970."""
    role: Role
    note: str
    made_ts: int
    revoked: bool = False
    first_owner: bool = False
    """It gives its role only while the server has no owner; ``window`` in the file."""


@dataclass(frozen=True, slots=True)
class Book:
    """What the file says. ``fault``: what is wrong with it, for people; then it names no invite.

    ``mode`` None: it cannot be told.
    """

    mode: Mode | None
    invites: tuple[CountedInvite, ...] = ()
    fault: str = ""


def read_book(data: Path) -> Book:
    """Read the file of a data folder; one that was never made is that of an open server."""
    path = data / INVITES_FILE
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return Book(Mode.OPEN)
    except OSError as error:
        return Book(None, fault=f"{path} cannot be read ({error.strerror}); {_MEND}")
    if os.name == "posix" and mode & 0o077:
        return Book(None, fault=f"others can use {path}; if you trust it, run: chmod 600 '{path}'")
    return _parse(path, text)


def change_book(data: Path, change: Callable[[Book], Book]) -> Book:
    """Replace the file by what ``change`` makes of it, whole or not at all; return that.

    Raises :class:`SetupError` for a file with a fault, and where it cannot be written.
    """
    path = data / INVITES_FILE
    busy = f"somebody else is changing {path}; try again"
    _need_owner(data)
    with DataLock(data / _LOCK_FILE, busy):
        book = read_book(data)
        if book.fault:
            raise SetupError(book.fault)
        changed = change(book)
        fresh = path.with_name(f"{path.name}.new")
        try:
            fresh.unlink(missing_ok=True)
            write_synced(fresh, _text(changed))
            os.replace(fresh, path)
            sync_folder(data)
        except OSError as error:
            raise SetupError(f"{path} cannot be written ({error.strerror})") from None
    return changed


def make_book(data: Path) -> None:
    """Make the file of an open server if there is none; raise :class:`SetupError`."""
    if not (data / INVITES_FILE).exists():
        change_book(data, lambda book: book)


def draw(
    role: Role, uses: int, expires_ts: int, note: str, now_ms: int, first_owner: bool = False
) -> tuple[str, CountedInvite]:
    """Draw a token and an invite for it; the token is nowhere else."""
    token = COUNTED_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
    return token, CountedInvite(
        _name(), digest(token), uses, expires_ts, role, note, now_ms, first_owner=first_owner
    )


def _name() -> str:
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_CHARS))


def added(book: Book, invite: CountedInvite, now_ms: int) -> Book:
    """Return the book with one more as its last; those that expired long ago go.

    Its id is another one if it was taken. Raises :class:`SetupError` when the book is full.
    """
    kept = [one for one in book.invites if one.expires_ts + KEPT_MS > now_ms]
    if len(kept) >= INVITES_MAX:
        # Rather those that admit nobody any more than a refusal.
        kept = [one for one in kept if not one.revoked and one.expires_ts > now_ms]
    if len(kept) >= INVITES_MAX:
        raise SetupError(
            f"there are {INVITES_MAX:,} invites already; wait until some have expired, or revoke "
            "some: zviazok invite --list"
        )
    while any(one.id == invite.id for one in kept):
        invite = replace(invite, id=_name())
    return replace(book, invites=(*kept, invite))


def revoked(book: Book, name: str) -> Book:
    """Return the book with an invite revoked; raise :class:`SetupError` if there is none."""
    if all(one.id != name for one in book.invites):
        raise SetupError(f"there is no invite {name!r}; zviazok invite --list shows them")
    invites = (replace(one, revoked=True) if one.id == name else one for one in book.invites)
    return replace(book, invites=tuple(invites))


def digest(token: str) -> bytes:
    """Return how a token is kept."""
    return sha256(token.encode()).digest()


_MEND = (
    "until that is mended its invites admit nobody. Put it back from a backup; or delete it and "
    "start the server again: then the server is open, and all counted invites are gone"
)


def _need_owner(data: Path) -> None:
    """A file of root's would be closed to the server."""
    if os.name == "posix" and os.geteuid() == 0 and data.stat().st_uid != 0:
        raise SetupError(f"run this as the user to whom {data} belongs, not as root")


def _text(book: Book) -> bytes:
    invites = [
        {
            "id": one.id,
            "sha256": one.digest.hex(),
            "uses": one.uses,
            "expires_ts": one.expires_ts,
            "role": one.role.name.lower(),
            "note": one.note,
            "made_ts": one.made_ts,
            "revoked": one.revoked,
            "window": one.first_owner,
        }
        for one in book.invites
    ]
    value = {"format": _FORMAT, "mode": book.mode, "invites": invites}
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"


def _parse(path: Path, text: bytes) -> Book:
    mode: Mode | None = None
    try:
        if len(text) > _MAX_BYTES:
            raise ValueError("it is too long")
        value: Any = json.loads(text)
        if value["format"] != _FORMAT:
            return Book(None, fault=f"{path} was made by another version of Zviazok; use that one")
        mode = Mode(value["mode"])
        rows = value["invites"]
        if type(rows) is not list or len(rows) > INVITES_MAX:
            raise ValueError("it has no list of invites, or too long a one")
        invites = tuple(_invite(row) for row in rows)
        for names in ([one.id for one in invites], [one.digest for one in invites]):
            if len(set(names)) != len(names):
                raise ValueError("an invite is there twice")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # What JSON's own words say may quote the file.
        return Book(mode, fault=f"{path} is damaged; {_MEND}")
    return Book(mode, invites)


def _invite(row: Any) -> CountedInvite:
    """Read one invite; raise ``ValueError``, ``TypeError`` or ``KeyError``."""
    if type(row) is not dict:
        raise TypeError("an invite is an object")
    name, note = row["id"], row["note"]
    if type(name) is not str or len(name) != _ID_CHARS or not set(name) <= set(_ID_LETTERS):
        raise ValueError("this is no id")
    if type(note) is not str or len(note) > NOTE_MAX_CHARS:
        raise ValueError("this is no note")
    found = bytes.fromhex(row["sha256"])
    if len(found) != sha256().digest_size:
        raise ValueError("this is no SHA-256")
    return CountedInvite(
        name,
        found,
        _number(row["uses"], USES_MAX),
        _number(row["expires_ts"], TS_MAX_MS),
        Role[row["role"].upper()],
        note,
        _number(row["made_ts"], TS_MAX_MS),
        _flag(row["revoked"]),
        _flag(row["window"]),
    )


def _number(value: Any, largest: int) -> int:
    if type(value) is not int or not 1 <= value <= largest:
        raise ValueError("this is no number in its range")
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError("this is true or false")
    return value
