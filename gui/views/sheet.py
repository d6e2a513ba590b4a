"""A card over the window that asks something: a line to type, buttons, a list.

A frame of the window itself rather than a window of its own: it needs no window
manager, leaves nothing behind and cannot get lost. Esc closes it. Belongs to
the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Any

from gui import kit
from gui.look import Look
from gui.rowlayout import Box
from gui.textlayout import one_line
from gui.views.rowlist import RowList
from protocol.client.happenings import OpenRoom

WIDTH = 400


class Sheet:
    """The empty card with a title; one is shown at a time."""

    def __init__(self, master: tk.Misc, look: Look, title: str) -> None:
        """Place it over ``master``."""
        self._look = look
        palette, px = look.palette, look.px
        self._back = master.focus_get()
        self.shade = tk.Frame(master, bg=palette.chat, bd=0)
        self.shade.place(x=0, y=0, relwidth=1, relheight=1)
        self.card = tk.Frame(
            self.shade, bg=palette.card, bd=0, highlightthickness=1,
            highlightbackground=palette.line, highlightcolor=palette.line,
        )  # fmt: skip
        self.card.place(relx=0.5, rely=0.45, anchor="center", width=px(WIDTH))
        self.title = tk.Label(
            self.card, text=title, bg=palette.card, fg=palette.text, anchor="w",
            font=look.fonts.named("title"),
        )  # fmt: skip
        self.title.pack(fill="x", padx=px(24), pady=(px(20), px(4)))
        self.shade.bind("<Escape>", lambda _: self.close())
        self.open = True

    def words(self, text: str) -> tk.Label:
        """Add a paragraph."""
        palette, px = self._look.palette, self._look.px
        label = tk.Label(
            self.card, text=text, bg=palette.card, fg=palette.quiet, anchor="w", justify="left",
            wraplength=px(WIDTH - 60), font=self._look.fonts.named("label"),
        )  # fmt: skip
        label.pack(fill="x", padx=px(24), pady=(0, px(8)))
        return label

    def field(self, text: str, on_enter: Callable[[], None], hint: str = "") -> Any:
        """Add a line to type in, focused."""
        px = self._look.px
        made = kit.entry(self.card, self._look, hint)
        if text:
            kit.put(made, text)
        made.pack(fill="x", padx=px(24), pady=px(8))
        made.bind("<Return>", lambda _: on_enter())
        made.bind("<Escape>", lambda _: self.close())
        made.after_idle(made.focus)
        return made

    def problem(self) -> tk.Label:
        """Add a line that can say what went wrong."""
        label = self.words("")
        label.configure(fg=self._look.palette.danger)
        return label

    def buttons(self, choices: Sequence[tuple[str, str, Callable[[], None]]]) -> list[Any]:
        """Add buttons (words, kind, work), the first one at the right."""
        px = self._look.px
        row = tk.Frame(self.card, bg=self._look.palette.card, bd=0)
        row.pack(fill="x", padx=px(24), pady=(px(8), px(20)))
        made = []
        for text, kind, work in choices:
            one = kit.button(row, self._look, text, work, kind)
            one.pack(side="right", padx=(px(8), 0))
            made.append(one)
        return made

    def close(self) -> None:
        """Take it away and give the focus back."""
        if not self.open:
            return
        self.open = False
        back = self._back
        # Not at once: customtkinter's button still runs its own click after this.
        self.shade.place_forget()
        self.shade.after_idle(self.shade.destroy)
        if back is not None and back.winfo_exists():
            back.focus_set()


def ask(
    master: tk.Misc,
    look: Look,
    title: str,
    text: str,
    choices: Sequence[tuple[str, str, Callable[[], None]]],
) -> Sheet:
    """Ask a question; each choice (words, kind, work) closes the sheet. Esc chooses nothing."""
    sheet = Sheet(master, look, title)
    sheet.words(text)

    def chosen(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            sheet.close()
            work()

        return run

    made = sheet.buttons([(words, kind, chosen(work)) for words, kind, work in choices])
    sheet.shade.after_idle(lambda: made[0].focus() if sheet.open else None)
    made[0].bind("<Return>", lambda _: made[0].invoke())
    made[0].bind("<Escape>", lambda _: sheet.close())
    return sheet


class LineSheet:
    """Asks for one line; ``try_it(text, answer)`` answers "" or what is wrong with it."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        title: str,
        text: str,
        start: str,
        verb: str,
        try_it: Callable[[str, Callable[[str], None]], None],
    ) -> None:
        """Show it with ``start`` in the field; ``verb`` stands on the button."""
        self.sheet = Sheet(master, look, title)
        self.sheet.words(text)
        self.entry = self.sheet.field(start, self.submit)
        self.problem = self.sheet.problem()
        self._try_it = try_it
        self.sheet.buttons([(verb, "main", self.submit), ("Cancel", "quiet", self.sheet.close)])

    def submit(self) -> None:
        """Try what was typed."""
        self._try_it(self.entry.get(), self._answer)

    def _answer(self, reason: str) -> None:
        if not self.sheet.open:
            return
        if reason:
            self.problem.configure(text=reason)
        else:
            self.sheet.close()


