"""Fields of one line: what is selected in them, and who waits for a change."""

from gui.paint import kit
from tests.gui.conftest import Stage


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
