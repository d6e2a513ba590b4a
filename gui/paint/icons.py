"""The line icons, drawn by us: shapes on a grid of 24. :mod:`gui.paint.iconpen` makes pixels.

Data, and what it is written with. Pure.
"""

import math
from collections.abc import Iterable
from typing import Final

Point = tuple[float, float]
Shape = tuple[str, tuple[Point, ...], tuple[float, ...]]


def line(*points: Point) -> Shape:
    """Straight lines whose ends stand on whole pixels."""
    return "line", points, ()


def curve(points: Iterable[Point]) -> Shape:
    """Points of a curve, taken as they are."""
    return "curve", tuple(points), ()


def ring(x: float, y: float, r: float) -> Shape:
    """A circle."""
    return "arc", ((x, y),), (r, r, 0, 360)


def oval(x: float, y: float, rx: float, ry: float) -> Shape:
    """An ellipse."""
    return "arc", ((x, y),), (rx, ry, 0, 360)


def arc(x: float, y: float, r: float, start: float, end: float) -> Shape:
    """A part of a circle, clockwise in degrees from three o'clock."""
    return "arc", ((x, y),), (r, r, start, end)


def dot(x: float, y: float, r: float = 1.25) -> Shape:
    """A filled disc."""
    return "dot", ((x, y),), (r,)


def box(x: float, y: float, right: float, bottom: float, r: float = 2) -> Shape:
    """A rectangle with round corners."""
    return "box", ((x, y), (right, bottom)), (r,)


def cut(*points: Point) -> Shape:
    """Lines that take away what lies below."""
    return "cut", points, ()


def bend(a: Point, b: Point, c: Point, d: Point) -> list[Point]:
    """Return points of a Bézier curve from ``a`` to ``d``."""
    made = []
    for step in range(17):
        t = step / 16
        u = 1 - t
        weights = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
        made.append(
            (
                sum(w * p[0] for w, p in zip(weights, (a, b, c, d), strict=True)),
                sum(w * p[1] for w, p in zip(weights, (a, b, c, d), strict=True)),
            )
        )
    return made


def _turn(x: float, y: float, r: float, start: float, end: float) -> list[Point]:
    steps = [start + (end - start) * step / 16 for step in range(17)]
    return [
        (x + r * math.cos(math.radians(one)), y + r * math.sin(math.radians(one))) for one in steps
    ]


def _gear() -> Shape:
    points: list[Point] = []
    for tooth in range(8):
        middle = tooth * 45
        for turn, r in ((-14, 6.9), (-9, 9.4), (9, 9.4), (14, 6.9)):
            angle = math.radians(middle + turn)
            points.append((12 + r * math.cos(angle), 12 + r * math.sin(angle)))
    return curve([*points, points[0]])


def _clip() -> Shape:
    upright = [
        (16.2, 7.0),
        *_turn(12, 16.4, 4.2, 0, 180),
        *_turn(10.6, 6.2, 2.8, 180, 360),
        *_turn(12, 15.4, 1.4, 0, 180),
        (10.6, 8.2),
    ]
    half = math.sqrt(0.5)
    return curve(
        (12 + (x - 12) * half - (y - 12) * half, 12 + (x - 12) * half + (y - 12) * half)
        for x, y in upright
    )


