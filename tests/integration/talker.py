"""The real client as a test uses it: what it told, and waiting for what it will tell."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from protocol.client.client import Client
from protocol.client.happenings import (
    Acked,
    Arrived,
    Done,
    Failed,
    Fetched,
    Happening,
    Link,
    LinkChanged,
    Loaded,
    Message,
    PeopleKnown,
    Queued,
    Refused,
    RoomInfo,
    RoomsChanged,
    RoomsListed,
    Welcomed,
)
from protocol.client.profile import Profile
from protocol.codes import EventKind
from protocol.folders import profiles_folder
from protocol.invite import Invite

PATIENCE_S = 40.0
_FINAL = (Done, Failed, Loaded, PeopleKnown, RoomsListed, Fetched, Queued)

T = TypeVar("T")


class Talker:
    """A started client; its network thread writes here, the test's thread waits."""

    def __init__(self, folder: Path, invite: Invite, nick: str) -> None:
        self.nick = nick
        self.happenings: list[Happening] = []
        self.messages: dict[bytes, list[Message]] = defaultdict(list)
        self.acked: dict[tuple[bytes, int], int] = {}
        self.refused: list[Refused] = []
        self.rooms: dict[bytes, RoomInfo] = {}
        self.outcomes: dict[int, Happening] = {}
        self.link = Link.CONNECTING
        self.address = ""
        self.person = b""
        self._changed = threading.Condition()
        self._profile = Profile.open(profiles_folder(folder), invite, nick)
        try:
            self.client = Client(self._profile, invite, nick, self._take)
        except BaseException:
            self._profile.close()
            raise
        self.client.start()

    def _take(self, happening: Happening) -> None:
        with self._changed:
            self.happenings.append(happening)
            match happening:
                case LinkChanged():
                    self.link, self.address = happening.link, happening.address or self.address
                case Welcomed(person):
                    self.person = person
                case RoomsChanged(rooms):
                    self.rooms = {info.room: info for info in rooms}
                case Arrived(room, messages):
                    self.messages[room] += messages
                case Acked(room, n, _, seq):
                    assert self.acked.setdefault((room, n), seq) == seq
                case Refused():
                    self.refused.append(happening)
            if isinstance(happening, _FINAL) and happening.request:
                self.outcomes[happening.request] = happening
            self._changed.notify_all()

    def until(self, condition: Callable[[], T], timeout_s: float = PATIENCE_S) -> T:
        """Wait until ``condition`` gives something true, and return that."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not (found := condition()):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    tail = [one for one in self.happenings if isinstance(one, LinkChanged)][-5:]
                    raise TimeoutError(f"{self.nick} waited in vain; its link: {tail}")
                self._changed.wait(left_s)
            return found

    def online(self) -> "Talker":
        """Wait for the connection."""
        self.until(lambda: self.link is Link.ONLINE)
        return self

    def outcome(self, request: int) -> Happening:
        """Wait for what became of a request."""
        return self.until(lambda: self.outcomes.get(request))  # type: ignore[return-value]

    def done(self, request: int) -> Done:
        """Wait for a request that must go well."""
        outcome = self.outcome(request)
        assert isinstance(outcome, Done), outcome
        return outcome

    def room(self, name: str) -> bytes:
        """Wait until one is in the room of this name; return its id."""
        return self.until(
            lambda: next((room for room, info in self.rooms.items() if info.name == name), b"")
        )

    def say(self, room: bytes, *texts: str) -> None:
        """Put texts into the outbox."""
        for text in texts:
            self.client.say(room, text)

    def texts(self, room: bytes) -> list[str]:
        """Return the texts of a room that came since the start, in the order of coming."""
        found = self.messages[room]
        return [one.body["text"] for one in found if one.kind == EventKind.TEXT]

    def hear(self, room: bytes, *texts: str) -> None:
        """Wait until these texts have come."""
        self.until(lambda: set(texts) <= set(self.texts(room)))

    def history(self, room: bytes, page: int = 100) -> list[Message]:
        """Page back to the first message; return all, ascending."""
        found: list[Message] = []
        while True:
            before = found[0].seq if found else 0
            loaded = self.outcome(self.client.history(room, before, page))
            assert isinstance(loaded, Loaded), loaded
            assert loaded.messages or not loaded.more
            found = [*loaded.messages, *found]
            if not loaded.more:
                return found

    def stop(self) -> None:
        """End the client as a person does who closes the window."""
        self.client.stop(20)
        self._profile.close()
        stopped = [one for one in self.happenings if isinstance(one, LinkChanged)][-1]
        assert stopped.link is Link.STOPPED, "the network thread did not end"
        assert not stopped.text, stopped.text
