"""The language of the dialogs for files that Tk draws by itself on X11.

Windows and macOS have dialogs of their own, in the system's language; Tk's know neither Ukrainian
nor Thai, and follow the system rather than the person. Belongs to the Tk thread.
"""

import tkinter as tk
from typing import Final

from gui.words.i18n import Words

_SAID: Final = (
    ("&Open", "files.open"),
    ("Open", "files.open"),
    ("&Save", "files.save"),
    ("Save As", "files.save_as"),
    ("&Cancel", "files.cancel"),
    ("&OK", "files.ok"),
    ("&Yes", "files.yes"),
    ("&No", "files.no"),
    ("&Directory:", "files.folder"),
    ("File &name:", "files.name"),
    ("File &names:", "files.names"),
    ("Files of &type:", "files.kind"),
    ('File "%1$s" already exists.\nDo you want to overwrite it?', "files.exists"),
    ('File "%1$s"  does not exist.', "files.no_file"),
    ('Directory "%1$s" does not exist.', "files.no_folder"),
    ('Cannot change to the directory "%1$s".\nPermission denied.', "files.locked"),
    ('Invalid file name "%1$s".', "files.bad_name"),
)
"""What Tk says, and our sentence for it."""


def speak(root: tk.Misc, tr: Words) -> None:
    """Have Tk's dialogs speak a person's language; it takes some 2 ms."""
    call = root.tk.call
    if call("tk", "windowingsystem") != "x11":
        return
    call("::msgcat::mclocale", tr.language)
    for theirs, ours in _SAID:
        call("namespace", "eval", "::tk", ("::msgcat::mcset", tr.language, theirs, tr(ours)))
