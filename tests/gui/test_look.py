"""Avatars, initials and lines of text as they come out on a canvas."""

import io
import tkinter as tk
from collections.abc import Callable

import pytest
from PIL import Image

from gui.paint.faces import Face, initials
from gui.paint.look import Look
from gui.paint.shapes import KEEP_BYTES, Shapes
from gui.paint.theme import palette
from gui.text.textlayout import Line, Run
from protocol.limits import PORTRAIT_MAX_BYTES
from tests.gui.conftest import Stage
from tests.gui.screens import rgb, texts_of

ANNA = b"\x03" + b"a" * 15


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Marko", "M"),
        ("Marko Polo", "MP"),
        ("Marko van der Polo", "MP"),
        ("олена петрівна", "ОП"),
        ("йосип", "Й"),
        ("и\u0306осип", "Й"),
        ("łukasz ść", "ŁŚ"),
        ("สมชาย", "ส"),
        ("เอก ใจดี", "อจ"),
        ("ที่", "ท"),
        ("8-Б клас", "8К"),
        ("🙂 Ann", "A"),
        ("🙂", "#"),
        ("", "#"),
        ("ßeta", "S"),
        ("𝒜nna", "N"),
        ("  (x)  ", "X"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def picture(colour: str, size: tuple[int, int] = (96, 96)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, "PNG")
    return target.getvalue()


def canvas_of(stage: Stage) -> tk.Canvas:
    canvas = tk.Canvas(stage.root, bg=stage.look.palette.card, highlightthickness=0, bd=0)
    canvas.place(x=0, y=0, width=300, height=300)
    stage.settle()
    return canvas


def pixel(stage: Stage, canvas: tk.Canvas, x: int, y: int) -> tuple[int, ...]:
    found = stage.shot().getpixel((canvas.winfo_rootx() + x, canvas.winfo_rooty() + y))
    assert isinstance(found, tuple)
    return found


def test_an_avatar_has_initials_on_the_colour_of_the_person(stage: Stage) -> None:
    stage.open()
    canvas, colours = canvas_of(stage), stage.look.palette
    stage.look.avatar(canvas, (10, 10), 40, (ANNA, "Anna Bo"), colours.card, ("a",))
    stage.look.avatar(canvas, (60, 10), 40, Face(ANNA, "Anna", colour=7), colours.card, ("b",))
    assert texts_of(canvas, "a") == ["AB"]
    assert texts_of(canvas, "b") == ["A"]
    assert pixel(stage, canvas, 30, 14) == rgb(colours.people[3])
    assert pixel(stage, canvas, 80, 14) == rgb(colours.people[6])
    # Outside of the disc it is the colour below.
    assert pixel(stage, canvas, 11, 11) == rgb(colours.card)
    canvas.delete("a")
    assert texts_of(canvas) == ["A"]


def test_somebody_online_has_a_dot(stage: Stage) -> None:
    stage.open("dark")
    canvas, colours = canvas_of(stage), stage.look.palette
    for x, online in ((10, True), (60, False)):
        face = Face(ANNA, "Anna", online=online)
        stage.look.avatar(canvas, (x, 10), 40, face, colours.card, ())
    assert pixel(stage, canvas, 10 + 34, 10 + 34) == rgb(colours.online)
    assert pixel(stage, canvas, 60 + 34, 10 + 34) != rgb(colours.online)


def test_a_room_is_a_square(stage: Stage) -> None:
    stage.open()
    canvas, colours = canvas_of(stage), stage.look.palette
    stage.look.tile(canvas, (10, 10), 40, b"\x02room", colours.card, ("a",))
    assert texts_of(canvas) == ["#"]
    assert pixel(stage, canvas, 10 + 20, 10 + 2) == rgb(colours.people[2])
    assert pixel(stage, canvas, 10 + 6, 10 + 6) == rgb(colours.people[2])


def test_a_picture_is_put_in_once_it_is_decoded(stage: Stage) -> None:
    stage.open()
    canvas, look = canvas_of(stage), stage.look
    face = Face(ANNA, "Anna", picture=picture("#00c000"))
    look.avatar(canvas, (10, 10), 40, face, look.palette.card, ("early",))
    assert texts_of(canvas) == ["A"], "nothing decodes: initials"
    canvas.delete("all")
    look.decode_faces(stage.pictures)
    look.avatar(canvas, (10, 10), 40, face, look.palette.card, ("a",))
    look.avatar(canvas, (60, 10), 40, face, look.palette.card, ("b",))
    assert texts_of(canvas) == ["A", "A"]
    stage.wait(lambda: not texts_of(canvas), "the picture")
    assert pixel(stage, canvas, 30, 30) == rgb("#00c000")
    assert pixel(stage, canvas, 80, 30) == rgb("#00c000")
    assert pixel(stage, canvas, 11, 11) == rgb(look.palette.card)
    # Now it is there at once, at any size.
    look.avatar(canvas, (110, 10), 64, face, look.palette.card, ("c",))
    assert not texts_of(canvas)
    assert pixel(stage, canvas, 140, 40) == rgb("#00c000")


def test_a_wide_picture_is_cut_to_its_middle(stage: Stage) -> None:
    stage.open()
    canvas, look = canvas_of(stage), stage.look
    look.decode_faces(stage.pictures)
    image = Image.new("RGB", (300, 100), "#ff0000")
    image.paste("#0000ff", (100, 0, 200, 100))
    target = io.BytesIO()
    image.save(target, "PNG")
    face = Face(ANNA, "Anna", picture=target.getvalue())
    look.avatar(canvas, (10, 10), 40, face, look.palette.card, ())
    stage.wait(lambda: not texts_of(canvas), "the picture")
    assert pixel(stage, canvas, 14, 30) == pixel(stage, canvas, 45, 30) == rgb("#0000ff")


class Slow:
    """A decoder that answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[Callable[[Image.Image | None, str], None]] = []

    def decode(
        self, source: bytes, box: tuple[int, int], done: Callable[[Image.Image | None, str], None]
    ) -> None:
        self.asked.append(done)


def test_a_picture_that_comes_late_disturbs_nothing(stage: Stage) -> None:
    stage.open()
    canvas, look, slow = canvas_of(stage), stage.look, Slow()
    look.decode_faces(slow)
    face = Face(ANNA, "Anna", picture=picture("#00c000"))
    for _ in range(3):
        look.avatar(canvas, (10, 10), 40, face, look.palette.card, ())
        canvas.delete("all")
    other = tk.Canvas(stage.root)
    look.avatar(other, (10, 10), 40, face, look.palette.card, ())
    other.destroy()
    assert len(slow.asked) == 1, "asked once"
    slow.asked[0](Image.new("RGB", (96, 96)), "")
    assert not canvas.find_all()


def test_a_bad_picture_leaves_the_initials(stage: Stage) -> None:
    stage.open()
    canvas, look, slow = canvas_of(stage), stage.look, Slow()
    look.decode_faces(slow)
    bad = Face(ANNA, "Anna", picture=b"not a picture")
    look.avatar(canvas, (10, 10), 40, bad, look.palette.card, ())
    slow.asked[0](None, "viewer.not_a_picture")
    look.avatar(canvas, (10, 60), 40, bad, look.palette.card, ())
    assert len(slow.asked) == 1, "not asked again"
    huge = Face(ANNA, "Anna", picture=b"x" * (PORTRAIT_MAX_BYTES + 1))
    look.avatar(canvas, (10, 110), 40, huge, look.palette.card, ())
    assert len(slow.asked) == 1, "too large to be one"
    assert texts_of(canvas) == ["A", "A", "A"]


def test_made_pictures_are_kept_and_the_oldest_given_up(stage: Stage) -> None:
    stage.open()
    shapes = Shapes(stage.root)
    first = shapes.face(512, "#111111", "#ffffff")
    assert shapes.face(512, "#111111", "#ffffff") is first
    for n in range(KEEP_BYTES // (512 * 512 * 4) + 1):
        shapes.face(512, f"#{n:06x}", "#ffffff")
    assert shapes._bytes <= KEEP_BYTES
    assert shapes.face(512, "#111111", "#ffffff") is not first


def test_a_line_is_painted_with_its_links_and_tags(stage: Stage) -> None:
    stage.open()
    canvas, look = canvas_of(stage), stage.look
    line = Line(
        120,
        (
            Run("text", "body", 0, 40, "see "),
            Run("link", "body", 40, 40, "x.org", "https://x.org/a"),
            Run("mention", "body", 80, 40, "@Anna", "616e6e61"),
        ),
    )
    links = look.line(canvas, (5, 7), line, ("#111111", "#0000ff", "#ffffff"), "body", ("r1", "t"))
    assert texts_of(canvas, "r1") == texts_of(canvas, "t") == ["see ", "x.org", "@Anna"]
    assert [target for _, target in links] == ["https://x.org/a", "616e6e61"]
    name = str(canvas)
    inks = [str(canvas.tk.call(name, "itemcget", one, "-fill")) for one in canvas.find_all()]
    assert inks == ["#111111", "#0000ff", "#0000ff"]
    assert [round(canvas.coords(item)[0]) for item in canvas.find_all()] == [5, 45, 85]


def test_another_theme_keeps_the_accent_unless_one_is_named(stage: Stage) -> None:
    stage.open()
    look = Look(stage.root, "light", 1.0, "en", "rose")
    assert look.palette is palette("light", "rose")
    look.set_theme("dark")
    assert look.palette is palette("dark", "rose")
    look.set_theme("dark", "teal")
    assert look.palette is palette("dark", "teal")


def test_what_a_widget_is_given_turns_nothing_around(stage: Stage) -> None:
    stage.open()
    assert stage.look.plain("why:\x1b[31m \u202egnp.\u2066exe\x9b") == "why:[31m gnp.exe"
