"""The search: a field, where to look, and what was found with the hit in the accent's colour.

What is typed is looked for after a moment, in a thread. Up and Down choose, Enter jumps, F3 and
Shift+F3 go through the hits, Esc closes. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from datetime import date
from typing import Final

from gui.chat.searcher import Answer, Question, Result, Searcher
from gui.paint import kit
from gui.paint.choices import Choice
from gui.paint.look import Look
from gui.paint.theme import person_colour
from gui.text.rowlayout import Box
from gui.text.textlayout import ELLIPSIS, one_line, wrap
from gui.views.rowlist import RowList
from gui.views.searchfilters import AskPerson, SearchFilters
from gui.words import wording

WIDTH: Final = 320
"""What it should get, in pixels at 100 %."""
WAIT_MS: Final = 150
_ROW: Final = 60
_MORE: Final = "more"


class SearchPanel:
    """Stands beside the messages; ``widget`` is the frame to place."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        searcher: Searcher,
        room: Callable[[], bytes | None],
        title_of: Callable[[bytes], str],
        name_of: Callable[[bytes, str], str],
        ask_person: AskPerson,
        on_hit: Callable[[bytes, int, str], None],
        on_ask: Callable[[], object],
        on_close: Callable[[], None],
    ) -> None:
        """``room`` tells which one is open; ``on_hit(room, seq, query)`` goes to a message.

        ``on_ask`` hears that something else is looked for.
        """
        self._look = look
        self._searcher = searcher
        self._room = room
        self._title_of = title_of
        self._name_of = name_of
        self._on_hit = on_hit
        self._on_ask = on_ask
        self._on_close = on_close
        self._after = ""
        self._query = ""
        self._answer: Answer | None = None
        self._results: list[Result] = []
        self._at = -1
        self._asked: Answer | None = None
        px, tr = look.px, look.tr
        self.widget = tk.Frame(master, bd=0, width=px(WIDTH))
        self.widget.pack_propagate(False)
        head = tk.Frame(self.widget, bd=0)
        head.pack(fill="x", padx=(px(12), px(4)), pady=(px(12), px(4)))
        self._shut = kit.IconButton(head, look, "close", on_close, "side")
        self._shut.widget.pack(side="right", padx=(px(4), 0))
        self.entry = kit.entry(head, look, tr("search.placeholder"), "side")
        self.entry.pack(side="left", fill="x", expand=True)
        options = ((False, tr("search.here")), (True, tr("search.everywhere")))
        self.where: Choice[bool] = Choice(
            self.widget, look, options, False, lambda _: self._search(), "side"
        )
        self.where.widget.pack(fill="x", padx=px(12), pady=px(4))
        self.filters = SearchFilters(self.widget, look, ask_person, self._search)
        self.filters.widget.pack(fill="x", padx=px(12), pady=px(4))
        self._state = kit.label(self.widget, look, "", "small", "quiet", "side")
        self._state.pack(fill="x", padx=px(16), pady=px(4))
        self._note = kit.label(self.widget, look, "", "small", "quiet", "side")
        self._note.pack(side="bottom", fill="x", padx=px(16), pady=px(8))
        self.list: RowList[Result | str] = RowList(
            self.widget, look, "side", self._height, self._paint, self._chosen
        )
        self.list.widget.pack(fill="both", expand=True, padx=px(4))
        self._frames = (self.widget, head)
        self._bind()
        self.restyle()
        self._tell()

    def _bind(self) -> None:
        bind = self.entry.bind
        bind("<KeyRelease>", lambda _: self._typed())
        bind("<<Paste>>", lambda _: self.widget.after_idle(self._typed), add="+")
        for key in ("Up", "Down", "Prior", "Next"):
            bind(f"<{key}>", self.list.key)
        bind("<Return>", lambda _: self._enter())
        for one in (self.entry, self.where.widget, self.list.widget):
            one.bind("<Escape>", lambda _: self._escape())
            one.bind("<F3>", lambda _: self._step(1))
            one.bind("<Shift-F3>", lambda _: self._step(-1))
        self.filters.bind("<Escape>", self._escape)
        self.filters.bind("<F3>", lambda: self._step(1))
        self.filters.bind("<Shift-F3>", lambda: self._step(-1))
        self.widget.bind("<Destroy>", self._gone)

    # --- what the main screen asks ----------------------------------------------

    def open(self, everywhere: bool) -> None:
        """Take the focus, with what was typed before selected."""
        self.where.set(everywhere)
        self.entry.focus()
        if self.entry.get():
            # Without a text it is the hint that would be selected.
            self.entry.select_range(0, "end")
        self._search()

    def room_changed(self) -> None:
        """Another room is open: look there, if it is only about the open one."""
        if not self.where.chosen and self._asking:
            self._search()

    def step(self, by: int) -> None:
        """Go to the next older hit (1) or the next newer one (-1)."""
        if self._results:
            at = max(0, min(self._at + by, len(self._results) - 1))
            self._go(at)

    def restyle(self) -> None:
        """Draw everything in the palette of now."""
        palette = self._look.palette
        for frame in self._frames:
            frame.configure(bg=palette.side)
        for label in (self._state, self._note):
            label.configure(bg=palette.side, fg=palette.quiet)
        self._shut.restyle()
        self.where.restyle()
        self.filters.restyle()
        self.list.draw()

    # --- asking -----------------------------------------------------------------

    def _typed(self) -> None:
        if self.entry.get().strip() != self._query:
            self._forget()
            self._after = self.widget.after(WAIT_MS, self._search)

    def _forget(self) -> None:
        if self._after:
            self.widget.after_cancel(self._after)
            self._after = ""

    def _gone(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self.widget:
            self._forget()
            self._searcher.drop()

    @property
    def _asking(self) -> bool:
        """Whether something is looked for at all."""
        return bool(self._query) or self.filters.active

    def _search(self) -> None:
        """Ask for what stands in the field."""
        self._forget()
        self._query = str(self.entry.get()).strip()
        self._answer = None
        self._on_ask()
        if not self._asking:
            self._searcher.drop()
            self._show([])
            return
        self._tell()
        self._searcher.ask(self._question(), self._came)

    def _question(self) -> Question:
        before = self._answer.before if self._answer is not None else None
        room = None if self.where.chosen else self._room() or b""
        return Question(self._query, room, before, self.filters.person, self.filters.kind)

    def _came(self, answer: Answer) -> None:
        self._answer = answer
        self._show(list(answer.results))

    def _came_more(self, answer: Answer) -> None:
        self._answer = answer
        self._results += answer.results
        self._set()

    def _show(self, results: list[Result]) -> None:
        self._results = results
        self._at = -1
        self._set()
        self.list.first()

    def _set(self) -> None:
        more = self._answer is not None and self._answer.before is not None
        self.list.set_items([*self._results, *([_MORE] if more else [])])
        self._tell()

    def _tell(self) -> None:
        """Say how far it is, and what was searched."""
        tr, answer = self._look.tr, self._answer
        state, note = "", ""
        if not self._asking:
            state = tr("search.hint")
        elif answer is None:
            state = tr("search.searching")
        elif answer.problem:
            state = tr("search.failed", why=answer.problem)
        elif not self._results:
            state = tr("search.nothing_filtered" if self.filters.active else "search.nothing")
        elif self._at >= 0:
            total = tr.number(len(self._results)) + ("+" if answer.before is not None else "")
            state = tr("search.place", at=tr.number(self._at + 1), total=total)
        else:
            name = "search.found_more" if answer.before is not None else "search.found"
            state = tr(name, len(self._results))
        if answer is not None and not answer.problem:
            note = self._searched(answer)
        for label, words in ((self._state, state), (self._note, note)):
            label.configure(text=self._look.plain(words), font=self._look.font("small", words))

    def _searched(self, answer: Answer) -> str:
        tr = self._look.tr
        if answer.whole:
            return tr("search.whole")
        if answer.oldest_ms:
            day = wording.day_line(tr, wording.day_of(answer.oldest_ms), date.min)
            return tr("search.held", day=day)
        return tr("search.held_part")

    # --- choosing ---------------------------------------------------------------

    def _enter(self) -> str:
        if str(self.entry.get()).strip() != self._query:
            self._search()
        elif 0 <= self.list.lit < len(self.list.items):
            self._chosen(self.list.items[self.list.lit])
        return "break"

    def _escape(self) -> str:
        self._on_close()
        return "break"

    def _step(self, by: int) -> str:
        self.step(by)
        return "break"

    def _chosen(self, item: Result | str) -> None:
        if isinstance(item, str):
            self._more()
        else:
            self._go(next(i for i, one in enumerate(self._results) if one is item))

    def _go(self, index: int) -> None:
        self._at = index
        self.list.light(index, True)
        self.list.draw()
        self._tell()
        message = self._results[index].message
        self._on_hit(message.room, message.seq, self._query)

    def _more(self) -> None:
        answer = self._answer
        if answer is not None and answer.before is not None and answer is not self._asked:
            self._asked = answer
            self._searcher.ask(self._question(), self._came_more)

    # --- painting ---------------------------------------------------------------

    def _height(self, item: Result | str) -> int:
        return self._look.px(_ROW if isinstance(item, Result) else 40)

    def _paint(self, canvas: tk.Canvas, item: Result | str, y: int, width: int, lit: bool) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        below = palette.side
        if isinstance(item, str):
            # It came into view: that is the wish for more.
            self._more()
            words = look.tr("search.searching")
            line = one_line(words, width - px(24), look.fonts, "small")
            look.line(
                canvas, (px(12), y + px(10)), line, (palette.quiet,) * 2 + (below,), "small", ()
            )
            return
        current = 0 <= self._at < len(self._results) and self._results[self._at] is item
        if lit or current:
            below = palette.hover
            look.bubble(canvas, Box(0, y + 1, width, px(_ROW) - 2), px(8), below, palette.side, ())
        if current:
            canvas.create_rectangle(
                0, y + px(12), px(3), y + px(_ROW - 12), fill=palette.accent, width=0
            )
        message = item.message
        time = wording.when_short(look.tr, message.ts, date.today())
        when = one_line(time, width, look.fonts, "small")
        right = width - px(14) - when.width
        ink = (palette.quiet, palette.quiet, below)
        look.line(canvas, (right, y + px(10)), when, ink, "small", ())
        name = self._name_of(message.person, message.nick)
        if self.where.chosen:
            name = look.tr("search.in_room", who=name, room=self._title_of(message.room))
        who = one_line(name, right - px(20), look.fonts, "name")
        colour = person_colour(palette, message.person)
        look.line(canvas, (px(12), y + px(7)), who, (colour, colour, below), "name", ())
        self._snippet(canvas, item, (px(12), y + px(31)), width - px(26), below)

    def _snippet(
        self, canvas: tk.Canvas, item: Result, at: tuple[int, int], width: int, below: str
    ) -> None:
        """Paint one line of words, what was found in the colour of the accent."""
        look, palette = self._look, self._look.palette
        left = 0
        dots = look.fonts.width("label", ELLIPSIS)
        snippet, spans = item.snippet, item.spans
        if not snippet:
            snippet, spans = look.tr("wording.picture"), ()
        for words, found in pieces(snippet, spans):
            line = wrap(words, 1 << 20, look.fonts, "label").lines[0]
            ink = palette.accent if found else palette.text
            cut = left + line.width > width - dots
            if cut:
                line = one_line(words, width - left, look.fonts, "label")
            look.line(canvas, (at[0] + left, at[1]), line, (ink, ink, below), "label", ())
            left += line.width
            if cut and left >= width - dots:
                return


def pieces(snippet: str, spans: tuple[tuple[int, int], ...]) -> list[tuple[str, bool]]:
    """Split a line into (words, whether they were found).

    No letter is parted from its marks. A space that would end a piece begins the next one,
    because a line loses its last space.
    """
    cuts: list[tuple[int, bool]] = []
    for start, end in spans:
        while start > 0 and snippet[start - 1] == " ":
            start -= 1
        while end < len(snippet) and _is_mark(snippet[end]):
            end += 1
        while start > 0 and _is_mark(snippet[start]):
            start -= 1
        cuts += [(start, True), (end, False)]
    parts: list[tuple[str, bool]] = []
    at, found = 0, False
    for place, now in cuts:
        if place > at:
            parts.append((snippet[at:place], found))
            at = place
        found = now
    if at < len(snippet):
        parts.append((snippet[at:], found))
    return parts


def _is_mark(char: str) -> bool:
    return char in _MARKS


_MARKS: Final = frozenset(
    [chr(code) for code in (0x0E31, *range(0x0E34, 0x0E3B), *range(0x0E47, 0x0E4F))]
    + [chr(code) for code in range(0x0300, 0x0370)]
)
"""Signs that stand above or below the letter before them."""
