"""Copies of fetched files under their own names, for the programs that open them.

What is fetched is named by its hash; a program wants a name with a suffix. A copy may be
needed for as long as that program runs, so all are removed at the next start. Any thread.
"""

import logging
import shutil
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

_SUFFIX: Final = ".open"


def copy_to_open(path: Path, name: str) -> Path:
    """Return a copy of a fetched file that is called ``name``; raise OSError. Never half of it."""
    folder = path.with_name(path.name + _SUFFIX)
    folder.mkdir(mode=0o700, exist_ok=True)
    copy = folder / name
    if not copy.exists():
        try:
            shutil.copyfile(path, copy)
        except OSError:
            copy.unlink(missing_ok=True)
            raise
    return copy


def remove_copies(fetched: Path) -> None:
    """Remove all copies in a folder of fetched files; one that is still in use stays."""
    try:
        folders = [one for one in fetched.iterdir() if one.suffix == _SUFFIX and one.is_dir()]
    except OSError as error:
        log.info("event=copies_unread reason=%s", type(error).__name__)
        return
    for one in folders:
        shutil.rmtree(one, ignore_errors=True)
