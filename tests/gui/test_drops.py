"""Files that another program drops on the window, with real drags."""

import subprocess
import sys
import tkinter as tk
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gui.desktop.drops import Drops
from gui.views.compose.dropveil import DropVeil
from tests.gui.conftest import Stage
from tests.gui.screens import texts_of

SOURCE = """
import sys, tkinter
from tkinterdnd2 import DND_FILES, TkinterDnD
root = TkinterDnD.Tk()
root.overrideredirect(True)
root.geometry("200x200+950+50")
label = tkinter.Label(root, text="files", bg="#c0c0ff")
label.pack(fill="both", expand=True)
label.drag_source_register(1, DND_FILES)
label.dnd_bind("<<DragInitCmd>>", lambda _: ("copy", DND_FILES, tuple(sys.argv[1:])))
# As a source tkdnd has no idea of Tk 8.6; file managers send plain bytes like these.
root.tk.eval("proc ::tkdnd::xdnd::getFormatForType type {return STRING}")
root.update()
print("ready", flush=True)
root.mainloop()
"""


class Target:
    """A window that takes files, and what it was told."""

    def __init__(self, stage: Stage) -> None:
        self.files: list[tuple[Path, ...]] = []
        self.over: list[bool] = []
        self.widget = tk.Frame(stage.root, bg="#ffffff", width=600, height=400)
        self.widget.place(x=0, y=0)
        stage.settle()
        self.drops = Drops(self.widget, self.files.append, self.over.append)


def drag(stage: Stage) -> None:
    """Press the button on the source and move over the window."""
    words = ["xdotool", "mousemove", "1000", "100", "mousedown", "1"]
    for x in (1010, 1030, 900, 700, 500, 300, 310, 300):
        words += ["sleep", "0.05", "mousemove", str(x), "150"]
    stage.display.beside(words, stage.root.update)


class Source:
    """Another program with files to drag."""

    def __init__(self, paths: Sequence[Path]) -> None:
        for path in paths:
            path.write_text("x")
        words = [sys.executable, "-c", SOURCE, *(path.as_uri() for path in paths)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)

    def __enter__(self) -> "Source":
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == b"ready"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)


@pytest.fixture
def target(stage: Stage) -> Iterator[Target]:
    stage.open(size=(600, 400))
    yield Target(stage)


def test_files_are_dropped_with_the_mouse(stage: Stage, target: Target, tmp_path: Path) -> None:
    assert target.drops.ready
    paths = [tmp_path / "a file.txt", tmp_path / "знімок {1}.png"]
    with Source(paths):
        drag(stage)
        stage.wait(lambda: target.over == [True], "the files over the window")
        stage.display.beside(["xdotool", "mouseup", "1"], stage.root.update)
        stage.wait(lambda: bool(target.files), "the files")
    assert target.files == [tuple(paths)]
    assert target.over == [True, False]


def test_the_window_says_that_files_may_be_dropped(stage: Stage, tmp_path: Path) -> None:
    stage.open("dark", 1.0, "uk", (600, 400))
    frame = tk.Frame(stage.root, width=600, height=400)
    frame.place(x=0, y=0)
    stage.settle()
    files: list[tuple[Path, ...]] = []
    veil = DropVeil(frame, stage.look, files.append)
    path = tmp_path / "one.txt"
    with Source([path]):
        drag(stage)
        stage.wait(lambda: bool(veil._canvas.winfo_ismapped()), "the veil")
        stage.settle()
        assert "Відпустіть файли" in " ".join(texts_of(veil._canvas))
        stage.display.beside(["xdotool", "mousemove", "320", "160"], stage.root.update)
        stage.settle()
        assert veil._canvas.winfo_ismapped(), "it stays, though it lies between"
        stage.display.beside(["xdotool", "mouseup", "1"], stage.root.update)
        stage.wait(lambda: files == [(path,)], "the file")
        assert not veil._canvas.winfo_ismapped()


def test_without_the_library_only_drops_are_missing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tkinterdnd2", None)
    stage.open(size=(300, 200))
    assert not Target(stage).drops.ready
