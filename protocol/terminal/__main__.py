"""``zviazok chat``: a conversation in a terminal, for people or, with ``--json``, for programs.

Three threads: the client's network thread, one that reads stdin, and this one, to which
both send through a queue; it alone prints.
"""

import argparse
import codecs
import contextlib
import getpass
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from protocol.client.client import Client
from protocol.client.happenings import Happening, Link, LinkChanged
from protocol.client.profile import Profile
from protocol.errors import BadNameError, LinkError, SetupError
from protocol.folders import profiles_folder
from protocol.invite import LINK_VARIABLE, Invite
from protocol.minimums import check_client
from protocol.names import clean_nick, clean_room_name, mixed_word
from protocol.plain import LogFormatter, as_json, harmless, one_line
from protocol.secrecy import forbid_dumps
from protocol.terminal.console import GENERAL, Console
from protocol.terminal.conversation import Conversation
from protocol.terminal.scripted import Scripted
from protocol.words import WordParser

UNREACHED_S: Final = 10.0
"""Not connected for this long after the start: say so."""
UNREACHED: Final = "the server cannot be reached"
DRAIN_S: Final = 10.0
"""How long the end waits for messages that have no ack yet."""
LINE_MAX_BYTES: Final = 256 * 1024
"""A longer line of input is no command and no message."""

EPILOG = """\
interactive:
  what you type is said in the room; /help lists the commands.

--json: one command a line on stdin, one event a line on stdout (UTF-8).
  {"send": TEXT}                        say TEXT in the room of --room
  {"send": TEXT, "room": NAME}          in another room that you are in
  {"to": NICK, "send": TEXT}            a direct message; or "to": [NICK, ...]
  {"image": PATH, "caption": TEXT}      a picture; "room" or "to" as above
  {"nick": NAME}                        take another nickname
  {"join": ROOM}   {"leave": ROOM}      enter (or make) and leave a room
  {"people": true} {"rooms": true}      who is there; which rooms there are
  {"history": {"room": NAME, "before": SEQ, "limit": N}}   all optional; 500 at most
  {"fetch": {"room": NAME, "sha256": HEX, "size": N}}      a picture's or file's bytes
  {"link": true}                        a token, and a link, that make another device yours
  {"private": ROOM, "people": [NICK]}   make a private room with them
  {"add": [NICK], "room": NAME}         bring people into a private room
  {"members": true} {"order": true}     who is in a room; what holds there ("room" as above)
  {"hand": true}                        raise your hand; false: take it down
  {"act": ACT, "who": NICK, "value": VALUE, "text": WHY}   keep order in a room ("room" as
                                        above), or with "server": true everywhere; or
                                        "person": their id in hex, instead of "who"
  {"devices": true}                     your devices; a NICK instead of true: theirs
  {"audit": true, "before": N}          what was done on the server
  {"retry": N}                          send a refused message again, by its n ("room" as above)
  {"discard": N}                        forget a refused message, or those of [N, ...]
  {"whoami": true}                      who you are, and the keys in use
  {"quit": true}                        end, as the end of stdin does
ACT is kick, ban, unban, mute (VALUE: seconds, or "10m"), unmute, remove (VALUE: the seq),
pause, resume, announce (VALUE: true, false), slow (VALUE: seconds), direct (VALUE: free,
moderators, off), role (VALUE: member, moderator, owner), lower; of the server lock, unlock,
rename ("text": the new nickname), ban-device and unban-device ("device": its tag).
An "id" in a command comes back in the events that answer it. A room is named by its name
or by its "room_id". Events ("event" is):
  online, offline     the connection: nick, server, address; text, retry_ms
  room, left          you are in a room (or not any more): room, room_id, epoch, head;
                      for a direct message "direct": true and "with": [NICK, ...]
  text, image, file, notice, other   a message: room, room_id, epoch, seq, ts, person, nick,
                      own, n, live; text | name, media, size, sha256, width, height, caption
                      | what ("joined", "renamed", "muted", …), was, now, who, of, value, text
                      | kind;
                      reply (a seq), mentions ([person]), via (a nickname)
  edit, delete, react   a change of an earlier message: of (its seq); text | emoji, on
  changed             messages (as above) as they read now: edited, deleted,
                      removed_by: {person, nick}, reactions: [{emoji, people: [{person, nick}]}]
  queued              your message is on disk: room, room_id, n
  sent                messages are under way: room, room_id, n (the first), count
  acked               the server has stored it: room, room_id, n, epoch, seq
  delayed             it does not take it yet: room, room_id, n (the first), retry_ms; it goes
                      again by itself
  refused             the server never will: room, room_id, n, code, field, text
  discarded           a refused message is forgotten: room, room_id, n
  put_aside           the server was restored; what was known before is in: path
  typing, marked      somebody writes; has read: person, nick; marks: [{person, nick, seq}]
  people, rooms       lists: [{person, nick, online, role}]; [{room, room_id, members, joined}]
  members, order      members: [{person, nick, online, role}]; what holds in a room, when asked
                      for and when it changes: paused, announce, slow_s, direct, roles, muted,
                      hands
  devices, audit      devices: [{device, online, banned}]; acts: [{no, ts, actor_nick, act, …}]
  whoami              person, nick, server, server_key, device_key, device
  history             messages (as above), ascending; more, newer: there are others
  resumed             an upload of the last run goes on: room, room_id, kind, name
  progress, fetched   a picture or a file: done, total, up; path, sha256
  done                join, private, leave, nick, link, add, act, hand went well: room,
                      room_id; text
  error               something did not: code, text, field
At the end of stdin the program waits up to 10 s until the server is reached and every
message is acked. Exit status:
0 done; 1 refused, or never connected; 2 a wrong word or link."""

