"""The devices of somebody, for moderators of the server: one can be shut out. In the Tk thread."""

import tkinter as tk

from gui.chat.controller import Controller
from gui.paint import kit
from gui.paint.look import Look
from gui.paint.slices import Work
from gui.text.textlayout import clean
from gui.views.devicerows import device_rows
from gui.views.scrollpane import ScrollPane
from gui.views.sheet import Sheet
from protocol.client.happenings import DeviceInfo, PersonInfo
from protocol.codes import Act

WIDTH, HEIGHT = 480, 360


class DeviceSheet:
    """The sheet; it asks anew after each change."""

    def __init__(
        self, master: tk.Misc, look: Look, controller: Controller, person: PersonInfo
    ) -> None:
        """Show it and ask."""
        self._look = look
        self._controller = controller
        self._person = person
        tr, px = look.tr, look.px
        self.sheet = Sheet(
            master, look, tr("order.devices_title", nick=clean(person.nick)), WIDTH, HEIGHT
        )
        self.sheet.words(tr("order.devices_note"))
        self.pane = ScrollPane(self.sheet.card, look, "card")
        self.pane.widget.pack(fill="both", expand=True, padx=(px(16), px(8)), pady=(0, px(16)))
        self.pane.set_width(self.sheet.width - px(24))
        self.buttons: list[kit.Button] = []
        """What can be done, from the top."""
        self._filling: Work | None = None
        self._say(tr("order.fetching"))
        self._ask()

    def _ask(self) -> None:
        self._controller.devices(self._person.person, self._came)

    def _say(self, words: str) -> None:
        self._look.slices.cancel(self._filling)
        self.pane.clear()
        made = kit.label(self.pane.inner, self._look, words, "label", "quiet")
        made.pack(fill="x", padx=self._look.px(8))

    def _came(self, devices: tuple[DeviceInfo, ...], problem: str) -> None:
        if not self.sheet.open:
            return
        if problem or not devices:
            self._say(problem or self._look.tr("order.audit_none"))
            return
        self.buttons = []
        self._look.slices.cancel(self._filling)
        self._filling = self._look.slices.build(
            device_rows(
                self.pane.inner, self._look, devices, b"", self._change, self._made, self.pane
            )
        )

    def _made(self, button: kit.Button) -> None:
        button.bind("<Escape>", self.sheet.escape)
        self.buttons.append(button)
        if len(self.buttons) == 1:
            button.focus_set()

    def _change(self, device: DeviceInfo, banned: bool) -> None:
        act = Act.BAN_DEVICE if banned else Act.UNBAN_DEVICE

        def answer(problem: str) -> None:
            if problem and self.sheet.open:
                self._say(problem)
            elif self.sheet.open:
                self._ask()

        self._controller.act(act, person=self._person.person, device=device.tag, answer=answer)
