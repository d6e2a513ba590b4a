"""Where messages are written: Enter sends, Shift+Enter breaks the line; the limit is counted.

A field that grows with its lines, with buttons beside it; above it what is answered or
edited, and what is on its way up. What is written is kept as the draft of its room. Belongs
to the Tk thread.
"""

import tkinter as tk
from collections.abc import Iterable
from typing import Final

from gui.chat.model import Model
from gui.chat.room import Draft, Entry, Room, Transfer
from gui.desktop.clipboard import Clipboard
from gui.paint.kit import IconButton
from gui.paint.look import Look
from gui.text.mentions import named
from gui.views.compose.completion import Completion
from gui.views.compose.composeracts import ComposerActs
from gui.views.compose.fieldbox import FieldBox
from gui.views.compose.pasting import Pasting
from gui.views.compose.strips import SubjectStrip, UploadStrip
from gui.words import wording
from protocol.client.happenings import PersonInfo
from protocol.codes import EventKind
from protocol.limits import CAPTION_MAX_CHARS, TEXT_MAX_CHARS

LINES_MAX: Final = 8
COUNT_FROM: Final = 400
"""The counter shows when no more characters than these are left: before, nobody needs it."""
DRAFT_MS: Final = 1000
"""A pause after which what is written is kept as a draft."""


