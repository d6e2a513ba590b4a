"""Whoever starts a server on its machine becomes its owner: the token for that person's window.

There is at most one such token at a time: the next one takes the place of the one before, it lets
one person in, and it ends with the window it was made for, or after a day. Once the server has an
owner none is made, and one that was made gives no role. No state; any thread.
"""

from dataclasses import replace
from pathlib import Path

from broker.invites import Book, added, change_book, draw
from broker.sqlite_survey import has_owner, opened
from protocol.codes import Role

JOURNAL_FILE = "journal.sqlite3"
_EXPIRES_MS = 86_400_000
"""Longer than anybody looks at a first screen; it only counts where whoever made it was killed."""


def is_owned(data: Path) -> bool:
    """Whether the server has an owner; raise like :func:`owner_token`."""
    with opened(data / JOURNAL_FILE) as db:
        return has_owner(db)


def owner_token(data: Path, now_ms: int) -> str:
    """Draw a token that makes the first who comes with it the owner; empty: there is one.

    Raises :class:`SetupError`, or :class:`JournalError` if the journal cannot be read.
    """
    if is_owned(data):
        return ""
    token, invite = draw(Role.OWNER, 1, now_ms + _EXPIRES_MS, "", now_ms, first_owner=True)

    def exchange(book: Book) -> Book:
        others = tuple(one for one in book.invites if not one.first_owner)
        return added(replace(book, invites=others), invite, now_ms)

    change_book(data, exchange)
    return token


def withdraw(data: Path) -> None:
    """End what :func:`owner_token` made; raise :class:`SetupError`."""
    change_book(
        data,
        lambda book: replace(
            book,
            invites=tuple(
                replace(one, revoked=True) if one.first_owner else one for one in book.invites
            ),
        ),
    )
