"""How an event of a room becomes a message that a program can show.

An item that this version cannot read never stops the ones around it: it becomes
a message of its kind's number with an empty body. Pure; no I/O.
"""

from protocol.blocks import Event
from protocol.client.happenings import Message
from protocol.codes import ErrorCode
from protocol.errors import WireError
from protocol.frames import unpack
from protocol.items import decode_item


class Reader:
    """Knows whose messages are one's own."""

    def __init__(self, device: bytes) -> None:
        """Take the device's tag, the first bytes of its public key."""
        self._device = device
        self.person = b""

    def message(self, room: bytes, epoch: bytes, event: Event, outbox_epoch: bytes) -> Message:
        """Decode an event; ``outbox_epoch`` is the one under which this room's counters run."""
        own = event.person == self.person and self.person != b""
        # The outbox epoch alone proves nothing: everybody has seen it in earlier events.
        mine = own and event.device == self._device and event.outbox_epoch == outbox_epoch
        try:
            kind, body = decode_item(event.item)
            number = int(kind)
        except WireError:
            number, body = kind_number(event.item), {}
        return Message(
            room,
            epoch,
            event.seq,
            event.ts,
            event.person,
            event.nick,
            number,
            body,
            own,
            event.n if mine else 0,
        )


def kind_number(item: bytes) -> int:
    """Return the number of an item's kind, or 0 if even that cannot be read."""
    try:
        value = unpack(item)
    except WireError:
        return 0
    if type(value) is list and value and type(value[0]) is int and value[0] > 0:
        return value[0]
    return 0


def reason(code: int, field: str, text: str) -> str:
    """Return one line for people: why the server refused something."""
    if code == ErrorCode.FIELD and field:
        return f"{field} {text}"
    return text or f"refused with code {code}"
