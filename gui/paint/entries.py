"""A painted field of one line: Tk's entry in a round frame that shows its focus, and can undo.

Tk's own entry cannot undo. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from typing import Any, Final, Literal

from gui.paint.look import Look
from gui.text.undo import History, Moment

HEIGHT: Final = 40
WIDTH: Final = 140
RADIUS: Final = 8


class Entry(tk.Frame):
    """Place it as any widget; what is bound is bound to the ``field`` in it."""

    def __init__(
        self, master: tk.Misc, look: Look, placeholder: str = "", below: str = "card"
    ) -> None:
        """``placeholder`` stands in it while it is empty; ``below`` names the colour around."""
        self._look = look
        self._below = below
        self._hint: tk.Label | None = None
        self._box: object = None
        px = look.px
        self.focused = False
        """Whether keys come here."""
        self.history = History()
        self._awaited: tuple[str, Callable[[], None]] | None = None
        self._heard: tuple[str, Callable[[], None]] | None = None
        super().__init__(master, bd=0, takefocus=0, width=px(WIDTH), height=px(HEIGHT))
        self._frame = tk.Label(self, bd=0, padx=0, pady=0, takefocus=0)
        self._frame.place(x=0, y=0, relwidth=1, relheight=1)
        font = look.font("body", placeholder)
        self.field = tk.Entry(
            self, bd=0, highlightthickness=0, relief="flat", width=1, font=font, insertwidth=px(2),
            xscrollcommand=self._told,
        )  # fmt: skip
        inset = px(RADIUS)
        self.field.place(x=inset, relwidth=1, width=-2 * inset, rely=0.5, anchor="w")
        if placeholder:
            self._hint = tk.Label(
                self, text=look.plain(placeholder), font=font, bd=0, padx=0, pady=0,
                cursor="xterm", anchor="w",
            )  # fmt: skip
        tk.Misc.bind(self, "<Configure>", lambda _: look.slices.paint(self, self._edge))
        for around in (self._frame, self._hint):
            if around is not None:
                around.bind("<Button-1>", lambda _: self.field.focus_set())
        self._listen()
        self.restyle()
        look.painted.add(self)

    def _listen(self) -> None:
        bind = self.field.bind
        bind("<FocusIn>", lambda _: self._focus(True))
        bind("<FocusOut>", lambda _: self._focus(False))
        # The key has not changed anything yet: this is what can be gone back to.
        bind("<KeyPress>", lambda _: self._note())
        bind("<<Undo>>", lambda _: self._travel(self.history.undo))
        bind("<<Redo>>", lambda _: self._travel(self.history.redo))

    # --- as an entry ------------------------------------------------------------

    def bind(  # type: ignore[override]
        self, sequence: str, func: Callable[[Any], object], add: Literal["+"] | bool = True
    ) -> str:
        """Bind to the field in it, besides what is bound already."""
        return self.field.bind(sequence, func, add)

    def focus_set(self) -> None:
        """Have keys come here."""
        self.field.focus_set()

    focus = focus_set

    def focus_force(self) -> None:
        """Have keys come here, even from another program."""
        self.field.focus_force()

    def get(self) -> str:
        """Return what stands in it; never the placeholder."""
        return self.field.get()

    def put(self, text: str) -> None:
        """Replace what stands in it, and forget what was before."""
        self.delete(0, "end")
        self.insert(0, text)
        self.history.reset(text)

    def insert(self, index: str | int, text: str) -> None:
        """Put a text in before a place."""
        self.field.insert(index, text)
        self._told()

    def delete(self, first: str | int, last: str | int | None = None) -> None:
        """Take characters out."""
        self.field.delete(first, last)
        self._told()

    def select_range(self, start: str | int, end: str | int) -> None:
        """Select characters."""
        self.field.select_range(start, end)

    def set_state(self, state: Literal["normal", "disabled", "readonly"]) -> None:
        """``normal``, ``disabled``, or ``readonly``: then it can only be copied."""
        self.field.configure(state=state)
        if state != "normal":
            self._awaited = None

    def once_changed(self, work: Callable[[], None]) -> None:
        """Do something at the next change of what stands in it, unless it is disabled before."""
        self._awaited = (self.field.get(), work)

    def at_every_change(self, work: Callable[[], None]) -> None:
        """Do something whenever what stands in it is another text, whoever wrote it."""
        self._heard = (self.field.get(), work)

    def _told(self, *_: object) -> None:
        """The text is another one: Tk tells this to what scrolls a field, whoever wrote it."""
        text, hint, awaited = self.field.get(), self._hint, self._awaited
        if self._heard is not None and text != self._heard[0]:
            self._heard = (text, self._heard[1])
            self._heard[1]()
        if awaited is not None and text != awaited[0]:
            self._awaited = None
            awaited[1]()
        if hint is None:
            return
        if text:
            hint.place_forget()
        elif not hint.winfo_manager():
            # Beside the cursor, which stands at the very left.
            left = self._look.px(2)
            hint.place(in_=self.field, x=left, relwidth=1, width=-left, relheight=1)

    # --- undo -------------------------------------------------------------------

    def _note(self) -> None:
        self.history.note(self.field.get(), int(self.field.index("insert")))

    def _travel(self, step: Callable[[], Moment | None]) -> str:
        self._note()
        moment = step()
        if moment is not None:
            self.delete(0, "end")
            self.insert(0, moment.text)
            self.field.icursor(moment.cursor)
        return "break"

    # --- looks ------------------------------------------------------------------

    def restyle(self) -> None:
        """Draw it in the palette and the size of now."""
        palette = self._look.palette
        colours: dict[str, Any] = {"fg": palette.text, "bg": palette.field}
        self.field.configure(
            **colours, insertbackground=palette.text, disabledforeground=palette.text,
            disabledbackground=palette.field, readonlybackground=palette.field,
        )  # fmt: skip
        self._light()
        if self._hint is not None:
            self._hint.configure(bg=palette.field, fg=palette.quiet)
        self._edge()
        self._told()

    def _edge(self) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        around: str = getattr(palette, self._below)
        wide, high = self.winfo_width(), self.winfo_height()
        self.configure(bg=around)
        self._frame.configure(bg=around)
        if wide > 1:
            edge = palette.accent if self.focused else palette.line
            box = look.shapes.box(wide, high, px(RADIUS), palette.field, around, edge, px(1))
            self._frame.configure(image=box)
            # Tk shows a picture only as long as somebody holds it.
            self._box = box

    def _light(self) -> None:
        """Show what is selected while keys come here, as fields of many lines do."""
        palette, here = self._look.palette, self.focused
        self.field.configure(
            selectbackground=palette.selection if here else palette.field,
            selectforeground=palette.on_selection if here else palette.text,
        )

    def _focus(self, focused: bool) -> None:
        self.focused = focused
        self._edge()
        self._light()
