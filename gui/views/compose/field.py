"""A field for texts with emoji: a Tk text that shows them as pictures and never draws one.

Every change of the widget goes through one place (its Tcl command is wrapped), whoever
makes it: keys, an input method, paste, the middle button. So an emoji becomes a picture
before Tk could draw it, and undo, copy and cut keep it. Places are counted in characters
of the text that :meth:`Field.words` returns; Tk counts in its own units. Belongs to the Tk
thread.
"""

import re
import tkinter as tk
from collections.abc import Callable
from typing import Final

from PIL import ImageTk

from gui.paint.look import Look
from gui.paint.slices import LONG, Steps, Work
from gui.text import emoji
from gui.text.textlayout import clean
from gui.text.tokens import Counting, Token, joined, parts, split
from gui.text.undo import History, Moment

_EMOJI: Final = re.compile(emoji.PATTERN)
_UNSAFE: Final = re.compile(f"{emoji.PATTERN}|[\U00010000-\U0010ffff]")
"""With an old libXft everything that a colour font could have ends the process."""
_THAI: Final = re.compile("[\u0e00-\u0e7f]+")
SPACE: Final = 3
"""Pixels above each line, at 100 %: Thai tones stand higher than the font says."""
INSERT_MAX: Final = 16_384
"""Characters taken at once, four times what a message may have: the rest is left out."""
_NEAR: Final = 40
"""Steps of Tk around a change in which a sequence may have come together or apart."""
PICTURES_AT_ONCE: Final = 100
"""Emoji written without a pause: some 2 ms."""
_PIECES: Final = 512
"""Names of pictures kept before those that are gone are forgotten."""


