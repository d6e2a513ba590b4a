"""What becomes of what is pasted where one writes: words, files, a picture. In the Tk thread."""

from gui.desktop.clipboard import Clipboard, Taken
from gui.paint.look import Look
from gui.views.compose.composeracts import ComposerActs
from gui.views.compose.heldfield import HeldField


class Pasting:
    """Takes the clipboard for a field."""

    def __init__(
        self, look: Look, field: HeldField, acts: ComposerActs, clipboard: Clipboard
    ) -> None:
        """``acts`` gets what is no text."""
        self._look = look
        self._field = field
        self._acts = acts
        self._clipboard = clipboard

    def paste(self, _event: object) -> str:
        """Take what is in the clipboard; ends the event."""
        if not self._field.held:
            self._clipboard.take(self._pasted)
        return "break"

    def _pasted(self, taken: Taken) -> None:
        tr = self._look.tr
        if taken.files:
            self._acts.files_dropped(taken.files)
        elif taken.picture is not None:
            self._acts.image_pasted(taken.picture)
        elif taken.problem:
            self._acts.say(tr(taken.problem, package=self._clipboard.package), bad=True)
        elif taken.text:
            self._field.insert(taken.text)
            if taken.cut:
                self._acts.say(tr("composer.pasted_part", most=tr.number(len(taken.text))))
