"""The main window looks as it did when somebody last looked at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.gui.conftest import Bench
from tests.gui.golden import DIFFERENT, SCENES, SIZE, difference, path_of, picture
from tests.gui.screens import Display


# Of the session: Tk ends the process when a display goes to which it was connected once.
@pytest.fixture(scope="session")
def wide() -> Iterator[Display]:
    with Display(SIZE) as one:
        yield one


@pytest.mark.parametrize(("language", "theme", "scale"), SCENES)
def test_the_window_looks_as_before(
    language: str,
    theme: str,
    scale: float,
    wide: Display,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("DISPLAY", wide.name)
    bench = Bench(wide, home)
    try:
        made = picture(bench, language, theme, scale)
    finally:
        bench.close()
    with Image.open(path_of(language, theme, scale)) as golden:
        part, mask = difference(golden, made)
    if part > DIFFERENT:
        made.save(tmp_path / "now.png")
        mask.save(tmp_path / "differs.png")
    assert part <= DIFFERENT, f"{part:.2%} of the pixels differ; see {tmp_path}"


def test_a_picture_differs_from_one_of_another_language() -> None:
    with (
        Image.open(path_of("uk", "light", 1.0)) as one,
        Image.open(path_of("pl", "light", 1.0)) as two,
    ):
        assert difference(one, two)[0] > 2 * DIFFERENT