class Composer:
    """The bottom of the main window; ``widget`` is the frame to place."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model, acts: ComposerActs, clipboard: Clipboard
    ) -> None:
        """It shows no room before :meth:`set_room`."""
        self._look = look
        self._model = model
        self._acts = acts
        self._room: Room | None = None
        self._reply = self._edit = 0
        self._aside: dict[bytes, Draft] = {}
        """What was being written when an edit began, by room."""
        self._chosen: dict[str, bytes] = {}
        self._saving = ""
        self._text_before = ""
        px = look.px
        self.widget = tk.Frame(master, bd=0)
        self._line = tk.Frame(self.widget, height=1, bd=0)
        self._line.pack(side="top", fill="x")
        self.uploads = UploadStrip(self.widget, look, acts.cancel, acts.retry)
        self.subject = SubjectStrip(self.widget, look, self.cancel, self._to_subject)
        self._row = tk.Frame(self.widget, bd=0)
        self._row.pack(side="bottom", fill="x", padx=px(8), pady=px(8))
        self.notice = tk.Label(self.widget, bd=0, anchor="w", justify="left")
        self.attach_button = IconButton(self._row, look, "clip", acts.attach, "card")
        self.attach_button.widget.pack(side="left", anchor="s")
        self.send_button = IconButton(self._row, look, "send", self.send, "card", ink="accent")
        self.send_button.widget.pack(side="right", anchor="s")
        self._count = tk.Label(self._row, bd=0, font=look.fonts.named("small"))
        self.box = FieldBox(self._row, look, self._changed, LINES_MAX)
        self.box.widget.pack(side="left", fill="x", expand=True, padx=px(4))
        self.emoji_button = IconButton(self.box.widget, look, "smile", self._pick, "field")
        self.box.beside(self.emoji_button.widget)
        self.field = self.box.field
        self.text = self.field.widget
        self.completion = Completion(
            look, self.field, acts.people, self._mention,
            lambda one: model.portraits.get(one.picture) if one.picture else None,
        )  # fmt: skip
        self._bind(clipboard)
        self._restyle()

    def _bind(self, clipboard: Clipboard) -> None:
        bind = self.text.bind
        for key in ("Return", "KP_Enter"):
            bind(f"<{key}>", self._enter)
            for with_it in ("Shift", "Control"):
                bind(f"<{with_it}-{key}>", self._break)
        for key in ("Up", "Down", "Tab", "Escape"):
            bind(f"<{key}>", self._key)
        bind("<<Paste>>", Pasting(self._look, self.field, self._acts, clipboard).paste)
        self.widget.bind("<Destroy>", lambda _: self._forget_save())
        bind("<KeyRelease>", self._moved, add="+")

    # --- what others ask --------------------------------------------------

    def words(self) -> str:
        """Return what is written."""
        return self.field.words()

    def set_room(self, room: Room | None) -> None:
        """Show a room's draft; the one before keeps its own. The same room: its names anew."""
        before, self._room = self._room, room
        if room is not None and before is not None and room.room == before.room:
            self._show_subject()
        elif room is not before:
            draft = self._draft()
            self._chosen.clear()
            self._take(room.draft if room is not None else Draft())
            if before is not None:
                self._forget_save()
                self._acts.set_draft(before.room, draft)
        self._show_hint()

    def hold(self, held: bool) -> None:
        """Let nothing be written here just now, or let it again; what is written stays."""
        if held == self.field.held:
            return
        self.field.hold(held)
        self.completion.hide()
        for button in (self.attach_button, self.emoji_button, self.send_button):
            button.enable(not held)
        self._show_hint()

    def _show_hint(self) -> None:
        title = self._model.title(self._room) if self._room is not None else ""
        hint = self._look.tr("composer.hint", room=title[:64]) if title else ""
        self.box.set_hint(self._look.tr("order.hint_closed") if self.field.held else hint)

    def reply_to(self, entry: Entry) -> None:
        """The next message answers this one."""
        if self._edit:
            self._end_edit()
        self._reply = entry.seq
        self._show_subject()
        self.focus()
        self.keep_draft()

    def edit(self, entry: Entry) -> None:
        """Write a message of one's own anew; what was being written comes back afterwards."""
        if self._room is None or entry.seq <= 0:
            return
        if not self._edit:
            self._aside[self._room.room] = self._draft()
        self._take(Draft(entry.words, 0, entry.seq))
        self.focus()
        self.keep_draft()

    def insert(self, words: str) -> None:
        """Write at the cursor, such as an emoji that was picked."""
        self.field.insert(words)

    def focus(self) -> None:
        """Have keys come here."""
        self.text.focus_set()

    def show_transfers(self, transfers: Iterable[Transfer]) -> None:
        """Show the uploads to this room, each with a way to cancel it."""
        here = self._room.room if self._room is not None else b""
        ups = [one for one in transfers if one.up and one.room == here]
        if ups:
            self.uploads.widget.pack(side="top", fill="x", after=self._line)
        else:
            self.uploads.widget.pack_forget()
        self.uploads.show(ups)

    def keep_draft(self) -> None:
        """Hand over what is written, as the draft of its room."""
        self._forget_save()
        if self._room is not None:
            self._acts.set_draft(self._room.room, self._draft())

    def _forget_save(self) -> None:
        if self._saving:
            self.widget.after_cancel(self._saving)
            self._saving = ""

    def give_away(self) -> Draft:
        """Return what is written and answered, and be empty: it goes out as a caption."""
        draft = Draft("", self._reply) if self._edit else self._draft()
        if not self._edit:
            self._take(Draft())
            self.keep_draft()
        return draft

    def take_back(self, draft: Draft) -> None:
        """Write again what was given away, unless something else was written meanwhile."""
        if draft and not self._draft():
            self._take(draft)
            self.keep_draft()

    def return_unsent(self, draft: Draft) -> None:
        """Write again what could not be sent, before what was written since."""
        self._take(draft.before(self._draft()))
        self.keep_draft()

    # --- the draft --------------------------------------------------------

    def _draft(self) -> Draft:
        return Draft(self.words(), self._reply, self._edit)

    def _take(self, draft: Draft) -> None:
        self._reply, self._edit = draft.reply, draft.edit
        self.field.put(draft.text)
        self._text_before = draft.text
        self.completion.hide()
        self._say("")
        self._show_subject()
        self._fit()

    def _end_edit(self) -> None:
        room = self._room.room if self._room is not None else b""
        self._take(self._aside.pop(room, Draft()))

    def cancel(self) -> None:
        """Answer or edit nothing any more."""
        if self._edit:
            self._end_edit()
        else:
            self._reply = 0
            self._show_subject()
        self.keep_draft()
        self.focus()

    def _to_subject(self) -> None:
        self._acts.jump(self._edit or self._reply)

    def _show_subject(self) -> None:
        seq = self._edit or self._reply
        tr = self._look.tr
        self.send_button.set_icon("check" if self._edit else "send")
        if not seq or self._room is None:
            self.subject.widget.pack_forget()
            return
        entry = self._room.entry(seq)
        words = wording.content(tr, entry) if entry is not None else ""
        if self._edit:
            self.subject.show("pencil", tr("composer.edit"), words)
        elif entry is not None:
            name = self._model.name_of(entry.person, entry.nick)
            self.subject.show("reply", tr("composer.reply_to", name=name), words)
        else:
            self.subject.show("reply", tr("composer.reply"), "")
        self.subject.widget.pack(side="bottom", fill="x", after=self._row)

    # --- sending ----------------------------------------------------------

    def send(self) -> None:
        """Send what is written, or the edit; if it cannot be, it stays and a line says why."""
        if self.field.held:
            return
        words = self.words()
        self.completion.hide()
        self.focus()
        mentions = named(words, self._acts.people(), self._chosen)
        if self._edit:
            reason = self._send_edit(words, mentions)
        elif not words.strip():
            return
        elif len(words) > TEXT_MAX_CHARS:
            reason = self._too_long(len(words) - TEXT_MAX_CHARS, TEXT_MAX_CHARS)
        else:
            reason = self._acts.send(words, mentions, self._reply)
        if reason:
            self._say(reason)
            return
        self._chosen.clear()
        if self._edit:
            self._end_edit()
        else:
            self._take(Draft())
        self.keep_draft()

    def _send_edit(self, words: str, mentions: tuple[bytes, ...]) -> str:
        most = self._most()
        entry = self._room.entry(self._edit) if self._room is not None else None
        if len(words) > most:
            return self._too_long(len(words) - most, most)
        if not words.strip() and (entry is None or entry.kind == EventKind.TEXT):
            return self._look.tr("composer.edit_empty")
        return self._acts.edit(self._edit, words, mentions)

    def _too_long(self, over: int, most: int) -> str:
        tr = self._look.tr
        return tr("composer.over", n=over, most=tr.number(most))

    def _most(self) -> int:
        """Return how many characters it may have: a caption fewer than a text."""
        entry = self._room.entry(self._edit) if self._room is not None and self._edit else None
        plain = entry is None or entry.kind == EventKind.TEXT
        return TEXT_MAX_CHARS if plain else CAPTION_MAX_CHARS

    def _mention(self, one: PersonInfo) -> None:
        self._chosen[one.nick] = one.person

    # --- keys -------------------------------------------------------------

    def _enter(self, event: "tk.Event[tk.Misc]") -> str:
        if not self.completion.key(event.keysym):
            self.send()
        return "break"

    def _break(self, _event: object) -> str:
        self.field.insert("\n")
        return "break"

    def _key(self, event: "tk.Event[tk.Misc]") -> str | None:
        if self.completion.key(event.keysym):
            return "break"
        if event.keysym == "Tab":
            following = self.text.tk_focusNext()
            if following is not None:
                following.focus_set()
            return "break"
        if event.keysym == "Escape" and (self._edit or self._reply):
            self.cancel()
            return "break"
        busy = self.field.held or self._edit or self._reply
        if event.keysym == "Up" and not busy and not self.words():
            self._acts.edit_last()
            return "break"
        return None

    def _moved(self, event: "tk.Event[tk.Misc]") -> None:
        if event.keysym in ("Left", "Right", "Home", "End") and self.completion.offers:
            self.completion.look_again()

    def _pick(self) -> None:
        button = self.emoji_button.widget
        self._acts.pick_emoji(button.winfo_rootx(), button.winfo_rooty())

    # --- what changes with the text ---------------------------------------

    def _changed(self) -> None:
        words = self.words()
        self._fit()
        if words == self._text_before:
            return
        self._text_before = words
        self._say("")
        self._count_now(len(words))
        self.completion.look_again()
        if words:
            self._acts.typing()
        self._forget_save()
        self._saving = self.widget.after(DRAFT_MS, self.keep_draft)

    def _fit(self) -> None:
        self.box.fit()
        self._count_now(len(self.words()))

    def _count_now(self, length: int) -> None:
        palette, tr = self._look.palette, self._look.tr
        most = self._most()
        if length < most - COUNT_FROM:
            self._count.pack_forget()
            return
        self._count.configure(
            text=f"{tr.number(length)} / {tr.number(most)}",
            fg=palette.danger if length > most else palette.quiet,
        )
        self._count.pack(side="right", anchor="s", pady=self._look.px(12))

    def _say(self, reason: str) -> None:
        """Show why it was not sent, between the field and what is above it."""
        if not reason:
            self.notice.pack_forget()
            return
        look, px = self._look, self._look.px
        self.notice.configure(
            text=look.plain(reason), font=look.font("small", reason),
            wraplength=max(px(200), self.widget.winfo_width() - px(64)),
        )  # fmt: skip
        self.notice.pack(side="bottom", fill="x", padx=px(60), pady=(px(6), 0), after=self._row)

    # --- looks and end ----------------------------------------------------

    def restyle(self) -> None:
        """Draw in the palette of now."""
        self._restyle()
        for button in (self.attach_button, self.emoji_button, self.send_button):
            button.restyle()

    def _restyle(self) -> None:
        palette = self._look.palette
        for frame in (self.widget, self._row):
            frame.configure(bg=palette.card)
        self._line.configure(bg=palette.line)
        self._count.configure(bg=palette.card)
        self.notice.configure(bg=palette.card, fg=palette.danger)
        self.box.restyle()
        self.uploads.draw()
        self.subject.draw()
        self._count_now(len(self.words()))

    def close(self) -> None:
        """Keep the draft and stop the timers; comes before the widgets are destroyed."""
        self.keep_draft()
        self.completion.close()
