"""The clipboard: texts, lists of files, and pictures, which come and go by a worker.

Asking for a picture in the Tk thread would wait for ever if this program owns the
clipboard itself. So Tk only reads what kinds of things are offered; a picture is fetched by
a program that is ended when it takes too long. A Tk program never offers a picture. What is
fetched lies in a folder of the profile until it is discarded or the window closes. Belongs
to the Tk thread; only ``_Fetch`` and ``_Put`` run elsewhere.
"""

import logging
import os
import shutil
import subprocess
import sys
import tkinter as tk
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from PIL import Image, ImageGrab

from gui.desktop.pictureclip import put_picture
from gui.paint.pictures import PictureError, load, read
from protocol.client.darkroom import darkroom
from protocol.errors import DarkroomError

log = logging.getLogger(__name__)

LIMIT_S: Final = 3.0
TEXT_MAX: Final = 16_384
"""Characters of a text that are taken: four times what a message may have."""
_FILES: Final = ("x-special/gnome-copied-files", "text/uri-list")
_TEXTS: Final = frozenset({"UTF8_STRING", "STRING", "TEXT", "text/plain", "COMPOUND_TEXT"})
_PICTURES: Final = {
    "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif",
}  # fmt: skip
"""Media types that are taken, best first."""
_UNREAD: Final = (OSError, ValueError, Image.DecompressionBombError, PictureError, DarkroomError)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was in the clipboard: one of these, or nothing."""

    text: str = ""
    cut: bool = False
    """The text was longer than TEXT_MAX."""
    files: tuple[Path, ...] = ()
    picture: Path | None = None
    """A file of this clipboard's folder."""
    problem: str = ""
    """The name of the sentence that says why there is no picture; ``package`` fills it in."""


class Clipboard:
    """The clipboard of one window."""

    def __init__(
        self, root: tk.Misc, call: Callable[[Callable[[], None]], None], folder: Path
    ) -> None:
        """``call`` brings work into the Tk thread; ``folder`` is for pictures, and emptied."""
        self._root = root
        self._call = call
        self._folder = folder
        self._on_x11 = str(root.tk.call("tk", "windowingsystem")) == "x11"
        self._closed = False
        self.package = "wl-clipboard" if os.environ.get("WAYLAND_DISPLAY") else "xclip"
        """What to install if a picture needs a program that is not there."""
        self._empty()

    def take(self, done: Callable[[Taken], None]) -> None:
        """Read what is there: ``done`` is called at once, or later for a picture."""
        offered = self._targets()
        files = self._read_files(offered)
        if files:
            done(Taken(files=files))
            return
        # Some programs answer for kinds that they do not offer.
        text = self._read_text() if not offered or offered & _TEXTS else ""
        if text:
            done(Taken(text=text[:TEXT_MAX], cut=len(text) > TEXT_MAX))
            return
        media = next((one for one in _PICTURES if one in offered), "")
        if media or not self._on_x11:
            _Fetch(self._folder, media, self._bring(done)).start()
        else:
            done(Taken())

    def put_text(self, text: str) -> None:
        """Make a text what the clipboard holds."""
        self._root.clipboard_clear()
        self._root.clipboard_append(text)

    def put_picture(self, path: Path, done: Callable[[str], None]) -> None:
        """Make a picture of a file what the clipboard holds.

        ``done`` gets "", or the name of the sentence that says why not.
        """
        _Put(self._folder, path, self._bring(done)).start()

    def discard(self, path: Path) -> None:
        """Remove a picture that was taken and is not needed any more; others are left alone."""
        if path.parent == self._folder:
            _remove(path)

    def close(self) -> None:
        """Remove all pictures that were taken; what is under way is dropped."""
        self._closed = True
        self._empty()

    def _bring(self, done: Callable[..., None]) -> Callable[..., None]:
        """Return what has ``done`` called in the Tk thread, unless it is too late."""

        def now(result: object) -> None:
            if not self._closed:
                done(result)

        return lambda result: self._call(lambda: now(result))

    def _empty(self) -> None:
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.is_file():
                    _remove(path)

    # --- what Tk can tell -------------------------------------------------

    def _targets(self) -> frozenset[str]:
        """Return the kinds of things that are offered, on X11."""
        if not self._on_x11:
            return frozenset()
        offered = frozenset(self._get("TARGETS").split())
        if "TK_APPLICATION" in offered:
            return offered - _PICTURES.keys()
        return offered

    def _get(self, kind: str) -> str:
        try:
            words = ("selection", "get", "-selection", "CLIPBOARD", "-type", kind)
            return str(self._root.tk.call(*words))
        except (tk.TclError, UnicodeError):
            return ""

    def _read_text(self) -> str:
        try:
            return str(self._root.clipboard_get())
        except (tk.TclError, UnicodeError):
            return ""

    def _read_files(self, offered: frozenset[str]) -> tuple[Path, ...]:
        for kind in _FILES:
            if kind in offered:
                files = files_of(_octets(self._get(kind)))
                if files:
                    return files
        return ()


