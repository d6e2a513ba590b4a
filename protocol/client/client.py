"""The client: what a program with a window or a terminal builds on.

Every call returns at once with a request number; what comes of it is a happening, handed
to ``on_happening`` in the network thread. Calls may come from any thread. The work is
in :mod:`protocol.client.network`; here is only the way there. A ``seq`` names a message of a room,
an ``n`` one of one's own that the server has not stored.
"""

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import protocol
from protocol.client.happenings import Happening
from protocol.client.network import Network
from protocol.client.profile import Profile
from protocol.client.requests import (
    audit_question,
    members_question,
    people_question,
    rooms_question,
)
from protocol.client.session import Session
from protocol.client.wants import Where
from protocol.codes import Act, EventKind
from protocol.frames import (
    Act as ActFrame,
)
from protocol.frames import (
    Add,
    AnyFrame,
    Devices,
    Direct,
    Join,
    Leave,
    Link,
    Marks,
    Order,
    Portraits,
    Private,
    Rename,
)
from protocol.frames import Profile as Look
from protocol.invite import Invite

AGENT = f"zviazok/{protocol.__version__}"

SERVER: Final = bytes(16)
"""In place of a room: the act is for the whole server."""

_Deed = Callable[[Session, int, int], None]
"""Takes the session, the request number and the time in ms."""


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
        self.profile = profile
        self._invite = invite
        self._network = Network(profile, invite, nick, agent, on_happening)
        self._composing = self._network.composing
        self._numbers = itertools.count(1)
        self._thread = threading.Thread(target=self._network.run, name="network", daemon=True)

    def start(self) -> None:
        """Start the network thread: it tells what is on disk, then connects.

        Uploads that were unfinished when the program ended go on: Resumed, then as ``send_file``.
        """
        self._network.post(lambda _: self._network.parcels.resume(self._number))
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the network thread and wait for it; outbox and unfinished uploads stay on disk."""
        self._network.stop()
        self._thread.join(timeout_s)

    # --- saying ---------------------------------------------------------------------------

    def say(
        self, room: bytes, text: str, reply: int = 0, mentions: Sequence[bytes] = (), via: str = ""
    ) -> int:
        """Say something: Queued, later Sent, Acked or Refused; or Failed.

        ``reply`` is the seq that it answers, ``mentions`` are the people named in it, ``via`` is
        the nickname of whoever said it first.
        """
        named = tuple(mentions)
        return self._do(
            lambda _, request, __: self._composing.say(request, room, text, reply, named, via)
        )

    def send_image(
        self, room: bytes, path: Path, caption: str = "", reply: int = 0, shrink: bool = True
    ) -> int:
        """Send a picture: Progress, then Queued and so on; or Failed.

        ``shrink``: scaled down and written anew where that makes it smaller. Else its pixels
        stay as they are; what the file says of its maker goes in any case.
        """
        return self._send(room, EventKind.IMAGE, path, caption, reply, shrink)

    def send_file(self, room: bytes, path: Path, caption: str = "", reply: int = 0) -> int:
        """Send a file as it is: Progress, then Queued and so on; or Failed."""
        return self._send(room, EventKind.FILE, path, caption, reply, False)

    def forward(self, room: bytes, seq: int, to: bytes) -> int:
        """Say a message of a room in another one, as from whom it came: Queued or Failed."""
        return self._do(lambda _, request, __: self._composing.forward(request, room, seq, to))

    def edit(self, room: bytes, seq: int, text: str, mentions: Sequence[bytes] = ()) -> int:
        """Replace the text (or caption) of a message of one's own: Queued or Failed."""
        named = tuple(mentions)
        return self._do(
            lambda _, request, __: self._composing.edit(request, room, seq, text, named)
        )

    def delete(self, room: bytes, seq: int) -> int:
        """Take a message of one's own back: Queued or Failed."""
        return self._do(lambda _, request, __: self._composing.delete(request, room, seq))

    def react(self, room: bytes, seq: int, emoji: str, on: bool) -> int:
        """Add a reaction to a message, or take it away: Queued or Failed."""
        return self._do(lambda _, request, __: self._composing.react(request, room, seq, emoji, on))

    def retry(self, room: bytes, n: int) -> int:
        """Send a refused message anew: Discarded, then Queued with another ``n``; or Failed.

        Where the server has not the bytes of its picture or file they go first: Resumed, Progress;
        Failed with NO_BLOB if they are not on this device any more, Done if they are under way.
        """
        return self._do(lambda _, request, __: self._composing.retry(request, room, n))

    def discard(self, room: bytes, n: int) -> int:
        """Throw a refused message away: Discarded or Failed."""
        return self._do(lambda _, request, __: self._composing.discard(request, room, n))

    def typing(self, room: bytes) -> int:
        """Say that one is writing, if the connection stands; nothing follows."""
        return self._do(lambda session, _, __: session.membership.typing(room, session.online))

    def mark(self, room: bytes, seq: int) -> int:
        """Say that one has read up to ``seq``, now or once connected; nothing follows."""
        return self._do(lambda session, _, __: session.membership.mark(room, seq, session.online))

    # --- reading ----------------------------------------------------------------------------

    def history(self, room: bytes, before: int = 0, limit: int = 100) -> int:
        """Read messages before the one of this ``seq`` (0: the newest): Loaded or Failed."""
        return self._want(room, Where.BEFORE, before, limit)

    def later(self, room: bytes, after: int, limit: int = 100) -> int:
        """Read the messages after this ``seq``: Loaded or Failed."""
        return self._want(room, Where.AFTER, after, limit)

    def around(self, room: bytes, seq: int, limit: int = 100) -> int:
        """Read a message with those before and after it, however old it is: Loaded or Failed."""
        return self._want(room, Where.AROUND, seq, limit)

    def gather(self, room: bytes) -> int:
        """Fetch the room back to its first message: Gathered …, Done; or Failed. See ``cancel``."""
        return self._do(lambda session, request, now_ms: session.gather(request, room, now_ms))

    def fetch(self, room: bytes, sha256: bytes, size: int) -> int:
        """Fetch a picture or a file of a room's message: Progress, then Fetched; or Failed."""
        return self._do(
            lambda _, request, __: self._network.courier.fetch(request, room, sha256, size)
        )

    def marks(self, room: bytes) -> int:
        """Ask who has read a room how far: Marked or Failed."""
        return self._ask(Marks(0, room))

    # --- rooms and people ---------------------------------------------------------------------

    def people(self) -> int:
        """Ask who is there: PeopleKnown or Failed."""
        return self._ask(people_question())

    def portraits(self, people: Sequence[bytes]) -> int:
        """Ask for pictures of at most PORTRAITS_MAX people: PortraitsCame or Failed."""
        return self._ask(Portraits(0, list(people)))

    def set_profile(self, colour: int, picture: bytes) -> int:
        """Set one's colour (0: none) and picture (``b""``: none): Done or Failed.

        ``picture`` is an encoded WebP, JPEG or PNG of at most PORTRAIT_MAX_BYTES.
        """
        return self._ask(Look(0, colour, picture))

    def rename(self, nick: str) -> int:
        """Take another nickname: Done with it as ``text``, or Failed."""
        return self._ask(Rename(0, nick))

    def link_device(self) -> int:
        """Ask for a token for another device: Done with it as ``text``, or Failed.

        It is valid once, for LINK_TOKEN_MS; ``device_link`` makes a whole link of it.
        """
        return self._ask(Link(0))

    def device_link(self, token: str) -> str:
        """Return the link by which another device becomes the same person."""
        return str(replace(self._invite, token=token))

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

    # --- order --------------------------------------------------------------------------------

    def make_private(self, name: str, people: Sequence[bytes]) -> int:
        """Make a private room with these people in it: Done with ``room``, or Failed."""
        return self._ask(Private(0, name, list(people)))

    def add_people(self, room: bytes, people: Sequence[bytes]) -> int:
        """Bring people into a private room, all or none: ActDone or Failed."""
        return self._ask(Add(0, room, list(people)))

    def ask_members(self, room: bytes) -> int:
        """Ask who is in a room: MembersKnown or Failed."""
        return self._ask(members_question(room))

    def ask_order(self, room: bytes) -> int:
        """Ask what holds in a room: OrderKnown or Failed. Changes of it are told from then on."""
        return self._ask(Order(0, room))

    def act(
        self,
        act: Act,
        room: bytes = SERVER,
        person: bytes = b"",
        device: bytes = b"",
        value: int = 0,
        text: str = "",
    ) -> int:
        """Keep order, in a room or on the server: ActDone or Failed.

        Section 14 of the specification says which act needs what. ``value`` is seconds, a role,
        a seq, or 1 and 0 for on and off; ``text`` why it is done, or the new nickname.
        """
        return self._ask(ActFrame(0, int(act), room, person, device, value, text))

    def raise_hand(self, room: bytes, up: bool) -> int:
        """Raise one's hand, or take it down: OrderKnown follows, or Failed."""
        return self._do(
            lambda session, request, _: session.membership.hand(request, room, up, session.online)
        )

    def ask_devices(self, person: bytes) -> int:
        """Ask for the devices of somebody, oneself for instance: DevicesKnown or Failed."""
        return self._ask(Devices(0, person))

    def ask_audit(self, before: int = 0) -> int:
        """Ask what was done on the server, below this number (0: the newest): AuditKnown."""
        return self._ask(audit_question(before))

    # --- the rest -----------------------------------------------------------------------------

    def cancel(self, request: int) -> None:
        """End a transfer, or the reading of messages: its request becomes Failed, others stay."""
        network = self._network

        def end(_: int) -> None:
            if not network.parcels.cancel(request) and not network.courier.cancel(request):
                network.session.recovery.cancel(request)

        network.post(end)

    def retry_now(self) -> None:
        """Connect at once instead of waiting; also after a refusal."""
        self._network.post(self._network.retry_now)

    def woke(self) -> None:
        """The machine was asleep: find out at once whether the connection still lives."""
        self._network.post(self._network.woke)

    def _number(self) -> int:
        return next(self._numbers)

    def _do(self, deed: _Deed) -> int:
        request = self._number()
        self._network.post(lambda now_ms: deed(self._network.session, request, now_ms))
        return request

    def _ask(self, question: AnyFrame) -> int:
        return self._do(lambda session, request, now_ms: session.ask(request, question, now_ms))

    def _want(self, room: bytes, where: Where, seq: int, limit: int) -> int:
        return self._do(
            lambda session, request, now_ms: session.want(request, room, where, seq, limit, now_ms)
        )

    def _send(
        self, room: bytes, kind: EventKind, path: Path, caption: str, reply: int, shrink: bool
    ) -> int:
        return self._do(
            lambda _, request, __: self._network.parcels.send(
                request, room, kind, path, caption, reply, shrink
            )
        )
