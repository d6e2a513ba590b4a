"""Painted controls in a real window: clicks, keys, focus; and that they leave nothing behind."""

import tkinter as tk
from collections.abc import Callable
from typing import Any

import pytest

from gui.paint import kit
from gui.paint.theme import palette
from tests.gui.conftest import Stage
from tests.gui.screens import rgb


def put(stage: Stage, control: Any) -> Any:
    control.widget.pack(fill="x", padx=20, pady=20)
    stage.settle()
    return control


def middle(control: Any) -> tuple[int, int]:
    return control.widget.winfo_width() // 2, control.widget.winfo_height() // 2


@pytest.mark.parametrize("make", [kit.Switch, kit.CheckBox])
def test_a_switch_is_turned_by_mouse_and_keys(
    stage: Stage, make: Callable[..., kit.Switch | kit.CheckBox]
) -> None:
    stage.open()
    heard: list[bool] = []
    control = put(stage, make(stage.root, stage.look, "Sound", False, heard.append, "A note"))
    stage.click(control.widget, *middle(control))
    assert heard == [True] and control.on
    control.widget.focus_set()
    stage.keys("space")
    stage.keys("Return")
    assert heard == [True, False, True]
    control.set(False)
    assert heard == [True, False, True] and not control.on


def test_a_switch_shows_its_state_in_the_accent(stage: Stage) -> None:
    stage.open()
    stage.look.set_theme("light", "teal")
    control = put(stage, kit.Switch(stage.root, stage.look, "Sound", True, lambda _: None))
    width, height = control.widget.winfo_width(), control.widget.winfo_height()
    x = control.widget.winfo_rootx() + width - 8 - round(22 * 1.75) + 12
    y = control.widget.winfo_rooty() + height // 2
    assert stage.shot().getpixel((x, y)) == rgb(palette("light", "teal").accent)
    stage.look.set_theme("dark", "rose")
    control.restyle()
    assert stage.shot().getpixel((x, y)) == rgb(palette("dark", "rose").accent)


def test_a_long_note_makes_the_switch_higher_not_cut(stage: Stage) -> None:
    stage.open(size=(360, 500))
    short = put(stage, kit.Switch(stage.root, stage.look, "Short", True, lambda _: None))
    long = put(
        stage,
        kit.Switch(stage.root, stage.look, "Слово " * 12, True, lambda _: None, "примітка " * 30),
    )
    stage.wait(lambda: long.widget.winfo_height() > 100, "the higher switch")
    assert short.widget.winfo_height() == 40
    *_, bottom = long.widget.bbox("all")
    assert bottom <= long.widget.winfo_height()


def test_a_choice_by_mouse_and_arrows(stage: Stage) -> None:
    stage.open()
    heard: list[str] = []
    options = [("light", "Light"), ("dark", "Dark"), ("system", "System")]
    control = put(stage, kit.Choice(stage.root, stage.look, options, "light", heard.append))
    stage.click(control.widget, *control.place_of("system"))
    assert heard == ["system"]
    stage.keys("Left")
    stage.keys("Left")
    stage.keys("Left")
    assert heard == ["system", "dark", "light"], "at the end it stays"
    stage.click(control.widget, *control.place_of("light"))
    assert len(heard) == 3, "the same again is no change"


def test_words_that_are_too_wide_are_put_below_each_other(stage: Stage) -> None:
    stage.open(size=(300, 400))
    options = [(n, "a rather long option " + str(n)) for n in range(3)]
    control = put(stage, kit.Choice(stage.root, stage.look, options, 0, lambda _: None))
    stage.wait(lambda: control.widget.winfo_height() == 120, "three rows")
    heard: list[int] = []
    control._change = heard.append
    stage.click(control.widget, *control.place_of(2))
    assert heard == [2]


def test_a_slider_is_dragged_and_tells_when_it_is_final(stage: Stage) -> None:
    stage.open()
    heard: list[tuple[int, bool]] = []
    steps = (80, 90, 100, 125, 150, 200)
    control = put(
        stage, kit.Slider(stage.root, stage.look, steps, 100, lambda *one: heard.append(one))
    )
    widget = control.widget
    start, end = control.place_of(100), control.place_of(200)
    left, top = widget.winfo_rootx(), widget.winfo_rooty()
    run = stage.display.run
    run("xdotool", "mousemove", str(left + start[0]), str(top + start[1]), "mousedown", "1")
    run("xdotool", "mousemove", str(left + end[0]), str(top + end[1]))
    stage.wait(lambda: (200, False) in heard, "the drag")
    assert not any(final for _, final in heard)
    run("xdotool", "mouseup", "1")
    stage.wait(lambda: (200, True) in heard, "the end of it")
    stage.keys("Left")
    assert heard[-1] == (150, True)
    stage.keys("Home")
    assert heard[-1] == (80, True)
    stage.keys("Left")
    assert len([one for one in heard if one == (80, True)]) == 1


def test_swatches_by_mouse_and_arrows(stage: Stage) -> None:
    stage.open(size=(360, 300))
    heard: list[int] = []
    colours = [(0, "#777777"), *enumerate(stage.look.palette.people, 1)]
    control = put(stage, kit.Swatches(stage.root, stage.look, colours, 0, heard.append))
    stage.wait(lambda: control.widget.winfo_height() == 88, "two rows")
    stage.click(control.widget, *control.place_of(12))
    stage.keys("Left")
    assert heard == [12, 11]
    x, y = control.place_of(5)
    at = (control.widget.winfo_rootx() + x, control.widget.winfo_rooty() + y)
    assert stage.shot().getpixel(at) == rgb(stage.look.palette.people[4])


