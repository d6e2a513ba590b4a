"""``python -m tests.benchmarks.peers``: measures fan-out of all peers, prints a table, draws it."""

import argparse
import resource
import sys
from pathlib import Path

from protocol.words import WordParser
from tests.benchmarks.peers import own, trial
from tests.benchmarks.peers.bare import Threads
from tests.benchmarks.peers.irc import NgIrcd
from tests.benchmarks.peers.mqtt import MosquittoQos0, MosquittoQos1
from tests.benchmarks.peers.nats import Nats
from tests.benchmarks.peers.peer import Peer, Unavailable
from tests.benchmarks.peers.picture import draw
from tests.benchmarks.peers.redis import Redis
from tests.benchmarks.peers.results import OWN, Row, merge, read, write
from tests.benchmarks.peers.table import conditions, put_into, table
from tests.benchmarks.peers.websocket import Broadcast, SocketIo, UWebSockets
from tests.benchmarks.peers.xmpp import Prosody

PEERS: tuple[type[Peer], ...] = (
    Threads,
    Redis,
    Nats,
    NgIrcd,
    MosquittoQos0,
    MosquittoQos1,
    Prosody,
    Broadcast,
    UWebSockets,
    SocketIo,
)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _peers(text: str) -> list[str]:
    known = [OWN, *(one.key for one in PEERS)]
    wanted = text.split(",") if text else []
    for one in wanted:
        if one not in known:
            raise argparse.ArgumentTypeError(f"no peer {one}; there are {', '.join(known)}")
    return wanted


def _loads(text: str) -> list[float]:
    rates = []
    for one in text.split(","):
        rate = 0.0 if one == "burst" else float(one)
        if one != "burst" and not 0 < rate <= 1e6:
            raise argparse.ArgumentTypeError("a load is burst, or messages a second")
        rates.append(rate)
    return rates


def main(argv: list[str] | None = None) -> int:
    """Measure; return 0 if every peer that is here was measured."""
    parser = WordParser(
        prog="python -m tests.benchmarks.peers",
        description="Compare fan-out with other systems, each started as a real process from its "
        "package, all on loopback. Without --peers all; with --json, rows that are in the file "
        "already stay, and --peers '' only prints and draws them.",
    )
    every = ",".join([OWN, *(one.key for one in PEERS)])
    parser.add_argument("--clients", type=_count, default=400)
    parser.add_argument("--messages", type=_count, default=2_000, help="of each load")
    parser.add_argument("--rounds", type=_count, default=1, help="of each load; the middle counts")
    parser.add_argument("--peers", type=_peers, default=_peers(every), help=every)
    parser.add_argument("--loads", type=_loads, default=_loads("burst,1000,100"))
    parser.add_argument("--json", type=Path, metavar="FILE", help="raw figures, merged by peer")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="a PNG of the comparison")
    parser.add_argument("--page", type=Path, metavar="FILE", help="put the table into a README")
    options = parser.parse_args(argv)
    if not sys.platform.startswith("linux"):
        print("the comparison needs Linux, because it reads CPU from /proc", file=sys.stderr)
        return 1
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows = read(options.json) if options.json else []
    status = 0
    for key in options.peers:
        try:
            row = _measure(key, options)
        except Unavailable as error:
            print(f"{key}: left out: {error}", file=sys.stderr)
            continue
        except (RuntimeError, OSError) as error:
            print(f"{key}: failed: {error}", file=sys.stderr)
            status = 1
            continue
        print(f"{key}: measured", file=sys.stderr, flush=True)
        rows = merge(rows, row)
        if options.json:
            write(options.json, rows)
    print(conditions(rows) + "\n" + table(rows), end="")
    if options.page:
        page = options.page.read_text(encoding="utf-8")
        options.page.write_text(put_into(page, rows), encoding="utf-8")
    if options.picture:
        draw(rows, options.picture)
    return status


def _measure(key: str, options: argparse.Namespace) -> Row:
    load = (options.clients, options.messages, options.loads, options.rounds)
    if key == OWN:
        return own.measure(*load)
    peer = next(one for one in PEERS if one.key == key)()
    return trial.measure(peer, *load)


if __name__ == "__main__":
    sys.exit(main())
