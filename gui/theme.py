"""The palettes and measures: data alone. Geometry never depends on a palette.

One accent; everything else is a neutral of the same hue. Measures are in
pixels at 100 % and stand on a grid of 8 (halves where a whole step is too much).
"""

from dataclasses import dataclass
from typing import Final

GRID: Final = 8
ROOMS_WIDTH: Final = 272
PEOPLE_WIDTH: Final = 208
HEADER_HEIGHT: Final = 64
BUBBLE_MAX: Final = 520
BUBBLE_RADIUS: Final = 12
AVATAR: Final = 32
THUMB_MAX: Final = 320
WINDOW: Final = (1120, 720)
WINDOW_MIN: Final = (640, 440)

FONT_PX: Final = {"body": 15, "name": 14, "small": 12, "title": 17, "huge": 28, "label": 14}
"""Font sizes in pixels at 100 %."""
BOLD: Final = frozenset({"name", "title", "huge"})


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as ``#rrggbb``, named by what they are for."""

    name: str
    chat: str
    """Behind the messages."""
    side: str
    """Behind the columns."""
    card: str
    """Header, composer, dialogs."""
    line: str
    hover: str
    text: str
    quiet: str
    accent: str
    accent_hover: str
    on_accent: str
    theirs: str
    """A bubble of somebody else."""
    ours: str
    """A bubble of one's own."""
    on_ours: str
    quiet_ours: str
    field: str
    pill: str
    on_pill: str
    online: str
    danger: str
    veil: str
    """Behind a picture that is looked at."""
    on_veil: str
    link: str
    link_ours: str
    people: tuple[str, ...]
    """Colours of names and avatars."""


LIGHT: Final = Palette(
    name="light",
    chat="#eef0f5",
    side="#f8f9fc",
    card="#ffffff",
    line="#dfe3ec",
    hover="#eceff6",
    text="#1b2030",
    quiet="#555e74",
    accent="#4353c9",
    accent_hover="#3644ad",
    on_accent="#ffffff",
    theirs="#ffffff",
    ours="#dde2ff",
    on_ours="#171d3d",
    quiet_ours="#525c8c",
    field="#f1f3f8",
    pill="#dce0ea",
    on_pill="#4a5369",
    online="#1f8f5a",
    danger="#b42b3c",
    veil="#12151f",
    on_veil="#f0f2f8",
    link="#3a49bd",
    link_ours="#2f3da8",
    people=(
        "#a83a5f",
        "#8a5a00",
        "#2f7a3d",
        "#17748a",
        "#4a55c4",
        "#8a3fa8",
        "#b0472a",
        "#4f6a1d",
    ),
)

DARK: Final = Palette(
    name="dark",
    chat="#12151d",
    side="#191d27",
    card="#1e232f",
    line="#2c3342",
    hover="#262c3a",
    text="#e9ecf4",
    quiet="#98a2b8",
    accent="#8f9bff",
    accent_hover="#a9b2ff",
    on_accent="#10142b",
    theirs="#232936",
    ours="#38427f",
    on_ours="#f2f4ff",
    quiet_ours="#b9c1ee",
    field="#262c3a",
    pill="#252c3a",
    on_pill="#aeb7cb",
    online="#4fc78c",
    danger="#ff9ea9",
    veil="#0a0c12",
    on_veil="#e9ecf4",
    link="#a3adff",
    link_ours="#c3caff",
    people=(
        "#f08bab",
        "#e0b25a",
        "#82cf8f",
        "#68c6dc",
        "#a0a9ff",
        "#d598ee",
        "#f29a7c",
        "#b4cc77",
    ),
)

PALETTES: Final = {"light": LIGHT, "dark": DARK}


def person_colour(palette: Palette, person: bytes) -> str:
    """Return the colour of a person's name: the same one at every client."""
    return palette.people[(person[0] if person else 0) % len(palette.people)]
