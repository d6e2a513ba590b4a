"""The settings in a real window: every section, with mouse and keys, and nothing left behind."""

import io
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from gui.chat.room import Notify, Sound
from gui.paint import kit
from gui.paint.faces import Face
from gui.paint.look import Look
from gui.paint.pictures import PictureError
from gui.paint.portrait import SIDE, make_portrait
from gui.paint.theme import palette
from gui.settings import Settings
from gui.views.settings.settingspages import folder_size
from gui.views.settings.settingssheet import SECTIONS, MutedRoom, SettingsSheet
from gui.words.i18n import LANGUAGES
from protocol.client.happenings import DeviceInfo
from protocol.limits import PORTRAIT_MAX_BYTES
from tests.gui.conftest import Bench, Stage
from tests.gui.screens import rgb, texts_of

ME = b"\x02" + b"m" * 15
OWN_TAG = b"\x12\x34" * 4
LINK = "zviazok://127.0.0.1:8080/#" + "A" * 43 + ".token"


class Acts:
    """Implements SettingsActs; ``asked`` has what was asked, ``reason`` is the answer."""

    def __init__(self, look: Look, folder: Path) -> None:
        self.settings = Settings(theme="light", language=look.tr.language)
        self.asked: list[tuple[Any, ...]] = []
        self.reason = ""
        self.face = Face(ME, "Marko")
        self.muted = [
            MutedRoom(b"1", "general", Notify.NONE),
            MutedRoom(b"2", "Фізика 🙂", Notify.MENTIONS),
            MutedRoom(b"3", "ห้องเรียน", Notify.DEFAULT, 1_795_263_000.0),
            MutedRoom(b"4", "біологія", Notify.ALL, 0.0, Sound.WOOD),
        ]
        self.known: tuple[DeviceInfo, ...] = (
            DeviceInfo(OWN_TAG, True, False),
            DeviceInfo(b"\xab\xcd" * 4, False, False),
        )
        self.moderator = False
        self.after_change: Callable[[], None] = lambda: None
        self._look = look
        self._folder = folder

    def change(self, **fields: Any) -> None:
        self.asked.append(("change", fields))
        self.settings = replace(self.settings, **fields)
        theme = "dark" if self.settings.theme == "dark" else "light"
        self._look.set_theme(theme, self.settings.accent)
        kit.set_theme(self._look)
        self.after_change()

    def me(self) -> Face:
        return self.face

    def rename(self, nick: str, answer: Callable[[str], None]) -> None:
        self.asked.append(("rename", nick))
        if not self.reason:
            self.face = self.face._replace(name=nick)
        answer(self.reason)

    def set_profile(self, colour: int, picture: bytes, answer: Callable[[str], None]) -> None:
        self.asked.append(("set_profile", colour, picture))
        if not self.reason:
            self.face = self.face._replace(colour=colour, picture=picture)
        answer(self.reason)

    def link_device(self, answer: Callable[[str, str], None]) -> None:
        self.asked.append(("link_device",))
        answer("" if self.reason else LINK, self.reason)

    def own_tag(self) -> bytes:
        return OWN_TAG

    def fingerprints(self) -> tuple[str, str]:
        return "0123 4567 89ab cdef", "fedc ba98 7654 3210"

    def devices(self, answer: Callable[[tuple[DeviceInfo, ...], str], None]) -> None:
        self.asked.append(("devices",))
        answer(() if self.reason else self.known, self.reason)

    def change_device(
        self, device: DeviceInfo, banned: bool, answer: Callable[[str], None]
    ) -> None:
        self.asked.append(("change_device", device.tag, banned))
        self.known = tuple(
            replace(one, banned=banned) if one.tag == device.tag else one for one in self.known
        )
        answer(self.reason)

    def may_audit(self) -> bool:
        return self.moderator

    def show_audit(self) -> None:
        self.asked.append(("show_audit",))

    def muted_rooms(self) -> Sequence[MutedRoom]:
        return self.muted

    def unmute(self, room: bytes) -> None:
        self.asked.append(("unmute", room))
        self.muted = [one for one in self.muted if one.room != room]

    def try_sound(self) -> None:
        self.asked.append(("try_sound",))

    def data_folder(self) -> Path:
        return self._folder

    def open_folder(self) -> bool:
        self.asked.append(("open_folder",))
        return not self.reason

    def leave_server(self) -> None:
        self.asked.append(("leave_server",))


