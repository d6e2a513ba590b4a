"""Curves of growth: their exponents, the table, the picture; and small real measures."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.benchmarks.curve import Curve, exponent, short, table
from tests.benchmarks.curvesheet import draw
from tests.benchmarks.growth import SIZES, Growth, load, ordered
from tests.benchmarks.spread import Spread

linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: CPU is read from /proc"
)


def _curve(
    totals: list[float], work: float = 1, sizes: tuple[int, ...] = (10, 100, 1_000)
) -> Curve:
    return Curve("Something", "things", "ms CPU", list(sizes), totals, work, "what it is", "2026")


@given(st.floats(-2, 3), st.floats(0.01, 1e6))
def test_the_exponent_of_a_power_is_found(power: float, factor: float) -> None:
    sizes = [3, 10, 70, 400, 900]
    totals = [factor * size**power for size in sizes]
    assert exponent(sizes, totals) == pytest.approx(power, abs=1e-6)


def test_the_exponent_is_the_best_line_of_points_that_are_on_none() -> None:
    # By hand: log10 of the sizes is 0, 1, 2, of the totals 0, 1, 1.
    assert exponent([1, 10, 100], [1, 10, 10]) == pytest.approx(0.5)


def test_what_has_no_slope_is_refused() -> None:
    for sizes, totals in (([5, 5], [1, 2]), ([1, 2], [0, 1]), ([1, 2], [1, 2, 3])):
        with pytest.raises(ValueError):
            exponent(sizes, totals)


def test_worse_is_what_grows_clearly_faster_than_the_work() -> None:
    assert not _curve([1, 10, 100]).is_worse
    assert not _curve([1, 10, 150]).is_worse
    assert _curve([1, 15, 300]).is_worse
    assert _curve([1, 2, 4], work=0).is_worse
    lines = table([_curve([1, 10, 100]), _curve([1, 15, 300])]).splitlines()
    assert "10 · 100 · 1,000 things | 1 · 10 · 100 ms CPU | 1.00 | 1 | no worse" in lines[2]
    assert "**worse than the work**" in lines[3]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.1234, "0.123"), (12.3, "12.3"), (999.6, "1,000"), (12_345, "12.3 k"), (2e6, "2 M")],
)
def test_numbers_are_short(number: float, text: str) -> None:
    assert short(number) == text


def test_the_sheet_has_a_panel_for_every_curve_in_its_colour(tmp_path: Path) -> None:
    curves = [_curve([1, 10, 100]), _curve([5, 200, 40_000]), *[_curve([7, 70, 700])] * 3]
    path = tmp_path / "sheet.png"
    draw(curves, path)
    with Image.open(path) as image:
        sheet = image.convert("RGB")
    assert sheet.size == (1_600, 660)

    def inks(column: int, row: int) -> set[str]:
        corner = (column * 400, row * 330)
        panel = sheet.crop((*corner, corner[0] + 400, corner[1] + 330))
        colours = {pixel for _, pixel in panel.getcolors(400 * 330) or ()}
        named = {(0x1F, 0x6F, 0xEB): "line", (0xC2, 0x41, 0x0C): "worse"}
        return {named[one] for one in colours if isinstance(one, tuple) and one in named}

    assert inks(0, 0) == {"line"}
    assert inks(1, 0) == {"worse"}
    assert inks(0, 1) == {"line"}
    assert inks(1, 1) == set()


@linux
def test_the_same_messages_come_through_rooms_and_gateways() -> None:
    result = Spread(clients=9, rooms=3, gateways=2, messages=60, rate=600).run()
    assert result["delivered"] == 9 * 60
    cpu, broker = result["server_cpu_ms"], result["broker_cpu_ms"]
    assert isinstance(cpu, float) and isinstance(broker, float) and cpu > broker > 0


@linux
def test_a_client_may_be_in_one_room_of_many() -> None:
    result = Spread(clients=6, rooms=3, gateways=1, messages=60, rate=600, divided=True).run()
    assert result["delivered"] == 6 * 20 and result["rooms_of_a_client"] == 1


@linux
def test_a_part_is_measured_again_alone(tmp_path: Path) -> None:
    sizes = {**SIZES, "history": (1_200, 4_000), "rooms": (1, 2)}
    Growth(tmp_path, ("history",), sizes).run()
    first = load(tmp_path / "growth.json")
    assert set(first) == {"append", "pages"}
    assert first["append"].sizes == [1_200, 4_000]
    assert first["append"].totals[0] < first["append"].totals[1]
    raw = json.loads((tmp_path / "growth.json").read_text())
    raw["rooms"] = raw.pop("pages") | {"title": "Rooms", "later": "unknown"}
    (tmp_path / "growth.json").write_text(json.dumps(raw))
    result = Growth(tmp_path, ("history",), sizes).run()
    assert [one.title for one in ordered(load(tmp_path / "growth.json"))] == [
        "Rooms",
        "Writing",
        "Reading",
    ]
    assert str(result["table"]).count("\n") == 4
    assert (tmp_path / "growth.png").stat().st_size > 5_000
