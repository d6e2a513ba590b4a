"""How the command line is read: argparse, with one line and exit status 2 for a wrong word.

No state; main thread.
"""

import argparse
import sys
from typing import NoReturn

from protocol.plain import one_line


class WordParser(argparse.ArgumentParser):
    """An argument parser that does not bury its complaint under the usage."""

    def error(self, message: str) -> NoReturn:
        """Print one line that names the help, and exit with status 2."""
        # The message may quote what somebody else gave, such as a link.
        print(one_line(f"{self.prog}: {message} (see: {self.prog} --help)"), file=sys.stderr)
        raise SystemExit(2)
