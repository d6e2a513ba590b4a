"""Whether a backup is sound: every byte is read and compared with what it must be.

Reads only; main thread.
"""

from pathlib import Path

from broker.durable import hash_file
from broker.sqlite_schema import SCHEMA_VERSION
from broker.sqlite_survey import Survey, find_faults, opened, survey
from broker.upkeep.manifest import JOURNAL_FILE, Manifest, blob_path
from broker.upkeep.progress import Progress
from protocol.errors import DamagedError, SetupError


def verify(folder: Path) -> tuple[Manifest, Survey]:
    """Read a backup whole; return its list and what its journal holds.

    Raises :class:`DamagedError` with the first thing that is wrong, and :class:`SetupError`
    for what is no backup or cannot be read.
    """
    manifest = Manifest.read(folder)
    if manifest.schema > SCHEMA_VERSION:
        raise SetupError(
            f"the journal in {folder} has schema version {manifest.schema} and this program "
            f"knows {SCHEMA_VERSION}; use the version of Zviazok that made the backup"
        )
    try:
        _verify_files(folder, manifest)
        found = _verify_journal(folder, manifest)
        _verify_blobs(folder, manifest, found)
    except OSError as error:
        raise SetupError(f"the backup {folder} cannot be read: {error.strerror}") from None
    return manifest, found


def _verify_files(folder: Path, manifest: Manifest) -> None:
    with Progress("checking the backup's files", manifest.journal_bytes) as progress:
        for name, sha256 in manifest.files.items():
            path = folder / name
            if not path.is_file():
                raise DamagedError(f"the backup {folder} is damaged: {name} is missing")
            if hash_file(path, progress.add) != sha256:
                raise DamagedError(
                    f"the backup {folder} is damaged: {name} is not what was written"
                )


def _verify_journal(folder: Path, manifest: Manifest) -> Survey:
    path = folder / JOURNAL_FILE
    with opened(path, alone=True) as db, Progress("checking the backup's journal", 0) as progress:
        found = survey(db)
        faults = find_faults(db, full=True, tell=progress.show)
    if faults:
        raise DamagedError(f"the journal in {folder} is damaged: {'; '.join(faults[:3])}")
    if not manifest.agrees(found):
        raise DamagedError(f"the backup {folder} is damaged: its list is not that of its journal")
    return found


def _verify_blobs(folder: Path, manifest: Manifest, found: Survey) -> None:
    missing = set(manifest.missing)
    total = sum(found.blobs.values())
    with Progress("checking the backup's pictures and files", total) as progress:
        for sha256, size in found.blobs.items():
            if sha256.hex() in missing:
                continue
            fault = blob_fault(blob_path(folder, sha256), sha256, size, progress)
            if fault:
                raise DamagedError(f"the backup {folder} is damaged: blob {sha256.hex()} {fault}")


def blob_fault(path: Path, sha256: bytes, size: int, progress: Progress) -> str:
    """Return what is wrong with a blob; empty: nothing. Raises ``OSError`` if it is unreadable."""
    if not path.is_file():
        return "is missing"
    if path.stat().st_size != size or hash_file(path, progress.add) != sha256.hex():
        return "is not what was written"
    return ""
