"""Puts a picture into the clipboard by what each system has for that. Slow: for workers.

Tk cannot offer a picture of more than some 400 KB on X11, and none elsewhere. There a program
of the desktop keeps it, also after this one has ended.
"""

import ctypes
import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from PIL import Image

LIMIT_S: Final = 5.0
_CF_DIB: Final = 8
_GMEM_MOVEABLE: Final = 2
_BITMAP_FILE_HEADER: Final = 14


def put_picture(image: Image.Image, file: Path, platform: str) -> str:
    """Offer a picture; return "" or the name of the sentence that says why not.

    ``file`` is where it may be written for that; it is removed again. Raises OSError or
    :class:`subprocess.SubprocessError`.
    """
    if platform == "win32":
        return _windows(image)
    words: tuple[str, ...]
    if platform == "darwin":
        script = "set the clipboard to (read (POSIX file (item 1 of argv)) as «class PNGf»)"
        lines = ("on run argv", script, "end run")
        words = ("osascript", *(word for line in lines for word in ("-e", line)), str(file))
    elif os.environ.get("WAYLAND_DISPLAY") and shutil.which("wl-copy"):
        words = ("wl-copy", "--type", "image/png")
    elif shutil.which("xclip"):
        words = ("xclip", "-selection", "clipboard", "-t", "image/png", "-i", str(file))
    else:
        return "composer.clip_package"
    try:
        image.save(file, "PNG", compress_level=1)
        with file.open("rb") as data:
            # It goes on in the background, away from this program's terminal and its signals.
            subprocess.run(
                words, stdin=data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                timeout=LIMIT_S, check=True, start_new_session=True,
            )  # fmt: skip
    finally:
        file.unlink(missing_ok=True)
    return ""


def _windows(image: Image.Image) -> str:
    out = io.BytesIO()
    image.convert("RGB").save(out, "BMP")
    data = out.getvalue()[_BITMAP_FILE_HEADER:]
    user, kernel = ctypes.WinDLL("user32"), ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    kernel.GlobalAlloc.restype = kernel.GlobalLock.restype = ctypes.c_void_p
    kernel.GlobalAlloc.argtypes = (ctypes.c_uint, ctypes.c_size_t)
    kernel.GlobalLock.argtypes = kernel.GlobalUnlock.argtypes = (ctypes.c_void_p,)
    user.SetClipboardData.argtypes = (ctypes.c_uint, ctypes.c_void_p)
    user.SetClipboardData.restype = ctypes.c_void_p
    handle = kernel.GlobalAlloc(_GMEM_MOVEABLE, len(data))
    place = kernel.GlobalLock(handle) if handle else None
    if not place:
        return "composer.clip_unable"
    ctypes.memmove(place, data, len(data))
    kernel.GlobalUnlock(handle)
    if not user.OpenClipboard(None):
        return "composer.clip_slow"
    try:
        user.EmptyClipboard()
        # From here on the memory belongs to the system.
        return "" if user.SetClipboardData(_CF_DIB, handle) else "composer.clip_unable"
    finally:
        user.CloseClipboard()
