"""What the message list asks for, when somebody clicks, presses a key or scrolls.

The main screen implements it; tests put a recorder there. Called in the Tk thread.
"""

from collections.abc import Sequence
from typing import Protocol

from gui.chat.room import Entry
from gui.chat.standing import Standing


class MessageActs(Protocol):
    """All return at once; what comes of it is shown by ``Timeline.show``."""

    def reply(self, entry: Entry) -> None:
        """Answer a message."""

    def edit(self, entry: Entry) -> None:
        """Write a message of one's own anew."""

    def delete(self, entries: Sequence[Entry]) -> None:
        """Take messages of one's own back."""

    def remove(self, entries: Sequence[Entry]) -> None:
        """Take messages of others back for everybody."""

    def standing(self) -> Standing:
        """Tell what one may do in the room just now."""

    def may_write_to(self, person: bytes) -> bool:
        """Tell whether one may write to somebody privately."""

    def forward(self, entries: Sequence[Entry]) -> None:
        """Pass messages on to another room."""

    def react(self, entry: Entry, emoji: str) -> None:
        """Add one's reaction, or take it away."""

    def pick_reaction(self, entry: Entry, x: int, y: int) -> None:
        """Choose an emoji beside a place of the screen, then react with it."""

    def copy(self, text: str) -> None:
        """Put a text into the clipboard."""

    def open_picture(self, entry: Entry) -> None:
        """Look at a picture."""

    def save(self, entry: Entry) -> None:
        """Save the picture or file of a message under a name."""

    def open_file(self, entry: Entry) -> None:
        """Fetch a file, then offer to open it."""

    def open_text(self, entry: Entry) -> None:
        """Show a long text by itself."""

    def open_link(self, url: str) -> None:
        """Open an address (http or https, with a plain host) in the browser."""

    def jump(self, seq: int) -> None:
        """Load what is around a message; ``Timeline.flash`` is called once it is there."""

    def retry(self, entry: Entry) -> None:
        """Send a refused message anew."""

    def discard(self, entry: Entry) -> None:
        """Throw a refused message away."""

    def person(self, entry: Entry, x: int, y: int) -> None:
        """Offer at a place of the screen what can be done with the author of a message."""

    def direct(self, person: bytes) -> None:
        """Open a direct message with somebody."""

    def cancel(self, request: int) -> None:
        """End a transfer."""

    def older(self) -> None:
        """Load what is before the first message; may be called often."""

    def newer(self) -> None:
        """Load what is after the last message; may be called often."""

    def seen(self) -> None:
        """Everything up to the newest message was seen; may be called often."""

    def to_end(self) -> None:
        """Load the newest messages."""
