"""The main window: rooms at the left, the conversation in the middle, people at the right.

Shows the model, passes on what people ask for, and puts sheets over it all; holds
no state of the chat. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from gui import keys
from gui.chat.controller import Controller
from gui.chat.model import Part
from gui.chat.room import Draft, Room
from gui.ownership import in_tk_thread
from gui.paint.kit import IconButton
from gui.paint.look import Look
from gui.paint.pictures import Pictures
from gui.paint.slices import Steps
from gui.paint.theme import HEADER_HEIGHT
from gui.text.textlayout import clean
from gui.views.appacts import AppActs
from gui.views.archivesheet import ArchiveSheet
from gui.views.bars import MeBar, StatusBar
from gui.views.conversation import Conversation
from gui.views.doings import Doings
from gui.views.emoji.emojipicker import EmojiPicker
from gui.views.helpsheet import HelpSheet
from gui.views.keeping import Keeping
from gui.views.mainchords import main_chords
from gui.views.ordersheet import OrderSheet
from gui.views.panes import PEOPLE, ROOMS, TALK, Panes
from gui.views.people import PeopleColumn
from gui.views.popmenu import PopMenu
from gui.views.rooms import RoomsColumn
from gui.views.searchpane import SearchPane
from gui.views.settings.choosing import Choosing
from gui.views.settings.settingssheet import SettingsSheet
from gui.views.sheet import Sheet
from gui.views.switcher import Switcher
from gui.views.tooltip import Tooltip
from protocol.client.happenings import Link

HISTORY = "store.sqlite3"
"""The file of a profile that holds what was said."""


class MainScreen(Doings):
    """Everything after joining; ``widget`` is the frame to place."""

    _place: ClassVar[tuple[str, str]] = "profile", ""
    """Section and part of the settings that were used last, also in a screen built anew."""
    _settings_open: ClassVar[bool] = False
    """Whether they stand over a screen: they then stand over the one that takes its place."""

    def __init__(
        self, root: tk.Tk, look: Look, controller: Controller, pictures: Pictures, app: AppActs
    ) -> None:
        """``root`` is the window; :meth:`build` makes what it shows."""
        self._root = root
        self._look = look
        self._controller = controller
        self._model = controller.model
        self._pictures = pictures
        self._app = app
        self.keeping = Keeping(root, look, controller, self.asked)
        self._shown_room = b""
        self._use_emoji: Callable[[str], None] = lambda _: None
        self._shortcuts: dict[str, Callable[[], None]] = {}
        self.panes = Panes(root, look)
        self.widget = self.panes.widget

    def build(self) -> Steps:
        """Make its parts; before the end it may not be used, nor be placed."""
        root, look, controller, app = self._root, self._look, self._controller, self._app
        px, tr = look.px, look.tr
        self.tip = Tooltip(root, look)
        self.menu = PopMenu(root, look)
        self.emoji = EmojiPicker(
            root, look, lambda: app.settings.recent_emoji, lambda: app.settings.skin_tone,
            self._take_tone, self._picked,
        )  # fmt: skip

        yield None
        left = self.panes.rooms
        self._me = tk.Frame(left, bd=0, height=px(HEADER_HEIGHT))
        self._me.pack(side="top", fill="x")
        self._me.pack_propagate(False)
        self._icons: list[IconButton] = []
        self._icon("settings", self.open_settings, tr("main.settings"))
        self.new_button = self._icon("plus", self.new_menu, tr("main.new"))
        self.me = MeBar(self._me, look, self._model, self.open_settings)
        self.me.widget.pack(side="left", fill="both", expand=True)
        self.status = StatusBar(left, look, self._model, controller.try_again)
        self.status.widget.pack(side="bottom", fill="x")
        yield None
        self.rooms = RoomsColumn(left, look, self._model, self)
        self.rooms.widget.pack(side="top", fill="both", expand=True)
        # Tab goes in the order in which things lie on each other; this stands under the rooms.
        tk.Misc.lift(self.status.widget)
        yield None
        self.people = PeopleColumn(self.panes.people, look, self._model, self, self.tip.attach)
        self.people.widget.pack(fill="both", expand=True)
        self.talk = Conversation(
            self.panes.talk, look, controller, self._pictures, self, self.tip, app.clipboard
        )
        yield from self.talk.build()
        self.timeline, self.composer = self.talk.timeline, self.talk.composer
        self.finder = SearchPane(
            self.panes, look, controller, self._history, app.bridge, self.timeline, self.focus
        )
        yield from self._style()
        # Not earlier: until then they are another screen's.
        self._shortcuts = main_chords(self, controller, app.ask_close)
        keys.install(root, self._shortcuts)
        self.widget.bind("<Configure>", lambda _: self._resized())
        if MainScreen._settings_open:
            look.slices.soon(self.open_settings)

    def _icon(self, name: str, work: Callable[[], None], hint: str) -> IconButton:
        made = IconButton(self._me, self._look, name, work, "side")
        made.widget.pack(side="right", padx=(0, self._look.px(4)))
        self.tip.attach(made.widget, hint)
        self._icons.append(made)
        return made

    # --- what the controller needs ----------------------------------------------

    def show(self, part: Part) -> None:
        """Draw what changed."""
        assert in_tk_thread(), "widgets are touched in the Tk thread alone"
        if Part.LINK in part:
            self.status.changed()
            self.banned()
        if part & (Part.ME | Part.PEOPLE | Part.LINK):
            self.me.draw()
        if part & (Part.ROOMS | Part.ME | Part.TYPING):
            self.rooms.show()
        if part & Part.ROOMS:
            self._app.looked_at(self._model.active)
        if part & (Part.PEOPLE | Part.ME | Part.ORDER) or self._shown_room != self._model.active:
            self._shown_room = self._model.active
            self.people.show()
        self.talk.show(part)
        self.finder.room_changed()
        if Part.ORDER in part and isinstance(self.dialog, OrderSheet):
            self.dialog.show()

    def say(self, text: str, bad: bool = False) -> None:
        """Show one line for a while; a click takes it away."""
        self.talk.toast.say(text, bad)

    def flash(self, seq: int) -> None:
        """Bring a message of the open room into view and make it shine."""
        self.panes.front(TALK)
        self.timeline.flash(seq)

    def take_back(self, room: bytes, draft: Draft) -> None:
        """Write again what could not be sent."""
        self.talk.composing.take_back(room, draft)

    def bottom(self) -> None:
        """Go to the newest message of the open room."""
        self.timeline.to_end()

    def focus(self) -> None:
        """Have keys come to where one writes."""
        self.composer.focus()

    def looked_at(self) -> None:
        """The window has the focus again: what is in view is seen now."""
        self.timeline.show()

    def close(self) -> None:
        """Stop timers, take sheets away, forget the shortcuts."""
        self.composer.keep_draft()
        keys.remove(self._root, self._shortcuts)
        for _ in range(10):
            sheet = Sheet.top()
            if sheet is None:
                break
            sheet.close()
        self.emoji.close()
        self.finder.close()
        self.status.close()
        self.talk.close()
        self.tip.close()
        self.menu.close()

    # --- drawing ----------------------------------------------------------------

    def _style(self) -> Steps:
        self._me.configure(bg=self._look.palette.side)
        self.panes.restyle()
        yield None
        self.rooms.restyle()
        self.people.restyle()
        self.status.draw()
        for one in self._icons:
            yield None
            one.restyle()

    def restyle(self) -> Steps:
        """Draw everything in the palette of now."""
        self.tip.hide()
        self.emoji.restyle()
        yield from self._style()
        yield from self.talk.restyle()
        self.finder.restyle()
        yield None
        if isinstance(self.dialog, SettingsSheet) and self.dialog.open:
            self.dialog.restyle()
        yield None
        self.show(Part.ALL)

    def _resized(self) -> None:
        if self.panes.arrange():
            self.talk.alone(self.panes.single)

    # --- rooms and people -------------------------------------------------------

    def open_room(self, room: bytes) -> None:
        """Show a room, ready to write in it."""
        self._controller.open_room(room)
        self.panes.front(TALK)
        self.composer.focus()

    def open_numbered(self, number: int) -> None:
        """Show the room at a place of the list, from 1."""
        rooms = self._model.ordered()
        if number <= len(rooms):
            self.open_room(rooms[number - 1].room)

    def write_to(self, person: bytes) -> None:
        """Show the direct message with somebody."""
        self._controller.direct((person,))
        self.panes.front(TALK)
        self.composer.focus()

    def quiet(self, room: Room) -> bool:
        """Whether a room makes no notifications now."""
        return self._controller.quiet(room)

    # --- getting around ---------------------------------------------------------

    def switch(self) -> None:
        """Go to a room or person by a few letters."""
        self.dialog = Switcher(self._root, self._look, self._model, self.open_room, self.write_to)

    def help(self) -> None:
        """Show all shortcuts."""
        self.dialog = HelpSheet(self._root, self._look)

    def toggle_people(self) -> None:
        """Show or hide the people."""
        self.panes.toggle_people()
        self.talk.alone(self.panes.single)
        if self.panes.showing(PEOPLE):
            self._controller.refresh_people()
            if self._model.room is not None:
                self._controller.ask_members(self._model.room)

    def to_rooms(self) -> None:
        """Show the rooms, where there is room for one part only."""
        self.panes.front(ROOMS)

    def next_pane(self) -> None:
        """Move the focus to the next part of the window."""
        stops: list[tuple[tk.Misc, Callable[[], None]]] = [
            (self.rooms.widget, self.rooms.list.widget.focus_set),
            (self.timeline.widget, self.timeline.focus),
            (self.composer.widget, self.composer.focus),
            (self.people.widget, self.people.list.widget.focus_set),
            (self.panes.search, self.finder.focus),
        ]
        stops = [stop for stop in stops if stop[0].winfo_viewable()]
        at = str(self._root.focus_get() or "")
        here = next((i for i, (pane, _) in enumerate(stops) if at.startswith(str(pane))), -1)
        if stops:
            stops[(here + 1) % len(stops)][1]()

    def escape(self) -> None:
        """Close what is on top, or go to the newest message."""
        sheet = Sheet.top()
        if sheet is not None:
            sheet.close()
        elif self.talk.uncover():
            return
        elif self.finder.open:
            self.finder.hide()
        elif not self.talk.escape() and not self.timeline.travel.calm():
            self.timeline.to_end()
            self.composer.focus()

    # --- emoji, search, sheets --------------------------------------------------

    def pick_emoji(self, x: int, y: int, use: Callable[[str], None]) -> None:
        """Have an emoji chosen beside a place of the screen."""
        self._use_emoji = use
        self.emoji.show(x, y)

    def _picked(self, emoji: str) -> None:
        self._app.change(self._app.settings.used_emoji(emoji))
        self._use_emoji(emoji)

    def _take_tone(self, tone: int) -> None:
        self._app.change(replace(self._app.settings, skin_tone=tone))

    def open_settings(self) -> None:
        """Show the settings."""
        if not isinstance(self.dialog, SettingsSheet) or not self.dialog.open:
            MainScreen._settings_open = True
            self.dialog = SettingsSheet(
                self._root, self._look, Choosing(self._controller, self._app, self.audit_sheet),
                self._app.bridge.call, MainScreen._place[0], self._settings_closed,
                MainScreen._place[1],
            )  # fmt: skip

    def _settings_closed(self) -> None:
        MainScreen._settings_open = False
        sheet = self.dialog
        if isinstance(sheet, SettingsSheet):
            MainScreen._place = sheet.section, sheet.focused
            if str(self._root.focus_lastfor()).startswith(str(sheet.sheet.shade)):
                # What had the focus before went with the screen that these settings built anew.
                self.focus()

    def search(self, everywhere: bool) -> None:
        """Open the search, in the open room or in all."""
        self.finder.show(everywhere)

    def _history(self) -> Path | None:
        session = self._app.session
        return session.profile.folder / HISTORY if session is not None else None

    def archive(self, room: Room) -> None:
        """Save a room's conversation."""
        if (history := self._history()) is not None:
            self.dialog = ArchiveSheet(
                self._root, self._look, self._controller,
                lambda: self._model.link.link is Link.ONLINE, history, room.room,
                clean(self._model.title(room)), self._app.bridge.call,
            )  # fmt: skip
