"""``zviazok doctor``: looks at a server and says in one line each what is wrong and what to do.

Reads only, so that it may run beside a server. Main thread.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from broker.lock import LOCK_FILE, is_held, read_note
from broker.upkeep.findings import Finding, Level, bad, worst
from broker.upkeep.folder_checks import (
    check_folder,
    check_gateways,
    check_invites,
    check_keys,
    check_running,
    check_token,
)
from broker.upkeep.journal_checks import check_journal
from broker.upkeep.machine_checks import (
    check_disk,
    check_limits,
    check_memory,
    check_time,
    check_versions,
)
from broker.upkeep.port_checks import check_addresses, check_broker, check_link
from broker.upkeep.restoring import STAGE_FOLDER
from protocol.folders import server_place
from protocol.plain import one_line
from protocol.words import WordParser


def main(argv: list[str] | None = None) -> int:
    """Print what is found; return 1 if something is bad."""
    parser = WordParser(
        prog="zviazok doctor",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Check a server: its data folder, journal, disk, ports, keys, clock and "
        "versions.\nOne line each: ok, warn or BAD, and what to do. It changes nothing and may "
        "run beside the server.",
        epilog="The exit status is 1 if something is BAD, else 0. On a machine without a server, "
        "--link LINK\nchecks whether the server of an invite link can be reached from there.",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the server's data folder")
    parser.add_argument("--link", metavar="LINK", help="also check this invite link")
    parser.add_argument(
        "--full",
        action="store_true",
        help="read every block of the journal and every picture and file (takes its time)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON array, for programs")
    options = parser.parse_args(argv)
    data = server_place(options.data)
    findings: list[Finding] = []
    try:
        for one in _look(data, options.data is not None, options.link, options.full):
            findings.append(one)
            if not options.json:
                print(one_line(one.line()), flush=True)
    except KeyboardInterrupt:
        print("zviazok doctor: stopped", file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps([one.as_json() for one in findings], indent=1, ensure_ascii=False))
    return 1 if worst(findings) is Level.BAD else 0


def _look(data: Path, named: bool, link: str | None, full: bool) -> Iterator[Finding]:
    yield from check_versions()
    yield check_time()
    yield from check_memory()
    yield from check_limits()
    if data.is_dir():
        yield from _look_at_server(data, full)
    elif named or link is None:
        yield bad(
            "folder",
            f"there is no {data}",
            "name the server's data folder with --data DIR, or start a server: zviazok up",
        )
    if link is not None:
        yield from check_link(link, data if data.is_dir() else None)


def _look_at_server(data: Path, full: bool) -> Iterator[Finding]:
    try:
        yield from check_folder(data)
        yield from check_disk(data)
        yield check_running(data)
        yield from check_keys(data)
        yield check_token(data)
        yield check_invites(data)
        yield check_gateways(data)
        if (data / STAGE_FOLDER).exists():
            return  # said already, and the journal may be on its way
        yield from check_journal(data, full)
        running = is_held(data / LOCK_FILE)
        if running:
            yield from check_broker(read_note(data / LOCK_FILE))
        yield from check_addresses(data, running)
    except PermissionError as error:
        yield bad("folder", f"{error.filename} cannot be read", "run this as the server's user")


if __name__ == "__main__":
    sys.exit(main())
