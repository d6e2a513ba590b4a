"""Asks where messages are passed on to: a room that one is in. Belongs to the Tk thread."""

import tkinter as tk
from collections.abc import Callable

from gui.chat.model import Model
from gui.chat.ranking import ranked
from gui.chat.room import Room
from gui.paint.look import Look
from gui.views.picklist import PickList
from gui.views.switcher import target_face


class ForwardSheet(PickList[Room]):
    """The rooms to choose from."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model, count: int,
        choose: Callable[[Room], None],
    ) -> None:  # fmt: skip
        """``count`` messages are to be forwarded; ``choose`` gets the room."""

        def find(typed: str) -> list[Room]:
            return ranked(typed, [(model.title(room), room) for room in model.ordered()])

        def chosen(room: Room) -> None:
            self.sheet.close()
            choose(room)

        painted = target_face(look, model)

        def face(
            canvas: tk.Canvas, room: Room, at: tuple[int, int], side: int, below: str
        ) -> tuple[str, str]:
            return painted(canvas, room, at, side, below)[0], ""

        tr = look.tr
        super().__init__(
            master, look, tr("rooms.forward", n=count), tr("rooms.search"), find, face, chosen,
            nothing=tr("rooms.nothing_found"),
        )  # fmt: skip
