"""Where the three parts of the main window stand, by its width. Belongs to the Tk thread.

Wide: rooms, conversation, people. Narrower than ``NARROW``: the people only if asked for.
Narrower than ``SINGLE``: one part at a time. The search takes the place of the people.
"""

import tkinter as tk

from gui.paint.look import Look
from gui.paint.theme import PEOPLE_WIDTH, ROOMS_WIDTH

SEARCH_WIDTH = 320
NARROW = 880
SINGLE = 640
ROOMS, TALK, PEOPLE, SEARCH = "rooms", "talk", "people", "search"


class Panes:
    """The frames of the three parts in ``widget``; they are filled by others."""

    def __init__(self, master: tk.Misc, look: Look) -> None:
        """Make them; :meth:`arrange` shows them."""
        self._look = look
        px = look.px
        self.widget = tk.Frame(master, bd=0)
        self.widget.grid_rowconfigure(0, weight=1)
        self.rooms = tk.Frame(self.widget, bd=0, width=px(ROOMS_WIDTH))
        self.talk = tk.Frame(self.widget, bd=0)
        self.people = tk.Frame(self.widget, bd=0, width=px(PEOPLE_WIDTH))
        self.search = tk.Frame(self.widget, bd=0, width=px(SEARCH_WIDTH))
        self.searching = False
        """Whether the search stands where the people would."""
        for column in (self.rooms, self.people, self.search):
            column.pack_propagate(False)
        self._rules = [tk.Frame(self.widget, bd=0, width=1) for _ in range(2)]
        self._people_wanted: bool | None = None
        self._front = TALK
        self._shown: tuple[str, ...] = ()

    @property
    def single(self) -> bool:
        """Whether there is room for one part only."""
        width = self.widget.winfo_width()
        return 1 < width < self._look.px(SINGLE)

    def showing(self, part: str) -> bool:
        """Whether a part is shown."""
        return part in self._shown

    def front(self, part: str) -> None:
        """Bring a part to the front, where only one has room."""
        self._front = part
        self.arrange()

    def search_at(self, searching: bool) -> None:
        """Show the search, or no longer."""
        self.searching = searching
        if self.single:
            self._front = SEARCH if searching else TALK
        self.arrange()

    def toggle_people(self) -> None:
        """Show or hide the people."""
        if self.searching:
            self.searching = False
            self._people_wanted = True
        elif self.single:
            self._front = TALK if self._front == PEOPLE else PEOPLE
        else:
            self._people_wanted = not self.showing(PEOPLE)
        self.arrange()

    def arrange(self) -> bool:
        """Put the parts to their places; return whether others are shown than before."""
        if self.single:
            shown: tuple[str, ...] = (self._front,)
        else:
            wide = self.widget.winfo_width() >= self._look.px(NARROW)
            people = wide if self._people_wanted is None else self._people_wanted
            shown = (ROOMS, TALK, PEOPLE) if people else (ROOMS, TALK)
            if self.searching:
                shown = (ROOMS, TALK, SEARCH)
        if shown == self._shown:
            return False
        self._shown = shown
        parts = {
            ROOMS: (self.rooms, 0),
            TALK: (self.talk, 2),
            PEOPLE: (self.people, 4),
            SEARCH: (self.search, 5),
        }
        for name, (frame, column) in parts.items():
            grows = name == TALK or len(shown) == 1
            self.widget.grid_columnconfigure(column, weight=int(grows and name in shown))
            if name in shown:
                frame.grid(row=0, column=column, sticky="nsew")
            else:
                frame.grid_remove()
        for rule, column, beside in zip(self._rules, (1, 3), (ROOMS, TALK), strict=True):
            if len(shown) > 2 or (beside == ROOMS and len(shown) > 1):
                rule.grid(row=0, column=column, sticky="ns")
            else:
                rule.grid_remove()
        return True

    def restyle(self) -> None:
        """Draw in the palette of now."""
        palette = self._look.palette
        self.widget.configure(bg=palette.line)
        self.rooms.configure(bg=palette.side)
        self.people.configure(bg=palette.side)
        self.search.configure(bg=palette.side)
        self.talk.configure(bg=palette.chat)
        for rule in self._rules:
            rule.configure(bg=palette.line)
