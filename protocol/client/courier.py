"""Carries pictures and files: the bulk session's connection, the gallery, and who waits.

It connects only while there is something to carry and the connection to talk stands,
to the same gateway. Owned by the client's network thread, in whose loop it takes its turn.
"""

import contextlib
import logging
from collections.abc import Callable, Iterable
from random import Random

from protocol.client.bulk import BulkSession, Job
from protocol.client.gallery import Gallery
from protocol.client.happenings import Failed, Fetched, Happening, Progress
from protocol.client.link import Link, LinkDown
from protocol.client.outcome import Answer, Drop, Touched
from protocol.client.parcels import Parcel, Parcels
from protocol.client.resending import Resent
from protocol.client.transfer import Download, Upload
from protocol.codes import ErrorCode
from protocol.limits import BLOB_MAX_BYTES

log = logging.getLogger("client")

_DELAY_MS = 300
_DELAY_MAX_MS = 10_000


class Courier:
    """Uploads, downloads and the second connection."""

    def __init__(
        self,
        bulk: BulkSession,
        gallery: Gallery,
        random: Random,
        open_link: Callable[[str], Link],
        tell: Callable[[Happening], None],
        parcels: Parcels,
    ) -> None:
        """Work with these; ``open_link`` takes an address and may raise LinkDown."""
        self._bulk = bulk
        self._gallery = gallery
        self._random = random
        self._open_link = open_link
        self._tell = tell
        self._parcels = parcels
        self._carried: dict[int, Parcel | Resent] = {}
        self._link: Link | None = None
        self._connect_at = 0
        self._failed = 0

    def send(self, request: int, parcel: Parcel | Resent) -> None:
        """Upload a picture or a file; its message follows when the server has it."""
        content = parcel.content
        self._carried[request] = parcel
        self._tell(Progress(request, 0, len(content.data), True))
        self._bulk.add(request, Upload(content.sha256, content.data))

    def fetch(self, request: int, room: bytes, sha256: bytes, size: int) -> None:
        """Download a picture or a file, or find it here."""
        if len(room) != 16 or len(sha256) != 32 or not 1 <= size <= BLOB_MAX_BYTES:
            self._tell(Failed(request, int(ErrorCode.FIELD), "there is no such file"))
            return
        try:
            if self._gallery.has(sha256, size):
                self._tell(Fetched(request, sha256, self._gallery.path(sha256)))
                return
            have, digest = self._gallery.resume(sha256, size)
            if have == size:
                # Whole but never named: what stopped it may have damaged it too.
                self._gallery.discard(sha256)
                have, digest = self._gallery.resume(sha256, size)
        except OSError as error:
            self._tell(Failed(request, 0, f"the file cannot be stored: {error.strerror}"))
            return
        self._tell(Progress(request, have, size, False))
        self._bulk.add(request, Download(room, sha256, size, have, digest))

    def cancel(self, request: int) -> bool:
        """End a request's transfer; False: it has none."""
        if not self._bulk.cancel(request):
            return False
        self._drop([request])
        return True

    # --- the connection ---------------------------------------------------------------------

    def tend(self, address: str | None, now_ms: int) -> None:
        """Open or close the connection; ``address`` is where one can talk now, if at all."""
        wanted = self._bulk.wanted(now_ms)
        if self._link is not None and not wanted:
            self.over()
        elif wanted and self._link is None and address and now_ms >= self._connect_at:
            try:
                self._link = self._open_link(address)
            except LinkDown:
                self._later(0, now_ms)

    def turn(self, ready: dict[object, int], now_ms: int) -> None:
        """Take what came, look at the time, carry out what follows."""
        link = self._link
        if link is not None and link.socket in ready:
            for data in link.receive():
                self._bulk.received(data, now_ms)
        if link is not None and link.monitor in ready:
            try:
                if link.watch():
                    self._bulk.connected(now_ms)
            except LinkDown as down:
                self._bulk.out.end(Drop(str(down)))
        self._bulk.tick(now_ms)
        self._carry_out(now_ms)

    def wake_ms(self, now_ms: int) -> int:
        """Return when ``tend`` and ``turn`` should be called though nothing came in."""
        wake_ms = self._bulk.wake_ms(now_ms)
        if self._link is None and self._bulk.jobs:
            # While there is nobody to talk to, the other connection's coming wakes the loop.
            wake_ms = min(wake_ms, max(self._connect_at, now_ms + 500))
        return wake_ms

    def over(self) -> None:
        """End the connection; the transfers wait for the next."""
        if self._link is not None:
            self._link.leave()
            self._link = None
        self._bulk.disconnected()

    def _drop(self, requests: Iterable[int]) -> None:
        for request in requests:
            parcel = self._carried.pop(request, None)
            if parcel is not None:
                self._parcels.failed(parcel)

    def _later(self, least_ms: int, now_ms: int) -> None:
        wait_ms = min(_DELAY_MS * 2 ** min(self._failed, 10), _DELAY_MAX_MS)
        self._failed += 1
        self._connect_at = now_ms + least_ms + int(wait_ms * self._random.uniform(0.1, 1.0))

    def _carry_out(self, now_ms: int) -> None:
        out = self._bulk.take()
        if out.frames and self._link is not None:
            self._link.send(out.frames)
        for job in out.moved:
            self._failed = 0
            if isinstance(job.transfer, Download):
                self._write(job, job.transfer)
        for one in out.told:
            if not isinstance(one, Answer | Touched):
                self._tell(one)
        for job in out.ended:
            self._ended(job)
        for job in out.failed:
            self._drop(job.requests)
        if out.drop is not None:
            log.info("bulk_lost reason=%s", out.drop.text.replace(" ", "_"))
            self.over()
            self._later(out.drop.retry_ms, now_ms)

    # --- the files ----------------------------------------------------------------------------

    def _write(self, job: Job, download: Download) -> None:
        try:
            self._gallery.append(download.sha256, download.written())
        except OSError as error:
            text = f"the file cannot be stored: {error.strerror}"
            for request in job.requests:
                self._tell(Failed(request, 0, text))
            job.requests.clear()
            self._bulk.forget(job)

    def _ended(self, job: Job) -> None:
        transfer = job.transfer
        if isinstance(transfer, Upload):
            for request in job.requests:
                parcel = self._carried.pop(request)
                with contextlib.suppress(OSError):  # it can be fetched again
                    self._gallery.keep(parcel.content.sha256, parcel.content.data)
                self._parcels.carried(request, parcel)
            return
        if not job.requests:
            return  # it could not be written
        try:
            if transfer.right:
                path = self._gallery.finish(transfer.sha256)
                for request in job.requests:
                    self._tell(Fetched(request, transfer.sha256, path))
                return
            self._gallery.discard(transfer.sha256)
            code, text = int(ErrorCode.BLOB_MISMATCH), "the file came damaged; try again"
        except OSError as error:
            code, text = 0, f"the file cannot be stored: {error.strerror}"
        for request in job.requests:
            self._tell(Failed(request, code, text))
