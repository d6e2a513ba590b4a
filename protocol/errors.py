"""The one exception tree.

::

    ZviazokError
    ├── WireError            a peer broke the protocol: code, field, text
    ├── BadNameError         a nickname or a room name that cannot be used
    ├── LinkError            an invite link that cannot be read
    ├── DarkroomError        a picture that was not decoded: fault
    ├── SetupError           the person at the keyboard can mend it: a port in use, a folder
    │   ├── DiskFullError    there is no room on this machine
    │   └── KeyChangedError  an address is known by another server key
    └── JournalError         the journal cannot be trusted or written
        ├── FencedError      another broker has taken the journal over
        ├── FullError        the disk has no room for more
        └── DamagedError     stored bytes are not the bytes that were written

The text of every error says what is wrong and, where somebody can act on it,
what to do. It never holds message text, keys or tokens.
"""

from collections.abc import Mapping

from protocol.codes import ErrorCode


class ZviazokError(Exception):
    """Root of everything that this program raises on purpose."""


class WireError(ZviazokError):
    """A frame or an item that breaks the protocol.

    ``code`` goes back to the peer with ``field`` (the name of the offending
    field, or ``""``) and ``text``.
    """

    def __init__(self, code: ErrorCode, field: str, text: str) -> None:
        """Keep the three parts of the answer."""
        super().__init__(code, field, text)
        self.code = code
        self.field = field
        self.text = text

    def __str__(self) -> str:
        """Render for logs: code name, field and text, never content."""
        where = f" field={self.field}" if self.field else ""
        return f"{self.code.name}{where}: {self.text}"


class BadNameError(ZviazokError):
    """A nickname or a room name that cannot be used; the text says why.

    ``why`` is one word for programs with sentences of their own: empty, long,
    invisible, accents, start, letters or reserved.
    """

    def __init__(self, text: str, why: str) -> None:
        """Say it for people and in a word."""
        super().__init__(text)
        self.why = why


class LinkError(ZviazokError):
    """An invite link that cannot be read; the text says what is wrong with it."""


class SetupError(ZviazokError):
    """Something the person at the keyboard can mend; one line that says how."""


class DiskFullError(SetupError):
    """There is no room on the disk of this machine; nothing of what was asked for is stored."""


class KeyChangedError(SetupError):
    """Addresses at which one server has answered are those of another one in this link.

    ``known`` and ``given`` are fingerprints of both keys (:func:`protocol.keys.fingerprint`).
    ``addresses`` are those that are known by ``known``; others may be known by a third key: the
    text names them too.
    """

    def __init__(self, known: Mapping[str, str], given: str, words: str = "") -> None:
        """Show both, and say what to do.

        ``known``: each address with its fingerprint, one at least. ``words``: what ``zviazok
        forget`` needs behind them, to look into the same folder.
        """
        self.known = next(iter(known.values()))
        self.addresses = tuple(one for one, key in known.items() if key == self.known)
        self.given = given
        keys = self.known
        if len(self.addresses) < len(known):
            keys = ", ".join(f"{key} ({address})" for address, key in known.items())
        named = ", ".join(known)
        command = " ".join(("zviazok forget", *known, *filter(None, [words])))
        super().__init__(
            f"{named} {'is' if len(known) == 1 else 'are'} known by another key than this link "
            f"has. Known: {keys}. In the link: {given}. Somebody may be pretending to be "
            "this server: ask its admin, not through this chat. If it was set up anew, run: "
            + command
        )


class DarkroomError(ZviazokError):
    """A picture that was not decoded; ``fault`` is a :class:`protocol.client.orders.Fault`."""

    def __init__(self, fault: int) -> None:
        """Keep why."""
        super().__init__(fault)
        self.fault = fault


class JournalError(ZviazokError):
    """The journal cannot be trusted or written."""


class FencedError(JournalError):
    """Another broker has taken the journal over; this one must stop."""


class FullError(JournalError):
    """The disk has no room: nothing of this transaction is stored, what is stored can be read."""


class DamagedError(JournalError):
    """Stored bytes are not the bytes that were written; nothing is repaired silently."""
