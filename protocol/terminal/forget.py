"""``zviazok forget``: which servers are known here by their keys, and how they are forgotten.

A link that names a known address with another key stops every program of ours. This word is the
only way on, so that nobody goes it by pressing a button that is in the way.
"""

import argparse
import sys
from pathlib import Path

from protocol.client.pins import Pins
from protocol.errors import SetupError
from protocol.folders import profiles_folder
from protocol.invite import DEFAULT_PORT, join_address, parse_address
from protocol.keys import fingerprint
from protocol.plain import one_line
from protocol.words import WordParser

EPILOG = """\
Forget an address only if you know why its server has another key now: its admin set it up
anew, or another server stands there. Ask them in person, and compare the fingerprint with
the one that /whoami shows them. What you know of the old server stays in a folder of its own."""


def main(argv: list[str] | None = None) -> int:
    """List what is known, or forget addresses; return the exit status."""
    parser = WordParser(
        prog="zviazok forget",
        description="List the servers that are known here by their keys, or forget some.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "addresses", metavar="HOST:PORT", nargs="*", help="forget these; without any: list all"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of your data")
    words = parser.parse_args(argv)
    try:
        pins = Pins(profiles_folder(words.data))
        if not words.addresses:
            for address, key in pins.known().items():
                print(one_line(f"{address}  {fingerprint(key)}"))
            return 0
        addresses = [join_address(*parse_address(one, DEFAULT_PORT)) for one in words.addresses]
        known = pins.known()
        for address in dict.fromkeys(addresses):
            if address not in known:
                raise SetupError(f"{address} is not known here; 'zviazok forget' lists what is")
        for address in dict.fromkeys(addresses):
            forgotten = pins.forget(address)
            if forgotten is not None:
                print(f"forgotten: {address}, whose key was {fingerprint(forgotten)}")
    except SetupError as error:
        print(f"zviazok forget: {one_line(str(error))}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