class JoinSheet:
    """Lists the open rooms to join, and makes a new one from a typed name."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        join: Callable[[str, Callable[[str], None]], None],
        ask_rooms: Callable[[Callable[[tuple[OpenRoom, ...], str], None]], None],
        show: Callable[[bytes], None],
    ) -> None:
        """``join`` joins or creates by name; ``show`` opens a room that one is in already."""
        self._look = look
        self._join = join
        self._show = show
        self._all: tuple[OpenRoom, ...] = ()
        self.sheet = Sheet(master, look, "Join or create a room")
        self.note = self.sheet.words("Fetching the list of rooms…")
        self.entry = self.sheet.field("", self.submit, "Name of a room")
        self.entry.bind("<KeyRelease>", lambda _: self._filter())
        self.list: RowList[OpenRoom] = RowList(
            self.sheet.card, look, "card", lambda _: look.px(44), self._paint, self._chosen
        )
        self.list.widget.configure(height=look.px(220))
        self.list.widget.pack(fill="x", padx=look.px(16))
        self.problem = self.sheet.problem()
        self.sheet.buttons([("Join", "main", self.submit), ("Cancel", "quiet", self.sheet.close)])
        ask_rooms(self._listed)

    def submit(self) -> None:
        """Join the room whose name was typed; it is created if there is none."""
        self._join(self.entry.get(), self._answer)

    def _listed(self, rooms: tuple[OpenRoom, ...], problem: str) -> None:
        if not self.sheet.open:
            return
        self._all = rooms
        self.note.configure(
            text=problem or "Choose one, or type a new name to create a room of your own."
        )
        self._filter()

    def _filter(self) -> None:
        part = self.entry.get().strip().casefold()
        self.list.set_items([one for one in self._all if part in one.name.casefold()])

    def _chosen(self, room: OpenRoom) -> None:
        if room.joined:
            self.sheet.close()
            self._show(room.room)
        else:
            self._join(room.name, self._answer)

    def _answer(self, reason: str) -> None:
        if not self.sheet.open:
            return
        if reason:
            self.problem.configure(text=reason)
        else:
            self.sheet.close()

    def _paint(self, canvas: tk.Canvas, room: OpenRoom, y: int, width: int, hovered: bool) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        below = palette.card
        if hovered:
            below = palette.hover
            box = Box(0, y, width, px(44))
            look.bubble(canvas, box, px(8), below, palette.card, ())
        people = f"{room.members} {'person' if room.members == 1 else 'people'}"
        if room.joined:
            people += " · joined"
        right = look.fonts.width("small", people) + px(12)
        line = one_line(f"# {room.name}", width - right - px(24), look.fonts, "label")
        top = y + (px(44) - look.fonts.line_height("label")) // 2
        look.line(canvas, (px(12), top), line, (palette.text, palette.text, below), "label", ())
        canvas.create_text(
            width - px(12), y + px(22), text=people, anchor="e", fill=palette.quiet,
            font=look.fonts.named("small"),
        )  # fmt: skip
