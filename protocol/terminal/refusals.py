"""What the server refused of one's own messages: told, sent anew, forgotten.

Belongs to a :class:`Conversation`. What was refused before the start is counted, not told one by
one: it may be a hundred messages of one reason. One thread.
"""

from collections.abc import Callable
from typing import Final

from protocol.client.client import Client
from protocol.client.happenings import Refused
from protocol.client.store import FAILED_MAX
from protocol.codes import ErrorCode
from protocol.plain import one_line

WORDS: Final = ("again", "drop")

Say = Callable[[str], None]


class Refusals:
    """One's own messages that can be sent again or forgotten; at most FAILED_MAX, as on disk."""

    def __init__(self, client: Client, say: Say) -> None:
        """Print with ``say``."""
        self._client = client
        self._say = say
        self._refused: dict[tuple[bytes, int], None] = {}

    def take(self, refused: Refused, fresh: bool) -> None:
        """A message was refused; ``fresh``: just now, so that it is told."""
        self._refused[refused.room, refused.n] = None
        if len(self._refused) > FAILED_MAX:
            del self._refused[next(iter(self._refused))]
        if fresh:
            later = "; /again sends it later" if refused.code == ErrorCode.FORBIDDEN else ""
            self._say(f"!! not sent: {one_line(refused.text)}{later}")

    def discarded(self, room: bytes, n: int) -> None:
        """A message is not refused any more."""
        self._refused.pop((room, n), None)

    def tell(self, room: bytes, elsewhere: bool = False) -> None:
        """Say how many there are in a room, and in all the others."""
        here = len(self._of(room))
        if here:
            self._say(f"!! {_count(here)} refused: /again sends them anew, /drop forgets them")
        others = len(self._refused) - here
        if others and elsewhere:
            words = "/again all sends them anew, /drop all forgets them"
            self._say(f"!! {_count(others)} refused in other rooms: {words}")

    def carry_out(self, word: str, rest: str, room: bytes) -> bool:
        """Do what a word of WORDS says, in a room or in all; False: not written like this."""
        if rest not in ("", "all"):
            return False
        meant = list(self._refused) if rest else self._of(room)
        for place, n in meant:
            if word == "drop":
                self._client.discard(place, n)
            else:
                self._client.retry(place, n)
        if not meant:
            self._say(f"-- nothing was refused{'' if rest else ' here'}")
        elif word == "drop":
            self._say(f"-- {_count(len(meant))} forgotten")
        return True

    def _of(self, room: bytes) -> list[tuple[bytes, int]]:
        return [one for one in self._refused if one[0] == room]


def _count(number: int) -> str:
    return "1 message was" if number == 1 else f"{number} messages were"
