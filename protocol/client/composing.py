"""What a person does to messages that are there: change, take back, react, pass on, send anew.

Each becomes a message of one's own, like any other, or one line that says why not, where
the server or other clients would only ignore it. Owned by the client's network thread.
"""

from collections.abc import Callable, Sequence
from typing import Any

from protocol.client.happenings import Failed, Message
from protocol.client.operations import OutboxRow
from protocol.client.overlay import fits
from protocol.client.sending import NOT_REFUSED
from protocol.client.session import Session
from protocol.client.shelf import Shelf
from protocol.codes import ErrorCode, EventKind
from protocol.items import REQUIRED, SAID
from protocol.limits import CAPTION_MAX_CHARS

_NOT_HERE = "this message is not on this device"
_NOT_OWN = "only its author may change a message"
_GONE = "this message was deleted"
_BLANK = "a text must have at least one visible character"
_LONG = f"the text below a picture or a file may have {CAPTION_MAX_CHARS} characters"


class Composing:
    """Acts on messages by their ``seq``, or by the ``n`` of one's own."""

    def __init__(
        self,
        shelf: Shelf,
        session: Callable[[], Session],
        again: Callable[[int, OutboxRow], None] | None = None,
    ) -> None:
        """Look messages up on the shelf; ``session`` returns the one of now.

        ``again`` sends the bytes of a message anew, and then the message.
        """
        self._shelf = shelf
        self._session = session
        self._again = again

    def say(
        self,
        request: int,
        room: bytes,
        text: str,
        reply: int = 0,
        mentions: Sequence[bytes] = (),
        via: str = "",
    ) -> None:
        """Say a text."""
        body: dict[str, Any] = {"text": text, **posted(reply, mentions, via)}
        self._session().say(request, room, EventKind.TEXT, body)

    def edit(
        self, request: int, room: bytes, seq: int, text: str, mentions: Sequence[bytes]
    ) -> None:
        """Replace what one said: the text, or the caption."""
        message = self._own(request, room, seq)
        if message is None:
            return
        if not fits(message.kind, text):
            self._fail(request, _BLANK if message.kind == EventKind.TEXT else _LONG)
            return
        body: dict[str, Any] = {"of": seq, "text": text, **posted(0, mentions, "")}
        self._session().say(request, room, EventKind.EDIT, body)

    def delete(self, request: int, room: bytes, seq: int) -> None:
        """Take back what one said."""
        if self._own(request, room, seq) is not None:
            self._session().say(request, room, EventKind.DELETE, {"of": seq})

    def react(self, request: int, room: bytes, seq: int, emoji: str, on: bool) -> None:
        """Add one's reaction to a message, or take it away."""
        if self._said(request, room, seq) is not None:
            body = {"of": seq, "emoji": emoji, "on": on}
            self._session().say(request, room, EventKind.REACT, body)

    def forward(self, request: int, room: bytes, seq: int, to: bytes) -> None:
        """Say in another room what was said here, with the nickname of whoever said it first."""
        message = self._said(request, room, seq)
        if message is None:
            return
        kind = EventKind(message.kind)
        # What it answers and whom it names mean nothing in another room.
        wanted = {*REQUIRED[kind], "caption"}
        body = {name: value for name, value in message.body.items() if name in wanted}
        via = message.body.get("via") or message.nick
        self._session().say(request, to, kind, {**body, **posted(0, (), via)})

    def retry(self, request: int, room: bytes, n: int) -> None:
        """Send a refused message anew, under another counter; bytes that are missing first."""
        row = self._shelf.refused(room, n)
        if row is None:
            self._fail(request, NOT_REFUSED)
        elif row.code == ErrorCode.NO_BLOB and self._again is not None:
            self._again(request, row)
        else:
            self._session().again(request, row)

    def discard(self, request: int, room: bytes, n: int) -> None:
        """Throw a refused message away."""
        row = self._shelf.refused(room, n)
        if row is None:
            self._fail(request, NOT_REFUSED)
        else:
            self._session().sending.discard(request, row)

    def _said(self, request: int, room: bytes, seq: int) -> Message | None:
        """Return a message that may be acted on, or tell why not."""
        recovery = self._session().recovery
        line = recovery.rooms.get(room)
        message = None
        if line is not None and 0 < seq <= line.high:
            message = self._shelf.message(room, seq, recovery.decoder(line))
        if message is None or message.kind not in SAID:
            self._fail(request, _NOT_HERE)
        elif message.deleted:
            self._fail(request, _GONE)
        elif not message.body:
            self._fail(request, _NOT_HERE)
        else:
            return message
        return None

    def _own(self, request: int, room: bytes, seq: int) -> Message | None:
        message = self._said(request, room, seq)
        if message is None or message.own:
            return message
        self._fail(request, _NOT_OWN)
        return None

    def _fail(self, request: int, text: str) -> None:
        self._session().out.told.append(Failed(request, int(ErrorCode.FIELD), text))


def posted(reply: int, mentions: Sequence[bytes], via: str) -> dict[str, Any]:
    """Return the fields that everything said may have, those that are set."""
    fields: dict[str, Any] = {}
    if reply:
        fields["reply"] = reply
    if mentions:
        fields["mentions"] = list(mentions)
    if via:
        fields["via"] = via
    return fields
