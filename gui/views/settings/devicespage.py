"""One's own devices, a link for one more, and the fingerprints of this one and of the server.

A section of the settings, put there step by step. Belongs to the Tk thread.
"""

import time
import tkinter as tk

from gui.paint import kit
from gui.paint.slices import Steps, Work
from gui.views.devicerows import device_rows
from gui.views.settings.formpage import Page
from gui.words import orderwords
from protocol.client.happenings import DeviceInfo
from protocol.limits import LINK_TOKEN_MS

TICK_MS = 1000


def devices(page: Page) -> Steps:
    """The devices, a link for another one, fingerprints."""
    if not page.acts.me().person:
        page.words(page.tr("no_server"))
        return
    yield from _own(page)
    yield from _link(page)
    yield from _fingerprints(page)


def _own(page: Page) -> Steps:
    look, acts = page.look, page.acts
    page.heading(page.tr("devices"))
    rows = tk.Frame(page.frame, bd=0, bg=look.palette.card)
    rows.pack(fill="x")
    answer = page.words(look.tr("order.fetching"))
    page.host.parts["devices_answer"] = answer
    yield None

    made: list[kit.Button] = []
    filling: Work | None = None

    def ask() -> None:
        acts.devices(came)

    def came(devices: tuple[DeviceInfo, ...], problem: str) -> None:
        if not rows.winfo_exists():
            return
        say(problem)
        if problem:
            return
        nonlocal filling
        made.clear()
        look.slices.cancel(filling)
        filling = look.slices.build(
            device_rows(rows, look, devices, acts.own_tag(), change, made_one, page.host.pane)
        )

    def made_one(button: kit.Button) -> None:
        page.host.parts[f"device{len(made)}"] = button
        made.append(button)
        button.bind("<Escape>", page.host.sheet.escape, add="+")

    def change(device: DeviceInfo, banned: bool) -> None:
        def done(problem: str) -> None:
            if rows.winfo_exists():
                say(problem)
                ask()

        acts.change_device(device, banned, done)

    def say(problem: str) -> None:
        if problem:
            answer.configure(text=look.plain(problem), fg=look.palette.danger)
            answer.pack(fill="x", padx=look.px(8), pady=(0, look.px(8)), after=rows)
        else:
            answer.pack_forget()

    ask()


def _link(page: Page) -> Steps:
    """A link with which another device becomes one's own, with the time that it is still good."""
    look, acts, host = page.look, page.acts, page.host
    page.heading(page.tr("link"))
    page.words(page.tr("link_note", minutes=LINK_TOKEN_MS // 60_000))
    row = page.row()
    answer = page.words("")
    ends_s = 0.0

    def tick() -> None:
        if not answer.winfo_exists() or not ends_s:
            return
        left_s = round(ends_s - time.time())
        if left_s > 0:
            words = page.tr("link_left", left=orderwords.left(look.tr, left_s))
            answer.after(TICK_MS, tick)
        else:
            words = page.tr("link_over")
            shown.pack_forget()
            copy.pack_forget()
        answer.configure(text=look.plain(words), fg=look.palette.quiet)

    def linked(link: str, reason: str) -> None:
        nonlocal ends_s
        if not answer.winfo_exists():
            return
        if reason:
            answer.configure(text=look.plain(reason), fg=look.palette.danger)
            return
        first, ends_s = not ends_s, time.time() + LINK_TOKEN_MS / 1000
        host.parts["link_get"].set_text(page.tr("link_again"))
        kit.put(shown, link)
        shown.set_state("readonly")
        shown.pack(fill="x", padx=look.px(8), pady=(0, look.px(8)), before=answer)
        copy.pack(side="left")
        if first:
            tick()

    def ask() -> None:
        shown.set_state("normal")
        acts.link_device(linked)

    def copy_it() -> None:
        answer.clipboard_clear()
        answer.clipboard_append(shown.get())
        copied.pack(fill="x", padx=look.px(8), pady=(0, look.px(8)), after=answer)

    yield None
    page.button(row, "link_get", ask)
    copy = page.button(row, "link_copy", copy_it)
    copy.pack_forget()
    yield None
    shown = kit.entry(page.frame, look)
    copied = page.words(page.tr("link_copied"))
    copied.pack_forget()
    host.parts["link"] = shown
    host.parts["link_answer"] = answer
    host.parts["link_done"] = copied


def _fingerprints(page: Page) -> Steps:
    yield None
    page.heading(page.tr("fingerprints"))
    own, server = page.acts.fingerprints()
    for name, words in (("print_device", own), ("print_server", server)):
        yield None
        page.words(page.tr(name)).pack_configure(pady=0)
        page.host.parts[name] = page.words(words, "text")
    page.words(page.tr("print_note"))
