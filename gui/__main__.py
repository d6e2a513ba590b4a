"""``zviazok gui [LINK] [--nick NAME] [--data DIR] [--theme light|dark]``: the window."""

import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from protocol.errors import LinkError, SetupError
from protocol.invite import LINK_VARIABLE, OWNER_VARIABLE, Invite
from protocol.minimums import check_client
from protocol.plain import LogFormatter, one_line
from protocol.secrecy import forbid_cores
from protocol.words import WordParser


def main(argv: Sequence[str] | None = None) -> int:
    """Show the window until it is closed; return the exit status.

    0: closed; 1: no display, no tkinter or no folder, said in one line; 2: wrong words.
    """
    forbid_cores()
    parser = WordParser(prog="zviazok gui", description="The chat's window.")
    link = os.environ.pop(LINK_VARIABLE, "")
    owner_link = os.environ.pop(OWNER_VARIABLE, "")
    parser.add_argument(
        "link",
        nargs="?",
        default=link,
        help=f"an invite link (zviazok://…), if {LINK_VARIABLE} does not hold it",
    )
    parser.add_argument("--nick", default="", help="your nickname; with a link: join at once")
    parser.add_argument("--data", type=Path, help="folder for profiles and a hosted server")
    parser.add_argument("--theme", choices=("light", "dark"), default="")
    words = parser.parse_args(argv)
    for one in filter(None, (words.link, link, owner_link)):
        try:
            Invite.parse(one)
        except LinkError as error:
            print(one_line(f"zviazok gui: {error}"), file=sys.stderr)
            return 2
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[handler])
    try:
        check_client()  # before anything is imported that an old library may break
        import tkinter as tk

        from gui.window import Window
    except ImportError as error:
        if error.name not in ("tkinter", "_tkinter"):
            raise
        print(
            "zviazok gui: Python has no tkinter here; install it (Debian: python3-tk)",
            file=sys.stderr,
        )
        return 1
    except SetupError as error:
        print(f"zviazok gui: {error}", file=sys.stderr)
        return 1
    try:
        window = Window(words.link, words.nick, words.data, words.theme)
        if link and owner_link:
            window.joining.own(link, owner_link)
    except SetupError as error:
        print(f"zviazok gui: {error}", file=sys.stderr)
        return 1
    except tk.TclError as error:
        print(f"zviazok gui: no window can be shown: {error}", file=sys.stderr)
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.bridge.call_from_signal(window.close))
    # Tk sleeps in C, where Python's handlers do not run: a byte on the bridge wakes it.
    signal.set_wakeup_fd(window.bridge.wake_fd, warn_on_full_buffer=False)
    try:
        window.run()
    finally:
        signal.set_wakeup_fd(-1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
