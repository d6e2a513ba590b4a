"""Chooses an emoji: a small panel over the window with search, groups and skin tones.

A frame of the window rather than a window of its own, like a sheet. While it is open it
holds Tk's grab, so that a click anywhere else closes it, as with a menu. Made at the first
opening; names are read in a thread. Belongs to the Tk thread.
"""

import threading
import tkinter as tk
from collections.abc import Callable
from typing import Final

from gui.emojis import sheet
from gui.emojis.names import Names, names
from gui.emojis.shortcodes import shortcodes
from gui.paint.look import Look
from gui.paint.slices import LONG, Steps, Work
from gui.text.emoji import QUICK as QUICK
from gui.text.rowlayout import Box
from gui.views.emoji.emojifoot import EmojiFoot
from gui.views.emoji.emojigrid import CELL, EmojiGrid
from gui.views.emoji.emojinothing import EmojiNothing

COLUMNS: Final = 8
HEIGHT: Final = 416
RECENT_MAX: Final = 2 * COLUMNS
ICONS: Final = {
    "recent": "clock", "smileys": "smile", "people": "user", "animals": "leaf", "food": "cup",
    "travel": "car", "activities": "ball", "objects": "bulb", "symbols": "heart", "flags": "flag",
}  # fmt: skip
_EDGE: Final = 8
_SCROLLBAR: Final = 8
_FIELD: Final = 36
_TABS: Final = 40
_AGAIN_MS: Final = 15


