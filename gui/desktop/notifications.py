"""What is worth a notification, and how it is put: pure; and who shows it: a thread of its own.

The words of a message go to the desktop's notification service and nowhere else: not into a
program's arguments, not into a log. Where no service answers, the window says it itself.
"""

import asyncio
import html
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from gui.chat.room import Entry, Notify, Room, Sound
from gui.settings import Settings
from gui.text.textlayout import clean
from gui.words import wording
from gui.words.i18n import Words
from protocol.client.happenings import Message
from protocol.items import SAID

log = logging.getLogger(__name__)

TITLE_MAX: Final = 80
BODY_MAX: Final = 240
"""Characters of a notification: more is cut off by every desktop."""
HOLD_S: Final = 4.0
"""After a notification of a room, more from there is gathered for so long."""
ANSWER_S: Final = 5.0
"""How long the notification service may take."""
PAUSE_S: Final = 60.0
"""After a failure the service is left alone for so long."""


def should_notify(
    room: Room, entry: Entry, me: bytes, settings: Settings, focused: bool, active_room: bytes,
    now: float,
) -> bool:  # fmt: skip
    """Return whether an entry that arrived just now is worth a notification.

    ``focused``: the window is in front; ``active_room`` is open in it; ``now`` is in seconds
    since 1970. One's own messages, notices and changes of messages never are. What was chosen
    for a room holds against the settings, which are for all the others.
    """
    if entry.own or entry.deleted or entry.kind not in SAID:
        return False
    if room.quiet_until > now or (focused and active_room == room.room):
        return False
    match room.notify:
        case Notify.DEFAULT:
            return settings.notify
        case Notify.ALL:
            return True
        case Notify.MENTIONS:
            return concerns(room, entry, me)
        case Notify.NONE:
            return False


def sound_of(room: Room, settings: Settings) -> Sound:
    """Return which sound a notification of a room has; ``Sound.NONE``: it has none."""
    if room.sound is Sound.DEFAULT:
        return Sound(settings.chime) if settings.sound else Sound.NONE
    return room.sound


def concerns(room: Room, entry: Entry, me: bytes) -> bool:
    """Return whether an entry names one, or answers a message of one's own."""
    if me in (entry.body.get("mentions") or ()):
        return True
    answered = room.entry(entry.reply) if entry.reply else None
    return answered is not None and answered.own


def notice(
    tr: Words, title: str, direct: bool, entries: Sequence[Entry], words: bool
) -> tuple[str, str]:
    """Return title and body of one notification for what was said in a room.

    ``title`` is the room's; without ``words`` the body is empty and nothing shows what was
    said. Several entries are counted, and the newest is shown.
    """
    last = entries[-1]
    room = _short(title, TITLE_MAX)
    if len(entries) > 1:
        head = tr("notify.several_direct" if direct else "notify.several", len(entries), room=room)
        said = wording.summary(tr, last, direct)
    else:
        who = _short(last.nick, TITLE_MAX)
        head = who if direct else tr("notify.one", who=who, room=room)
        said = wording.content(tr, last)
    return head, _short(said, BODY_MAX) if words else ""


def _short(text: str, most: int) -> str:
    text = clean(text[: most * 4]).strip()
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


@dataclass(slots=True)
class Gatherer:
    """Holds a room's entries back after a notification, so that many become one. Pure.

    Times are seconds of any clock that does not go back.
    """

    _held: dict[bytes, list[Entry]] = field(default_factory=dict)
    _until: dict[bytes, float] = field(default_factory=dict)

    def add(self, room: bytes, entries: Sequence[Entry]) -> None:
        """Take entries that are worth a notification."""
        self._held.setdefault(room, []).extend(entries)

    def due(self, now: float) -> list[tuple[bytes, list[Entry]]]:
        """Return (room, entries) of the notifications to show now."""
        ready = [room for room in self._held if self._until.get(room, now) <= now]
        for room in ready:
            self._until[room] = now + HOLD_S
        return [(room, self._held.pop(room)) for room in ready]

    def wait_s(self, now: float) -> float | None:
        """Return when to ask :meth:`due` again, in seconds from now; None: nothing is held."""
        if not self._held:
            return None
        return max(0.0, min(self._until.get(room, now) for room in self._held) - now)

    def changed(self, room: bytes, messages: Mapping[int, Message]) -> None:
        """Take messages, by ``seq``, that look different now: what was taken back goes."""
        held = [self._changed(one, messages.get(one.seq)) for one in self._held.pop(room, ())]
        left = [one for one in held if not one.deleted]
        if left:
            self._held[room] = left

    @staticmethod
    def _changed(entry: Entry, now: Message | None) -> Entry:
        if now is None:
            return entry
        return replace(entry, body=now.body, edited=now.edited, deleted=now.deleted)

    def clear(self) -> None:
        """Forget everything: another server's rooms come."""
        self._held.clear()
        self._until.clear()

    def seen(self, room: bytes) -> None:
        """Forget a room's entries: they were looked at."""
        self._held.pop(room, None)
        self._until.pop(room, None)


@dataclass(frozen=True, slots=True)
class Shown:
    """One notification of a room."""

    room: bytes
    title: str
    body: str
    on_click: Callable[[], None]
    """Called in the Tk thread."""


