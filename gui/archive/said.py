"""A message as the sentences of the window want it, and strangers' words on one line. Pure."""

from gui.chat.room import Entry
from gui.text.textlayout import clean
from protocol.client.happenings import Message


def entry_of(message: Message) -> Entry:
    """Return a message as a row of a timeline."""
    return Entry(
        message.seq, message.seq, message.ts, message.person, message.nick, message.kind,
        message.body, message.own, edited=message.edited, deleted=message.deleted,
        reactions=message.reactions, removed_by=message.removed_by,
    )  # fmt: skip


def line_of(text: str) -> str:
    """Return a stranger's words on one line, without what disturbs the words around them."""
    return " ".join(clean(text).split())


def initial(name: str) -> str:
    """Return the letter that stands for somebody."""
    return next((char.upper()[:1] for char in name if char.isalnum()), "#")
