"""``zviazok bench``: measures with real processes on loopback, as text or as one JSON object."""

import argparse
import json
import platform
import sys
from pathlib import Path

from protocol.words import WordParser
from tests.benchmarks.connections import Connections
from tests.benchmarks.fanout import Fanout
from tests.benchmarks.flood import Flood
from tests.benchmarks.growth import SIZES, Growth
from tests.benchmarks.gui import Gui
from tests.benchmarks.history import History
from tests.benchmarks.ingest import Ingest
from tests.benchmarks.spread import Spread


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _rate(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1e6:
        raise argparse.ArgumentTypeError("must be from 0 (a burst) to 1000000")
    return number


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(text.split(","))
    for part in parts:
        if part not in SIZES:
            raise argparse.ArgumentTypeError(f"{part}: choose of {', '.join(SIZES)}")
    return parts


def main(argv: list[str] | None = None) -> int:
    """Run one benchmark; return the exit status."""
    parser = WordParser(
        prog="zviazok bench",
        description="Measure broker and gateway with real processes on loopback: CURVE on, "
        "journal on disk, CPU read from the operating system; and the window, with a long "
        "history, under an X server of its own.",
    )
    words = parser.add_subparsers(dest="word", required=True, metavar="WORD")
    fanout = words.add_parser("fanout", help="one sender, many clients in one room")
    fanout.add_argument("--clients", type=_count, default=400)
    fanout.add_argument("--messages", type=_count, default=2_000)
    fanout.add_argument("--rate", type=_rate, default=0, help="messages a second; 0: a burst")
    fanout.add_argument("--size", type=_count, default=200, help="bytes of a body")
    fanout.add_argument(
        "--no-hold", dest="hold", action="store_false", help="no message waits for another"
    )
    rooms = words.add_parser("rooms", help="many rooms, and each client in one of them")
    rooms.add_argument("--clients", type=_count, default=5_000)
    rooms.add_argument("--rooms", type=_count, default=50)
    rooms.add_argument("--messages", type=_count, default=2_500)
    rooms.add_argument("--rate", type=_rate, default=500, help="messages a second in all")
    ingest = words.add_parser("ingest", help="messages stored and acknowledged a second")
    ingest.add_argument("--senders", type=_count, default=4)
    ingest.add_argument("--window", type=_count, default=200, help="messages without an ack")
    ingest.add_argument("--per-frame", type=_count, default=1, help="messages in one frame")
    ingest.add_argument("--size", type=_count, default=200, help="bytes of a body")
    connections = words.add_parser("connections", help="what a connected client costs")
    connections.add_argument("--clients", type=_count, default=5_000)
    flood = words.add_parser("flood", help="people who chat, without and with hostile clients")
    flood.add_argument("--clients", type=_count, default=20)
    flood.add_argument("--hostile", type=_count, default=50)
    flood.add_argument("--rate", type=_rate, default=20, help="messages a second of all of them")
    flood.add_argument("--seconds", type=_count, default=20, help="of each measurement")
    gui = words.add_parser("gui", help="the window with a long history (needs Xvfb)")
    gui.add_argument("--messages", type=_count, default=100_000)
    history = words.add_parser("history", help="what a long history costs (some minutes)")
    history.add_argument("--messages", type=_count, default=10_000_000)
    growth = words.add_parser("growth", help="curves: cost by clients, rooms, gateways, history")
    growth.add_argument(
        "--parts", type=_parts, default=tuple(SIZES), help=f"of {','.join(SIZES)} (default: all)"
    )
    growth.add_argument(
        "--folder", type=Path, default=Path(), help="of growth.json and growth.png (default: .)"
    )
    for one in (fanout, rooms, ingest, connections, flood, gui, history, growth):
        one.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    if not sys.platform.startswith("linux"):
        print("zviazok bench: needs Linux, because it reads CPU from /proc", file=sys.stderr)
        return 1
    bench: Fanout | Spread | Ingest | Connections | Flood | Gui | History | Growth
    if options.word == "fanout":
        bench = Fanout(options.clients, options.messages, options.rate, options.size, options.hold)
    elif options.word == "rooms":
        if not options.rate:
            parser.error("--rate must be above 0")
        sizes = options.clients, options.rooms, 1, options.messages, options.rate
        bench = Spread(*sizes, divided=True)
    elif options.word == "ingest":
        if options.per_frame > min(options.window, 128) or options.window > 256:
            parser.error("--per-frame may be up to 128 and --window, --window up to 256")
        bench = Ingest(options.senders, options.window, options.per_frame, options.size)
    elif options.word == "flood":
        if not options.rate:
            parser.error("--rate must be above 0: people who chat")
        bench = Flood(options.clients, options.hostile, options.rate, options.seconds)
    elif options.word == "gui":
        bench = Gui(options.messages)
    elif options.word == "history":
        bench = History(options.messages)
    elif options.word == "growth":
        bench = Growth(options.folder, options.parts)
    else:
        bench = Connections(options.clients)
    try:
        result = bench.run()
    except RuntimeError as error:
        print(f"zviazok bench: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{platform.python_version()} on {platform.platform()}")
        if options.word == "growth":
            print(f"\n{result['table']}")
            return 0
        width = max(map(len, result))
        for name, value in result.items():
            print(f"{name:<{width}}  {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
