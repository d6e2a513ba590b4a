"""Palettes: whether everything that is written can be read, in all of them."""

import pytest

from gui.paint.theme import ACCENT, ACCENTS, DARK, LIGHT, PALETTES, Palette, palette, person_colour

TEXT = 4.5
LARGE = 3.0
"""WCAG 2.1: contrast of text, and of large text, icons and the outlines of controls."""

PAIRS = (
    ("text", "chat side card hover theirs field pill line"),
    ("quiet", "chat side card hover theirs field pill"),
    ("accent", "chat side card hover theirs field"),
    ("danger", "chat side card hover theirs field pill ours"),
    ("on_accent", "accent accent_hover"),
    ("on_ours", "ours"),
    ("quiet_ours", "ours"),
    ("link", "theirs card chat side"),
    ("link_ours", "ours"),
    ("on_pill", "pill"),
    ("on_selection", "selection"),
    ("on_found", "found"),
    ("on_chip", "chip"),
    ("on_chip_own", "chip_own"),
    ("on_veil", "veil"),
)
SIGNS = (
    ("online", "chat side card hover theirs"),
    ("groove", "card"),
    ("accent", "card pill"),
    ("knob", "groove"),
)

ALL = [palette(theme, accent) for theme in PALETTES for accent in ACCENTS]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def shortfalls(colours: Palette, pairs: tuple[tuple[str, str], ...], need: float) -> list[str]:
    found = []
    for ink, grounds in pairs:
        for ground in grounds.split():
            have = contrast(getattr(colours, ink), getattr(colours, ground))
            if have < need:
                found.append(f"{ink} on {ground}: {have:.2f}")
    return found


def test_the_measure_of_contrast_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", ALL, ids=lambda one: f"{one.name}-{one.accent}")
def test_every_text_can_be_read(colours: Palette) -> None:
    assert not shortfalls(colours, PAIRS, TEXT)
    assert not shortfalls(colours, SIGNS, LARGE)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda one: one.name)
def test_names_and_initials_can_be_read(colours: Palette) -> None:
    assert len(set(colours.people)) == 12
    for ink in colours.people:
        for ground in (colours.theirs, colours.side, colours.card, colours.hover, colours.pill):
            assert contrast(ink, ground) >= TEXT, (ink, ground)
        assert contrast(colours.on_person, ink) >= TEXT, ink


def test_accents_differ_and_the_usual_one_is_among_them() -> None:
    assert ACCENT in ACCENTS
    for theme in PALETTES:
        assert len({palette(theme, accent).accent for accent in ACCENTS}) == len(ACCENTS)
        # Neutrals stay: only what an accent names may change.
        assert len({palette(theme, accent).chat for accent in ACCENTS}) == 1


def test_a_palette_is_one_object_and_an_unknown_accent_gives_the_usual_one() -> None:
    assert palette("dark", "teal") is palette("dark", "teal")
    assert palette("light") is LIGHT
    assert palette("dark", "mauve") is DARK


def test_a_person_keeps_the_colour_unless_another_was_chosen() -> None:
    assert person_colour(LIGHT, b"\x01abc") == LIGHT.people[1]
    assert person_colour(LIGHT, b"\x01abc", 12) == LIGHT.people[11]
    # A later version may have more colours than this one.
    assert person_colour(LIGHT, b"\x01abc", 13) == LIGHT.people[0]
    assert person_colour(LIGHT, b"") == LIGHT.people[0]
