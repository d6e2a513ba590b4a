"""A backup takes the place of a server's data, so that a kill at any moment leaves one of the two.

First everything that is to come is put together, synced, in ``restoring.part``: the files of
the backup, its journal with a new epoch already. Blobs are only ever added, to ``blobs`` itself.
Until then nothing has changed. Then ``restoring.part`` is renamed to ``restoring``: from that
moment on the restore holds, and what is left are renames, which :func:`finish` does, again from
wherever it was ended, and which a broker does at its start if nobody else did::

    restoring/restore.json            how the folder for what was there is to be called
    restoring/new/…                   what comes; each file leaves this folder by a rename
    restoring/old/…                   what was there; becomes before-restore-DATE

Whoever calls holds the lock of the data folder.
"""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from broker.durable import (
    check_room,
    copy_synced,
    hash_file,
    make_folder,
    remove_tree,
    sync_file,
    sync_folder,
    write_synced,
)
from broker.sqlite_journal import SqliteJournal
from broker.upkeep.manifest import BLOBS_FOLDER, JOURNAL_FILE, Manifest, blob_path
from broker.upkeep.progress import Progress
from broker.witness import WITNESS_FILE
from protocol.errors import DamagedError, SetupError

STAGE_FOLDER = "restoring"
ASIDE = "before-restore"

_PART_FOLDER = "restoring.part"
_NOTE = "restore.json"
_NEW = "new"
_OLD = "old"
_BLOB_PART = "restore.part"
# The WAL first: beside another journal it would be taken for that one's.
_JOURNAL_FILES = (f"{JOURNAL_FILE}-wal", f"{JOURNAL_FILE}-shm", WITNESS_FILE, JOURNAL_FILE)


@dataclass(frozen=True, slots=True)
class Finished:
    """A restore was finished; ``aside`` holds what was there before, if there was anything."""

    aside: Path | None


def stage(
    data: Path, backup: Path, manifest: Manifest, blobs: dict[bytes, int], least_term: int
) -> bytes:
    """Prepare a restore up to the moment from which on it holds; return the new epoch.

    Raises :class:`SetupError` or :class:`DamagedError`; nothing has changed then.
    """
    part = data / _PART_FOLDER
    remove_tree(part)  # of a restore that was killed before it held
    try:
        _check_room(data, manifest, blobs)
        make_folder(part / _NEW)
        _add_blobs(data, backup, blobs, set(manifest.missing))
        for name, sha256 in manifest.files.items():
            if copy_synced(backup / name, part / _NEW / name) != sha256:
                raise DamagedError(f"{backup / name} is not what was written; nothing was changed")
        epoch = _renew(part / _NEW, least_term)
        aside = f"{ASIDE}-{datetime.now():%Y%m%d-%H%M%S}"
        write_synced(part / _NOTE, json.dumps({"aside": aside}).encode())
        for folder in (part / _NEW, part):
            sync_folder(folder)
        os.rename(part, data / STAGE_FOLDER)
        sync_folder(data)
    except OSError as error:
        remove_tree(part)
        raise SetupError(
            f"nothing was changed: {error.filename or data}: {error.strerror}"
        ) from None
    except BaseException:
        remove_tree(part)
        raise
    return epoch


def _check_room(data: Path, manifest: Manifest, blobs: dict[bytes, int]) -> None:
    lacking = sum(size for sha256, size in blobs.items() if not blob_path(data, sha256).exists())
    # Twice the journal: a new epoch and a newer schema go through its WAL.
    check_room(data, 2 * manifest.journal_bytes + lacking, "to restore")


def _renew(folder: Path, least_term: int) -> bytes:
    """Make the journal another history, of this program's schema, in one synced file."""
    journal = SqliteJournal(folder / JOURNAL_FILE)
    try:
        epoch = journal.renew_epoch(least_term)
    finally:
        journal.close()
    for one in folder.glob(f"{JOURNAL_FILE}?*"):
        one.unlink()  # the copy before an upgrade: there is the backup
    sync_file(folder / JOURNAL_FILE)
    return epoch


def _add_blobs(data: Path, backup: Path, blobs: dict[bytes, int], missing: set[str]) -> None:
    """Put what is not there, or is not what its name says, beside what is."""
    part = data / BLOBS_FOLDER / "parts" / _BLOB_PART
    make_folder(part.parent)
    folders = {data, data / BLOBS_FOLDER}
    with Progress("restoring pictures and files", sum(blobs.values())) as progress:
        for sha256 in sorted(blobs):
            target, name = blob_path(data, sha256), sha256.hex()
            if name in missing or (target.is_file() and hash_file(target, progress.add) == name):
                continue
            part.unlink(missing_ok=True)
            if copy_synced(blob_path(backup, sha256), part, progress.add) != name:
                raise DamagedError(f"{blob_path(backup, sha256)} is damaged; nothing was changed")
            make_folder(target.parent)
            os.replace(part, target)
            folders.add(target.parent)
    for folder in folders:
        sync_folder(folder)


def finish(data: Path) -> Finished | None:
    """Do what is left of a restore that holds; None: there is none.

    Raises :class:`SetupError` if the system does not let us; it can be called again then.
    """
    folder = data / STAGE_FOLDER
    if not folder.exists():
        return None
    try:
        return _finish(data, folder)
    except OSError as error:
        raise SetupError(
            f"a restore of {data} was begun and cannot be finished ({error.filename}: "
            f"{error.strerror}). Mend that and start the server, or run zviazok restore again; "
            f"what was there before is in {data} and {folder / _OLD}."
        ) from None


def _finish(data: Path, folder: Path) -> Finished | None:
    try:
        aside = str(json.loads((folder / _NOTE).read_bytes())["aside"])
    except FileNotFoundError:  # all was done but for the last of the cleaning
        remove_tree(folder)
        return None
    new, old = folder / _NEW, folder / _OLD
    if new.is_dir():
        make_folder(old)
        _exchange(data, new, old)
        new.rmdir()
    kept = _put_aside(data, old, aside) if old.is_dir() else None
    shutil.rmtree(folder)
    sync_folder(data)
    return Finished(kept)


def _exchange(data: Path, new: Path, old: Path) -> None:
    """Put what is there into ``old`` and what is new in its place, the journal last."""
    if (new / JOURNAL_FILE).exists():
        _move(data, old, _JOURNAL_FILES)
    for one in sorted(new.iterdir()):
        present = data / one.name
        if one.name == JOURNAL_FILE:
            continue
        if present.exists() and not (old / one.name).exists():
            # A copy, because a gateway that starts now must find a key.
            draft = old / f"{one.name}.part"
            draft.unlink(missing_ok=True)
            copy_synced(present, draft)
            os.replace(draft, old / one.name)
        os.replace(one, present)
    for each in (old, new, data):
        sync_folder(each)
    if (new / JOURNAL_FILE).exists():
        os.replace(new / JOURNAL_FILE, data / JOURNAL_FILE)
    for each in (new, data):
        sync_folder(each)


def _move(data: Path, old: Path, names: Iterable[str]) -> None:
    for name in names:
        if (data / name).exists():
            os.replace(data / name, old / name)
    for each in (old, data):
        sync_folder(each)


def _put_aside(data: Path, old: Path, name: str) -> Path | None:
    if not any(old.iterdir()):
        old.rmdir()
        return None
    aside = data / name
    number = 1
    while aside.exists():
        number += 1
        aside = data / f"{name}-{number}"
    os.rename(old, aside)
    sync_folder(data)
    return aside
