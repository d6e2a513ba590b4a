"""Fonts that ship with the program: found without being installed, exact, and safe."""

import os
import subprocess
import sys
import tkinter as tk
from tkinter import font as tkfont

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from gui.paint import privatefonts
from gui.paint.fonts import Fonts
from gui.paint.theme import FONT_PX
from gui.text import thai
from gui.text.emoji import FALLBACK
from tests.gui.conftest import Stage
from tests.gui.screens import Display

SAMPLES = {
    "en": "The quick brown fox jumps over 1,234 dogs & “quotes” — €5 ± ½",
    "uk": "Щастям б'ється жук їх глицю в фон й ґедзь пріє: Ґанок № 5",
    "pl": "Zażółć gęślą jaźń, pchnąć w tę łódź jeża",
    "ru": "Съешь ещё этих мягких французских булок, да выпей чаю",
    "th": "ที่นี่ น้ำ ปู่ กตัญญู ฐุ ฎุ ฝึก ฟ้า เป็น เมื่อสักครู่นี้",
}

PLAINLY_WRONG = ("ปู่", "ป้า", "ฐุ")
"""What nobody would take for right if marks stayed where the font has them."""


def family_of(root: tk.Misc, font: tkfont.Font, char: str) -> str:
    """The family that Tk really draws a character with."""
    return str(root.tk.eval(f"font actual {{{font}}} -displayof . -family -- {{{char}}}"))


def test_the_shipped_families_are_used(stage: Stage) -> None:
    stage.open()
    fonts = stage.look.fonts
    assert fonts.family == privatefonts.SANS
    for role in FONT_PX:
        for language in ("en", "uk", "pl", "ru"):
            for char in SAMPLES[language]:
                assert family_of(stage.root, fonts.named(role), char) == privatefonts.SANS, char
        assert fonts.named(f"{role}.thai").actual("family") == privatefonts.THAI


def test_thai_in_a_line_of_another_language_is_loma(stage: Stage) -> None:
    stage.open()
    fonts = stage.look.fonts
    for char in thai.shape(SAMPLES["th"]):
        if char != " ":
            assert family_of(stage.root, fonts.named("label"), char) == privatefonts.THAI, hex(
                ord(char)
            )


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.5, 2.0])
def test_a_text_is_as_wide_as_tk_draws_it(stage: Stage, scale: float) -> None:
    stage.open()
    fonts = Fonts(stage.root, scale)
    for role in FONT_PX:
        for name in (role, f"{role}.thai"):
            for text in SAMPLES.values():
                drawn = fonts.named(name).measure(fonts.shown(name, text))
                assert fonts.width(name, text) == drawn
                assert drawn == sum(fonts.width(name, char) for char in fonts.shown(name, text))


def test_bold_is_bold(stage: Stage) -> None:
    stage.open()
    fonts = stage.look.fonts
    for name in ("name", "name.thai", "title"):
        assert fonts.named(name).actual("weight") == "bold"


@pytest.mark.parametrize("word", ["ที่", "น้ำ", "ปู่", "ญู", "ฐุ", "ฝึก", "ป้า", "ฎุ", "ก่อน", "เป็น"])
def test_tk_draws_thai_as_harfbuzz_does(stage: Stage, word: str) -> None:
    stage.open(scale=3.0)
    fonts = stage.look.fonts
    canvas = tk.Canvas(stage.root, width=300, height=120, bg="#ffffff", highlightthickness=0)
    canvas.place(x=0, y=0)
    font = fonts.named("body.thai")
    shown = fonts.shown("body.thai", word)
    canvas.create_text(20, 20, text=shown, font=font, anchor="nw", fill="#000000")
    ours = stage.shot().crop((0, 0, 300, 120)).convert("L")
    shaped = Image.new("L", ours.size, 255)
    face = ImageFont.truetype(
        str(privatefonts.FOLDER / "Loma-Regular.ttf"), round(FONT_PX["body"] * 3.0),
        layout_engine=ImageFont.Layout.RAQM,
    )  # fmt: skip
    base = 20 + fonts.ascent("body.thai")
    ImageDraw.Draw(shaped).text((20, base), word, font=face, fill=0, anchor="ls")
    # Hinting moves an edge by a pixel; a mark at another height differs in a whole blot.
    differ = _blots(ours, shaped)
    assert differ < 24, f"{word}: {differ} pixels stand elsewhere"
    canvas.delete("all")
    canvas.create_text(20, 20, text=word, font=font, anchor="nw", fill="#000000")
    if word in PLAINLY_WRONG:
        assert _blots(stage.shot().crop((0, 0, 300, 120)).convert("L"), shaped) > 2 * differ + 20