def _remove(path: Path) -> None:
    """Remove a file; one that a worker still reads stays on Windows, until the next start."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _octets(answer: str) -> bytes:
    """Return what a selection held; Tk writes what it does not know as ``0x66 0x69``."""
    if answer.startswith("0x"):
        return bytes(int(one, 16) & 0xFF for one in answer.split())
    return answer.encode("utf-8", "surrogateescape")


def files_of(listed: bytes) -> tuple[Path, ...]:
    """Return the files of this machine in a list of addresses, one a line (RFC 2483)."""
    found = []
    for line in listed.replace(b"\0", b"\n").splitlines():
        address = line.strip().decode("utf-8", "surrogateescape")
        try:
            parts = urlsplit(address)
        except ValueError:
            continue
        if parts.scheme == "file" and parts.netloc in ("", "localhost"):
            path = unquote_to_bytes(address[len("file://" + parts.netloc) :])
            if path.startswith(b"/") and b"\0" not in path:
                found.append(Path(os.fsdecode(path)))
    return tuple(found)


class _Fetch(Thread):
    """Fetches a picture into a file, and says what came of it."""

    def __init__(self, folder: Path, media: str, done: Callable[[Taken], None]) -> None:
        super().__init__(name="clipboard", daemon=True)
        self._folder = folder
        self._media = media
        self._done = done

    def run(self) -> None:
        try:
            taken = self._by_program() if self._media else self._by_system()
        except _UNREAD as error:
            log.info("event=clipboard_unread reason=%s", type(error).__name__)
            taken = Taken(problem="composer.clip_bad")
        self._done(taken)

    def _by_program(self) -> Taken:
        words = _reader(self._media)
        if not words:
            return Taken(problem="composer.clip_package")
        path = self._path(_PICTURES[self._media])
        try:
            with path.open("wb") as file:
                subprocess.run(
                    words, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL,
                    timeout=LIMIT_S, check=False,
                )  # fmt: skip
            darkroom().measure(read(path))
            return Taken(picture=path)
        except subprocess.TimeoutExpired:
            path.unlink(missing_ok=True)
            return Taken(problem="composer.clip_slow")
        except (OSError, PictureError, DarkroomError):
            path.unlink(missing_ok=True)
            raise

    def _by_system(self) -> Taken:
        got = ImageGrab.grabclipboard()
        if got is None:
            return Taken()
        if isinstance(got, list):
            return Taken(files=tuple(Path(name) for name in got))
        path = self._path(".png")
        got.save(path, "PNG")
        return Taken(picture=path)

    def _path(self, suffix: str) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = datetime.now().strftime("%Y-%m-%d %H-%M-%S")
        path = self._folder / f"{name}{suffix}"
        number = 1
        while path.exists():
            number += 1
            path = self._folder / f"{name} {number}{suffix}"
        return path


def _reader(media: str) -> Sequence[str]:
    if os.environ.get("WAYLAND_DISPLAY") and shutil.which("wl-paste"):
        return ("wl-paste", "--no-newline", "--type", media)
    if shutil.which("xclip"):
        return ("xclip", "-selection", "clipboard", "-t", media, "-o")
    return ()


class _Put(Thread):
    """Puts a picture into the clipboard, as PNG."""

    def __init__(self, folder: Path, path: Path, done: Callable[[str], None]) -> None:
        super().__init__(name="clipboard", daemon=True)
        self._folder = folder
        self._path = path
        self._done = done

    def run(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            problem = put_picture(load(self._path), self._folder / "copy.png", sys.platform)
        except PictureError as error:
            problem = str(error)
        except (OSError, subprocess.SubprocessError) as error:
            log.info("event=clipboard_unset reason=%s", type(error).__name__)
            problem = "composer.clip_slow"
        self._done(problem)
