"""Growth: how cost grows with clients, rooms, gateways and history; each a curve with its exponent.

Every curve is the cost of **all** of the work at each size, so that its exponent can be held
against the work's: twice the clients are twice the deliveries (1), but the same messages in more
rooms, or through more gateways, are the same deliveries (0). Where a run is short, the smaller CPU
of two counts: what else the machine does only adds.

The raw figures are kept in ``growth.json``, curve by curve, and the picture is drawn from there:
so a part can be measured again alone.
"""

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from broker.sqlite_history import SqliteHistory
from tests.benchmarks.connections import Connections
from tests.benchmarks.curve import Curve, table
from tests.benchmarks.curvesheet import draw
from tests.benchmarks.fanout import Fanout
from tests.benchmarks.spread import Spread
from tests.benchmarks.stock import QUIET, Stock

SIZES: Mapping[str, Sequence[int]] = {
    "clients": (50, 100, 200, 400, 800),
    "connections": (500, 1_000, 2_000, 4_000),
    "rooms": (1, 5, 20, 70, 200),
    "gateways": (1, 2, 3, 4),
    "history": (1_000, 10_000, 100_000, 1_000_000),
}
"""What is measured, and at which sizes."""

_TRIES = 2
_BURST = 2_000
_ROOM_CLIENTS, _GATEWAY_CLIENTS = 50, 400
_RATE, _SECONDS = 1_000, 2
_STOCK_ROOMS = 20
_PAGE_EVENTS = 100
_PAGES = 300
_PAGE_BYTES = 131_072


@dataclass(frozen=True, slots=True)
class Growth:
    """What to measure, and the folder of ``growth.json`` and ``growth.png``."""

    folder: Path
    parts: Sequence[str] = tuple(SIZES)
    sizes: Mapping[str, Sequence[int]] = field(default_factory=lambda: SIZES)
    grace_s: float = 15.0
    """See :class:`tests.benchmarks.connections.Connections`."""

    def run(self) -> dict[str, object]:
        """Measure the parts, keep the raw figures, draw; return all curves that are known."""
        measures: dict[str, Callable[[Sequence[int]], dict[str, Curve]]] = {
            "clients": self._clients,
            "connections": self._connections,
            "rooms": self._rooms,
            "gateways": self._gateways,
            "history": self._history,
        }
        file = self.folder / "growth.json"
        for part in self.parts:
            found = measures[part](self.sizes[part])
            known = load(file) | found
            file.write_text(json.dumps(_raw(known), indent=1) + "\n", encoding="utf-8")
        curves = ordered(load(file))
        draw(curves, self.folder / "growth.png")
        return {"bench": "growth", "curves": _raw(load(file)), "table": table(curves)}

    def _clients(self, sizes: Sequence[int]) -> dict[str, Curve]:
        totals = [min(_burst_ms(size) for _ in range(_TRIES)) for size in sizes]
        return {
            "fanout": _curve(
                "Fan-out", "clients", "ms CPU", sizes, totals, 1,
                f"a burst of {_BURST:,} messages to all of them in one room; broker and gateway",
            )
        }  # fmt: skip

    def _connections(self, sizes: Sequence[int]) -> dict[str, Curve]:
        cpu_ms: list[float] = []
        memory_mib: list[float] = []
        for size in sizes:
            found = Connections(size, self.grace_s, 1.0).run()
            cpu_ms.append(_number(found, "cpu_us_per_handshake") * size / 1e3)
            memory_mib.append(_number(found, "kib_per_client") * size / 1024)
        return {
            "handshakes": _curve(
                "Letting in", "clients", "ms CPU", sizes, cpu_ms, 1,
                "of a gateway: handshakes, and their people put into the first room",
            ),
            "memory": _curve(
                "Memory", "clients", "MiB", sizes, memory_mib, 1, "of a gateway, for who is there"
            ),
        }  # fmt: skip

    def _rooms(self, sizes: Sequence[int]) -> dict[str, Curve]:
        totals = [_spread_ms(_ROOM_CLIENTS, size, 1) for size in sizes]
        return {
            "rooms": _curve(
                "Rooms", "rooms", "ms CPU", sizes, totals, 0,
                f"{_RATE:,} messages a second in all, {_ROOM_CLIENTS} clients in every room; "
                "broker and gateway",
            )
        }  # fmt: skip

    def _gateways(self, sizes: Sequence[int]) -> dict[str, Curve]:
        totals = [_spread_ms(_GATEWAY_CLIENTS, 1, size) for size in sizes]
        return {
            "gateways": _curve(
                "Gateways", "gateways", "ms CPU", sizes, totals, 0,
                f"{_RATE:,} messages a second to {_GATEWAY_CLIENTS} clients, spread over them; "
                "each hears all, and holds for those it reaches",
            )
        }  # fmt: skip

    def _history(self, sizes: Sequence[int]) -> dict[str, Curve]:
        stored: list[int] = []
        append_ms: list[float] = []
        page_ms: list[float] = []
        with tempfile.TemporaryDirectory(prefix="zviazok-growth-") as folder:
            path = Path(folder) / "journal.sqlite3"
            stock = Stock(path, _STOCK_ROOMS)
            for size in sizes:
                stock.fill(size - stock.stored)
                stored.append(stock.stored)
                append_ms.append(stock.append_cpu_ns / 1e6)
                page_ms.append(_pages_ms(stock, path))
            stock.close()
        return {
            "append": _curve(
                "Writing", "events", "ms CPU", stored, append_ms, 1,
                "to append all of them to the journal in drains, each synced",
            ),
            "pages": _curve(
                "Reading", "events", f"ms CPU for {_PAGES} pages", stored, page_ms, 0,
                f"pages of {_PAGE_EVENTS} events in a tenth of them, each in a block of its own",
            ),
        }  # fmt: skip


