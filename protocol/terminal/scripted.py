"""The terminal client for programs: one JSON command a line in, one JSON event a line out.

A wrong command is answered with an ``error`` event and costs nothing else. The
optional ``id`` of a command comes back in every event that answers it. One thread.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from protocol.client.client import Client
from protocol.client.happenings import (
    Acked,
    Arrived,
    Discarded,
    Done,
    Failed,
    Happening,
    Link,
    LinkChanged,
    PeopleKnown,
    Progress,
    Queued,
    Refused,
    RoomInfo,
    RoomsChanged,
)
from protocol.keys import in_groups
from protocol.terminal.acts import ActError
from protocol.terminal.console import Console, several
from protocol.terminal.reports import Reports, code
from protocol.terminal.scriptedorder import VERBS as ORDER_VERBS
from protocol.terminal.scriptedorder import OrderCommands

Emit = Callable[[dict[str, Any]], None]

_VERBS = (
    *ORDER_VERBS,
    "send",
    "image",
    "nick",
    "join",
    "leave",
    "people",
    "rooms",
    "history",
    "fetch",
    "link",
    "retry",
    "discard",
    "whoami",
    "quit",
)
_PROGRESS_STEP = 20
"""Progress is told in at most about this many steps."""


class CommandError(Exception):
    """A command that cannot be carried out; the text says why."""


class Scripted(Console):
    """Speaks JSON."""

    def __init__(self, client: Client, room_name: str, emit: Emit) -> None:
        """Give every event to ``emit``."""
        super().__init__(client, room_name)
        self._emit = emit
        self._reports = Reports(self.roster)
        self._ids: dict[int, Any] = {}
        """Request → id of its command."""
        self._said: dict[tuple[bytes, int], Any] = {}
        """Message of one's own → id of its command."""
        self._told: dict[bytes, RoomInfo] = {}
        self._steps: dict[int, int] = {}
        self._links: set[int] = set()
        """Requests of a link for another device."""
        self._orders = OrderCommands(self, self._find)
        self._dropping: dict[tuple[bytes, int], int] = {}
        """Refused message → request that throws it away."""
        self._command_id: Any = None

    # --- events -----------------------------------------------------------------------------

    def show(self, happening: Happening) -> None:
        """Emit the event of a happening that no command waits for."""
        match happening:
            case LinkChanged():
                self._show_link(happening)
            case RoomsChanged(rooms):
                self._show_rooms(rooms)
            case Arrived(_, messages, live):
                for message in messages:
                    self._emit(self._reports.message(message) | {"live": live})
            case PeopleKnown() if not self.online:
                pass
            case Progress():
                self._show_progress(happening)
            case Failed():
                self._failed(happening, None)
            case Discarded(room, n) if (room, n) in self._dropping:
                self.settle(self._dropping[room, n], happening)
            case _:
                event = self._reports.event(happening)
                if event is not None:
                    self._emit(event | self._said_id(happening))

    def _show_link(self, changed: LinkChanged) -> None:
        if changed.link is Link.ONLINE:
            roster = self.roster
            self._emit(
                {
                    "event": "online",
                    "nick": roster.nick,
                    "server": roster.server,
                    "address": changed.address,
                }
            )
        elif changed.link is Link.WAITING:
            event = {"event": "offline", "text": changed.text, "retry_ms": changed.retry_ms}
            self._emit(event | ({"code": code(changed.code)} if changed.code else {}))
        elif changed.link is Link.REFUSED:
            self._emit({"event": "error", "code": code(changed.code), "text": changed.text})

    def _show_rooms(self, rooms: tuple[RoomInfo, ...]) -> None:
        now = {info.room: info for info in rooms}
        for room, was in self._told.items():
            if room not in now:
                self._emit({"event": "left", "room": was.name, "room_id": room.hex()})
        for room, info in now.items():
            before = self._told.get(room)
            if before is None or (before.name, before.members, before.epoch) != (
                info.name,
                info.members,
                info.epoch,
            ):
                place = self._reports.room(room)
                self._emit({"event": "room", **place, "epoch": info.epoch.hex(), "head": info.head})
        self._told = now

    def _show_progress(self, progress: Progress) -> None:
        step = _PROGRESS_STEP * progress.done // max(progress.total, 1)
        if self._steps.get(progress.request) == step:
            return
        self._steps[progress.request] = step
        event = {"event": "progress", "done": progress.done, "total": progress.total}
        self._emit(event | {"up": progress.up} | _id(self._ids.get(progress.request)))

    def _said_id(self, happening: Happening) -> dict[str, Any]:
        if not isinstance(happening, Acked | Refused):
            return {}
        return _id(self._said.pop((happening.room, happening.n), None))

    # --- commands ---------------------------------------------------------------------------

    def carry_out(self, line: str) -> None:
        """Carry out one command."""
        if not line.strip():
            return
        self._command_id = None
        try:
            command = json.loads(line)
            if type(command) is not dict:
                raise CommandError("a command is a JSON object, one a line")
            self._command_id = command.get("id")
            self._command(command)
        except (ValueError, RecursionError):
            self._emit({"event": "error", "text": "this line is not JSON"})
        except (CommandError, ActError) as error:
            self._emit({"event": "error", "text": str(error)} | _id(self._command_id))

    def _command(self, command: dict[str, Any]) -> None:
        verb = next((one for one in _VERBS if one in command), None)
        if "image" in command:
            verb = "image"
        if verb is None:
            raise CommandError("a command has one of: " + ", ".join(_VERBS))
        client = self.client
        match verb:
            case "send":
                text = _text(command, "send")
                self._to(command, lambda room: client.say(room, text))
            case "image":
                path = Path(_text(command, "image"))
                caption = _text(command, "caption", "")
                self._to(command, lambda room: client.send_image(room, path, caption, 0, False))
            case "nick":
                self._wait(client.rename(_text(command, "nick")))
            case "join":
                self._wait(client.join(_text(command, "join")))
            case "leave":
                self._wait(client.leave(self._find(_text(command, "leave"))))
            case "people":
                self._wait(client.people())
            case "rooms":
                self._wait(client.open_rooms())
            case "history":
                self._history(command["history"])
            case "fetch":
                self._fetch(command["fetch"])
            case "link":
                request = client.link_device()
                self._links.add(request)
                self._wait(request)
            case "retry":
                room = self._find(_text(command, "room")) if "room" in command else self.room
                self._wait(client.retry(room, _number(command, "retry", 0)))
            case "discard":
                self._discard(command)
            case "whoami":
                self._show_me()
            case _ if verb in ORDER_VERBS:
                self._order(verb, command)
            case _:
                self.leaving = True

    def _discard(self, command: dict[str, Any]) -> None:
        room = self._find(_text(command, "room")) if "room" in command else self.room
        what = command["discard"]
        # One at a time is checked before the first one is thrown away.
        ns = [
            _number({"discard": n}, "discard", 0) for n in (what if type(what) is list else [what])
        ]
        for n in ns:
            self._drop(room, n)

    def _drop(self, room: bytes, n: int) -> None:
        request, key = self.client.discard(room, n), (room, n)

        def answered(answer: Happening) -> None:
            if self._dropping.get(key) == request:
                del self._dropping[key]
            self._answer(request, answer)

        self._ids[request] = self._command_id
        self._dropping.setdefault(key, request)
        self.after(request, answered)

    def _history(self, what: Any) -> None:
        what = what if type(what) is dict else {}
        room = self._find(_text(what, "room")) if "room" in what else self.room
        before, limit = _number(what, "before", 0), _number(what, "limit", 100)
        self._wait(self.client.history(room, before, limit))

    def _fetch(self, what: Any) -> None:
        if type(what) is not dict:
            raise CommandError("fetch needs an object with room, sha256 and size")
        room = self._find(_text(what, "room")) if "room" in what else self.room
        try:
            sha256 = bytes.fromhex(_text(what, "sha256"))
        except ValueError:
            raise CommandError("sha256 is written as 64 hexadecimal digits") from None
        self._wait(self.client.fetch(room, sha256, _number(what, "size", 0)))

    def _show_me(self) -> None:
        profile, roster = self.client.profile, self.roster
        event = {
            "event": "whoami",
            "person": roster.person.hex(),
            "nick": roster.nick,
            "server": roster.server,
            "server_key": profile.server_fingerprint,
            "device_key": profile.device_fingerprint,
            "device": in_groups(profile.device_tag),
        }
        self._emit(event | _id(self._command_id))

    def _order(self, verb: str, command: dict[str, Any]) -> None:
        command_id = self._command_id

        def with_people(then: Callable[[], None]) -> None:
            def known(happening: Happening) -> None:
                if isinstance(happening, Failed):
                    self._failed(happening, command_id)
                    return
                try:
                    then()
                except ActError as error:
                    self._emit({"event": "error", "text": str(error)} | _id(command_id))

            self.after(self.client.people(), known)

        self._orders.carry_out(
            verb, command, self.room, lambda request: self._wait(request, command_id), with_people
        )

    def _find(self, name: str) -> bytes:
        rooms = self.roster.rooms_called(name)
        if len(rooms) > 1:
            raise CommandError(several(name, rooms))
        if not rooms:
            raise CommandError(f"you are not in a room {name}: join it first")
        return rooms[0]

    def _wait(self, request: int, command_id: Any = None) -> None:
        """Have the answer emitted with the id of the command."""
        command_id = self._command_id if command_id is None else command_id
        self._ids[request] = command_id
        self.after(request, lambda happening: self._answer(request, happening))

    def _to(self, command: dict[str, Any], send: Callable[[bytes], int]) -> None:
        """Send to the room or to the people that the command names."""
        command_id = self._command_id
        if "to" not in command:
            name = _text(command, "room", "")
            self._wait(send(self._find(name) if name else self.room))
            return
        to = command["to"]
        nicks = [to] if type(to) is str else to
        if type(nicks) is not list or not nicks or not all(type(one) is str for one in nicks):
            raise CommandError("to is a nickname or a list of nicknames")

        def known(happening: Happening) -> None:
            if isinstance(happening, Failed):
                self._failed(happening, command_id)
                return
            people, missing = self.roster.find_people(nicks)
            if missing:
                text = "nobody is called " + ", ".join(missing)
                self._emit({"event": "error", "text": text} | _id(command_id))
                return
            self.after(self.client.direct(people), opened)

        def opened(happening: Happening) -> None:
            if isinstance(happening, Done):
                self._wait(send(happening.room), command_id)
            elif isinstance(happening, Failed):
                self._failed(happening, command_id)

        self.after(self.client.people(), known)

    # --- answers ----------------------------------------------------------------------------

    def _answer(self, request: int, happening: Happening) -> None:
        command_id = self._ids.pop(request, None)
        self._steps.pop(request, None)
        back = _id(command_id)
        is_link = request in self._links
        self._links.discard(request)
        match happening:
            case Failed():
                self._failed(happening, command_id)
            case Done(_, room, text):
                done: dict[str, Any] = {"event": "done"}
                done |= self._reports.room(room) if room else {}
                if is_link:
                    done["link"] = self.client.device_link(text)
                self._emit(done | ({"text": text} if text else {}) | back)
            case _:
                if isinstance(happening, Queued) and command_id is not None:
                    self._said[happening.room, happening.n] = command_id
                event = self._reports.event(happening)
                if event is not None:
                    self._emit(event | back)

    def _failed(self, failed: Failed, command_id: Any) -> None:
        event = {"event": "error", "code": code(failed.code), "text": failed.text}
        event |= {"field": failed.field} if failed.field else {}
        self._emit(event | _id(command_id))


def _id(command_id: Any) -> dict[str, Any]:
    return {} if command_id is None else {"id": command_id}


def _text(command: dict[str, Any], name: str, default: str | None = None) -> str:
    value = command.get(name, default)
    if type(value) is not str or (not value and default is None):
        raise CommandError(f"{name} must be a text")
    return value


def _number(command: dict[str, Any], name: str, default: int) -> int:
    value = command.get(name, default)
    if type(value) is not int or not 0 <= value < 2**63:
        raise CommandError(f"{name} must be a number from 0 up")
    return value
