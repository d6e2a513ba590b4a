"""The palettes and measures: data alone. Geometry never depends on a palette.

One accent, which people choose; everything else is a neutral. Every text stands out from
what lies below it by 4.5 : 1 or more (WCAG 2.1), in all palettes; a test counts it. Measures
are in pixels at 100 % and stand on a grid of 8 (halves where a whole step is too much).
"""

from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Final

from gui.paint.accents import ACCENT as ACCENT
from gui.paint.accents import ACCENTS as ACCENTS
from gui.paint.accents import Tint

GRID: Final = 8
ROOMS_WIDTH: Final = 272
PEOPLE_WIDTH: Final = 208
HEADER_HEIGHT: Final = 64
BUBBLE_MAX: Final = 520
BUBBLE_RADIUS: Final = 12
AVATAR: Final = 32
THUMB_MAX: Final = 320
WINDOW: Final = (1120, 720)
WINDOW_MIN: Final = (400, 440)

FONT_PX: Final = {"body": 15, "name": 14, "small": 12, "title": 17, "huge": 28, "label": 14}
"""Font sizes in pixels at 100 %."""
BOLD: Final = frozenset({"name", "title", "huge"})


@dataclass(frozen=True, slots=True)
class Palette(Tint):
    """All colours of a theme with an accent, as ``#rrggbb``, named by what they are for."""

    name: str
    """light or dark."""
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
    theirs: str
    """A bubble of somebody else."""
    field: str
    pill: str
    on_pill: str
    online: str
    danger: str
    veil: str
    """Behind a picture that is looked at."""
    on_veil: str
    chip: str
    """A reaction that is not one's own; the bar of a quote in a bubble of somebody else."""
    on_chip: str
    groove: str
    """The track of a switch that is off, and of a slider; borders that must be seen."""
    knob: str
    """What moves on such a track."""
    people: tuple[str, ...]
    """Colours of names and avatars."""
    on_person: str
    """Letters on an avatar."""
    found: str
    """Behind words that were searched for: no accent and no selection looks like it."""
    on_found: str


LIGHT: Final = Palette(
    **asdict(ACCENTS[ACCENT][0]),
    name="light",
    chat="#eef0f5",
    side="#f8f9fc",
    card="#ffffff",
    line="#dfe3ec",
    hover="#eceff6",
    text="#1b2030",
    quiet="#555e74",
    theirs="#ffffff",
    field="#f1f3f8",
    pill="#dce0ea",
    on_pill="#4a5369",
    online="#1f8f5a",
    danger="#b42b3c",
    veil="#12151f",
    on_veil="#f0f2f8",
    chip="#e6e9f2",
    on_chip="#3d465c",
    groove="#8b94a9",
    knob="#ffffff",
    people=(
        "#aa395c",
        "#ac3b2e",
        "#984d02",
        "#815b04",
        "#5e6601",
        "#02721c",
        "#076f56",
        "#046d72",
        "#016993",
        "#385db8",
        "#6e4fb1",
        "#954190",
    ),
    on_person="#ffffff",
    found="#ffd84d",
    on_found="#1b1600",
)

DARK: Final = Palette(
    **asdict(ACCENTS[ACCENT][1]),
    name="dark",
    chat="#12151d",
    side="#191d27",
    card="#1e232f",
    line="#2c3342",
    hover="#262c3a",
    text="#e9ecf4",
    quiet="#98a2b8",
    theirs="#232936",
    field="#262c3a",
    pill="#252c3a",
    on_pill="#aeb7cb",
    online="#4fc78c",
    danger="#ffa8b2",
    veil="#0a0c12",
    on_veil="#e9ecf4",
    chip="#303849",
    on_chip="#c6cede",
    groove="#6f7990",
    knob="#ffffff",
    people=(
        "#ef8ea6",
        "#f19081",
        "#e89860",
        "#d4a34a",
        "#a6b153",
        "#75bb77",
        "#45be9a",
        "#1bbdc5",
        "#50b4e9",
        "#86a9f7",
        "#b39ef1",
        "#db93d4",
    ),
    on_person="#10131b",
    found="#f4c542",
    on_found="#1b1600",
)

PALETTES: Final = {"light": LIGHT, "dark": DARK}


@cache
def palette(theme: str, accent: str = ACCENT) -> Palette:
    """Return the colours of a theme (light, dark) with an accent; an unknown one gives the usual.

    The same palette is the same object.
    """
    if accent not in ACCENTS or accent == ACCENT:
        return PALETTES[theme]
    return replace(PALETTES[theme], **asdict(ACCENTS[accent][theme == "dark"]))


def person_colour(palette: Palette, person: bytes, colour: int = 0) -> str:
    """Return the colour of a person's name: the same one at every client.

    ``colour`` is the one that they chose, from 1; 0: it follows from who they are.
    """
    index = colour - 1 if colour > 0 else (person[0] if person else 0)
    return palette.people[index % len(palette.people)]