def load(file: Path) -> dict[str, Curve]:
    """Read the curves that were measured so far."""
    if not file.exists():
        return {}
    raw = json.loads(file.read_text(encoding="utf-8"))
    names = Curve.__dataclass_fields__.keys()
    return {
        key: Curve(**{name: one[name] for name in names if name in one}) for key, one in raw.items()
    }


def _raw(curves: Mapping[str, Curve]) -> dict[str, object]:
    return {
        name: asdict(one) | {"exponent": round(one.exponent, 3)} for name, one in curves.items()
    }


_ORDER = ("fanout", "handshakes", "memory", "rooms", "gateways", "append", "pages")


def ordered(curves: Mapping[str, Curve]) -> list[Curve]:
    """Return the curves in the order of the picture."""
    return [curves[name] for name in _ORDER if name in curves]


def _curve(
    title: str,
    size: str,
    unit: str,
    sizes: Sequence[int],
    totals: Sequence[float],
    work: float,
    about: str,
) -> Curve:
    rounded = [round(one, 3) for one in totals]
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return Curve(title, size, unit, list(sizes), rounded, work, about, date)


def _number(found: Mapping[str, object], name: str) -> float:
    value = found[name]
    assert isinstance(value, int | float)
    return value


def _burst_ms(clients: int) -> float:
    found = Fanout(clients, _BURST, 0, 200).run()
    if not found["in_order"]:
        raise RuntimeError(f"{found['delivered']} of {found['expected']} came, or not in order")
    return _number(found, "server_cpu_us_per_delivery") * _number(found, "delivered") / 1e3


def _spread_ms(clients: int, rooms: int, gateways: int) -> float:
    spread = Spread(clients, rooms, gateways, _RATE * _SECONDS, _RATE)
    return min(_number(spread.run(), "server_cpu_ms") for _ in range(_TRIES))


def _pages_ms(stock: Stock, path: Path) -> float:
    """Read pages at places drawn at random; return the CPU of the reading alone, and check them."""
    chance = Random(5)
    head = stock.expected()[stock.rooms[QUIET]]
    history = SqliteHistory(path)
    spent_ns = 0
    try:
        for _ in range(_PAGES):
            after = chance.randrange(head - _PAGE_EVENTS + 1)
            before = time.thread_time_ns()
            with history.at_once():
                page = history.read(stock.rooms[QUIET], after, 0, _PAGE_EVENTS, _PAGE_BYTES)
            spent_ns += time.thread_time_ns() - before
            assert page is not None
            stock.check(page.blocks, after + 1, after + _PAGE_EVENTS)
    finally:
        history.close()
    return spent_ns / 1e6