def _blots(one: Image.Image, other: Image.Image) -> int:
    """How many dark pixels of either picture have no dark one near them in the other."""
    dark = [image.point(lambda v: 255 if v < 100 else 0) for image in (one, other)]
    near = [image.filter(ImageFilter.MaxFilter(5)) for image in dark]
    lone = [
        ImageChops.subtract(dark[0], near[1]),
        ImageChops.subtract(dark[1], near[0]),
    ]
    return sum(sum(image.histogram()[128:]) for image in lone)


def test_an_old_libxft_gets_no_colour_font(display: Display) -> None:
    # In a process of its own: what fontconfig has been told cannot be taken back.
    program = """
import tkinter
from tkinter import font
from gui.paint import privatefonts
privatefonts.xft_version = lambda: 20304
assert privatefonts.register()
root = tkinter.Tk()
families = font.families(root)
assert privatefonts.SANS in families and privatefonts.THAI in families
assert not [name for name in families if "Color Emoji" in name], families
sans = font.Font(root, family=privatefonts.SANS, size=-16)
for char in "\\U0001f600\\U0001f970\\u2764\\u2705":
    family = root.tk.eval(f"font actual {{{sans}}} -displayof . -family -- {char}")
    assert "Color" not in family, family
entry = tkinter.Entry(root, font=sans)
entry.insert(0, "\\U0001f970\\U0001f1fa\\U0001f1e6")
entry.pack()
root.update()
print("safe")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "DISPLAY": display.name},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "safe", done.stderr


def test_where_colour_fonts_cannot_be_hidden_no_emoji_reaches_tk(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.open()
    monkeypatch.setattr(privatefonts, "register", lambda: False)
    fonts = Fonts(stage.root, 1.0)
    assert not fonts.draws_emoji
    assert fonts.shown("body", "a😀b🇺🇦𝒜ї") == f"a{FALLBACK}b{FALLBACK}{FALLBACK}ї"
    assert fonts.safe("❤️ок") == f"{FALLBACK}ок"
    # Built twice, as when the language changes.
    Fonts(stage.root, 1.0)
    entry, text = tk.Entry(stage.root), tk.Text(stage.root, height=3)

    def words(widget: tk.Entry | tk.Text) -> str:
        return widget.get() if isinstance(widget, tk.Entry) else widget.get("1.0", "end-1c")

    for widget in (entry, text):
        widget.pack()
        stage.settle()
        widget.focus_force()
        stage.type("a😀б")
        stage.wait(lambda one=widget: words(one) == f"a{FALLBACK}б", "the typing")  # type: ignore[misc]
        stage.root.clipboard_clear()
        stage.root.clipboard_append("x🥰є")
        widget.event_generate("<<Paste>>")
        assert words(widget) == f"a{FALLBACK}бx{FALLBACK}є"


def test_a_font_that_cannot_be_registered_is_logged_and_another_is_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(_files: object) -> bool:
        raise OSError("no such library")

    monkeypatch.setattr(privatefonts, "_fontconfig", missing)
    monkeypatch.setattr(privatefonts, "xft_version", lambda: 20306)
    privatefonts.register.cache_clear()
    try:
        assert privatefonts.register()
        assert "fonts_unregistered" in caplog.text
    finally:
        privatefonts.register.cache_clear()


def test_the_licences_lie_beside_the_fonts() -> None:
    files = {file.name for file in privatefonts.FOLDER.iterdir()}
    assert {"LICENSE-Loma.txt", "LICENSE-ZviazokSans.txt"} <= files
    fonts = [file for file in files if file.endswith(".ttf")]
    assert len(fonts) == 4
    words = (privatefonts.FOLDER / "LICENSE-Loma.txt").read_text("utf-8")
    assert "special exception" in words and "GNU GENERAL PUBLIC LICENSE" in words