_Input = Happening | str | None


def main(argv: list[str] | None = None) -> int:
    """Run a terminal client; return the exit status."""
    forbid_dumps()
    parser = WordParser(
        prog="zviazok chat",
        description="Talk in a terminal.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "link",
        metavar="LINK",
        nargs="?",
        default=os.environ.pop(LINK_VARIABLE, ""),
        help=f"the invite link, zviazok://...; or let {LINK_VARIABLE} hold it, which others on "
        "this machine cannot read",
    )
    parser.add_argument("--nick", required=True, metavar="NAME", help="your nickname")
    parser.add_argument(
        "--code",
        action="store_true",
        help="ask for the code that your other device shows (/link), to be the same person here",
    )
    parser.add_argument("--room", default=GENERAL, metavar="ROOM", help="default: general")
    parser.add_argument("--json", action="store_true", help="speak JSON, see below")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of your data")
    words = parser.parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter("%(name)s %(message)s"))
    logging.basicConfig(level=logging.ERROR, handlers=[handler])
    if not words.link:
        parser.error(f"give the invite link, or set {LINK_VARIABLE}")
    try:
        invite = Invite.parse(words.link)
        if words.code:
            invite = Invite.parse(str(replace(invite, token=_asked_for())))
        room = clean_room_name(words.room)
    except (LinkError, BadNameError) as error:
        parser.error(str(error))
    try:
        check_client()
        nick = clean_nick(words.nick)
        if word := mixed_word(nick):
            _complain(f"{word} mixes alphabets: others see a mark beside this name")
        profile = Profile.open(profiles_folder(words.data), invite, nick)
    except (BadNameError, SetupError) as error:
        return _complain(str(error))
    try:
        return _talk(profile, invite, nick, room, words.json)
    except SetupError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return 130
    finally:
        profile.close()


def _talk(profile: Profile, invite: Invite, nick: str, room: str, as_json: bool) -> int:
    inputs: queue.SimpleQueue[_Input] = queue.SimpleQueue()
    client = Client(profile, invite, nick, inputs.put)
    console: Console
    console = Scripted(client, room, _emit) if as_json else Conversation(client, room, _print)
    client.start()
    reader = threading.Thread(target=_read, args=(inputs.put,), name="stdin", daemon=True)
    reader.start()
    try:
        return _serve(console, inputs)
    finally:
        client.stop()


def _serve(console: Console, inputs: "queue.SimpleQueue[_Input]") -> int:
    """Take lines and happenings until the end of both; return the exit status."""
    complain_at: float | None = time.monotonic() + UNREACHED_S
    end_at: float | None = None
    trouble = ""
    while end_at is None or (
        # Nothing to do is no reason to end before it is known whether the server can be reached.
        (console.busy or (complain_at is not None and not console.reached))
        and time.monotonic() < end_at
    ):
        try:
            one = inputs.get(timeout=0.25)
        except queue.Empty:
            pass
        else:
            if isinstance(one, str):
                console.line(one)
            elif one is None:
                console.leaving = True
            else:
                console.take(one)
                if isinstance(one, LinkChanged):
                    trouble = one.text or trouble
                    if one.link is Link.STOPPED:
                        return _complain(one.text or "the client has stopped")
        if console.trouble:
            return _complain(console.trouble)
        if console.online:
            complain_at = None
        elif complain_at is not None and time.monotonic() >= complain_at:
            complain_at = None
            if end_at is None:
                _complain(f"{trouble or UNREACHED}; still trying")
            console.go_on_offline()
        if console.leaving and end_at is None:
            end_at = time.monotonic() + DRAIN_S
    if console.held:
        return _complain("the server was not reached; nothing was sent")
    return 0 if console.reached else _complain(trouble or UNREACHED)


def _read(put: Callable[[str | None], None]) -> None:
    """In a thread: hand over the lines of stdin, then None."""
    try:
        if sys.stdin is None:
            return
        if os.name == "nt" and sys.stdin.isatty():
            for line in sys.stdin:  # only this speaks Unicode with a Windows console
                put(line)
            return
        # Not through sys.stdin: a thread that waits in its lock would hinder the end.
        handle = sys.stdin.fileno()
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        while data := os.read(handle, 65536):
            *lines, rest = (rest + decoder.decode(data)).split("\n")
            for line in lines:
                put(line)
            if len(rest) > LINE_MAX_BYTES:
                put(rest)
                rest = ""
        if rest:
            put(rest)
    except (OSError, ValueError):
        pass  # a stdin that cannot be read is one that has ended
    finally:
        put(None)


def _asked_for() -> str:
    """Ask for a code at the terminal, where nobody reads along; raise :class:`LinkError`."""
    code = ""
    if sys.stdin is not None and sys.stdin.isatty():
        with contextlib.suppress(EOFError, OSError):
            code = getpass.getpass("the code that your other device shows: ").strip()
    if not code:
        raise LinkError(f"type the code at a terminal, or let {LINK_VARIABLE} hold the whole link")
    return code


def _emit(event: dict[str, Any]) -> None:
    print(as_json(event), flush=True)


def _print(line: str) -> None:
    # Once more, whatever its parts went through: nothing that a terminal obeys passes here.
    print(harmless(line), flush=True)


def _complain(text: str) -> int:
    print(f"zviazok chat: {one_line(text)}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
