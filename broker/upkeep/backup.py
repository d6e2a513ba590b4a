"""``zviazok backup``: a consistent copy of a server's data folder, made while it serves.

The journal is copied as of one moment; then every blob that this journal names (a blob is whole
before a message names it, and never changes), the keys, the token and the list of gateways. The
copy is made under another name (``NAME.part``), read back whole, and only then renamed: what has
the name is a sound backup. A backup that is killed leaves the part, which the next one removes.
Reads the data folder only, but for a lock file of its own; main thread.
"""

import argparse
import errno
import os
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

from broker.durable import (
    check_room,
    copy_synced,
    hash_file,
    make_folder,
    remove_tree,
    sync_folder,
    write_synced,
)
from broker.lock import DataLock
from broker.sqlite_copy import copy_journal, journal_bytes
from broker.sqlite_survey import Survey, opened, survey
from broker.upkeep.manifest import (
    BLOBS_FOLDER,
    JOURNAL_FILE,
    NEEDED_FILES,
    OTHER_FILES,
    Manifest,
    blob_path,
)
from broker.upkeep.progress import Progress, stoppable
from broker.upkeep.restoring import STAGE_FOLDER
from broker.upkeep.verification import verify
from protocol import __version__
from protocol.errors import DamagedError, SetupError, ZviazokError
from protocol.folders import server_place
from protocol.words import WordParser

_LOST = frozenset({errno.ENOENT, errno.EIO})
"""A blob is not there, or its place on the disk cannot be read."""
_UNFINISHED = "unfinished"
_UNFINISHED_TEXT = b"This backup was not finished. It can be deleted.\n"
_LOCK_FILE = "backup.lock"
_DAMAGED = (
    "no backup was made, because the journal is damaged: {error}. "
    "What to do says: zviazok backup --help"
)


