"""The bulk session: pictures over a second connection, so that none delays a word.

It is wanted while there is a transfer, and lets go of its connection a while after
the last. Transfers take turns: one upload and one download at a time. A fault of a
single picture ends that one; silence or a lost session begins all anew. Pure: time
and randomness are passed in. Owned by the client's network thread.
"""

import logging
from dataclasses import dataclass, field
from random import Random
from typing import Final

from protocol.client.happenings import Failed, Progress
from protocol.client.messages import reason
from protocol.client.outcome import Drop, Outcome
from protocol.client.requests import CANCELLED
from protocol.client.transfer import Transfer
from protocol.codes import ErrorCode, Purpose
from protocol.errors import WireError
from protocol.frames import (
    AnyFrame,
    BlobData,
    BlobHave,
    Bye,
    Error,
    Hello,
    Ping,
    Welcome,
    decode,
)
from protocol.limits import BUSY_RETRY_MS, FAULTS_MAX, HELLO_TIMEOUT_MS

log = logging.getLogger("client")

IDLE_MS: Final = 60_000
"""The connection is kept for another picture for this long."""
SILENCE_MS: Final = 10_000
"""No progress for this long: the connection is dead, or an answer was lost."""

_LATER = frozenset({ErrorCode.BUSY, ErrorCode.UNAVAILABLE})


@dataclass(slots=True)
class Job:
    """A transfer with those who wait for it."""

    transfer: Transfer
    requests: list[int]
    hold_ms: int = 0
    moved_ms: int = 0
    tries: int = 0


@dataclass(slots=True)
class BulkOutcome(Outcome):
    """What follows; besides frames and happenings, the transfers that moved or ended well."""

    moved: list[Job] = field(default_factory=list)
    ended: list[Job] = field(default_factory=list)
    failed: list[Job] = field(default_factory=list)


