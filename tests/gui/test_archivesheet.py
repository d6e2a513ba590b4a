"""The dialog that saves a conversation: choices, days in five forms, progress, cancel, the end."""

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gui.archive import days
from gui.archive.lines import read
from gui.archive.survey import Format
from gui.views.archivesheet import ArchiveSheet, suggested
from gui.views.sheet import Sheet
from gui.words.i18n import LANGUAGES
from protocol.client.library import Library
from tests.gui.archives import Scene
from tests.protocol.client.shelf import GENERAL


class Sheets:
    """A sheet on a stage, with a controller that answers at once, late or never."""

    def __init__(self, stage: Any, scene: Scene, out: Path) -> None:
        self.stage = stage
        self.scene = scene
        self.out = out
        self.asked: list[dict[str, Any]] = []
        self.opened: list[Path] = []
        self.cancelled: list[int] = []
        self.online = True
        self.holds = False
        self.openable = True
        self.held: list[Callable[[], None]] = []
        self.name = "a"
        stage.root.configure(bg=stage.look.palette.chat)
        self.view = ArchiveSheet(
            stage.root, stage.look, self, lambda: self.online, scene.shelf.path, GENERAL,
            "general / <загальна>", stage.bridge.call, self._ask_path, self._open,
        )  # fmt: skip
        stage.settle()

    def _ask_path(self, **options: Any) -> str:
        self.asked.append(options)
        return str(self.out / (self.name + options["defaultextension"])) if self.name else ""

    def _open(self, path: Path) -> bool:
        self.opened.append(path)
        return self.openable

    def gather(
        self, _room: bytes, progress: Callable[[int, int], None], done: Callable[[str], None]
    ) -> int:
        progress(2, 10)
        self.scene.part(1, 10, 10)
        done("")
        return 7

    def fetch(
        self, _room: bytes, sha256: bytes, size: int, answer: Callable[[Path | None, str], None]
    ) -> int:
        def now() -> None:
            got = self.scene.fetch(sha256, size)
            answer(*((got, "") if isinstance(got, Path) else (None, got)))

        if self.holds:
            self.held.append(now)
        else:
            now()
        return 8

    def cancel(self, request: int) -> None:
        self.cancelled.append(request)

    def press(self, index: int) -> None:
        button = self.view.buttons[index]
        self.stage.click(button, button.winfo_width() // 2, button.winfo_height() // 2)

    def choose(self, control: Any, value: Any) -> None:
        self.stage.click(control.widget, *control.place_of(value))

    def finish(self) -> None:
        self.stage.wait(lambda: self.view.outcome is not None, "the end of the archive")
        self.stage.settle()

    def words(self) -> str:
        found: list[str] = []

        def walk(widget: Any) -> None:
            for child in widget.winfo_children():
                if child.winfo_class() == "Label" and child.winfo_ismapped():
                    found.append(str(child.cget("text")))
                walk(child)

        walk(self.view.sheet.card)
        return "\n".join(found)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    (tmp_path / "profile").mkdir()
    one = Scene(tmp_path / "profile")
    yield one
    one.close()


@pytest.fixture
def sheets(stage: Any, scene: Scene, tmp_path: Path) -> Iterator[Callable[..., Sheets]]:
    made: list[Sheets] = []

    def make(**wishes: Any) -> Sheets:
        (tmp_path / "out").mkdir(exist_ok=True)
        stage.open(**wishes)
        made.append(Sheets(stage, scene, tmp_path / "out"))
        return made[-1]

    yield make
    for one in made:
        one.view.sheet.close()
        stage.settle()
    for thread in threading.enumerate():
        if thread.name == "archive":
            thread.join(10)
            assert not thread.is_alive()


@pytest.mark.parametrize("format", list(Format))
def test_saving_shows_what_was_saved(
    sheets: Callable[..., Sheets], scene: Scene, format: Format
) -> None:
    scene.fill()
    one = sheets()
    one.choose(one.view.format, format)
    one.press(0)
    one.finish()
    (asked,) = one.asked
    today = date.today().isoformat()
    assert asked["initialfile"] == f"general _ _загальна_ {today}{format.value}"
    target = one.out / f"a{format.value}"
    assert one.view.outcome is not None and one.view.outcome.path == target and target.is_file()
    assert "8 of 8 messages (events 1–14): nothing is missing" in one.words()
    assert target.name in one.words()
    one.press(0)
    one.press(1)
    assert one.opened == [target, one.out]
    one.press(2)
    assert not one.view.sheet.open and Sheet.top() is None


def test_no_program_to_open_it_is_told(sheets: Callable[..., Sheets], scene: Scene) -> None:
    scene.fill()
    one = sheets()
    one.openable = False
    one.press(0)
    one.finish()
    one.press(0)
    assert "No program here could open it." in one.words()


def test_days_are_checked_and_used(sheets: Callable[..., Sheets], scene: Scene) -> None:
    scene.part(1, 10, 10)
    one = sheets(language="uk")
    one.choose(one.view.format, Format.LINES)
    one.choose(one.view.days, "chosen")
    for since, until, wrong in (
        ("22.13.2026", "23.11.2026", "Запишіть день так:"),
        ("завтра", "23.11.2026", "Запишіть день так:"),
        ("24.11.2026", "23.11.2026", "Перший день пізніший за останній."),
    ):
        for field, text in ((one.view.since, since), (one.view.until, until)):
            field.focus()
            one.stage.keys("End", "shift+Home", "BackSpace")
            one.stage.type(text)
        one.press(0)
        assert wrong in one.words() and one.asked == []
    one.view.since.focus()
    one.stage.keys("End", "shift+Home", "BackSpace")
    one.stage.type("22.11.2026")
    one.stage.keys("Return")
    one.finish()
    assert [event.seq for event in read(one.out / "a.jsonl").events] == [3, 4]


def test_today_and_the_last_week(sheets: Callable[..., Sheets], scene: Scene) -> None:
    one = sheets()
    today = date.today()
    one.choose(one.view.days, "today")
    assert one.view._range() == (today, today)
    one.choose(one.view.days, "week")
    assert one.view._range() == (today - timedelta(days=6), today)
    one.choose(one.view.days, "all")
    assert one.view._range() == (None, None)


def test_without_pictures(sheets: Callable[..., Sheets], scene: Scene) -> None:
    scene.fill()
    one = sheets()
    one.stage.click(one.view.pictures.widget, 40, 20)
    one.press(0)
    one.finish()
    assert scene.asked == []
    assert "Saved without pictures" in (one.out / "a.html").read_text("utf-8")


def test_nothing_happens_if_no_file_is_chosen(sheets: Callable[..., Sheets], scene: Scene) -> None:
    scene.fill()
    one = sheets()
    one.name = ""
    one.press(0)
    assert len(one.asked) == 1 and one.view._carrier is None and one.view.sheet.open


def test_cancel_leaves_nothing_and_asks_again(sheets: Callable[..., Sheets], scene: Scene) -> None:
    scene.fill()
    one = sheets()
    one.holds = True
    one.press(0)
    one.stage.wait(lambda: bool(one.held), "a fetch")
    one.stage.wait(lambda: "Fetching pictures and files: 0 of 2" in one.words(), "the progress")
    one.press(0)
    one.finish()
    assert one.cancelled == [8] and not list(one.out.iterdir())
    assert one.view.sheet.open
    one.holds = False
    one.view.outcome = None
    one.press(0)
    one.finish()
    assert one.view.outcome is not None and (one.out / "a.html").is_file()


def test_esc_cancels_and_closes(sheets: Callable[..., Sheets], scene: Scene) -> None:
    scene.fill()
    one = sheets()
    one.holds = True
    one.press(0)
    one.stage.wait(lambda: bool(one.held), "a fetch")
    one.stage.keys("Escape")
    assert not one.view.sheet.open
    one.finish()
    assert not list(one.out.iterdir())
    one.held[0]()
    one.stage.settle()


def test_the_window_may_go_in_the_middle(sheets: Callable[..., Sheets], scene: Scene) -> None:
    scene.fill()
    one = sheets()
    one.holds = True
    one.press(0)
    one.stage.wait(lambda: bool(one.held), "a fetch")
    one.view.sheet.shade.destroy()
    one.stage.settle()
    one.finish()
    assert not list(one.out.iterdir())
    one.view.sheet.close()


def test_offline_it_saves_what_is_here(sheets: Callable[..., Sheets], scene: Scene) -> None:
    scene.part(6, 10, 12)
    one = sheets()
    one.online = False
    one.press(0)
    one.finish()
    assert "Missing: events 1–5. The server could not be reached." in one.words()


def test_offline_it_does_not_wait_for_pictures(sheets: Callable[..., Sheets], scene: Scene) -> None:
    scene.picture()
    one = sheets()
    one.online, one.holds = False, True
    one.press(0)
    one.finish()
    assert "1 picture or file could not be had." in one.words()
    assert one.cancelled == [8]
    assert "The server could not be reached." in (one.out / "a.html").read_text("utf-8")


def test_online_it_gathers_first(sheets: Callable[..., Sheets], scene: Scene) -> None:
    scene.part(6, 10, 10)
    one = sheets()
    one.press(0)
    one.finish()
    assert "10 of 10 messages (events 1–10): nothing is missing" in one.words()
    library = Library(scene.shelf.path)
    assert library.bounds(GENERAL) == (0, 10, 10)
    library.close()


def test_a_failure_is_told_and_can_be_tried_again(
    sheets: Callable[..., Sheets], scene: Scene
) -> None:
    scene.fill()
    one = sheets()
    one.name = "missing/a"
    one.press(0)
    one.finish()
    assert "could not be written" in one.words()
    one.press(0)
    one.name = "a"
    one.view.outcome = None
    one.press(0)
    one.finish()
    assert (one.out / "a.html").is_file()


def test_the_keyboard_reaches_everything(sheets: Callable[..., Sheets], scene: Scene) -> None:
    scene.fill()
    one = sheets()
    one.stage.keys("Right")
    one.stage.keys("Tab", "Right", "Right")
    assert (one.view._format, one.view._days) == (Format.LINES, "week")
    one.stage.keys("Left", "Left", "Tab", "space")
    assert (one.view._days, one.view._pictures) == ("all", False)


@pytest.mark.parametrize("steps", range(3))
def test_enter_saves_from_anywhere(sheets: Callable[..., Sheets], scene: Scene, steps: int) -> None:
    scene.fill()
    one = sheets()
    one.stage.keys(*["Tab"] * steps, "Return")
    one.finish()
    assert len(one.asked) == 1 and (one.out / "a.html").is_file() and one.view._pictures


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_off(
    sheets: Callable[..., Sheets], scene: Scene, language: str, scale: float
) -> None:
    scene.fill()
    one = sheets(language=language, scale=scale, size=(round(560 * scale), round(440 * scale)))
    one.choose(one.view.days, "chosen")
    one.press(0)
    one.finish()
    root, shade = one.stage.root, one.view.sheet.shade
    assert shade.winfo_rooty() >= root.winfo_rooty()
    assert shade.winfo_height() <= root.winfo_height()
    assert "archive." not in one.words()


def test_days_as_people_write_them() -> None:
    day = date(2026, 11, 5)
    for language in LANGUAGES:
        assert days.read(language, days.written(language, day)) == day
        assert days.read(language, " 2026-11-05 ") == day
        assert days.read(language, "5.11.2026") == day
        for bad in ("", "5.11", "31.02.2026", "2026-11", "05.11.26", "٥.11.2026x", "1.1.0001"):
            assert days.read(language, bad) is None, (language, bad)
    assert days.written("th", day) == "05/11/2569"
    assert days.written("uk", day) == "05.11.2026"


def test_suggested_names_are_safe() -> None:
    day = date(2026, 11, 5)
    assert suggested("Клас 7-Б", day, ".txt") == "Клас 7-Б 2026-11-05.txt"
    assert suggested("../../x", day, ".html") == "_.._x 2026-11-05.html"
    assert suggested("\u202e/:", day, ".html") == "zviazok 2026-11-05.html"
    assert len(suggested("я" * 300, day, ".html").encode()) < 255
