"""Makes the fonts that ship with the program known to this process alone; nothing is installed.

Must come before the first Tk font: what Tk has chosen by then it keeps. Where the system
takes no private fonts, that is logged and families of the machine are used. Main thread.
"""

import ctypes
import logging
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

log = logging.getLogger(__name__)

FOLDER: Final = Path(__file__).parent / "fontfiles"
SANS: Final = "Zviazok Sans"
THAI: Final = "Loma"

SAFE_XFT: Final = 20305
"""Older versions of libXft end the process when they draw a colour emoji."""

# Thai letters in a text of our sans come from our Thai font, which has the shifted marks,
# whatever else is installed.
_PAIR = f"""<fontconfig><match target="pattern">
<test name="family"><string>{SANS}</string></test>
<edit name="family" mode="append" binding="strong"><string>{THAI}</string></edit>
</match><match target="pattern">
<test name="family"><string>{THAI}</string></test>
<edit name="family" mode="append" binding="strong"><string>{SANS}</string></edit>
</match></fontconfig>"""
_NO_COLOUR = """<fontconfig><selectfont><rejectfont><pattern>
<patelt name="color"><bool>true</bool></patelt>
</pattern></rejectfont></selectfont></fontconfig>"""


@cache
def register() -> bool:
    """Make the fonts known, once; return whether Tk may be given emoji without harm."""
    files = [*sorted(FOLDER.glob("*.ttf")), *_corners()]
    try:
        if sys.platform == "win32":
            _windows(files)
        elif sys.platform == "darwin":
            _macos(files)
        else:
            return _fontconfig(files)
    except (OSError, AttributeError) as error:
        log.warning("event=fonts_unregistered reason=%s", error)
    return sys.platform in ("win32", "darwin") or xft_version() >= SAFE_XFT


def _corners() -> list[Path]:
    """Return the font from whose signs customtkinter makes round corners.

    It copies the file into the user's fonts, where it may come too late for the first start.
    """
    package = find_spec("customtkinter")
    if package is None or package.origin is None:
        return []
    file = Path(package.origin).parent / "assets" / "fonts" / "CustomTkinter_shapes_font.otf"
    return [file] if file.is_file() else []


def xft_version() -> int:
    """Return the version of libXft as it counts (2.3.6 is 20306), or 0 if there is none."""
    try:
        return int(ctypes.CDLL("libXft.so.2").XftGetVersion())
    except (OSError, AttributeError):
        return 0


def _fontconfig(files: list[Path]) -> bool:
    fc = ctypes.CDLL("libfontconfig.so.1")
    fc.FcConfigAppFontAddFile.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    for file in files:
        # NULL is the configuration of this process, which Xft uses too.
        if not fc.FcConfigAppFontAddFile(None, bytes(file)):
            log.warning("event=font_unregistered file=%s", file.name)
    safe = xft_version() >= SAFE_XFT
    fc.FcConfigGetCurrent.restype = ctypes.c_void_p
    config = ctypes.c_void_p(fc.FcConfigGetCurrent())
    parse = fc.FcConfigParseAndLoadFromMemory
    parse.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    parse(config, _PAIR.encode(), 0)
    if not safe and parse(config, _NO_COLOUR.encode(), 0):
        # Without colour fonts emoji are outlines of another font, and no version dies of them.
        fc.FcConfigBuildFonts.argtypes = [ctypes.c_void_p]
        safe = bool(fc.FcConfigBuildFonts(config))
        log.info("event=colour_fonts_hidden done=%s", safe)
    return safe


def _windows(files: list[Path]) -> None:
    private = 0x10
    gdi: Any = getattr(ctypes, "windll").gdi32  # noqa: B009 (there is none elsewhere)
    for file in files:
        if not gdi.AddFontResourceExW(ctypes.c_wchar_p(str(file)), private, None):
            log.warning("event=font_unregistered file=%s", file.name)


def _macos(files: list[Path]) -> None:
    folder = "/System/Library/Frameworks"
    core = ctypes.CDLL(f"{folder}/CoreFoundation.framework/CoreFoundation")
    text = ctypes.CDLL(f"{folder}/CoreText.framework/CoreText")
    make = core.CFURLCreateFromFileSystemRepresentation
    make.restype = ctypes.c_void_p
    make.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_long, ctypes.c_bool]
    register_url = text.CTFontManagerRegisterFontsForURL
    register_url.restype = ctypes.c_bool
    register_url.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p]
    core.CFRelease.argtypes = [ctypes.c_void_p]
    in_this_process = 1
    for file in files:
        path = bytes(file)
        url = make(None, path, len(path), False)
        if not url or not register_url(url, in_this_process, None):
            log.warning("event=font_unregistered file=%s", file.name)
        if url:
            core.CFRelease(url)
