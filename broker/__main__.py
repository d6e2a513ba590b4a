"""``python -m broker``: one broker process, from its words to its exit status."""

import contextlib
import logging
import os
import sys
from pathlib import Path

from broker.lock import LOCK_FILE, DataLock
from broker.meters import PERSON_PER_S
from broker.server import Broker
from broker.tokens import Tokens
from broker.upkeep.restoring import finish
from protocol.errors import DamagedError, JournalError, SetupError, ZviazokError
from protocol.folders import server_folder
from protocol.invite import join_address, parse_address
from protocol.keys import load_or_make, to_text
from protocol.logbook import log_to_stderr
from protocol.process import EXIT_STOP, begin, on_stop
from protocol.words import WordParser

log = logging.getLogger("broker")

DEFAULT_LISTEN = "127.0.0.1:8070"
DEFAULT_PORT = 8070


def main(argv: list[str] | None = None) -> int:
    """Run a broker until SIGINT or SIGTERM; return the exit status."""
    parser = WordParser(
        prog="zviazok broker",
        description="Order, store and publish the messages of one server.",
        epilog="Gateways connect to three ports: PORT for messages, PORT+1 for the feed, "
        "PORT+2 for history and pictures. To let a gateway on another machine in, add its "
        "key to the file 'gateways' in the data folder.",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the server's data folder")
    parser.add_argument(
        "--listen",
        default=DEFAULT_LISTEN,
        metavar="HOST:PORT",
        help=f"where gateways connect (default {DEFAULT_LISTEN})",
    )
    parser.add_argument(
        "--rate",
        type=float,
        default=PERSON_PER_S,
        metavar="N",
        help="messages a second that one person may send in the long run, through all gateways; "
        f"0: no limit, of other requests either (default {PERSON_PER_S:g})",
    )
    options = parser.parse_args(argv)
    log_to_stderr()
    try:
        host, port = parse_address(options.listen, DEFAULT_PORT)
    except ZviazokError as error:
        parser.error(str(error))
    if not 0 <= options.rate < 1e9:
        parser.error("--rate must be 0 or more")
    if not 1 <= port <= 65_533:
        parser.error("the broker needs three ports in a row: choose one from 1 to 65533")
    try:
        return _serve(options.data, host, port, options.rate)
    except SetupError as error:
        print(f"zviazok broker: {error}", file=sys.stderr)
        return EXIT_STOP
    except DamagedError as error:
        # Another start would only meet it again, or worse, go on from it.
        print(f"zviazok broker: {error}", file=sys.stderr)
        return EXIT_STOP
    except JournalError as error:
        print(f"zviazok broker: stopped, nothing acknowledged is lost: {error}", file=sys.stderr)
        return 1


def _serve(folder: Path | None, host: str, port: int, rate_per_s: float) -> int:
    begin()
    data = server_folder(folder)
    with DataLock(data / LOCK_FILE) as lock:
        finished = finish(data)
        if finished is not None:
            log.info("restore_finished aside=%s", finished.aside.name if finished.aside else "")
        keys = load_or_make(data / "broker.key")
        frontend = load_or_make(data / "frontend.key")
        broker = Broker(data, host, port, keys, frontend, Tokens(data).find, rate_per_s)
        on_stop(broker.stop)
        lock.note(f"pid={os.getpid()} broker={join_address(host, port)}")
        try:
            with contextlib.suppress(OSError):  # whoever read this may be gone
                print(f"ready broker={host}:{port} key={to_text(keys.public)}", flush=True)
            broker.run()
        finally:
            broker.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
