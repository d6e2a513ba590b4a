"""The search of one server in its pane: made at its first use. Belongs to the Tk thread."""

from collections.abc import Callable
from pathlib import Path

from gui.bridge import Bridge
from gui.chat.controller import Controller
from gui.chat.searcher import Searcher
from gui.paint.look import Look
from gui.views.panes import TALK, Panes
from gui.views.searchfilters import PersonSheet
from gui.views.searchpanel import SearchPanel
from gui.views.timeline.timeline import Timeline


class SearchPane:
    """Shows the search beside the messages, and goes to what was found."""

    def __init__(
        self,
        panes: Panes,
        look: Look,
        controller: Controller,
        history: Callable[[], Path | None],
        bridge: Bridge,
        timeline: Timeline,
        on_close: Callable[[], None],
    ) -> None:
        """``history`` is the file that holds what was said, None at no server.

        ``timeline`` marks what was found where it was said.
        """
        self._panes = panes
        self._look = look
        self._controller = controller
        self._model = controller.model
        self._history = history
        self._bridge = bridge
        self._travel = timeline.travel
        self._on_close = on_close
        self._searcher: Searcher | None = None
        self._shown_room = b""
        self.panel: SearchPanel | None = None
        self.dialog: PersonSheet | None = None
        """Where it was asked last whose messages are wanted."""

    @property
    def open(self) -> bool:
        """Whether it is shown."""
        return self._panes.searching

    def show(self, everywhere: bool) -> None:
        """Search in the open room, or in all."""
        path = self._history()
        if path is None:
            return
        if self.panel is None:
            self._searcher = Searcher(path, self._bridge.call)
            self.panel = SearchPanel(
                self._panes.search, self._look, self._searcher,
                lambda: self._model.active or None, self._title_of, self._model.name_of,
                self._ask_person, self._found, self._travel.calm, self.hide,
            )  # fmt: skip
            self.panel.widget.pack(fill="both", expand=True)
        self._panes.search_at(True)
        self.panel.open(everywhere)

    def hide(self) -> None:
        """Take it away."""
        if self._searcher is not None:
            self._searcher.drop()
        self._travel.calm()
        self._panes.search_at(False)
        self._on_close()

    def focus(self) -> None:
        """Have keys come to its field."""
        if self.panel is not None:
            self.panel.entry.focus()

    def room_changed(self) -> None:
        """Another room may be open."""
        if self.panel is not None and self._model.active != self._shown_room:
            self.panel.room_changed()
        self._shown_room = self._model.active

    def restyle(self) -> None:
        """Draw in the palette of now."""
        if self.panel is not None:
            self.panel.restyle()

    def close(self) -> None:
        """End its thread."""
        if self._searcher is not None:
            self._searcher.close()

    def _title_of(self, room: bytes) -> str:
        known = self._model.rooms.get(room)
        return self._model.title(known) if known is not None else ""

    def _ask_person(self, choose: Callable[[bytes, str], None]) -> None:
        self.dialog = PersonSheet(self._panes.widget, self._look, self._model, choose)

    def _found(self, room: bytes, seq: int, query: str) -> None:
        if room not in self._model.rooms:
            return  # one has left it since
        self._controller.open_room(room)
        self._travel.seek(seq, query)
        self._controller.jump(seq)
        if self._panes.single:
            self._panes.front(TALK)
