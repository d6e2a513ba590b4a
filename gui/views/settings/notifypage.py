"""What notifications there are and how they sound, and the rooms with a choice of their own.

A section of the settings, put there step by step. Belongs to the Tk thread.
"""

import tkinter as tk
from datetime import date
from typing import TYPE_CHECKING, Final

from gui.chat.room import SHIPPED, Notify, Sound
from gui.paint import kit
from gui.paint.slices import Steps
from gui.views.settings.formpage import Page
from gui.words import wording

if TYPE_CHECKING:
    from gui.views.settings.settingssheet import MutedRoom


def notify(page: Page) -> Steps:
    """Notifications, sound, and the rooms that are different."""
    look, acts = page.look, page.acts
    page.switch("notify_on", "notify")
    page.switch("notify_words", "notify_words")
    yield None
    page.switch("sound", "sound", noted=False)
    page.add(
        "chime",
        kit.Dropdown(
            page.frame,
            look,
            [(one.value, look.tr(f"rooms.sound_{one.value}")) for one in SHIPPED],
            acts.settings.chime,
            lambda name: _take_sound(page, name),
        ),
        inset=8,
    )
    yield None
    page.button(page.row(), "sound_try", acts.try_sound)
    page.heading(page.tr("muted"))
    rooms = acts.muted_rooms()
    if not rooms:
        page.words(page.tr("muted_none"))
    for index, one in enumerate(rooms):
        yield None
        row = page.row()

        def unmute(room: bytes = one.room) -> None:
            acts.unmute(room)
            if page.host.open:
                page.host.show("notify")

        end = kit.button(row, look, page.tr("unmute"), unmute)
        end.pack(side="right", padx=(look.px(8), 0))
        page.host.parts[f"unmute{index}"] = end
        beside = tk.Frame(row, bd=0, bg=look.palette.card)
        beside.pack(side="left", fill="x", expand=True)
        title = kit.label(beside, look, one.title)
        title.pack(fill="x")
        for how in _own_choice(page, one):
            kit.label(beside, look, how, "small", "quiet").pack(fill="x")


def _take_sound(page: Page, name: str) -> None:
    page.host.change(chime=name)
    page.acts.try_sound()


def _own_choice(page: Page, room: "MutedRoom") -> list[str]:
    """Say what was chosen for a room, one line each."""
    lines = []
    if room.quiet_until:
        until = wording.when(page.look.tr, int(room.quiet_until * 1000), date.today())
        lines.append(page.tr("muted_until", when=until))
    elif room.notify is not Notify.DEFAULT:
        lines.append(page.tr(_OWN[room.notify]))
    if room.sound is not Sound.DEFAULT:
        sound = page.look.tr(f"rooms.sound_{room.sound.value}")
        lines.append(page.tr("muted_sound", sound=sound))
    return lines


_OWN: Final = {
    Notify.ALL: "muted_all",
    Notify.MENTIONS: "muted_mentions",
    Notify.NONE: "muted_always",
}
