"""What is asked before files are sent, in a real window."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image

from gui import keys
from gui.views.compose.attachsheet import AttachSheet
from protocol.limits import BLOB_MAX_BYTES, CAPTION_MAX_CHARS
from tests.gui.conftest import Stage
from tests.gui.screens import rgb, texts_of
from tests.gui.writing import Desk, Owner


def picture(path: Path, size: tuple[int, int] = (300, 200), colour: str = "#c00040") -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


class Asked:
    """An open sheet, and what came of it."""

    def __init__(self, stage: Stage, desk: Desk, paths: Sequence[Path], caption: str = "") -> None:
        self.sent: list[tuple[tuple[Path, ...], str, bool]] = []
        self.cancelled: list[str] = []
        self.stage = stage
        self.sheet = AttachSheet(
            stage.root, stage.look, stage.pictures, desk.clipboard, paths, caption,
            lambda files, words, shrink: self.sent.append((tuple(files), words, shrink)),
            self.cancelled.append,
        )  # fmt: skip
        stage.wait(lambda: len(self.sheet.files) == len(set(paths)), "the files")
        stage.settle()

    def shown(self) -> str:
        self.stage.settle()
        return " ".join(texts_of(self.sheet.list.widget))


@pytest.fixture
def desk(stage: Stage, tmp_path: Path) -> Iterator[Desk]:
    stage.open(size=(900, 760))
    keys.install(stage.root, {})
    one = Desk(stage, tmp_path)
    yield one
    one.clipboard.close()


def test_a_picture_is_shown_and_sent_with_its_caption(desk: Desk, tmp_path: Path) -> None:
    path = picture(tmp_path / "sun.png")
    asked = Asked(desk.stage, desk, [path], "draft")
    list_ = asked.sheet.list.widget
    x, y = list_.winfo_rootx() + list_.winfo_width() // 2, list_.winfo_rooty() + 104
    desk.stage.wait(lambda: desk.stage.shot().getpixel((x, y)) == rgb("#c00040"), "the picture")
    assert asked.sheet.sheet.title.cget("text") == "Send a picture"
    desk.stage.type(" 😀")
    desk.stage.keys("Return")
    assert asked.sent == [((path,), "draft 😀", True)] and not asked.cancelled
    assert not asked.sheet.sheet.open


def test_what_cannot_be_sent_is_said_at_once_file_by_file(desk: Desk, tmp_path: Path) -> None:
    good = tmp_path / "note.txt"
    good.write_text("words")
    big = tmp_path / "big.zip"
    with big.open("wb") as file:
        file.truncate(BLOB_MAX_BYTES + 1)
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    asked = Asked(desk.stage, desk, [good, big, bad, tmp_path / "none", good])
    shown = asked.shown()
    for words in ("note.txt", "too big", "not a picture", "cannot be read"):
        assert words in shown
    assert asked.sheet.sheet.title.cget("text") == "Send 1 file"
    asked.sheet.send()
    assert asked.sent == [((good,), "", True)]


def test_nothing_that_can_be_sent_cannot_be_sent(desk: Desk, tmp_path: Path) -> None:
    asked = Asked(desk.stage, desk, [tmp_path / "none"])
    desk.stage.keys("Return")
    assert asked.sheet.sheet.open and not asked.sent
    assert asked.sheet.send_button.enabled is False
    button, look = asked.sheet.send_button, desk.stage.look
    at = (button.winfo_rootx() + 16, button.winfo_rooty() + 6)
    assert desk.stage.shot().getpixel(at) == rgb(look.palette.field), "it does not look active"


def test_the_tick_decides_about_shrinking(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "noise.jpg"
    Image.effect_noise((3000, 2000), 40).convert("RGB").save(path, quality=98)
    asked = Asked(desk.stage, desk, [path])
    desk.stage.wait(lambda: asked.sheet.files[0].small > 0, "how small it becomes")
    assert "shrunk about" in asked.shown()
    desk.stage.click(asked.sheet.tick.widget, 16, 16)
    assert not asked.sheet.tick.on and "shrunk" not in asked.shown()
    desk.stage.keys("Return")
    assert asked.sent == [((path,), "", False)]


def test_files_are_removed_by_the_cross_and_by_the_keyboard(desk: Desk, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.txt" for name in "abc"]
    for path in paths:
        path.write_text("x")
    asked = Asked(desk.stage, desk, paths)
    list_ = asked.sheet.list.widget
    desk.stage.click(list_, 100, 32)
    assert len(asked.sheet.files) == 3, "only the cross removes"
    desk.stage.click(list_, list_.winfo_width() - 24, 32)
    assert [one.path for one in asked.sheet.files] == paths[1:]
    list_.focus_set()
    desk.stage.keys("Down", "Delete")
    assert len(asked.sheet.files) == 1
    desk.stage.keys("Down", "Delete")
    assert not asked.sheet.sheet.open and asked.cancelled == [""]


def test_escape_gives_the_caption_back_and_a_pasted_picture_goes(
    desk: Desk, tmp_path: Path
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 40)).save(out, "PNG")
    first = picture(tmp_path / "one.png")
    asked = Asked(desk.stage, desk, [first])
    desk.stage.type("words")
    with Owner(desk.stage, "image/png", out.getvalue()):
        desk.stage.keys("ctrl+v")
        desk.stage.wait(lambda: len(asked.sheet.files) == 2, "the pasted picture")
    pasted = asked.sheet.files[1].path
    assert pasted.exists()
    desk.stage.keys("Escape")
    assert asked.cancelled == ["words"] and not asked.sent
    assert not pasted.exists() and first.exists()


def test_too_long_a_caption_is_said_and_kept(desk: Desk, tmp_path: Path) -> None:
    asked = Asked(desk.stage, desk, [picture(tmp_path / "one.png")])
    asked.sheet.box.field.insert("я" * (CAPTION_MAX_CHARS + 2))
    desk.stage.keys("Return")
    assert asked.sheet.sheet.open and not asked.sent
    assert "2 characters too many" in asked.sheet.problem.cget("text")
    desk.stage.keys("BackSpace", "BackSpace", "Return")
    assert len(asked.sent[0][1]) == CAPTION_MAX_CHARS


def test_what_was_given_away_comes_back_to_the_composer(desk: Desk) -> None:
    entry = desk.room.entry(1)
    assert entry is not None
    desk.composer.reply_to(entry)
    desk.composer.insert("caption 😀")
    draft = desk.composer.give_away()
    assert (draft.text, draft.reply) == ("caption 😀", 1) and desk.words() == ""
    desk.composer.take_back(draft)
    assert desk.words() == "caption 😀" and desk.composer.subject.words == "Привіт усім"
    desk.composer.take_back(draft)
    assert desk.words() == "caption 😀"
