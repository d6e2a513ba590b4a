"""What can be done with a room: the menu of the right button and of the title bar."""

import time
from collections.abc import Callable
from typing import Protocol

from gui.chat.controller import Controller
from gui.chat.room import Notify, Room, Sound
from gui.views.popmenu import RULE, Choice
from gui.words import wording
from gui.words.i18n import Words
from protocol.codes import Role

HOUR_S = 3600


class RoomDoings(Protocol):
    """What the main screen does with a room."""

    def open_room(self, room: bytes) -> None:
        """Show it."""

    def archive(self, room: Room) -> None:
        """Save its conversation."""

    def copy_link(self) -> None:
        """Copy the invite link."""

    def hear(self, sound: Sound) -> None:
        """Play a sound that was just chosen."""

    def add_people(self, room: Room) -> None:
        """Bring people into a private room."""

    def order_sheet(self, room: Room | None = None) -> None:
        """Change what holds in it."""

    def leave(self, room: Room) -> None:
        """Leave it, after asking."""


def room_choices(
    tr: Words, controller: Controller, room: Room, does: RoomDoings, here: bool
) -> list[Choice]:
    """Return the lines of a room's menu; ``here``: it is the open one, in the title bar."""
    choices: list[Choice] = []
    if not here:
        choices.append(Choice(tr("rooms.open"), lambda: does.open_room(room.room)))
        if room.unread:
            choices.append(Choice(tr("rooms.mark_read"), lambda: controller.mark_read(room)))
    choices += _order(tr, controller, room, does)
    choices.append(_notifications(tr, controller, room))
    choices.append(_sounds(tr, controller, room, does))
    choices.append(Choice(tr("rooms.archive"), lambda: does.archive(room)))
    if here:
        choices.append(Choice(tr("rooms.copy_link"), does.copy_link))
    if not controller.model.is_direct(room):
        choices += [RULE, Choice(tr("rooms.leave"), lambda: does.leave(room), danger=True)]
    return choices


def _order(tr: Words, controller: Controller, room: Room, does: RoomDoings) -> list[Choice]:
    """What only those in charge of it do."""
    stand = controller.standing(room)
    if not stand.may_act and not (stand.kept and stand.role >= Role.OWNER):
        return []
    found = []
    if stand.may_act and controller.model.is_private(room):
        found.append(Choice(tr("order.add_people"), lambda: does.add_people(room)))
    return [*found, Choice(tr("order.sheet"), lambda: does.order_sheet(room)), RULE]


def _notifications(tr: Words, controller: Controller, room: Room) -> Choice:
    muted = room.quiet_until > time.time()
    note = ""
    if muted:
        note = tr("rooms.brief_until", clock=wording.clock(int(room.quiet_until * 1000)))
    elif room.notify is not Notify.DEFAULT:
        note = tr(f"rooms.brief_{room.notify.value}")

    def choose(how: Notify) -> Callable[[], None]:
        return lambda: controller.notify(room, how)

    def mute(hours: int) -> Callable[[], None]:
        return lambda: controller.mute_for(room, hours * HOUR_S)

    lines = [
        Choice(tr(f"rooms.notify_{how.value}"), choose(how), not muted and room.notify is how)
        for how in Notify
    ]
    lines += [RULE, Choice(tr("rooms.mute_1"), mute(1)), Choice(tr("rooms.mute_8"), mute(8))]
    if muted:
        lines.append(Choice(tr("rooms.unmute"), mute(0)))
    return Choice(tr("rooms.notifications"), inside=tuple(lines), note=note)


def _sounds(tr: Words, controller: Controller, room: Room, does: RoomDoings) -> Choice:
    def choose(sound: Sound) -> Callable[[], None]:
        def run() -> None:
            controller.sound(room, sound)
            does.hear(sound)

        return run

    lines = [
        Choice(tr(f"rooms.sound_{sound.value}"), choose(sound), room.sound is sound)
        for sound in Sound
    ]
    note = tr(f"rooms.sound_{room.sound.value}") if room.sound is not Sound.DEFAULT else ""
    return Choice(tr("rooms.sound"), inside=tuple(lines), note=note)
