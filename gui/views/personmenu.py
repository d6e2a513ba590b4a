"""What can be done with somebody: the menu of the people column."""

from collections.abc import Callable, Sequence

from gui.text.textlayout import clean
from gui.views.popmenu import RULE, Choice
from gui.words.i18n import Words
from protocol.client.happenings import PersonInfo


def person_choices(
    tr: Words,
    person: PersonInfo,
    write_to: Callable[[bytes], None] | None,
    mention: Callable[[PersonInfo], None] | None,
    copy: Callable[[str], None],
    doubt: str = "",
    standing: Sequence[str] = (),
) -> list[Choice]:
    """Return the lines of a person's menu; without ``mention`` no room is open to do it in.

    Without ``write_to`` a room does not let one write to them.

    ``doubt`` says what is odd about the name, ``standing`` what role they have and the like.
    """
    nick = clean(person.nick)
    state = tr("main.is_online" if person.online else "main.is_offline")
    choices = [
        Choice(f"{nick} – {state}"),
        *(Choice(one) for one in standing),
        *([Choice(f"⚠ {doubt}")] if doubt else ()),
        RULE,
    ]
    if write_to is not None:
        write = write_to
        choices.append(Choice(tr("rooms.write"), lambda: write(person.person)))
    if mention is not None:
        named = mention
        choices.append(Choice(tr("rooms.mention"), lambda: named(person)))
    choices.append(Choice(tr("rooms.copy_name"), lambda: copy(nick)))
    return choices
