"""End to end: a real server, two real windows on two displays, keys and clicks, screenshots."""

import tkinter as tk
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from gui.paint.look import Look
from gui.paint.theme import Palette
from gui.text.textlayout import wrap
from tests.gui.person import Person
from tests.gui.screens import Display, count, find_image, rgb
from tests.server import Server


class Ink:
    """Draws words as a window would, to look for them in screenshots."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._root = tk.Tk()
        self._root.geometry("600x80+0+0")
        self._canvas = tk.Canvas(self._root, highlightthickness=0, bd=0)
        self._canvas.pack(fill="both", expand=True)
        self._looks = {name: Look(self._root, name, 1.0) for name in ("light", "dark")}

    def words(self, text: str, palette: Palette, own: bool) -> Image.Image:
        fill = palette.ours if own else palette.theirs
        ink = palette.on_ours if own else palette.text
        look = self._looks[palette.name]
        self._canvas.delete("all")
        self._canvas.configure(bg=fill)
        (line,) = wrap(text, 500, look.fonts).lines
        look.line(self._canvas, (10, 10), line, (ink, ink, fill), "body", ())
        self._root.lift()
        for _ in range(3):
            self._root.update()
        self._root.winfo_pointerxy()
        x, y = self._canvas.winfo_rootx(), self._canvas.winfo_rooty()
        high = look.fonts.line_height("body")
        made = self._display.shot().crop((x + 10, y + 10, x + 10 + line.width, y + 10 + high))
        colours = [colour for _, colour in made.getcolors(1 << 16) or []]
        assert rgb(fill) in colours and len(colours) > 8, "nothing was drawn"
        return made

    def close(self) -> None:
        self._root.destroy()


@pytest.fixture
def ink(home: Path, display: Display) -> Iterator[Ink]:
    one = Ink(display)
    yield one
    one.close()


@pytest.fixture
def people(tmp_path: Path, server: Callable[..., Server]) -> Iterator[tuple[Person, Person]]:
    link = server().link
    with ExitStack() as stack:
        made = []
        for nick, theme in (("Marko", "light"), ("Olena", "dark")):
            display = stack.enter_context(Display())
            person = Person(display, tmp_path / nick, link, nick, theme)
            stack.callback(person.end)
            made.append(person)
        yield made[0], made[1]


def shows(needle: Image.Image) -> Callable[[Image.Image], bool]:
    return lambda shot: find_image(needle, shot) is not None


def test_two_windows_hold_a_conversation(
    people: tuple[Person, Person], ink: Ink, tmp_path: Path
) -> None:
    marko, olena = people
    for one in people:
        online = rgb(one.palette.online)
        one.wait("the connection", lambda shot, c=online: count(shot, c) > 20)  # type: ignore[misc]
        one.display.run("xdotool", "mousemove", "700", "750", "click", "1")

    # Marko types with a Ukrainian layout, Olena with a Polish one.
    marko.display.run("setxkbmap", "ua")
    marko.press("46", "40", "41", "Return")
    here = ink.words("два", marko.palette, own=True)
    marko.wait("his own words", shows(here))
    olena.wait("Marko's words", shows(ink.words("два", olena.palette, own=False)))

    olena.display.run("setxkbmap", "pl")
    olena.press("t", "a", "k", "space", "h", "e", "j", "Return")
    olena.wait("her own words", shows(ink.words("tak hej", olena.palette, own=True)))
    shot = marko.wait("Olena's words", shows(ink.words("tak hej", marko.palette, own=False)))
    mine, theirs = (
        find_image(here, shot),
        find_image(ink.words("tak hej", marko.palette, own=False), shot),
    )
    assert mine is not None and theirs is not None
    assert mine[1] < theirs[1] and mine[0] > theirs[0], "mine at the right, the answer below"

    # A picture, by the file dialog.
    picture = tmp_path / "green.png"
    green = (0, 176, 80)
    Image.new("RGB", (640, 400), green).save(picture)
    marko.display.run("setxkbmap", "us")
    marko.press("ctrl+o")
    title = "Choose files to send"
    dialog = marko.display.run("xdotool", "search", "--sync", "--name", title).split()
    marko.display.run("xdotool", "windowfocus", "--sync", dialog[0])
    marko.display.run("xdotool", "type", "--delay", "10", str(picture))
    marko.press("Return")
    marko.wait("the preview", lambda shot: count(shot, green, 6) > 5000)
    marko.press("Return")
    # 320 x 200 pixels, less the round corners; a thumbnail is not exactly its picture.
    near = 0.95 * 320 * 200
    olena.wait("the thumbnail", lambda shot: near < count(shot, green, 6) <= 320 * 200)
    marko.wait("the thumbnail", lambda shot: near < count(shot, green, 6) <= 320 * 200)

    for one in people:
        one.close()

    # Everything is found again.
    again = marko.reopen()
    try:
        shot = again.wait("the picture", lambda shot: near < count(shot, green, 6) <= 320 * 200)
        assert find_image(ink.words("tak hej", marko.palette, own=False), shot) is not None
        again.close()
    finally:
        again.end()
