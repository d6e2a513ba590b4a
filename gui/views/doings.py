"""What the main screen does with rooms and people: menus, and the sheets that they lead to.

The part of :class:`gui.views.main.MainScreen` that asks. Belongs to the Tk thread.
"""

import logging
import threading
import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path

from gui.chat.bans import find_bans
from gui.chat.controller import Controller
from gui.chat.model import Model
from gui.chat.room import Entry, Room, Sound
from gui.paint.kit import IconButton
from gui.paint.look import Look
from gui.text.textlayout import clean
from gui.views.appacts import AppActs
from gui.views.auditsheet import AuditSheet
from gui.views.conversation import Conversation
from gui.views.keeping import Keeping
from gui.views.newsheets import JoinSheet, PeopleSheet
from gui.views.ordermenu import order_choices, state_of
from gui.views.ordersheet import Bans, OrderSheet
from gui.views.people import PeopleColumn
from gui.views.personmenu import person_choices
from gui.views.popmenu import Choice, PopMenu
from gui.views.privatesheet import PrivateSheet
from gui.views.roommenu import room_choices
from gui.views.sheet import Sheet, ask
from protocol.client.happenings import Link, PersonInfo
from protocol.codes import ErrorCode
from protocol.errors import SetupError
from protocol.limits import ADD_MAX

log = logging.getLogger(__name__)


