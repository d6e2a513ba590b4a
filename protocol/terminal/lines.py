"""How names, messages and reactions of others read in a line of the terminal. Pure."""

from typing import Final

from protocol.client.happenings import Message
from protocol.hosts import with_hosts
from protocol.names import mixed_word
from protocol.plain import harmless, one_line

EXCERPT_CHARS: Final = 40


def who(nick: str) -> str:
    """Return a name; one that could pass for another is marked."""
    return one_line(nick) + (" [mixed alphabets]" if mixed_word(nick) else "")


def said(text: str) -> str:
    """Return a message, its further lines set in: none of them can be taken for another one's."""
    return with_hosts(harmless(text)).replace("\n", "\n      ")


def excerpt(message: Message | None) -> str:
    """Return a few words that tell which message is meant."""
    if message is None:
        return "an earlier message"
    body = message.body
    words = one_line(str(body.get("text") or body.get("caption") or body.get("name") or "…"))
    if len(words) > EXCERPT_CHARS:
        words = words[: EXCERPT_CHARS - 1] + "…"
    return f"«{words}»"


def reactions(message: Message) -> str:
    """Return which reactions a message has, and how many of each."""
    return "  ".join(f"{one_line(emoji)} {len(people)}" for emoji, people in message.reactions)