class Opened:
    def __init__(
        self, stage: Stage, home: Path, section: str, theme: str = "light", scale: float = 1.0,
        language: str = "en", size: tuple[int, int] = (900, 800),
    ) -> None:  # fmt: skip
        stage.open(theme, scale, language, size)
        self.stage = stage
        self.acts = Acts(stage.look, home)
        self.acts.settings = replace(self.acts.settings, theme=theme)
        stage.look.decode_faces(stage.pictures)
        self.sheet = self.show(section)

    def show(self, section: str) -> SettingsSheet:
        stage = self.stage
        sheet = SettingsSheet(stage.root, stage.look, self.acts, stage.bridge.call, section)
        stage.settle()
        return sheet

    def part(self, name: str) -> Any:
        return self.sheet.parts[name]

    def click(self, control: Any, x: int = -1, y: int = -1) -> None:
        widget = getattr(control, "widget", control)
        x = widget.winfo_width() // 2 if x < 0 else x
        y = widget.winfo_height() // 2 if y < 0 else y
        self.stage.click(widget, x, y)


# --- profile ---------------------------------------------------------------------


def test_the_nickname_is_saved_and_the_answer_is_shown(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "profile")
    field, answer = opened.part("nick"), opened.part("answer")
    assert field.get() == "Marko"
    opened.click(field)
    stage.keys("End")
    stage.type("two")
    stage.keys("Return")
    assert opened.acts.asked == [("rename", "Markotwo")]
    assert answer.cget("text") == "The nickname is saved."
    opened.acts.reason = "This nickname is taken"
    opened.click(opened.part("nick_save"))
    assert answer.cget("text") == "This nickname is taken"
    assert str(answer.cget("fg")) == stage.look.palette.danger
    assert opened.sheet.open


def test_a_nickname_of_two_alphabets_is_warned_of_and_saved(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "profile")
    field, answer = opened.part("nick"), opened.part("answer")
    field.put("Mаrko")
    assert "“Mаrko” mixes letters" in answer.cget("text")
    stage.settle()
    opened.click(opened.part("nick_save"))
    assert opened.acts.asked == [("rename", "Mаrko")]
    field.put("Marko")
    assert answer.cget("text") == ""


def test_a_colour_is_chosen_and_the_picture_stays(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "profile")
    opened.acts.face = opened.acts.face._replace(picture=b"kept")
    swatches = opened.part("colours")
    opened.click(swatches, *swatches.place_of(4))
    assert opened.acts.asked == [("set_profile", 4, b"kept")]
    opened.click(opened.part("picture_remove"))
    assert opened.acts.asked[-1] == ("set_profile", 4, b"")


def test_a_picture_becomes_a_small_square_in_a_worker(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "profile")
    source = home / "photo.png"
    Image.new("RGB", (800, 400), "#207040").save(source)
    opened.part("use_picture")(source)
    stage.wait(lambda: bool(opened.acts.asked), "the picture")
    name, colour, picture = opened.acts.asked[0]
    assert (name, colour) == ("set_profile", 0)
    with Image.open(io.BytesIO(picture)) as made:
        assert (made.format, made.size) == ("WEBP", (SIDE, SIDE))
    assert opened.part("answer").cget("text") == "The picture is saved."
    (home / "broken.png").write_bytes(b"no picture")
    opened.part("use_picture")(home / "broken.png")
    red = stage.look.palette.danger
    stage.wait(lambda: str(opened.part("answer").cget("fg")) == red, "the reason")
    assert len(opened.acts.asked) == 1


