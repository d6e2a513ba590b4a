"""What the composer asks for: sending, editing, files, emoji. Belongs to the Tk thread."""

import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from tkinter import filedialog

from gui.chat.controller import Controller
from gui.chat.room import Draft, Entry
from gui.desktop.clipboard import Clipboard
from gui.paint.look import Look
from gui.paint.pictures import Pictures
from gui.views.compose.attachsheet import AttachSheet
from gui.views.compose.composer import Composer
from protocol.client.folding import fold
from protocol.client.happenings import PersonInfo
from protocol.codes import EventKind

EDITABLE = (EventKind.TEXT, EventKind.IMAGE, EventKind.FILE)


class Composing:
    """Implements ``ComposerActs``; ``composer`` is set once it is made."""

    composer: Composer

    def __init__(
        self,
        root: tk.Misc,
        look: Look,
        controller: Controller,
        say: Callable[[str, bool], None],
        pictures: Pictures,
        clipboard: Clipboard,
        pick: Callable[[int, int, Callable[[str], None]], None],
        jump: Callable[[int], None],
    ) -> None:
        """``pick(x, y, use)`` has an emoji chosen."""
        self._root = root
        self._look = look
        self._controller = controller
        self._say = say
        self._pictures = pictures
        self._clipboard = clipboard
        self._pick = pick
        self.sheet: AttachSheet | None = None
        """What was last asked about files."""
        self._jump = jump

    def send(self, text: str, mentions: tuple[bytes, ...], reply: int) -> str:
        """Send to the open room; return "" or why not."""
        return self._controller.say(text, mentions, reply)

    def edit(self, seq: int, text: str, mentions: tuple[bytes, ...]) -> str:
        """Say a message of one's own in other words; return "" or why not."""
        return self._controller.edit(seq, text, mentions)

    def set_draft(self, room: bytes, draft: Draft) -> None:
        """Keep what is being written in a room."""
        self._controller.set_draft(room, draft)

    def take_back(self, room: bytes, draft: Draft) -> None:
        """Write again what could not be sent, before what was written in its room since."""
        model = self._controller.model
        if room == model.active:
            self.composer.return_unsent(draft)
        elif room in model.rooms:
            self.set_draft(room, draft.before(model.rooms[room].draft))

    def typing(self) -> None:
        """The person writes."""
        self._controller.typing()

    def attach(self) -> None:
        """Choose files to send."""
        tr = self._look.tr
        if self._kept():
            return
        title = tr("main.choose_files")
        names = filedialog.askopenfilenames(parent=self._root, title=title)
        if names:
            self.files_dropped([Path(name) for name in names])

    def files_dropped(self, paths: Sequence[Path]) -> None:
        """Files were pasted or dropped: ask what to do with them."""
        if self._kept():
            return
        if self.sheet is not None and self.sheet.sheet.open:
            self.sheet.add(paths)
            return
        draft = self.composer.give_away()
        controller, room = self._controller, self._controller.model.room

        def send(files: Sequence[Path], words: str, shrink: bool) -> None:
            controller.send_files(files, words, shrink, draft.reply, room)

        def back(words: str) -> None:
            kept = Draft(words, draft.reply)
            if room is controller.model.room:
                self.composer.take_back(kept)
            elif room is not None and not room.draft:
                # Another room was opened over the sheet, such as by a notification.
                controller.set_draft(room.room, kept)

        self.sheet = AttachSheet(
            self._root, self._look, self._pictures, self._clipboard, paths, draft.text, send, back
        )

    def _kept(self) -> bool:
        """Say why nothing can be sent just now, if it cannot."""
        none = self._controller.model.room is None
        why = self._look.tr("window.no_room") if none else self._controller.kept_from()
        if why:
            self._say(why, True)
        return bool(why)

    def image_pasted(self, path: Path) -> None:
        """A picture was pasted."""
        self.files_dropped([path])

    def pick_emoji(self, x: int, y: int) -> None:
        """Open the picker beside a place of the screen."""
        self._pick(x, y, self._insert)

    def _insert(self, emoji: str) -> None:
        self.composer.insert(emoji)
        self.composer.focus()

    def cancel(self, request: int) -> None:
        """End an upload, or throw one away that failed."""
        self._controller.cancel(request)

    def retry(self, request: int) -> None:
        """Try an upload again that failed."""
        self._controller.retry_transfer(request)

    def edit_last(self) -> None:
        """Edit one's last own message, if there is one."""
        room = self._controller.model.room
        if room is None:
            return
        last = next((one for one in reversed(room.entries) if _editable(one)), None)
        if last is not None:
            self.composer.edit(last)

    def jump(self, seq: int) -> None:
        """Show the message that is answered or edited."""
        self._jump(seq)

    def people(self) -> Sequence[PersonInfo]:
        """Return who can be mentioned, those of the room first."""
        model = self._controller.model
        room = model.room
        inside = set(model.others(room)) if room is not None else set()
        if room is not None:
            inside |= {one.person for one in room.members or ()}
        others = [one for one in model.people if one.person != model.me]
        return sorted(others, key=lambda one: (one.person not in inside, fold(one.nick)))

    def say(self, text: str, bad: bool = False) -> None:
        """Show one line for a while."""
        self._say(text, bad)


def _editable(entry: Entry) -> bool:
    return entry.own and entry.seq > 0 and not entry.deleted and entry.kind in EDITABLE
