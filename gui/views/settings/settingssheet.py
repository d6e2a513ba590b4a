"""Settings: sections at the left, what belongs to one at the right; everything holds at once.

What people choose goes to :class:`SettingsActs`, which may build the whole window anew
(another language, another size of text); the sheet is then shown again by whoever built it,
with the same section and the focus where it was. A section is filled step by step, and may be
left before it is full. Belongs to the Tk thread; files are read and pictures made in workers.
"""

import threading
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from gui.chat.room import Notify, Sound
from gui.paint import kit
from gui.paint.controls import Control
from gui.paint.faces import Face
from gui.paint.look import Look
from gui.paint.slices import LONG, Steps, Work
from gui.settings import Settings
from gui.text.textlayout import one_line
from gui.views.scrollpane import ScrollPane
from gui.views.settings.formpage import Page
from gui.views.settings.settingspages import PAGES
from gui.views.sheet import Sheet
from protocol.client.happenings import DeviceInfo

R = TypeVar("R")

WIDTH, HEIGHT = 760, 560
SECTIONS_WIDTH = 192
NARROW = 560
"""Pixels at 100 %: in less, the sections are a list to open above the content."""

SECTIONS: Final = (
    ("profile", "user"),
    ("appearance", "palette"),
    ("language", "globe"),
    ("notify", "bell"),
    ("privacy", "shield"),
    ("devices", "phone"),
    ("device", "server"),
)
"""(section, icon), in the order in which they stand."""


@dataclass(frozen=True, slots=True)
class MutedRoom:
    """A room for which one has chosen something, or that is quiet for a while."""

    room: bytes
    title: str
    notify: Notify
    quiet_until: float = 0.0
    """Seconds since 1970, or 0."""
    sound: Sound = Sound.DEFAULT


class SettingsActs(Protocol):
    """What the sheet asks of the program; all return at once, answers come in the Tk thread."""

    @property
    def settings(self) -> Settings:
        """The settings of now."""

    def change(self, **fields: Any) -> None:
        """Save fields of :class:`gui.settings.Settings` and let them hold; draws again."""

    def me(self) -> Face:
        """Return oneself; ``person`` is empty while one is at no server."""

    def rename(self, nick: str, answer: Callable[[str], None]) -> None:
        """Take another nickname; ``answer`` gets "" or why not."""

    def set_profile(self, colour: int, picture: bytes, answer: Callable[[str], None]) -> None:
        """Take a colour (0: by itself) and an encoded picture (empty: none)."""

    def link_device(self, answer: Callable[[str, str], None]) -> None:
        """Ask for an invite link for another device; ``answer`` gets it, or "" and why not."""

    def own_tag(self) -> bytes:
        """Return the tag of this device."""

    def fingerprints(self) -> tuple[str, str]:
        """Return the fingerprints of this device and of the server."""

    def devices(self, answer: Callable[[tuple[DeviceInfo, ...], str], None]) -> None:
        """Ask for one's own devices; ``answer`` gets them, or why not."""

    def change_device(
        self, device: DeviceInfo, banned: bool, answer: Callable[[str], None]
    ) -> None:
        """Shut one of one's own devices out, or let it in again; ``answer`` gets "" or why not."""

    def may_audit(self) -> bool:
        """Whether one may see what was done on the server."""

    def show_audit(self) -> None:
        """Show it."""

    def muted_rooms(self) -> Sequence[MutedRoom]:
        """Return the rooms whose notifications are not the usual ones."""

    def unmute(self, room: bytes) -> None:
        """Let a room make notifications as usual."""

    def try_sound(self) -> None:
        """Play the sound of a new message."""

    def data_folder(self) -> Path:
        """Return the folder that holds everything of this program."""

    def open_folder(self) -> bool:
        """Show that folder in the system's file manager; return whether there is one."""

    def leave_server(self) -> None:
        """Go to the first screen, where another server can be chosen."""


