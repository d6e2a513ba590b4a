"""Which gateways there are, which sessions they hold, and so who is online.

Nothing here is stored: a broker that starts asks its gateways again. A gateway is known
by the instance that it drew at its start, never by its routing id, which changes
with every connection. Pure. Owned by the broker's main thread.
"""

from dataclasses import dataclass, field
from typing import Any

from broker.directory import Device, Person
from protocol.backplane import GATEWAY_DEADLINE_MS
from protocol.codes import Purpose
from protocol.limits import PRESENCE_PUSH_MAX


@dataclass(slots=True, eq=False)
class Gateway:
    """A gateway process. ``out`` holds the operations to send after the commit."""

    instance: bytes
    route: bytes
    addresses: list[str]
    heard_ms: int
    process: bytes = b""
    """What the process drew at its start; b"": one of the first version."""
    number: int = 0
    """Of its introduction: later ones are higher."""
    sessions: dict[int, "Session"] = field(default_factory=dict)
    out: list[list[Any]] = field(default_factory=list)

    def silent(self, now_ms: int) -> bool:
        """Whether it said nothing for too long."""
        return now_ms - self.heard_ms > GATEWAY_DEADLINE_MS


@dataclass(slots=True, eq=False)
class Session:
    """A client's connection, as the broker sees it."""

    gateway: Gateway
    slot: int
    device: Device
    purpose: Purpose

    def tell(self, operation: int, *fields: Any) -> None:
        """Queue an operation for this session's gateway."""
        self.gateway.out.append([operation, self.slot, *fields])


class Sessions:
    """All gateways and sessions."""

    def __init__(self) -> None:
        """Start with none."""
        self.gateways: dict[bytes, Gateway] = {}
        self._of_person: dict[int, list[Session]] = {}
        self._talking: dict[int, int] = {}
        self._changed: dict[int, Person] = {}

    def register(self, instance: bytes, route: bytes, addresses: list[str], now_ms: int) -> Gateway:
        """Take a gateway in; sessions of an earlier registration of it are dropped."""
        old = self.gateways.get(instance)
        if old is not None:
            self.drop(old)
        gateway = self.gateways[instance] = Gateway(instance, route, addresses, now_ms)
        return gateway

    def silent(self, now_ms: int) -> list[Gateway]:
        """Gateways that said nothing for too long."""
        return [one for one in self.gateways.values() if one.silent(now_ms)]

    def drop(self, gateway: Gateway) -> None:
        """Forget a gateway with all its sessions."""
        for session in list(gateway.sessions.values()):
            self.close(session)
        self.gateways.pop(gateway.instance, None)

    def open(self, gateway: Gateway, slot: int, device: Device, purpose: Purpose) -> Session:
        """Add a session; the person is online with the first one that talks."""
        old = gateway.sessions.get(slot)
        if old is not None:
            self.close(old)
        person = device.person
        was_online = self.online(person)
        session = gateway.sessions[slot] = Session(gateway, slot, device, purpose)
        self._of_person.setdefault(person.no, []).append(session)
        if purpose is Purpose.TALK:
            self._talking[person.no] = self._talking.get(person.no, 0) + 1
            if not was_online:
                self._changed[person.no] = person
        return session

    def close(self, session: Session) -> None:
        """Remove a session; the person is offline after the last one that talks."""
        if session.gateway.sessions.pop(session.slot, None) is None:
            return
        person = session.device.person
        mine = self._of_person[person.no]
        mine.remove(session)
        if not mine:
            del self._of_person[person.no]
        if session.purpose is Purpose.TALK:
            left = self._talking.pop(person.no) - 1
            if left:
                self._talking[person.no] = left
            else:
                self._changed[person.no] = person

    def of(self, person: Person) -> list[Session]:
        """The person's sessions, those for bulk transfers too."""
        return self._of_person.get(person.no, [])

    def online(self, person: Person) -> bool:
        """Whether the person has a session that talks."""
        return person.no in self._talking

    def row(self, person: Person) -> list[Any]:
        """Return a row of person, nickname, online, colour, picture, role on the server."""
        online = person.no in self._talking
        colour, picture, role = person.colour, person.picture, int(person.role)
        return [person.person, person.nick, online, colour, picture, role]

    def touch(self, person: Person) -> None:
        """Tell of the person at the next presence push: a new one, or one that looks different."""
        self._changed[person.no] = person

    def presence(self) -> list[list[Any]]:
        """Return rows of those who changed since the last call, as PRESENCE has them.

        Nothing when more people are online than presence is pushed for.
        """
        changed, self._changed = self._changed, {}
        if len(self._talking) > PRESENCE_PUSH_MAX:
            return []
        return [self.row(one) for one in changed.values()]

    def addresses(self) -> list[str]:
        """Where clients can connect: every gateway's addresses, in order of registration."""
        return list(dict.fromkeys(one for g in self.gateways.values() for one in g.addresses))
