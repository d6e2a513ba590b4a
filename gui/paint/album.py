"""Keeps Tk pictures by what they show, within a number of bytes.

A picture that some widget or canvas item still shows is never given up: Tk would draw
nothing in its place. Tk itself is asked, so nobody has to say what they have drawn.
Belongs to the Tk thread.
"""

import tkinter as tk
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from PIL import Image, ImageTk

KEEP_BYTES: Final = 24 * 1024 * 1024
_ASKED: Final = 16
"""Pictures that are asked after at one go: some 30 µs."""


class Album:
    """Pictures of one root, least lately asked for first."""

    def __init__(self, root: tk.Misc, keep_bytes: int = KEEP_BYTES) -> None:
        """``root`` owns the Tk images."""
        self._root = root
        self._keep_bytes = keep_bytes
        self._made: OrderedDict[Hashable, ImageTk.PhotoImage] = OrderedDict()
        self.bytes = 0
        """What the kept pictures take, four bytes a pixel."""

    def __len__(self) -> int:
        return len(self._made)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._made

    def get(self, key: Hashable, make: Callable[[], Image.Image]) -> ImageTk.PhotoImage:
        """Return the picture of a key, made now if there is none; it need not be held."""
        found = self._made.get(key)
        if found is not None:
            self._made.move_to_end(key)
            return found
        made = self._made[key] = ImageTk.PhotoImage(make(), master=self._root)
        self.bytes += _size(made)
        if self.bytes > self._keep_bytes:
            self._give_up()
        return made

    def _give_up(self) -> None:
        # Not the last one: it was made just now and is not drawn yet.
        for _ in range(min(_ASKED, len(self._made) - 1)):
            key, oldest = next(iter(self._made.items()))
            if self._root.tk.getboolean(self._root.tk.call("image", "inuse", str(oldest))):
                self._made.move_to_end(key)
                continue
            del self._made[key]
            self.bytes -= _size(oldest)
            if self.bytes <= self._keep_bytes:
                return


def _size(picture: ImageTk.PhotoImage) -> int:
    return 4 * picture.width() * picture.height()
