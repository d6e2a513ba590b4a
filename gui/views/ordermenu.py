"""What those in charge can do with somebody, as lines of a menu: only what one may do is there.

Belongs to the Tk thread.
"""

from collections.abc import Callable
from datetime import date
from typing import Protocol

from gui.chat.controller import Controller
from gui.chat.room import Room
from gui.chat.standing import muted_until, over
from gui.views.popmenu import RULE, Choice
from gui.words import holdwords, orderwords
from gui.words.i18n import Words
from protocol.client.happenings import PersonInfo
from protocol.codes import Role

MUTES_S = (600, 3_600, 0)
"""For how long one may mute by the menu; 0: until it is lifted."""
ROLES = (Role.MEMBER, Role.MODERATOR, Role.OWNER)


class OrderDoings(Protocol):
    """What such a line does; what cannot be undone asks first."""

    def mute(self, room: Room, person: PersonInfo, seconds: int) -> None:
        """Let somebody write nothing for a time."""

    def unmute(self, room: Room, person: bytes) -> None:
        """Let somebody write again."""

    def kick(self, room: Room, person: PersonInfo) -> None:
        """Put somebody out."""

    def ban(self, room: Room, person: PersonInfo) -> None:
        """Put somebody out for good."""

    def unban(self, room: Room, person: bytes) -> None:
        """Lift that."""

    def make(self, room: Room, person: PersonInfo, role: int) -> None:
        """Give somebody a role in a room."""

    def lower(self, room: Room, person: bytes) -> None:
        """Take somebody's hand down."""

    def mute_server(self, person: PersonInfo, seconds: int) -> None:
        """Let somebody write nothing anywhere on the server for a time."""

    def unmute_server(self, person: bytes) -> None:
        """Let somebody write on the server again."""

    def ban_server(self, person: PersonInfo) -> None:
        """Shut somebody out of the server."""

    def unban_server(self, person: bytes) -> None:
        """Lift that."""

    def lock_nick(self, person: bytes, on: bool) -> None:
        """Keep somebody from changing the nickname."""

    def give_nick(self, person: PersonInfo) -> None:
        """Give somebody another nickname."""

    def devices(self, person: PersonInfo) -> None:
        """Show somebody's devices."""

    def make_server(self, person: PersonInfo, role: int) -> None:
        """Give somebody a role on the server."""


def state_of(tr: Words, room: Room | None, person: PersonInfo, now_s: float) -> list[str]:
    """Return how somebody stands in a room and on the server, each in a few words."""
    parts = []
    if room is not None:
        role = room.order.role_of(person.person)
        if role in ROLES[1:]:
            parts.append(tr(f"order.role_{role}"))
        until = muted_until(room.order, person.person, now_s)
        if until == 0:
            parts.append(tr("order.is_muted"))
        elif until is not None:
            when = holdwords.until(tr, until, date.today())
            parts.append(tr("order.is_muted_until", when=when))
        if person.person in room.order.hands:
            place = room.order.hands.index(person.person) + 1
            parts.append(tr("order.has_hand", place=place))
    if person.role in ROLES[1:]:
        parts.append(tr(f"order.server_role_{person.role}"))
    return parts


def order_choices(
    tr: Words, controller: Controller, person: PersonInfo, does: OrderDoings
) -> list[Choice]:
    """Return what one may do with somebody in the open room, and on the server."""
    room = controller.model.room
    found: list[Choice] = []
    if person.person != controller.model.me:
        found += _in_room(tr, controller, room, person, does) if room is not None else []
        inside = _on_server(tr, controller, person, does)
        if inside:
            found.append(Choice(tr("order.menu_server"), inside=tuple(inside)))
    return [RULE, *found] if found else []


