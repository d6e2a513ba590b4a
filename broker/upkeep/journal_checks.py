"""The doctor's look at the journal and the blobs. Reads only; main thread."""

import time
from collections.abc import Iterator
from pathlib import Path

from broker.durable import megabytes
from broker.sqlite_schema import SCHEMA_VERSION
from broker.sqlite_survey import Survey, find_faults, opened, survey
from broker.upkeep.findings import Finding, bad, ok, warn
from broker.upkeep.manifest import JOURNAL_FILE, blob_path, counted
from broker.upkeep.progress import Progress
from broker.upkeep.verification import blob_fault
from protocol.errors import DamagedError, JournalError, SetupError

_WAL_WARN_BYTES = 512 * 1024 * 1024
_CLOCK_BACK_MS = 60_000
_RESTORE = (
    "stop the server, copy its whole data folder elsewhere as it is, see that the disk is sound, "
    "and bring the last backup back with: zviazok restore BACKUP"
)


def check_journal(data: Path, full: bool) -> Iterator[Finding]:
    """Look at the journal; ``full`` reads every byte of it and of the blobs."""
    path = data / JOURNAL_FILE
    if not path.exists():
        yield bad(
            "journal",
            f"there is none in {data}",
            "name the server's data folder with --data DIR, or start a server: zviazok up",
        )
        return
    try:
        with opened(path) as db, Progress("checking the journal", 0) as progress:
            found = survey(db)
            faults = find_faults(db, full, progress.show)
    except DamagedError as error:
        yield bad("journal", str(error).partition(";")[0], _RESTORE)
        return
    except (JournalError, SetupError) as error:
        yield bad("journal", str(error).partition(";")[0], "look at the disk and the permissions")
        return
    if faults:
        yield bad("journal", f"it is damaged ({'; '.join(faults[:3])})", _RESTORE)
    else:
        how = "every block read" if full else "pages only; --full reads every block"
        yield ok(
            "journal",
            f"{counted(found.events, 'message')}, {counted(len(found.heads), 'room')}, "
            f"{counted(len(found.people), 'person', 'people')}, epoch {found.epoch.hex()[:8]}, "
            f"term {found.term} ({how})",
        )
    yield _order(found)
    yield _check_schema(found)
    yield _check_wal(path)
    yield _check_clock(found)
    yield from _check_blobs(data, found, full)


def _order(found: Survey) -> Finding:
    if not found.owners:
        return ok("order", "the server has no owner; to make one: zviazok invite --role owner")
    return ok(
        "order",
        f"{counted(found.in_charge, 'person', 'people')} in charge "
        f"({counted(found.owners, 'owner')}), {len(found.banned):,} banned, "
        f"{counted(found.acts, 'act')} in the audit log",
    )


def _check_schema(found: Survey) -> Finding:
    if found.schema > SCHEMA_VERSION:
        return bad(
            "schema",
            f"the journal has version {found.schema} and this program knows {SCHEMA_VERSION}",
            "use the version of Zviazok that made it",
        )
    if found.schema < SCHEMA_VERSION:
        return ok(
            "schema",
            f"version {found.schema}; the next start makes a copy and brings it to "
            f"{SCHEMA_VERSION}",
        )
    return ok("schema", f"version {found.schema}")


def _check_wal(path: Path) -> Finding:
    try:
        size = path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        size = 0
    if size > _WAL_WARN_BYTES:
        return warn(
            "wal",
            f"it has {megabytes(size)}: something read for so long that it could not be emptied",
            "if it goes on growing, end programs that look into the journal; a restart of the "
            "server gives the room back",
        )
    return ok("wal", megabytes(size))


def _check_clock(found: Survey) -> Finding:
    ahead_ms = found.newest_ts - time.time_ns() // 1_000_000
    if ahead_ms > _CLOCK_BACK_MS:
        return warn(
            "clock",
            f"it is {ahead_ms / 60_000:,.0f} minutes before the newest message",
            "set it (timedatectl set-ntp true): times never go back in a room, so until then new "
            "messages carry the time of that one",
        )
    return ok("clock", "not before the newest message")


def _check_blobs(data: Path, found: Survey, full: bool) -> Iterator[Finding]:
    wrong: list[str] = []
    total = sum(found.blobs.values())
    with Progress("checking pictures and files", total) as progress:
        for sha256, size in found.blobs.items():
            path = blob_path(data, sha256)
            try:
                if full:
                    right = not blob_fault(path, sha256, size, progress)
                else:
                    right = path.stat().st_size == size
            except OSError:
                right = False
            if not right:
                wrong.append(sha256.hex())
    if wrong:
        yield bad(
            "blobs",
            f"{len(wrong)} of {len(found.blobs)} pictures and files are missing or damaged "
            f"(the first: {wrong[0]})",
            "put them back from a backup's folder blobs, to the same place; names are SHA-256",
        )
    else:
        how = "every byte read" if full else "sizes only"
        yield ok("blobs", f"{len(found.blobs):,} pictures and files, {megabytes(total)} ({how})")
