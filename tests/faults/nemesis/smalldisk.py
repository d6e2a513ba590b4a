"""A disk that is soon full: a tmpfs of a few MiB on a folder, and the ballast that fills it.

A child process mounts it and unmounts it when its stdin ends, so nothing stays mounted, however
the tests end. Needs root.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

_BALLAST = "ballast"
_PIECE_BYTES = 1 << 20
_END_S = 20.0
_SCRIPT = """
mount -t tmpfs -o "size=$2m,mode=700" zviazok-test "$1" || exit 1
echo ready
cat >/dev/null
umount "$1" 2>/dev/null || umount -l "$1"
"""


def why_no_small_disk() -> str | None:
    """Return what is missing for mounting one, or None."""
    if sys.platform != "linux":
        return "only on Linux is there a tmpfs"
    if os.geteuid() != 0:
        return "only on systems where the tests are root can a tmpfs be mounted"
    if shutil.which("mount") is None:
        return "there is no mount command"
    return None


class SmallDisk:
    """A tmpfs of ``size_mb`` MiB on ``folder``, from now until ``close``."""

    def __init__(self, folder: Path, size_mb: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._popen = subprocess.Popen(
            ["sh", "-c", _SCRIPT, "smalldisk", str(folder), str(size_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._popen.stdout is not None
        if self._popen.stdout.readline() != "ready\n":
            self._end()
            raise OSError(f"{folder} could not be mounted")

    @property
    def free_bytes(self) -> int:
        return shutil.disk_usage(self.folder).free

    def fill(self, leave_bytes: int = 0) -> None:
        """Fill it up to what shall be left; what others write meanwhile finds no room."""
        with (self.folder / _BALLAST).open("ab", buffering=0) as ballast:
            while (free := self.free_bytes - leave_bytes) > 0:
                try:
                    ballast.write(b"\0" * min(free, _PIECE_BYTES))
                except OSError:
                    break

    def empty(self) -> None:
        """Take the ballast away."""
        (self.folder / _BALLAST).unlink(missing_ok=True)

    def close(self, keep: bool = False) -> None:
        """Unmount it; ``keep`` what lies on it in the folder that was under it."""
        if not keep:
            self._end()
            return
        self.empty()
        aside = self.folder.with_name(self.folder.name + ".kept")
        shutil.copytree(self.folder, aside)
        self._end()
        with contextlib.suppress(FileNotFoundError):
            self.folder.rmdir()
        aside.rename(self.folder)

    def _end(self) -> None:
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()
        self._popen.wait(_END_S)
