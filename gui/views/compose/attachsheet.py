"""Asks before files are sent: what they are, a caption, and whether pictures are shrunk.

What cannot be sent is said at once, file by file. Files are looked at in a worker. Belongs
to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from PIL import ImageTk

from gui.chat.attachments import FILES_MAX, Attachment, Cut, cut, inspect, shrunk_size
from gui.desktop.clipboard import Clipboard, Taken
from gui.paint.controls import CheckBox
from gui.paint.look import Look
from gui.paint.pictures import Job, Pictures
from gui.text.rowlayout import Box
from gui.text.textlayout import clean, one_line
from gui.views.compose.fieldbox import FieldBox
from gui.views.rowlist import RowList
from gui.views.sheet import Sheet
from gui.words import wording
from protocol.limits import CAPTION_MAX_CHARS

WIDTH: Final = 464
ROW: Final = 64
LARGE: Final = 264
"""Height of the row of a picture that is alone."""
ROWS_MAX: Final = 4
_CROSS: Final = 48


class AttachSheet:
    """The sheet; ``on_send`` gets (paths, caption, shrink)."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        pictures: Pictures,
        clipboard: Clipboard,
        paths: Sequence[Path],
        caption: str,
        on_send: Callable[[Sequence[Path], str, bool], None],
        on_cancel: Callable[[str], None],
    ) -> None:
        """``on_cancel`` gets the caption back, also if somebody closes the sheet."""
        self._look = look
        self._pictures = pictures
        self._clipboard = clipboard
        self._on_send = on_send
        self._on_cancel = on_cancel
        self._files: list[Attachment] = []
        self._known: set[Path] = set()
        self._thumbs: dict[Path, dict[tuple[bool, bool], ImageTk.PhotoImage]] = {}
        """Of each picture: (large, lit) → what is shown."""
        self._jobs: list[Job[Any]] = []
        self._sent = False
        px, tr = look.px, look.tr
        self.sheet = Sheet(master, look, "", WIDTH, on_close=self._closed)
        card = self.sheet.card
        self.list: RowList[Attachment] = RowList(
            card, look, "card", self._height, self._paint, self._clicked
        )
        self.list.take_focus()
        for key in ("Delete", "BackSpace"):
            self.list.widget.bind(f"<{key}>", lambda _: self._remove_lit())
        self.list.widget.bind("<Escape>", lambda _: self.sheet.close())
        self.list.widget.pack(fill="x", padx=px(16), pady=(px(4), px(8)))
        self.tick = CheckBox(card, look, tr("composer.shrink"), True, lambda _: self._show())
        self.box = FieldBox(card, look, self._typed, 4)
        self.box.set_hint(tr("composer.caption"))
        self.box.widget.pack(fill="x", padx=px(24), pady=(px(4), px(8)))
        self.problem = self.sheet.problem()
        self.problem.pack_forget()
        self.send_button, _ = self.sheet.buttons(
            [(tr("composer.do_send"), "main", self.send),
             (tr("general.cancel"), "quiet", self.sheet.close)]
        )  # fmt: skip
        self._bind()
        self.box.field.put(caption)
        self.box.restyle()
        self.add(paths)
        self.box.field.widget.after_idle(
            lambda: self.box.field.widget.focus_set() if self.sheet.open else None
        )

    def _bind(self) -> None:
        field = self.box.field

        def key(name: str, work: Callable[[], None]) -> None:
            def now(_event: object) -> str:
                work()
                return "break"

            field.widget.bind(name, now)

        for enter in ("Return", "KP_Enter"):
            key(f"<{enter}>", self.send)
            for with_it in ("Shift", "Control"):
                key(f"<{with_it}-{enter}>", lambda: field.insert("\n"))
        key("<Escape>", self.sheet.close)
        key("<<Paste>>", lambda: self._clipboard.take(self._pasted))

    # --- files ------------------------------------------------------------

    @property
    def files(self) -> Sequence[Attachment]:
        """What is listed."""
        return tuple(self._files)

    def add(self, paths: Sequence[Path]) -> None:
        """List more files, each once."""
        fresh = [path for path in dict.fromkeys(paths) if path not in self._known]
        room = FILES_MAX - len(self._known)
        if len(fresh) > room:
            self._say(self._look.tr("composer.too_many", most=FILES_MAX))
            fresh = fresh[:room]
        self._known.update(fresh)
        self._keep(self._pictures.run(lambda: [inspect(path) for path in fresh], self._inspected))

    def _keep(self, job: Job[Any]) -> None:
        self._jobs.append(job)

    def _inspected(self, found: list[Attachment] | None, _problem: str) -> None:
        self._files += [one for one in found or () if one.path in self._known]
        self._show()
        good = [one for one in reversed(found or ()) if one.picture and not one.problem]
        # The newest request is served first: what is cheap and seen at once comes last.
        for one in good:
            self._keep(self._pictures.run(partial(shrunk_size, one), self._sizer(one)))
        palette, px = self._look.palette, self._look.px
        make = partial(
            cut, large=(self.sheet.width - px(56), px(192)), side=px(48), radius=px(8),
            colours=(palette.card, palette.hover),
        )  # fmt: skip
        for one in good:
            self._keep(self._pictures.run(partial(make, one.path), self._thumber(one)))

    def _sizer(self, one: Attachment) -> Callable[[int | None, str], None]:
        def done(size: int | None, _problem: str) -> None:
            self._files = [
                replace(known, small=size or 0) if known.path == one.path else known
                for known in self._files
            ]
            self._show()

        return done

    def _thumber(self, one: Attachment) -> Callable[[Cut | None, str], None]:
        def done(made: Cut | None, _problem: str) -> None:
            if made is not None:
                photo = self._look.art.photo
                self._thumbs[one.path] = {which: photo(image) for which, image in made.items()}
                self._show()

        return done

    def remove(self, one: Attachment) -> None:
        """Take a file off the list; the last one closes the sheet."""
        self._files = [known for known in self._files if known.path != one.path]
        self._known.discard(one.path)
        self._clipboard.discard(one.path)
        if self._files:
            self._show()
        else:
            self.sheet.close()

    def _remove_lit(self) -> None:
        if 0 <= self.list.lit < len(self._files):
            self.remove(self._files[self.list.lit])

    def _clicked(self, one: Attachment) -> None:
        widget = self.list.widget
        x = widget.winfo_pointerx() - widget.winfo_rootx()
        if widget.winfo_width() - self._look.px(_CROSS) <= x < widget.winfo_width():
            self.remove(one)

    def _pasted(self, taken: Taken) -> None:
        if not self.sheet.open:
            return
        if taken.files or taken.picture is not None:
            self.add(taken.files or (taken.picture,) if taken.picture else taken.files)
        elif taken.problem:
            self._say(self._look.tr(taken.problem, package=self._clipboard.package))
        elif taken.text:
            self.box.field.insert(taken.text)

    # --- sending ----------------------------------------------------------

    def send(self) -> None:
        """Send what can be sent, if the caption is not too long."""
        caption = self.box.field.words().strip()
        over = len(caption) - CAPTION_MAX_CHARS
        if over > 0:
            tr = self._look.tr
            most = tr.number(CAPTION_MAX_CHARS)
            self._say(tr("composer.caption_over", n=over, most=most))
            return
        shrink = self.tick.on
        good = [one.path for one in self._files if not one.trouble(shrink)[0]]
        if good:
            self._sent = True
            self.sheet.close()
            self._on_send(good, caption, shrink)

    def _closed(self) -> None:
        for job in self._jobs:
            job.cancel()
        if not self._sent:
            for one in self._files:
                self._clipboard.discard(one.path)
            self._on_cancel(self.box.field.words())

    # --- what is shown ----------------------------------------------------

    def _typed(self) -> None:
        self._say("")
        self.box.fit()

    def _say(self, words: str) -> None:
        look = self._look
        if words:
            self.problem.configure(text=look.plain(words), font=look.font("label", words))
            self.problem.pack(fill="x", padx=look.px(24), after=self.box.widget)
        else:
            self.problem.pack_forget()

    def _show(self) -> None:
        look, px, tr, files = self._look, self._look.px, self._look.tr, self._files
        if not self.sheet.open:
            return
        good = sum(not one.trouble(self.tick.on)[0] for one in files)
        pictures = sum(one.picture for one in files)
        if not files or pictures < len(files):
            title = tr("composer.files", n=max(1, good))
        else:
            title = tr("composer.pictures", n=good) if good > 1 else tr("composer.picture")
        self.sheet.title.configure(text=look.plain(title), font=look.font("title", title))
        heights = [self._height(one) for one in files]
        self.list.widget.configure(height=min(sum(heights) or px(ROW), px(ROW) * ROWS_MAX + px(8)))
        self.list.set_items(files)
        if pictures:
            self.tick.set_words(tr("composer.shrink_one" if pictures == 1 else "composer.shrink"))
            self.tick.widget.pack(fill="x", padx=px(16), pady=(0, px(4)), before=self.box.widget)
        else:
            self.tick.widget.pack_forget()
        self.send_button.enable(good > 0)

    def _height(self, one: Attachment) -> int:
        large = len(self._files) == 1 and one.picture and not one.problem
        return self._look.px(LARGE if large else ROW)

    def _paint(self, canvas: tk.Canvas, one: Attachment, y: int, width: int, lit: bool) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        height = self._height(one)
        below = palette.hover if lit else palette.card
        if lit:
            look.bubble(canvas, Box(0, y, width, height), px(10), below, palette.card, ())
        large = height > px(ROW)
        left = px(72)
        if large:
            left = px(12)
            self._paint_thumb(canvas, one, (px(12), y + px(8)), (width - px(24), px(192)), lit)
        else:
            self._paint_thumb(canvas, one, (px(12), y + px(8)), (px(48), px(48)), lit)
        room = width - left - px(_CROSS)
        words, ink = self._detail(one)
        high = look.fonts.line_height("label")
        top = y + height - px(56) + (px(48) - high - look.fonts.line_height("small")) // 2
        line = one_line(clean(one.path.name), room, look.fonts, "label")
        look.line(canvas, (left, top), line, (palette.text, palette.text, below), "label", ())
        line = one_line(words, room, look.fonts, "small")
        look.line(canvas, (left, top + high), line, (ink, ink, below), "small", ())
        cross = look.art.icon("close", px(18), palette.text if lit else palette.quiet, below)
        canvas.create_image(width - px(_CROSS) // 2, y + height - px(32), image=cross)

    def _detail(self, one: Attachment) -> tuple[str, str]:
        """Return the line below a name, and its colour."""
        palette, tr = self._look.palette, self._look.tr
        size = wording.size(tr, one.size)
        reason, most = one.trouble(self.tick.on)
        if reason:
            return tr(reason, size=size, most=wording.size(tr, most)), palette.danger
        if one.picture and self.tick.on and one.small:
            return tr(
                "composer.shrunk", size=size, small=wording.size(tr, one.small)
            ), palette.quiet
        return size, palette.quiet

    def _paint_thumb(
        self, canvas: tk.Canvas, one: Attachment, at: tuple[int, int], size: tuple[int, int],
        lit: bool,
    ) -> None:  # fmt: skip
        look, palette = self._look, self._look.palette
        width, height = size
        middle = (at[0] + width // 2, at[1] + height // 2)
        shown = self._thumbs.get(one.path, {}).get((width != height, lit))
        if shown is not None:
            canvas.create_image(*middle, image=shown)
            return
        below = palette.hover if lit else palette.card
        look.bubble(canvas, Box(*at, width, height), look.px(8), palette.field, below, ())
        name = "image" if one.picture else "file"
        icon = look.art.icon(name, look.px(22), palette.quiet, palette.field)
        canvas.create_image(*middle, image=icon)
