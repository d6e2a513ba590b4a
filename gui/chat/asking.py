"""What the controller stands on: the client, the view, and questions that wait for their answer.

The client and the view are protocols, so that tests put fakes there. Lives in
the Tk thread; holds no widget.
"""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from gui.chat.model import Model, Part
from gui.chat.room import Draft
from gui.chat.standing import SERVER
from gui.settings import Settings
from gui.words import wording
from gui.words.i18n import Words
from protocol.client.happenings import (
    ActDone,
    AuditKnown,
    DevicesKnown,
    Done,
    Failed,
    Fetched,
    Gathered,
    Loaded,
    MembersKnown,
    OrderKnown,
    Refused,
    RoomsListed,
)
from protocol.codes import Act


class ClientPort(Protocol):
    """What the window needs of ``protocol.client.client.Client``; all calls return at once."""

    def start(self) -> None:
        """Begin to connect."""

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the network thread."""

    def say(
        self, room: bytes, text: str, reply: int = 0, mentions: Sequence[bytes] = (), via: str = ""
    ) -> int:
        """Queue a text."""

    def send_image(
        self, room: bytes, path: Path, caption: str = "", reply: int = 0, shrink: bool = True
    ) -> int:
        """Send a picture."""

    def send_file(self, room: bytes, path: Path, caption: str = "", reply: int = 0) -> int:
        """Send a file."""

    def forward(self, room: bytes, seq: int, to: bytes) -> int:
        """Pass a message on."""

    def edit(self, room: bytes, seq: int, text: str, mentions: Sequence[bytes] = ()) -> int:
        """Say something of one's own in other words."""

    def delete(self, room: bytes, seq: int) -> int:
        """Take something of one's own back."""

    def react(self, room: bytes, seq: int, emoji: str, on: bool) -> int:
        """Put an emoji to a message, or take it away."""

    def retry(self, room: bytes, n: int) -> int:
        """Send a refused message anew."""

    def discard(self, room: bytes, n: int) -> int:
        """Throw a refused message away."""

    def history(self, room: bytes, before: int = 0, limit: int = 100) -> int:
        """Ask for messages before ``before`` (0: the newest)."""

    def later(self, room: bytes, after: int, limit: int = 100) -> int:
        """Ask for messages after ``after``."""

    def around(self, room: bytes, seq: int, limit: int = 100) -> int:
        """Ask for messages on both sides of ``seq``."""

    def gather(self, room: bytes) -> int:
        """Fetch the whole history of a room."""

    def typing(self, room: bytes) -> int:
        """Tell that one is writing."""

    def mark(self, room: bytes, seq: int) -> int:
        """Tell how far one has read."""

    def marks(self, room: bytes) -> int:
        """Ask how far others have read."""

    def people(self) -> int:
        """Ask who is on the server."""

    def portraits(self, people: Sequence[bytes]) -> int:
        """Ask for pictures of people."""

    def set_profile(self, colour: int, picture: bytes) -> int:
        """Take a colour and a picture."""

    def open_rooms(self) -> int:
        """Ask for the rooms that anybody may join."""

    def join(self, name: str, create: bool = True) -> int:
        """Join a room by its name."""

    def leave(self, room: bytes) -> int:
        """Leave a room."""

    def direct(self, people: Sequence[bytes]) -> int:
        """Open a direct message."""

    def make_private(self, name: str, people: Sequence[bytes]) -> int:
        """Make a room by invitation."""

    def add_people(self, room: bytes, people: Sequence[bytes]) -> int:
        """Bring people into such a room."""

    def ask_members(self, room: bytes) -> int:
        """Ask who is in a room."""

    def ask_order(self, room: bytes) -> int:
        """Ask what holds in a room."""

    def act(
        self, act: Act, room: bytes = SERVER, person: bytes = b"", device: bytes = b"",
        value: int = 0, text: str = "",
    ) -> int:  # fmt: skip
        """Keep order."""

    def raise_hand(self, room: bytes, up: bool) -> int:
        """Raise one's hand, or take it down."""

    def ask_devices(self, person: bytes) -> int:
        """Ask for the devices of somebody."""

    def ask_audit(self, before: int = 0) -> int:
        """Ask what was done on the server."""

    def rename(self, nick: str) -> int:
        """Take another nickname."""

    def link_device(self) -> int:
        """Ask for a token for another device."""

    def fetch(self, room: bytes, sha256: bytes, size: int) -> int:
        """Fetch a picture or a file."""

    def cancel(self, request: int) -> None:
        """End a transfer, or a gathering."""

    def retry_now(self) -> None:
        """Connect without waiting."""

    def woke(self) -> None:
        """Look at once whether the connection still lives: the machine was asleep."""


class View(Protocol):
    """What the controller needs of the window."""

    def show(self, part: Part) -> None:
        """Draw again what changed."""

    def say(self, text: str, bad: bool = False) -> None:
        """Show one line for a while."""

    def flash(self, seq: int) -> None:
        """Bring a message of the open room into view and make it shine."""

    def take_back(self, room: bytes, draft: Draft) -> None:
        """Have the composer hold again what could not be sent."""

    def bottom(self) -> None:
        """Go to the newest message of the open room."""


class Context(Protocol):
    """What the controller needs to know of the program around it."""

    @property
    def settings(self) -> Settings:
        """What the person has chosen."""

    @property
    def tr(self) -> Words:
        """The sentences of the person's language."""


Got = (
    Done
    | Failed
    | RoomsListed
    | Fetched
    | Loaded
    | Gathered
    | ActDone
    | MembersKnown
    | OrderKnown
    | DevicesKnown
    | AuditKnown
)
Answer = Callable[[Got], None]


class Asking:
    """The part of the controller that the others are built on."""

    def __init__(
        self, model: Model, client: ClientPort, context: Context, clock: Callable[[], float]
    ) -> None:
        """``clock`` tells seconds since 1970."""
        self.model = model
        self._client = client
        self._context = context
        self._clock = clock
        self._view: View | None = None
        self._answers: dict[int, Answer] = {}
        self._hushed: deque[int] = deque(maxlen=100)
        """Requests that nobody asked for in so many words: their failure is not told."""

    def _ask(self, request: int, answer: Answer) -> int:
        """Have ``answer`` called with what comes of a request."""
        self._answers[request] = answer
        return request

    def _refusal(self, failed: Failed | Refused) -> str:
        """Return why something cannot be, for people; "" if they asked for it themselves."""
        return wording.refusal(self._context.tr, failed.code, failed.text, failed.field)

    def _say(self, text: str, bad: bool = False) -> None:
        if self._view is not None:
            self._view.say(text, bad)

    def _show(self, part: Part) -> None:
        if part and self._view is not None:
            self._view.show(part)