class EmojiPicker:
    """The panel of one window; it is shown by :meth:`show` and gives back one emoji."""

    def __init__(
        self,
        root: tk.Misc,
        look: Look,
        recent: Callable[[], tuple[str, ...]],
        tone: Callable[[], int],
        on_tone: Callable[[int], None],
        on_pick: Callable[[str], None],
    ) -> None:
        """``recent`` and ``tone`` (0 to 5) are asked for at each opening; who keeps them is told.

        ``on_pick`` gets the emoji that was chosen, after the panel has gone.
        """
        self._root = root
        self._look = look
        self._recent = recent
        self._tone = tone
        self._on_tone = on_tone
        self._on_pick = on_pick
        self._names: Names | None = None
        self._frame: tk.Frame | None = None
        self._back: tk.Misc | None = None
        self._after = ""
        self._showing: Work | None = None
        self._leaving = ""
        self._focused = False
        self._groups: list[str] = []
        self._tab = 0
        self._over_tab = -1
        self.open = False
        threading.Thread(target=self._read, name="emoji names", daemon=True).start()

    def _read(self) -> None:
        # Of all that this thread touches only the names are this view's.
        shortcodes()
        self._names = names(self._look.tr.language)

    def show(self, x: int, y: int) -> None:
        """Open near a point of the screen, inside the window, with an empty search."""
        if self.open:
            self.hide()
        self.open = True
        self._showing = self._look.slices.build(self._show(x, y))

    def _show(self, x: int, y: int) -> Steps:
        if self._frame is None:
            yield LONG
            yield from self._build()
        yield LONG
        self.foot.reset()
        self.entry.delete(0, "end")
        # What is searched for anew by that is shown at once.
        self._cancel()
        self._search()
        yield LONG
        self._place(x, y)

    def _place(self, x: int, y: int) -> None:
        frame, px = self._frame, self._look.px
        assert frame is not None
        self._back = self._root.focus_lastfor()
        wide, high = self._root.winfo_width(), self._root.winfo_height()
        width = min(px(COLUMNS * CELL + 2 * _EDGE + _SCROLLBAR), wide - px(2 * _EDGE))
        height = min(px(HEIGHT), high - px(2 * _EDGE))
        at_x, at_y = x - self._root.winfo_rootx(), y - self._root.winfo_rooty()
        left = max(px(_EDGE), min(at_x - width // 2, wide - width - px(_EDGE)))
        # Above a point in the lower half, as the composer's button is; below one in the upper.
        top = at_y - height - px(_EDGE) if at_y > high // 2 else at_y + px(_EDGE)
        top = max(px(_EDGE), min(top, high - height - px(_EDGE)))
        frame.place(x=left, y=top, width=width, height=height)
        frame.tkraise()
        self.entry.focus_set()

    def hide(self) -> None:
        """Take it away and give the focus back."""
        if not self.open:
            return
        self._look.slices.finish(self._showing)
        assert self._frame is not None
        # The focus comes after the panel is on the screen, and goes after it has left it.
        self.open = self._focused = False
        self._cancel()
        self._stay()
        self.grid.close()
        self._frame.grab_release()
        self._frame.place_forget()
        back, self._back = self._back, None
        # If something else has it by now, it shall keep it.
        if self._root.focus_lastfor() in (None, self.entry) and back and back.winfo_exists():
            back.focus_set()

    def restyle(self) -> None:
        """Take the palette of now; an open panel closes."""
        self.hide()
        self._drop()

    def close(self) -> None:
        """End it with the view it belongs to."""
        self.hide()
        self._drop()

    def _drop(self) -> None:
        self._cancel()
        if self._frame is not None:
            # Tk holds what it calls, and with it the whole screen.
            self._typed.trace_remove("write", self._trace)
            self._frame.destroy()
            self._frame = None

    def _cancel(self) -> None:
        if self._after:
            self._root.after_cancel(self._after)
            self._after = ""

    def _stay(self) -> None:
        if self._leaving:
            self._root.after_cancel(self._leaving)
            self._leaving = ""

    # The parts.

    def _build(self) -> Steps:
        look, palette, px = self._look, self._look.palette, self._look.px
        frame = tk.Frame(
            self._root, bg=palette.card, bd=0, highlightthickness=1,
            highlightbackground=palette.line, highlightcolor=palette.line,
        )  # fmt: skip
        edge = px(_EDGE) - 1
        self._field = self._canvas(frame, _FIELD)
        self._field.pack(fill="x", padx=edge, pady=(edge, 0))
        self.entry = tk.Entry(
            self._field, bd=0, highlightthickness=0, relief="flat", bg=palette.field,
            fg=palette.text, insertbackground=palette.accent, font=look.fonts.named("label"),
            selectbackground=palette.selection, selectforeground=palette.on_selection,
            disabledbackground=palette.field, insertwidth=px(2),
        )  # fmt: skip
        self._typed = tk.StringVar(frame)
        self.entry.configure(textvariable=self._typed)
        self._trace = self._typed.trace_add("write", lambda *_: self._search_soon())
        yield None
        self._hint = tk.Label(
            self._field, text=look.plain(look.tr("emoji.search")), bg=palette.field,
            fg=palette.quiet, font=look.fonts.named("label"), bd=0, cursor="xterm", padx=0, pady=0,
        )  # fmt: skip
        self._hint.bind("<Button-1>", lambda _: self.entry.focus_set())
        self._field.bind("<Configure>", lambda _: self._draw_field())
        yield None
        self.tabs = self._canvas(frame, _TABS)
        self.tabs.configure(cursor="hand2")
        self.tabs.pack(fill="x", padx=edge)
        self.grid = EmojiGrid(frame, look, self._hovered, self._picked, self._scrolled)
        self.grid.widget.pack(fill="both", expand=True, padx=(edge, 0))
        yield None
        rule = tk.Frame(frame, bg=palette.line, height=1, bd=0)
        rule.pack(fill="x")
        self.foot = EmojiFoot(frame, look, self._tone, self._toned)
        self.foot.widget.pack(fill="x", padx=edge)
        self._empty = EmojiNothing(self.grid.widget, look)
        yield None
        self._bind(frame)
        self._frame = frame

    def _canvas(self, master: tk.Misc, height: int) -> tk.Canvas:
        return tk.Canvas(
            master, height=self._look.px(height), width=1, bd=0, highlightthickness=0,
            bg=self._look.palette.card,
        )  # fmt: skip

    def _bind(self, frame: tk.Frame) -> None:
        # Not before it is on the screen: Tk refuses the grab then.
        frame.bind("<Map>", lambda _: frame.grab_set() if self.open else None)
        for button in (1, 2, 3):
            frame.bind(f"<Button-{button}>", self._outside)
        self.tabs.bind("<Configure>", lambda _: self._draw_tabs())
        self.tabs.bind("<Motion>", lambda e: self._hover_tab(self._tab_at(e.x)))
        self.tabs.bind("<Leave>", lambda _: self._hover_tab(-1))
        self.tabs.bind("<ButtonRelease-1>", lambda e: self._to_tab(self._tab_at(e.x)))
        keys: dict[str, Callable[[], None]] = {
            "<Up>": lambda: self.grid.move(0, -1),
            "<Down>": lambda: self.grid.move(0, 1),
            "<Left>": lambda: self.grid.move(-1, 0),
            "<Right>": lambda: self.grid.move(1, 0),
            "<Prior>": lambda: self._to_tab(self._tab - 1),
            "<Next>": lambda: self._to_tab(self._tab + 1),
            "<Return>": lambda: self._picked(self.grid.selected),
            "<KP_Enter>": lambda: self._picked(self.grid.selected),
            "<Shift-Up>": lambda: self.foot.step(-1),
            "<Shift-Down>": lambda: self.foot.step(1),
            "<Escape>": self._escape,
            # There is nothing else in the panel that the focus could go to.
            "<Tab>": lambda: self._to_tab((self._tab + 1) % len(self._groups)),
            "<<PrevWindow>>": lambda: self._to_tab((self._tab - 1) % len(self._groups)),
        }
        self.entry.bind("<FocusIn>", lambda _: self._came())
        self.entry.bind("<FocusOut>", lambda _: self._left_soon())
        for key, work in keys.items():
            self.entry.bind(key, self._key(work))

    def _escape(self) -> None:
        if not self.foot.calm():
            self.hide()

    @staticmethod
    def _key(work: Callable[[], None]) -> Callable[[object], str]:
        def run(_event: object) -> str:
            work()
            return "break"

        return run

    def _came(self) -> None:
        self._focused = self.open

    def _left_soon(self) -> None:
        if self._focused and not self._leaving:
            self._leaving = self._root.after_idle(self._left)

    def _left(self) -> None:
        self._leaving = ""
        # A shortcut has opened something else: it could not be clicked below the grab.
        if self.open and self._root.focus_get() not in (None, self.entry):
            self.hide()

    def _outside(self, event: "tk.Event[tk.Frame]") -> None:
        frame = event.widget
        inside = 0 <= event.x < frame.winfo_width() and 0 <= event.y < frame.winfo_height()
        if not inside:
            self.hide()

    # Searching.

    def _search_soon(self) -> None:
        self._cancel()
        if self.open:
            self._after = self._root.after_idle(self._search)
        self._draw_hint()

    def _search(self) -> None:
        self._after = ""
        words = self._typed.get().strip()
        if words and self._names is None:
            # Typed within the first moments of the program.
            self._after = self._root.after(_AGAIN_MS, self._search)
            return
        sections = self._sections()
        self._tab = -1 if words else 0
        self.grid.set_sections(sections, 0 if words else -1)
        if words and not self.grid.cells:
            self._empty.widget.place(x=0, y=0, relwidth=1, relheight=1)
        else:
            self._empty.widget.place_forget()
        self._draw_tabs()
        self._hovered(self.grid.selected)

    def _sections(self) -> list[tuple[str, list[str]]]:
        """Return what is to be shown, in the skin tone of now; names must be here for words."""
        known, tr, words = sheet.sheet(), self._look.tr, self._typed.get().strip()
        tone = self._tone()
        if words and self._names is not None:
            found = [known.toned_as(one, tone) for one in self._names.search(words)]
            return [(tr("emoji.found"), found)] if found else []
        recent = [one for one in self._recent() if known.knows(one)][:RECENT_MAX]
        groups = [("recent", recent)] if recent else []
        for name, group in known.groups:
            toned = [known.toned_as(one, tone) for one in group] if tone else list(group)
            groups.append((name, toned))
        self._groups = [name for name, _ in groups]
        return [(tr(f"emoji.{name}"), group) for name, group in groups]

    # What was chosen.

    def _picked(self, sequence: str) -> None:
        if sequence:
            self.hide()
            self._on_pick(sequence)

    def _hovered(self, sequence: str) -> None:
        name = code = ""
        if self._names is not None:
            name, code = self._names.name(sequence), self._names.shortcode(sequence)
        self.foot.show(sequence, name, code)

    def _toned(self, tone: int) -> None:
        self._on_tone(tone)
        if self._names is not None or not self._typed.get().strip():
            # The same hands in another colour: where one is stays where it is.
            self.grid.exchange(self._sections())
            self._hovered(self.grid.selected)

    # The field.

    def _draw_field(self) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        canvas = self._field
        canvas.delete("all")
        width, height = canvas.winfo_width(), canvas.winfo_height()
        look.bubble(canvas, Box(0, 0, width, height), px(10), palette.field, palette.card, ())
        icon = look.art.icon("search", px(18), palette.quiet, palette.field)
        canvas.create_image(px(12), height // 2, image=icon, anchor="w")
        self.entry.place(x=px(38), y=px(4), width=width - px(50), height=height - px(8))
        self._draw_hint()

    def _draw_hint(self) -> None:
        if self._typed.get():
            self._hint.place_forget()
        else:
            self._hint.place(x=self._look.px(41), rely=0.5, anchor="w")

    # The tabs.

    def _tab_at(self, x: int) -> int:
        count = len(self._groups)
        return min(count - 1, x * count // max(1, self.tabs.winfo_width())) if count else -1

    def _hover_tab(self, tab: int) -> None:
        if tab != self._over_tab:
            self._over_tab = tab
            self._draw_tabs()

    def _to_tab(self, tab: int) -> None:
        if 0 <= tab < len(self._groups):
            if self._tab < 0:
                # Away from what was searched for.
                self.entry.delete(0, "end")
                self._cancel()
                self._search()
            self.grid.to_section(tab)
            self._tab = tab
            self._draw_tabs()

    def _scrolled(self, section: int) -> None:
        if self._tab >= 0 and section != self._tab:
            self._tab = section
            self._draw_tabs()

    def _draw_tabs(self) -> None:
        self._look.slices.paint(self.tabs, self._paint_tabs)

    def _paint_tabs(self) -> Steps:
        look, palette, px = self._look, self._look.palette, self._look.px
        canvas, count = self.tabs, len(self._groups)
        canvas.delete("all")
        width, height = canvas.winfo_width(), canvas.winfo_height()
        for tab, name in enumerate(self._groups):
            yield None
            middle = (2 * tab + 1) * width // (2 * count)
            below = palette.card
            if tab == self._over_tab:
                below = palette.hover
                side = px(30)
                box = Box(middle - side // 2, (height - side) // 2, side, side)
                look.bubble(canvas, box, px(8), below, palette.card, ())
            ink = palette.accent if tab == self._tab else palette.quiet
            icon = look.art.icon(ICONS[name], px(20), ink, below)
            canvas.create_image(middle, height // 2, image=icon)
            if tab == self._tab:
                half, thick = px(10), px(2)
                canvas.create_rectangle(
                    middle - half, height - thick, middle + half, height, fill=ink, width=0
                )
