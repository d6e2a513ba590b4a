"""Makes gui/mark.png, which notifications show: the mark as gui/desktop/windowicon.py draws it.

Run from the root of the project: python -m tests.gui.make_mark
"""

from pathlib import Path

from gui.desktop.windowicon import mark

TARGET = Path(__file__).parents[2] / "gui" / "desktop" / "mark.png"

if __name__ == "__main__":
    mark(128).save(TARGET, optimize=True)
