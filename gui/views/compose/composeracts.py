"""What the composer asks for, when somebody writes, clicks or pastes.

The main screen implements it; tests put a recorder there. Called in the Tk thread.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from gui.chat.room import Draft
from protocol.client.happenings import PersonInfo


class ComposerActs(Protocol):
    """All return at once."""

    def send(self, text: str, mentions: tuple[bytes, ...], reply: int) -> str:
        """Send to the open room; return "" or why not."""

    def edit(self, seq: int, text: str, mentions: tuple[bytes, ...]) -> str:
        """Say a message of one's own in other words; return "" or why not."""

    def set_draft(self, room: bytes, draft: Draft) -> None:
        """Keep what is being written in a room."""

    def typing(self) -> None:
        """The person writes; called at each change."""

    def attach(self) -> None:
        """Choose files to send."""

    def files_dropped(self, paths: Sequence[Path]) -> None:
        """Files were pasted: ask what to do with them."""

    def image_pasted(self, path: Path) -> None:
        """A picture was pasted; it lies in a file of the clipboard's folder."""

    def pick_emoji(self, x: int, y: int) -> None:
        """Open the picker beside a place of the screen; it calls ``Composer.insert``."""

    def cancel(self, request: int) -> None:
        """End an upload, or throw one away that failed."""

    def retry(self, request: int) -> None:
        """Try an upload again that failed."""

    def edit_last(self) -> None:
        """Edit one's last own message, if there is one."""

    def jump(self, seq: int) -> None:
        """Show the message that is answered or edited."""

    def people(self) -> Sequence[PersonInfo]:
        """Return who can be mentioned, those of the room first."""

    def say(self, text: str, bad: bool = False) -> None:
        """Show one line for a while."""
