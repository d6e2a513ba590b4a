"""How a picture lies in a window: its scale and place, and the tiles that are in view.

Pure. A picture at a scale is cut into tiles of TILE pixels, so that moving it costs
nothing and only what comes into view is made.
"""

from dataclasses import dataclass, replace
from typing import Final

from PIL import Image

TILE: Final = 256
SCALE_MAX: Final = 8.0
LEVEL_MIN: Final = 512
"""No smaller copy is made of what is as small as this."""

Cell = tuple[int, int]
"""Column and row of a tile."""


@dataclass(frozen=True, slots=True)
class Zoom:
    """``scale`` 1.0 is pixel for pixel; ``x``, ``y``: the picture's corner in the window."""

    picture: tuple[int, int]
    window: tuple[int, int]
    scale: float
    x: float
    y: float

    @property
    def size(self) -> tuple[int, int]:
        """Pixels of the picture at this scale."""
        width, height = self.picture
        return max(1, round(width * self.scale)), max(1, round(height * self.scale))

    @property
    def fits(self) -> bool:
        """Whether the whole picture is in view, as it is at first."""
        return self.scale <= fitting(self.picture, self.window) * 1.001

    def at(self, scale: float, x: float, y: float) -> "Zoom":
        """Return it at another scale; what is at ``x``, ``y`` of the window stays there."""
        least = min(1.0, fitting(self.picture, self.window))
        scale = min(SCALE_MAX, max(least, scale))
        factor = scale / self.scale
        moved = replace(self, scale=scale, x=x - (x - self.x) * factor, y=y - (y - self.y) * factor)
        return moved.moved(0, 0)

    def moved(self, dx: float, dy: float) -> "Zoom":
        """Return it moved; a picture smaller than the window stays in its middle."""
        place = []
        for at, size, room in zip((self.x + dx, self.y + dy), self.size, self.window, strict=True):
            place.append((room - size) / 2 if size <= room else min(0.0, max(room - size, at)))
        return replace(self, x=place[0], y=place[1])

    def resized(self, window: tuple[int, int]) -> "Zoom":
        """Return it in a window of another size: a whole picture stays whole."""
        if self.fits:
            return fit(self.picture, window)
        dx, dy = (window[0] - self.window[0]) / 2, (window[1] - self.window[1]) / 2
        return replace(self, window=window).moved(dx, dy)

    def holds(self, x: float, y: float) -> bool:
        """Whether a place of the window is on the picture."""
        width, height = self.size
        return self.x <= x < self.x + width and self.y <= y < self.y + height

    def cells(self, margin: int = 0) -> list[Cell]:
        """Return the tiles in view or ``margin`` pixels beside it, from the middle outwards."""
        width, height = self.size
        spans = []
        for at, size, room in zip((self.x, self.y), (width, height), self.window, strict=True):
            first = max(0, int(-at - margin) // TILE)
            last = max(first, (int(min(size, room - at + margin)) - 1) // TILE)
            spans.append(range(first, last + 1))
        middle = [(span[0] + span[-1]) / 2 for span in spans]
        found = [(column, row) for row in spans[1] for column in spans[0]]
        found.sort(key=lambda one: abs(one[0] - middle[0]) + abs(one[1] - middle[1]))
        return found


def fitting(picture: tuple[int, int], window: tuple[int, int]) -> float:
    """Return the largest scale, 1.0 at most, at which the whole picture is in view."""
    return min(1.0, window[0] / picture[0], window[1] / picture[1])


def fit(picture: tuple[int, int], window: tuple[int, int]) -> Zoom:
    """Return how the whole picture is in view."""
    return Zoom(picture, window, fitting(picture, window), 0, 0).moved(0, 0)


def levels(image: Image.Image) -> list[Image.Image]:
    """Return the picture and copies of it, each half as large as the one before; slow."""
    made = [image]
    while max(made[-1].size) >= LEVEL_MIN * 2:
        made.append(made[-1].reduce(2))
    return made


def tile(made: list[Image.Image], size: tuple[int, int], cell: Cell) -> Image.Image:
    """Return one tile of a picture that is ``size`` pixels large; a millisecond or two."""
    width, height = size
    level = made[0]
    for smaller in made[1:]:
        if smaller.size[0] < width or smaller.size[1] < height:
            break
        level = smaller
    fx, fy = level.size[0] / width, level.size[1] / height
    # Neighbours are taken into account, or the seams could be seen.
    edge = 2 + round(2 / min(fx, fy))
    left, top = cell[0] * TILE, cell[1] * TILE
    right, bottom = min(width, left + TILE), min(height, top + TILE)
    x, y = max(0, left - edge), max(0, top - edge)
    x_end, y_end = min(width, right + edge), min(height, bottom + edge)
    box = (
        x * fx, y * fy, min(level.size[0], x_end * fx), min(level.size[1], y_end * fy)
    )  # fmt: skip
    large = level.resize((x_end - x, y_end - y), Image.Resampling.BICUBIC, box)
    return large.crop((left - x, top - y, right - x, bottom - y))
