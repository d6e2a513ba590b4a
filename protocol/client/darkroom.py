"""Where pictures of strangers are decoded: in a child process, which can do little else.

A file goes in, and checked numbers or bare pixels come out; what comes out is no more trusted
than the file. Whatever goes wrong is a :class:`DarkroomError`. What one sends is made by a child
that has seen no other picture, so that nobody's picture writes into it. Any thread may come
here, and waits: it takes milliseconds to seconds. The children start with the first order.
"""

import atexit
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar

from protocol.client.assistants import Assistants
from protocol.client.orders import MEDIA, SOURCE_MAX_BYTES, Fault, Fit, Task
from protocol.errors import DarkroomError
from protocol.limits import IMAGE_PIXELS_MAX, IMAGE_SIDE_MAX, THUMB_MAX_BYTES

log = logging.getLogger("client")

SHOW_MB: Final = 640
"""Memory of a child that shows: a WebP of 24 million pixels takes 450 MB, others 320."""
SEND_MB: Final = 1024
"""Of one that makes what is sent: writing a large WebP anew takes 850 MB, a large GIF 670."""
SHOW_S: Final = 30.0
"""Until a picture must be there: a large one takes a second, on a slow machine some."""
SEND_S: Final = 90.0
"""Until what is sent must be ready: a large moving picture takes some ten seconds."""
_T = TypeVar("_T")
_BANDS: Final = {"RGB": 3, "RGBA": 4}
_SIDE_TOLD_MAX: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Measured:
    """What the header of a picture tells; it may be too large."""

    media: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Pixels:
    """A decoded picture: rows from the top, ``mode`` RGB or RGBA, a byte for each band."""

    mode: str
    width: int
    height: int
    data: bytearray


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is sent of a picture; ``data`` is the file, or what was written anew."""

    media: str
    width: int
    height: int
    thumb: bytes
    data: bytes


class Darkroom:
    """Orders to children, and the checks of what they answer."""

    def __init__(
        self,
        assistants: Assistants,
        show_mb: int = SHOW_MB,
        send_mb: int = SEND_MB,
        show_s: float = SHOW_S,
        send_s: float = SEND_S,
    ) -> None:
        """Limits are those of one child, and of one order."""
        self.assistants = assistants
        self._show = (show_mb, show_s, False)
        self._send = (send_mb, send_s, True)

    def measure(self, data: bytes) -> Measured:
        """Return what kind of picture it is, and how large."""
        return self._order(
            self._show, [Task.MEASURE], data, _nothing, lambda head, _: _measured(head)
        )

    def show(self, data: bytes, fit: Fit = Fit.WHOLE, box: tuple[int, int] = (0, 0)) -> Pixels:
        """Return the pixels of a picture's first frame, upright, as they lie in a box."""

        def most(head: dict[str, Any]) -> int:
            return _area(head, fit, box) * _BANDS[head["mode"]]

        def read(head: dict[str, Any], pixels: bytearray) -> Pixels:
            if len(pixels) != most(head):
                raise ValueError("pixels are missing")
            return Pixels(head["mode"], head["width"], head["height"], pixels)

        return self._order(self._show, [Task.SHOW, fit, *box], data, most, read)

    def weigh(self, data: bytes) -> int:
        """Return the bytes of a picture once it is shrunk, or 0 if that is not worth it."""

        def read(head: dict[str, Any], _: bytearray) -> int:
            return _number(head["bytes"], 0, len(data))

        return self._order(self._send, [Task.WEIGH], data, _nothing, read)

    def prepare(self, data: bytes, shrink: bool) -> Prepared:
        """Return what is sent of a picture: its pixels, and nothing that its file says beside.

        What holds nothing else stays as it is, to the byte, unless it is shrunk.
        """

        def read(head: dict[str, Any], anew: bytearray) -> Prepared:
            found, thumb = _measured(head), head["thumb"]
            if max(found.width, found.height) > IMAGE_SIDE_MAX:
                raise ValueError("sides that are too long")
            if not isinstance(thumb, bytes) or not 1 <= len(thumb) <= THUMB_MAX_BYTES:
                raise ValueError("no thumbnail")
            return Prepared(found.media, found.width, found.height, thumb, bytes(anew) or data)

        def most(_: dict[str, Any]) -> int:
            return SOURCE_MAX_BYTES

        return self._order(self._send, [Task.PREPARE, shrink], data, most, read)

    def close(self) -> None:
        """End the children; a later order starts others."""
        self.assistants.close()

    def _order(
        self,
        terms: tuple[int, float, bool],
        words: Sequence[int],
        data: bytes,
        most: Callable[[dict[str, Any]], int],
        read: Callable[[dict[str, Any], bytearray], _T],
    ) -> _T:
        """Return what ``read`` makes of an answer; ``most`` tells how long its body may be."""
        try:
            with self.assistants.lend(*terms) as one:
                head, body = one.ask(
                    [int(word) for word in words],
                    data,
                    lambda head: 0 if "fault" in head else most(head),
                )
                if "fault" not in head:
                    return read(head, body)
                fault = Fault(head["fault"])
        except (OSError, EOFError) as error:
            # It died, was too late, or could not be started.
            log.info("event=picture_given_up reason=%s", type(error).__name__)
            fault = Fault.TOO_MUCH
        except (ValueError, LookupError, TypeError, AttributeError):
            log.warning("event=darkroom_nonsense")
            fault = Fault.NOT_A_PICTURE
        raise DarkroomError(fault)


@cache
def darkroom() -> Darkroom:
    """Return the one of this process; its children end with it, however it ends."""
    one = Darkroom(Assistants())
    atexit.register(one.close)
    return one


def _nothing(_: dict[str, Any]) -> int:
    return 0


def _measured(head: dict[str, Any]) -> Measured:
    if head["media"] not in MEDIA.values():
        raise ValueError("another kind of file")
    sides = [_number(head[name], 1, _SIDE_TOLD_MAX) for name in ("width", "height")]
    return Measured(head["media"], *sides)


def _area(head: dict[str, Any], fit: Fit, box: tuple[int, int]) -> int:
    """Return how many pixels an answer holds; raise ``ValueError`` if they were not ordered."""
    width, height = (_number(head[name], 1, IMAGE_SIDE_MAX) for name in ("width", "height"))
    exact = fit in (Fit.EXACTLY, Fit.FILLED)
    if exact and (width, height) != box:
        raise ValueError("not as large as ordered")
    if fit is Fit.WITHIN and (width > box[0] or height > box[1]):
        raise ValueError("larger than ordered")
    if width * height > IMAGE_PIXELS_MAX:
        raise ValueError("too many pixels")
    return width * height


def _number(value: object, least: int, most: int) -> int:
    if not isinstance(value, int) or not least <= value <= most:
        raise ValueError("not a number that can be")
    return value
