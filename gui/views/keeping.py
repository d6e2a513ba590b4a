"""Does what menus of order ask for: with a question first where it cannot be undone.

Kicking, banning and muting ask for a reason, which may be left out. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence

from gui.chat.controller import Controller
from gui.chat.room import Entry, Room
from gui.chat.standing import SERVER
from gui.paint.look import Look
from gui.text.textlayout import clean
from gui.views.devicesheet import DeviceSheet
from gui.views.sheet import LineSheet, ask
from gui.words import orderwords
from protocol.client.happenings import PersonInfo
from protocol.codes import Act, Role
from protocol.limits import REASON_MAX_CHARS

_NAME_CHARS = 40
_MUTE = ("order.mute_title_always", "order.mute_title")
_SERVER_MUTE = ("order.mute_server_title_always", "order.mute_server_title")
"""Names of the questions whether to mute somebody until it is lifted, and for a time."""


class Keeping:
    """Implements :class:`gui.views.ordermenu.OrderDoings`."""

    def __init__(
        self, root: tk.Misc, look: Look, controller: Controller, asked: Callable[[object], None]
    ) -> None:
        """``asked`` gets every sheet that is shown."""
        self._root = root
        self._look = look
        self._controller = controller
        self._asked = asked

    # --- in a room --------------------------------------------------------------

    def mute(self, room: Room, person: PersonInfo, seconds: int) -> None:
        """Let somebody write nothing for a time, 0: until it is lifted; asks for a reason."""
        tr = self._look.tr
        self._with_reason(
            self._mute_title(_MUTE, person, seconds), tr("order.reason_seen"),
            tr("order.mute_do"), Act.MUTE, room.room, person.person, seconds,
        )  # fmt: skip

    def unmute(self, room: Room, person: bytes) -> None:
        """Let somebody write again."""
        self._controller.act(Act.UNMUTE, room.room, person)

    def kick(self, room: Room, person: PersonInfo) -> None:
        """Put somebody out, after asking."""
        tr = self._look.tr
        private = self._controller.model.is_private(room)
        note = tr("order.kick_note_private" if private else "order.kick_note")
        self._with_reason(
            tr("order.kick_title", nick=_short(person.nick), room=self._name(room)),
            " ".join((note, tr("order.reason_seen"))), tr("order.kick_do"),
            Act.KICK, room.room, person.person,
        )  # fmt: skip

    def ban(self, room: Room, person: PersonInfo) -> None:
        """Put somebody out for good, after asking."""
        tr = self._look.tr
        self._with_reason(
            tr("order.ban_title", nick=_short(person.nick), room=self._name(room)),
            " ".join((tr("order.ban_note"), tr("order.reason_seen"))), tr("order.ban_do"),
            Act.BAN, room.room, person.person,
        )  # fmt: skip

    def unban(self, room: Room, person: bytes) -> None:
        """Let somebody in again."""
        self._controller.act(Act.UNBAN, room.room, person)

    def make(self, room: Room, person: PersonInfo, role: int) -> None:
        """Give somebody a role; an owner could take one's own away, so that is asked."""
        self._give_role(room.room, person, role)

    def lower(self, room: Room, person: bytes) -> None:
        """Take somebody's hand down."""
        self._controller.act(Act.LOWER, room.room, person)

    def remove(self, entries: Sequence[Entry], room: Room | None) -> None:
        """Take messages of others back for everybody, after asking."""
        tr, seqs = self._look.tr, [one.seq for one in entries if one.seq]
        if not seqs or room is None:
            return
        self._asked(
            ask(
                self._root, self._look, tr("order.remove_title", len(seqs)),
                tr("order.remove_note"),
                [(tr("order.kick_do"), "danger", lambda: self._controller.remove(seqs, room)),
                 (tr("general.cancel"), "quiet", lambda: None)],
            )
        )  # fmt: skip

    # --- on the server ----------------------------------------------------------

    def mute_server(self, person: PersonInfo, seconds: int) -> None:
        """Let somebody write nothing on the server for a time, 0: until it is lifted; asks."""
        tr = self._look.tr
        self._with_reason(
            self._mute_title(_SERVER_MUTE, person, seconds),
            " ".join((tr("order.mute_server_note"), tr("order.reason_logged"))),
            tr("order.mute_do"), Act.MUTE, SERVER, person.person, seconds,
        )  # fmt: skip

    def unmute_server(self, person: bytes) -> None:
        """Let somebody write on the server again."""
        self._controller.act(Act.UNMUTE, person=person)

    def ban_server(self, person: PersonInfo) -> None:
        """Shut somebody out of the server, after asking."""
        tr = self._look.tr
        self._with_reason(
            tr("order.ban_server_title", nick=_short(person.nick)),
            " ".join((tr("order.ban_server_note"), tr("order.reason_logged"))), tr("order.ban_do"),
            Act.BAN, SERVER, person.person,
        )  # fmt: skip

    def unban_server(self, person: bytes) -> None:
        """Let somebody in again."""
        self._controller.act(Act.UNBAN, person=person)

    def lock_nick(self, person: bytes, on: bool) -> None:
        """Keep somebody from changing the nickname, or no longer."""
        self._controller.act(Act.LOCK_NICK, person=person, value=int(on))

    def give_nick(self, person: PersonInfo) -> None:
        """Ask for another nickname of somebody."""
        tr, who = self._look.tr, person.person
        self._asked(
            LineSheet(
                self._root, self._look, tr("order.give_nick"),
                tr("order.give_nick_note", nick=_short(person.nick)), clean(person.nick),
                tr("order.give_nick_do"),
                lambda nick, answer: self._controller.give_nick(who, nick, answer),
            )
        )  # fmt: skip

    def make_server(self, person: PersonInfo, role: int) -> None:
        """Give somebody a role on the server."""
        self._give_role(SERVER, person, role)

    def devices(self, person: PersonInfo) -> None:
        """Show somebody's devices."""
        self._asked(DeviceSheet(self._root, self._look, self._controller, person))

    # --- asking -----------------------------------------------------------------

    def _name(self, room: Room) -> str:
        return clean(self._controller.model.title(room))[:_NAME_CHARS]

    def _mute_title(self, names: tuple[str, str], person: PersonInfo, seconds: int) -> str:
        tr, nick = self._look.tr, _short(person.nick)
        if not seconds:
            return tr(names[0], nick=nick)
        return tr(names[1], nick=nick, time=orderwords.span(tr, seconds))

    def _give_role(self, room: bytes, person: PersonInfo, role: int) -> None:
        def do() -> None:
            self._controller.act(Act.ROLE, room, person.person, value=role)

        if role < Role.OWNER:
            do()
            return
        tr = self._look.tr
        self._asked(
            ask(
                self._root, self._look, tr("order.make_owner_title", nick=_short(person.nick)),
                tr("order.make_owner_note"),
                [(tr("order.make_owner_do"), "main", do),
                 (tr("general.cancel"), "quiet", lambda: None)],
            )
        )  # fmt: skip

    def _with_reason(
        self, title: str, note: str, verb: str, act: Act, room: bytes, person: bytes,
        value: int = 0,
    ) -> None:  # fmt: skip
        tr = self._look.tr

        def do(typed: str, answer: Callable[[str], None]) -> None:
            why = " ".join(typed.split())
            if len(why) > REASON_MAX_CHARS:
                answer(tr("order.reason_long", most=REASON_MAX_CHARS))
                return
            self._controller.act(act, room, person, value=value, text=why, answer=answer)

        self._asked(
            LineSheet(
                self._root, self._look, title, note, "", verb, do, tr("order.reason"), "danger"
            )
        )


def _short(nick: str) -> str:
    return clean(nick)[:_NAME_CHARS]