def _mirrored(shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
    return tuple((kind, tuple((24 - x, y) for x, y in p), rest) for kind, p, rest in shapes)


_BELL = (
    curve([(4.5, 17.5), *bend((6, 17.5), (7, 15), (6.5, 13), (6.5, 10.5)),
           *_turn(12, 10.2, 5.5, 180, 360),
           *bend((17.5, 10.5), (17.5, 13), (17, 15), (18, 17.5)), (19.5, 17.5), (4.5, 17.5)]),
    arc(12, 18.6, 2.4, 20, 160),
    line((12, 3), (12, 4.5)),
)  # fmt: skip
_REPLY = (
    line((9, 5.5), (4, 10.5), (9, 15.5)),
    curve([(4, 10.5), (13, 10.5), *bend((13, 10.5), (17.5, 10.5), (20, 13.5), (20, 19))]),
)
_BACK = (line((14.5, 5), (7.5, 12), (14.5, 19)),)
_SPEAKER = line((4, 9.5), (7.5, 9.5), (12, 5), (12, 19), (7.5, 14.5), (4, 14.5), (4, 9.5))
_SEARCH = (ring(10.5, 10.5, 6.5), line((15.5, 15.5), (20.5, 20.5)))
_EYE = (
    curve([*bend((2.5, 12), (6, 4), (18, 4), (21.5, 12)),
           *bend((21.5, 12), (18, 20), (6, 20), (2.5, 12))]),
    ring(12, 12, 3),
)  # fmt: skip
_SLASH = (cut((5, 3), (22, 20)), line((3.5, 3.5), (20.5, 20.5)))

ICONS: Final[dict[str, tuple[Shape, ...]]] = {
    "again": (arc(12, 12, 7.5, 15, 320), line((19, 4.5), (19, 9), (14.5, 9))),
    "archive": (
        box(3, 4, 21, 9, 1), line((5, 9), (5, 20), (19, 20), (19, 9)), line((10, 13), (14, 13)),
    ),
    "at": (
        ring(12, 12, 3.8), line((15.8, 8.2), (15.8, 13.2)), arc(18.4, 13, 2.6, 0, 170),
        arc(12, 12, 9, 52, 368),
    ),
    "back": _BACK,
    "ball": (
        ring(12, 12, 9), curve(bend((5.5, 6), (9.5, 9.5), (9.5, 14.5), (5.5, 18))),
        curve(bend((18.5, 6), (14.5, 9.5), (14.5, 14.5), (18.5, 18))), line((12, 3), (12, 21)),
    ),
    "ban": (ring(12, 12, 9), line((5.8, 5.8), (18.2, 18.2))),
    "bell": _BELL,
    "bell-off": (*_BELL, *_SLASH),
    "bulb": (
        curve([(9, 17), *bend((9, 17), (9, 14), (6, 13.5), (6, 9.5)), *_turn(12, 9, 6, 180, 360),
               *bend((18, 9.5), (18, 13.5), (15, 14), (15, 17)), (9, 17)]),
        line((10, 21), (14, 21)),
    ),
    "calendar": (
        box(4, 5, 20, 20), line((4, 10), (20, 10)), line((8, 3), (8, 6)), line((16, 3), (16, 6)),
    ),
    "car": (
        line((3.5, 17), (3.5, 12.5), (6, 11), (8, 6), (16, 6), (18, 11), (20.5, 12.5), (20.5, 17),
             (3.5, 17)),
        line((6, 11), (18, 11)), dot(7.2, 14, 1.2), dot(16.8, 14, 1.2),
        line((6, 17), (6, 19.5)), line((18, 17), (18, 19.5)),
    ),
    "check": (line((4.5, 12.5), (9.5, 17.5), (19.5, 6.5)),),
    "clip": (_clip(),),
    "clock": (ring(12, 12, 9), line((12, 7), (12, 12), (15.5, 14.5))),
    "close": (line((6, 6), (18, 18)), line((18, 6), (6, 18))),
    "copy": (
        box(9, 9, 20, 20), line((6, 15), (4, 15), (4, 4), (15, 4), (15, 6)),
    ),
    "crown": (
        line((4.5, 18.5), (3, 7.5), (8, 11.5), (12, 5), (16, 11.5), (21, 7.5), (19.5, 18.5),
             (4.5, 18.5)),
    ),
    "cup": (
        curve([(5, 9), (5, 14), *_turn(10, 14, 5, 180, 90), *_turn(11, 14, 5, 90, 0), (16, 9),
               (5, 9)]),
        arc(16, 12.5, 3.2, -90, 90), line((8, 3), (8, 5.5)), line((12.5, 3), (12.5, 5.5)),
        line((4, 21), (17, 21)),
    ),
    "double-check": (
        line((1.5, 12.5), (6.5, 17.5), (15, 7)), line((11.5, 16.5), (12.5, 17.5), (22, 7)),
    ),
    "down": (line((12, 5), (12, 18)), line((6, 12), (12, 18), (18, 12))),
    "download": (
        line((12, 4), (12, 15)), line((7, 10.5), (12, 15.5), (17, 10.5)), line((4, 20), (20, 20)),
    ),
    "eye": _EYE,
    "eye-off": (*_EYE, *_SLASH),
    "file": (
        line((14, 3), (5, 3), (5, 21), (19, 21), (19, 8), (14, 3)),
        line((14, 3), (14, 8), (19, 8)),
    ),
    "flag": (
        line((5, 3), (5, 21)),
        curve([(5, 4.5), *bend((5, 4.5), (9, 2), (14, 7.5), (19, 4.5)),
               *bend((19, 14), (14, 17), (9, 11.5), (5, 14))]),
    ),
    "folder": (line((3, 5), (9, 5), (11, 8), (21, 8), (21, 19), (3, 19), (3, 5)),),
    "forward": _mirrored(_REPLY),
    "globe": (ring(12, 12, 9), oval(12, 12, 4, 9), line((3, 12), (21, 12))),
    "hand": (
        line((8, 12), (8, 5.5)), line((11, 11.5), (11, 3.5)), line((14, 11.5), (14, 4)),
        curve([(17, 7), (17, 14.5), *bend((17, 14.5), (17, 19), (15, 21), (12, 21)),
               *bend((12, 21), (9.5, 21), (8.5, 19.8), (7.5, 18)), (4.2, 13.2),
               *bend((4.2, 13.2), (3.4, 11.8), (5.2, 10.8), (6.2, 12)), (8, 14.2), (8, 11)]),
    ),
    "hash": (
        line((4.5, 9), (20, 9)), line((4, 15), (19.5, 15)), line((10, 4), (8, 20)),
        line((16, 4), (14, 20)),
    ),
    "heart": (
        curve([*bend((12, 20), (5, 15), (3, 12.5), (3, 9)), *_turn(7.6, 8.8, 4.6, 180, 335),
               (12, 7), *_turn(16.4, 8.8, 4.6, 205, 360),
               *bend((21, 9), (21, 12.5), (19, 15), (12, 20))]),
    ),
    "help": (
        ring(12, 12, 9),
        curve([*_turn(12, 9.6, 2.7, 190, 380), *bend((14.5, 10.6), (14, 12), (12, 12), (12, 14))]),
        dot(12, 16.8),
    ),
    "image": (
        box(3, 4, 21, 20), dot(8.5, 9, 1.6),
        line((4, 18), (9.5, 12.5), (13.5, 16.5), (16, 14), (20, 18)),
    ),
    "info": (ring(12, 12, 9), line((12, 11.5), (12, 16.5)), dot(12, 8)),
    "keyboard": (
        box(2, 6, 22, 18), dot(6, 10, 1.1), dot(10, 10, 1.1), dot(14, 10, 1.1), dot(18, 10, 1.1),
        line((8, 14.5), (16, 14.5)),
    ),
    "leaf": (
        curve([*bend((5, 18), (2, 9), (9, 4), (20, 4)),
               *bend((20, 4), (20.5, 14), (15, 21), (6.5, 18.5)), (5, 18)]),
        curve(bend((4, 21), (6, 16), (9, 12.5), (13.5, 10.5))),
    ),
    "leave": (
        line((13, 4), (5, 4), (5, 20), (13, 20)), line((10, 12), (20, 12)),
        line((16, 8), (20, 12), (16, 16)),
    ),
    "link": (
        line((9.5, 14.5), (14.5, 9.5)),
        curve([(11.2, 7.8), *_turn(15.7, 8.3, 4, -135, 45), (16.2, 12.8)]),
        curve([(12.8, 16.2), *_turn(8.3, 15.7, 4, 45, 225), (7.8, 11.2)]),
    ),
    "lock": (box(5, 10.5, 19, 20.5), curve([(8, 10.5), *_turn(12, 8, 4, 180, 360), (16, 10.5)])),
    "megaphone": (
        line((4, 9.5), (8, 9.5), (18, 4.5), (18, 19.5), (8, 14.5), (4, 14.5), (4, 9.5)),
        line((8, 14.5), (9.5, 20), (12.5, 20), (11.2, 16.1)),
    ),
    "menu": (line((4, 7), (20, 7)), line((4, 12), (20, 12)), line((4, 17), (20, 17))),
    "more": (dot(5, 12, 1.7), dot(12, 12, 1.7), dot(19, 12, 1.7)),
    "moon": (
        curve([*_turn(12, 12, 8.5, 10, 262), *bend((11, 3.6), (8, 8), (12, 15), (20.4, 13.5))]),
    ),
    "muted": (box(3, 4, 21, 17, 3), line((8, 17), (8, 21), (12, 17)), *_SLASH),
    "next": _mirrored(_BACK),
    "palette": (
        curve([*_turn(12, 12, 9, 80, 372), *bend((21, 13.5), (20.5, 15.5), (18, 15), (16, 15)),
               *bend((16, 15), (13.5, 15), (13.5, 17), (14, 18)),
               *bend((14, 18), (14.5, 19.5), (14.5, 20.5), (13.5, 20.9))]),
        dot(7.5, 12, 1.3), dot(10, 8, 1.3), dot(14.5, 8, 1.3),
    ),
    "pause": (ring(12, 12, 9), line((10, 8.5), (10, 15.5)), line((14, 8.5), (14, 15.5))),
    "pencil": (
        line((4, 20), (5, 15.5), (15.5, 5), (19, 8.5), (8.5, 19), (4, 20)),
        line((13, 7.5), (16.5, 11)),
    ),
    "people": (
        ring(9, 8, 3.5), arc(9, 20, 6.5, 188, 352), arc(15.5, 8, 3.5, -80, 80),
        arc(14.5, 20, 6.5, 290, 352),
    ),
    "phone": (box(6, 3, 18, 21), line((11, 17.5), (13, 17.5))),
    "pin": (
        line((8, 3.5), (16, 3.5)), line((10, 3.5), (10, 9), (7, 13.5), (17, 13.5), (14, 9),
                                        (14, 3.5)),
        line((12, 13.5), (12, 20.5)),
    ),
    "plus": (line((12, 5), (12, 19)), line((5, 12), (19, 12))),
    "plus-circle": (ring(12, 12, 9), line((12, 8), (12, 16)), line((8, 12), (16, 12))),
    "reply": _REPLY,
    "search": _SEARCH,
    "send": (
        line((4, 4.5), (20.5, 12), (4, 19.5), (6.5, 12), (4, 4.5)), line((6.5, 12), (13, 12)),
    ),
    "server": (
        box(4, 4, 20, 11), box(4, 13, 20, 20), dot(8, 7.5), dot(8, 16.5),
    ),
    "settings": (_gear(), ring(12, 12, 3)),
    "shield": (
        curve([(12, 3), (19, 6), *bend((19, 6), (19.5, 14), (17, 18.5), (12, 21)),
               *bend((12, 21), (7, 18.5), (4.5, 14), (5, 6)), (12, 3)]),
    ),
    "smile": (
        ring(12, 12, 9), dot(9, 10, 1.2), dot(15, 10, 1.2), arc(12, 12.5, 4.4, 20, 160),
    ),
    "sound": (_SPEAKER, arc(12, 12, 4.5, -45, 45), arc(12, 12, 8.5, -45, 45)),
    "sound-off": (_SPEAKER, line((15.5, 9), (21.5, 15)), line((21.5, 9), (15.5, 15))),
    "sun": (
        ring(12, 12, 4),
        *(line(*(_turn(12, 12, r, turn, turn)[0] for r in (7.2, 9))) for turn in range(0, 360, 45)),
    ),
    "text": (
        line((3, 6.5), (3, 4.5), (14, 4.5), (14, 6.5)), line((8.5, 4.5), (8.5, 20)),
        line((14, 13.5), (14, 12), (21, 12), (21, 13.5)), line((17.5, 12), (17.5, 20)),
    ),
    "trash": (
        line((4, 6.5), (20, 6.5)), line((9, 6.5), (9, 3.5), (15, 3.5), (15, 6.5)),
        line((6, 6.5), (7, 20.5), (17, 20.5), (18, 6.5)), line((10, 10.5), (10, 16.5)),
        line((14, 10.5), (14, 16.5)),
    ),
    "up": (line((12, 19), (12, 6)), line((6, 12), (12, 6), (18, 12))),
    "user": (ring(12, 8, 4), arc(12, 21, 8, 187, 353)),
    "warning": (
        line((12, 3.5), (21.5, 20), (2.5, 20), (12, 3.5)), line((12, 9.5), (12, 13)),
        dot(12, 16.8, 1.2),
    ),
    "zoom-in": (*_SEARCH, line((10.5, 7.5), (10.5, 13.5)), line((7.5, 10.5), (13.5, 10.5))),
    "zoom-out": (*_SEARCH, line((7.5, 10.5), (13.5, 10.5))),
}  # fmt: skip
"""Every icon by its name."""

ALIKE: Final = {
    "attach": "clip", "edit": "pencil", "gear": "settings", "emoji": "smile", "room": "hash",
    "save": "download", "left": "back", "right": "next", "retry": "again",
}  # fmt: skip
"""Other names of the same icons."""
