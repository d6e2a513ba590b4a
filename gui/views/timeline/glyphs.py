"""Small signs of the message list, drawn with Pillow: states, file, progress, menu lines.

Opaque on the colour below them, but for those that lie on a picture or float
over the messages. Kept by what they show. Belongs to the Tk thread.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageDraw, ImageTk

from gui.paint.art import Art

KEEP = 300
"""Some hundred signs of a palette, and the steps of a progress ring."""
_OVER = 4

_Points = tuple[tuple[float, float], ...]

STROKES: Final[dict[str, tuple[_Points, ...]]] = {
    "clock": (((12, 7), (12, 12.5), (15.5, 14.5)),),
    "sent": (((5, 12.5), (10, 17.5), (19.5, 7)),),
    "stored": (((5, 12.5), (10, 17.5), (19.5, 7)),),
    "seen": (((1.5, 12.5), (6.5, 17.5), (15.5, 7)), ((11, 16.5), (12, 17.5), (21.5, 7))),
    "failed": (((12, 7), (12, 13)), ((12, 16.4), (12, 16.6))),
    "file": (
        ((7, 3.5), (14, 3.5), (18, 7.5), (18, 20.5), (7, 20.5), (7, 3.5)),
        ((14, 3.5), (14, 7.5), (18, 7.5)),
    ),
    "close": (((7, 7), (17, 17)), ((17, 7), (7, 17))),
    "again": (((18.5, 5), (18.5, 10), (13.5, 10)),),
    "down": (((6, 9.5), (12, 15.5), (18, 9.5)),),
    "reply": (((10, 6), (4, 11.5), (10, 17)), ((4, 11.5), (15, 11.5), (20, 15), (20, 19))),
    "forward": (((14, 6), (20, 11.5), (14, 17)), ((20, 11.5), (9, 11.5), (4, 15), (4, 19))),
    "copy": (
        ((9, 8), (20, 8), (20, 20), (9, 20), (9, 8)),
        ((15, 4), (4.5, 4), (4.5, 15.5)),
    ),
    "link": (
        ((10, 14), (14, 10)),
        ((11, 8), (14, 5), (16.5, 4.4), (19, 5.4), (19.6, 8), (19, 10), (16, 13)),
        ((13, 16), (10, 19), (7.5, 19.6), (5, 18.6), (4.4, 16), (5, 14), (8, 11)),
    ),
    "edit": (((5, 19), (6, 15), (16, 5), (19, 8), (9, 18), (5, 19)),),
    "delete": (
        ((4.5, 7), (19.5, 7)),
        ((9, 7), (9.5, 4), (14.5, 4), (15, 7)),
        ((6.5, 7), (7.5, 20), (16.5, 20), (17.5, 7)),
    ),
    "open": (((14, 4.5), (19.5, 4.5), (19.5, 10)), ((19.5, 4.5), (11, 13)),
             ((10, 6), (5, 6), (5, 19), (18, 19), (18, 14))),
    "save": (((12, 4), (12, 15)), ((7, 10.5), (12, 15.5), (17, 10.5)), ((5, 20), (19, 20))),
    "person": (((5, 20), (6, 16), (9, 14.5), (15, 14.5), (18, 16), (19, 20)),),
    "more": (((6, 12), (6.1, 12)), ((12, 12), (12.1, 12)), ((18, 12), (18.1, 12))),
}  # fmt: skip
_CIRCLES: Final = {
    "clock": (12, 12, 8.5),
    "failed": (12, 12, 8.5),
    "person": (12, 8, 4),
}
_WIDTHS: Final = {"sent": 1.5, "stored": 2.2, "seen": 2.0, "more": 3.2, "clock": 1.8}


def mix(one: str, two: str, part: float) -> str:
    """Return the colour that is ``part`` of ``two`` and for the rest ``one``."""
    parts = (
        round(
            int(one[at : at + 2], 16) * (1 - part) + int(two[at : at + 2], 16) * part
        )
        for at in (1, 3, 5)
    )  # fmt: skip
    return "#" + "".join(f"{value:02x}" for value in parts)


class Glyphs:
    """Makes and keeps signs for one root."""

    def __init__(self, art: Art) -> None:
        """``art`` turns them into Tk images."""
        self._art = art
        self._made: OrderedDict[tuple[object, ...], ImageTk.PhotoImage] = OrderedDict()

    def sign(self, name: str, side: int, ink: str, below: str) -> ImageTk.PhotoImage:
        """Return a line sign of ``STROKES``."""

        def make() -> Image.Image:
            image = Image.new("RGB", (side * _OVER, side * _OVER), below)
            _stroke(ImageDraw.Draw(image), name, side * _OVER / 24, 0, ink)
            return image.resize((side, side), Image.Resampling.LANCZOS)

        return self._kept(("sign", name, side, ink, below), make)

    def disc(
        self, side: int, name: str, part: float, fill: str, ink: str, below: str
    ) -> ImageTk.PhotoImage:
        """Return a disc with a sign on it, and a ring of which ``part`` is drawn (0 to 1)."""
        step = round(part * 48)

        def make() -> Image.Image:
            big = side * _OVER
            image = Image.new("RGB", (big, big), below)
            draw = ImageDraw.Draw(image)
            draw.ellipse((0, 0, big - 1, big - 1), fill=fill)
            _stroke(draw, name, big * 0.5 / 24, big * 0.25, ink)
            if step:
                _ring(draw, big, step, ink)
            return image.resize((side, side), Image.Resampling.BOX)

        return self._kept(("disc", side, name, step, fill, ink, below), make)

    def floating(
        self, width: int, height: int, fill: str, edge: str, name: str = "", ink: str = "",
        part: float = 0.0, solid: int = 255,
    ) -> ImageTk.PhotoImage:  # fmt: skip
        """Return a pill that lies over something else, its corners clear, with a sign on it.

        ``solid`` is how little shines through, to 255.
        """
        step = round(part * 48)

        def make() -> Image.Image:
            wide, high = width * _OVER, height * _OVER
            image = Image.new("RGBA", (wide, high), (*_rgb(edge or fill), 0))
            draw = ImageDraw.Draw(image)
            radius = min(wide, high) // 2
            draw.rounded_rectangle(
                (0, 0, wide - 1, high - 1), radius, fill=(*_rgb(fill), solid),
                outline=(*_rgb(edge), 255) if edge else None, width=_OVER,
            )  # fmt: skip
            if name:
                _stroke(draw, name, high * 0.5 / 24, (wide - high * 0.5) / 2, ink, high * 0.25)
            if step:
                _ring(draw, high, step, ink)
            return image.resize((width, height), Image.Resampling.BOX)

        key = ("floating", width, height, fill, edge, name, ink, step, solid)
        return self._kept(key, make)

    def corner(
        self, radius: int, thick: int, fill: str, edge: str, below: str, which: str
    ) -> ImageTk.PhotoImage:
        """Return a round corner with an edge; ``which`` is nw, ne, sw or se."""

        def make() -> Image.Image:
            side, gap = radius * _OVER, thick * _OVER
            image = Image.new("RGB", (side, side), below)
            left = -side if "e" in which else 0
            top = -side if "s" in which else 0
            draw = ImageDraw.Draw(image)
            draw.ellipse((left, top, left + 2 * side - 1, top + 2 * side - 1), fill=edge)
            box = (left + gap, top + gap, left + 2 * side - 1 - gap, top + 2 * side - 1 - gap)
            draw.ellipse(box, fill=fill)
            return image.resize((radius, radius), Image.Resampling.BOX)

        return self._kept(("corner", radius, thick, fill, edge, below, which), make)

    def _kept(self, key: tuple[object, ...], make: Callable[[], Image.Image]) -> ImageTk.PhotoImage:
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._art.photo(make())
            if len(self._made) > KEEP:
                self._made.popitem(last=False)
        else:
            self._made.move_to_end(key)
        return found


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _ring(draw: ImageDraw.ImageDraw, side: int, step: int, ink: str) -> None:
    gap = side // 14
    box = (gap, gap, side - gap, side - gap)
    draw.arc(box, -90, -90 + step * 360 / 48, fill=ink, width=max(2, side // 16))


def _stroke(
    draw: ImageDraw.ImageDraw, name: str, unit: float, left: float, ink: str,
    top: float | None = None,
) -> None:  # fmt: skip
    """Draw the strokes of a sign; ``unit`` is a 24th of its side."""
    down = left if top is None else top
    width = max(1, round(_WIDTHS.get(name, 1.8) * unit))
    half = width / 2 - 0.5
    for stroke in STROKES[name]:
        points = [(left + x * unit, down + y * unit) for x, y in stroke]
        draw.line(points, fill=ink, width=width, joint="curve")
        for x, y in (points[0], points[-1]):
            draw.ellipse((x - half, y - half, x + half, y + half), fill=ink)
    if name == "again":
        box = (left + 4.5 * unit, down + 4.5 * unit, left + 19.5 * unit, down + 19.5 * unit)
        draw.arc(box, 20, 330, fill=ink, width=width)
    elif name in _CIRCLES:
        x, y, r = _CIRCLES[name]
        box = (left + (x - r) * unit, down + (y - r) * unit,
               left + (x + r) * unit, down + (y + r) * unit)  # fmt: skip
        draw.ellipse(box, outline=ink, width=width)
