"""The filters of the search in a real window: whose messages, which kind, and no filter again."""

import tkinter as tk
from collections.abc import Callable

import pytest

from gui.chat.searcher import Question, look_up
from gui.views.searchfilters import PersonSheet
from gui.views.sheet import Sheet
from gui.words.i18n import LANGUAGES
from protocol.codes import EventKind
from tests.gui.archives import Scene
from tests.gui.conftest import Stage
from tests.gui.fakes import ME as ME_THERE
from tests.gui.fakes import OLENA as OLENA_THERE
from tests.gui.screens import texts_of
from tests.gui.searching import Panel, opened, said  # noqa: F401
from tests.gui.talk import Talk
from tests.protocol.client.shelf import GENERAL, ME, OLENA

# The scene: Olena has said 1, 3, 5; Marko 2 and 4.


def add_pictures_and_files(scene: Scene) -> None:
    """6 a picture with a caption, 7 a file, 8 a reaction, 9 a picture whose name shows nothing."""
    scene.picture(caption="lunch on a plate")
    scene.document("lunch.txt")
    scene.change(EventKind.REACT, of=1, emoji="❤️", on=True)
    scene.picture(name=" ")


def seqs(scene: Scene, query: str, **narrowed: object) -> list[int]:
    answer = look_up(scene.shelf.library, Question(query, GENERAL, None, **narrowed))  # type: ignore[arg-type]
    return [one.message.seq for one in answer.results]


def test_a_question_is_narrowed_with_and_without_words(scene: Scene) -> None:
    add_pictures_and_files(scene)
    assert seqs(scene, "lunch") == [7, 6, 1]
    assert seqs(scene, "lunch", kind="texts") == [1]
    assert seqs(scene, "lunch", kind="pictures") == [6]
    assert seqs(scene, "", kind="files") == [7]
    assert seqs(scene, "", kind="pictures") == [9, 6]
    assert seqs(scene, "", person=ME) == [4, 2]
    assert seqs(scene, "", person=OLENA) == [9, 7, 6, 5, 3, 1], "reactions are not said"
    assert seqs(scene, "lunch", person=ME) == []
    assert seqs(scene, "") == []


def waited(one: Panel, hits: list[int]) -> None:
    one.stage.wait(lambda: one.view._answer is not None and one.seqs == hits, f"{hits}")
    one.stage.settle()


def test_kind_and_person_are_chosen_by_keys_and_reset(
    panel: Callable[..., Panel], scene: Scene
) -> None:
    add_pictures_and_files(scene)
    one = panel()
    one.open()
    assert one.find("lunch") == [7, 6, 1]
    # Where, whose, which kind.
    one.stage.keys("Tab", "Tab", "Tab")
    assert one.stage.root.focus_get() is one.view.filters.kind_field.widget
    one.stage.keys("Down", "Down")
    waited(one, [6])
    assert one.view.filters.kind == "pictures" and one.view.filters.active
    one.person = (ME, "Marko")
    one.stage.keys("shift+Tab", "Return")
    waited(one, [])
    assert "Marko" in texts_of(one.view.filters.person_field.widget)
    assert one.state == "Nothing found with these filters"
    reset = one.view.filters.reset_button
    assert reset.winfo_ismapped()
    one.stage.keys("Tab", "Tab")
    assert one.stage.root.focus_get() is reset or "button" in str(one.stage.root.focus_get())
    one.stage.click(reset, reset.winfo_width() // 2, reset.winfo_height() // 2)
    waited(one, [7, 6, 1])
    assert not one.view.filters.active and not reset.winfo_ismapped()
    assert "From anyone" in texts_of(one.view.filters.person_field.widget)


def test_all_pictures_of_a_room_are_listed_without_a_word(
    panel: Callable[..., Panel], scene: Scene
) -> None:
    add_pictures_and_files(scene)
    one = panel()
    one.open()
    assert one.state == "Type to search: also parts of words."
    field = one.view.filters.kind_field
    one.stage.click(field.widget, 20, 20)
    assert field.opened
    one.stage.click(*field.place_of("pictures"))
    waited(one, [9, 6])
    assert one.state == "2 messages"
    assert "Picture" in one.painted(one.stage.look.palette.text), "a row is never empty"
    one.stage.click(one.view.list.widget, 100, one.view.list.y_of(1) + 20)
    assert one.went == [(GENERAL, 6)] and one.sought == [""]
    # Esc closes an open list first, and then the search.
    field.widget.focus_set()
    one.stage.keys("space")
    assert field.opened
    one.stage.keys("Escape")
    assert not field.opened and one.closed == 0
    one.stage.keys("Escape")
    assert one.closed == 1


def test_another_question_is_told_before_it_is_answered(panel: Callable[..., Panel]) -> None:
    one = panel()
    one.open()
    one.find("lunch")
    asked = len(one.asked)
    one.stage.keys("Tab", "Tab", "Tab", "Down")
    waited(one, [1])
    assert len(one.asked) == asked + 1
    one.stage.keys("F3")
    assert one.sought == ["lunch"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_no_words_of_the_filters_are_cut_off(
    panel: Callable[..., Panel], language: str, scale: float
) -> None:
    one = panel(language=language, scale=scale, size=(1400, 900))
    one.open()
    for kind in ("texts", "pictures", "files", "all"):
        one.view.filters.kind_field.set(kind)
        one.stage.settle()
        for field in (one.view.filters.kind_field, one.view.filters.person_field):
            shown = "".join(texts_of(field.widget))
            assert shown and "…" not in shown, shown
    one.view.filters.kind_field.set("files")
    one.find("qqqq")
    label = one.view._state
    assert isinstance(label, tk.Label) and label.winfo_reqwidth() <= label.winfo_width()


def test_the_sheet_finds_somebody_by_a_few_letters(stage: Stage) -> None:
    stage.open()
    took: list[tuple[bytes, str]] = []
    sheet = PersonSheet(stage.root, stage.look, Talk().model, lambda *one: took.append(one))
    stage.settle()
    assert sheet.items[0] == b"" and sheet.items[1] == ME_THERE
    stage.type("ole")
    stage.wait(lambda: len(sheet.items) == 1, "one person")
    stage.keys("Return")
    assert [who for who, _ in took] == [OLENA_THERE] and Sheet.top() is None
    PersonSheet(stage.root, stage.look, Talk().model, lambda *one: took.append(one))
    stage.settle()
    assert "From anyone" in texts_of(sheet_canvas())
    stage.keys("Return")
    assert took[-1] == (b"", "")


def sheet_canvas() -> tk.Canvas:
    """The list in the sheet on top."""
    sheet = Sheet.top()
    assert sheet is not None
    lists = [one for one in sheet.card.winfo_children() if isinstance(one, tk.Canvas)]
    return lists[-1]
