"""What an invite token lets somebody do; where tokens are kept is the caller's.

Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass

from protocol.codes import Role


@dataclass(frozen=True, slots=True)
class Grant:
    """An invite token that is known and not revoked.

    ``id`` names a counted one in the journal; it is empty for the standing token of a server that
    is open. ``uses`` 0: any number. ``expires_ts`` in ms since 1970; 0: never.
    """

    id: str
    role: Role
    uses: int
    expires_ts: int
    first_owner: bool = False
    """It gives its role only while the server has no owner."""


FindGrant = Callable[[str], Grant | None]
"""Takes a token as it came; None: it is none, or was revoked, or the server is not open."""
