"""Looks at a picture over the whole window: while it is fetched, then as large as one likes.

The picture is decoded once, in a worker; ``tiles.py`` shows what is in view of it.
Esc or a click beside the picture closes it. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog
from typing import Any, Final, Protocol

from PIL import Image, ImageTk

from gui.chat.room import Transfer
from gui.desktop.clipboard import Clipboard
from gui.desktop.filenames import save_copy
from gui.keys import letter_of
from gui.paint import zoom
from gui.paint.look import Look
from gui.paint.pictures import Job, PictureError, Pictures, checkered, load
from gui.paint.zoom import Zoom
from gui.text.rowlayout import Box
from gui.text.textlayout import one_line
from gui.views.viewing.tiles import Tiles
from gui.views.viewing.viewerbars import SIDES, TOP, Subject, ViewerBars
from gui.words import wording

NOTCH: Final = 1.25
NOTE_MS: Final = 4000
_DRAGGED: Final = 4
_KEYS: Final = {
    "plus": "+", "equal": "+", "KP_Add": "+", "minus": "-", "KP_Subtract": "-",
    "0": "0", "KP_0": "0", "1": "1", "KP_1": "1",
}  # fmt: skip
_PLACES: Final = {10: "1", 19: "0", 20: "-", 21: "+"}
"""The same keys by their place, for layouts that write something else there (X11)."""


class ViewerActs(Protocol):
    """What the viewer asks for; called in the Tk thread."""

    def step(self, by: int) -> None:
        """Show the picture before (-1) or after (1) this one."""

    def closed(self) -> None:
        """The viewer is gone."""


class PictureViewer:
    """Covers the window; :meth:`show` says what it is about, :meth:`picture` brings it."""

    def __init__(
        self, master: tk.Misc, look: Look, pictures: Pictures, clipboard: Clipboard,
        acts: ViewerActs,
    ) -> None:  # fmt: skip
        """Cover ``master``."""
        self._look = look
        self._pictures = pictures
        self._clipboard = clipboard
        self._acts = acts
        self._back = master.focus_lastfor()
        self._subject = Subject("", "", "")
        self._path: Path | None = None
        self._thumb: ImageTk.PhotoImage | None = None
        self._opening: Job[Any] | None = None
        self._noting = ""
        self._pressed: tuple[int, int] | None = None
        self._dragged = False
        self._words = ""
        self._part = 0.0
        self.request = 0
        """The number of the transfer that brings the picture."""
        self.open = True
        self.canvas = tk.Canvas(
            master, bg=look.palette.veil, highlightthickness=0, bd=0, takefocus=1
        )
        self.bars = ViewerBars(self.canvas, look)
        self.tiles = Tiles(self.canvas, look, pictures, self._origin, self._shown)
        self.canvas.place(x=0, y=0, relwidth=1, relheight=1)
        tk.Misc.lift(self.canvas)
        self._bind()
        self.canvas.focus_set()

    def _bind(self) -> None:
        bind = self.canvas.bind
        bind("<Key>", self._key)
        bind("<Configure>", lambda _: self._resized())
        bind("<Motion>", lambda e: self._hover(e.x, e.y))
        bind("<Button-1>", self._press)
        bind("<B1-Motion>", self._drag)
        bind("<ButtonRelease-1>", self._release)
        bind("<Double-Button-1>", self._double)
        bind("<Triple-Button-1>", self._press)
        bind("<Button-4>", lambda e: self._scale_by(NOTCH, e.x, e.y))
        bind("<Button-5>", lambda e: self._scale_by(1 / NOTCH, e.x, e.y))
        bind(
            "<MouseWheel>",
            lambda e: self._scale_by(NOTCH if e.delta > 0 else 1 / NOTCH, e.x, e.y),
        )

    # --- what it is told --------------------------------------------------

    def show(self, subject: Subject) -> None:
        """Another picture will come: show its thumbnail and that it is being fetched."""
        self._forget()
        self._subject = subject
        self._words = self._look.tr("viewer.fetching")
        self._part = 0.0
        self._draw()
        self._ask_thumb()

    def _ask_thumb(self) -> None:
        """Have the thumbnail made as large as the picture will be."""
        thumb, size = self._subject.thumb, zoom.fit(self._subject.size, self._room()).size
        if thumb and self.canvas.winfo_width() > 1 and self._path is None:
            self._opening = self._pictures.decode(thumb, size, self._thumbed, grow=True)

    def progress(self, transfer: Transfer) -> None:
        """Show how far it is."""
        if transfer.total and self.tiles.zoom is None:
            tr = self._look.tr
            self._part = min(1.0, transfer.done / transfer.total)
            self._words = tr(
                "viewer.fetching_part",
                done=wording.size(tr, transfer.done), total=wording.size(tr, transfer.total),
            )  # fmt: skip
            self._draw()

    def problem(self, text: str) -> None:
        """Say why there is no picture."""
        self._words, self._part = text, 0.0
        self._draw()

    def picture(self, path: Path) -> None:
        """Show the picture of a file."""
        self._path = path
        if self._opening is not None:
            self._opening.cancel()
        self._opening = self._pictures.run(lambda: _levels(path), self._opened)

    def close(self) -> None:
        """Take it away."""
        if not self.open:
            return
        self.open = False
        self._forget()
        back = self._back
        self.canvas.destroy()
        if back is not None and back.winfo_exists():
            back.focus_set()
        self._acts.closed()

    # --- the picture ------------------------------------------------------

    def _forget(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if self._noting:
            self.canvas.after_cancel(self._noting)
            self._noting = ""
        self.tiles.clear()
        self._path = self._thumb = None
        self.bars.note = self.bars.over = ""
        self.canvas.delete("all")

    def _room(self) -> tuple[int, int]:
        """Return the size of what is free for a whole picture."""
        px = self._look.px
        width, height = self.canvas.winfo_width(), self.canvas.winfo_height()
        free = height - px(TOP) - self.bars.bottom(self._subject)
        return max(64, width - px(SIDES) * 2), max(64, free)

    def _origin(self) -> tuple[int, int]:
        return self._look.px(SIDES), self._look.px(TOP)

    def _thumbed(self, image: Image.Image | None, _problem: str) -> None:
        if image is not None and self.tiles.zoom is None:
            self._thumb = self._look.art.photo(checkered(image))
            self._draw()

    def _opened(self, levels: list[Image.Image] | None, problem: str) -> None:
        if not levels:
            self.problem(self._look.tr(problem))
            return
        self.tiles.open(levels, self._room())
        self._draw_bars()

    def _go(self, to: Zoom) -> None:
        before = self.tiles.zoom
        if to != before:
            self.tiles.go(to)
            if before is None or to.scale != before.scale:
                self._draw_bars()

    def _shown(self) -> None:
        self.canvas.delete("wait")

    @property
    def shown_size(self) -> tuple[int, int]:
        """Pixels of the picture as it is shown; (0, 0) while there is none."""
        return self.tiles.size

    def _middle(self) -> tuple[float, float]:
        width, height = self._room()
        return width / 2, height / 2

    # --- drawing ----------------------------------------------------------

    def _resized(self) -> None:
        if self.tiles.zoom is not None:
            self.tiles.go(self.tiles.zoom.resized(self._room()))
        elif self._thumb is None:
            self._ask_thumb()
        self._draw()

    def _draw_bars(self) -> None:
        now = self.tiles.zoom
        self.bars.draw(self._subject, now.scale if now is not None else 0.0)

    def _draw(self) -> None:
        """Draw all but the tiles."""
        canvas, look, palette, px = self.canvas, self._look, self._look.palette, self._look.px
        canvas.delete("wait")
        if not self.shown_size[0]:
            left, top = self._origin()
            width, height = self._room()
            x, y = left + width // 2, top + height // 2
            if self._thumb is not None:
                canvas.create_image(x, y, image=self._thumb, tags="wait")
            line = one_line(self._words, width - px(32), look.fonts, "label")
            box = Box(x - max(line.width + px(48), px(288)) // 2, y - px(36),
                      max(line.width + px(48), px(288)), px(72))  # fmt: skip
            canvas.create_rectangle(
                box.x, box.y, box.x + box.w, box.y + box.h, fill=palette.veil, width=0,
                tags="wait",
            )  # fmt: skip
            ink = (palette.on_veil, palette.on_veil, palette.veil)
            high = look.fonts.line_height("label")
            text_top = y - high // 2 - (px(8) if self._part else 0)
            look.line(canvas, (x - line.width // 2, text_top), line, ink, "label", ("wait",))
            if self._part:
                bar = Box(x - px(120), y + px(16), px(240), px(4))
                look.bubble(canvas, bar, px(2), palette.quiet, palette.veil, ("wait",))
                done = Box(bar.x, bar.y, max(px(4), round(bar.w * self._part)), bar.h)
                look.bubble(canvas, done, px(2), palette.accent, palette.veil, ("wait",))
        self._draw_bars()

    def _note(self, words: str) -> None:
        self.bars.note = words
        if self._noting:
            self.canvas.after_cancel(self._noting)
        self._noting = self.canvas.after(NOTE_MS, self._unnote)
        self._draw_bars()

    def _unnote(self) -> None:
        self._noting = ""
        self.bars.note = ""
        self._draw_bars()

    # --- mouse and keys ---------------------------------------------------

    def _hover(self, x: int, y: int) -> None:
        over = self.bars.at(x, y)
        if over != self.bars.over:
            self.bars.over = over
            self.canvas.configure(cursor="hand2" if over else "")
            self._draw_bars()

    def _press(self, event: "tk.Event[tk.Canvas]") -> None:
        self._pressed = (event.x, event.y)
        self._dragged = False

    def _drag(self, event: "tk.Event[tk.Canvas]") -> None:
        now = self.tiles.zoom
        if self._pressed is None or now is None:
            return
        dx, dy = event.x - self._pressed[0], event.y - self._pressed[1]
        if not self._dragged and max(abs(dx), abs(dy)) < _DRAGGED:
            return
        self._dragged = True
        self._pressed = (event.x, event.y)
        self._go(now.moved(dx, dy))

    def _release(self, event: "tk.Event[tk.Canvas]") -> None:
        pressed, self._pressed = self._pressed, None
        if self._dragged or pressed is None:
            return
        what = self.bars.at(event.x, event.y)
        if what:
            self.act(what)
        elif not self._holds(event.x, event.y):
            self.close()

    def _double(self, event: "tk.Event[tk.Canvas]") -> None:
        now = self.tiles.zoom
        self._pressed = None
        if self.bars.at(event.x, event.y):
            # Two quick clicks on a sign are two clicks.
            self._press(event)
        elif now is not None and now.fits:
            left, top = self._origin()
            self._go(now.at(1.0 if now.scale < 0.999 else 2.0, event.x - left, event.y - top))
        elif now is not None:
            self.act("fit")

    def _holds(self, x: int, y: int) -> bool:
        left, top = self._origin()
        now = self.tiles.zoom
        return now is not None and now.holds(x - left, y - top)

    def _scale_by(self, factor: float, x: float, y: float) -> None:
        now = self.tiles.zoom
        if now is not None:
            left, top = self._origin()
            self._go(now.at(now.scale * factor, x - left, y - top))

    def _key(self, event: "tk.Event[tk.Canvas]") -> str | None:
        state = event.state if isinstance(event.state, int) else 0
        if state & 4:
            letter = letter_of(event.keycode, event.keysym) or event.keysym.lower()
            if letter in ("s", "c"):
                self.act("save" if letter == "s" else "copy")
                return "break"
            return None
        what = {
            "Escape": "close", "Left": "older", "Right": "newer", "Tab": "stay",
            "ISO_Left_Tab": "stay", "Up": "up", "Down": "down",
        }.get(event.keysym, "")  # fmt: skip
        if not what:
            sign = _KEYS.get(event.keysym, "")
            if not sign and self._look.fonts.on_x11:
                sign = _PLACES.get(event.keycode, "")
            what = {"+": "zoom_in", "-": "zoom_out", "0": "fit", "1": "whole"}.get(sign, "")
        if not what:
            return None
        self.act(what)
        return "break"

    def act(self, what: str) -> None:
        """Do what a key or a sign means."""
        now = self.tiles.zoom
        if what == "close":
            self.close()
        elif what in ("older", "newer"):
            there = self._subject.older if what == "older" else self._subject.newer
            if there:
                self._acts.step(-1 if what == "older" else 1)
        elif now is None:
            return
        elif what in ("zoom_in", "zoom_out"):
            left, top = self._origin()
            x, y = self._middle()
            self._scale_by(NOTCH if what == "zoom_in" else 1 / NOTCH, x + left, y + top)
        elif what in ("up", "down"):
            self._go(now.moved(0, self._look.px(80 if what == "up" else -80)))
        elif what == "whole" or (what == "zoom" and now.fits and now.scale < 0.999):
            self._go(now.at(1.0, *self._middle()))
        elif what in ("fit", "zoom"):
            self._go(zoom.fit(now.picture, now.window))
        elif what == "save":
            self._save()
        elif what == "copy" and self._path is not None:
            self._clipboard.put_picture(self._path, self._copied)

    # --- save and copy ----------------------------------------------------

    def _save(self) -> None:
        source = self._path
        name = filedialog.asksaveasfilename(parent=self.canvas, initialfile=self._subject.name)
        if not name or source is None or not self.open:
            return
        target = Path(name)
        self._pictures.run(lambda: save_copy(source, target), self._saver(target))

    def _saver(self, target: Path) -> Callable[[str | None, str], None]:
        tr = self._look.tr

        def done(reason: str | None, _problem: str) -> None:
            if self.open:
                words = tr("viewer.saved", name=target.name)
                self._note(tr("viewer.unsaved", reason=reason) if reason else words)

        return done

    def _copied(self, problem: str) -> None:
        if self.open:
            name = problem or "viewer.copied"
            self._note(self._look.tr(name, package=self._clipboard.package))


def _levels(path: Path) -> list[Image.Image]:
    """In a worker: return a picture, opaque, and smaller copies of it."""
    made = checkered(load(path))
    if made.width < 1 or made.height < 1:
        raise PictureError("viewer.not_a_picture")
    return zoom.levels(made)
