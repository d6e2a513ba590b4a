"""The main window: rooms at the left, messages and composer in the middle, people at the right.

Shows the model and passes on what people ask for; holds no state of the chat.
Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog

from gui import emoji, wording
from gui.controller import Controller
from gui.kit import IconButton
from gui.look import Look
from gui.model import Model, Part
from gui.ownership import in_tk_thread
from gui.pictures import Pictures
from gui.room import Entry
from gui.theme import HEADER_HEIGHT, PEOPLE_WIDTH, ROOMS_WIDTH
from gui.views.bars import MeBar, StatusBar, TitleBar
from gui.views.composer import Composer
from gui.views.messagemenu import words
from gui.views.people import PeopleColumn
from gui.views.rooms import RoomsColumn
from gui.views.sheet import JoinSheet, LineSheet, Sheet, ask
from gui.views.timeline import Timeline
from gui.views.viewer import PictureViewer, TextViewer
from protocol.codes import EventKind

SAY_MS = 6000
NARROW = 880
"""Below this width the people column hides, until it is asked for."""


class MainScreen:
    """Everything after joining; ``widget`` is the frame to place."""

    def __init__(
        self,
        root: tk.Tk,
        look: Look,
        controller: Controller,
        pictures: Pictures,
        link_text: Callable[[], str],
        on_theme: Callable[[], None],
    ) -> None:
        """``link_text`` tells the invite link; ``on_theme`` switches light and dark."""
        self._root = root
        self._look = look
        self._controller = controller
        self._model: Model = controller.model
        self._pictures = pictures
        self._link_text = link_text
        self._said = ""
        self._bad = False
        self._saying = ""
        self._people_wanted: bool | None = None
        self.sheet: Sheet | None = None
        self.viewer: PictureViewer | None = None
        self.dialog: LineSheet | JoinSheet | None = None
        px = look.px
        self.widget = tk.Frame(root, bd=0)
        self.widget.grid_columnconfigure(2, weight=1)
        self.widget.grid_rowconfigure(0, weight=1)

        self._left = tk.Frame(self.widget, bd=0, width=px(ROOMS_WIDTH))
        self._left.grid(row=0, column=0, sticky="ns")
        self._left.pack_propagate(False)
        self._rule_left = tk.Frame(self.widget, bd=0, width=1)
        self._rule_left.grid(row=0, column=1, sticky="ns")
        self._me = tk.Frame(self._left, bd=0, height=px(HEADER_HEIGHT))
        self._me.pack(side="top", fill="x")
        self._me.pack_propagate(False)
        self._nick = MeBar(self._me, look, self._model)
        icons: list[IconButton] = []

        def icon(
            master: tk.Misc, name: str, work: Callable[[], None], below: str, hint: str
        ) -> IconButton:
            made = IconButton(master, look, name, work, below, hint, self._tell)
            made.widget.pack(side="right", padx=(0, px(4)), pady=px(10))
            icons.append(made)
            return made

        icon(self._me, "plus", self.join_room, "side", "Join or create a room (Ctrl+N)")
        self._theme = icon(self._me, "moon", on_theme, "side", "Light or dark")
        self._nick.widget.pack(side="left", fill="both", expand=True)
        self._nick.widget.bind("<ButtonRelease-1>", lambda _: self.rename())
        self.status = StatusBar(self._left, look, self._model)
        self.status.widget.pack(side="bottom", fill="x")
        self.status.widget.bind("<ButtonRelease-1>", lambda _: controller.try_again())
        self.rooms = RoomsColumn(self._left, look, self._model, controller.open_room)
        self.rooms.widget.pack(side="top", fill="both", expand=True)

        self._middle = tk.Frame(self.widget, bd=0)
        self._middle.grid(row=0, column=2, sticky="nsew")
        self._header = tk.Frame(self._middle, bd=0, height=px(HEADER_HEIGHT))
        self._header.pack(side="top", fill="x")
        self._header.pack_propagate(False)
        icon(self._header, "people", self.toggle_people, "card", "Who is here")
        icon(self._header, "leave", self.leave, "card", "Leave this room")
        icon(self._header, "link", self.copy_link, "card", "Copy the invite link")
        self._title = TitleBar(self._header, look, self._model)
        self._title.widget.pack(side="left", fill="both", expand=True)
        self._rule_top = tk.Frame(self._middle, bd=0, height=1)
        self._rule_top.pack(side="top", fill="x")
        self.composer = Composer(
            self._middle, look, controller.send_text, self.choose_image, controller.cancel,
            self._tell,
        )  # fmt: skip
        self.composer.widget.pack(side="bottom", fill="x")
        self.timeline = Timeline(
            self._middle, look, self._model, pictures, controller.older, controller.seen,
            self.open_picture, self.open_text,
        )  # fmt: skip
        self.timeline.widget.pack(side="top", fill="both", expand=True)

        self._rule_right = tk.Frame(self.widget, bd=0, width=1)
        self._right = tk.Frame(self.widget, bd=0, width=px(PEOPLE_WIDTH))
        self._right.pack_propagate(False)
        self._people_head = tk.Label(
            self._right, text="People", anchor="w", bd=0, font=look.fonts.named("title")
        )
        self._people_head.pack(side="top", fill="x", padx=px(16), pady=(px(20), 0))
        self.people = PeopleColumn(
            self._right, look, self._model, lambda one: controller.direct((one.person,))
        )
        self.people.widget.pack(side="top", fill="both", expand=True)
        self._toast = tk.Label(self._middle, bd=0, font=look.fonts.named("label"))
        self._toast.bind("<Button-1>", lambda _: self._unsay())
        self.widget.bind("<Configure>", lambda _: self._place_people())
        self._icons = icons
        self._style()

    # --- what the controller needs ----------------------------------------

    def show(self, part: Part) -> None:
        """Draw what changed."""
        assert in_tk_thread(), "widgets are touched in the Tk thread alone"
        model = self._model
        if Part.LINK in part:
            self.status.changed()
        if part & (Part.ME | Part.PEOPLE):
            self._nick.draw()
        if part & (Part.ROOMS | Part.ME):
            self.rooms.show()
            self._name_window()
        if part & (Part.PEOPLE | Part.ME):
            self.people.show()
        if part & (Part.ROOMS | Part.TIMELINE | Part.PEOPLE):
            self._title.draw()
            room = model.room
            title = model.title(room) if room else ""
            self.composer.set_room(model.active if room else b"", title)
        if part & (Part.TIMELINE | Part.ROOMS):
            self.timeline.show()
        if Part.TRANSFERS in part:
            self.composer.show_transfers(model.transfers.values())
            viewer = self.viewer
            if viewer is not None and viewer.request in model.transfers:
                viewer.progress(model.transfers[viewer.request])

    def say(self, text: str, bad: bool = False) -> None:
        """Show one line above the composer for a while; a click takes it away."""
        self._said, self._bad = text, bad
        self._toast_up(text, bad)
        if self._saying:
            self._root.after_cancel(self._saying)
        self._saying = self._root.after(SAY_MS, self._unsay)

    def _unsay(self) -> None:
        if self._saying:
            self._root.after_cancel(self._saying)
        self._saying, self._said = "", ""
        self._toast.place_forget()

    def _tell(self, hint: str) -> None:
        """Show what a button does, unless something more important stands there."""
        if self._said:
            return
        if hint:
            self._toast_up(hint, False)
        else:
            self._toast.place_forget()

    def _toast_up(self, text: str, bad: bool) -> None:
        palette, px = self._look.palette, self._look.px
        fill, ink = palette.pill, palette.on_pill
        if bad:
            fill, ink = palette.danger, "#ffffff" if palette.name == "light" else palette.veil
        self._toast.configure(
            text=emoji.without(text), bg=fill, fg=ink, padx=px(16), pady=px(8),
            wraplength=max(px(240), self._middle.winfo_width() - px(80)),
        )  # fmt: skip
        self._toast.place(in_=self._middle, relx=0.5, y=px(HEADER_HEIGHT + 12), anchor="n")
        self._toast.lift()

    def close(self) -> None:
        """Stop its timers."""
        self.status.close()
        if self._saying:
            self._root.after_cancel(self._saying)
            self._saying = ""

    # --- drawing ----------------------------------------------------------

    def _style(self) -> None:
        palette = self._look.palette
        self.widget.configure(bg=palette.line)
        for side in (self._left, self._me, self._right):
            side.configure(bg=palette.side)
        self._header.configure(bg=palette.card)
        for rule in (self._rule_left, self._rule_right, self._rule_top):
            rule.configure(bg=palette.line)
        self._middle.configure(bg=palette.chat)
        self._people_head.configure(bg=palette.side, fg=palette.text)
        self._theme.set_icon("sun" if palette.name == "dark" else "moon")
        for one in self._icons:
            one.restyle()

    def restyle(self) -> None:
        """Draw everything in the palette of now."""
        self._style()
        self.composer.restyle()
        self.timeline.restyle()
        self.show(Part.ALL)
        if self._said:
            self._toast_up(self._said, self._bad)

    def _place_people(self) -> None:
        wide = self.widget.winfo_width() >= self._look.px(NARROW)
        if wide if self._people_wanted is None else self._people_wanted:
            self._rule_right.grid(row=0, column=3, sticky="ns")
            self._right.grid(row=0, column=4, sticky="ns")
        else:
            self._rule_right.grid_remove()
            self._right.grid_remove()

    def _name_window(self) -> None:
        unread = sum(room.unread for room in self._model.rooms.values())
        name = "Zviazok"
        self._root.title(f"({unread}) {name}" if unread else name)

    # --- what people ask for ----------------------------------------------

    def toggle_people(self) -> None:
        """Show or hide the people column."""
        self._people_wanted = not self._right.winfo_ismapped()
        self._place_people()
        if self._people_wanted:
            self._controller.refresh_people()

    def copy_link(self) -> None:
        """Put the invite link into the clipboard."""
        self._root.clipboard_clear()
        self._root.clipboard_append(self._link_text())
        self.say("The invite link is copied: paste it to whom you want to invite")

    def join_room(self) -> None:
        """Ask which room to join or create."""
        if self._busy():
            return
        controller = self._controller
        self.dialog = JoinSheet(
            self._root, self._look, controller.join, controller.list_rooms, controller.open_room
        )
        self.sheet = self.dialog.sheet

    def rename(self) -> None:
        """Ask for another nickname."""
        if self._busy():
            return
        self.dialog = LineSheet(
            self._root, self._look, "Change your nickname",
            "Everybody in your rooms sees the change.",
            self._model.nick, "Change", self._controller.rename,
        )  # fmt: skip
        self.sheet = self.dialog.sheet

    def leave(self) -> None:
        """Ask before leaving the open room."""
        room = self._model.room
        if room is None or self._busy():
            return
        direct = self._model.is_direct(room)
        text = "The others keep the conversation." if direct else "You can join it again later."
        self.sheet = ask(
            self._root, self._look, f"Leave {emoji.without(self._model.title(room))[:40]}?", text,
            [("Leave", "danger", lambda: self._controller.leave(room)),
             ("Stay", "quiet", lambda: None)],
        )  # fmt: skip

    def _busy(self) -> bool:
        return self.sheet is not None and self.sheet.open

    def choose_image(self) -> None:
        """Ask for picture files and send them."""
        if self._model.room is None:
            self.say("Join a room first", bad=True)
            return
        names = filedialog.askopenfilenames(
            parent=self._root,
            title="Send a picture",
            filetypes=[("Pictures", "*.png *.jpg *.jpeg *.webp *.gif *.PNG *.JPG *.JPEG")],
        )
        for name in names:
            self._controller.send_image(Path(name))

    def open_picture(self, entry: Entry) -> None:
        """Fetch a picture and look at it."""
        room = self._model.room
        if room is None or entry.kind != EventKind.IMAGE:
            return
        if self.viewer is not None:
            self.viewer.close()
        viewer = PictureViewer(self._root, self._look, self._pictures, self._viewer_closed)
        self.viewer = viewer

        def answer(path: Path | None, reason: str) -> None:
            if viewer.open:
                if path is not None:
                    viewer.picture(path)
                else:
                    viewer.problem(reason)

        body = entry.body
        viewer.request = self._controller.fetch(
            room.room, bytes(body["sha256"]), int(body["size"]), answer
        )

    def _viewer_closed(self) -> None:
        viewer, self.viewer = self.viewer, None
        if viewer is not None and viewer.request in self._model.transfers:
            self._controller.cancel(viewer.request)

    def open_text(self, entry: Entry) -> None:
        """Show a long text whole."""
        text = words(entry)
        if not self._look.fonts.draws_emoji:
            text = emoji.without(text)
        title = f"{emoji.without(entry.nick)}, {wording.clock(entry.ts)}"
        TextViewer(self._root, self._look, title, text)

    def escape(self) -> None:
        """Close what is on top, or go to the newest message."""
        if self._busy() and self.sheet is not None:
            self.sheet.close()
        elif self.viewer is not None:
            self.viewer.close()
        else:
            self.timeline.to_end()
            self.composer.text.focus_set()