def test_a_picture_full_of_noise_is_made_small_enough(tmp_path: Path) -> None:
    noise = Image.effect_noise((500, 900), 120).convert("RGB")
    ImageDraw.Draw(noise).ellipse((0, 0, 499, 899), outline="#ff0000")
    noise.save(tmp_path / "noise.png")
    made = make_portrait(tmp_path / "noise.png")
    assert 0 < len(made) <= PORTRAIT_MAX_BYTES
    glass = Image.new("RGBA", (50, 20), (0, 0, 0, 0))
    glass.save(tmp_path / "glass.png")
    with Image.open(io.BytesIO(make_portrait(tmp_path / "glass.png"))) as image:
        assert image.mode == "RGB" and image.getpixel((48, 48)) == (255, 255, 255)
    with pytest.raises(PictureError):
        make_portrait(tmp_path / "missing.png")


def test_without_a_server_there_is_no_profile(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "language")
    opened.acts.face = Face(b"", "")
    opened.sheet.show("profile")
    stage.settle()
    assert not opened.sheet.parts
    opened.sheet.show("device")
    stage.settle()
    assert "server_switch" not in opened.sheet.parts and "folder_open" in opened.sheet.parts


# --- appearance ----------------------------------------------------------------------


def test_theme_and_accent_hold_at_once(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "appearance")
    theme = opened.part("theme")
    opened.click(theme, *theme.place_of("dark"))
    assert opened.acts.settings.theme == "dark"
    accent = opened.part("accent")
    opened.click(accent, *accent.place_of("rose"))
    assert opened.acts.settings.accent == "rose"
    colours = palette("dark", "rose")
    theme = opened.part("theme")
    x, _ = theme.place_of("dark")
    at = (theme.widget.winfo_rootx() + x, theme.widget.winfo_rooty() + 8)
    assert stage.shot().getpixel(at) == rgb(colours.accent)
    assert str(opened.sheet.sheet.card.cget("bg")) == colours.card
    # The keys still work where they were.
    stage.keys("Right")
    assert opened.acts.settings.accent == "amber"
    stage.keys("Right")
    assert opened.acts.settings.accent == "violet"


def test_the_size_of_text_is_shown_while_it_is_dragged(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "appearance")
    slider, sample = opened.part("text_size"), opened.part("sample")
    low = sample.winfo_height()
    left, top = slider.widget.winfo_rootx(), slider.widget.winfo_rooty()
    x, y = slider.place_of(100)
    run = stage.display.run
    run("xdotool", "mousemove", str(left + x), str(top + y), "mousedown", "1")
    x, y = slider.place_of(200)
    run("xdotool", "mousemove", str(left + x), str(top + y))
    stage.wait(lambda: sample.winfo_height() > low + 20, "a larger sample")
    assert not opened.acts.asked, "only a look at it so far"
    run("xdotool", "mouseup", "1")
    stage.wait(lambda: bool(opened.acts.asked), "the size")
    assert opened.acts.asked == [("change", {"text_percent": 200})]


def test_a_change_may_build_the_window_anew(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "language")
    opened.acts.after_change = lambda: opened.sheet.sheet.shade.destroy()
    choice = opened.part("language")
    opened.click(choice, *choice.place_of("uk"))
    assert opened.acts.settings.language == "uk"
    assert not opened.sheet.open
    opened.acts.after_change = lambda: None
    again = opened.show(opened.sheet.section)
    assert again.section == "language"


# --- notifications, privacy ------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "name", "field"),
    [
        ("notify", "notify_on", "notify"),
        ("notify", "notify_words", "notify_words"),
        ("notify", "sound", "sound"),
        ("privacy", "typing", "typing"),
        ("privacy", "read_marks", "read_marks"),
    ],
)
def test_switches_hold_at_once(
    stage: Stage, home: Path, section: str, name: str, field: str
) -> None:
    opened = Opened(stage, home, section)
    opened.click(opened.part(name))
    assert opened.acts.asked == [("change", {field: False})]
    stage.keys("space")
    assert opened.acts.asked[-1] == ("change", {field: True})


