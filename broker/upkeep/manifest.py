"""What a backup holds: the list that lies in it, and the names of what belongs into one.

A backup is a folder that looks like a server's data folder, with ``manifest.json`` beside it all::

    manifest.json                     this list
    journal.sqlite3                   the journal as of one moment, one file without a WAL
    blobs/ab/ab3f…                    what was posted until then; the name is the SHA-256
    frontend.key broker.key gateway.key invite.token invites.json gateways addresses.json

Pure, except for reading and writing the one file.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from broker.durable import megabytes, write_synced
from broker.invites import INVITES_FILE
from broker.sqlite_survey import Survey
from protocol.errors import SetupError
from protocol.limits import U63_MAX

MANIFEST_FILE = "manifest.json"
JOURNAL_FILE = "journal.sqlite3"
BLOBS_FOLDER = "blobs"
NEEDED_FILES = ("frontend.key", "broker.key", "invite.token")
"""The journal is worth little without: clients and gateways know the server by them."""
OTHER_FILES = ("gateway.key", "gateways", "addresses.json", INVITES_FILE)
"""These may be missing, where no gateway ever ran on this machine, or no invite was counted."""

_FORMAT = 2
"""1: until there were counted invites; such a backup is read all the same."""
_MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """The list; ``files`` are all files but the blobs: name → SHA-256 in hex."""

    made: str
    """When the copy of the journal was made, in ISO 8601 with the offset from UTC."""
    program: str
    sqlite: str
    schema: int
    epoch: str
    term: int
    events: int
    people: int
    devices: int
    blobs: int
    blob_bytes: int
    journal_bytes: int
    heads: dict[str, int]
    """Room in hex → its head."""
    files: dict[str, str]
    missing: list[str] = field(default_factory=list)
    """Blobs that the journal names and that were missing or damaged on the server's disk."""
    format: int = _FORMAT

    def describe(self) -> str:
        """Say in one line what the backup holds."""
        when = datetime.fromisoformat(self.made).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        size = megabytes(self.journal_bytes + self.blob_bytes)
        lacking = f" ({len(self.missing)} more are missing)" if self.missing else ""
        return (
            f"{counted(self.events, 'message')} in {counted(len(self.heads), 'room')} of "
            f"{counted(self.people, 'person', 'people')}, {counted(self.blobs, 'file')}{lacking}, "
            f"{size}, epoch {self.epoch[:8]}, term {self.term}, as of {when}"
        )

    def write(self, folder: Path) -> None:
        """Put the list into the backup, synced; raise ``OSError``."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        write_synced(folder / MANIFEST_FILE, text.encode() + b"\n")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the list of a backup; raise :class:`SetupError` if the folder is none."""
        path = folder / MANIFEST_FILE
        try:
            with path.open("rb") as file:
                value: Any = json.loads(file.read(_MAX_BYTES))
        except FileNotFoundError:
            if (folder / JOURNAL_FILE).is_file():
                raise SetupError(
                    f"{folder} is a server's data, but not a backup: it has no {MANIFEST_FILE}. "
                    f"Make one of it: zviazok backup --data '{folder}' FOLDER; and restore that"
                ) from None
            raise SetupError(
                f"{folder} is not a backup: it has no {MANIFEST_FILE}; "
                "backups are made with: zviazok backup"
            ) from None
        except OSError as error:
            raise SetupError(f"{path} cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError):
            raise SetupError(f"{path} is damaged; use another backup") from None
        if isinstance(value, dict) and isinstance(value.get("format"), int):
            if value["format"] > _FORMAT:
                raise SetupError(
                    f"{folder} was made by a newer version of Zviazok; use that version"
                )
            known = {one: value[one] for one in cls.__dataclass_fields__ if one in value}
            try:
                manifest = cls(**known)
                manifest._check()
                return manifest
            except (TypeError, ValueError, OverflowError):
                pass
        raise SetupError(f"{path} is damaged; use another backup")

    def _check(self) -> None:
        """Raise ``ValueError``, ``TypeError`` or ``OverflowError`` for what cannot be right."""
        for one, kind in ((self.heads, dict), (self.files, dict), (self.missing, list)):
            if type(one) is not kind:
                raise TypeError("this is a list or a table")
        if type(self.program) is not str or type(self.sqlite) is not str:
            raise TypeError("a version is a text")
        datetime.fromisoformat(self.made).astimezone()
        if len(bytes.fromhex(self.epoch)) != 16:
            raise ValueError("an epoch has 16 bytes")
        for room, head in self.heads.items():
            bytes.fromhex(room)
            if type(head) is not int:
                raise TypeError("a head is a number")
        names = {JOURNAL_FILE, *NEEDED_FILES, *OTHER_FILES}
        if not {JOURNAL_FILE, *NEEDED_FILES} <= self.files.keys() <= names:
            raise ValueError("these are not the files of a backup")
        for sha256 in [*self.files.values(), *self.missing]:
            if len(bytes.fromhex(sha256)) != 32:
                raise ValueError("a SHA-256 has 32 bytes")
        counts = (self.schema, self.term, self.events, self.people, self.devices, self.blobs)
        for number in (*counts, self.blob_bytes, self.journal_bytes):
            if type(number) is not int or not 0 <= number <= U63_MAX:
                raise TypeError("this is a number")

    def agrees(self, survey: Survey) -> bool:
        """Whether a journal is the one that the list speaks of."""
        return (
            (self.schema, self.epoch, self.term) == (survey.schema, survey.epoch.hex(), survey.term)
        ) and self.heads == {room.hex(): head for room, head in survey.heads.items()}


def blob_path(folder: Path, sha256: bytes) -> Path:
    """Return where a blob lies in a data folder or a backup; see :mod:`broker.blobs`."""
    name = sha256.hex()
    return folder / BLOBS_FOLDER / name[:2] / name


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
