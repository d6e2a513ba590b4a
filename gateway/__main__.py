"""``python -m gateway``: one gateway process, from its words to its exit status."""

import sys
from pathlib import Path

from gateway.fanout import HOLD_MAX_MS
from gateway.server import Gateway
from protocol.errors import SetupError, ZviazokError
from protocol.folders import server_folder
from protocol.invite import parse_address
from protocol.keys import from_text, load_or_make
from protocol.logbook import log_to_stderr
from protocol.process import EXIT_STOP, begin, limit_memory, on_stop
from protocol.words import WordParser

DEFAULT_LISTEN = "127.0.0.1:8080"
DEFAULT_BROKER_PORT = 8070
DEFAULT_RATE = 50.0


def main(argv: list[str] | None = None) -> int:
    """Run a gateway until SIGINT or SIGTERM; return the exit status."""
    parser = WordParser(
        prog="zviazok gateway",
        description="Face the clients of a server, on this machine or another one.",
        epilog="The broker prints its key when it starts. A gateway on another machine "
        "prints a line to add to the file 'gateways' in the broker's data folder.",
    )
    parser.add_argument(
        "--broker", required=True, metavar="HOST[:PORT]", help="where the broker listens"
    )
    parser.add_argument(
        "--broker-key", required=True, metavar="KEY", help="the broker's public key"
    )
    parser.add_argument(
        "--listen",
        default=DEFAULT_LISTEN,
        metavar="HOST:PORT",
        help=f"where clients connect (default {DEFAULT_LISTEN})",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="where this gateway's key lies")
    parser.add_argument(
        "--rate",
        type=float,
        default=DEFAULT_RATE,
        metavar="N",
        help="messages a second that one client may send in the long run; 0: no limit "
        f"(default {DEFAULT_RATE:g})",
    )
    parser.add_argument(
        "--hold",
        type=int,
        default=HOLD_MAX_MS,
        metavar="MS",
        help="the longest that messages of busy rooms wait for each other; 0: never, which costs "
        f"large rooms more processor time (default {HOLD_MAX_MS})",
    )
    options = parser.parse_args(argv)
    log_to_stderr()
    try:
        broker = parse_address(options.broker, DEFAULT_BROKER_PORT)
        listen = parse_address(options.listen, 8080)
        broker_key = from_text(options.broker_key)
        if len(broker_key) != 32:
            raise ValueError
    except ZviazokError as error:
        parser.error(str(error))
    except ValueError:
        parser.error("--broker-key is not a key: copy it from the line that the broker prints")
    if not 0 <= options.rate < 1e9:
        parser.error("--rate must be 0 or more")
    if not 0 <= options.hold <= 1_000:
        parser.error("--hold must be from 0 to 1000")
    try:
        begin()
        limit_memory()
        keys = load_or_make(server_folder(options.data) / "gateway.key")
        gateway = Gateway(keys, broker, broker_key, listen, options.rate, options.hold)
        on_stop(gateway.stop)
        try:
            gateway.run()
        finally:
            gateway.close()
    except SetupError as error:
        print(f"zviazok gateway: {error}", file=sys.stderr)
        return EXIT_STOP
    return 0


if __name__ == "__main__":
    sys.exit(main())
