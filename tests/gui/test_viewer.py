"""Looking at a picture: zoom, move, save, copy, in a real window."""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from gui.chat.room import Transfer
from gui.desktop.clipboard import Clipboard
from gui.views.viewing.textviewer import TextViewer
from gui.views.viewing.viewer import PictureViewer
from gui.views.viewing.viewerbars import Subject
from tests.gui.conftest import Stage
from tests.gui.screens import rgb, texts_of

SIZE = (2400, 1600)
COLOURS = ("#c00040", "#00a050", "#2040c0", "#c0a000")


def quarters(size: tuple[int, int] = SIZE) -> Image.Image:
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    width, height = size[0] // 2, size[1] // 2
    for number, colour in enumerate(COLOURS):
        x, y = number % 2 * width, number // 2 * height
        draw.rectangle((x, y, x + width - 1, y + height - 1), fill=colour)
    return image


class Looking:
    """A viewer over a stage; implements what it asks for."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.steps: list[int] = []
        self.gone = 0
        self.file = folder / "fetched"
        quarters().save(self.file, "PNG")
        self.clipboard = Clipboard(stage.root, stage.bridge.call, folder / "clipboard")
        self.viewer = PictureViewer(stage.root, stage.look, stage.pictures, self.clipboard, self)
        stage.settle()

    def step(self, by: int) -> None:
        self.steps.append(by)

    def closed(self) -> None:
        self.gone += 1

    def show(self, caption: str = "") -> None:
        out = io.BytesIO()
        quarters((48, 32)).save(out, "WEBP")
        subject = Subject(
            "holiday.png", "Олена", "20 листопада, 12:41", caption, out.getvalue(), SIZE, True, True
        )
        self.viewer.show(subject)
        self.stage.settle()

    def bring(self) -> None:
        self.viewer.picture(self.file)
        self.stage.wait(lambda: self.viewer.shown_size != (0, 0), "the picture")
        self.stage.settle()

    @property
    def scale(self) -> float:
        now = self.viewer.tiles.zoom
        assert now is not None
        return now.scale

    def quiet(self) -> None:
        """Wait until what should be shown is shown."""

        def there() -> bool:
            now = self.viewer.tiles.zoom
            return now is not None and self.viewer.shown_size == now.size

        self.stage.wait(there, "the scale")
        self.stage.settle()

    def point(self, x: float, y: float) -> tuple[int, int]:
        """Return where a place of the picture (parts of its sides) is on the screen."""
        now = self.viewer.tiles.zoom
        assert now is not None
        left, top = self.viewer._origin()
        return (
            round(left + now.x + now.size[0] * x) + self.viewer.canvas.winfo_rootx(),
            round(top + now.y + now.size[1] * y) + self.viewer.canvas.winfo_rooty(),
        )

    def sign(self, what: str) -> tuple[int, int]:
        box = next(box for box, name in self.viewer.bars._places if name == what)
        return box.x + box.w // 2, box.y + box.h // 2

    def click(self, what: str) -> None:
        self.stage.click(self.viewer.canvas, *self.sign(what))


@pytest.fixture
def looking(stage: Stage, tmp_path: Path) -> Iterator[Looking]:
    stage.open(size=(900, 700))
    one = Looking(stage, tmp_path)
    yield one
    one.clipboard.close()


def pixel(looking: Looking, at: tuple[int, int]) -> object:
    return looking.stage.shot().getpixel(at)


def test_the_thumbnail_and_the_progress_come_first_then_the_picture(looking: Looking) -> None:
    looking.show("Підпис 😀")
    canvas = looking.viewer.canvas
    looking.stage.wait(lambda: bool(canvas.find_withtag("wait")), "something to see")
    looking.viewer.progress(Transfer(1, b"", "", False, 512, 1024))
    assert "Fetching the picture – 512 B of 1 KB" in " ".join(texts_of(canvas))
    near = (450, 120)
    looking.stage.wait(lambda: pixel(looking, near) != rgb(looking.stage.look.palette.veil),
                       "the thumbnail")  # fmt: skip
    looking.bring()
    assert not canvas.find_withtag("wait")
    for (x, y), colour in zip(((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)), COLOURS,
                              strict=True):  # fmt: skip
        assert pixel(looking, looking.point(x, y)) == rgb(colour)
    width, height = looking.viewer.shown_size
    assert width / height == pytest.approx(1.5, abs=0.01) and width <= 900 - 128
    words = " ".join(texts_of(canvas))
    assert "Олена" in words and "Підпис" in words and "32 %" in words


def test_the_wheel_zooms_at_the_pointer_and_dragging_moves(looking: Looking) -> None:
    looking.show()
    looking.bring()
    before = looking.scale
    x, y = looking.point(0.75, 0.25)
    run = looking.stage.display.run
    run("xdotool", "mousemove", str(x), str(y), "click", "--repeat", "5", "4")
    looking.stage.wait(lambda: looking.scale > before * 2.5, "the wheel")
    looking.quiet()
    assert pixel(looking, (x, y)) == rgb(COLOURS[1]), "it is still below the pointer"
    middle = looking.point(0.5, 0.5)
    run("xdotool", "mousemove", "450", "350", "mousedown", "1", "mousemove", "500", "400",
        "mousemove", "530", "430")  # fmt: skip
    looking.stage.settle()
    run("xdotool", "mouseup", "1")
    looking.stage.settle()
    moved = looking.point(0.5, 0.5)
    assert moved[0] - middle[0] == 80 and moved[1] - middle[1] == 80
    assert looking.viewer.open, "the end of a movement is no click"
    looking.quiet()
    assert pixel(looking, (moved[0] - 30, moved[1] - 30)) == rgb(COLOURS[0])


def test_keys_zoom_and_fit(looking: Looking) -> None:
    looking.show()
    looking.bring()
    fit = looking.scale
    looking.stage.keys("plus", "KP_Add")
    looking.stage.wait(lambda: looking.scale == pytest.approx(fit * 1.25**2), "larger")
    looking.stage.keys("minus")
    assert looking.scale == pytest.approx(fit * 1.25)
    looking.stage.keys("1")
    assert looking.scale == 1.0
    looking.quiet()
    assert looking.viewer.shown_size == SIZE
    looking.stage.keys("0")
    assert looking.scale == pytest.approx(fit)
    looking.stage.display.run("setxkbmap", "th")
    try:
        looking.stage.keys("21")
        assert looking.scale == pytest.approx(fit * 1.25), "by the place of the key"
    finally:
        looking.stage.display.run("setxkbmap", "us")


def test_a_double_click_goes_to_the_pixels_and_back(looking: Looking) -> None:
    looking.show()
    looking.bring()
    fit = looking.scale
    for x, want in (("300", 1.0), ("500", fit)):
        run = looking.stage.display.run
        run("xdotool", "mousemove", x, "300", "click", "--repeat", "2", "--delay", "30", "1")
        looking.stage.wait(partial(lambda want: looking.scale == want, want), "the other scale")
    assert looking.viewer.open


def test_arrows_and_their_signs_step_through_the_room(looking: Looking) -> None:
    looking.show()
    looking.stage.keys("Left", "Right")
    looking.click("older")
    looking.click("newer")
    assert looking.steps == [-1, 1, -1, 1]
    looking.viewer.show(Subject("a", "b", "c"))
    looking.stage.keys("Left", "Right")
    assert len(looking.steps) == 4, "there is none"


def test_it_is_saved_under_a_name_and_a_failure_is_said(
    looking: Looking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking.show()
    looking.bring()
    asked: list[str] = []
    target = tmp_path / "kept.png"

    def ask(**options: str) -> str:
        asked.append(options["initialfile"])
        return str(target)

    monkeypatch.setattr("gui.views.viewing.viewer.filedialog.asksaveasfilename", ask)
    looking.stage.keys("ctrl+s")
    looking.stage.wait(lambda: looking.viewer.bars.note == "Saved: kept.png", "the line")
    assert target.read_bytes() == looking.file.read_bytes() and asked == ["holiday.png"]
    assert "Saved: kept.png" in " ".join(texts_of(looking.viewer.canvas))
    target = tmp_path / "no" / "such" / "folder.png"
    looking.click("save")
    looking.stage.wait(lambda: "could not be saved" in looking.viewer.bars.note, "the reason")


def test_it_is_copied_as_a_picture(looking: Looking) -> None:
    looking.show()
    looking.bring()
    looking.stage.keys("ctrl+c")
    looking.stage.wait(lambda: looking.viewer.bars.note == "The picture is copied", "the line")
    words = ["xclip", "-selection", "clipboard", "-t", "image/png", "-o"]
    data = looking.stage.display.beside(words, looking.stage.root.update)
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == SIZE


def test_escape_or_a_click_beside_closes_it(stage: Stage, tmp_path: Path) -> None:
    stage.open(size=(900, 700))
    for close in ("key", "click", "sign"):
        one = Looking(stage, tmp_path)
        one.show()
        one.bring()
        stage.click(one.viewer.canvas, 450, 350)
        assert one.viewer.open, "a click on the picture does not"
        if close == "key":
            stage.keys("Escape")
        elif close == "click":
            stage.click(one.viewer.canvas, 30, 650)
        else:
            one.click("close")
        assert not one.viewer.open and one.gone == 1
        one.viewer.close()
        assert one.gone == 1


def test_a_bad_file_is_a_line_and_closing_early_leaves_nothing(
    looking: Looking, tmp_path: Path
) -> None:
    looking.show()
    bad = tmp_path / "bad"
    bad.write_bytes(b"no picture")
    looking.viewer.picture(bad)
    looking.stage.wait(
        lambda: "not a picture" in " ".join(texts_of(looking.viewer.canvas)), "the line"
    )
    looking.viewer.picture(looking.file)
    looking.viewer.close()
    done: list[bool] = []
    looking.stage.pictures.run(lambda: True, lambda *_: done.append(True))
    looking.stage.wait(lambda: bool(done), "the workers")
    looking.stage.settle()


def test_another_size_of_the_window_keeps_the_picture_whole(looking: Looking) -> None:
    looking.show()
    looking.bring()
    looking.stage.root.geometry("700x500")
    looking.stage.wait(lambda: looking.viewer.canvas.winfo_width() == 700, "the size")
    looking.quiet()
    assert looking.viewer.shown_size[0] <= 700 - 128
    assert pixel(looking, looking.point(0.25, 0.25)) == rgb(COLOURS[0])


def test_a_large_picture_comes_in_small_pieces(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.effect_noise((6000, 4000), 50).convert("RGB").save(looking.file, "JPEG")
    looking.show()
    sizes: list[int] = []
    photo = looking.stage.look.art.photo

    def noted(image: Image.Image) -> object:
        sizes.append(image.width * image.height)
        return photo(image)

    monkeypatch.setattr(looking.stage.look.art, "photo", noted)
    looking.bring()
    looking.stage.keys("1")
    looking.quiet()
    assert looking.viewer.shown_size == (6000, 4000)
    assert len(sizes) > 20 and max(sizes) <= 256 * 256
    assert len(looking.viewer.canvas.find_withtag("tile")) < 60


def test_a_long_text_is_shown_with_emoji_and_copied(stage: Stage) -> None:
    stage.open(size=(600, 400))
    words = "Довгий текст 😀 ที่นี่ " * 40
    viewer = TextViewer(stage.root, stage.look, "Олена 😀", words.strip())
    stage.settle()
    assert len(viewer.text.image_names()) == 40
    stage.type("x")
    viewer.text.tag_add("sel", "1.0", "end-1c")
    stage.keys("ctrl+c")
    assert stage.root.clipboard_get() == words.strip()
    stage.keys("Escape")
    assert not viewer.open
