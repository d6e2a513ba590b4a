"""The search panel in a real window: typing in five scripts, going through hits, honest lines."""

import threading
import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gui.chat.searcher import Answer, Question, Searcher, look_up
from gui.views.searchpanel import pieces
from gui.words.i18n import LANGUAGES
from protocol.client.operations import Apply
from tests.gui.archives import DAY_MS, NOON, Scene
from tests.gui.searching import Panel, opened, said, texts  # noqa: F401
from tests.protocol.client.shelf import EPOCH, GENERAL, OTHER


def test_typing_in_five_scripts_finds_inside_words(panel: Callable[..., Panel]) -> None:
    one = panel()
    one.open()
    for query, hits, shown in (
        ("unch", [1], "unch"), ("їж", [2], "їж"), ("ґано", [2], "ґано"), ("zolc", [3], "żółć"),
        ("лодз", [], ""), ("lodz", [3], "Łodz"), ("елк", [4], "ЁЛК"), ("วันนี้", [5], "วันนี้"),
        ("ข้าว", [5], "ข้าว"),
    ):  # fmt: skip
        assert one.find(query) == hits, query
        painted = one.painted(one.stage.look.palette.accent).strip()
        if not any("\u0e00" <= char <= "\u0e7f" for char in shown):
            assert painted == shown, query
        else:
            assert painted, query
    assert one.find("nowhere") == []
    assert one.state == "Nothing found"
    assert one.note == "Searched all messages."


def test_up_down_enter_and_f3_go_to_hits(panel: Callable[..., Panel]) -> None:
    one = panel()
    one.open()
    assert one.find("о") == [4, 2]
    one.stage.keys("Down")
    one.stage.keys("Return")
    assert one.went == [(GENERAL, 2)]
    assert one.state == "2 of 2"
    one.stage.keys("shift+F3")
    assert one.went[-1] == (GENERAL, 4)
    one.stage.keys("shift+F3")
    assert one.went[-1] == (GENERAL, 4)
    one.stage.keys("F3")
    assert one.went[-1] == (GENERAL, 2)
    assert one.closed == 0
    one.stage.keys("Escape")
    assert one.closed == 1


def test_a_click_goes_to_a_hit_of_another_room(panel: Callable[..., Panel]) -> None:
    one = panel()
    one.open()
    assert one.find("lunch") == [1]
    x, y = one.view.where.place_of(True)
    one.stage.click(one.view.where.widget, x, y)
    one.stage.wait(lambda: len(one.seqs) == 2, "hits of all rooms")
    canvas = one.view.list.widget
    one.stage.click(canvas, 100, one.view.list.y_of(1) + 20)
    assert one.went == [(OTHER, 1)]
    assert any("other" in text for text in texts(canvas).values())


def test_another_room_is_searched_when_it_is_opened(panel: Callable[..., Panel]) -> None:
    one = panel()
    one.open()
    assert one.find("lunch") == [1]
    one.room = OTHER
    one.view.room_changed()
    one.stage.wait(lambda: one.settled("lunch"), "an answer")
    assert [hit.message.room for hit in one.view._results] == [OTHER]


def test_it_says_how_far_back_it_has_looked(panel: Callable[..., Panel], scene: Scene) -> None:
    scene.shelf.store.apply([Apply(GENERAL, EPOCH, (), 3, 5, 5)])
    one = panel()
    one.open()
    one.find("a")
    assert one.note == "Searched what this computer holds, back to 20 November 2026."
    one.open(True)
    one.stage.wait(lambda: one.settled("a"), "an answer")
    assert one.note.startswith("Searched what this computer holds; of some conversations")


def test_more_hits_come_when_the_end_is_in_view(panel: Callable[..., Panel], scene: Scene) -> None:
    for number in range(120):
        scene.say(f"many {number}", ts=NOON + DAY_MS + number)
    one = panel()
    one.open()
    assert len(one.find("many")) == 50
    assert one.state == "50+ messages"
    for _ in range(200):
        one.view.list.move(10)
        one.stage.settle()
        if len(one.seqs) == 120:
            break
    assert one.seqs == list(range(125, 5, -1))
    assert one.state == "120 messages"
    one.view.step(1)
    assert one.state == "1 of 120"


def test_an_empty_field_shows_nothing(panel: Callable[..., Panel]) -> None:
    one = panel()
    one.open()
    assert one.find("lunch") == [1]
    one.stage.keys("End", "shift+Home", "BackSpace")
    one.stage.wait(lambda: not one.view._query, "an empty field")
    assert one.seqs == [] and one.state == "Type to search: also parts of words."


def test_a_file_that_cannot_be_read_is_told(stage: Any, tmp_path: Path) -> None:
    stage.open()
    searcher = Searcher(tmp_path / "missing", stage.bridge.call)
    got: list[Answer] = []
    searcher.ask(Question("x", None), got.append)
    stage.wait(lambda: bool(got), "an answer")
    searcher.close()
    assert "cannot be read" in got[0].problem and "\n" not in got[0].problem


def test_only_the_last_question_is_answered(scene: Scene) -> None:
    calls: list[Callable[[], None]] = []
    came = threading.Semaphore(0)

    def call(work: Callable[[], None]) -> None:
        calls.append(work)
        came.release()

    searcher = Searcher(scene.shelf.path, call)
    got: list[str] = []
    searcher.ask(Question("lunch", None), lambda _: got.append("first"))
    for number in range(50):
        searcher.ask(Question("lunch", None), lambda _, n=number: got.append(f"{n}"))  # type: ignore[misc]
    deadline = 50
    while not got and deadline:
        assert came.acquire(timeout=10)
        for work in list(calls):
            work()
        deadline -= 1
    assert set(got) == {"49"}
    searcher.drop()
    for work in calls:
        work()
    searcher.close()
    assert set(got) == {"49"}


def test_it_dies_cleanly_with_a_search_under_way(panel: Callable[..., Panel]) -> None:
    one = panel()
    one.open()
    one.stage.type("lun")
    one.view.widget.destroy()
    one.stage.settle()
    alive: list[bool] = []
    one.stage.root.after(200, lambda: alive.append(True))
    one.stage.wait(lambda: bool(alive), "the time of the search")


def test_a_snippet_is_around_its_first_hit(scene: Scene) -> None:
    scene.say("слово " * 300 + "голка\u202e\x07 у\n\nстозі " + "сіна " * 300)
    answer = look_up(scene.shelf.library, Question("голка стоз", GENERAL))
    (result,) = answer.results
    assert result.snippet.startswith("…слово ") and result.snippet.endswith("…")
    found = [result.snippet[start:end] for start, end in result.spans]
    assert found == ["голка", "стоз"] and "\u202e" not in result.snippet
    assert len(result.snippet) < 200


def test_pieces_part_no_letter_from_its_marks() -> None:
    assert pieces("ab cd ef", ((3, 5),)) == [("ab", False), (" cd", True), (" ef", False)]
    assert pieces("น้ำ", ((0, 1),)) == [("น้", True), ("ำ", False)]
    assert pieces("abc", ()) == [("abc", False)]
    assert pieces("a", ((0, 1),)) == [("a", True)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_are_cut_off(panel: Callable[..., Panel], language: str) -> None:
    one = panel(language=language, scale=2.0, size=(1400, 900))
    one.open()
    one.find("а")
    for label in (one.view._state, one.view._note):
        assert isinstance(label, tk.Label)
        assert label.winfo_reqwidth() <= label.winfo_width()
        assert "search." not in str(label.cget("text"))
