"""What can be done with a message: a row of quick reactions, and lines with a sign each.

A canvas over the window rather than a Tk menu, which cannot show emoji. It holds the
mouse and the keyboard while it is open; a click beside it or Esc closes it. Belongs to
the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gui.chat.room import Entry, State
from gui.chat.standing import Standing
from gui.paint.look import Look
from gui.paint.slices import Steps
from gui.text.rowlayout import Box
from gui.text.selection import copied_whole, selectable
from gui.text.textlayout import one_line
from gui.views.timeline.acts import MessageActs
from gui.views.timeline.glyphs import Glyphs
from gui.views.timeline.messagekeys import may_change, may_remove
from protocol.codes import EventKind

if TYPE_CHECKING:
    from gui.views.timeline.timeline import Timeline

QUICK = ("\U0001f44d", "\u2764\ufe0f", "\U0001f602", "\U0001f62e", "\U0001f622", "\U0001f64f")
LINE = 36
"""Height of a line at 100 %."""
CELL = 38
WIDTH_MIN = 220


@dataclass(frozen=True, slots=True)
class Choice:
    """One line, or one quick reaction: then ``sign`` is the emoji and there are no words."""

    name: str
    sign: str
    words: str
    work: Callable[[], None]
    danger: bool = False


class MessageMenu:
    """One menu for all messages of a timeline."""

    def __init__(
        self, canvas: tk.Canvas, look: Look, timeline: "Timeline", acts: MessageActs,
        glyphs: Glyphs,
    ) -> None:  # fmt: skip
        """It is made here, and shown by :meth:`show`."""
        self._over = canvas
        self._look = look
        self._timeline = timeline
        self._acts = acts
        self._glyphs = glyphs
        self._at: tuple[int, int] | None = None
        self._boxes: list[list[Box]] = []
        self.lines: list[list[Choice]] = []
        """What it offers: reactions side by side in the first one, then one in each."""
        self.open = False
        self.widget = tk.Canvas(canvas.winfo_toplevel(), bd=0, takefocus=1, cursor="hand2")
        bind = self.widget.bind
        bind("<Map>", self._mapped)
        bind("<Motion>", lambda e: self._point(self._cell_at(e.x, e.y)))
        bind("<Button>", self._press)
        bind("<ButtonRelease-1>", self._release)
        bind("<ButtonRelease-3>", self._release)
        bind("<KeyPress>", self._key)
        bind("<FocusOut>", lambda _: self.hide())

    def close(self) -> None:
        """End it for good."""
        if self.widget.winfo_exists():
            self.widget.destroy()

    # --- what it offers -----------------------------------------------------

    def show(self, entry: Entry, x: int, y: int, link: str = "", by_key: bool = False) -> None:
        """Open for a message at a place of the timeline; ``link`` is the address there."""
        if entry.kind == EventKind.NOTICE or self._over.winfo_width() < 2:
            return
        stand = self._acts.standing()
        lines = [[one] for one in self._lines(entry, link, stand)]
        if entry.seq and selectable(entry) and stand.may_react:
            lines.insert(0, self._reactions(entry))
        if not lines:
            return
        self.lines = lines
        self._at = (0, 0) if by_key else None
        width, height = self._measure()
        top = self.widget.master
        left = self._over.winfo_rootx() - top.winfo_rootx() + x
        down = self._over.winfo_rooty() - top.winfo_rooty() + y
        if down + height > top.winfo_height():
            down = max(0, down - height)
        left = max(0, min(left, top.winfo_width() - width))
        palette = self._look.palette
        self.widget.configure(
            width=width - 2, height=height - 2, bg=palette.card, highlightthickness=1,
            highlightbackground=palette.line, highlightcolor=palette.line,
        )  # fmt: skip
        self._draw()
        self.open = True
        self.widget.place(x=left, y=down)
        tk.Misc.lift(self.widget)
        self.widget.focus_set()

    def hide(self) -> None:
        """Close it; the timeline gets the keyboard back."""
        if self.open:
            self.open = False
            self.widget.grab_release()
            self.widget.place_forget()
            if self.widget.focus_lastfor() is self.widget:
                self._timeline.widget.focus_set()

    def place_of(self, name: str) -> Box | None:
        """Return where a line stands in the window, by its name (an emoji, of a reaction)."""
        for line, boxes in zip(self.lines, self._boxes, strict=False):
            for choice, box in zip(line, boxes, strict=True):
                if choice.name == name and self.open:
                    return box
        return None

    def _reactions(self, entry: Entry) -> list[Choice]:
        acts = self._acts

        def react(emoji: str) -> Callable[[], None]:
            return lambda: acts.react(entry, emoji)

        def pick() -> None:
            acts.pick_reaction(entry, self.widget.winfo_rootx(), self.widget.winfo_rooty())

        quick = [Choice(emoji, emoji, "", react(emoji)) for emoji in QUICK]
        return [*quick, Choice("more", "more", "", pick)]

    def _lines(self, entry: Entry, link: str, stand: Standing) -> list[Choice]:
        """Return the lines for a message, in their order."""
        acts, timeline, tr = self._acts, self._timeline, self._look.tr
        found: list[Choice] = []

        def add(
            name: str, sign: str, work: Callable[[], None], danger: bool = False, words: str = ""
        ) -> None:
            said = words or tr(f"timeline.menu_{name}")
            found.append(Choice(name, sign, said, work, danger))

        here = selectable(entry)
        chosen = timeline.selected_entries() if timeline.selection else []
        several = chosen if len(chosen) > 1 and entry in chosen else [entry]
        if entry.state is State.FAILED:
            add("retry", "again", lambda: acts.retry(entry), words=tr("timeline.retry"))
            add("discard", "delete", lambda: acts.discard(entry), True, tr("timeline.discard"))
        if entry.seq and here and stand.may_say:
            add("reply", "reply", lambda: acts.reply(entry))
        if entry.kind == EventKind.IMAGE and here:
            add("open", "open", lambda: acts.open_picture(entry))
            add("save_picture", "save", lambda: acts.save(entry))
        if entry.kind == EventKind.FILE and here:
            add("open", "open", lambda: acts.open_file(entry))
            add("save_file", "save", lambda: acts.save(entry))
        if timeline.selection and chosen:
            text = timeline.selected_text()
            add("copy_selected", "copy", lambda: timeline.copy(text))
        elif here and entry.words:
            add("copy", "copy", lambda: timeline.copy(copied_whole(tr, entry)))
        if link:
            add("copy_link", "link", lambda: timeline.copy(link))
        if entry.seq and here:
            add("forward", "forward", lambda: acts.forward([e for e in several if e.seq]))
        if not entry.own and self._acts.may_write_to(entry.person):
            words = tr("timeline.menu_direct", who=timeline.name_of(entry))
            add("direct", "person", lambda: acts.direct(entry.person), words=words)
        if may_change(entry) and stand.may_say:
            add("edit", "edit", lambda: acts.edit(entry))
        own = [one for one in several if may_change(one)]
        if own:
            add("delete", "delete", lambda: acts.delete(own), True)
        others = [one for one in several if may_remove(one, stand)]
        if others:
            words = tr("order.remove")
            add("remove", "delete", lambda: acts.remove(others), True, words)
        return found

    # --- drawing ------------------------------------------------------------

    def _measure(self) -> tuple[int, int]:
        """Place all cells; return width and height."""
        look, px = self._look, self._look.px
        widest = px(WIDTH_MIN)
        for line in self.lines:
            if line[0].words:
                words = one_line(line[0].words, px(280), look.fonts, "label")
                widest = max(widest, px(48) + words.width + px(20))
            else:
                widest = max(widest, len(line) * px(CELL) + px(12))
        self._boxes = []
        y = px(6)
        for line in self.lines:
            if line[0].words:
                self._boxes.append([Box(px(6), y, widest - px(12), px(LINE))])
                y += px(LINE)
            else:
                cell = px(CELL)
                gap = (widest - px(12) - len(line) * cell) // max(1, len(line) - 1)
                row = [Box(px(6) + at * (cell + gap), y, cell, cell) for at in range(len(line))]
                self._boxes.append(row)
                y += cell + px(7)
        return widest, y + px(6)

    def _draw(self) -> None:
        self._look.slices.paint(self.widget, self._paint)

    def _paint(self) -> Steps:
        look, palette, px, canvas = self._look, self._look.palette, self._look.px, self.widget
        canvas.delete("all")
        lines, boxes = self.lines, self._boxes
        for r, line in enumerate(lines):
            for c, choice in enumerate(line):
                yield None
                box = boxes[r][c]
                here = self._at == (r, c)
                below = palette.hover if here else palette.card
                if here:
                    round_px = px(8) if choice.words else box.h // 2
                    image = look.shapes.box(box.w, box.h, round_px, below, palette.card)
                    canvas.create_image(box.x, box.y, image=image, anchor="nw")
                ink = palette.danger if choice.danger else palette.text
                if choice.words:
                    side = px(18)
                    quiet = palette.danger if choice.danger else palette.quiet
                    sign = self._glyphs.sign(choice.sign, side, quiet, below)
                    at = (box.x + px(12), box.y + (box.h - side) // 2)
                    canvas.create_image(*at, image=sign, anchor="nw")
                    words = one_line(choice.words, px(280), look.fonts, "label")
                    top = box.y + (box.h - look.fonts.line_height("label")) // 2
                    look.line(
                        canvas, (box.x + px(42), top), words, (ink, ink, below), "label", ()
                    )  # fmt: skip
                    continue
                side = px(24)
                picture = look.art.emoji(choice.sign, side, below)
                if choice.name == "more" or picture is None:
                    name = "more" if choice.name == "more" else "open"
                    picture = self._glyphs.sign(name, side, palette.quiet, below)
                at = (box.x + (box.w - side) // 2, box.y + (box.h - side) // 2)
                canvas.create_image(*at, image=picture, anchor="nw")
            if r == 0 and not line[0].words and len(lines) > 1:
                y = boxes[0][0].y + px(CELL) + px(3)
                canvas.create_rectangle(
                    0, y, canvas.winfo_reqwidth(), y + max(1, px(1)), fill=palette.line, width=0
                )

    # --- mouse and keyboard -------------------------------------------------

    def _mapped(self, _event: object) -> None:
        # Only a window that can be seen may hold the mouse.
        if self.open:
            self.widget.grab_set()

    def _cell_at(self, x: int, y: int) -> tuple[int, int] | None:
        for r, boxes in enumerate(self._boxes):
            for c, box in enumerate(boxes):
                if box.holds(x, y):
                    return r, c
        return None

    def _point(self, at: tuple[int, int] | None) -> None:
        if at != self._at:
            self._at = at
            self._draw()

    def _press(self, event: "tk.Event[tk.Canvas]") -> str:
        inside_x = 0 <= event.x < self.widget.winfo_width()
        if not (inside_x and 0 <= event.y < self.widget.winfo_height()):
            self.hide()
        return "break"

    def _release(self, event: "tk.Event[tk.Canvas]") -> str:
        at = self._cell_at(event.x, event.y)
        if self.open and at is not None:
            self._choose(at)
        return "break"

    def _choose(self, at: tuple[int, int]) -> None:
        work = self.lines[at[0]][at[1]].work
        self.hide()
        work()

    def _key(self, event: "tk.Event[tk.Canvas]") -> str:
        row, column = self._at or (-1, 0)
        match event.keysym:
            case "Escape":
                self.hide()
            case "Return" | "KP_Enter" | "space" if self._at is not None:
                self._choose(self._at)
            case "Down" | "Tab":
                self._point(((row + 1) % len(self.lines), 0))
            case "Up" | "ISO_Left_Tab":
                self._point(((row - 1) % len(self.lines) if row >= 0 else len(self.lines) - 1, 0))
            case "Left" if row >= 0:
                self._point((row, (column - 1) % len(self.lines[row])))
            case "Right" if row >= 0:
                self._point((row, (column + 1) % len(self.lines[row])))
        return "break"
