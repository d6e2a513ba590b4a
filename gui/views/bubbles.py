"""Paints one row of the timeline: day line, bubble, name, words, thumbnail, time and state.

Knows nothing of scrolling. Every item of a row carries the tag ``row<key>``;
what can be clicked stands in ``hot``. Belongs to the Tk thread.
"""

import logging
import tkinter as tk
import webbrowser
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from PIL import Image, ImageTk

from gui.look import Look
from gui.pictures import Pictures, rounded
from gui.room import Entry, State
from gui.rowlayout import MORE_WORDS, Box, Row, Shape
from gui.theme import AVATAR, BUBBLE_RADIUS, person_colour

log = logging.getLogger(__name__)


class RowPainter:
    """Paints rows on a canvas, and keeps the thumbnails of one room."""

    def __init__(
        self,
        canvas: tk.Canvas,
        look: Look,
        pictures: Pictures,
        on_thumb: Callable[[int], None],
        on_picture: Callable[[Entry], None],
        on_text: Callable[[Entry], None],
    ) -> None:
        """``on_thumb`` gets the key of a row whose thumbnail is decoded: paint it again."""
        self._canvas = canvas
        self._look = look
        self._pictures = pictures
        self._on_thumb = on_thumb
        self._on_picture = on_picture
        self._on_text = on_text
        self._age = 0
        self._thumbs: dict[int, Image.Image | None] = {}
        self._photos: dict[tuple[int, str], ImageTk.PhotoImage] = {}
        self.hot: dict[int, Callable[[], None]] = {}
        """What a click on a canvas item does."""

    def forget(self) -> None:
        """Another room is shown: its keys mean other messages."""
        self._age += 1
        self._thumbs.clear()
        self._photos.clear()

    def restyle(self) -> None:
        """Another palette: thumbnails are blended anew."""
        self._photos.clear()

    def erase(self, key: int) -> None:
        """Take a row away."""
        for item in self._canvas.find_withtag(f"row{key}"):
            self.hot.pop(item, None)
        self._canvas.delete(f"row{key}")

    def hot_at(self, x: int, y: int) -> Callable[[], None] | None:
        """Return what a click there does, or None."""
        for item in reversed(self._canvas.find_overlapping(x, y, x, y)):
            if item in self.hot:
                return self.hot[item]
        return None

    def paint(self, row: Row, shape: Shape, y: int) -> None:
        """Paint a row whose top is at ``y``."""
        canvas, look, palette, px = self._canvas, self._look, self._look.palette, self._look.px
        entry, width = row.entry, canvas.winfo_width()
        tags = (f"row{entry.key}", "row")
        ruler = look.fonts
        if row.day:
            self._pill(row.day, y + shape.day_y, tags)
        if shape.notice is not None:
            for number, line in enumerate(shape.notice.lines):
                at = (
                    (width - line.width) // 2,
                    y + shape.notice_y + number * shape.notice.line_height,
                )
                colours = (palette.quiet, palette.quiet, palette.chat)
                look.line(canvas, at, line, colours, "small", tags)
            return
        box = shape.bubble
        if box is None:
            return
        fill = palette.ours if entry.own else palette.theirs
        ink = palette.on_ours if entry.own else palette.text
        quiet = palette.quiet_ours if entry.own else palette.quiet
        links = palette.link_ours if entry.own else palette.link
        placed = Box(box.x, y + box.y, box.w, box.h)
        look.bubble(canvas, placed, px(BUBBLE_RADIUS), fill, palette.chat, tags)
        if shape.avatar is not None:
            at = (shape.avatar[0], y + shape.avatar[1])
            who = (entry.person, entry.nick)
            look.avatar(canvas, at, px(AVATAR), who, palette.chat, tags)
        if shape.name is not None:
            at = (shape.name_at[0], y + shape.name_at[1])
            colour = person_colour(palette, entry.person)
            look.line(canvas, at, shape.name, (colour, colour, fill), "name", tags)
        if shape.picture is not None:
            self._draw_thumb(entry, shape.picture, y, fill, tags)
        if shape.block is not None:
            for number, line in enumerate(shape.block.lines):
                at = (shape.block_at[0], y + shape.block_at[1] + number * shape.block.line_height)
                for item, url in look.line(canvas, at, line, (ink, links, fill), "body", tags):
                    self.hot[item] = partial(_browse, url)
        if shape.more_at is not None:
            item = canvas.create_text(
                shape.more_at[0], y + shape.more_at[1], text=MORE_WORDS, anchor="nw",
                fill=links, font=ruler.named("name"), tags=tags,
            )  # fmt: skip
            self.hot[item] = lambda: self._on_text(entry)
        if shape.reason is not None:
            for number, line in enumerate(shape.reason.lines):
                top = y + shape.reason_at[1] + number * shape.reason.line_height
                at = (shape.reason_at[0], top)
                bad = (palette.danger, palette.danger, fill)
                look.line(canvas, at, line, bad, "small", tags)
        failed = entry.state is State.FAILED
        canvas.create_text(
            shape.meta_at[0], y + shape.meta_at[1], text=shape.meta, anchor="ne",
            fill=palette.danger if failed else quiet, font=ruler.named("small"), tags=tags,
        )  # fmt: skip

    def _pill(self, words: str, middle: int, tags: tuple[str, ...]) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        wide = look.fonts.width("small", words) + px(24)
        width = self._canvas.winfo_width()
        box = Box((width - wide) // 2, middle - px(12), wide, px(24))
        look.bubble(self._canvas, box, px(12), palette.pill, palette.chat, tags)
        self._canvas.create_text(
            width // 2, middle, text=words, fill=palette.on_pill,
            font=look.fonts.named("small"), tags=tags,
        )  # fmt: skip

    def _draw_thumb(
        self, entry: Entry, box: Box, y: int, below: str, tags: tuple[str, ...]
    ) -> None:
        canvas, palette = self._canvas, self._look.palette
        key = entry.key
        photo = self._photos.get((key, below))
        if photo is None:
            image = self._thumbs.get(key)
            if image is not None:
                if image.size != (box.w, box.h):
                    image = image.resize((box.w, box.h), Image.Resampling.BILINEAR)
                photo = self._look.art.photo(rounded(image, self._look.px(6), below))
                self._photos[key, below] = photo
            elif key not in self._thumbs:
                self._thumbs[key] = None
                self._load_thumb(entry, box)
        if photo is not None:
            item = canvas.create_image(box.x, y + box.y, image=photo, anchor="nw", tags=tags)
        else:
            item = canvas.create_rectangle(
                box.x, y + box.y, box.x + box.w, y + box.y + box.h,
                fill=palette.pill, width=0, tags=tags,
            )  # fmt: skip
        self.hot[item] = lambda: self._on_picture(entry)

    def _load_thumb(self, entry: Entry, box: Box) -> None:
        age, key = self._age, entry.key
        thumb = entry.body.get("thumb")
        if not isinstance(thumb, bytes):
            return

        def done(image: Image.Image | None, _problem: str) -> None:
            if age == self._age and image is not None:
                self._thumbs[key] = image
                self._on_thumb(key)

        self._pictures.decode(thumb, (box.w, box.h), done, grow=True)


def _browse(url: str) -> None:
    if urlsplit(url).scheme in ("http", "https"):
        log.info("event=link_opened")
        webbrowser.open(url)
