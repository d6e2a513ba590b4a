"""The benchmark of a long history: what it stores is right, and what it would notice if not."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.sqlite_history import SqliteHistory
from tests.benchmarks.history import History
from tests.benchmarks.stock import BUSY, DRAIN, QUIET, Stock

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: CPU is read from /proc"
)


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Stock]:
    stock = Stock(tmp_path / "journal.sqlite3", rooms=30)
    yield stock
    stock.close()


def _pages(stock: Stock, tmp_path: Path, name: str, limit: int = 60) -> list[bytes]:
    history = SqliteHistory(tmp_path / "journal.sqlite3")
    try:
        page = history.read(stock.rooms[name], 0, 0, limit, 10**6)
    finally:
        history.close()
    assert page is not None
    return page.blocks


def test_every_room_holds_what_was_stored(stock: Stock) -> None:
    stock.fill(10 * DRAIN)
    assert stock.stored == 10 * DRAIN
    heads = stock.heads()
    assert heads == stock.expected()
    assert sum(heads.values()) == 10 * DRAIN
    assert heads[stock.rooms[QUIET]] == heads[stock.rooms[BUSY]] == DRAIN


def test_blocks_are_of_one_event_where_it_is_quiet(stock: Stock, tmp_path: Path) -> None:
    stock.fill(2 * DRAIN)
    assert len(_pages(stock, tmp_path, QUIET)) == 60
    assert len(_pages(stock, tmp_path, BUSY)) == 2


def test_a_page_that_is_not_what_was_stored_is_noticed(stock: Stock, tmp_path: Path) -> None:
    stock.fill(2 * DRAIN)
    blocks = _pages(stock, tmp_path, QUIET)
    assert stock.check(blocks, 1, 60) == 60
    with pytest.raises(RuntimeError, match="holes"):
        stock.check(blocks[:5] + blocks[6:], 1, 60)
    with pytest.raises(RuntimeError, match="holes"):
        stock.check([blocks[1], blocks[0], *blocks[2:]], 1, 60)
    with pytest.raises(RuntimeError, match="holds 1…59"):
        stock.check(blocks[:-1], 1, 60)
    first = bytearray(blocks[0])
    first[-4] ^= 1
    with pytest.raises(RuntimeError, match="another text"):
        stock.check([bytes(first), *blocks[1:]], 1, 60)
    with pytest.raises(RuntimeError, match="holes"):
        stock.check([], 1, 60)


def test_a_short_history_is_measured() -> None:
    result = History(5_000, rooms=30, opens=3, pages=10).run()
    rates = result["appended_per_s"]
    assert isinstance(rates, list) and len(rates) == 10 and min(rates) > 0
    for room in (QUIET, BUSY):
        assert result[f"{room}_events"] == 800
        date = result[f"{room}_date"]
        assert isinstance(date, dict) and date["reads"] > 2
        page = result[f"{room}_page_of_200"]
        assert isinstance(page, dict) and page["cpu_ms"] > 0
