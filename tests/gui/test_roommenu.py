"""The menu of a room in a real window: what of it disturbs, and how it sounds, by keys too."""

import json
import time
from dataclasses import replace

import pytest

from gui.chat.room import Notify, Sound
from gui.views.popmenu import Choice
from gui.words.i18n import LANGUAGES
from protocol.client.happenings import Arrived, RoomsChanged
from tests.gui.conftest import Bench
from tests.gui.fakes import GENERAL, OLENA, info, text
from tests.gui.screens import texts_of

PHYSICS = b"p" * 16
NOW_MS = int(time.time() * 1000)


class Ears:
    """Hears what is played in place of a player."""

    def __init__(self, bench: Bench) -> None:
        self.heard: list[Sound] = []
        bench.window.news.chime.play = self._play  # type: ignore[method-assign]

    def _play(self, sound: Sound = Sound.NOTES, at_once: bool = False) -> bool:
        self.heard.append(sound)
        return True


def ready(bench: Bench, language: str = "en", scale: float = 1.0) -> Ears:
    bench.open(language=language, scale=scale)
    bench.enter()
    bench.tell(RoomsChanged((info(GENERAL, "general"), info(PHYSICS, "Фізика"))))
    return Ears(bench)


def line_of(bench: Bench, words: str) -> Choice:
    (one,) = [one for one in bench.main.menu.choices if one.words == words]
    return one


def open_menu_by_keys(bench: Bench) -> None:
    """Go to the list by F6 until it has the keyboard, to the second room, and ask for its menu."""
    rooms = bench.main.rooms.list
    for _ in range(6):
        if rooms.focused:
            break
        bench.keys("F6")
    assert rooms.focused
    bench.keys("Home", "Down", "shift+F10")
    bench.wait(lambda: bench.main.menu.open, "the menu")


def test_notifications_and_sound_of_a_room_are_chosen_by_keys(bench: Bench) -> None:
    ears = ready(bench)
    room = bench.main._model.rooms[PHYSICS]
    open_menu_by_keys(bench)
    # Open, Notifications: in; back, as in the settings, all messages.
    bench.keys("Down", "Down", "Right", "Down", "Down", "Down", "Return")
    assert room.notify is Notify.ALL and not bench.main.menu.open
    open_menu_by_keys(bench)
    assert "All" in texts_of(bench.main.menu.widget), "what holds stands beside its name"
    # Sound: back, as in the settings, two notes, water drop.
    bench.keys("Down", "Down", "Down", "Right", "Down", "Down", "Down", "Down", "Return")
    assert room.sound is Sound.DROP and ears.heard == [Sound.DROP]
    bench.main.room_menu(room, 300, 300)
    bench.settle()
    assert line_of(bench, "Sound").note == "Water drop"
    assert [one.words for one in line_of(bench, "Sound").inside if one.chosen] == ["Water drop"]
    bench.main.menu.hide()


def test_the_choice_is_written_into_the_memory_of_the_server(bench: Bench) -> None:
    ready(bench)
    controller = bench.main._controller
    room = bench.main._model.rooms[PHYSICS]
    controller.notify(room, Notify.MENTIONS)
    controller.sound(room, Sound.NONE)
    controller.memory.save(bench.main._model.rooms.values())
    written = json.loads((bench.profile.folder / "window.json").read_text("utf-8"))
    kept = written["rooms"][PHYSICS.hex()]
    assert (kept["notify"], kept["sound"]) == ("mentions", "none")
    assert "notify" not in written["rooms"][GENERAL.hex()]


def test_a_message_sounds_as_its_room_was_chosen(bench: Bench) -> None:
    ears = ready(bench)
    controller, model = bench.main._controller, bench.main._model
    room = model.rooms[PHYSICS]
    controller.sound(room, Sound.WOOD)
    bench.tell(Arrived(PHYSICS, (text(1, "one", room=PHYSICS, person=OLENA, ts=NOW_MS),), True))
    assert ears.heard == [Sound.WOOD]
    bench.window.news.looked_at(PHYSICS)
    controller.sound(room, Sound.NONE)
    bench.tell(Arrived(PHYSICS, (text(2, "two", room=PHYSICS, person=OLENA, ts=NOW_MS),), True))
    assert ears.heard == [Sound.WOOD]
    controller.sound(room, Sound.DEFAULT)
    controller.notify(room, Notify.NONE)
    bench.tell(Arrived(PHYSICS, (text(3, "three", room=PHYSICS, person=OLENA, ts=NOW_MS),), True))
    assert ears.heard == [Sound.WOOD]


def test_a_room_may_disturb_although_the_settings_say_no(bench: Bench) -> None:
    ears = ready(bench)
    window = bench.window
    window.change(replace(window.settings, notify=False))
    bench.tell(Arrived(PHYSICS, (text(1, "one", room=PHYSICS, person=OLENA, ts=NOW_MS),), True))
    assert ears.heard == []
    bench.main._controller.notify(bench.main._model.rooms[PHYSICS], Notify.ALL)
    bench.tell(Arrived(PHYSICS, (text(2, "two", room=PHYSICS, person=OLENA, ts=NOW_MS),), True))
    assert ears.heard == [Sound.NOTES]


def test_a_menu_inside_another_stays_in_the_window(bench: Bench) -> None:
    ready(bench)
    root, menu = bench.window.root, bench.main.menu
    room = bench.main._model.rooms[PHYSICS]
    bench.main.room_menu(room, 100, root.winfo_rooty() + root.winfo_height() - 4)
    bench.settle()
    for index in [index for index, one in enumerate(menu.choices) if one.inside]:
        bench.main.room_menu(room, 100, root.winfo_rooty() + root.winfo_height() - 4)
        menu.choose(index)
        bench.settle()
        end = menu.widget.winfo_y() + menu.widget.winfo_height()
        assert menu.widget.winfo_y() >= 0 and end <= root.winfo_height()
    menu.hide()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_of_the_menu_are_cut_off(bench: Bench, language: str) -> None:
    ready(bench, language, 2.0)
    controller, menu = bench.main._controller, bench.main.menu
    room = bench.main._model.rooms[PHYSICS]
    for notify, sound in ((Notify.MENTIONS, Sound.WOOD), (Notify.NONE, Sound.NONE)):
        controller.notify(room, notify)
        controller.sound(room, sound)
        bench.main.room_menu(room, 100, 100)
        bench.settle()
        inside = [index for index, one in enumerate(menu.choices) if one.inside]
        for index in (-1, *inside):
            if index >= 0:
                bench.main.room_menu(room, 100, 100)
                menu.choose(index)
                bench.settle()
            shown = "".join(texts_of(menu.widget))
            meant = "".join(one.words for one in menu.choices)
            assert shown.count("…") == meant.count("…"), shown
    menu.hide()
