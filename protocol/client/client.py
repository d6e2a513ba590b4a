"""The client: what a program with a window or a terminal builds on.

Every call returns at once with a request number; what comes of it is a happening, handed
to ``on_happening`` in the network thread. Calls may come from any thread. The work is
in :mod:`protocol.client.network`; here is only the way there.
"""

import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import protocol
from protocol.client.happenings import Failed, Happening
from protocol.client.network import Network
from protocol.client.pictures import Picture, prepare
from protocol.client.profile import Profile
from protocol.client.requests import people_question, rooms_question
from protocol.codes import EventKind
from protocol.errors import SetupError
from protocol.frames import AnyFrame, Direct, Join, Leave, Link, Rename
from protocol.invite import Invite

AGENT = f"zviazok/{protocol.__version__}"


class Client:
    """One person's device on one server; ``start`` it once, ``stop`` it once."""

    def __init__(
        self,
        profile: Profile,
        invite: Invite,
        nick: str,
        on_happening: Callable[[Happening], None],
        agent: str = AGENT,
    ) -> None:
        """Open what is on disk; raise :class:`SetupError` if that cannot be used."""
        self._network = Network(profile, invite, nick, agent, on_happening)
        self._numbers = itertools.count(1)
        self._thread = threading.Thread(target=self._network.run, name="network", daemon=True)
        self._worker = ThreadPoolExecutor(1, "pictures")
        self._preparing: set[int] = set()
        """Requests whose picture the worker has; network thread only."""

    def start(self) -> None:
        """Start the network thread: it tells what is on disk, then connects."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the network thread and wait for it; the outbox stays on disk."""
        self._worker.shutdown(wait=False, cancel_futures=True)
        self._network.stop()
        self._thread.join(timeout_s)

    def send_text(self, room: bytes, text: str) -> int:
        """Say something: Queued, later Acked or Refused; or Failed."""
        request = self._number()
        body = {"text": text}
        self._network.post(lambda _: self._network.session.say(request, room, EventKind.TEXT, body))
        return request

    def send_image(self, room: bytes, path: Path, caption: str = "") -> int:
        """Send a picture: Progress, then Queued and so on; or Failed."""
        request = self._number()

        def begin(_: int) -> None:
            self._preparing.add(request)
            try:
                self._worker.submit(self._prepare, request, room, path, caption)
            except RuntimeError:  # the client is being stopped
                self._network.tell(Failed(request, 0, "the program is closing"))

        self._network.post(begin)
        return request

    def history(self, room: bytes, before: int = 0, limit: int = 100) -> int:
        """Read messages before the one of this ``seq`` (0: the newest): Loaded or Failed."""
        request = self._number()
        self._network.post(
            lambda now_ms: self._network.session.history(request, room, before, limit, now_ms)
        )
        return request

    def people(self) -> int:
        """Ask who is there: PeopleKnown or Failed."""
        return self._ask(people_question())

    def open_rooms(self) -> int:
        """Ask for the open rooms: RoomsListed or Failed."""
        return self._ask(rooms_question())

    def join(self, name: str, create: bool = True) -> int:
        """Enter an open room, or make it: Done with ``room``, or Failed."""
        return self._ask(Join(0, name, create))

    def leave(self, room: bytes) -> int:
        """Leave a room: Done or Failed."""
        return self._ask(Leave(0, room))

    def direct(self, people: Sequence[bytes]) -> int:
        """Find or make the direct message with these people: Done with ``room``, or Failed."""
        return self._ask(Direct(0, list(people)))

    def rename(self, nick: str) -> int:
        """Take another nickname: Done with it as ``text``, or Failed."""
        return self._ask(Rename(0, nick))

    def link_device(self) -> int:
        """Ask for a token for another device: Done with it as ``text``, or Failed."""
        return self._ask(Link(0))

    def fetch(self, room: bytes, sha256: bytes, size: int) -> int:
        """Fetch a picture of a room's message: Progress, then Fetched; or Failed."""
        request = self._number()
        self._network.post(lambda _: self._network.courier.fetch(request, room, sha256, size))
        return request

    def cancel(self, request: int) -> None:
        """End a transfer: its request becomes Failed. Anything else is left alone."""

        def end(_: int) -> None:
            if request in self._preparing:
                self._preparing.discard(request)
                self._network.tell(Failed(request, 0, "cancelled"))
            else:
                self._network.courier.cancel(request)

        self._network.post(end)

    def retry_now(self) -> None:
        """Connect at once instead of waiting; also after a refusal."""
        self._network.post(self._network.retry_now)

    def _number(self) -> int:
        return next(self._numbers)

    def _ask(self, question: AnyFrame) -> int:
        request = self._number()
        self._network.post(lambda now_ms: self._network.session.ask(request, question, now_ms))
        return request

    def _prepare(self, request: int, room: bytes, path: Path, caption: str) -> None:
        """In the worker: read and shrink the picture, then go back to the network thread."""
        try:
            picture = prepare(path)
        except SetupError as error:
            text = str(error)
            self._network.post(lambda _: self._prepared(request, room, text, caption))
        else:
            self._network.post(lambda _: self._prepared(request, room, picture, caption))

    def _prepared(self, request: int, room: bytes, result: Picture | str, caption: str) -> None:
        if request not in self._preparing:
            return  # cancelled meanwhile
        self._preparing.discard(request)
        if isinstance(result, str):
            self._network.tell(Failed(request, 0, result))
        else:
            self._network.courier.send(request, room, result, caption)
