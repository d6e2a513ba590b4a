"""A field with very many emoji: they come bit by bit, and nobody sees a part of them."""

import tkinter as tk

from gui.views.compose.field import Field
from tests.gui.conftest import Stage
from tests.gui.screens import rgb


def test_very_many_emoji_come_bit_by_bit(stage: Stage) -> None:
    many = "\U0001f600\U0001f44d" * 150 + "the end"
    stage.open()
    field = Field(stage.root, stage.look, lambda: None)
    field.widget.pack(fill="x")
    field.put("before ")
    field.insert(many)
    assert field.words() == "before " + many, "whoever looks waits for it"
    field.put("")
    field.insert(many)
    assert len(field.widget.image_names()) < 300, "the rest is still to be written"
    field.widget.insert("insert", "!")
    assert field.words() == many + "!", "what is typed comes behind it"
    field.put("")
    field.insert(many)
    stage.settle()
    assert len(field.widget.image_names()) == 300 and field.words() == many
    field.widget.event_generate("<<Undo>>")
    assert field.words() == "", "it is one step"


def test_the_cursor_is_counted_in_characters(stage: Stage) -> None:
    stage.open()
    field = Field(stage.root, stage.look, lambda: None)
    words = "a\U0001f600\U0001f1fa\U0001f1e6ї\n\U0001d54fb"
    for at in (0, 1, 2, 4, 5, 6, 7, 8):
        field.put(words, at)
        assert field.cursor == at
    field.widget.insert("insert", "!")
    assert field.words() == words + "!" and field.cursor == len(words) + 1


def test_a_field_that_goes_while_it_is_written_leaves_nothing_to_do(stage: Stage) -> None:
    stage.open()
    field = Field(stage.root, stage.look, lambda: None)
    field.insert("\U0001f600" * 300)
    field.widget.destroy()
    stage.settle()
    assert not stage.look.slices._line


def test_a_selection_is_shown_while_keys_come_here(stage: Stage) -> None:
    stage.open()
    field, other = Field(stage.root, stage.look, lambda: None), tk.Entry(stage.root)
    for one in (field.widget, other):
        one.pack(fill="x")
    field.put("\U0001f600 words")
    field.widget.focus_force()
    field.widget.tag_add("sel", "1.0", "end-1c")
    stage.settle()
    selection = rgb(stage.look.palette.selection)
    assert has(stage, field.widget, selection)
    other.focus_set()
    stage.settle()
    assert not has(stage, field.widget, selection), "neither letters nor emoji"
    field.widget.focus_set()
    stage.settle()
    assert has(stage, field.widget, selection) and field.selected() == "\U0001f600 words"


def has(stage: Stage, widget: tk.Misc, colour: tuple[int, int, int]) -> bool:
    left, top = widget.winfo_rootx(), widget.winfo_rooty()
    area = (left, top, left + widget.winfo_width(), top + widget.winfo_height())
    return colour in {found for _, found in stage.shot().crop(area).getcolors(1 << 20) or ()}