def test_a_dropdown_opens_chooses_and_closes(stage: Stage) -> None:
    stage.open()
    heard: list[str] = []
    options = [("a", "First"), ("b", "ที่สอง"), ("c", "Третій")]
    control = put(stage, kit.Dropdown(stage.root, stage.look, options, "a", heard.append))
    stage.click(control.widget, *middle(control))
    assert control.opened
    stage.click(*control.place_of("c"))
    assert heard == ["c"] and not control.opened
    stage.keys("Return")
    assert control.opened
    stage.keys("Up")
    stage.keys("Return")
    assert heard == ["c", "b"] and not control.opened
    stage.keys("Return")
    stage.keys("Escape")
    assert not control.opened and heard == ["c", "b"]
    stage.keys("Up")
    assert heard == ["c", "b", "a"], "closed, the arrows choose at once"
    control.open()
    control.widget.destroy()
    stage.settle()
    assert not control.opened


def test_tab_reaches_every_control_once(stage: Stage) -> None:
    stage.open()
    heard: list[str] = []
    look, root = stage.look, stage.root
    made: list[tk.Widget] = [
        kit.button(root, look, "One", lambda: heard.append("one"), "main"),
        kit.entry(root, look),
        kit.Switch(root, look, "Two", False, lambda _: heard.append("two")).widget,
        kit.button(root, look, "Three", lambda: heard.append("three")),
        kit.IconButton(root, look, "close", lambda: heard.append("four"), "card").widget,
    ]
    for one in made:
        one.pack(pady=8)
    stage.settle()
    made[0].focus_set()
    stage.keys("Return")
    stage.keys("Tab")
    stage.type("hello")
    stage.keys("Tab")
    stage.keys("space")
    stage.keys("Tab")
    stage.keys("space")
    stage.keys("Tab")
    stage.keys("Return")
    assert heard == ["one", "two", "three", "four"]
    assert isinstance(made[1], kit.Entry) and made[1].get() == "hello"


def test_a_button_shows_focus_and_another_accent(stage: Stage) -> None:
    stage.open()
    made = kit.button(stage.root, stage.look, "Save", lambda: None, "main")
    made.pack(padx=30, pady=30)
    stage.settle()
    at = (made.winfo_rootx() + 12, made.winfo_rooty() + 8)
    assert stage.shot().getpixel(at) == rgb(palette("light").accent)
    made.focus_force()
    stage.wait(lambda: made.focused, "the ring")
    stage.look.set_theme("dark", "amber")
    kit.set_theme(stage.look)
    assert stage.shot().getpixel(at) == rgb(palette("dark", "amber").accent)


def test_a_click_may_destroy_the_button(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    stage.open()
    frame = tk.Frame(stage.root)
    frame.pack()

    def end() -> None:
        stage.root.after_idle(frame.destroy)

    made = kit.button(frame, stage.look, "Close", end)
    made.pack()
    stage.settle()
    stage.click(made, 20, 20)
    stage.wait(lambda: not frame.winfo_exists(), "the end of the button")
    done: list[bool] = []
    stage.root.after(150, lambda: done.append(True))
    stage.wait(lambda: bool(done), "the end of its animation")
    assert "_click_animation" not in capfd.readouterr().err


@pytest.mark.parametrize("language", ["en", "th"])
def test_labels_and_buttons_know_thai_and_emoji(stage: Stage, language: str) -> None:
    stage.open(language=language)
    label = kit.label(stage.root, stage.look, "ที่ 👨‍👩‍👧 ok")
    label.pack(fill="x")
    stage.settle()
    shown = str(label.cget("text"))
    assert "👨" not in shown and shown.endswith("ok")
    assert str(label.cget("font")) == str(stage.look.fonts.named("label.thai"))
    button = kit.button(stage.root, stage.look, "บันทึก", lambda: None)
    button.pack()
    stage.settle()
    shown = str(stage.root.tk.call(str(button), "itemcget", button.find_all()[-1], "-font"))
    assert shown == str(stage.look.fonts.named("label.thai"))


def tables(root: tk.Misc) -> tuple[int, int, int, int]:
    root.update()
    return (
        len(root.tk.splitlist(root.tk.call("info", "commands"))),
        sum(len(root.bind_all(one)) for one in root.bind_all()),
        len(root.image_names()),
        len(root.tk.splitlist(root.tk.call("font", "names"))),
    )


def test_controls_leave_nothing_behind(stage: Stage) -> None:
    stage.open()
    look, root = stage.look, stage.root

    def once() -> None:
        frame = tk.Frame(root)
        frame.place(x=0, y=0, relwidth=1, relheight=1)
        swatches = [(n, colour) for n, colour in enumerate(look.palette.people)]
        drop = kit.Dropdown(frame, look, [(1, "a"), (2, "b")], 1, lambda _: None)
        for one in (
            kit.Switch(frame, look, "a", True, lambda _: None, "note"),
            kit.CheckBox(frame, look, "a", True, lambda _: None),
            kit.Choice(frame, look, [(1, "a"), (2, "b")], 1, lambda _: None),
            kit.Slider(frame, look, (1, 2, 3), 2, lambda *_: None),
            kit.Swatches(frame, look, swatches, 0, lambda _: None),
            drop,
            kit.IconButton(frame, look, "close", lambda: None, "card"),
        ):
            one.widget.pack(fill="x")
        for made in (
            kit.button(frame, look, "a", lambda: None, "main"),
            kit.entry(frame, look, "hint"),
            kit.label(frame, look, "words"),
        ):
            made.pack(fill="x")
        root.update()
        drop.open()
        root.update()
        frame.destroy()
        root.update()

    once()
    before = tables(root)
    for _ in range(50):
        once()
    assert tables(root) == before
