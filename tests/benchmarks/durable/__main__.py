"""``python -m tests.benchmarks.durable``: all peers, or some, under the same loads; a table."""

import argparse
import json
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from protocol import __version__
from protocol.words import WordParser
from tests.benchmarks.durable.bench import OWN, Measured, measure, measure_own
from tests.benchmarks.durable.jetstream import JetStream
from tests.benchmarks.durable.load import CASES
from tests.benchmarks.durable.peer import Promise, Store
from tests.benchmarks.durable.postgres import Postgres, PostgresMany
from tests.benchmarks.durable.redisstreams import RedisStreams
from tests.benchmarks.durable.table import OWN_CONFIGURATION, OWN_PROMISE, figures, promises

PEERS: dict[str, type[Store] | None] = {
    "zviazok": None,
    "redis": RedisStreams,
    "nats": JetStream,
    "postgres": Postgres,
    "postgres-many": PostgresMany,
}


def _peers(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in PEERS:
            raise argparse.ArgumentTypeError(f"{name}: choose of {', '.join(PEERS)}")
    return names


def _seconds(text: str) -> float:
    number = float(text)
    if not 0.1 <= number <= 600:
        raise argparse.ArgumentTypeError("must be from 0.1 to 600")
    return number


def main(argv: list[str] | None = None) -> int:
    """Measure; return the exit status."""
    parser = WordParser(
        prog="python -m tests.benchmarks.durable",
        description="Durable ingest: messages stored and acknowledged, beside Redis streams, NATS "
        "JetStream and PostgreSQL, all on loopback and on the disk of the temporary folder.",
    )
    parser.add_argument(
        "--peers", type=_peers, default=list(PEERS), help=f"of {','.join(PEERS)} (default: all)"
    )
    parser.add_argument(
        "--seconds", type=_seconds, default=6.0, help="of each load of each peer (default: 6)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the raw figures here")
    options = parser.parse_args(argv)
    if not sys.platform.startswith("linux"):
        print("durable: needs Linux, because it reads CPU from /proc", file=sys.stderr)
        return 1
    try:
        chosen = [PEERS[name] for name in options.peers]
        stores = [one() for one in chosen if one is not None]
        told: list[tuple[str, str, Promise, str]] = []
        if "zviazok" in options.peers:
            told.append((OWN, __version__, OWN_PROMISE, OWN_CONFIGURATION))
        for store in stores:
            try:
                version = store.version()
            except FileNotFoundError:
                raise RuntimeError(
                    f"{store.name} is not installed (Debian's package {store.package}); "
                    "install it, or leave it out with --peers"
                ) from None
            told.append((store.name, version, store.promise, store.configuration))
        rows = _measure("zviazok" in options.peers, stores, options.seconds)
    except RuntimeError as error:
        print(f"durable: {error}", file=sys.stderr)
        return 1
    date = datetime.now(UTC)
    machine = f"{platform.platform()}, Python {platform.python_version()}"
    print(f"{date:%d %B %Y}, {machine}\n\n{figures(rows)}\n\n{promises(told)}")
    if options.json is not None:
        raw = {
            "bench": "durable",
            "date": date.isoformat(timespec="seconds"),
            "machine": machine,
            "loads": [asdict(case) for case in CASES],
            "rows": [asdict(row) for row in rows],
            "peers": [
                {"name": name, "version": version, "configuration": words, **asdict(promise)}
                for name, version, promise, words in told
            ],
        }
        options.json.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    return 0


def _measure(with_own: bool, stores: list[Store], seconds: float) -> list[Measured]:
    rows: list[Measured] = []
    for case in CASES:
        if with_own:
            rows.append(measure_own(case, seconds))
        rows += [measure(store, case, seconds) for store in stores if store.takes(case)]
    return rows


if __name__ == "__main__":
    sys.exit(main())
