"""Commands of order for programs: what each asks for, checked before anything is asked.

Belongs to :class:`protocol.terminal.scripted.Scripted`, which reads the lines and tells the
answers. One thread.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from protocol.client.client import SERVER
from protocol.client.happenings import Done, Failed, Happening, OrderKnown, RoomOrder
from protocol.codes import ErrorCode
from protocol.limits import HANDS_MAX
from protocol.terminal import acts
from protocol.terminal.acts import ActError, Takes, Where
from protocol.terminal.console import Console

VERBS: Final = ("act", "private", "add", "members", "order", "hand", "devices", "audit")

_NOBODY = (Takes.NOTHING, Takes.MESSAGE, Takes.SWITCH, Takes.TIME, Takes.RULE)
_VALUED = (Takes.MESSAGE, Takes.SWITCH, Takes.TIME, Takes.RULE, Takes.PERSON_ROLE)
_PERSON_BYTES: Final = 8
_DEVICE = (Takes.PERSON_DEVICE,)

Wait = Callable[[int], None]
"""Has the answer to a request told."""
WithPeople = Callable[[Callable[[], None]], None]
"""Calls when everybody is known; what that raises is told."""


class OrderCommands:
    """Carries out the commands of VERBS; raises :class:`ActError`."""

    def __init__(self, console: Console, find_room: Callable[[str], bytes]) -> None:
        """Look rooms up with ``find_room``."""
        self._console = console
        self._client = console.client
        self._roster = console.roster
        self._find_room = find_room

    def carry_out(
        self, verb: str, command: dict[str, Any], here: bytes, wait: Wait, with_people: WithPeople
    ) -> None:
        """Carry out a command; ``here`` is the room where none is named."""
        client = self._client
        name = command.get("room", "")
        if type(name) is not str:
            raise ActError("room must be a text")
        room = self._find_room(name) if name else here
        match verb:
            case "act":
                self._act(command, room, wait, with_people)
            case "private":
                title, nicks = command["private"], _nicks(command.get("people", []), least=0)
                if type(title) is not str or not title:
                    raise ActError("private must be a text: the name of the room")
                with_people(lambda: wait(client.make_private(title, self._people(nicks))))
            case "add":
                nicks = _nicks(command["add"])
                with_people(lambda: wait(client.add_people(room, self._people(nicks))))
            case "members":
                wait(client.ask_members(room))
            case "order":
                wait(client.ask_order(room))
            case "hand":
                if type(command["hand"]) is not bool:
                    raise ActError("hand must be true or false")
                self._hand(room, command["hand"], wait)
            case "devices":
                self._devices(command["devices"], wait, with_people)
            case "audit":
                before = command.get("before", 0)
                if type(before) is not int or not 0 <= before < 2**62:
                    raise ActError("before must be a number from 0 up")
                wait(client.ask_audit(before))

    def _hand(self, room: bytes, up: bool, wait: Wait) -> None:
        """Raise one's hand, or take it down. The server does not answer that: look for it."""
        request = self._client.raise_hand(room, up)
        wait(request)

        def known(answer: Happening) -> None:
            said: Happening = Failed(request, ErrorCode.FORBIDDEN, "the server did not allow that")
            if isinstance(answer, Failed):
                said = replace(answer, request=request)
            elif isinstance(answer, OrderKnown) and self._is_up(answer.order, up) is up:
                said = Done(request, room)
            self._console.settle(request, said)

        self._console.after(self._client.ask_order(room), known)

    def _is_up(self, order: RoomOrder, wanted: bool) -> bool:
        me = self._roster.person
        if len(order.hands) < HANDS_MAX:
            return me in order.hands
        # Others that are up are not told.
        return me in order.hands or (wanted and order.muted_until(me) is None)

    def _act(
        self, command: dict[str, Any], room: bytes, wait: Wait, with_people: WithPeople
    ) -> None:
        name = command["act"]
        if type(name) is not str or name not in acts.WORDS:
            raise ActError("act must be one of: " + ", ".join(acts.WORDS))
        word = acts.WORDS[name]
        on_server = command.get("server", word.where is Where.SERVER)
        if on_server is not (word.where is Where.SERVER) and word.where is not Where.BOTH:
            place = "the server" if word.where is Where.SERVER else "a room"
            raise ActError(f"{name} is done to {place}")
        text = command.get("text", "")
        if type(text) is not str:
            raise ActError("text must be a text")
        who = _nicks(command.get("who", []), least=0)
        person = _person(command.get("person", ""))
        if who and person:
            raise ActError("a person is named by who or by person, not by both")
        if len(who) + bool(person) != (0 if word.takes in _NOBODY else 1):
            nobody = word.takes in _NOBODY
            raise ActError(f"{name} is done to nobody" if nobody else "who must be one nickname")
        device = acts.tag_of(str(command.get("device"))) if word.takes in _DEVICE else b""
        value = word.value
        if word.takes is Takes.MESSAGE and type(command.get("value")) is not int:
            raise ActError("value must be a number: the seq of the message")
        if word.takes in _VALUED or (word.takes is Takes.PERSON_TIME and "value" in command):
            value = acts.value_of(name, command.get("value"))

        def go_on() -> None:
            whom = self._people(who)[0] if who else person
            place = SERVER if on_server else room
            wait(self._client.act(word.act, place, whom, device, value, text))

        if who:
            with_people(go_on)
        else:
            go_on()

    def _devices(self, whose: Any, wait: Wait, with_people: WithPeople) -> None:
        if whose is True:
            wait(self._client.ask_devices(self._roster.person))
            return
        nicks = _nicks(whose)
        with_people(lambda: wait(self._client.ask_devices(self._people(nicks)[0])))

    def _people(self, nicks: list[str]) -> list[bytes]:
        people, missing = self._roster.find_people(nicks)
        if missing:
            raise ActError("nobody is called " + ", ".join(missing))
        return people


def _person(value: Any) -> bytes:
    """Read an id as events name it; nobody where it is empty."""
    if value == "":
        return b""
    if type(value) is str and len(value) == 2 * _PERSON_BYTES:
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass
    raise ActError("person is written as 16 hexadecimal digits")


def _nicks(value: Any, least: int = 1) -> list[str]:
    nicks = [value] if type(value) is str else value
    if type(nicks) is not list or len(nicks) < least or any(type(one) is not str for one in nicks):
        raise ActError("people are a nickname or a list of nicknames")
    return nicks
