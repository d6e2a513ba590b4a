"""The order of one room, for those in charge: pause, announcements, slow mode, who may not what.

Everything holds at once, and is shown as the server says it, whoever changed it. Belongs to the
Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from gui.chat.controller import Controller
from gui.chat.room import Room
from gui.chat.standing import muted_until
from gui.paint import kit
from gui.paint.look import Look
from gui.paint.slices import Steps, Work
from gui.text.textlayout import clean
from gui.views.scrollpane import ScrollPane
from gui.views.sheet import Sheet
from gui.words import holdwords, orderwords
from gui.words.orderwords import RULES
from protocol.client.happenings import RoomOrder
from protocol.codes import Act, Role

WIDTH, HEIGHT = 520, 620
SLOW_S: Final = (0, 5, 10, 30, 60, 300, 900, 3_600)
"""Seconds between two messages that can be chosen; another value of others is shown too."""
Bans = dict[bytes, tuple[int, str]]
FindBans = Callable[[Callable[[Bans], None]], None]
"""Looks in a worker who is banned, and answers in the Tk thread."""


class OrderSheet:
    """The sheet; :meth:`show` takes what holds now."""

    def __init__(
        self, master: tk.Misc, look: Look, controller: Controller, room: Room, find_bans: FindBans
    ) -> None:
        """Show it, filled step by step."""
        self._look = look
        self._controller = controller
        self._room = room
        self._bans: Bans = {}
        self._drawn: tuple[object, ...] = ()
        self.parts: dict[str, Any] = {}
        """What it is made of, by name: for tests."""
        tr, px = look.tr, look.px
        title = tr("order.sheet_title", room=clean(controller.model.title(room))[:60])
        self.sheet = Sheet(master, look, title, WIDTH, HEIGHT)
        self.pane = ScrollPane(self.sheet.card, look, "card")
        self.pane.widget.pack(fill="both", expand=True, padx=(px(16), px(8)), pady=(0, px(16)))
        self.pane.set_width(self.sheet.width - px(24))
        self._lists = tk.Frame(self.pane.inner, bd=0, bg=look.palette.card)
        self._building = look.slices.build(self._build())
        self._filling: Work | None = None
        self.sheet.card.bind("<Destroy>", lambda _: self._drop())
        find_bans(self._found)

    def _drop(self) -> None:
        for work in (self._building, self._filling):
            self._look.slices.cancel(work)

    # --- making -----------------------------------------------------------------

    def _build(self) -> Steps:
        look, tr, order = self._look, self._look.tr, self._room.order
        frame = self.pane.inner
        self._words(tr("order.sheet_note"))
        for act, on, words, note in (
            (Act.PAUSE, order.paused, "order.pause", "order.pause_note"),
            (Act.ANNOUNCE, order.announce, "order.announce", "order.announce_note"),
        ):
            yield None
            self._add(act.name.lower(), self._switch(act, on, tr(words), tr(note)))
        yield None
        self._heading(tr("order.slow"))
        self._add(
            "slow",
            kit.Dropdown(
                frame, look, self._slow_options(order.slow_s), order.slow_s,
                lambda one: self._do(Act.SLOW, one),
            ),
        )  # fmt: skip
        yield None
        if self._may_direct:
            yield from self._direct(order.direct)
        yield None
        self._lists.pack(fill="x")
        self.pane.filled()
        yield from self._fill_lists()
        self.parts["pause"].widget.focus_set()

    @property
    def _may_direct(self) -> bool:
        """Whether one may rule direct messages: in a private room not without a further role."""
        model = self._controller.model
        return not model.is_private(self._room) or model.server_role >= Role.MODERATOR

    def _direct(self, rule: int) -> Steps:
        look, tr, frame = self._look, self._look.tr, self.pane.inner
        self._heading(tr("order.direct"))
        options = [(int(rule), tr(f"order.direct_{rule}")) for rule in RULES]
        self._add(
            "direct",
            kit.Choice(
                frame, look, options, rule, lambda rule: self._do(Act.DIRECT, rule),
                stacked=True,
            ),
        )  # fmt: skip
        self._words(tr("order.direct_note"))
        yield None

    def _switch(self, act: Act, on: bool, words: str, note: str) -> kit.Switch:
        return kit.Switch(
            self.pane.inner, self._look, words, on, lambda on: self._do(act, int(on)), note
        )

    def _slow_options(self, now_s: int) -> list[tuple[int, str]]:
        tr = self._look.tr

        def words(seconds: int) -> str:
            if not seconds:
                return tr("order.slow_0")
            return tr("order.slow_every", time=orderwords.span(tr, seconds))

        return [(one, words(one)) for one in sorted({*SLOW_S, now_s})]

    def _add(self, name: str, made: Any) -> None:
        self.parts[name] = made
        inset = self._look.px(8) if name == "slow" else 0
        made.widget.pack(fill="x", padx=inset, pady=(0, self._look.px(4)))
        made.widget.bind("<Escape>", self.sheet.escape, add="+")

    def _heading(self, text: str, frame: tk.Frame | None = None) -> None:
        px = self._look.px
        made = kit.label(frame or self.pane.inner, self._look, text, "name")
        made.pack(fill="x", padx=px(8), pady=(px(16), px(6)))

    def _words(self, text: str, frame: tk.Frame | None = None) -> None:
        px = self._look.px
        width = self.pane.room - 2 * px(8)
        made = kit.label(frame or self.pane.inner, self._look, text, "label", "quiet", width=width)
        made.pack(fill="x", padx=px(8), pady=(0, px(8)))

    # --- who may not what -------------------------------------------------------

    def _fill_lists(self) -> Steps:
        """Put those who are muted and banned there, each with a way to lift it."""
        look, tr, model, room = self._look, self._look.tr, self._controller.model, self._room
        order = room.order
        banned = {**self._bans, **room.bans}
        self._drawn = (order.muted, tuple(room.bans.items()), tuple(self._bans))
        for child in self._lists.winfo_children():
            child.destroy()
            yield None
        self._heading(tr("order.muted_list"), self._lists)
        now_s = self._controller.now_s
        muted = [
            (who, until) for who, until in order.muted
            if muted_until(order, who, now_s) is not None
        ]  # fmt: skip
        for who, until in muted:
            yield None
            when = tr("order.until_lifted")
            if until:
                when = tr("order.until_when", when=holdwords.until(tr, until, date.today()))
            self._lift(Act.UNMUTE, who, model.name_of(who, "?"), when)
        if not muted:
            self._words(tr("order.list_nobody"), self._lists)
        yield None
        self._heading(tr("order.banned_list"), self._lists)
        out = sorted(
            ((seq, who, nick) for who, (seq, nick) in banned.items() if nick), reverse=True
        )
        for _, who, nick in out:
            yield None
            self._lift(Act.UNBAN, who, model.name_of(who, nick), "")
        if not out:
            self._words(tr("order.list_nobody"), self._lists)
        for child in self._lists.winfo_children():
            yield None
            self.pane.filled(child)
        look.slices.paint(self.pane.widget, lambda: self.pane.scroll(0))

    def _lift(self, act: Act, who: bytes, nick: str, when: str) -> None:
        look, px = self._look, self._look.px
        row = tk.Frame(self._lists, bd=0, bg=look.palette.card)
        row.pack(fill="x", padx=px(8), pady=(0, px(8)))
        end = kit.button(row, look, look.tr("order.lift"), lambda: self._do(act, 0, who))
        end.pack(side="right", padx=(px(8), 0))
        end.bind("<Escape>", self.sheet.escape)
        self.parts[f"{act.name.lower()} {clean(nick)}"] = end
        beside = tk.Frame(row, bd=0, bg=look.palette.card)
        beside.pack(side="left", fill="x", expand=True)
        kit.label(beside, look, clean(nick)).pack(fill="x")
        if when:
            kit.label(beside, look, when, "small", "quiet").pack(fill="x")

    def _found(self, bans: Bans) -> None:
        self._bans = bans
        self.show()

    # --- what happens -----------------------------------------------------------

    def _do(self, act: Act, value: int, person: bytes = b"") -> None:
        def answer(problem: str) -> None:
            if problem:
                self._controller.tell(problem)
                self.show(True)

        self._controller.act(act, self._room.room, person, value=value, answer=answer)

    def show(self, anew: bool = False) -> None:
        """Show what holds now; ``anew`` also where it is as it was, because it was tried."""
        if not self.sheet.open or not self._building.done:
            return
        order: RoomOrder = self._room.order
        if self._room.room not in self._controller.model.rooms:
            self.sheet.close()
            return
        for name, value in (
            ("pause", order.paused), ("announce", order.announce), ("direct", order.direct),
            ("slow", order.slow_s),
        ):  # fmt: skip
            part = self.parts.get(name)
            if part is None:
                continue
            known = part.on if isinstance(part, kit.Switch) else part.chosen
            if name == "slow" and known != value:
                part.offer(self._slow_options(order.slow_s), order.slow_s)
            elif known != value or anew:
                part.set(value)
        if self._drawn != (order.muted, tuple(self._room.bans.items()), tuple(self._bans)):
            self._look.slices.cancel(self._filling)
            self._filling = self._look.slices.soon(self._fill_lists)