class Field:
    """``widget`` is the text to place."""

    def __init__(
        self, master: tk.Misc, look: Look, on_change: Callable[[], None], role: str = "body",
        below: str = "field",
    ) -> None:  # fmt: skip
        """``on_change`` is called once after each change, when Tk is idle."""
        self._look = look
        self._on_change = on_change
        self._role = role
        self._below = below
        self._history = History()
        self._sequences: dict[str, str] = {}
        self._images: dict[str, ImageTk.PhotoImage] = {}
        self._made, self._most = 0, _PIECES
        self._lit: frozenset[str] = frozenset()
        self._due = self._half = ""
        self._writing: Work | None = None
        self._inside = False
        """A part of a long text is just being written."""
        self._known: list[Token] | None = None  # it has changed since it was looked at
        self._pattern = _EMOJI if look.fonts.draws_emoji else _UNSAFE
        self.widget = tk.Text(
            master, height=1, width=10, wrap="word", bd=0, undo=False, highlightthickness=0,
            font=look.fonts.named(role), padx=0, pady=0, insertwidth=look.px(2),
            inactiveselectbackground="", spacing1=look.px(SPACE),
        )  # fmt: skip
        # A character beyond U+FFFF is one step for some versions of Tk 8.6, and two for others.
        self.widget.insert("1.0", "\U0001f600")
        one = self.widget.compare("1.0 + 1 indices", "==", "end-1c")
        self._count = Counting(1 if one else 2)
        # What has been passed may be counted in another way than what is to be gone.
        self._passed = Counting(self._between("1.0", "end-1c"))
        self.widget.delete("1.0", "end")
        self._wrap()
        bind = self.widget.bind
        bind("<<Undo>>", lambda _: self._travel(self._history.undo))
        # On X11 Tk takes Ctrl+Y for paste.
        for redo in ("<<Redo>>", "<Control-y>", "<Control-Y>"):
            bind(redo, lambda _: self._travel(self._history.redo))
        bind("<<Copy>>", lambda _: self.copy())
        bind("<<Cut>>", lambda _: self.cut())
        for news in ("<<Selection>>", "<FocusIn>", "<FocusOut>"):
            bind(news, lambda _: self._light(), add="+")
        bind("<Destroy>", lambda _: self._gone())
        self.restyle()

    # --- the text ---------------------------------------------------------

    def words(self) -> str:
        """Return what is written."""
        return joined(self._all())

    @property
    def cursor(self) -> int:
        """Where the cursor stands, in characters."""
        return self._passed.offset(self._all(), self._between("1.0", "insert"))

    def _between(self, start: str, end: str) -> int:
        return int(str(self.widget.tk.call(self.widget, "count", "-indices", start, end) or 0))

    def put(self, words: str, cursor: int | None = None) -> None:
        """Replace what is written, and forget what was before."""
        self._fill(words, len(words) if cursor is None else cursor)
        self._history.reset(words)

    def insert(self, words: str) -> None:
        """Write at the cursor, in place of what is selected: one step; many emoji bit by bit."""
        self._step()
        if self.widget.tag_ranges("sel"):
            self.widget.delete("sel.first", "sel.last")
        pieces = parts(split(clean(words[:INSERT_MAX]), self._pattern), PICTURES_AT_ONCE)
        if len(pieces) > 1:
            self._writing = self._look.slices.build(self._write(pieces))
            return
        self.widget.insert("insert", words)
        self.widget.see("insert")
        self._step()

    def _write(self, pieces: list[str]) -> Steps:
        self.widget.mark_set("writing", "insert")
        for piece in pieces:
            self._inside = True
            self.widget.insert("writing", piece)
            self._inside = False
            yield LONG
        self.widget.see("insert")
        self._writing = None
        self._step()

    def _wait(self) -> None:
        if self._writing is not None and not self._inside:
            writing, self._writing = self._writing, None
            self._look.slices.finish(writing)

    def replace(self, start: int, end: int, words: str) -> None:
        """Put other words in place of some characters; the cursor stands behind them."""
        self._step()
        first = self._index(start)
        self.widget.delete(first, self._index(end))
        self.widget.mark_set("insert", first)
        self.widget.insert("insert", words)
        self.widget.see("insert")
        self._step()

    def selected(self) -> str:
        """Return what is selected."""
        if not self.widget.tag_ranges("sel"):
            return ""
        return joined(self._tokens("sel.first", "sel.last"))

    def copy(self) -> str:
        """Put what is selected into the clipboard; ends the event."""
        words = self.selected()
        if words:
            self.widget.clipboard_clear()
            self.widget.clipboard_append(words)
        return "break"

    def cut(self) -> str:
        """Put what is selected into the clipboard and take it away; ends the event."""
        if self.widget.tag_ranges("sel"):
            self.copy()
            self._step()
            self.widget.delete("sel.first", "sel.last")
            self._step()
        return "break"

    def lines(self) -> int:
        """Return how many lines it needs as wide as it is."""
        count = self.widget.count("1.0", "end", "displaylines")
        shown = count[0] if isinstance(count, tuple) else count
        return max(1, int(shown or 1))

    def place_of_cursor(self) -> tuple[int, int]:
        """Return where the cursor is drawn, in the widget's pixels; (0, 0) if out of sight."""
        box = self.widget.bbox("insert")
        return (int(box[0]), int(box[1])) if box else (0, 0)

    # --- undo -------------------------------------------------------------

    def _travel(self, step: Callable[[], Moment | None]) -> str:
        self._note()
        moment = step()
        if moment is not None:
            self._fill(moment.text, moment.cursor)
        return "break"

    def _fill(self, words: str, cursor: int) -> None:
        self.widget.delete("1.0", "end")
        self.widget.insert("1.0", words)
        self.widget.mark_set("insert", self._index(cursor))
        self.widget.see("insert")

    def _note(self) -> None:
        self._history.note(self.words(), self.cursor)

    def _step(self) -> None:
        self._note()
        self._history.stop()

    # --- every change of the widget ---------------------------------------

    def _wrap(self) -> None:
        call, path = self.widget.tk.call, str(self.widget)
        self._real = f"{path}:real"
        self._edit_name = self.widget.register(self._edit)
        call("rename", path, self._real)
        body = (
            f"switch -- $cmd {{ insert - delete - replace {{ {self._edit_name} $cmd {{*}}$args }}"
            f" default {{ tailcall {self._real} $cmd {{*}}$args }} }}"
        )
        call("proc", path, "cmd args", body)

    def _gone(self) -> None:
        if self._due:
            self.widget.after_cancel(self._due)
        self._look.slices.cancel(self._writing)
        # The proc does not go with the widget.
        self.widget.tk.call("rename", str(self.widget), "")

    def _edit(self, command: str, *words: str) -> None:
        self._wait()
        self._known = None
        call, real = self.widget.tk.call, self._real
        at = str(call(real, "index", words[0]))
        if call(real, "compare", at, ">", "end-1c"):
            # Behind Tk's own last line end nothing can stand.
            at = str(call(real, "index", "end-1c"))
        end, texts = at, words[1:]
        if command != "insert":
            call(real, "delete", *words[:2])
            texts = words[2:]
        # Between the texts stand tags, which nobody gives here.
        text = self._whole("".join(texts[::2])) if texts else ""
        if text:
            # Nothing is drawn or measured before Tk is idle.
            call(real, "insert", at, text)
            end = str(call(real, "index", f"{at} + {self._count.units(text)} indices"))
        self._settle(at, end)
        if not self._due:
            self._due = self.widget.after_idle(self._changed)

    def _whole(self, text: str) -> str:
        """Return a text cleaned; half of a character waits for its other half."""
        text, self._half = self._half + text[:INSERT_MAX], ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return clean(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))

    def _changed(self) -> None:
        self._due = ""
        self._note()
        self._on_change()

    # --- pictures in the text ---------------------------------------------

    def _settle(self, start: str, end: str) -> None:
        """Show what changed as it should be: emoji as pictures, Thai in its own font."""
        low = self._edge(start, "linestart", -1)
        high = self._edge(end, "lineend", 1)
        have = self._tokens(low, high)
        text = joined(have)
        want = split(text, self._pattern)
        if have != want:
            self._rebuild(low, high, have, want)
        if _THAI.search(text):
            self._dress(low, f"{low} + {self._count.width(want)} indices")

    def _edge(self, place: str, line: str, way: int) -> str:
        """Return how far from a place something could belong to what stands there."""
        call, real = self.widget.tk.call, self._real
        near = f"{place} {'+' if way > 0 else '-'} {_NEAR} indices"
        ends = str(call(real, "index", f"{place} {line}")), str(call(real, "index", near))
        order = "<" if way > 0 else ">"
        at = ends[0] if call(real, "compare", ends[0], order, ends[1]) else ends[1]
        # Never between the halves of a character.
        if "\udc00" <= str(call(real, "get", at)) <= "\udfff":
            at = str(call(real, "index", f"{at} {'+' if way > 0 else '-'} 1 indices"))
        return at

    def _all(self) -> list[Token]:
        """Return what stands in all of it: looked at once after each change."""
        self._wait()
        if self._known is None:
            self._known = self._tokens("1.0", "end-1c")
        return self._known

    def _tokens(self, start: str, end: str) -> list[Token]:
        """Return what stands between two places, neighbouring texts made one."""
        tk_ = self.widget.tk
        flat = tk_.splitlist(tk_.call(self._real, "dump", "-text", "-image", start, end))
        found: list[Token] = []
        for kind, value in zip(flat[::3], flat[1::3], strict=True):
            if str(kind) == "image":
                found.append((True, self._sequences.get(str(value), "")))
            elif found and not found[-1][0]:
                found[-1] = (False, found[-1][1] + str(value))
            else:
                found.append((False, str(value)))
        return found

    def _rebuild(self, low: str, high: str, have: list[Token], want: list[Token]) -> None:
        call, real = self.widget.tk.call, self._real
        inside = bool(call(real, "compare", low, "<=", "insert")) and bool(
            call(real, "compare", "insert", "<=", high)
        )
        cursor = sum(len(piece) for _, piece in self._tokens(low, "insert")) if inside else 0
        first, last = 0, 0
        most = min(len(have), len(want))
        while first < most and have[first] == want[first]:
            first += 1
        while last < most - first and have[-1 - last] == want[-1 - last]:
            last += 1
        before = self._count.width(have[:first])
        gone = self._count.width(have[first : len(have) - last])
        call(real, "delete", f"{low} + {before} indices", f"{low} + {before + gone} indices")
        for is_picture, piece in want[first : len(want) - last]:
            at = f"{low} + {before} indices"
            if is_picture:
                self._put_picture(at, piece)
                before += 1
            else:
                call(real, "insert", at, piece)
                before += self._count.units(piece)
        if inside:
            call(real, "mark", "set", "insert", f"{low} + {self._count.span(want, cursor)} indices")

    def _put_picture(self, at: str, sequence: str) -> None:
        if len(self._sequences) >= self._most:
            here = set(self.widget.image_names())
            self._sequences = {k: v for k, v in self._sequences.items() if k in here}
            self._images = {k: v for k, v in self._images.items() if k in here}
            self._most = max(_PIECES, 2 * len(here))
        self._made += 1
        name = f"e{self._made}"
        self._sequences[name] = sequence
        image = self._images[name] = self._picture(sequence, False)
        # Straight to Tcl: half of the time of image_create, and pasted emoji are many.
        self.widget.tk.call(
            self._real, "image", "create", at, "-image", str(image), "-name", name,
            "-align", "center", "-padx", 1,
        )  # fmt: skip

    def _picture(self, sequence: str, lit: bool) -> ImageTk.PhotoImage:
        look = self._look
        below: str = look.palette.selection if lit else getattr(look.palette, self._below)
        side = look.fonts.emoji_px(self._role)
        return look.art.emoji(sequence, side, below) or look.art.disc(
            side, look.palette.quiet, below
        )

    def _paint(self, name: str, lit: bool) -> None:
        image = self._images[name] = self._picture(self._sequences[name], lit)
        self.widget.image_configure(name, image=str(image))

    def _light(self) -> None:
        """Draw selected pictures on the colour of the selection, while keys come here."""
        here = set(self.widget.image_names())
        chosen: set[str] = set()
        tk_ = self.widget.tk
        if here and self.widget.tag_ranges("sel") and str(tk_.call("focus")) == str(self.widget):
            flat = tk_.call(self._real, "dump", "-image", "sel.first", "sel.last")
            chosen = {str(name) for name in tk_.splitlist(flat)[1::3]}
        for name in (chosen ^ self._lit) & here:
            self._paint(name, name in chosen)
        self._lit = frozenset(chosen)

    def _dress(self, low: str, high: str) -> None:
        """Give Thai its own font, tone marks and all."""
        tk_ = self.widget.tk
        tk_.call(self._real, "tag", "remove", "thai", low, high)
        flat = tk_.splitlist(tk_.call(self._real, "dump", "-text", low, high))
        for value, at in zip(flat[1::3], flat[2::3], strict=True):
            text = str(value)
            for match in _THAI.finditer(text):
                start = self._count.units(text[: match.start()])
                end = start + self._count.units(match[0])
                ends = (f"{at} + {edge} indices" for edge in (start, end))
                tk_.call(self._real, "tag", "add", "thai", *ends)

    # --- places -----------------------------------------------------------

    def _index(self, offset: int) -> str:
        return f"1.0 + {self._count.span(self._all(), offset)} indices"

    # --- looks ------------------------------------------------------------

    def restyle(self) -> None:
        """Draw in the palette of now."""
        palette, fonts = self._look.palette, self._look.fonts
        self.widget.configure(
            bg=getattr(palette, self._below), fg=palette.text, insertbackground=palette.accent,
            selectbackground=palette.selection, selectforeground=palette.on_selection,
        )  # fmt: skip
        self.widget.tag_configure("thai", font=fonts.named(f"{self._role}.thai"))
        self.widget.tag_raise("sel")
        for name in self.widget.image_names():
            self._paint(name, name in self._lit)
