"""``python -m tests.faults.checker FOLDER``."""

import sys

from tests.faults.checker.check import main

if __name__ == "__main__":
    sys.exit(main())
