"""The mark of the program, with the number of unread messages, as the icon and title of a window.

The mark is drawn, for every size anew: two links of a chain that are two speech bubbles.
Pure but for :class:`WindowIcon`, which belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageTk

from gui.paint.slices import LONG, Steps

NAME: Final = "Zviazok"
SIDES: Final = (16, 32, 48, 128)
_OVER: Final = 4
_BACK: Final = "#4353c9"
_FRONT: Final = "#ffffff"
_SECOND: Final = "#b9c4ff"
_BADGE: Final = "#d42f45"


def title_of(unread: int, place: str) -> str:
    """Return the title of the window: unread messages, the open conversation, the program."""
    count = f"({unread}) " if unread > 0 else ""
    return f"{count}{place} – {NAME}" if place else f"{count}{NAME}"


def badge_of(unread: int) -> str:
    """Return what the badge says, two signs at the most."""
    if unread <= 0:
        return ""
    return str(unread) if unread < 10 else "9+"


@cache
def mark(side: int, badge: str = "") -> Image.Image:
    """Return the mark with what the badge says, as a square with alpha."""
    high = side * _OVER
    image = Image.new("RGBA", (high, high), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
        return (left * high, top * high, right * high - 1, bottom * high - 1)

    draw.rounded_rectangle(box(0, 0, 1, 1), high * 0.24, _BACK)
    line = round(high * 0.1)
    draw.rounded_rectangle(box(0.12, 0.17, 0.66, 0.61), high * 0.21, None, _SECOND, line)
    # Where they meet, the one in front has an edge of the ground around it.
    front = box(0.34, 0.37, 0.88, 0.79)
    edge = line / 2
    grown = (front[0] - edge, front[1] - edge, front[2] + edge, front[3] + edge)
    draw.rounded_rectangle(grown, high * 0.25, _BACK)
    draw.rounded_rectangle(front, high * 0.2, None, _FRONT, line)
    tail = [(0.6, 0.74), (0.76, 0.74), (0.79, 0.92)]
    draw.polygon([(x * high, y * high) for x, y in tail], _FRONT)
    if badge:
        # At 16 pixels a smaller badge would be a dot without a number.
        across = 0.66 if side < 24 else 0.54
        draw.ellipse(box(1 - across, 0, 1, across), _BADGE)
        font = ImageFont.load_default(high * across * (0.8 if len(badge) == 1 else 0.6))
        middle = (high * (1 - across / 2), high * across / 2)
        draw.text(middle, badge, _FRONT, font, anchor="mm", stroke_width=high / 64)
    return image.resize((side, side), Image.Resampling.BOX)


class WindowIcon:
    """Keeps icon and title of a window up to date."""

    def __init__(self, root: tk.Wm, build: Callable[[Steps], object] | None = None) -> None:
        """Show the mark at once; ``build`` has steps taken later, in slices."""
        self._root = root
        self._build: Callable[[Steps], object] = _at_once
        self._wanted: str | None = None
        self.badge: str | None = None
        """What the icon says by now: the number, or an empty string."""
        self._title = ""
        self._photos: list[ImageTk.PhotoImage] = []
        self.show(0, "")
        self._build = build or _at_once

    def show(self, unread: int, place: str) -> None:
        """Show how many messages are unread, and the name of the open conversation."""
        title = title_of(unread, place)
        if title != self._title:
            self._title = title
            self._root.title(title)
        badge = badge_of(unread)
        if badge != self._wanted:
            self._wanted = badge
            self._build(self._paint(badge))

    def _paint(self, badge: str) -> Steps:
        """Draw the mark, which takes some 6 ms, unless the number is another one meanwhile."""
        made: list[ImageTk.PhotoImage] = []
        for side in SIDES:
            yield LONG
            if badge != self._wanted:
                return
            made.append(ImageTk.PhotoImage(mark(side, badge), master=self._root))
        # Tk forgets a picture whose Python object is gone.
        self._photos = made
        self.badge = badge
        self._root.iconphoto(True, *(str(one) for one in made))


def _at_once(steps: Steps) -> None:
    for _ in steps:
        pass
