"""The middle of the main screen: title, search, messages and where one writes.

Implements what messages and composer ask for by calling the controller. Holds no
state of the chat. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from gui.chat.controller import Controller
from gui.chat.model import Part
from gui.chat.room import Entry, Room
from gui.chat.standing import Standing
from gui.desktop.clipboard import Clipboard
from gui.paint.kit import IconButton
from gui.paint.look import Look
from gui.paint.pictures import Pictures
from gui.paint.slices import LONG, Steps
from gui.paint.theme import HEADER_HEIGHT
from gui.text.textlayout import clean
from gui.views.bars import TitleBar
from gui.views.compose.composer import Composer
from gui.views.compose.composing import Composing
from gui.views.compose.dropveil import DropVeil
from gui.views.forwardsheet import ForwardSheet
from gui.views.handbutton import HandButton
from gui.views.holdbar import HoldBar
from gui.views.sheet import ask
from gui.views.timeline.timeline import Timeline
from gui.views.toast import Toast
from gui.views.tooltip import Tooltip
from gui.views.viewing.files import Files, start
from gui.views.viewing.textviewer import TextViewer
from protocol.client.happenings import PersonInfo
from protocol.hosts import link_of

_ADDRESS_CHARS = 300
"""As much of an address is shown before it is opened; the host is always shown whole."""


class Around(Protocol):
    """What the conversation needs of the screen around it."""

    def pick_emoji(self, x: int, y: int, use: Callable[[str], None]) -> None:
        """Have an emoji chosen beside a place of the screen."""

    def search(self, everywhere: bool) -> None:
        """Open the search."""

    def person_menu(self, person: PersonInfo, x: int, y: int) -> None:
        """Offer what can be done with somebody."""

    def more_menu(self) -> None:
        """Offer what can be done with the open room."""

    def order_sheet(self) -> None:
        """Show what holds in the open room, to those in charge."""

    def remove(self, entries: Sequence[Entry]) -> None:
        """Take messages of others back, after asking."""

    def toggle_people(self) -> None:
        """Show or hide the people."""

    def to_rooms(self) -> None:
        """Show the rooms, where there is room for one part only."""


class Conversation:
    """The open room."""

    def __init__(
        self,
        frame: tk.Frame,
        look: Look,
        controller: Controller,
        pictures: Pictures,
        around: Around,
        tip: Tooltip,
        clipboard: Clipboard,
    ) -> None:
        """``frame`` is filled by :meth:`build`."""
        self._root = frame.winfo_toplevel()
        self._frame = frame
        self._look = look
        self._controller = controller
        self._model = controller.model
        self._around = around
        self._clipboard = clipboard
        self._pictures = pictures
        self._tip = tip

    def build(self) -> Steps:
        """Fill the frame; before the end, nothing here may be used."""
        frame, look, controller, around = self._frame, self._look, self._controller, self._around
        px, tr = look.px, look.tr
        self._header = tk.Frame(frame, bd=0, height=px(HEADER_HEIGHT))
        self._header.pack(side="top", fill="x")
        self._header.pack_propagate(False)
        self._icons: list[IconButton] = []

        def icon(
            name: str, work: Callable[[], None], hint: str | Callable[[], str], side: str = "right"
        ) -> IconButton:
            made = IconButton(self._header, look, name, work, "card")
            pad = (px(8), 0) if side == "left" else (0, px(4))
            made.widget.pack(side="right" if side == "right" else "left", padx=pad)
            self._tip.attach(made.widget, hint)
            self._icons.append(made)
            return made

        self._back = icon("back", around.to_rooms, tr("main.back"), "left")
        yield None
        self.more_button = icon("more", around.more_menu, tr("main.more"))
        icon("people", around.toggle_people, tr("main.people"))
        yield None
        icon("search", lambda: around.search(False), tr("main.search"))
        self.hand = HandButton(look, self._model)
        self.hand.button = icon("hand", controller.raise_hand, self.hand.hint)
        self.title = TitleBar(self._header, look, self._model, around.toggle_people)
        self.title.widget.pack(side="left", fill="both", expand=True)
        self.hand.beside = self.title.widget
        self._rule = tk.Frame(frame, bd=0, height=1)
        self._rule.pack(side="top", fill="x")
        self.toast = Toast(frame, look)
        yield LONG
        self.composing = Composing(
            self._root, look, controller, self.toast.say, self._pictures, self._clipboard,
            around.pick_emoji, self.jump,
        )  # fmt: skip
        self.composer = Composer(frame, look, self._model, self.composing, self._clipboard)
        self.composing.composer = self.composer
        for button, name in (
            (self.composer.attach_button, "composer.attach"),
            (self.composer.send_button, "composer.send"),
            (self.composer.emoji_button, "composer.emoji"),
        ):
            self._tip.attach(button.widget, tr(name))
        self.composer.widget.pack(side="bottom", fill="x")
        self.holds = HoldBar(frame, look, controller.standing, self._stands, around.order_sheet)
        self.holds.widget.pack(side="bottom", fill="x")
        yield LONG
        self.timeline = Timeline(frame, look, self._model, self._pictures, self)
        self.timeline.widget.pack(side="top", fill="both", expand=True)
        self.reader: TextViewer | None = None
        """The long text that was read last."""
        self.files = Files(
            self._root, look, controller, self._pictures, self._clipboard, self.toast.say
        )
        yield None
        self._drops = DropVeil(frame, look, self.files_dropped)
        self.alone(False)
        self._restyle()

    # --- showing ----------------------------------------------------------------

    def show(self, part: Part) -> None:
        """Draw what changed."""
        model = self._model
        if part & (Part.ROOMS | Part.PEOPLE | Part.TYPING | Part.LINK | Part.ME | Part.ORDER):
            self.title.draw()
        if part & (Part.ROOMS | Part.TIMELINE | Part.PEOPLE):
            self.composer.set_room(model.room)
        if part & (Part.ORDER | Part.ROOMS | Part.PEOPLE):
            self.holds.show()
            self.hand.show()
        if part & (Part.TIMELINE | Part.ROOMS | Part.TRANSFERS):
            self.timeline.show()
        if Part.TRANSFERS in part:
            self.composer.show_transfers(model.transfers.values())
            self.files.progress()

    def _stands(self, stand: Standing) -> None:
        """One may do something else than before."""
        self.composer.hold(not stand.may_say)

    def alone(self, alone: bool) -> None:
        """There is room for this part only: offer the way back to the rooms."""
        self.title.alone = alone
        if alone:
            self._back.widget.pack(side="left", padx=(self._look.px(8), 0), before=self._first())
        else:
            self._back.widget.pack_forget()
        self.title.draw()

    def _first(self) -> tk.Misc:
        slaves = [one for one in self._header.pack_slaves() if one is not self._back.widget]
        return slaves[0]

    def restyle(self) -> Steps:
        """Draw everything in the palette of now."""
        self._restyle()
        self.holds.restyle()
        for one in self._icons:
            one.restyle()
            yield None
        yield LONG
        self.composer.restyle()
        yield LONG
        self.timeline.restyle()
        yield None
        self.toast.restyle()

    def _restyle(self) -> None:
        palette = self._look.palette
        self._header.configure(bg=palette.card)
        self._rule.configure(bg=palette.line)
        self.title.draw()

    def close(self) -> None:
        """Stop what goes on."""
        self.toast.close()
        self.files.close()
        if self.reader is not None:
            self.reader.close()

    def place_of_more(self) -> tuple[int, int]:
        """Return where the menu of the room pops up."""
        widget = self.more_button.widget
        return widget.winfo_rootx(), widget.winfo_rooty() + widget.winfo_height()

    # --- what messages ask for --------------------------------------------------

    def reply(self, entry: Entry) -> None:
        """Answer a message."""
        self.composer.reply_to(entry)

    def edit(self, entry: Entry) -> None:
        """Write a message of one's own anew."""
        self.composer.edit(entry)

    def delete(self, entries: Sequence[Entry]) -> None:
        """Take messages of one's own back, after asking."""
        seqs = [one.seq for one in entries if one.own and one.seq]
        if not seqs:
            return
        # Another room may be open when the answer comes: its messages have the same numbers.
        tr, room = self._look.tr, self._model.room
        ask(
            self._root, self._look, tr("main.delete_title", n=len(seqs)), tr("main.delete_text"),
            [(tr("main.delete_do"), "danger", lambda: self._controller.delete(seqs, room)),
             (tr("general.cancel"), "quiet", lambda: None)],
        )  # fmt: skip

    def standing(self) -> Standing:
        """Tell what one may do in the open room."""
        return self._controller.standing()

    def may_write_to(self, person: bytes) -> bool:
        """Tell whether the rules of rooms let one write to somebody privately."""
        return self._controller.may_write_to(person)

    def remove(self, entries: Sequence[Entry]) -> None:
        """Take messages of others back for everybody, after asking."""
        self._around.remove(entries)

    def forward(self, entries: Sequence[Entry]) -> None:
        """Pass messages on to a room that is asked for."""
        seqs = [one.seq for one in entries if one.seq]
        if not seqs:
            return

        where = self._model.room

        def to(room: Room) -> None:
            self._controller.forward(seqs, room.room, where)
            name = clean(self._model.title(room))
            self.toast.say(self._look.tr("main.forwarded", n=len(seqs), room=name))

        ForwardSheet(self._root, self._look, self._model, len(seqs), to)

    def react(self, entry: Entry, emoji: str) -> None:
        """Add one's reaction, or take it away."""
        self._controller.react(entry.seq, emoji)

    def pick_reaction(self, entry: Entry, x: int, y: int) -> None:
        """Choose an emoji beside a place of the screen, then react with it."""
        room = self._model.room
        self._around.pick_emoji(x, y, lambda emoji: self._controller.react(entry.seq, emoji, room))

    def copy(self, text: str) -> None:
        """Put a text into the clipboard."""
        self._clipboard.put_text(text)
        self.toast.say(self._look.tr("main.copied"))

    def open_picture(self, entry: Entry) -> None:
        """Look at a picture."""
        self.files.view(entry)

    def save(self, entry: Entry) -> None:
        """Save the picture or file of a message under a name."""
        self.files.save(entry)

    def open_file(self, entry: Entry) -> None:
        """Fetch a file, then offer to open it."""
        self.files.open(entry)

    def open_text(self, entry: Entry) -> None:
        """Show a long text by itself."""
        self.reader = TextViewer(self._root, self._look, clean(entry.nick), entry.words)

    def open_link(self, url: str) -> None:
        """Ask, with the host that it really leads to; then have the system open an address."""
        link, tr = link_of(url), self._look.tr
        if link is None:
            return

        def work() -> None:
            if not start(link.argument):
                self.toast.say(tr("archive.opener_missing"), True)

        whole = link.url if len(link.url) <= _ADDRESS_CHARS else f"{link.url[:_ADDRESS_CHARS]}…"
        # The host stands where it is broken into lines: its end says whose it is.
        leads = f"{tr('timeline.open_leads', host=link.host)}\n\n{clean(whole)}"
        ask(
            self._root, self._look, tr("timeline.open_title"), leads,
            [(tr("timeline.open_do"), "main", work),
             (tr("general.cancel"), "quiet", lambda: None)],
        )  # fmt: skip

    def jump(self, seq: int) -> None:
        """Go to a message, wherever in the room it is."""
        self._controller.jump(seq)

    def retry(self, entry: Entry) -> None:
        """Send a refused message anew."""
        self._controller.retry(entry)

    def discard(self, entry: Entry) -> None:
        """Throw a refused message away."""
        self._controller.discard(entry)

    def person(self, entry: Entry, x: int, y: int) -> None:
        """Offer what can be done with the author of a message."""
        known = self._model.person(entry.person)
        self._around.person_menu(known or PersonInfo(entry.person, entry.nick, False), x, y)

    def direct(self, person: bytes) -> None:
        """Open a direct message with somebody."""
        if person != self._model.me:
            self._controller.direct((person,))

    def cancel(self, request: int) -> None:
        """End a transfer."""
        self._controller.cancel(request)

    def older(self) -> None:
        """Load what is before the first message."""
        self._controller.older()

    def newer(self) -> None:
        """Load what is after the last message."""
        self._controller.newer()

    def seen(self) -> None:
        """Everything up to the newest message was seen."""
        self._controller.seen()

    def to_end(self) -> None:
        """Load the newest messages."""
        self._controller.to_end()

    def files_dropped(self, paths: Sequence[Path]) -> None:
        """Send files that were dropped on the messages."""
        self.composing.files_dropped(paths)

    def mention(self, person: PersonInfo) -> None:
        """Write somebody's name into the message."""
        self.composer.insert(f"@{clean(person.nick)} ")
        self.composer.focus()

    def pick_emoji(self) -> None:
        """Choose an emoji to write."""
        button = self.composer.emoji_button.widget
        self.composing.pick_emoji(button.winfo_rootx(), button.winfo_rooty())

    @property
    def covered(self) -> bool:
        """Whether a picture or a long text covers the whole window."""
        return self.files.viewer is not None or (self.reader is not None and self.reader.open)

    def uncover(self) -> bool:
        """Close what covers the window; return whether there was anything."""
        if self.files.viewer is not None:
            self.files.close()
            return True
        if self.reader is not None and self.reader.open:
            self.reader.close()
            return True
        return False

    def escape(self) -> bool:
        """Close what lies over the messages; return whether there was anything."""
        if self.toast.text:
            self.toast.hide()
            return True
        return False