def main(argv: list[str] | None = None) -> int:
    """Make a backup; return the exit status."""
    parser = WordParser(
        prog="zviazok backup",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Copy a server's data (messages, pictures and files, keys, invite token) into "
        "a new folder,\nwhile the server runs or when it is stopped.",
        epilog="""\
The folder appears when the backup is whole and was read back. It holds the server's
secret keys: keep it where nobody else can read it. For a copy every night:

  zviazok backup "/backups/zviazok-$(date +%F)"

If the journal is damaged no backup is made, so that no bad copy takes the place of a good
one. Then: stop the server; copy its whole data folder elsewhere, as it is, because
something may still be read from it; see that the disk is sound; and bring the last good
backup back with: zviazok restore BACKUP. What is newer than that backup is lost then.""",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the server's data folder")
    parser.add_argument(
        "--incomplete",
        action="store_true",
        help="go on if pictures or files are missing or damaged on the server's disk",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the backup, not there yet")
    options = parser.parse_args(argv)
    try:
        folder = options.folder.expanduser().absolute()
        with stoppable():
            manifest = make_backup(server_place(options.data), folder, options.incomplete)
    except DamagedError as error:
        print(f"zviazok backup: {_DAMAGED.format(error=error)}", file=sys.stderr)
        return 1
    except ZviazokError as error:
        print(f"zviazok backup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("zviazok backup: stopped; there is no backup", file=sys.stderr)
        return 130
    print(f"{folder}: {manifest.describe()}", flush=True)
    return 0


def make_backup(data: Path, folder: Path, incomplete: bool = False) -> Manifest:
    """Copy the server's data into the new folder; return what it holds.

    Raises :class:`DamagedError` for a damaged journal, and :class:`SetupError` with what to do;
    nothing is left then.
    """
    _check_places(data, folder)
    busy = f"another backup of {data} is being made; wait for it"
    with DataLock(data / _LOCK_FILE, busy):
        part = folder.with_name(f"{folder.name}.part")
        _clear(part)
        try:
            make_folder(part / BLOBS_FOLDER)
            write_synced(part / _UNFINISHED, _UNFINISHED_TEXT)
            _check_room(data, part)
            manifest = _fill(data, part, incomplete)
            verify(part)
            (part / _UNFINISHED).unlink()
            sync_folder(part)
            if folder.exists():
                raise SetupError(f"{folder} is there by now; nothing is overwritten")
            os.rename(part, folder)
        except OSError as error:
            remove_tree(part)
            raise SetupError(
                f"no backup was made: {error.filename or folder}: {error.strerror}"
            ) from None
        except BaseException:
            remove_tree(part)
            raise
        sync_folder(folder.parent)
    return manifest


def _check_places(data: Path, folder: Path) -> None:
    if not (data / JOURNAL_FILE).is_file():
        raise SetupError(
            f"no server has run on {data}; name the server's data folder with --data DIR"
        )
    if (data / STAGE_FOLDER).exists():
        raise SetupError(
            f"a restore of {data} was begun and not finished: start the server, or run "
            "zviazok restore again, and make the backup then"
        )
    if folder.exists() or folder.is_symlink():
        raise SetupError(f"{folder} is there already; nothing is overwritten: name a new folder")
    if not folder.parent.is_dir():
        raise SetupError(f"there is no folder {folder.parent} to make the backup in")
    if folder.is_relative_to(data):
        raise SetupError(f"a backup inside of {data} would be lost with it; name another place")


def _clear(part: Path) -> None:
    """Remove what a backup that was killed has left; raise :class:`SetupError` for anything else.

    A folder that was only just made holds nothing yet, not even that it is unfinished.
    """
    if (part / _UNFINISHED).is_file():
        remove_tree(part)
    if part.is_dir() and all(one.name == BLOBS_FOLDER for one in part.iterdir()):
        remove_tree(part)
    if part.exists() or part.is_symlink():
        raise SetupError(f"{part} is in the way; move it elsewhere")


def _check_room(data: Path, part: Path) -> None:
    source = data / JOURNAL_FILE
    with opened(source) as db:
        blobs = survey(db).blobs
    check_room(part, journal_bytes(source) + sum(blobs.values()), "for the backup")


def _fill(data: Path, part: Path, incomplete: bool) -> Manifest:
    source, journal = data / JOURNAL_FILE, part / JOURNAL_FILE
    with Progress("copying the journal", journal_bytes(source)) as progress:
        made = datetime.now(UTC).astimezone()
        copy_journal(source, journal, progress.reach)
    with opened(journal, alone=True) as db:
        found = survey(db)
    missing = _copy_blobs(data, part, found)
    if missing and not incomplete:
        raise SetupError(
            f"{len(missing)} of {len(found.blobs)} pictures and files are missing or damaged on "
            f"the server's disk (the first: {missing[0]}), and no backup was made. To make one "
            "without them: zviazok backup --incomplete"
        )
    files = {JOURNAL_FILE: hash_file(journal), **_copy_files(data, part)}
    lost = set(missing)
    manifest = Manifest(
        made=made.isoformat(timespec="seconds"),
        program=__version__,
        sqlite=sqlite3.sqlite_version,
        schema=found.schema,
        epoch=found.epoch.hex(),
        term=found.term,
        events=found.events,
        people=len(found.people),
        devices=len(found.devices),
        blobs=len(found.blobs) - len(missing),
        blob_bytes=sum(size for one, size in found.blobs.items() if one.hex() not in lost),
        journal_bytes=journal.stat().st_size,
        heads={room.hex(): head for room, head in found.heads.items()},
        files=files,
        missing=missing,
    )
    manifest.write(part)
    return manifest


def _copy_blobs(data: Path, part: Path, found: Survey) -> list[str]:
    """Copy what the journal names; return what is not on the disk as it was posted."""
    missing: list[str] = []
    folders = {part, part / BLOBS_FOLDER}
    with Progress("copying pictures and files", sum(found.blobs.values())) as progress:
        for sha256 in sorted(found.blobs):
            source, target = blob_path(data, sha256), blob_path(part, sha256)
            target.parent.mkdir(mode=0o700, exist_ok=True)
            folders.add(target.parent)
            try:
                right = copy_synced(source, target, progress.add) == sha256.hex()
            except OSError as error:
                if error.errno not in _LOST:
                    raise
                right = False
            if not right:
                target.unlink(missing_ok=True)
                missing.append(sha256.hex())
    for folder in folders:
        sync_folder(folder)
    return missing


def _copy_files(data: Path, part: Path) -> dict[str, str]:
    hashes: dict[str, str] = {}
    for name in (*NEEDED_FILES, *OTHER_FILES):
        try:
            hashes[name] = copy_synced(data / name, part / name)
        except FileNotFoundError:
            if name in NEEDED_FILES:
                raise SetupError(
                    f"{data / name} is missing, and no backup was made: put the file back from an "
                    "earlier backup, or start the server once to get a new one"
                ) from None
    return hashes


if __name__ == "__main__":
    sys.exit(main())