class SettingsSheet:
    """The dialog; ``section`` is what is shown, for whoever shows it again."""

    def __init__(
        self, master: tk.Misc, look: Look, acts: SettingsActs,
        call: Callable[[Callable[[], None]], None], section: str = "profile",
        on_close: Callable[[], None] | None = None, focused: str = "",
    ) -> None:  # fmt: skip
        """``call`` brings the answers of workers into the Tk thread: the bridge's.

        ``focused`` names the part that gets the focus; otherwise the sections have it.
        """
        self.look = look
        self.acts = acts
        self._call = call
        self._filling: Work | None = None
        self._drawn = look.palette
        self.section = section
        self.focused = focused
        """The part with which something was changed last, for whoever shows the sheet again."""
        self.sheet = Sheet(master, look, look.tr("settings.title"), WIDTH, HEIGHT, on_close)
        self._card = self.sheet.card
        self.narrow = self.sheet.width < look.px(NARROW)
        self.list: SectionList | None = None
        self.drop: kit.Dropdown[str] | None = None
        self.parts: dict[str, Any] = {}
        """What the open section is made of, by name: for tests."""
        self._building = look.slices.build(self._build())
        self._card.bind("<Destroy>", lambda _: self._drop())

    def _build(self) -> Steps:
        """Make what stands in the card."""
        look, section, px, tr = self.look, self.section, self.look.px, self.look.tr
        yield LONG
        self._body = tk.Frame(self._card, bd=0, bg=look.palette.card)
        self._body.pack(fill="both", expand=True, padx=(px(12), px(8)), pady=(px(4), px(16)))
        names = [(name, tr(f"settings.{name}")) for name, _ in SECTIONS]
        if self.narrow:
            self.drop = kit.Dropdown(self._body, look, names, section, self.show)
            self.drop.widget.pack(fill="x", padx=(px(12), px(16)), pady=(0, px(12)))
        else:
            self.list = SectionList(self._body, look, section, self.show)
            self.list.widget.pack(side="left", fill="y", padx=(0, px(16)))
        self.pane = ScrollPane(self._body, look, "card")
        self.pane.widget.pack(side="left", fill="both", expand=True, padx=(px(8), 0))
        beside = self.list.widget.winfo_reqwidth() + px(16) if self.list is not None else 0
        self.pane.set_width(self.sheet.width - 2 - px(12 + 8 + 8) - beside)
        self._fill_soon(focused=self.focused)
        first: Control | None = self.list or self.drop
        if first is not None:
            at = first.widget
            at.bind("<Escape>", self.sheet.escape, add="+")
            if not self.focused:
                at.after_idle(lambda: at.focus_set() if self.open else None)

    @property
    def open(self) -> bool:
        """Whether it still stands."""
        return self.sheet.open and bool(self._card.winfo_exists())

    def close(self) -> None:
        """Take it away."""
        self.sheet.close()

    def show(self, section: str) -> None:
        """Show a section."""
        self._be_built()
        self.section, self.focused = section, ""
        if self.list is not None:
            self.list.set(section)
        if self.drop is not None:
            self.drop.set(section)
        self._fill_soon()

    def _be_built(self) -> None:
        self.look.slices.finish(self._building)

    def _drop(self) -> None:
        for work in (self._building, self._filling):
            self.look.slices.cancel(work)

    def _fill_soon(self, top: int = 0, focused: str = "") -> None:
        slices = self.look.slices
        slices.cancel(self._filling)
        self.pane.clear()
        self.parts = {}
        self._filling = slices.build(self._fill(top, focused))

    def _fill(self, top: int, focused: str) -> Steps:
        """Fill the section; then show what is ``top`` pixels below, and focus a part."""
        yield from PAGES[self.section](Page(self, self.pane.inner))
        yield None
        self.pane.filled()
        waiting: list[tk.Misc] = [self.pane.inner]
        while waiting:
            one = waiting.pop()
            waiting.extend(one.winfo_children())
            tk.Misc.bind(one, "<Escape>", self.sheet.escape, add="+")
        if top:
            self.pane.begin_at(top)
        if focused in self.parts:
            self.parts[focused].widget.focus_set()

    def change(self, **fields: Any) -> None:
        """Let settings hold; afterwards this sheet may be gone, or in another palette."""
        self.focused = self._focused()
        self.acts.change(**fields)
        if self.open and self.look.palette is not self._drawn:
            self.restyle()

    def work(self, job: Callable[[], R], done: Callable[[R], None]) -> None:
        """Do something slow in a thread; ``done`` gets its result if the sheet still stands."""
        section = self.section

        def finish(result: R) -> None:
            if self.open and self.section == section:
                done(result)

        def run() -> None:
            result = job()
            self._call(lambda: finish(result))

        threading.Thread(target=run, name="settings", daemon=True).start()

    def restyle(self) -> None:
        """Draw it in the palette of now; call it when the theme changes by itself, too."""
        if self._drawn is self.look.palette:
            return
        self._be_built()
        self._drawn = self.look.palette
        self.sheet.restyle()
        self._body.configure(bg=self.look.palette.card)
        self.pane.restyle()
        if self.list is not None:
            self.list.restyle()
        if self.drop is not None:
            self.drop.restyle()
        self._fill_soon(self.pane.top, self._focused())

    def _focused(self) -> str:
        """Return the name of the part that has the focus."""
        return next(
            (name for name, one in self.parts.items()
             if isinstance(one, Control) and one.widget.focus_get() is one.widget),
            "",
        )  # fmt: skip


