"""Reads the files of sentences: TOML of which only tables and one-line strings are used.

They are read at every start, and :mod:`tomllib` takes three times as long; what is written in
another way than that goes to it. Pure.
"""

import re
import tomllib
from collections.abc import Mapping
from typing import Final

Said = str | Mapping[str, str]
"""A sentence, or its plural categories."""

_STRING: Final = r'"((?:[^"\\\x00-\x1f\x7f]|\\["\\nt]|\\u[0-9a-fA-F]{4})*)"'
_LINE: Final = re.compile(
    rf"\[([A-Za-z0-9_.-]+)\]|([a-z.]+) *= *(?:{_STRING}|\{{(.*)\}})|(?:#.*)?", re.ASCII
)
_PART: Final = re.compile(rf" *([a-z]+) *= *{_STRING} *(?:,|$)")
_ESCAPE: Final = re.compile(r"\\(u....|.)")
_ESCAPED: Final = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}


def read(text: str, language: str) -> dict[str, Said]:
    """Return name → what one language says, English where it says nothing.

    Raise ``tomllib.TOMLDecodeError`` for what is not TOML, KeyError without English.
    """
    found = _read_simple(text, language)
    return found if found is not None else _read_any(text, language)


def _read_any(text: str, language: str) -> dict[str, Said]:
    tables = tomllib.loads(text)
    return {name: said.get(language, said["en"]) for name, said in tables.items()}


def _read_simple(text: str, language: str) -> dict[str, Said] | None:
    """Read it line by line; None if it holds anything that is not as simple as that."""
    found: dict[str, Said] = {}
    english: dict[str, Said] = {}
    name = inner = ""
    for line in text.split("\n"):
        match = _LINE.fullmatch(line.strip())
        if match is None:
            return None
        table, key, string, parts = match.groups()
        if table is not None:
            name, _, inner = table.partition(".")
            if "." in inner or (name in english and not inner):
                return None
            continue
        if key is None:
            continue
        if inner:
            key = f"{inner}.{key}"
        code, _, category = key.partition(".")
        if not name or "." in category:
            return None
        if code not in (language, "en"):
            continue
        into = found if code == language else english
        if parts is not None:
            forms = _forms(parts)
            if forms is None or category:
                return None
            _add(into, name, forms)
        elif category:
            _add(into, name, {category: _plain(string)})
        else:
            into[name] = _plain(string)
        if language == "en":
            english[name] = found[name]
    return {name: found.get(name, said) for name, said in english.items()}


def _add(into: dict[str, Said], name: str, forms: dict[str, str]) -> None:
    known = into.get(name, {})
    into[name] = {**known, **forms} if isinstance(known, Mapping) else forms


def _forms(parts: str) -> dict[str, str] | None:
    forms: dict[str, str] = {}
    at = 0
    while at < len(parts):
        match = _PART.match(parts, at)
        if match is None:
            return None
        forms[match[1]] = _plain(match[2])
        at = match.end()
    return forms


def _plain(string: str) -> str:
    if "\\" not in string:
        return string
    return _ESCAPE.sub(_unescape, string)


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1]) or chr(int(match[1][1:], 16))
