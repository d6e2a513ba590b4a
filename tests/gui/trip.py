"""Somebody at a window on their way through the program, with a friend at the same server."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocol.client.happenings import Changed, Message
from tests.gui.screens import Display
from tests.gui.seat import Seat
from tests.integration.talker import Talker
from tests.server import Server


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all journeys; each has a room and nicknames of its own."""
    one = Server(tmp_path_factory.mktemp("shared"), rate=0)
    try:
        yield one
        one.stop()
    finally:
        one.end()


class Trip:
    """The window of one person, and a friend of theirs who has only a client."""

    def __init__(self, display: Display, server: Server, home: Path, name: str) -> None:
        self.server = server
        self.name = name
        self.seat = Seat(display, home / "mine", server.link, f"Marko {name}")
        self.friend = Talker(home / "friend", server.invite, f"Olena {name}").online()
        self.seat.take()
        self.room = self.seat.go_to(name)
        self.friend.done(self.friend.client.join(name))
        self.friend.room(name)

    def heard(self, check: Callable[[Message], bool]) -> list[Message]:
        """What the friend got in this room, as said and as changed since."""
        changed = [
            message
            for one in list(self.friend.happenings)
            if isinstance(one, Changed)
            for message in one.messages
        ]
        return [one for one in [*self.friend.messages[self.room], *changed] if check(one)]

    def wait_heard(self, check: Callable[[Message], bool], what: str) -> Message:
        """Wait until the friend has got something."""
        self.seat.wait(lambda: bool(self.heard(check)), what)
        return self.heard(check)[-1]

    def tell(self, *texts: str) -> None:
        """The friend says something; wait until it is in view."""
        self.friend.say(self.room, *texts)
        self.seat.wait_shown(*texts)


@pytest.fixture(name="trip")
def begun(
    display: Display,
    home: Path,
    shared: Server,
    request: pytest.FixtureRequest,
    logged_errors: list[logging.LogRecord],
) -> Iterator[Trip]:
    words = request.node.name.removeprefix("test_").split("_")
    one = Trip(display, shared, home, "".join(word[0] for word in words[:6]))
    try:
        yield one
        one.friend.stop()
        one.seat.leave()
    finally:
        one.seat.root.update_idletasks() if one.seat._window is not None else None
