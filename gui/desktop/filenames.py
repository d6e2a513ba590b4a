"""Files that come from others, written on this machine: under safe names, and never by half.

Pure but for :func:`save_copy`, which is for workers.
"""

import os
import re
import shutil
from pathlib import Path
from typing import Final

from gui.text.textlayout import clean

NAME_MAX: Final = 120
_BAD: Final = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def safe_name(name: str, otherwise: str) -> str:
    """Return a file name without folders and signs that any system forbids, never hidden.

    ``otherwise`` is returned if nothing is left of it.
    """
    kept = _BAD.sub("_", clean(name).replace("\n", " ")).strip(" .")
    if not kept.strip("_ ."):
        return otherwise
    if _RESERVED.match(kept):
        kept = f"_{kept}"
    stem, dot, suffix = kept.rpartition(".")
    if dot and suffix.isalnum() and len(suffix) <= 12:
        return f"{stem[: NAME_MAX - len(suffix) - 1].rstrip(' .')}.{suffix}"
    return kept[:NAME_MAX].rstrip(" .")


def save_copy(source: Path, target: Path) -> str:
    """Copy a file; return "" or why not, as the system says it. Never half a file."""
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(source, part)
        os.replace(part, target)
    except OSError as error:
        part.unlink(missing_ok=True)
        return error.strerror or type(error).__name__
    return ""
