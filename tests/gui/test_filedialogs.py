"""Tk's own dialogs for files speak the language of the window."""

import tkinter as tk
from dataclasses import replace

import pytest

from gui.desktop import filedialogs
from gui.words.i18n import LANGUAGES, Words
from tests.gui.conftest import Bench, Stage


def told(root: tk.Misc, *words: str) -> str:
    return str(root.tk.call("namespace", "eval", "::tk", ("::msgcat::mc", *words)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_tk_says_there_is_said_in_the_language(stage: Stage, language: str) -> None:
    stage.open()
    tr = Words(language)
    filedialogs.speak(stage.root, tr)
    for theirs, ours in filedialogs._SAID:
        given = ("a.txt",) if "%1$s" in theirs else ()
        assert told(stage.root, theirs, *given) == tr(ours).replace("%1$s", "a.txt")


def test_the_source_of_tk_says_just_that(stage: Stage) -> None:
    stage.open()
    library = stage.root.tk.eval("set tk_library")
    texts = [
        stage.root.tk.eval(f"set f [open {{{library}/{name}}}]; set s [read $f]; close $f; set s")
        for name in ("tkfbox.tcl", "msgbox.tcl")
    ]
    source = " ".join(" ".join(texts).replace("\\\n", " ").split())
    for theirs, _ in filedialogs._SAID:
        quoted = theirs.replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")
        assert " ".join(quoted.split()) in source, theirs


def test_another_language_holds_for_them_too(bench: Bench) -> None:
    window = bench.open(language="pl")
    assert told(window.root, "&Cancel") == "Anuluj"
    window.change(replace(window.settings, language="uk"))
    bench.wait(lambda: told(window.root, "&Cancel") == "Скасувати", "Ukrainian")
