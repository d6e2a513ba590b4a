"""Rows of devices, each with what can be done with it: for the settings, and for a sheet.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence

from gui.paint import kit
from gui.paint.look import Look
from gui.paint.slices import Steps
from gui.views.scrollpane import ScrollPane
from gui.views.sheet import ask
from protocol.client.happenings import DeviceInfo

Change = Callable[[DeviceInfo, bool], None]


def device_rows(
    master: tk.Frame, look: Look, devices: Sequence[DeviceInfo], own: bytes, change: Change,
    made_one: Callable[[kit.Button], None], pane: ScrollPane,
) -> Steps:  # fmt: skip
    """Put a row for each device into an emptied frame of a pane, step by step.

    ``own`` is the tag of this one, if they are one's own. ``change(device, banned)`` is called
    after asking, ``made_one`` gets each button, from the top.
    """
    tr, px = look.tr, look.px
    for child in master.winfo_children():
        child.destroy()
        yield None
    for number, one in enumerate(devices, 1):
        yield None
        if not master.winfo_exists():
            return
        row = tk.Frame(master, bd=0, bg=look.palette.card)
        row.pack(fill="x", padx=px(8), pady=(0, px(8)))
        here = one.tag == own
        icon = tk.Label(
            row, bd=0, bg=look.palette.card,
            image=look.art.icon("phone", px(22), _ink(look, one, here), look.palette.card),
        )  # fmt: skip
        icon.pack(side="left", padx=(0, px(12)))
        # Those in charge alone let a device in again.
        if not here and not (one.banned and own):
            verb = "order.device_back" if one.banned else "order.device_remove"
            made = kit.button(row, look, tr(verb), _doing(master, look, one, change))
            made.pack(side="right", padx=(px(8), 0))
            made_one(made)
        beside = tk.Frame(row, bd=0, bg=look.palette.card)
        beside.pack(side="left", fill="x", expand=True)
        name = tr("order.device_this") if here else tr("order.device_other", number=number)
        kit.label(beside, look, name).pack(fill="x")
        kit.label(beside, look, state_of(look, one), "small", "quiet").pack(fill="x")
        pane.filled(row)


def state_of(look: Look, one: DeviceInfo) -> str:
    """Return how a device is, and the beginning of its key."""
    state = "banned" if one.banned else "online" if one.online else "offline"
    return look.tr(f"order.device_{state}", tag=tag_text(one.tag))


def tag_text(tag: bytes) -> str:
    """Return a device's tag in groups of four digits."""
    digits = tag.hex()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _ink(look: Look, one: DeviceInfo, here: bool) -> str:
    palette = look.palette
    if one.banned:
        return palette.danger
    return palette.accent if here else palette.online if one.online else palette.quiet


def _doing(master: tk.Frame, look: Look, one: DeviceInfo, change: Change) -> Callable[[], None]:
    tr = look.tr

    def run() -> None:
        if one.banned:
            change(one, False)
            return
        ask(
            master, look, tr("order.device_remove_title"), tr("order.device_remove_text"),
            [(tr("order.device_remove_do"), "danger", lambda: change(one, True)),
             (tr("general.cancel"), "quiet", lambda: None)],
        )  # fmt: skip

    return run
