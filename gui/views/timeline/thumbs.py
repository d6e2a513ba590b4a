"""Thumbnails of the pictures of one room: decoded in a worker, kept as Tk images.

Pictures come from strangers; what cannot be decoded stays a plain field. Opaque, with
round corners on the colour below. Belongs to the Tk thread.
"""

from collections import OrderedDict
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageTk

from gui.chat.room import Entry
from gui.paint.look import Look
from gui.paint.pictures import Pictures, decode

KEEP = 80
"""Thumbnails kept: five screens of pictures, some 20 MB at 100 %."""
RADIUS = 9


class Thumbs:
    """Thumbnails by what they show and their size; ``came`` gets the key of an entry."""

    def __init__(self, look: Look, pictures: Pictures, came: Callable[[int], None]) -> None:
        """``came`` is called when the thumbnail of an entry can be painted."""
        self._look = look
        self._pictures = pictures
        self._came = came
        self._made: OrderedDict[tuple[bytes, int, int, str], ImageTk.PhotoImage | None] = (
            OrderedDict()
        )
        self._waiting: dict[tuple[bytes, int, int, str], set[int]] = {}
        """Which entries show what is being made."""

    def clear(self) -> None:
        """Forget all: another palette holds, or the view is gone."""
        self._made.clear()
        self._waiting.clear()

    def find(self, entry: Entry, width: int, height: int, below: str) -> ImageTk.PhotoImage | None:
        """Return the thumbnail of a size, or None; then it is made, if it can be."""
        thumb = entry.body.get("thumb")
        if not isinstance(thumb, bytes):
            return None
        name = bytes(entry.body.get("sha256") or b"") or thumb
        key = (name, width, height, below)
        if key in self._made:
            self._made.move_to_end(key)
            if key in self._waiting:
                self._waiting[key].add(entry.key)
            return self._made[key]
        self._made[key] = None
        self._waiting[key] = {entry.key}
        radius = self._look.px(RADIUS)
        made = self._made

        def work() -> Image.Image:
            return round_off(decode(thumb, (width, height), grow=True), radius, below)

        def done(image: Image.Image | None, _problem: str) -> None:
            waiting = self._waiting.pop(key, set())
            if image is not None and key in made:
                made[key] = self._look.art.photo(image)
                while len(made) > KEEP:
                    made.popitem(last=False)
                for which in waiting:
                    self._came(which)

        self._pictures.run(work, done)
        return None


def round_off(image: Image.Image, radius: int, below: str) -> Image.Image:
    """Return a picture opaque on a colour, its corners round: cheap, only they are touched."""
    width, height = image.size
    made = Image.new("RGB", image.size, below)
    made.paste(image, (0, 0), image if image.mode == "RGBA" else None)
    radius = min(radius, width // 2, height // 2)
    if radius < 1:
        return made
    side = radius * 4
    mask = Image.new("L", (side * 2, side * 2), 255)
    ImageDraw.Draw(mask).ellipse((0, 0, side * 2 - 1, side * 2 - 1), fill=0)
    mask = mask.resize((radius * 2, radius * 2), Image.Resampling.BOX)
    for x in (0, 1):
        for y in (0, 1):
            corner = mask.crop((x * radius, y * radius, (x + 1) * radius, (y + 1) * radius))
            at = (x * (width - radius), y * (height - radius))
            made.paste(below, (*at, at[0] + radius, at[1] + radius), corner)
    return made
