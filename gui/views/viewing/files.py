"""Pictures and files of messages: looked at, saved under a name, opened. Belongs to the Tk thread.

What is fetched lies in the profile; copying it elsewhere is the work of a thread.
"""

import os
import subprocess
import sys
import threading
import tkinter as tk
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tkinter import filedialog

from gui.chat.controller import Controller
from gui.chat.room import Entry
from gui.desktop.clipboard import Clipboard
from gui.desktop.filenames import safe_name, save_copy
from gui.desktop.opened import copy_to_open
from gui.paint.look import Look
from gui.paint.pictures import Pictures
from gui.text.textlayout import clean
from gui.views.sheet import ask
from gui.views.viewing.viewer import PictureViewer
from gui.views.viewing.viewerbars import Subject
from gui.words import wording
from protocol.codes import EventKind


class Files:
    """What can be done with a picture or a file."""

    def __init__(
        self, root: tk.Misc, look: Look, controller: Controller, pictures: Pictures,
        clipboard: Clipboard, say: Callable[[str, bool], None],
    ) -> None:  # fmt: skip
        """``say(text, bad)`` shows one line."""
        self._root = root
        self._look = look
        self._controller = controller
        self._pictures = pictures
        self._clipboard = clipboard
        self._say = say
        self._seq = 0
        self.viewer: PictureViewer | None = None

    # --- looking ----------------------------------------------------------------

    def view(self, entry: Entry) -> None:
        """Fetch a picture and look at it."""
        if entry.kind != EventKind.IMAGE or entry.deleted:
            return
        self.close()
        self.viewer = PictureViewer(self._root, self._look, self._pictures, self._clipboard, self)
        self._show(entry)

    def _show(self, entry: Entry) -> None:
        viewer, tr, model = self.viewer, self._look.tr, self._controller.model
        if viewer is None:
            return
        self._seq = entry.seq
        body = entry.body
        viewer.show(
            Subject(
                self._name(entry), model.name_of(entry.person, entry.nick),
                wording.when(tr, entry.ts, date.today()), clean(entry.words),
                bytes(body.get("thumb", b"")), (int(body["width"]), int(body["height"])),
                self._beside(-1) is not None, self._beside(1) is not None,
            )
        )  # fmt: skip

        def answer(path: Path | None, reason: str) -> None:
            if viewer.open and self._seq == entry.seq:
                if path is not None:
                    viewer.picture(path)
                else:
                    viewer.problem(reason)

        viewer.request = self._fetch(entry, answer)

    def _beside(self, by: int) -> Entry | None:
        """Return the picture before or after the one that is looked at, among those loaded."""
        room = self._controller.model.room
        entries = room.entries if room is not None else []
        some = [one for one in entries if (one.seq - self._seq) * by > 0]
        for one in reversed(some) if by < 0 else some:
            if one.kind == EventKind.IMAGE and not one.deleted:
                return one
        return None

    def step(self, by: int) -> None:
        """Look at the picture before (-1) or after (1) this one."""
        entry = self._beside(by)
        if entry is not None:
            self._stop()
            self._show(entry)

    def progress(self) -> None:
        """Transfers have moved on."""
        viewer, transfers = self.viewer, self._controller.model.transfers
        if viewer is not None and viewer.request in transfers:
            transfer = transfers[viewer.request]
            if not transfer.problem:
                viewer.progress(transfer)

    def close(self) -> None:
        """Look at nothing any more."""
        if self.viewer is not None:
            self.viewer.close()

    def closed(self) -> None:
        """The viewer is gone: what it still waited for is not needed."""
        self._stop()
        self.viewer = None

    def _stop(self) -> None:
        viewer = self.viewer
        if viewer is not None and viewer.request in self._controller.model.transfers:
            self._controller.cancel(viewer.request)

    def _fetch(self, entry: Entry, answer: Callable[[Path | None, str], None]) -> int:
        room, body = self._controller.model.room, entry.body
        if room is None:
            return 0
        return self._controller.fetch(room.room, bytes(body["sha256"]), int(body["size"]), answer)

    # --- saving and opening -----------------------------------------------------

    def save(self, entry: Entry) -> None:
        """Fetch it, ask for a name and put it there."""
        name = self._name(entry)

        def answer(path: Path | None, reason: str) -> None:
            if path is None:
                self._say(reason, True)
                return
            title = self._look.tr("main.save_title")
            to = filedialog.asksaveasfilename(parent=self._root, title=title, initialfile=name)
            if to:
                self._copy(path, Path(to))

        self._fetch(entry, answer)

    def _copy(self, path: Path, to: Path) -> None:
        def done(reason: str | None, _problem: str) -> None:
            tr = self._look.tr
            if reason:
                self._say(tr("main.save_failed", why=reason), True)
            else:
                self._say(tr("main.saved", name=clean(to.name)), False)

        self._pictures.run(lambda: save_copy(path, to), done)

    def open(self, entry: Entry) -> None:
        """Fetch a file, warn, then have the system open it, or save it."""
        tr, name = self._look.tr, self._name(entry)

        def answer(path: Path | None, reason: str) -> None:
            if path is None:
                self._say(reason, True)
                return
            who = clean(self._controller.model.name_of(entry.person, entry.nick))
            ask(
                self._root, self._look, tr("main.open_file_title", name=name),
                tr("main.open_file_text", who=who),
                [(tr("main.open_file_do"), "main", lambda: self._open(path, name)),
                 (tr("main.save_do"), "quiet", lambda: self.save(entry)),
                 (tr("general.cancel"), "quiet", lambda: None)],
            )  # fmt: skip

        self._fetch(entry, answer)

    def _open(self, path: Path, name: str) -> None:
        """Give it to the program that the system has for its kind, under its own name."""

        def work() -> Path | str:
            try:
                return copy_to_open(path, name)
            except OSError as error:
                return error.strerror or type(error).__name__

        def done(copy: Path | str | None, problem: str) -> None:
            if not isinstance(copy, Path):
                self._say(self._look.tr("main.save_failed", why=copy or problem), True)
            elif not start(copy):
                self._say(self._look.tr("archive.opener_missing"), True)

        self._pictures.run(work, done)

    def _name(self, entry: Entry) -> str:
        return safe_name(str(entry.body.get("name", "")), "file")


def start(path: Path | str) -> bool:
    """Open a file, folder or address as a double click would; return whether it could be tried.

    It is one argument of one program, and never read by a shell.
    """
    try:
        if sys.platform == "win32":
            os.startfile(path)
        else:
            opener = "open" if sys.platform == "darwin" else "xdg-open"
            process = subprocess.Popen(
                [opener, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            # It may last as long as the program that it starts; its end must be heard of.
            threading.Thread(target=process.wait, name="opener", daemon=True).start()
    except OSError:
        return False
    return True
