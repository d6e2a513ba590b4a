"""What is offered in the settings only where it can be done, and what is said if it cannot."""

from pathlib import Path

from tests.gui.conftest import Stage
from tests.gui.test_settingssheet import Opened


def test_only_a_picture_can_be_removed(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "profile")
    remove, choose = opened.part("picture_remove"), opened.part("picture_choose")
    assert not remove.winfo_ismapped()
    opened.acts.face = opened.acts.face._replace(picture=b"kept")
    swatches = opened.part("colours")
    opened.click(swatches, *swatches.place_of(4))
    assert remove.winfo_ismapped()
    remove.focus_force()
    opened.acts.reason = "Not now"
    stage.keys("space")
    assert remove.winfo_ismapped(), "it is still there"
    opened.acts.reason = ""
    remove.focus_force()
    stage.keys("space")
    assert not remove.winfo_ismapped() and choose.focused


def test_a_folder_that_nothing_opens_is_said(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "device")
    missing = opened.part("folder_missing")
    assert not missing.winfo_ismapped()
    opened.acts.reason = "none"
    opened.part("folder_open").invoke()
    stage.settle()
    assert missing.winfo_ismapped()
    assert missing.cget("text") == "No program here could open it."
    opened.acts.reason = ""
    opened.part("folder_open").invoke()
    stage.settle()
    assert not missing.winfo_ismapped()
