"""Sentences of the interface in five languages, with the plural rules of each.

``languages/AREA.toml`` holds one table a sentence, with all languages beside each other;
it is called by ``AREA.name``. A sentence that depends on a number is a table of plural
categories (CLDR: one, few, many, other). Names in braces are filled in; what is filled in
comes from anybody, and is never looked at for braces. Pure after loading.
"""

import ctypes
import locale
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from gui.words import catalog

log = logging.getLogger(__name__)

LANGUAGES: Final = {
    "en": "English",
    "uk": "Українська",
    "pl": "Polski",
    "ru": "Русский",
    "th": "ไทย",
}
"""Code → its own name, in the order in which they are offered."""


def plural(language: str, n: int) -> str:
    """Return the plural category of a whole number.

    Source: Unicode CLDR 46, supplemental/plurals, cardinal rules for integers.
    """
    n = abs(n)
    ten, hundred = n % 10, n % 100
    few = 2 <= ten <= 4 and not 12 <= hundred <= 14
    match language:
        case "uk" | "ru":
            if ten == 1 and hundred != 11:
                return "one"
            return "few" if few else "many"
        case "pl":
            if n == 1:
                return "one"
            return "few" if few else "many"
        case "th":
            return "other"
        case _:
            return "one" if n == 1 else "other"


class Words:
    """The sentences of one language; call it with a sentence's name."""

    def __init__(self, language: str) -> None:
        """Read the sentences of a language of LANGUAGES; others get English."""
        self.language = language if language in LANGUAGES else "en"
        self._sentences: dict[str, catalog.Said] = {}
        for area in _areas():
            self._sentences.update(_read(area, self.language))

    def __call__(self, name: str, /, n: int | None = None, **values: object) -> str:
        """Return a sentence with its values filled in; ``n`` chooses the plural, as ``{n}`` too."""
        said = self._sentences.get(name)
        if said is None:
            log.error("event=sentence_missing name=%s", name)
            return name
        if isinstance(said, Mapping):
            said = said.get(plural(self.language, n or 0), list(said.values())[-1])
        if n is not None:
            values["n"] = self.number(n)
        return str(said).format_map(values) if values else str(said)

    def number(self, value: int) -> str:
        """Return a number with its thousands apart, as this language writes it."""
        # A no-break space, so that no line ends inside a number.
        return f"{value:,}".replace(",", "," if self.language in ("en", "th") else "\u00a0")


@cache
def _areas() -> tuple[str, ...]:
    names = (file.name for file in files("gui.words").joinpath("languages").iterdir())
    return tuple(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


@cache
def _read(area: str, language: str) -> dict[str, catalog.Said]:
    file = files("gui.words").joinpath("languages", f"{area}.toml")
    found = catalog.read(file.read_text("utf-8"), language)
    return {f"{area}.{name}": said for name, said in found.items()}


def reading(language: str) -> Iterator[None]:
    """Read the sentences of a language step by step; its :class:`Words` then cost little."""
    for area in _areas():
        _read(area, language if language in LANGUAGES else "en")
        yield


def find_language() -> str:
    """Return the language of this system, a code of LANGUAGES; English if it is none of them."""
    if sys.platform == "win32":
        code = ctypes.windll.kernel32.GetUserDefaultUILanguage()
        return of_locale(locale.windows_locale.get(code, ""))
    # LANGUAGE lists several, the best one first; LC_ALL beats the others.
    listed = os.environ.get("LANGUAGE", "")
    if of_locale(listed.split(":")[0], ""):
        return of_locale(listed.split(":")[0])
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return of_locale(value)
    if sys.platform == "darwin":
        return of_locale(_first_of_macos())
    return "en"


def of_locale(name: str, otherwise: str = "en") -> str:
    """Return the language of a locale such as ``uk_UA.UTF-8``, ``pl`` or ``th-TH``."""
    code = name.replace("-", "_").split("_")[0].split(".")[0].lower()
    return code if code in LANGUAGES else otherwise


def _first_of_macos() -> str:
    """Return the first of the languages that are set in macOS; programs get no environment."""
    try:
        core = ctypes.CDLL("/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation")
        for name in ("CFLocaleCopyPreferredLanguages", "CFArrayGetValueAtIndex"):
            getattr(core, name).restype = ctypes.c_void_p
        core.CFArrayGetCount.restype = ctypes.c_long
        core.CFArrayGetCount.argtypes = [ctypes.c_void_p]
        core.CFArrayGetValueAtIndex.argtypes = [ctypes.c_void_p, ctypes.c_long]
        core.CFStringGetCString.argtypes = [
            ctypes.c_void_p, ctypes.c_char_p, ctypes.c_long, ctypes.c_uint32,
        ]  # fmt: skip
        core.CFRelease.argtypes = [ctypes.c_void_p]
        listed = core.CFLocaleCopyPreferredLanguages()
        text = ctypes.create_string_buffer(64)
        utf8 = 0x08000100
        if listed and core.CFArrayGetCount(listed):
            core.CFStringGetCString(core.CFArrayGetValueAtIndex(listed, 0), text, 64, utf8)
        if listed:
            core.CFRelease(listed)
        return text.value.decode("ascii", "replace")
    except (OSError, AttributeError):
        return ""
