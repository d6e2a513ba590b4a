"""What one says and does in rooms: texts, files, edits, reactions, transfers, drafts, typing.

Lives in the Tk thread. Reasons why something cannot be are sentences in the
person's language; what the outbox took is never lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gui.chat.asking import Got
from gui.chat.model import Part
from gui.chat.ordering import Ordering
from gui.chat.room import Draft, Entry, Room, Transfer
from gui.words import holdwords
from protocol.client.happenings import Failed, Fetched
from protocol.codes import ErrorCode, EventKind
from protocol.limits import TEXT_MAX_CHARS, TYPING_MS

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif"})
"""Suffixes of files that are sent as pictures."""


@dataclass(frozen=True, slots=True)
class _Upload:
    room: bytes
    path: Path
    caption: str
    shrink: bool
    reply: int


class Writing(Ordering):
    """The part of the controller that sends."""

    _uploads: dict[int, _Upload]
    _typed_at: float
    on_uploaded: Callable[[Path], None]
    """Hears which file is not needed any more: it was sent, or given up."""

    def say(self, text: str, mentions: Sequence[bytes] = (), reply: int = 0) -> str:
        """Send to the open room; return "" or the reason why not."""
        room, tr = self.model.room, self._context.tr
        if room is None:
            return tr("window.no_room")
        reason = self._reason(text) or self.kept_from()
        if not reason:
            request = self._client.say(room.room, text, reply, tuple(mentions))
            self._keep(request, room.room, Draft(text, reply))
            self._typed_at = 0.0
        return reason

    def kept_from(self) -> str:
        """Return why nothing can be said in the open room just now, or ""."""
        today = date.fromtimestamp(self._clock())
        return holdwords.kept_from(self._context.tr, self.standing(), today)

    def _reason(self, text: str) -> str:
        tr = self._context.tr
        if not text.strip():
            return tr("window.nothing_to_send")
        if len(text) > TEXT_MAX_CHARS:
            over = len(text) - TEXT_MAX_CHARS
            return tr("window.too_long", n=over, most=tr.number(TEXT_MAX_CHARS))
        return ""

    def edit(self, seq: int, text: str, mentions: Sequence[bytes] = ()) -> str:
        """Say a message of one's own in other words; return "" or the reason why not."""
        room, tr = self.model.room, self._context.tr
        entry = room.entry(seq) if room is not None else None
        if room is None or entry is None or not entry.own or entry.deleted:
            return tr("window.not_editable")
        reason = self._reason(text) if entry.kind == EventKind.TEXT else ""
        if not reason and text != entry.words:
            request = self._client.edit(room.room, seq, text, tuple(mentions))
            self._keep(request, room.room, Draft(text, 0, seq))
        return reason

    def _keep(self, request: int, room: bytes, draft: Draft) -> None:
        """Give a text back to where it was written if it cannot be put into the outbox."""

        def settled(got: Got) -> None:
            if isinstance(got, Failed):
                self._say(self._refusal(got), bad=True)
                if self._view is not None:
                    self._view.take_back(room, draft)

        self._ask(request, settled)

    def delete(self, seqs: Sequence[int], where: Room | None = None) -> None:
        """Take messages of one's own back, in the open room or in ``where``."""
        room = where or self.model.room
        if room is None:
            return
        for seq in seqs:
            entry = room.entry(seq)
            if entry is not None and entry.own and not entry.deleted:
                self._client.delete(room.room, seq)

    def react(self, seq: int, emoji: str, where: Room | None = None) -> None:
        """Put an emoji to a message of the open room (or ``where``), or take it away again."""
        room = where or self.model.room
        entry = room.entry(seq) if room is not None else None
        if room is None or entry is None or entry.deleted:
            return
        mine = any(one == emoji and self.model.me in people for one, people in entry.reactions)
        self._client.react(room.room, seq, emoji, not mine)

    def forward(self, seqs: Sequence[int], to: bytes, where: Room | None = None) -> None:
        """Pass messages of the open room (or ``where``) on to another one."""
        room = where or self.model.room
        if room is not None:
            for seq in sorted(seqs):
                self._client.forward(room.room, seq, to)

    def retry(self, entry: Entry) -> None:
        """Send a refused message anew; of a picture or a file, also the bytes if need be."""
        if self.model.room is None:
            return

        def got(what: Got) -> None:
            if not isinstance(what, Failed):
                return
            gone = what.code == ErrorCode.NO_BLOB
            why = self._context.tr("window.original_gone") if gone else self._refusal(what)
            if why:
                self._say(why, bad=True)

        self._ask(self._client.retry(self.model.room.room, entry.n), got)

    def discard(self, entry: Entry) -> None:
        """Throw a refused message away."""
        if self.model.room is not None:
            self._client.discard(self.model.room.room, entry.n)

    # --- files ------------------------------------------------------------

    def send_files(
        self, paths: Sequence[Path], caption: str = "", shrink: bool = True, reply: int = 0,
        where: Room | None = None,
    ) -> None:  # fmt: skip
        """Send files to the open room or ``where``; the caption stands below the first one."""
        room = where or self.model.room
        if room is None:
            return
        for path in paths:
            self._upload(_Upload(room.room, path, caption, shrink, reply))
            caption, reply = "", 0

    def _upload(self, one: _Upload) -> None:
        if one.path.suffix.lower() in PICTURES:
            request = self._client.send_image(
                one.room, one.path, one.caption, one.reply, one.shrink
            )
        else:
            request = self._client.send_file(one.room, one.path, one.caption, one.reply)
        self._uploads[request] = one
        self._show(self.model.start_transfer(Transfer(request, one.room, one.path.name, True)))

    def retry_transfer(self, request: int) -> None:
        """Try an upload again that failed."""
        one = self._uploads.pop(request, None)
        self._show(self.model.end_transfer(request))
        if one is not None:
            self._upload(one)

    def _uploaded(self, request: int) -> None:
        """Forget an upload that is over."""
        one = self._uploads.pop(request, None)
        if one is not None and all(one.path != other.path for other in self._uploads.values()):
            self.on_uploaded(one.path)

    def fetch(
        self, room: bytes, sha256: bytes, size: int, answer: Callable[[Path | None, str], None]
    ) -> int:
        """Fetch a picture or a file; ``answer`` gets its path, or None and the reason why not."""

        def done(got: Got) -> None:
            if isinstance(got, Fetched):
                answer(got.path, "")
            elif isinstance(got, Failed):
                answer(None, self._refusal(got))

        request = self._ask(self._client.fetch(room, sha256, size), done)
        transfer = Transfer(request, room, "", False, 0, size, sha256)
        self._show(self.model.start_transfer(transfer))
        return request

    def cancel(self, request: int) -> None:
        """End a transfer or a gathering; an upload that failed goes away."""
        transfer = self.model.transfers.get(request)
        self._uploaded(request)
        if transfer is not None and transfer.problem:
            if transfer.up:
                self._show(self.model.end_transfer(request))
        else:
            if transfer is not None and not transfer.up:
                # Its end will be told as a failure, which it is not.
                self._show(self.model.end_transfer(request))
            self._client.cancel(request)

    # --- drafts and typing ------------------------------------------------

    def typing(self) -> None:
        """The person writes in the open room: tell others, but not at every key."""
        room = self.model.room
        now_s = self._clock()
        if room is None or not self._context.settings.typing:
            return
        if now_s - self._typed_at >= TYPING_MS / 2000:
            self._typed_at = now_s
            self._client.typing(room.room)

    def set_draft(self, room: bytes, draft: Draft) -> None:
        """Keep what is being written in a room."""
        known = self.model.rooms.get(room)
        if known is not None and known.draft != draft:
            known.draft = draft
            self._remember()
            self._show(Part.ROOMS)

    def _remember(self) -> None:
        raise NotImplementedError
