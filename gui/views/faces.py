"""How the people and rooms of the model are painted small: whose avatar, which tile.

Belongs to the Tk thread.
"""

import tkinter as tk

from gui.chat.model import Model
from gui.chat.room import Room
from gui.paint.faces import Face
from gui.paint.look import Look

Tags = tuple[str, ...]


def face_of(model: Model, person: bytes, name: str, presence: bool = False) -> Face:
    """Return what is known of somebody's looks; ``presence`` adds the dot of who is online."""
    known = model.person(person)
    if known is None:
        return Face(person, name)
    picture = model.portraits.get(known.picture) if known.picture else None
    online = True if presence and known.online else None
    return Face(person, known.nick, known.colour, picture, online)


def person_face(
    canvas: tk.Canvas, look: Look, model: Model, at: tuple[int, int], side: int, person: bytes,
    name: str, below: str, presence: bool = False, tags: Tags = (),
) -> None:  # fmt: skip
    """Paint somebody's avatar ``side`` pixels wide."""
    look.avatar(canvas, at, side, face_of(model, person, name, presence), below, tags)


def room_face(
    canvas: tk.Canvas, look: Look, model: Model, at: tuple[int, int], side: int, room: Room,
    below: str, tags: Tags = (),
) -> None:  # fmt: skip
    """Paint a room's tile; a direct message shows whom it is with."""
    others = model.others(room)
    if model.is_direct(room) and len(others) < 2:
        person = others[0] if others else model.me
        person_face(canvas, look, model, at, side, person, model.title(room), below, True, tags)
    else:
        look.tile(canvas, at, side, room.room, below, tags)
