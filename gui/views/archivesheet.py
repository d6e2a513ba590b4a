"""Saves a conversation to a file: asks what and where, shows how far it is, says what it has.

The work is done in a thread of its own (:mod:`gui.archive.job`); closing the sheet before the
end cancels it. Belongs to the Tk thread.
"""

import logging
import tkinter as tk
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from threading import Thread
from tkinter import filedialog
from typing import Final

from gui.archive import days
from gui.archive.carrier import Archives, Carrier
from gui.archive.job import Job, Outcome
from gui.archive.survey import Format, Order
from gui.desktop.filenames import safe_name
from gui.paint import kit
from gui.paint.choices import Choice
from gui.paint.controls import Switch
from gui.paint.look import Look
from gui.views.sheet import Sheet
from gui.views.viewing.files import start

log = logging.getLogger(__name__)

WIDTH: Final = 480
_EDGE: Final = 24
_ALL, _TODAY, _WEEK, _CHOSEN = "all", "today", "week", "chosen"
_ABOUT: Final = {
    Format.PAGE: "archive.about_page",
    Format.LINES: "archive.about_lines",
    Format.PLAIN: "archive.about_plain",
}


class ArchiveSheet:
    """The dialog of one room."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        archives: Archives,
        online: Callable[[], bool],
        library: Path,
        room: bytes,
        title: str,
        call: Callable[[Callable[[], None]], None],
        ask_path: Callable[..., str] = filedialog.asksaveasfilename,
        open_path: Callable[[Path], bool] = start,
    ) -> None:
        """``library`` is the client's file; ``call`` brings work into the Tk thread."""
        self._look = look
        self._archives = archives
        self._online = online
        self._library = library
        self._room = room
        self._title = title
        self._call = call
        self._ask_path = ask_path
        self._open_path = open_path
        self._format = Format.PAGE
        self._days = _ALL
        self._pictures = True
        self._carrier: Carrier | None = None
        self._seen = (0, 0, "")
        self._drawn: tuple[int, int, str] | None = None
        self._after = ""
        self.outcome: Outcome | None = None
        self.sheet = Sheet(master, look, look.tr("archive.title"), WIDTH, on_close=self._closed)
        self.body = tk.Frame(self.sheet.card, bd=0)
        self._ask()

    # --- what to save -----------------------------------------------------------

    def _ask(self) -> None:
        """Show the questions."""
        look, tr, px = self._look, self._look.tr, self._look.px
        body = self._fresh()
        self.format: Choice[Format] = Choice(
            body,
            look,
            [
                (Format.PAGE, tr("archive.format_page")),
                (Format.LINES, tr("archive.format_lines")),
                (Format.PLAIN, tr("archive.format_plain")),
            ],
            self._format,
            self._choose_format,
        )
        self.format.widget.pack(fill="x")
        self._about = kit.label(body, look, tr(_ABOUT[self._format]), "small", "quiet")
        self._about.pack(fill="x", pady=(px(6), px(8)))
        self._heading(tr("archive.days"))
        names = {
            _ALL: "archive.all", _TODAY: "archive.today", _WEEK: "archive.week",
            _CHOSEN: "archive.chosen",
        }  # fmt: skip
        options = [(value, tr(name)) for value, name in names.items()]
        self.days: Choice[str] = Choice(body, look, options, self._days, self._choose_days)
        self.days.widget.pack(fill="x")
        self._dates = tk.Frame(body, bd=0, bg=look.palette.card)
        today = date.today()
        self.since = self._date(tr("archive.from"), today - timedelta(days=6), 0)
        self.until = self._date(tr("archive.to"), today, 1)
        self.pictures = Switch(
            body, look, tr("archive.with_pictures"), self._pictures, self._choose_pictures
        )
        self.pictures.widget.pack(fill="x", pady=(px(8), 0))
        self.problem = kit.label(body, look, "", "small", "danger")
        self.problem.pack(fill="x", pady=(px(4), 0))
        self.buttons = self._buttons(
            [("archive.save", "main", self.save), ("general.cancel", "quiet", self.sheet.close)]
        )
        for control in (self.format, self.days, self.pictures):
            for enter in ("<Return>", "<KP_Enter>"):
                # The space bar turns the switch too.
                control.widget.bind(enter, lambda _: self._enter())
        self._choose_format(self._format)
        self._choose_days(self._days)
        self.format.widget.focus_set()

    def _date(self, words: str, day: date, column: int) -> kit.Entry:
        look, px = self._look, self._look.px
        self._dates.columnconfigure(column, weight=1, uniform="dates")
        pad = (0, px(6)) if column == 0 else (px(6), 0)
        label = kit.label(self._dates, look, words, "small", "quiet")
        label.grid(row=0, column=column, sticky="ew", padx=pad)
        field = kit.entry(self._dates, look, look.tr("archive.day_format"))
        kit.put(field, days.written(look.tr.language, day))
        field.grid(row=1, column=column, sticky="ew", padx=pad)
        field.bind("<Return>", lambda _: self.save())
        field.bind("<Escape>", self.sheet.escape)
        return field

    def _choose_format(self, chosen: Format) -> None:
        self._format = chosen
        words = self._look.tr(_ABOUT[chosen])
        self._about.configure(text=self._look.plain(words), font=self._look.font("small", words))
        if chosen is Format.PLAIN:
            self.pictures.widget.pack_forget()
        else:
            self.pictures.widget.pack(fill="x", pady=(self._look.px(8), 0), before=self.problem)

    def _choose_days(self, chosen: str) -> None:
        self._days = chosen
        if chosen == _CHOSEN:
            self._dates.pack(fill="x", pady=(self._look.px(8), 0), after=self.days.widget)
        else:
            self._dates.pack_forget()

    def _choose_pictures(self, on: bool) -> None:
        self._pictures = on

    def _range(self) -> tuple[date | None, date | None] | str:
        """Return the first and the last day, or what is wrong with them."""
        tr, today = self._look.tr, date.today()
        match self._days:
            case "today":
                return today, today
            case "week":
                return today - timedelta(days=6), today
            case "chosen":
                since = days.read(tr.language, self.since.get())
                until = days.read(tr.language, self.until.get())
                if since is None or until is None:
                    return tr("archive.day_wrong", example=days.written(tr.language, today))
                return (since, until) if since <= until else tr("archive.day_order")
        return None, None

    def save(self) -> None:
        """Ask where to, and begin."""
        chosen = self._range()
        if isinstance(chosen, str):
            self._wrong(chosen)
            return
        self._wrong("")
        suffix = self._format.value
        path = self._ask_path(
            parent=self.sheet.card,
            title=self._look.plain(self._look.tr("archive.where")),
            initialfile=suggested(self._title, date.today(), suffix),
            defaultextension=suffix,
            filetypes=[(f"*{suffix}", f"*{suffix}")],
        )
        if path and self.sheet.open:
            since, until = chosen
            self._begin(
                Order(
                    self._room, self._title, Path(path), self._format, since, until, self._pictures
                )
            )

    def _enter(self) -> str:
        self.save()
        return "break"

    def _wrong(self, words: str) -> None:
        font = self._look.font("small", words)
        self.problem.configure(text=self._look.plain(words), font=font)

    # --- doing it ---------------------------------------------------------------

    def _begin(self, order: Order) -> None:
        tr = self._look.tr
        offline = tr("archive.offline")
        self._carrier = carrier = Carrier(
            self._archives, self._online, self._room, offline, self._call
        )
        carrier.job = job = Job(
            order, self._library, tr, carrier.fetch,
            carrier.gather if self._online() else None, offline, self._heard,
        )  # fmt: skip
        self._seen, self._drawn = (0, 0, ""), None
        self._wait()

        def work() -> None:
            try:
                outcome = job.run()
            except Exception:
                log.exception("event=archive_broken")
                outcome = Outcome(None, tr("archive.failed"))
            self._call(lambda: self._ended(carrier, outcome))

        # Not a daemon: at the end of the program it still takes its part file away.
        Thread(target=work, name="archive").start()

    def _wait(self) -> None:
        """Show how far it is."""
        look, px = self._look, self._look.px
        body = self._fresh()
        words = look.tr("archive.starting")
        self.state = kit.label(body, look, words, "label", "text")
        self.state.pack(fill="x", pady=(px(8), px(8)))
        self.bar = tk.Canvas(
            body, bd=0, highlightthickness=0, height=px(8), width=10, bg=look.palette.card
        )
        self.bar.pack(fill="x", pady=(0, px(8)))
        self.buttons = self._buttons([("general.cancel", "quiet", self.stop)])
        self.buttons[0].focus_set()
        self._tick()

    def _tick(self) -> None:
        """Draw the progress; ten times a second, however often it is told."""
        self._after = self.body.after(100, self._tick)
        done, total, what = seen = self._seen
        if seen == self._drawn or not what:
            return
        self._drawn = seen
        look = self._look
        number = look.tr.number
        words = look.tr(f"archive.{what}", done=number(done), total=number(total))
        self.state.configure(text=look.plain(words), font=look.font("label", words))
        self.bar.delete("all")
        width, high = self.bar.winfo_width(), look.px(8)
        radius = high // 2
        groove, card = look.palette.field, look.palette.card
        image = look.shapes.box(max(high, width), high, radius, groove, card)
        self.bar.create_image(0, 0, image=image, anchor="nw")
        filled = width * done // total if total else 0
        if filled >= high:
            image = look.shapes.box(filled, high, radius, look.palette.accent, groove)
            self.bar.create_image(0, 0, image=image, anchor="nw")

    def stop(self) -> None:
        """End it; nothing is left behind."""
        self._cancel()
        words = self._look.tr("archive.stopping")
        self.state.configure(text=self._look.plain(words), font=self._look.font("label", words))
        self._seen = (0, 0, "")

    def _cancel(self) -> None:
        if self._carrier is not None:
            self._carrier.cancel()

    def _ended(self, carrier: Carrier, outcome: Outcome) -> None:
        if carrier is not self._carrier:
            return
        self._carrier = None
        self.outcome = outcome
        if not self.sheet.open or not self.body.winfo_exists():
            return
        if outcome.path is None and not outcome.problem:
            self._ask()
        else:
            self._result(outcome)

    def _heard(self, done: int, total: int, what: str) -> None:
        # In the worker thread: one assignment, which the Tk thread looks at when it has the time.
        self._seen = (done, total, what)

    # --- what came of it --------------------------------------------------------

    def _result(self, outcome: Outcome) -> None:
        look, px = self._look, self._look.px
        body = self._fresh()
        if outcome.path is None:
            problem = kit.label(body, look, outcome.problem, "label", "danger")
            problem.pack(fill="x", pady=(px(8), px(8)))
            self.buttons = self._buttons(
                [("archive.again", "main", self._ask), ("general.close", "quiet", self.sheet.close)]
            )
            self.buttons[0].focus_set()
            return
        path = outcome.path
        kit.label(body, look, look.tr("archive.done"), "name").pack(fill="x", pady=(px(8), 0))
        for role, ink, words in (
            ("label", "text", path.name), ("small", "quiet", str(path.parent)),
        ):  # fmt: skip
            kit.label(body, look, words, role, ink).pack(fill="x", pady=(px(2), 0))
        rule = tk.Frame(body, bd=0, height=1, bg=look.palette.line)
        rule.pack(fill="x", pady=px(12))
        for index, words in enumerate(outcome.lines):
            ink = "text" if index == 0 else "quiet"
            kit.label(body, look, words, "small", ink).pack(fill="x", pady=(0, px(4)))
        self.problem = kit.label(body, look, "", "small", "danger")
        self.problem.pack(fill="x")
        self.buttons = self._buttons(
            [
                ("archive.open", "main", lambda: self._show(path)),
                ("archive.folder", "quiet", lambda: self._show(path.parent)),
                ("general.close", "quiet", self.sheet.close),
            ]
        )
        self.buttons[0].focus_set()

    def _show(self, path: Path) -> None:
        self._wrong("" if self._open_path(path) else self._look.tr("archive.opener_missing"))

    # --- the card ---------------------------------------------------------------

    def _fresh(self) -> tk.Frame:
        """Begin an empty body."""
        if self._after:
            self.body.after_cancel(self._after)
            self._after = ""
        look, old = self._look, self.body
        self.body = tk.Frame(self.sheet.card, bd=0, bg=look.palette.card)
        self.body.pack(fill="both", expand=True, padx=look.px(_EDGE))
        body = self.body
        body.bind("<Destroy>", lambda event: self._gone(event.widget))
        old.pack_forget()
        # Not at once: a button of it is still in its own click.
        look.slices.destroy(old)
        return body

    def _gone(self, widget: object) -> None:
        # Another body may have taken its place; if not, the whole window goes.
        if widget is self.body:
            self._closed()

    def _closed(self) -> None:
        if self._after:
            self.body.after_cancel(self._after)
            self._after = ""
        self._cancel()

    def _heading(self, words: str) -> None:
        label = kit.label(self.body, self._look, words, "name")
        label.pack(fill="x", pady=(self._look.px(8), self._look.px(4)))

    def _buttons(self, choices: list[tuple[str, str, Callable[[], None]]]) -> list[kit.Button]:
        look, px = self._look, self._look.px
        row = tk.Frame(self.body, bd=0, bg=look.palette.card)
        row.pack(fill="x", pady=(px(16), px(20)))
        made = []
        for name, kind, work in choices:
            one = kit.button(row, look, look.tr(name), work, kind)
            one.pack(side="right", padx=(px(8), 0))
            one.bind("<Escape>", self.sheet.escape)
            made.append(one)
        return made


def suggested(title: str, day: date, suffix: str) -> str:
    """Return a file name for a conversation, without signs that a system forbids."""
    return f"{safe_name(title, 'zviazok')[:80].rstrip(' .')} {day.isoformat()}{suffix}"