def _in_room(
    tr: Words, controller: Controller, room: Room, person: PersonInfo, does: OrderDoings
) -> list[Choice]:
    stand, who = controller.standing(room), person.person
    theirs = room.order.role_of(who)
    if not stand.kept or not over(stand.role, theirs):
        return []
    if not stand.may_act:
        silent = muted_until(room.order, who, controller.now_s) is not None
        lift = Choice(tr("order.unmute"), lambda: does.unmute(room, who))
        return [lift] if silent and stand.role >= Role.OWNER else []
    inside = room.members is None or any(one.person == who for one in room.members)
    found = []

    def mute(seconds: int) -> None:
        does.mute(room, person, seconds)

    if inside and who in room.order.hands:
        found.append(Choice(tr("order.lower"), lambda: does.lower(room, who)))
    if inside:
        if _muted_here(controller, room, who):
            found.append(Choice(tr("order.unmute"), lambda: does.unmute(room, who)))
        else:
            found.append(Choice(tr("order.mute_menu"), inside=_mutes(tr, mute)))
    if inside and stand.role >= Role.OWNER:
        found.append(
            Choice(
                tr("order.role_menu"), inside=_roles(tr, room, person, theirs, does),
                note=tr(f"order.role_{theirs}") if theirs in ROLES else "",
            )
        )  # fmt: skip
    if inside:
        found.append(Choice(tr("order.kick"), lambda: does.kick(room, person), danger=True))
    if room.bans.get(who, (0, ""))[1]:
        found.append(Choice(tr("order.unban"), lambda: does.unban(room, who)))
    else:
        found.append(Choice(tr("order.ban"), lambda: does.ban(room, person), danger=True))
    return found


def _muted_here(controller: Controller, room: Room, person: bytes) -> bool:
    """Whether somebody is muted by an act in the room, and not only on the server.

    The server tells the longer one of both.
    """
    now_s = controller.now_s
    until = muted_until(room.order, person, now_s)
    return until is not None and until != controller.server_acts.muted_until(person, now_s)


def _mutes(tr: Words, mute: Callable[[int], None]) -> tuple[Choice, ...]:
    def mute_for(seconds: int) -> Callable[[], None]:
        return lambda: mute(seconds)

    return tuple(
        Choice(
            tr("order.mute_for", time=orderwords.span(tr, seconds))
            if seconds
            else tr("order.mute_always"),
            mute_for(seconds),
        )
        for seconds in MUTES_S
    )


def _roles(
    tr: Words, room: Room, person: PersonInfo, theirs: int, does: OrderDoings
) -> tuple[Choice, ...]:
    def make(role: int) -> Callable[[], None]:
        return lambda: does.make(room, person, role)

    return tuple(Choice(tr(f"order.make_{role}"), make(role)) for role in ROLES if role != theirs)


def _on_server(
    tr: Words, controller: Controller, person: PersonInfo, does: OrderDoings
) -> list[Choice]:
    own, who, acts = controller.model.server_role, person.person, controller.server_acts
    if not over(own, person.role):
        return []
    locked = acts.locked(who)
    found = [
        Choice(tr("order.give_nick"), lambda: does.give_nick(person)),
        Choice(
            tr("order.unlock_nick" if locked else "order.lock_nick"),
            lambda: does.lock_nick(who, not locked),
        ),
        Choice(tr("order.devices"), lambda: does.devices(person)),
    ]

    def make(role: int) -> Callable[[], None]:
        return lambda: does.make_server(person, role)

    if own >= Role.OWNER:
        found += [
            Choice(tr(f"order.make_server_{role}"), make(role))
            for role in ROLES
            if role != person.role
        ]

    def mute(seconds: int) -> None:
        does.mute_server(person, seconds)

    if acts.muted_until(who, controller.now_s) is not None:
        found.append(Choice(tr("order.unmute_server"), lambda: does.unmute_server(who)))
    else:
        found.append(Choice(tr("order.mute_server_menu"), inside=_mutes(tr, mute)))
    if acts.banned(who):
        found.append(Choice(tr("order.unban_server"), lambda: does.unban_server(who)))
    else:
        found.append(Choice(tr("order.ban_server"), lambda: does.ban_server(person), danger=True))
    return found