def test_quiet_rooms_are_listed_and_let_loud_again(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "notify")
    opened.click(opened.part("sound_try"))
    opened.click(opened.part("unmute1"))
    assert opened.acts.asked == [("try_sound",), ("unmute", b"2")]
    assert "unmute2" in opened.sheet.parts and "unmute3" not in opened.sheet.parts
    opened.acts.muted = []
    opened.sheet.show("notify")
    assert "unmute0" not in opened.sheet.parts


def test_the_list_says_what_was_chosen_for_a_room(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "notify")
    shown = labels(opened.sheet.pane.inner)
    for words in ("Never notifies", "Only when you are mentioned", "Notifies of all messages",
                  "Sound: Knock"):  # fmt: skip
        assert shown.count(words) == 1, words
    assert sum(one.startswith("Quiet until") for one in shown) == 1


def labels(widget: tk.Misc) -> list[str]:
    """Return what all labels below a widget say."""
    said = [str(widget.cget("text"))] if isinstance(widget, tk.Label) else []
    return said + [words for one in widget.winfo_children() for words in labels(one)]


def test_the_usual_sound_is_chosen_by_keys_and_heard(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "notify")
    opened.part("chime").widget.focus_set()
    stage.keys("Down")
    assert opened.acts.asked == [("change", {"chime": "drop"}), ("try_sound",)]


# --- device and data ---------------------------------------------------------------------


def test_the_folder_is_measured_and_opened(stage: Stage, home: Path) -> None:
    (home / "deep").mkdir()
    (home / "deep" / "file").write_bytes(b"x" * 300_000)
    opened = Opened(stage, home, "device")
    label = opened.part("folder_size")
    stage.wait(lambda: "KB" in label.cget("text") or "MB" in label.cget("text"), "the size")
    opened.part("folder_open").invoke()
    opened.part("server_switch").invoke()
    assert opened.acts.asked == [("open_folder",), ("leave_server",)]
    assert not opened.sheet.open


def test_the_size_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_bytes(b"x" * 32)
    assert folder_size(tmp_path) == 42
    assert folder_size(tmp_path / "missing") == 0


# --- the whole sheet -----------------------------------------------------------------------


def test_sections_by_mouse_and_keys(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "profile")
    sections = opened.sheet.list
    assert sections is not None
    opened.click(sections, *sections.place_of("privacy"))
    assert opened.sheet.section == "privacy"
    stage.keys("Down")
    assert opened.sheet.section == "devices"
    stage.keys("Down")
    assert opened.sheet.section == "device"
    stage.keys("Up")
    stage.keys("Up")
    stage.keys("Tab")
    stage.keys("space")
    assert opened.acts.asked[-1:] == [("change", {"typing": False})]
    stage.keys("Escape")
    assert not opened.sheet.open


def test_where_it_is_narrow_the_sections_are_a_list_to_open(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "profile", scale=2.0)
    drop = opened.sheet.drop
    assert drop is not None and opened.sheet.list is None
    opened.click(drop)
    stage.click(*drop.place_of("privacy"))
    assert opened.sheet.section == drop.chosen == "privacy"
    stage.keys("Down")
    assert opened.sheet.section == "devices"
    stage.keys("Return")
    assert drop.opened
    stage.keys("Escape")
    assert opened.sheet.open and not drop.opened, "one level at a time"
    stage.keys("Escape")
    assert not opened.sheet.open


