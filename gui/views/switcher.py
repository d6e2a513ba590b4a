"""Goes to a room or a person by a few letters (Ctrl+K). Belongs to the Tk thread."""

import tkinter as tk
from collections.abc import Callable

from gui.chat.model import Model
from gui.chat.ranking import ranked
from gui.chat.room import Room
from gui.paint.look import Look
from gui.views.faces import person_face, room_face
from gui.views.picklist import PickList
from protocol.client.folding import fold
from protocol.client.happenings import PersonInfo

Target = Room | PersonInfo


def targets(model: Model, typed: str) -> list[Target]:
    """Return rooms, those of the newest messages first, then people without a room of theirs."""
    rooms = model.ordered()
    with_room = {
        others[0]
        for room in rooms
        if model.is_direct(room) and len(others := model.others(room)) == 1
    }
    named: list[tuple[str, Target]] = [(model.title(room), room) for room in rooms]
    people = [one for one in model.people if one.person != model.me]
    people.sort(key=lambda one: (not one.online, fold(one.nick)))
    named += [(one.nick, one) for one in people if one.person not in with_room]
    return ranked(typed, named)


def target_face(
    look: Look, model: Model
) -> Callable[[tk.Canvas, Target, tuple[int, int], int, str], tuple[str, str]]:
    """Return what paints rooms and people in a list of them."""

    def face(
        canvas: tk.Canvas, item: Target, at: tuple[int, int], side: int, below: str
    ) -> tuple[str, str]:
        if isinstance(item, PersonInfo):
            person_face(canvas, look, model, at, side, item.person, item.nick, below, True)
            return item.nick, look.tr("rooms.write")
        room_face(canvas, look, model, at, side, item, below)
        more = look.tr("rooms.unread", n=item.unread) if item.unread else ""
        return model.title(item), more

    return face


class Switcher(PickList[Target]):
    """The overlay; what is chosen is opened."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model,
        open_room: Callable[[bytes], None], write_to: Callable[[bytes], None],
    ) -> None:  # fmt: skip
        """``open_room`` gets a room, ``write_to`` a person."""

        def chosen(item: Target) -> None:
            self.sheet.close()
            if isinstance(item, PersonInfo):
                write_to(item.person)
            else:
                open_room(item.room)

        tr = look.tr
        super().__init__(
            master, look, tr("rooms.go_to"), tr("rooms.search"),
            lambda typed: targets(model, typed), target_face(look, model), chosen,
            nothing=tr("rooms.nothing_found"),
        )  # fmt: skip
