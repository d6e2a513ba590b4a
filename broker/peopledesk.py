"""Requests about people: who there is, nicknames, what they look like, their devices.

Owned by the broker's main thread.
"""

from broker.directory import Person
from broker.office import Office
from broker.sessions import Session
from protocol.blocks import DEVICE_TAG_BYTES
from protocol.codes import ErrorCode
from protocol.errors import WireError
from protocol.frames import (
    Devices,
    DevicesPage,
    Link,
    Linked,
    People,
    PeoplePage,
    Portraits,
    PortraitsPage,
    Profile,
    Profiled,
    Rename,
    Renamed,
)
from protocol.limits import LINK_TOKEN_MS


class PeopleDesk:
    """Answers requests about people."""

    def __init__(self, office: Office) -> None:
        """Work with these books."""
        self._office = office

    def people(self, session: Session, frame: People) -> None:
        """All people of the server, a page of them."""
        people, more = self._office.directory.people_page(frame.after, frame.limit)
        rows = [self._office.sessions.row(one) for one in people]
        self._office.answer(session, PeoplePage(frame.request, more, rows))

    def rename(self, session: Session, frame: Rename) -> None:
        """Take another nickname, unless it is locked."""
        person = session.device.person
        self._office.need_voice(session)
        order, now_ms = self._office.order, self._office.wall_ms
        if any(order.muted(room, person, now_ms) for room in person.rooms.values()):
            # A new nickname is told in every room: it would be a way to go on speaking.
            text = "you are muted in a room: keep your nickname until that is over"
            raise WireError(ErrorCode.FORBIDDEN, "muted", text)
        if person.nick_locked:
            text = "your nickname is locked: a moderator can change it"
            raise WireError(ErrorCode.FORBIDDEN, "nick", text)
        self.give_nick(person, frame.nick, session, frame.request)

    def give_nick(
        self, person: Person, nick: str, session: Session | None = None, request: int = 0
    ) -> bool:
        """Let somebody have this nickname; False if they had it. All concerned are told."""
        office = self._office
        was = office.directory.rename(person, nick, office.batch)
        if was != person.nick:
            for room in person.rooms.values():
                office.notice(room, person, "renamed", was=was, now=person.nick)
            office.sessions.touch(person)
        if was != person.nick or session is not None:
            office.tell_talking(session, person, lambda r: Renamed(r, person.nick), request)
        return was != person.nick

    def link(self, session: Session, frame: Link) -> None:
        """Make a token for one more device."""
        office, person = self._office, session.device.person
        token = office.directory.admission.link_token(person, office.wall_ms, office.batch)
        office.answer(session, Linked(frame.request, token, LINK_TOKEN_MS))

    def profile(self, session: Session, frame: Profile) -> None:
        """Take another colour and picture."""
        office, person = self._office, session.device.person
        office.need_voice(session)
        if office.profiles.change(person, frame.colour, frame.picture, office.batch):
            office.sessions.touch(person)
        office.tell_talking(
            session, person, lambda r: Profiled(r, person.colour, person.picture), frame.request
        )

    def portraits(self, session: Session, frame: Portraits) -> None:
        """Pictures of people."""
        people = self._office.directory.need_people(frame.people)
        rows = self._office.profiles.portraits(people, self._office.batch)
        self._office.answer(session, PortraitsPage(frame.request, rows))

    def devices(self, session: Session, frame: Devices) -> None:
        """Devices of oneself, or for those in charge of anybody."""
        person = self._office.need_person(frame.person)
        if person is not session.device.person:
            self._office.order.need_role(None, session.device.person)
        online = {one.device.no for one in self._office.sessions.of(person)}
        rows = [
            [one.key[:DEVICE_TAG_BYTES], one.no in online, one.banned] for one in person.devices
        ]
        self._office.answer(session, DevicesPage(frame.request, rows))
