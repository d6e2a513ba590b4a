"""With what somebody comes in: invites, whose uses are counted, and device links.

What an invite allows is looked up by the caller (:class:`broker.grants.Grant`); here is how often
it was used, and by whom if it gives a role. Every change is also written into the batch of the
drain. Pure. Owned by the broker's main thread.
"""

import hashlib
from typing import TYPE_CHECKING

from broker.grants import Grant
from broker.journal import Batch, Contents, TokenRow
from protocol.codes import ErrorCode, Role
from protocol.errors import WireError
from protocol.invite import DEVICE_PREFIX
from protocol.limits import DEVICES_PER_PERSON_MAX, LINK_TOKEN_MS, LINK_TOKENS_MAX

if TYPE_CHECKING:
    from broker.directory import Person, Random


class Admission:
    """The uses of invites, and the device links that are open."""

    def __init__(self, contents: Contents, random: "Random") -> None:
        """Take what the journal holds; ``random(n)`` gives n random bytes."""
        self._random = random
        self._uses = dict(contents.invite_uses)
        self._links = {row.digest: row for row in contents.tokens}

    # --- invites ----------------------------------------------------------------------

    def need_valid(self, grant: Grant, now_ms: int) -> None:
        """Raise :class:`WireError` if the invite is used up or too old."""
        if (grant.expires_ts and grant.expires_ts <= now_ms) or (
            grant.uses and self._uses.get(grant.id, 0) >= grant.uses
        ):
            text = "this invite link is not valid any more"
            raise WireError(ErrorCode.TOKEN, "token", text)

    def use(self, grant: Grant, person: "Person", batch: Batch) -> None:
        """Count that the person used the invite."""
        if not grant.id:
            return
        names = [grant.id]
        if grant.role > Role.MEMBER:
            names.append(_use_of(grant, person))
        for name in names:
            batch.invite_uses[name] = self._uses[name] = self._uses.get(name, 0) + 1

    def used(self, grant: Grant, person: "Person") -> bool:
        """Whether the person had a role by this invite: it gives one no second time.

        Programs say the token of their link at every HELLO, also after an owner took the role.
        """
        return _use_of(grant, person) in self._uses

    # --- device links -----------------------------------------------------------------

    def link_token(self, person: "Person", now_ms: int, batch: Batch) -> str:
        """Make a token with which one more device becomes this person."""
        _need_device(person)
        mine = [one for one in self._links.values() if one.person_no == person.no]
        for row in mine:
            if row.expires_ts <= now_ms or len(mine) >= LINK_TOKENS_MAX:
                del self._links[row.digest]
                batch.used_tokens.append(row.digest)
                mine = [one for one in mine if one is not row]
        token = DEVICE_PREFIX + self._random(16).hex()
        row = TokenRow(_digest(token), person.no, now_ms + LINK_TOKEN_MS)
        self._links[row.digest] = row
        batch.tokens.append(row)
        return token

    def end_links(self, person: "Person", batch: Batch) -> None:
        """End the device links of somebody: who has lost a device may have lost one with it."""
        for row in [one for one in self._links.values() if one.person_no == person.no]:
            del self._links[row.digest]
            batch.used_tokens.append(row.digest)

    def use_link(
        self, token: str, people: "dict[int, Person]", now_ms: int, batch: Batch
    ) -> "Person":
        """Use a device link up; return whose device it makes. ``people`` are by number."""
        row = self._links.pop(_digest(token), None)
        if row is not None:
            batch.used_tokens.append(row.digest)
        if row is None or row.expires_ts <= now_ms:
            raise WireError(ErrorCode.TOKEN, "token", "this device link is used up or too old")
        person = people[row.person_no]
        if person.banned:
            raise WireError(ErrorCode.BANNED, "token", "you are banned from this server")
        _need_device(person)
        return person


def _use_of(grant: Grant, person: "Person") -> str:
    """Name in the journal, beside the invite's own, that somebody had a role by it."""
    return f"{grant.id}:{person.person.hex()}"


def _need_device(person: "Person") -> None:
    if len(person.devices) >= DEVICES_PER_PERSON_MAX:
        raise WireError(ErrorCode.TOO_MANY, "", "you have as many devices as one may have")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
