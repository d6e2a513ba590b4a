"""Fields of one line: what is selected in them, and who waits for a change."""

from gui.paint import kit
from tests.gui.conftest import Stage
from tests.gui.screens import rgb


def test_a_selection_is_shown_while_keys_come_here(stage: Stage) -> None:
    stage.open()
    one, other = kit.entry(stage.root, stage.look), kit.entry(stage.root, stage.look)
    for field in (one, other):
        field.pack(fill="x", padx=20, pady=20)
    kit.put(one, "words")
    one.focus_force()
    one.select_range(0, "end")
    stage.settle()
    at = (one.field.winfo_rootx() + 4, one.field.winfo_rooty() + 3)
    palette = stage.look.palette
    assert stage.shot().getpixel(at) == rgb(palette.selection)
    other.focus()
    stage.settle()
    assert stage.shot().getpixel(at) == rgb(palette.field)
    stage.look.set_theme("dark", "teal")
    one.restyle()
    stage.settle()
    assert stage.shot().getpixel(at) == rgb(stage.look.palette.field)
    one.focus()
    stage.settle()
    assert stage.shot().getpixel(at) == rgb(stage.look.palette.selection)


def test_a_change_is_told_once_unless_it_is_disabled(stage: Stage) -> None:
    stage.open()
    field = kit.entry(stage.root, stage.look)
    field.pack(fill="x", padx=20, pady=20)
    told: list[str] = []
    field.once_changed(lambda: told.append(field.get()))
    field.focus_force()
    stage.keys("Tab", "Shift_L")
    assert not told
    field.focus_force()
    stage.type("ab")
    assert len(told) == 1
    field.once_changed(lambda: told.append("again"))
    field.set_state("disabled")
    field.set_state("normal")
    kit.put(field, "words")
    assert len(told) == 1