class SectionList(Control):
    """The sections at the left; arrows go up and down."""

    def __init__(
        self, master: tk.Misc, look: Look, chosen: str, choose: Callable[[str], None]
    ) -> None:
        """``choose`` gets the section."""
        self.chosen = chosen
        self._choose = choose
        super().__init__(master, look, "card", look.px(40) * len(SECTIONS))
        fonts = look.fonts
        widest = max(fonts.width("label", look.tr(f"settings.{name}")) for name, _ in SECTIONS)
        self.widget.configure(width=max(look.px(SECTIONS_WIDTH), widest + look.px(60)))

    def set(self, chosen: str) -> None:
        """Show which one is open."""
        self.chosen = chosen
        self.restyle()

    def place_of(self, section: str) -> tuple[int, int]:
        """Return the middle of a section in the widget."""
        index = [name for name, _ in SECTIONS].index(section)
        return self.widget.winfo_width() // 2, self._look.px(40) * index + self._look.px(20)

    def _part_at(self, x: int, y: int) -> int:
        part = y // self._look.px(40)
        return part if 0 <= part < len(SECTIONS) and super()._part_at(x, y) >= 0 else -1

    def _press(self, part: int) -> None:
        self.widget.focus_set()
        if part >= 0:
            self._choose(SECTIONS[part][0])

    def _step(self, step: int) -> None:
        at = [name for name, _ in SECTIONS].index(self.chosen) + step
        if 0 <= at < len(SECTIONS):
            self._choose(SECTIONS[at][0])

    def _paint(self, width: int) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        for index, (name, icon) in enumerate(SECTIONS):
            y, chosen = px(40) * index, name == self.chosen
            below = palette.card
            if chosen or self._hot == index:
                below = palette.pill if chosen else palette.hover
            self._box(0, y, width, px(40), below, self._focused and chosen)
            ink = palette.accent if chosen else palette.quiet
            image = look.art.icon(icon, px(20), ink, below)
            self.widget.create_image(px(12), y + px(10), image=image, anchor="nw")
            ink = palette.text if chosen else palette.quiet
            words = look.tr(f"settings.{name}")
            line = one_line(words, width - px(52), look.fonts, "label")
            top = y + (px(40) - look.fonts.line_height("label")) // 2
            look.line(self.widget, (px(44), top), line, (ink, ink, below), "label", ())