class Notifier:
    """Shows notifications, one for each room; all of it in a thread of its own.

    Methods return at once and belong to the Tk thread.
    """

    def __init__(
        self, call: Callable[[Callable[[], None]], None], unreachable: Callable[[Shown], None]
    ) -> None:
        """``call`` brings work into the Tk thread; there ``unreachable`` gets what nobody shows."""
        self._call = call
        self._unreachable = unreachable
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._desk: _Desk | None = None
        self._closed = False

    def show(self, room: bytes, title: str, body: str, on_click: Callable[[], None]) -> None:
        """Show a notification instead of the one that the room has."""
        if not self._closed:
            self._do(lambda desk: desk.show(Shown(room, title, body, on_click)))

    def clear(self, room: bytes) -> None:
        """Take a room's notification away."""
        if self._thread is not None and not self._closed:
            self._do(lambda desk: desk.clear(room))

    def clear_all(self) -> None:
        """Take all notifications away."""
        if self._thread is not None and not self._closed:
            self._do(lambda desk: desk.clear_all())

    def close(self) -> None:
        """Take all of them away and end the thread."""
        if self._closed:
            return
        self._closed = True
        if self._thread is not None:
            self._do(lambda desk: desk.close())
            self._thread.join(1.0)

    def _do(self, work: Callable[["_Desk"], Any]) -> None:
        if self._thread is None:
            self._loop = asyncio.new_event_loop()
            self._desk = _Desk(self._call, self._tell_unreachable)
            self._thread = threading.Thread(
                target=self._run, args=(self._loop, self._desk), name="notifier", daemon=True
            )
            self._thread.start()
        assert self._loop is not None and self._desk is not None
        desk = self._desk
        self._loop.call_soon_threadsafe(desk.jobs.put_nowait, lambda: work(desk))

    def _tell_unreachable(self, shown: Shown) -> None:
        self._call(lambda: None if self._closed else self._unreachable(shown))

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop, desk: "_Desk") -> None:
        try:
            loop.run_until_complete(desk.serve())
        finally:
            loop.close()


class _Desk:
    """The thread's side: one job after the other."""

    def __init__(
        self,
        call: Callable[[Callable[[], None]], None],
        unreachable: Callable[[Shown], None],
    ) -> None:
        self.jobs: asyncio.Queue[Callable[[], Any]] = asyncio.Queue()
        self._call = call
        self._unreachable = unreachable
        self._service: Any = None
        self._not_before = 0.0
        self._of_room: dict[bytes, str] = {}
        self._open = True

    async def serve(self) -> None:
        while self._open:
            job = await self.jobs.get()
            try:
                await asyncio.wait_for(job(), ANSWER_S)
            except Exception as error:
                # A notification is never worth the thread; and its words must not be logged.
                log.warning("event=notifier_failed reason=%s", type(error).__name__)

    async def show(self, shown: Shown) -> None:
        sent = False
        try:
            if not _connected(self._service):
                await self._disconnect()
            if self._service is None and time.monotonic() >= self._not_before:
                self._service = await self._connect()
            if self._service is not None:
                await self._take_away(shown.room)
                sent = await asyncio.wait_for(self._send(shown), ANSWER_S - 1)
        except Exception as error:
            log.warning("event=notification_unsent reason=%s", type(error).__name__)
        if not sent:
            await self._disconnect()
            self._not_before = time.monotonic() + PAUSE_S
            self._unreachable(shown)

    async def clear(self, room: bytes) -> None:
        await self._take_away(room)

    async def clear_all(self) -> None:
        for room in list(self._of_room):
            await self._take_away(room)

    async def close(self) -> None:
        self._open = False
        await self.clear_all()
        await self._disconnect()

    async def _connect(self) -> Any:
        # It writes what it shows into its log.
        for name in ("desktop_notifier", "dbus_fast"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            from desktop_notifier import DesktopNotifier, Icon
        except ImportError:
            return None
        mark = Path(str(files("gui.desktop").joinpath("mark.png")))
        service = DesktopNotifier("Zviazok", Icon(path=mark) if mark.is_file() else None)
        able: object = None
        try:
            # One that can do nothing takes everything and shows nothing.
            able = await asyncio.wait_for(service.get_capabilities(), ANSWER_S - 2)
        finally:
            if not able:
                await _part(service)
        return service if able else None

    async def _send(self, shown: Shown) -> bool:
        from desktop_notifier import Notification

        arrived: list[bool] = []
        # There the body is markup.
        body = html.escape(shown.body, quote=False) if sys.platform == "linux" else shown.body
        made = Notification(
            shown.title, body, thread=shown.room.hex(),
            on_dispatched=lambda: arrived.append(True),
            on_clicked=lambda: self._clicked(shown),
        )  # fmt: skip
        await self._service.send_notification(made)
        if arrived:
            self._of_room[shown.room] = made.identifier
        return bool(arrived)

    def _clicked(self, shown: Shown) -> None:
        self._of_room.pop(shown.room, None)
        self._call(shown.on_click)

    async def _take_away(self, room: bytes) -> None:
        known = self._of_room.pop(room, None)
        if known is None or not _connected(self._service):
            return
        try:
            await self._service.clear(known)
        except KeyError:
            # Somebody closed it already.
            return

    async def _disconnect(self) -> None:
        service, self._service = self._service, None
        self._of_room.clear()
        await _part(service)


def _bus(service: Any) -> Any:
    """Return the connection that the library keeps on D-Bus; there is no public way to it."""
    return getattr(getattr(service, "_backend", None), "bus", None)


def _connected(service: Any) -> bool:
    """Whether a service can be asked; on a connection that broke, a call would hang."""
    bus = _bus(service)
    return service is not None and (bus is None or bus.connected)


async def _part(service: Any) -> None:
    """End the connection, which the library leaves open."""
    bus = _bus(service)
    if bus is not None and bus.connected:
        bus.disconnect()
        await bus.wait_for_disconnect()
