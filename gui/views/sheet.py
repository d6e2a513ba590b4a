"""A card over the window that asks something: words, a line to type, buttons.

A frame of the window itself rather than a window of its own: it needs no window
manager, leaves nothing behind and cannot get lost. While it stands, it has the
mouse and the focus; Esc or a click beside it closes it. Sheets may stand on
each other. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import ClassVar

from gui.paint import kit
from gui.paint.look import Look

WIDTH = 420
_EDGE = 24


class Sheet:
    """The empty card with a title."""

    _standing: ClassVar[list["Sheet"]] = []

    def __init__(
        self, master: tk.Misc, look: Look, title: str, width: int = WIDTH, height: int = 0,
        on_close: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        """Place it over the window of ``master``; ``height`` 0: as high as what is in it.

        Both are pixels at 100 %, and never more than the window has.
        """
        self._look = look
        self._on_close = on_close
        palette, px = look.palette, look.px
        self._root = master.winfo_toplevel()
        # Also if another program has the keyboard just now.
        self._back = self._root.focus_lastfor()
        self.shade = tk.Frame(self._root, bg=palette.line, bd=0, takefocus=0)
        self.card = tk.Frame(self.shade, bg=palette.card, bd=0)
        self.card.pack(fill="both", expand=True, padx=1, pady=1)
        self.width = min(px(width), max(px(280), self._root.winfo_width() - px(16)))
        tall = min(px(height), max(px(200), self._root.winfo_height() - px(16)))
        self.shade.place(relx=0.5, rely=0.48, anchor="center", width=self.width)
        if height:
            # A little above the middle looks right, but not where it leaves the window.
            rely = 0.48 if tall < 0.9 * self._root.winfo_height() else 0.5
            self.shade.place_configure(height=tall, rely=rely)
        self.shade.lift()
        head = tk.Frame(self.card, bg=palette.card, bd=0)
        head.pack(fill="x", padx=(px(_EDGE), px(12)), pady=(px(16), px(4)))
        self._head = head
        self._shut = kit.IconButton(head, look, "close", self.close, "card")
        self._shut.widget.pack(side="right")
        self.title = tk.Label(
            head, text=look.plain(title), bg=palette.card, fg=palette.text, anchor="w",
            justify="left", wraplength=self.width - px(_EDGE + 12 + 40 + 8),
            font=look.font("title", title),
        )  # fmt: skip
        self.title.pack(side="left", fill="x", expand=True)
        self.open = True
        Sheet._standing.append(self)
        self.shade.bind("<Button>", self._beside)
        self.shade.bind("<Map>", lambda _: self._hold())
        self.shade.bind("<Destroy>", self._gone)
        self.shade.bind("<Escape>", self.escape)
        if not self._root.bind("<Tab>"):
            # Once for each window: every binding is kept by Tk until the end.
            self._root.bind("<Tab>", lambda e: _tab(e, 1))
            self._root.bind("<<PrevWindow>>", lambda e: _tab(e, -1))

    # --- what stands in it ------------------------------------------------------

    def words(self, text: str) -> tk.Label:
        """Add a paragraph."""
        palette, px = self._look.palette, self._look.px
        label = tk.Label(
            self.card, text=self._look.plain(text), bg=palette.card, fg=palette.quiet, anchor="w",
            justify="left", wraplength=self.width - px(2 * _EDGE + 4),
            font=self._look.fonts.named("label"),
        )  # fmt: skip
        label.pack(fill="x", padx=px(_EDGE), pady=(0, px(8)))
        return label

    def field(self, text: str, on_enter: Callable[[], None], hint: str = "") -> kit.Entry:
        """Add a line to type in, focused."""
        px = self._look.px
        made = kit.entry(self.card, self._look, hint)
        if text:
            kit.put(made, text)
        made.pack(fill="x", padx=px(_EDGE), pady=px(8))
        made.bind("<Return>", lambda _: on_enter())
        made.bind("<Escape>", self.escape)
        made.after_idle(lambda: made.focus() if self.open else None)
        return made

    def problem(self) -> tk.Label:
        """Add a line that can say what went wrong."""
        label = self.words("")
        label.configure(fg=self._look.palette.danger)
        return label

    def buttons(self, choices: Sequence[tuple[str, str, Callable[[], None]]]) -> list[kit.Button]:
        """Add buttons (words, kind, work), the first one at the right."""
        px = self._look.px
        row = tk.Frame(self.card, bg=self._look.palette.card, bd=0)
        row.pack(fill="x", padx=px(_EDGE), pady=(px(8), px(20)))
        made = []
        for text, kind, work in choices:
            one = kit.button(row, self._look, text, work, kind)
            one.pack(side="right", padx=(px(8), 0))
            made.append(one)
        return made

    def restyle(self) -> None:
        """Draw the card itself in the palette of now; what stands in it is drawn by others."""
        palette = self._look.palette
        self.shade.configure(bg=palette.line)
        self.card.configure(bg=palette.card)
        self._head.configure(bg=palette.card)
        self.title.configure(bg=palette.card, fg=palette.text)
        self._shut.restyle()

    # --- standing and falling ---------------------------------------------------

    def close(self) -> None:
        """Take it away and give the focus back."""
        if not self.open:
            return
        self.open = False
        back = self._back
        self._let_go()
        # Not at once: it may be a button of it that asked for this.
        self.shade.place_forget()
        self._look.slices.destroy(self.shade)
        if back is not None and back.winfo_exists():
            back.focus_set()
        if self._on_close is not None:
            self._on_close()

    def _hold(self) -> None:
        if self.open and Sheet._standing and Sheet._standing[-1] is self:
            self.shade.grab_set()

    def _let_go(self) -> None:
        if self in Sheet._standing:
            Sheet._standing.remove(self)
        self.shade.grab_release()
        if Sheet._standing:
            Sheet._standing[-1]._hold()

    def _gone(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self.shade and self in Sheet._standing:
            self.open = False
            Sheet._standing.remove(self)

    def _beside(self, event: "tk.Event[tk.Misc]") -> None:
        if event.num not in (1, 2, 3):
            return
        x = event.x_root - self.shade.winfo_rootx()
        y = event.y_root - self.shade.winfo_rooty()
        if not (0 <= x < self.shade.winfo_width() and 0 <= y < self.shade.winfo_height()):
            self.close()

    def escape(self, _event: object = None) -> str:
        """Close it, as the handler of a key."""
        self.close()
        return "break"

    @classmethod
    def top(cls) -> "Sheet | None":
        """Return the sheet that stands over all others, or None."""
        return cls._standing[-1] if cls._standing else None


def _tab(event: "tk.Event[tk.Misc]", step: int) -> str | None:
    """Keep Tab inside the sheet on top."""
    sheet, at = Sheet.top(), event.widget
    if sheet is None or not isinstance(at, tk.Misc):
        return None
    inside = str(sheet.shade) + "."
    for _ in range(500):
        to = at.tk_focusNext() if step > 0 else at.tk_focusPrev()
        if to is None:
            break
        at = to
        if str(at).startswith(inside):
            at.focus_set()
            break
    return "break"


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
    sheet.shade.after_idle(lambda: made[0].focus_set() if sheet.open else None)
    for one in made:
        one.bind("<Escape>", sheet.escape)
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
        hint: str = "",
        kind: str = "main",
    ) -> None:
        """Show it with ``start`` in the field; ``verb`` stands on the button, of a ``kind``.

        ``hint`` says what the field is for while it is empty.
        """
        self._look = look
        self.sheet = Sheet(master, look, title)
        self.sheet.words(text)
        self.entry = self.sheet.field(start, self.submit, hint)
        self.problem = self.sheet.problem()
        self._try_it = try_it
        cancel = look.tr("general.cancel")
        self.sheet.buttons([(verb, kind, self.submit), (cancel, "quiet", self.sheet.close)])

    def submit(self) -> None:
        """Try what was typed."""
        self._try_it(self.entry.get(), self._answer)

    def _answer(self, reason: str) -> None:
        if not self.sheet.open:
            return
        if reason:
            self.problem.configure(text=self._look.plain(reason))
        else:
            self.sheet.close()