class Doings:
    """Menus and questions about rooms and people."""

    _root: tk.Tk
    _look: Look
    _controller: Controller
    _model: Model
    _app: AppActs
    menu: PopMenu
    talk: Conversation
    people: PeopleColumn
    keeping: Keeping
    new_button: IconButton
    dialog: object = None
    """What was asked last in a sheet."""
    _banned: Sheet | None = None
    """What says that one is banned."""

    def asked(self, sheet: object) -> None:
        """A sheet was shown."""
        self.dialog = sheet

    def open_room(self, room: bytes) -> None:
        """Show a room, ready to write in it."""
        raise NotImplementedError

    def write_to(self, person: bytes) -> None:
        """Show the direct message with somebody."""
        raise NotImplementedError

    def archive(self, room: Room) -> None:
        """Save a room's conversation."""
        raise NotImplementedError

    def say(self, text: str, bad: bool = False) -> None:
        """Show one line for a while."""
        raise NotImplementedError

    def _history(self) -> Path | None:
        raise NotImplementedError

    # --- menus ------------------------------------------------------------------

    def quiet(self, room: Room) -> bool:
        """Whether a room makes no notifications now."""
        return self._controller.quiet(room)

    def room_menu(self, room: Room, x: int, y: int) -> None:
        """Offer what can be done with a room of the list."""
        self._controller.ask_order(room)
        self.menu.show(room_choices(self._look.tr, self._controller, room, self, False), x, y)

    def more_menu(self) -> None:
        """Offer what can be done with the open room."""
        room = self._model.room
        if room is not None:
            choices = room_choices(self._look.tr, self._controller, room, self, True)
            self.menu.show(choices, *self.talk.place_of_more())

    def person_menu(self, person: PersonInfo, x: int, y: int) -> None:
        """Offer what can be done with somebody."""
        mention = self.talk.mention if self._model.room is not None else None
        tr, controller, room = self._look.tr, self._controller, self._model.room
        free = controller.may_write_to(person.person)
        choices = person_choices(
            tr, person, self.write_to if free else None, mention, self.talk.copy,
            self.people.doubt(person), state_of(tr, room, person, controller.now_s),
        )  # fmt: skip
        self.menu.show(choices + order_choices(tr, controller, person, self.keeping), x, y)

    def new_menu(self) -> None:
        """Offer to join or create a room, or to write to people."""
        tr, widget = self._look.tr, self.new_button.widget
        self.menu.show(
            [Choice(tr("rooms.new_room"), self.join_room),
             Choice(tr("order.new_private"), self.make_private),
             Choice(tr("rooms.new_direct"), self.write_to_people)],
            widget.winfo_rootx(), widget.winfo_rooty() + widget.winfo_height(),
        )  # fmt: skip

    # --- rooms ------------------------------------------------------------------

    def join_room(self, name: str = "") -> None:
        """Ask which room to join or create."""
        controller = self._controller
        self.dialog = JoinSheet(
            self._root, self._look, controller.join, controller.list_rooms, self.open_room,
            self.make_private, name,
        )  # fmt: skip

    def make_private(self, name: str = "") -> None:
        """Ask for the name of a private room, and whom to bring in."""
        self.dialog = PrivateSheet(
            self._root, self._look, self._model, self._controller.make_private, self.join_room, name
        )

    def add_people(self, room: Room) -> None:
        """Ask whom to bring into a private room."""
        tr = self._look.tr
        inside = {one.person for one in room.members or ()}
        title = tr("order.add_title", room=clean(self._model.title(room))[:40])

        def add(people: Sequence[bytes]) -> None:
            self._controller.add_people(room, people)

        self.dialog = PeopleSheet(
            self._root, self._look, self._model, add, title, tr("order.add_note"),
            tr("order.add_do"), inside, ADD_MAX,
        )  # fmt: skip

    def write_to_people(self) -> None:
        """Ask whom to write to."""
        tr = self._look.tr
        self.dialog = PeopleSheet(
            self._root, self._look, self._model, self._controller.direct, tr("rooms.write_title"),
            tr("rooms.write_note"), tr("rooms.write"),
        )  # fmt: skip

    def hear(self, sound: Sound) -> None:
        """Play a sound that was just chosen for a room."""
        self._app.news.hear(sound)

    def leave(self, room: Room) -> None:
        """Ask before leaving a room; a direct message cannot be left."""
        tr, private = self._look.tr, self._model.is_private(room)
        name = clean(self._model.title(room))[:60]
        self.dialog = ask(
            self._root, self._look, tr("rooms.leave_title", room=name),
            tr("order.leave_private" if private else "rooms.leave_open"),
            [(tr("rooms.leave_do"), "danger", lambda: self._controller.leave(room)),
             (tr("rooms.stay"), "quiet", lambda: None)],
        )  # fmt: skip

    def copy_link(self) -> None:
        """Put the invite link into the clipboard, unless it was for oneself alone."""
        session = self._app.session
        invite = session.invite.to_pass_on if session is not None else None
        if invite is None:
            self.say(self._look.tr("main.link_for_one"), bad=True)
            return
        self._root.clipboard_clear()
        self._root.clipboard_append(str(invite))
        self.say(self._look.tr("main.link_copied"))

    # --- order ------------------------------------------------------------------

    def remove(self, entries: Sequence[Entry]) -> None:
        """Take messages of others back for everybody, after asking."""
        self.keeping.remove(entries, self._model.room)

    def order_sheet(self, room: Room | None = None) -> None:
        """Show what holds in a room, to be changed."""
        room = room or self._model.room
        if room is None or not self._controller.standing(room).in_charge:
            return
        path, where = self._history(), room.room

        def find(answer: Callable[[Bans], None]) -> None:
            def run() -> None:
                try:
                    found = find_bans(path, where) if path is not None else {}
                except SetupError as error:
                    log.warning("event=bans_unknown error=%s", str(error))
                    return
                self._app.bridge.call(lambda: answer(found))

            threading.Thread(target=run, name="bans", daemon=True).start()

        self.dialog = OrderSheet(self._root, self._look, self._controller, room, find)

    def audit_sheet(self) -> None:
        """Show what those in charge did on the server."""
        AuditSheet(self._root, self._look, self._controller)

    def banned(self) -> None:
        """Say so when the server has shut one out, and no longer once it lets one in."""
        link, tr = self._model.link, self._look.tr
        out = link.link is Link.REFUSED and link.code == ErrorCode.BANNED
        if out and (self._banned is None or not self._banned.open):
            self._banned = ask(
                self._root, self._look, tr("order.banned_title"), tr("order.banned_text"),
                [(tr("order.banned_switch"), "main", self._app.leave_server),
                 (tr("order.banned_read"), "quiet", lambda: None)],
            )  # fmt: skip
        elif self._banned is not None and link.link is Link.ONLINE:
            self._banned.close()
            self._banned = None
