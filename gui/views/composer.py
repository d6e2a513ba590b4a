"""Where messages are written: Enter sends, Shift+Enter breaks the line; the limit is counted.

A plain Tk text field that grows with its lines, a button for pictures, and a
strip above for what is on its way up. Drafts are kept per room. Belongs to the
Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Iterable
from typing import Literal

from gui import emoji, wording
from gui.kit import IconButton
from gui.look import Look
from gui.room import Transfer
from gui.rowlayout import Box
from gui.textlayout import one_line
from protocol.limits import TEXT_MAX_CHARS

LINES_MAX = 8
COUNT_FROM = TEXT_MAX_CHARS - 400
"""The counter shows from here on: before, nobody needs it."""
STRIP = 40
STRIPS_MAX = 4
"""Pictures shown at a time; further ones wait out of sight."""


class Composer:
    """The bottom of the main window; ``widget`` is the frame to place."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        on_send: Callable[[str], str],
        on_image: Callable[[], None],
        on_cancel: Callable[[int], None],
        tell: Callable[[str], None],
    ) -> None:
        """``on_send`` returns "" or why it was not sent; ``on_cancel`` gets a transfer."""
        self._look = look
        self._on_send = on_send
        self._on_cancel = on_cancel
        self._room = b""
        self._drafts: dict[bytes, str] = {}
        self._places: list[tuple[int, int]] = []
        px = look.px
        self.widget = tk.Frame(master, bd=0)
        self._strip = tk.Canvas(self.widget, highlightthickness=0, bd=0, height=1)
        self._strip.bind("<ButtonRelease-1>", self._strip_clicked)
        self._strip.bind("<Configure>", lambda _: self._draw_strip())
        self._ups: list[Transfer] = []
        self._line = tk.Frame(self.widget, height=1, bd=0)
        self._line.pack(side="top", fill="x")
        self._row = tk.Frame(self.widget, bd=0)
        self._row.pack(side="bottom", fill="x", padx=px(12), pady=px(10))
        self.image_button = IconButton(
            self._row, look, "image", on_image, "card", "Send a picture (Ctrl+O)", tell
        )
        self.image_button.widget.pack(side="left", anchor="s")
        self.send_button = IconButton(
            self._row, look, "send", self.send, "card", "Send (Enter)", tell
        )
        self.send_button.ink = "accent"
        self.send_button.widget.pack(side="right", anchor="s")
        self._count = tk.Label(self._row, bd=0, font=look.fonts.named("small"))
        self._count.pack(side="right", anchor="s", padx=px(8), pady=px(8))
        self.text = tk.Text(
            self._row, height=1, width=10, wrap="word", bd=0, undo=True, maxundo=200,
            highlightthickness=0, font=look.fonts.named("body"), padx=px(12), pady=px(8),
        )  # fmt: skip
        self.text.pack(side="left", fill="x", expand=True, padx=px(8))
        self._corners = {
            which: tk.Label(self.text, bd=0, padx=0, pady=0) for which in ("nw", "ne", "sw", "se")
        }
        self._hint = tk.Label(self.text, bd=0, cursor="xterm", font=look.fonts.named("body"))
        self._hint.bind("<Button-1>", lambda _: self.text.focus_set())
        self.text.bind("<Return>", self._enter)
        self.text.bind("<KP_Enter>", self._enter)
        self.text.bind("<Shift-Return>", self._break)
        self.text.bind("<Control-Return>", self._break)
        if not look.fonts.draws_emoji:
            self.text.bind("<<Paste>>", self._paste_safely)
        self.text.bind("<<Modified>>", self._modified)
        self.text.bind("<Configure>", lambda _: self._fit())
        self.restyle()
        self._fit()

    # --- text -------------------------------------------------------------

    def words(self) -> str:
        """Return what is written."""
        return self.text.get("1.0", "end-1c")

    def put(self, text: str) -> None:
        """Replace what is written."""
        self.text.delete("1.0", "end")
        self.text.insert("1.0", text)
        self.text.edit_reset()
        self._fit()

    def set_room(self, room: bytes, title: str) -> None:
        """Another room is open: keep the draft of the last one and bring back its own."""
        self._hint.configure(text=f"Message to {emoji.without(title)[:40]}" if room else "")
        if room == self._room:
            return
        self._drafts[self._room] = self.words()
        self._room = room
        self.put(self._drafts.pop(room, ""))

    def send(self) -> None:
        """Send what is written; if it cannot be, it stays and the counter says why."""
        words = self.words()
        if not words.strip():
            return
        reason = self._on_send(words)
        if reason:
            self._count.configure(text=reason, fg=self._look.palette.danger)
        else:
            self.put("")
        self.text.focus_set()

    def _enter(self, _event: object) -> str:
        self.send()
        return "break"

    def _break(self, _event: object) -> str:
        self.text.insert("insert", "\n")
        self.text.see("insert")
        return "break"

    def _paste_safely(self, _event: object) -> str:
        """An emoji would end the process here (an old libXft): paste a plain sign instead."""
        try:
            words = self.text.clipboard_get()
        except tk.TclError:
            return "break"
        self.text.insert("insert", emoji.without(words))
        return "break"

    def _modified(self, _event: object) -> None:
        if self.text.edit_modified():
            self.text.edit_modified(False)
            self._fit()

    def _fit(self) -> None:
        words = self.words()
        lines = self.text.count("1.0", "end", "displaylines")
        shown = lines[0] if isinstance(lines, tuple) else lines
        self.text.configure(height=max(1, min(LINES_MAX, int(shown or 1))))
        left = TEXT_MAX_CHARS - len(words)
        counted = len(words) >= COUNT_FROM
        self._count.configure(
            text=f"{len(words):,} / {TEXT_MAX_CHARS:,}" if counted else "",
            fg=self._look.palette.danger if left < 0 else self._look.palette.quiet,
        )
        if words:
            self._hint.place_forget()
        else:
            # Tk counts from inside the field's padding.
            self._hint.place(x=0, y=0)

    # --- what is on its way up --------------------------------------------

    def show_transfers(self, transfers: Iterable[Transfer]) -> None:
        """Draw the pictures that are being sent, each with a way to cancel it."""
        self._ups = [one for one in transfers if one.up][:STRIPS_MAX]
        if self._ups:
            self._strip.pack(side="top", fill="x", after=self._line)
            self._draw_strip()
        else:
            self._strip.pack_forget()

    def _draw_strip(self) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        strip, ups = self._strip, self._ups
        self._places = []
        strip.configure(height=px(STRIP) * len(ups), bg=palette.card)
        strip.delete("all")
        width = max(px(320), strip.winfo_width())
        for number, one in enumerate(ups):
            y = px(STRIP) * number
            part = min(1.0, one.done / one.total) if one.total else 0.0
            words = f"Sending {one.label}"
            if one.total:
                words += f" – {wording.size(one.done)} of {wording.size(one.total)}"
            line = one_line(words, width - px(112), look.fonts, "small")
            ink = (palette.quiet, palette.quiet, palette.card)
            look.line(strip, (px(20), y + px(6)), line, ink, "small", ())
            bar = Box(px(20), y + px(28), width - px(112), px(4))
            look.bubble(strip, bar, px(2), palette.pill, palette.card, ())
            if part > 0.02:
                done = Box(bar.x, bar.y, max(px(4), round(bar.w * part)), bar.h)
                look.bubble(strip, done, px(2), palette.accent, palette.card, ())
            strip.create_text(
                width - px(20), y + px(20), text="Cancel", anchor="e", fill=palette.link,
                font=look.fonts.named("name"),
            )  # fmt: skip
            self._places.append((y, one.request))

    def _strip_clicked(self, event: "tk.Event[tk.Canvas]") -> None:
        if event.x < self._strip.winfo_width() - self._look.px(84):
            return
        for y, request in self._places:
            if y <= event.y < y + self._look.px(STRIP):
                self._on_cancel(request)

    def restyle(self) -> None:
        """Draw in the palette of now."""
        palette = self._look.palette
        for frame in (self.widget, self._row):
            frame.configure(bg=palette.card)
        self._line.configure(bg=palette.line)
        self._count.configure(bg=palette.card, fg=palette.quiet)
        self._hint.configure(bg=palette.field, fg=palette.quiet)
        self.text.configure(
            bg=palette.field, fg=palette.text, insertbackground=palette.accent,
            selectbackground=palette.accent, selectforeground=palette.on_accent,
        )  # fmt: skip
        sides: tuple[tuple[Literal["nw", "ne", "sw", "se"], int, int], ...] = (
            ("nw", 0, 0), ("ne", 1, 0), ("sw", 0, 1), ("se", 1, 1),
        )  # fmt: skip
        for which, right, low in sides:
            label = self._corners[which]
            radius = self._look.px(10)
            image = self._look.art.corner(radius, palette.field, palette.card, which)
            label.configure(image=image, width=radius, height=radius)
            x, y = -self._look.px(12), -self._look.px(8)
            label.place(
                relx=right, rely=low, anchor=which, x=-x if right else x, y=-y if low else y
            )  # fmt: skip
        self.image_button.restyle()
        self.send_button.restyle()