def test_what_gets_the_focus_comes_into_view(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "notify", size=(700, 420))
    pane = opened.sheet.pane
    assert pane.top == 0
    button = opened.part("unmute3")
    button.focus_force()
    stage.wait(lambda: pane.top > 0, "the way down")
    bottom = button.winfo_rooty() + button.winfo_height()
    assert bottom <= pane.widget.winfo_rooty() + pane.widget.winfo_height()
    down = pane.top
    stage.click(button, 5, 5, button=4)
    stage.click(pane.widget, 20, 100, button=4)
    stage.wait(lambda: 0 <= pane.top < down - 100, "the way up by the wheel")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_every_section_in_every_language(
    stage: Stage, home: Path, language: str, scale: float
) -> None:
    opened = Opened(stage, home, "profile", "dark", scale, language, (900, 800))
    assert opened.sheet.narrow == (scale == 2.0)
    for section, _ in SECTIONS:
        opened.sheet.show(section)
        stage.settle()
        inner = opened.sheet.pane.inner
        right = inner.winfo_rootx() + inner.winfo_width()
        waiting: list[tk.Misc] = [inner]
        while waiting:
            one = waiting.pop()
            waiting.extend(one.winfo_children())
            if not one.winfo_viewable():
                continue
            assert one.winfo_rootx() + one.winfo_width() <= right, (section, str(one))
            if isinstance(one, tk.Label):
                assert one.winfo_reqwidth() <= one.winfo_width(), (section, one.cget("text"))
    if opened.sheet.list is not None:
        assert not any(text.endswith("…") for text in texts_of(opened.sheet.list.widget))


def test_opening_and_closing_leaves_nothing_behind(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "profile")
    root = stage.root

    def count() -> tuple[int, int, int, int]:
        stage.settle()
        return (
            len(root.tk.splitlist(root.tk.call("info", "commands"))),
            sum(len(root.bind_all(one)) for one in root.bind_all()),
            len(root.image_names()),
            len(root.tk.splitlist(root.tk.call("font", "names"))),
        )

    def once(section: str) -> None:
        opened.sheet.close()
        stage.settle()
        opened.sheet = opened.show(section)

    for section, _ in SECTIONS:
        once(section)
    once("appearance")
    before = count()
    for n in range(50):
        once(SECTIONS[n % len(SECTIONS)][0])
    once("appearance")
    assert count() == before


def test_language_theme_and_size_in_the_whole_window(bench: Bench) -> None:
    bench.open()
    bench.enter()

    def settings() -> SettingsSheet:
        found = bench.main.dialog
        assert isinstance(found, SettingsSheet) and found.open
        return found

    def choose(name: str, value: object) -> None:
        control = settings().parts[name]
        bench.click(control.widget, *control.place_of(value))
        bench.settle()

    bench.main.open_settings()
    bench.settle()
    settings().show("language")
    bench.settle()
    first = settings()
    choose("language", "uk")
    assert settings() is not first and settings().section == "language"
    assert settings().sheet.title.cget("text") == "Налаштування"
    settings().show("appearance")
    bench.settle()
    choose("theme", "dark")
    choose("accent", "teal")
    assert bench.window.look.palette is palette("dark", "teal")
    before = bench.window.look.px(100)
    choose("text_size", 150)
    assert settings().section == "appearance"
    assert bench.window.look.px(100) == before * 3 // 2
    size = settings().parts["text_size"]
    assert size.widget.focus_get() is size.widget, "the focus is where it was"
    bench.keys("Left")
    bench.wait(lambda: bench.window.look.px(100) == before * 5 // 4, "a smaller size")
    bench.settle()
    bench.keys("Right")
    bench.wait(lambda: bench.window.look.px(100) == before * 3 // 2, "a larger one")
    bench.settle()
    shade = settings().sheet.shade
    assert shade.winfo_y() >= 0, "all of it is in the window"
    bench.keys("Escape")
    assert not isinstance(bench.main.dialog, SettingsSheet) or not bench.main.dialog.open
    kept = bench.window.settings
    assert (kept.language, kept.theme, kept.accent, kept.text_percent) == (
        "uk",
        "dark",
        "teal",
        150,
    )
