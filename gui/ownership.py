"""Says which thread owns Tk, and refuses the others.

Tk must be touched from one thread alone; elsewhere it fails late and far away.
The check is an ``assert``: it costs nothing under ``python -O``.
"""

import threading

_owner: list[int] = []


def claim() -> None:
    """Make the calling thread the owner of Tk."""
    _owner[:] = [threading.get_ident()]


def in_tk_thread() -> bool:
    """Whether the caller may touch Tk; True before anybody claimed it."""
    return not _owner or _owner[0] == threading.get_ident()
