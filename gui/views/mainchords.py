"""The chords of the main screen: what each of them does, and when none of them does anything.

What stands over the whole screen, a sheet or a viewer, has the keyboard for itself: only Esc
and closing the window go on. Belongs to the Tk thread.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gui.chat.controller import Controller
from gui.views.sheet import Sheet

if TYPE_CHECKING:
    from gui.views.main import MainScreen


def main_chords(
    screen: "MainScreen", controller: Controller, ask_close: Callable[[], None]
) -> dict[str, Callable[[], None]]:
    """Return chord → what it does, for :func:`gui.keys.install`."""

    def step(by: int) -> Callable[[], None]:
        return lambda: controller.next_room(by)

    def place(number: int) -> Callable[[], None]:
        return lambda: screen.open_numbered(number)

    def uncovered(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            if Sheet.top() is None and not screen.talk.covered:
                work()

        return run

    chords: dict[str, Callable[[], None]] = {
        "Ctrl+K": screen.switch, "Ctrl+N": screen.new_menu,
        "Ctrl+O": screen.talk.composing.attach, "Ctrl+E": screen.talk.pick_emoji,
        "Ctrl+F": lambda: screen.search(False), "Ctrl+Shift+F": lambda: screen.search(True),
        "Ctrl+Shift+H": controller.raise_hand,
        "Ctrl+,": screen.open_settings, "F1": screen.help, "Ctrl+/": screen.help,
        "F6": screen.next_pane,
    }  # fmt: skip
    for by, words in ((1, "Alt+Down Ctrl+PgDn Ctrl+Tab"), (-1, "Alt+Up Ctrl+PgUp")):
        chords |= {chord: step(by) for chord in words.split()}
    chords |= {f"Ctrl+{number}": place(number) for number in range(1, 10)}
    chords = {chord: uncovered(work) for chord, work in chords.items()}
    return chords | {"Esc": screen.escape, "Ctrl+Q": ask_close}
