"""``zviazok restore``: a backup takes the place of a server's data, and one is told what follows.

Everything is checked, counted and said before anything changes; what was there is put aside.
How the files change places so that a kill does no harm says :mod:`broker.upkeep.restoring`.
Main thread.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from broker.durable import hash_file
from broker.invites import INVITES_FILE
from broker.lock import LOCK_FILE, DataLock
from broker.sqlite_survey import Survey, find_faults, opened, survey
from broker.upkeep.manifest import JOURNAL_FILE, Manifest, counted
from broker.upkeep.progress import stoppable
from broker.upkeep.restoring import ASIDE, Finished, finish, stage
from broker.upkeep.verification import verify
from protocol.errors import JournalError, SetupError, ZviazokError
from protocol.folders import server_folder
from protocol.plain import one_line
from protocol.words import WordParser


@dataclass(frozen=True, slots=True)
class Present:
    """What is in the data folder now."""

    survey: Survey | None
    """None: there is no journal, or it cannot be read."""
    fault: str = ""
    """Why it cannot be read."""


def main(argv: list[str] | None = None) -> int:
    """Restore a backup; return the exit status."""
    parser = WordParser(
        prog="zviazok restore",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Bring a backup back, made by zviazok backup. The server must be stopped.\n"
        "It says first what will happen to messages and clients, and asks.",
        epilog=f"""\
What is in the data folder now is put aside in {ASIDE}-DATE there; nothing is deleted.
To move a server to another machine, restore its backup there into a folder of its own.
If this program is killed in the middle, either nothing has changed, or the next start of
the server (or of zviazok restore) finishes it.

To go back to what was put aside, or to a copy of a data folder that was made by hand,
make a backup of it, and restore that:

  zviazok backup --incomplete --data DIR/{ASIDE}-DATE FOLDER
  zviazok restore --data DIR FOLDER

(--incomplete because pictures and files are not put aside: they stay where they are.)""",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the server's data folder")
    parser.add_argument("--yes", action="store_true", help="do not ask (for scripts)")
    parser.add_argument("backup", type=Path, metavar="BACKUP", help="the folder of the backup")
    options = parser.parse_args(argv)
    try:
        with stoppable():
            return _restore(options.data, options.backup.expanduser().absolute(), options.yes)
    except ZviazokError as error:
        print(one_line(f"zviazok restore: {error}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nzviazok restore: stopped. Nothing has changed, or the next start of the server "
            "finishes it",
            file=sys.stderr,
        )
        return 130


def _restore(folder: Path | None, backup: Path, sure: bool) -> int:
    # Before anything is made: a wrong word must leave no empty data folder.
    Manifest.read(backup)
    data = server_folder(folder)
    busy = f"the server on {data} is running: stop it first (Ctrl+C where it runs)"
    with DataLock(data / LOCK_FILE, busy):
        earlier = finish(data)
        if earlier is not None:
            print(f"An earlier restore had not been finished; it is now.{_aside(earlier)}")
        manifest, found = verify(backup)
        print(f"{backup}: {manifest.describe()}. It is sound.")
        present = look(data)
        for line in consequences(present, found, _changed_files(data, manifest)):
            print(one_line(line))
        if not sure and not _asked():
            return 1
        least_term = 1 + max(found.term, present.survey.term if present.survey else 0)
        epoch = stage(data, backup, manifest, found.blobs, least_term)
        done = finish(data)
    print(f"Restored into {data}, under the new epoch {epoch.hex()[:8]}.{_aside(done)}")
    print("Start the server as before.")
    return 0


def look(data: Path) -> Present:
    """See what is in the data folder now, however damaged it is."""
    path = data / JOURNAL_FILE
    if not path.exists():
        return Present(None)
    try:
        with opened(path) as db:
            faults = find_faults(db, full=False, tell=lambda: None)
            if faults:
                return Present(None, faults[0])
            return Present(survey(db))
    except (JournalError, SetupError) as error:
        return Present(None, str(error))


def consequences(present: Present, found: Survey, changed: set[str]) -> Iterator[str]:
    """Say what a restore does to messages, people and clients, a line each."""
    now = present.survey
    if present.fault:
        yield f"- The journal there now cannot be read ({present.fault})."
        yield "  What is newer than the backup cannot be counted; it will be missing."
    elif now is None:
        yield "- There is no journal there now."
    elif now.epoch != found.epoch:
        yield (
            "- The journal there now is another history. Its "
            f"{counted(now.events, 'message')} will be missing, except what the backup has too."
        )
    else:
        yield from _compared(now, found)
    yield (
        "- Every client drops its copy of the rooms and reads them again from the server, under "
        "a new epoch: what is missing here goes there too."
    )
    yield "- What waits in the outboxes of clients is sent again; nothing comes twice."
    if {"frontend.key", "invite.token"} & changed:
        yield "- The invite link becomes that of the backup; links of now are worth nothing."
    if INVITES_FILE in changed:
        yield (
            "- Counted links, and whether the server is open without one, become as the backup "
            "has them: what was revoked since then holds again. See: zviazok invite --list"
        )
    if "gateways" in changed:
        yield "- Gateways on other machines are let in as the backup lists them."


def _compared(now: Survey, found: Survey) -> Iterator[str]:
    newer = sum(max(0, head - found.heads.get(room, 0)) for room, head in now.heads.items())
    if newer:
        rooms = sum(1 for room, head in now.heads.items() if head > found.heads.get(room, 0))
        yield (
            f"- {counted(newer, 'message')} in {counted(rooms, 'room')} "
            f"{'is' if newer == 1 else 'are'} newer than the backup and will be missing."
        )
    else:
        yield "- Nothing was said since the backup; no message will be missing."
    again = len((now.banned - found.banned) & found.people)
    if again:
        yield (
            f"- {counted(again, 'person', 'people')} who {'is' if again == 1 else 'are'} banned "
            "now may come in again: ban them again."
        )
    if now.acts > found.acts:
        yield (
            f"- {counted(now.acts - found.acts, 'act')} of those in charge will be undone and "
            "missing in the audit log: roles, bans and mutes of the server become those of then."
        )
    people, devices = len(now.people - found.people), len(now.devices - found.devices)
    if people or devices:
        yield (
            f"- People who joined since ({people}) and devices that were added since ({devices}) "
            "must join again with the invite link."
        )


def _changed_files(data: Path, manifest: Manifest) -> set[str]:
    """Return which files are there now and are not those of the backup."""
    changed: set[str] = set()
    for name, sha256 in manifest.files.items():
        try:
            if hash_file(data / name) != sha256:
                changed.add(name)
        except OSError:
            continue
    return changed


def _asked() -> bool:
    if not sys.stdin.isatty():
        print(
            "zviazok restore: nothing was changed, because there is nobody to ask; "
            "to restore without a question: --yes",
            file=sys.stderr,
        )
        return False
    try:
        answer = input("Restore it? Type yes: ")
    except EOFError:
        answer = ""
    if answer.strip().lower() == "yes":
        return True
    print("Nothing was changed.")
    return False


def _aside(done: Finished | None) -> str:
    return f" What was there is in {done.aside}." if done is not None and done.aside else ""


if __name__ == "__main__":
    sys.exit(main())
