"""One short sound for a new message, by a player of this system; else Tk's bell.

Never two at a time, and at most one a second. The player runs in a thread of its own.
"""

import logging
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from typing import Final

from gui.chat.room import Sound

log = logging.getLogger(__name__)

APART_S: Final = 1.0
LONGEST_S: Final = 5.0
"""A player that takes longer hangs, and is ended."""
PLAYERS: Final[tuple[tuple[str, ...], ...]] = (
    ("afplay",),
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
)
"""Programs that play a WAV file that follows, the best first."""


class Chime:
    """Plays; belongs to the Tk thread."""

    def __init__(
        self,
        bell: Callable[[], None],
        call: Callable[[Callable[[], None]], None],
        players: Sequence[Sequence[str]] = PLAYERS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``bell`` is Tk's, for want of a player; ``call`` brings work into the Tk thread."""
        self._bell = bell
        self._call = call
        self._clock = clock
        self._players = players
        self._at = float("-inf")
        self._thread: threading.Thread | None = None

    def play(self, sound: Sound = Sound.NOTES, at_once: bool = False) -> bool:
        """Play a sound that ships, and return at once; False if the last one was just now.

        ``at_once``: somebody asked for it, so only one that still sounds is in the way.
        """
        now = self._clock()
        soon = now - self._at < APART_S and not at_once
        if soon or (self._thread is not None and self._thread.is_alive()):
            return False
        self._at = now
        self._thread = threading.Thread(target=self._play, args=(sound,), name="chime", daemon=True)
        self._thread.start()
        return True

    def _play(self, sound: Sound) -> None:
        with as_file(files("gui.desktop").joinpath(f"sounds/{sound.value}.wav")) as path:
            if sys.platform == "win32":
                import winsound

                winsound.PlaySound(str(path), winsound.SND_FILENAME | winsound.SND_NODEFAULT)
                return
            for words in self._players:
                program = shutil.which(words[0])
                if program is None:
                    continue
                try:
                    done = subprocess.run(
                        [program, *words[1:], str(path)],
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                        timeout=LONGEST_S,
                        check=False,
                    )
                except (OSError, subprocess.TimeoutExpired) as error:
                    log.info("event=chime_failed reason=%s", type(error).__name__)
                    continue
                if done.returncode == 0:
                    return
        self._call(self._bell)
