"""The people column: who is in the open room, hands first; or everybody on the server.

Of a direct message everybody is shown, its members first. Belongs to the Tk thread.
"""

import time
import tkinter as tk
from collections.abc import Callable, Sequence

from gui.chat.model import Model
from gui.chat.ranking import ranked
from gui.chat.room import Room
from gui.chat.standing import muted_until
from gui.paint import kit
from gui.paint.look import Look
from gui.paint.theme import HEADER_HEIGHT
from gui.text import doubts
from gui.text.rowlayout import Box
from gui.text.textlayout import clean, one_line
from gui.views.faces import person_face
from gui.views.rooms import HEADING, RoomActs, paint_words
from gui.views.rowlist import RowList
from protocol.client.folding import fold
from protocol.client.happenings import MemberInfo, PersonInfo, RoomOrder
from protocol.codes import Role

ROW = 44
SIGN = 16
Item = PersonInfo | str
ROLE_ICONS = {Role.OWNER: "crown", Role.MODERATOR: "shield"}


class PeopleColumn:
    """Shows the people of a model; ``widget`` holds a title, the filter and the ``list``."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model, acts: RoomActs,
        hint: Callable[[tk.Misc, Callable[[], str]], None],
    ) -> None:  # fmt: skip
        """``acts`` hears who is clicked; ``hint(widget, words)`` shows what a button does."""
        self._look = look
        self._model = model
        self._acts = acts
        self.everybody = False
        """Everybody on the server is shown, also while a room is open."""
        px = look.px
        self.widget = tk.Frame(master, bd=0)
        self._head = tk.Frame(self.widget, bd=0, height=px(HEADER_HEIGHT))
        self._head.pack(side="top", fill="x")
        self._head.pack_propagate(False)
        self.button = kit.IconButton(self._head, look, "globe", self.toggle, "side")
        """Shows everybody on the server, or those of the room again."""
        hint(self.button.widget, lambda: look.tr(self._other))
        self.title = tk.Label(self._head, anchor="w", bd=0, font=look.fonts.named("title"))
        self.title.pack(side="left", fill="both", expand=True, padx=(px(16), px(4)))
        self.field = kit.entry(self.widget, look, look.tr("rooms.search_people"), "side")
        self.field.pack(side="top", fill="x", padx=px(12), pady=(0, px(4)))
        self.list: RowList[Item] = RowList(
            self.widget, look, "side", self._height, self._paint, self._chosen, self._asked,
            lambda item: isinstance(item, PersonInfo) and item.person != model.me,
        )  # fmt: skip
        self.list.take_focus()
        self.list.widget.pack(side="top", fill="both", expand=True)
        self.field.bind("<KeyRelease>", lambda _: self._typed())
        for key in ("Up", "Down", "Prior", "Next", "Return", "Menu", "Shift-F10"):
            self.field.bind(f"<{key}>", self.list.key)
        self.field.bind("<Escape>", self._escape)
        self._filter = ""
        self._doubts: dict[bytes, str] = {}
        # Thousands of people are not sorted anew at each change of the order.
        self._known_people: tuple[PersonInfo, ...] | None = None
        self._people: list[PersonInfo] = []
        self._of: tuple[MemberInfo, ...] = ()
        self._members: list[PersonInfo] = []
        self._order: RoomOrder | None = None
        """What holds where the people shown are; None: they are not those of a room."""
        self._show_title()

    def doubt(self, person: PersonInfo) -> str:
        """Return what is odd about somebody's name, or an empty string."""
        return self._doubts.get(person.person) or doubts.of_name(self._look.tr, person.nick)

    def toggle(self) -> None:
        """Show everybody on the server, or those of the room again."""
        self.everybody = not self.everybody
        self.show()

    @property
    def _other(self) -> str:
        """What the button does, by its sentence."""
        return "order.show_members" if self.everybody else "order.show_everybody"

    def _typed(self) -> None:
        words = self.field.get().strip()
        if words != self._filter:
            self._filter = words
            self.show()
            if words:
                self.list.first()

    def _escape(self, _event: object) -> str | None:
        if not self.field.get():
            return None
        kit.put(self.field, "")
        self._typed()
        return "break"

    # --- whom it shows ----------------------------------------------------------

    def show(self) -> None:
        """Draw the model's people."""
        model = self._model
        if self._known_people is not model.people:
            self._known_people = model.people
            self._doubts = doubts.among(self._look.tr, model.people)
            self._people = sorted(model.people, key=lambda one: fold(one.nick))
            self._of = ()
        room = model.room
        own = room is not None and not model.is_direct(room)
        self._order = room.order if room is not None and own and not self.everybody else None
        self._show_title()
        if own:
            self.button.widget.pack(side="right", padx=(0, self._look.px(4)), before=self.title)
        else:
            self.button.widget.pack_forget()
        items = self._of_room(room) if room is not None and self._order else self._of_server(room)
        if not items:
            name = "rooms.nobody_found" if self._filter else "rooms.nobody"
            waits = self._order is not None and room is not None and room.members is None
            items = [self._look.tr("order.fetching" if waits else name)]
        self.list.set_items(items)

    def _show_title(self) -> None:
        tr, look = self._look.tr, self._look
        name = "rooms.people"
        if self._order is not None:
            name = "order.title_members"
        elif self.everybody:
            name = "order.title_everybody"
        self.title.configure(text=look.plain(tr(name)), font=look.font("title", tr(name)))

    def _of_room(self, room: Room) -> list[Item]:
        """Those of the room: hands in the order of going up, then who is there, then the others.

        Where somebody is sought, those who are not in the room follow.
        """
        tr, order = self._look.tr, room.order
        if room.members is not None and self._of is not room.members:
            self._of = room.members
            members = [self._person(one.person, one.nick, one.online) for one in room.members]
            self._members = sorted(members, key=lambda one: fold(one.nick))
        members = self._ranked(self._members if room.members else [])
        known = {one.person: one for one in members}
        hands = [known[person] for person in order.hands if person in known]
        rest = [one for one in members if one.person not in order.hands]
        others: list[PersonInfo] = []
        if self._filter:
            inside = {one.person for one in self._members}
            others = self._ranked([one for one in self._people if one.person not in inside])
        return self._grouped(
            (tr("order.hands", n=len(hands)), hands),
            *self._by_presence(rest),
            (tr("order.others", n=len(others)), others),
        )

    def _of_server(self, room: Room | None) -> list[Item]:
        """Everybody on the server; of a direct message its members first."""
        people = self._ranked(self._people)
        info = room.info if room is not None else None
        inside = {who for who, _ in info.members} if info is not None else set()
        members = [one for one in people if one.person in inside]
        rest = [one for one in people if one.person not in inside]
        members.sort(key=lambda one: not one.online)
        return self._grouped(
            (self._look.tr("rooms.members", n=len(members)), members), *self._by_presence(rest)
        )

    def _ranked(self, people: list[PersonInfo]) -> list[PersonInfo]:
        return ranked(self._filter, [(one.nick, one) for one in people]) if self._filter else people

    def _by_presence(self, people: list[PersonInfo]) -> list[tuple[str, list[PersonInfo]]]:
        tr = self._look.tr
        here = [one for one in people if one.online]
        away = [one for one in people if not one.online]
        return [
            (tr("rooms.online", n=len(here)), here), (tr("rooms.away", n=len(away)), away)
        ]  # fmt: skip

    def _grouped(self, *groups: tuple[str, list[PersonInfo]]) -> list[Item]:
        items: list[Item] = []
        for name, some in groups:
            if some:
                items.append(name)
                items += some
        return items

    def _person(self, person: bytes, nick: str, online: bool) -> PersonInfo:
        return self._model.person(person) or PersonInfo(person, nick, online)

    @property
    def shown(self) -> Sequence[PersonInfo]:
        """Whom it shows, from the top."""
        return [item for item in self.list.items if isinstance(item, PersonInfo)]

    def place_of(self, nick: str) -> tuple[int, int] | None:
        """Return the middle of somebody's row in the list."""
        for index, item in enumerate(self.list.items):
            if isinstance(item, PersonInfo) and item.nick == nick:
                x = self.list.widget.winfo_width() // 2
                return x, self.list.y_of(index) + self._look.px(ROW // 2)
        return None

    # --- rows -------------------------------------------------------------------

    def _height(self, item: Item) -> int:
        return self._look.px(HEADING if isinstance(item, str) else ROW)

    def _chosen(self, item: Item) -> None:
        canvas, px = self.list.widget, self._look.px
        if isinstance(item, PersonInfo):
            index = list(self.list.items).index(item)
            y = canvas.winfo_rooty() + self.list.y_of(index) + px(ROW - 4)
            self._acts.person_menu(item, canvas.winfo_rootx() + px(56), y)

    def _asked(self, item: Item, x: int, y: int) -> None:
        if isinstance(item, PersonInfo):
            self._acts.person_menu(item, x, y)

    def _paint(self, canvas: tk.Canvas, item: Item, y: int, width: int, lit: bool) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        if isinstance(item, str):
            paint_words(canvas, look, item, y, width, px(HEADING))
            return
        below = palette.side
        if lit:
            below = palette.hover
            box = Box(px(8), y, width - px(16), px(ROW))
            look.bubble(canvas, box, px(10), below, palette.side, ())
        at = (px(16), y + px(6))
        nick = clean(item.nick)
        person_face(canvas, look, self._model, at, px(32), item.person, nick, below, True)
        if item.person == self._model.me:
            nick = look.tr("rooms.me", nick=nick)
        right = self._signs(canvas, item, y, width - px(16), below)
        odd = item.person in self._doubts
        line = one_line(nick, right - px(60 + 4 + 22 * odd), look.fonts, "label")
        ink = palette.text if item.online else palette.quiet
        top = y + (px(ROW) - look.fonts.line_height("label")) // 2
        look.line(canvas, (px(60), top), line, (ink, ink, below), "label", ())
        if odd:
            image = look.art.icon("warning", px(SIGN), palette.danger, below)
            x = px(60) + line.width + px(6)
            canvas.create_image(x, y + px(ROW // 2), image=image, anchor="w")

    def signs_of(self, person: PersonInfo) -> list[tuple[str, str]]:
        """Return what stands behind somebody's name, from the right: icons, and words beside."""
        order, found = self._order, []
        role = person.role if order is None else order.role_of(person.person)
        if role in ROLE_ICONS:
            found.append((ROLE_ICONS[Role(role)], ""))
        if order is not None and muted_until(order, person.person, time.time()) is not None:
            found.append(("muted", ""))
        if order is not None and person.person in order.hands:
            found.append(("hand", str(order.hands.index(person.person) + 1)))
        return found

    def _signs(self, canvas: tk.Canvas, person: PersonInfo, y: int, right: int, below: str) -> int:
        """Paint role, mute and hand, ending at ``right``; return where they begin."""
        look, palette, px = self._look, self._look.palette, self._look.px
        inks = {"muted": palette.danger, "hand": palette.accent, "crown": palette.accent}
        for icon, words in self.signs_of(person):
            if words:
                wide = look.fonts.width("small", words)
                canvas.create_text(
                    right, y + px(ROW // 2), text=words, anchor="e", fill=palette.link,
                    font=look.fonts.named("small"),
                )  # fmt: skip
                right -= wide + px(1)
            ink = inks.get(icon, palette.quiet)
            image = look.art.icon(icon, px(SIGN), ink, below)
            canvas.create_image(right, y + px(ROW // 2), image=image, anchor="e")
            right -= px(SIGN + 5)
        return right

    def restyle(self) -> None:
        """Draw in the palette of now."""
        palette = self._look.palette
        for one in (self.widget, self._head, self.title):
            one.configure(bg=palette.side)
        self.title.configure(fg=palette.text)
        self.button.restyle()
        self.list.draw()