class BulkSession:
    """All transfers of a client and the connection that they share."""

    def __init__(self, agent: str, nick: str, token: str | None, random: Random) -> None:
        """Say HELLO with these."""
        self._hello = Hello(agent, nick, token, int(Purpose.BULK))
        self._random = random
        self.jobs: list[Job] = []
        self.out = BulkOutcome()
        self.connected_now = False
        self._greeted = False
        self._number = 0
        self._faults = 0
        self._hello_by_ms = 0
        self._ping_ms = 0
        self._ping_at_ms = 0
        self._used_ms = 0

    def wanted(self, now_ms: int) -> bool:
        """Whether a connection should stand."""
        return bool(self.jobs) or (self.connected_now and now_ms - self._used_ms < IDLE_MS)

    def add(self, request: int, transfer: Transfer) -> None:
        """Begin a transfer; the same picture is not fetched twice at once."""
        for job in self.jobs:
            if job.transfer.up == transfer.up and job.transfer.sha256 == transfer.sha256:
                job.requests.append(request)
                return
        self.jobs.append(Job(transfer, [request]))

    def forget(self, job: Job) -> None:
        """Drop a transfer, if it is still here."""
        if job in self.jobs:
            self.jobs.remove(job)

    def cancel(self, request: int) -> bool:
        """End a request; its transfer too if nobody else waits for it. False: not here."""
        for job in self.jobs:
            if request in job.requests:
                job.requests.remove(request)
                self.out.told.append(Failed(request, 0, CANCELLED))
                if not job.requests:
                    self.jobs.remove(job)
                return True
        return False

    # --- the connection ------------------------------------------------------------------------

    def connected(self, now_ms: int) -> None:
        """The transport stands: say HELLO."""
        self.connected_now = True
        self._faults = 0
        self._used_ms = now_ms
        self._greet(now_ms)

    def disconnected(self) -> None:
        """The transport is gone; the transfers wait for the next."""
        self.connected_now = self._greeted = False

    def received(self, data: bytes, now_ms: int) -> None:
        """Take a frame of the server."""
        if not self.connected_now:
            return
        try:
            self._take(decode(data), now_ms)
        except WireError as error:
            self._faults += 1
            log.warning("faulty_frame code=%s count=%d", error.code.name, self._faults)
            if self._faults > FAULTS_MAX:
                self.out.end(Drop("the server sends frames that cannot be read"))

    def tick(self, now_ms: int) -> None:
        """Look at the time and send what is due; call it after every drain."""
        if not self.connected_now:
            return
        if not self._greeted:
            if now_ms >= self._hello_by_ms:
                self.out.end(Drop("the server did not answer the greeting"))
            return
        if self.jobs:
            self._used_ms = now_ms
        if now_ms >= self._ping_at_ms:
            self._ping_at_ms = now_ms + int(self._ping_ms * self._random.uniform(0.8, 1.2))
            self.out.send(Ping(self._random.getrandbits(32)))
        for job in self._at_work():
            if now_ms < job.hold_ms:
                continue
            if job.moved_ms and now_ms - job.moved_ms >= SILENCE_MS:
                self.out.end(Drop("the server does not answer any more"))
                return
            while (frame := job.transfer.due(self._next_number())) is not None:
                job.moved_ms = job.moved_ms or now_ms
                self.out.send(frame)

    def wake_ms(self, now_ms: int) -> int:
        """Return when ``tick`` should be called though nothing came in."""
        if not self.connected_now:
            return now_ms + 60_000
        if not self._greeted:
            return self._hello_by_ms
        times = [self._ping_at_ms, self._used_ms + IDLE_MS]
        times += [
            job.hold_ms if job.hold_ms > now_ms else (job.moved_ms or now_ms) + SILENCE_MS
            for job in self._at_work()
        ]
        return min(times)

    def take(self) -> BulkOutcome:
        """Return and forget what follows from everything since the last time."""
        out, self.out = self.out, BulkOutcome()
        return out

    def _greet(self, now_ms: int) -> None:
        self._greeted = False
        self._hello_by_ms = now_ms + HELLO_TIMEOUT_MS
        self.out.send(self._hello)

    def _at_work(self) -> list[Job]:
        first_up = next((job for job in self.jobs if job.transfer.up), None)
        first_down = next((job for job in self.jobs if not job.transfer.up), None)
        return [job for job in (first_up, first_down) if job is not None]

    def _next_number(self) -> int:
        self._number = self._number % (2**32 - 1) + 1
        return self._number

    # --- frames --------------------------------------------------------------------------------

    def _take(self, frame: AnyFrame, now_ms: int) -> None:
        if isinstance(frame, Welcome):
            self._greeted = True
            self._ping_ms = frame.ping_ms
            self._ping_at_ms = now_ms + frame.ping_ms
            for job in self.jobs:
                job.transfer.begin()
                job.moved_ms = job.hold_ms = 0
        elif isinstance(frame, Bye):
            self.out.end(Drop(reason(frame.code, "", frame.text), frame.retry_ms))
        elif isinstance(frame, Error):
            self._error(frame, now_ms)
        elif isinstance(frame, BlobHave | BlobData):
            self._answer(frame, now_ms)

    def _of(self, number: int) -> Job | None:
        return next((job for job in self.jobs if job.transfer.knows(number)), None)

    def _answer(self, frame: BlobHave | BlobData, now_ms: int) -> None:
        job = self._of(frame.request)
        if job is None:
            return  # it was cancelled, or begun again under another number
        try:
            forward = job.transfer.take(frame)
        except WireError as error:
            self._fail(job, int(error.code), str(error.text))
            raise
        if forward:
            job.moved_ms = now_ms
            job.tries = 0
            self.out.moved.append(job)
            for request in job.requests:
                done, size = job.transfer.done, job.transfer.size
                self.out.told.append(Progress(request, done, size, job.transfer.up))
        if job.transfer.finished:
            self.jobs.remove(job)
            self.out.ended.append(job)

    def _error(self, frame: Error, now_ms: int) -> None:
        job = self._of(frame.request) if frame.request else None
        if frame.code == ErrorCode.NO_SESSION and self._greeted:
            self._greet(now_ms)
        elif not self._greeted:
            self.out.end(Drop(reason(frame.code, frame.field, frame.text)))
        elif job is None:
            log.info("error code=%d kind=%d", frame.code, frame.kind)
        elif frame.code in _LATER:
            job.tries += 1
            job.transfer.begin()
            wait_ms = min(BUSY_RETRY_MS * 2**job.tries, 10_000)
            job.hold_ms = now_ms + int(wait_ms * self._random.uniform(0.5, 1.5))
            job.moved_ms = 0
        else:
            self._fail(job, frame.code, reason(frame.code, frame.field, frame.text))

    def _fail(self, job: Job, code: int, text: str) -> None:
        self.jobs.remove(job)
        self.out.failed.append(job)
        for request in job.requests:
            self.out.told.append(Failed(request, code, text))
