"""Shortcuts are found by the place of the key; the help sheet knows all of them."""

import pytest

from gui.keys import SHORTCUTS, chord, letter_of
from gui.words.i18n import LANGUAGES, Words


@pytest.mark.parametrize(
    ("keycode", "keysym", "state", "said"),
    [
        (45, "k", 4, "Ctrl+K"),
        (45, "Cyrillic_el", 4, "Ctrl+K"),
        (41, "F", 5, "Ctrl+Shift+F"),
        (41, "Thai_dodek", 5, "Ctrl+Shift+F"),
        (41, "Cyrillic_a", 4, "Ctrl+F"),
        (11, "2", 4, "Ctrl+2"),
        (11, "slash", 4, "Ctrl+2"),
        (10, "ampersand", 4, "Ctrl+1"),
        (61, "slash", 4, "Ctrl+/"),
        (61, "period", 4, "Ctrl+/"),
        (59, "Cyrillic_be", 4, "Ctrl+,"),
        (60, "period", 4, "Ctrl+period"),
        (117, "Next", 4, "Ctrl+PgDn"),
        (111, "Up", 8, "Alt+Up"),
        (67, "F1", 0, "F1"),
        (9, "Escape", 0, "Esc"),
        (45, "k", 4 | 16 | 2, "Ctrl+K"),
    ],
)
def test_chords_on_x11(keycode: int, keysym: str, state: int, said: str) -> None:
    assert chord(keycode, keysym, state, "linux") == said


def test_keys_of_other_scripts_are_known_by_their_place() -> None:
    assert letter_of(54, "Cyrillic_es", "linux") == "c"
    assert letter_of(54, "Thai_saraae", "linux") == "c"
    assert letter_of(54, "c", "linux") == ""
    assert letter_of(67, "Cyrillic_es", "win32") == "c"
    assert letter_of(36, "Return", "linux") == ""


def test_chords_on_windows() -> None:
    assert chord(75, "Cyrillic_el", 4, "win32") == "Ctrl+K"
    assert chord(0xBC, "Cyrillic_be", 4, "win32") == "Ctrl+,"
    assert chord(40, "Down", 0x20000, "win32") == "Alt+Down"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shortcut_is_explained(language: str) -> None:
    tr = Words(language)
    for group, name, keys in SHORTCUTS:
        for said in (f"help.group_{group}", f"help.{name}"):
            assert tr(said) != said
        assert keys
