"""Golden pictures of the main window, and how one is told from another.

``python -m tests.gui.golden`` makes them anew, after the window was changed on purpose;
look at them before they are committed.
"""

import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageChops

from gui.words.i18n import LANGUAGES
from tests.gui.conftest import Bench
from tests.gui.screens import Display

FOLDER = Path(__file__).parent / "golden"
SIZE = (2240, 1440)
SCENES = tuple(itertools.product(LANGUAGES, ("light", "dark"), (1.0, 2.0)))
"""(language, theme, scale) of every picture."""
ALIKE = 32
"""Steps of 255 by which a pixel may differ: another FreeType rounds its edges otherwise."""
DIFFERENT = 0.002
"""Part of the pixels that may differ more: a curve of a few letters."""


def path_of(language: str, theme: str, scale: float) -> Path:
    """Return where a picture is kept."""
    return FOLDER / f"{language}_{theme}_{scale:.0%}.webp".replace("%", "")


def picture(bench: Bench, language: str, theme: str, scale: float) -> Image.Image:
    """Return the window on its conversation as it looks now."""
    window = bench.scene(theme, scale, language)
    root = window.root
    left, top = root.winfo_rootx(), root.winfo_rooty()
    box = (left, top, left + root.winfo_width(), top + root.winfo_height())
    return bench.still().crop(box)


def difference(one: Image.Image, two: Image.Image) -> tuple[float, Image.Image]:
    """Return the part of pixels that differ, and a picture with these in white."""
    if one.size != two.size:
        return 1.0, one
    bands = ImageChops.difference(one.convert("RGB"), two.convert("RGB")).split()
    worst = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    mask = worst.point(lambda value: 255 if value > ALIKE else 0)
    return mask.histogram()[255] / (one.width * one.height), mask


def benches() -> Iterator[Bench]:
    """Yield a bench for every picture."""
    with Display(SIZE) as display:
        for _ in SCENES:
            with tempfile.TemporaryDirectory() as home:
                os.environ.update(DISPLAY=display.name, HOME=home)
                bench = Bench(display, Path(home))
                yield bench
                bench.close()


def main() -> int:
    """Make all pictures anew."""
    FOLDER.mkdir(exist_ok=True)
    for scene, bench in zip(SCENES, benches(), strict=True):
        made = picture(bench, *scene)
        made.save(path_of(*scene), lossless=True, method=6)
        print(path_of(*scene).name, made.size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
