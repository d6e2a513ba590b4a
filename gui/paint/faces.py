"""Who is shown by an avatar: initials, a chosen colour, a picture that is decoded in a worker.

Pictures come from strangers: they are small, of named formats, and decoded away from the
Tk thread; until one is there, and if it is bad, initials stand in. Belongs to the Tk thread.
"""

import tkinter as tk
import unicodedata
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple, Protocol

from PIL import Image

from protocol.limits import PORTRAIT_MAX_BYTES

KEEP = 256
"""Decoded pictures kept: at 192 pixels a side, some 28 MB at the most; 7 MB as they are made."""
SIDE = 192
"""Pixels along a side, decoded: an avatar of 96 at 200 %."""

_THAI_LEADING = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44")


class Face(NamedTuple):
    """What an avatar shows. A tuple, so that ``(person, name)`` will do."""

    person: bytes
    name: str
    colour: int = 0
    """The chosen colour, from 1; 0: it follows from ``person``."""
    picture: bytes | None = None
    """An encoded picture, untrusted; None or empty: there is none, or it is not here yet."""
    online: bool | None = None
    """True paints a dot of presence."""


def initials(name: str) -> str:
    """Return one or two capital letters for a name, or "#".

    The first sign of the first word and of the last one. Accents stay with their letter; of a
    Thai word it is the first consonant, of a word of digits the first digit.
    """
    letters = [letter for word in name.split() if (letter := _first(word))]
    if not letters:
        return "#"
    return letters[0] if len(letters) == 1 else letters[0] + letters[-1]


def _first(word: str) -> str:
    word = unicodedata.normalize("NFC", word)
    for at, char in enumerate(word):
        if not char.isalnum() or char in _THAI_LEADING or ord(char) > 0xFFFF:
            continue
        end = at + 1
        while end < len(word) and end - at < 3 and unicodedata.category(word[end]) == "Mn":
            end += 1
        if "\u0e00" <= char <= "\u0e7f":
            # Vowels and tones would not fit into the disc, and are left out in Thai too.
            end = at + 1
        # Some letters have two capitals (ß); one must do.
        return word[at:end].upper()[: end - at]
    return ""


class Decoder(Protocol):
    """What decodes: see :class:`gui.paint.pictures.Pictures`."""

    def decode(
        self, source: bytes, box: tuple[int, int], done: Callable[[Image.Image | None, str], None]
    ) -> object:
        """Decode in a worker; ``done`` gets the picture or None, in the Tk thread."""


class Faces:
    """Decoded pictures of people, and who waits for one."""

    def __init__(self) -> None:
        self._decoder: Decoder | None = None
        self._known: OrderedDict[bytes, Image.Image | None] = OrderedDict()
        self._waiting: dict[bytes, list[tuple[tk.Canvas, Callable[[Image.Image], None]]]] = {}

    def attach(self, decoder: Decoder) -> None:
        """Have pictures decoded; before that, everybody is shown with initials."""
        self._decoder = decoder

    def find(
        self, encoded: bytes, canvas: tk.Canvas, later: Callable[[Image.Image], None]
    ) -> tuple[bytes, Image.Image | None]:
        """Return (its name, the picture) if it is decoded, else (its name, None).

        Then ``later`` is called once it is there, if ``canvas`` still exists.
        """
        name = blake2b(encoded, digest_size=16).digest()
        if name in self._known:
            self._known.move_to_end(name)
            return name, self._known[name]
        if self._decoder is None or not encoded or len(encoded) > PORTRAIT_MAX_BYTES:
            return name, None
        under_way = name in self._waiting
        self._waiting.setdefault(name, []).append((canvas, later))
        if not under_way:
            self._decoder.decode(
                encoded, (SIDE, SIDE), lambda image, _reason: self._decoded(name, image)
            )
        return name, None

    def _decoded(self, name: bytes, image: Image.Image | None) -> None:
        self._known[name] = image
        if len(self._known) > KEEP:
            self._known.popitem(last=False)
        waiting = self._waiting.pop(name, [])
        if image is None:
            return
        for canvas, later in waiting:
            if _alive(canvas):
                later(image)


def _alive(canvas: tk.Canvas) -> bool:
    try:
        return bool(canvas.winfo_exists())
    except tk.TclError:
        # The whole window is gone.
        return False
