"""How the command line is read: argparse, with one line and exit status 2 for a wrong word.

No state; main thread.
"""

import argparse
import sys
from typing import NoReturn


class WordParser(argparse.ArgumentParser):
    """An argument parser that does not bury its complaint under the usage."""

    def error(self, message: str) -> NoReturn:
        """Print one line that names the help, and exit with status 2."""
        print(f"{self.prog}: {message} (see: {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)
