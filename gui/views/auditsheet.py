"""What those in charge did on the server, newest first; more comes when the end is in view.

Belongs to the Tk thread.
"""

import tkinter as tk
from datetime import date

from gui.chat.controller import Controller
from gui.paint.look import Look
from gui.paint.slices import Steps, Work
from gui.text.textlayout import Block, clean, one_line, wrap
from gui.views.rowlist import RowList
from gui.views.sheet import Sheet
from gui.words import orderwords, wording
from protocol.client.happenings import AuditEntry

WIDTH, HEIGHT = 560, 560
LINES_MAX = 6
_GAP = 20
Item = AuditEntry | str


class AuditSheet:
    """The sheet; ``list`` has its rows."""

    def __init__(self, master: tk.Misc, look: Look, controller: Controller) -> None:
        """Show it and ask."""
        self._look = look
        self._controller = controller
        self._acts: list[AuditEntry] = []
        self._more = True
        self._asking = False
        self._blocks: dict[int, Block] = {}
        tr, px = look.tr, look.px
        self.sheet = Sheet(master, look, tr("order.audit_title"), WIDTH, HEIGHT)
        self.sheet.words(tr("order.audit_note"))
        self.list: RowList[Item] = RowList(
            self.sheet.card, look, "card", self._height, self._paint, lambda _: None, None,
            lambda _: False,
        )  # fmt: skip
        self.list.near_end = self._near_end
        widget = self.list.widget
        widget.pack(fill="both", expand=True, padx=px(16), pady=(0, px(16)))
        widget.configure(takefocus=1)
        for key, step in (("Up", -48), ("Down", 48), ("Prior", -400), ("Next", 400)):
            widget.bind(f"<{key}>", lambda _, step=step: self.list.scroll(px(step)))  # type: ignore[misc]
        widget.bind("<Escape>", self.sheet.escape)
        widget.after_idle(lambda: widget.focus_set() if self.sheet.open else None)
        self._taking: Work | None = None
        widget.bind("<Destroy>", lambda _: look.slices.cancel(self._taking), add="+")
        self._show(tr("order.fetching"))
        self._ask()

    def _ask(self) -> None:
        self._asking = True
        self._controller.audit(self._acts[-1].no if self._acts else 0, self._came)

    def _near_end(self) -> None:
        if self._more and not self._asking and self._acts:
            self._ask()

    def _came(self, acts: tuple[AuditEntry, ...], more: bool, problem: str) -> None:
        if self.sheet.open:
            self._taking = self._look.slices.build(self._take(acts, more, problem))

    def _take(self, acts: tuple[AuditEntry, ...], more: bool, problem: str) -> Steps:
        """Break the sentences of a page into lines, then show them."""
        for one in acts:
            self._block(one)
            yield None
        self._asking = False
        self._acts += acts
        self._more = more and bool(acts)
        self._show(problem or ("" if self._acts else self._look.tr("order.audit_none")))

    def _show(self, last: str) -> None:
        self.list.set_items([*self._acts, last] if last else list(self._acts))

    # --- rows -------------------------------------------------------------------

    def _block(self, item: Item) -> Block:
        key = item.no if isinstance(item, AuditEntry) else 0
        known = self._blocks.get(key) if key else None
        if known is None:
            look = self._look
            words = orderwords.audit(look.tr, item) if isinstance(item, AuditEntry) else item
            most = self.sheet.width - look.px(2 * 16 + 2 * 8 + 8)
            known = wrap(clean(words), most, look.fonts, "label", LINES_MAX)
            if key:
                self._blocks[key] = known
        return known

    def _height(self, item: Item) -> int:
        look = self._look
        return self._block(item).height + look.fonts.line_height("small") + look.px(_GAP)

    def _paint(self, canvas: tk.Canvas, item: Item, y: int, width: int, _lit: bool) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        block, left = self._block(item), px(8)
        known = isinstance(item, AuditEntry)
        ink = palette.text if known else palette.quiet
        top = y + px(_GAP // 2)
        for number, line in enumerate(block.lines):
            at = (left, top + number * block.line_height)
            look.line(canvas, at, line, (ink, ink, palette.card), "label", ())
        if isinstance(item, AuditEntry):
            when = wording.when(look.tr, item.ts, date.today())
            line = one_line(when, width - px(16), look.fonts, "small")
            at = (left, top + block.height)
            look.line(canvas, at, line, (palette.quiet, palette.quiet, palette.card), "small", ())
            under = y + self._height(item) - 1
            canvas.create_line(left, under, width - px(8), under, fill=palette.line)
