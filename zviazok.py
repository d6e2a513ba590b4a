"""The one command: reads the first word and calls the package that does the work.

Each word imports only what it needs, so that a server needs no Tk and a
terminal no Pillow window. The words' own modules read the rest of the line.
"""

import importlib
import os
import sys
from collections.abc import Callable
from typing import NamedTuple

from protocol import __version__
from protocol.errors import ZviazokError
from protocol.secrecy import forbid_cores, forbid_dumps


class Word(NamedTuple):
    """What a word runs: a module with ``main(argv) -> int``, and what it is for."""

    module: str
    about: str


WORDS = {
    "up": Word("broker.supervisor", "start a whole server on this machine, and a window"),
    "invite": Word("broker.invitations", "print the link with which people join"),
    "gui": Word("gui.__main__", "open the window of the chat"),
    "chat": Word("protocol.terminal.__main__", "chat in the terminal, or from a script (--json)"),
    "forget": Word("protocol.terminal.forget", "list the servers known by their keys; forget some"),
    "broker": Word("broker.__main__", "run a broker alone"),
    "gateway": Word("gateway.__main__", "run a gateway alone, here or on another machine"),
    "backup": Word("broker.upkeep.backup", "copy a server's data while it runs"),
    "restore": Word("broker.upkeep.restore", "bring a backup back; says what that does to clients"),
    "doctor": Word("broker.upkeep.doctor", "check a server, and say what is wrong and what to do"),
    "bench": Word(
        "tests.benchmarks.__main__", "measure fan-out, ingest, connections and the window"
    ),
}

EXIT_ERROR = 1
EXIT_WORDS = 2
EXIT_INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help(), end="")
        return 0 if words else EXIT_WORDS
    if words[0] == "--version":
        print(f"zviazok {__version__}")
        return 0
    word = WORDS.get(words[0])
    if word is None:
        known = ", ".join(WORDS)
        return _complain(f"unknown word {words[0]!r}; known are: {known}", EXIT_WORDS)
    if words[0] == "gui":
        forbid_cores()
    else:
        forbid_dumps()
    try:
        return _load(words[0], word)(words[1:])
    except ZviazokError as error:
        return _complain(str(error), EXIT_ERROR)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone; what is left must not complain at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR


def _load(name: str, word: Word) -> Callable[[list[str]], int]:
    try:
        module = importlib.import_module(word.module)
    except ModuleNotFoundError as error:
        if name == "bench" and (error.name or "").split(".")[0] == "tests":
            raise ZviazokError(
                "the benchmarks are in the tests folder of the source, which is not here; "
                "run this in a copy of the source"
            ) from None
        if error.name in ("tkinter", "_tkinter"):
            raise ZviazokError(
                "this Python has no tkinter, which the window needs "
                "(on Debian: apt install python3-tk); zviazok chat works without"
            ) from None
        raise
    run: Callable[[list[str]], int] = module.main
    return run


def _complain(text: str, status: int) -> int:
    print(f"zviazok: {text}", file=sys.stderr)
    return status


def _help() -> str:
    lines = [f"  {name:<9}{word.about}" for name, word in WORDS.items()]
    return "\n".join(
        [
            "usage: zviazok WORD …",
            "",
            "A group chat of your own: start it with 'zviazok up'.",
            "",
            *lines,
            "",
            "zviazok WORD --help says more about a word; zviazok --version names the version.",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
