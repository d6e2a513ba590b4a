"""The bare server under the real load; the generator's judgement; table, picture and file."""

import re
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.benchmarks.corpus import bodies
from tests.benchmarks.peers import environment
from tests.benchmarks.peers.__main__ import main
from tests.benchmarks.peers.bare import Threads
from tests.benchmarks.peers.generator import Generator, Outcome
from tests.benchmarks.peers.peer import Promise, Unavailable
from tests.benchmarks.peers.picture import axis, draw
from tests.benchmarks.peers.results import OWN, Figures, Row, merge, middle, read, write
from tests.benchmarks.peers.table import BEHIND, BETTER, FAULTY, FEWER, put_into, table
from tests.benchmarks.peers.trial import measure

LINUX = pytest.mark.skipif("sys.platform != 'linux'", reason="only on Linux: reads /proc")


def figures(cpu: float, *, rate: float = 0.0, messages: int = 2_000, lost: int = 0) -> Figures:
    took_s = messages / rate if rate else 2.0
    return Figures(
        clients=400,
        messages=messages,
        rate=rate,
        delivered=400 * messages - lost,
        lost=lost,
        damaged=0,
        disordered=0,
        cpu_us_per_delivery=cpu,
        deliveries_per_s=round((400 * messages - lost) / took_s),
        p50_ms=10 * cpu,
        p99_ms=20 * cpu,
        took_s=took_s,
        generator_busy=0.5,
        measured="2026-01-02",
    )


def row(key: str, cpu: float, memory: float = 20.0, *more: Figures) -> Row:
    loads = {"burst": figures(cpu), "1000": figures(2 * cpu, rate=1_000)}
    loads |= {f"{one.rate:g}" if one.rate else "burst": one for one in more}
    promise = Promise("no", "no", "no", "per channel")
    return Row(
        key, key.title(), "a package", "1.2", promise, ("a setting",), memory, "a machine", loads
    )


@LINUX
def test_the_bare_server_delivers_all() -> None:
    told = measure(Threads(), 5, 20, [0.0, 500.0])
    assert list(told.loads) == ["burst", "500"]
    for one in told.loads.values():
        assert (one.delivered, one.lost, one.damaged, one.disordered) == (100, 0, 0, 0)
        assert one.fine
        assert one.cpu_us_per_delivery > 0 and one.deliveries_per_s > 0
        assert 0 < one.p50_ms <= one.p99_ms
    assert told.loads["500"].took_s >= 19 / 500


def served(spoil: Callable[[list[bytes]], list[bytes]], count: int) -> Outcome:
    """Let a server of one client carry ``count`` messages, spoilt."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def serve() -> None:
        receiver, _ = listener.accept()
        receiver.sendall(b"ready\n")
        sender, _ = listener.accept()
        sender.sendall(b"ready\n")
        whole = b""
        while whole.count(b"\n") < count:
            whole += sender.recv(65_536)
        receiver.sendall(b"".join(spoil(whole.splitlines(keepends=True))))
        receiver.recv(1)
        receiver.close()
        sender.close()

    thread = threading.Thread(target=serve)
    thread.start()
    generator = Generator(Threads(), port)
    try:
        generator.connect(1)
        return generator.run(bodies(count, 182), 0)
    finally:
        generator.close()
        thread.join()
        listener.close()


@LINUX
def test_what_is_spoilt_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.benchmarks.peers.generator._QUIET_S", 0.2)
    clean = served(list, 6)
    assert (clean.delivered, clean.lost, clean.damaged, clean.disordered) == (6, 0, 0, 0)
    assert len(clean.latencies_ns) == 6 and min(clean.latencies_ns) > 0
    lost = served(lambda lines: lines[:2] + lines[3:], 6)
    assert (lost.delivered, lost.lost, lost.damaged, lost.disordered) == (5, 1, 0, 0)
    twice = served(lambda lines: [*lines[:3], *lines[2:]], 6)
    assert (twice.delivered, twice.lost, twice.damaged, twice.disordered) == (6, 0, 0, 1)
    swapped = served(lambda lines: [lines[1], lines[0], *lines[2:]], 6)
    assert (swapped.lost, swapped.damaged, swapped.disordered) == (1, 0, 1)
    hurt = served(lambda lines: [*lines[:4], lines[4][:-9] + b"\n", lines[5]], 6)
    assert (hurt.delivered, hurt.lost, hurt.damaged, hurt.disordered) == (5, 1, 1, 0)


def test_marks_come_from_the_figures() -> None:
    rows = [
        row("slow", 40.0, 90.0, figures(40, messages=200), figures(9, rate=1_000, messages=200)),
        row(OWN, 0.3),
        row("quick", 0.1, 3.0),
        row("leaky", 0.05, 30.0, figures(0.05, lost=8), figures(0.1, rate=1_000, lost=8)),
    ]
    behind = replace(rows[0].loads["1000"], took_s=20.0, deliveries_per_s=4_000)
    rows[0].loads["1000"] = behind
    told = table(rows)
    lines = {
        line.split("|")[1].strip().strip("*").split("*")[0].split(",")[0]: line
        for line in told.splitlines()
        if line.startswith("|")
    }
    assert BETTER not in lines["Zviazok"]
    assert lines["Quick"].count(BETTER) == 5  # CPU twice, latency twice, memory; not throughput
    assert BETTER not in lines["Leaky"] and lines["Leaky"].count(FAULTY) == 5
    assert BETTER not in lines["Slow"]
    assert lines["Slow"].count(FEWER) == 5 and lines["Slow"].count(BEHIND) == 2
    assert "Slow, 1,000 msg/s: 200 messages only, carried 10 msg/s." in told
    assert "Leaky, burst: 8 of 800000 lost." in told
    order = [told.index(name) for name in ("Leaky", "Quick", "Zviazok", "Slow")]
    assert order == sorted(order)
    widths = {line.count("|") for line in told.splitlines() if line.startswith("|")}
    assert len(widths) == 1


def test_rows_are_merged_by_peer_and_load(tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    assert read(path) == []
    first, other = row("one", 1.0), row("two", 2.0)
    write(path, merge(merge([], first), other))
    assert read(path) == [first, other]
    newer = replace(first, loads={"burst": figures(0.5)})
    merged = merge(read(path), newer)
    assert [one.key for one in merged] == ["two", "one"]
    assert merged[1].loads["burst"].cpu_us_per_delivery == 0.5
    assert merged[1].loads["1000"] == first.loads["1000"]
    (upgraded,) = [one for one in merge(merged, replace(newer, version="2")) if one.key == "one"]
    assert list(upgraded.loads) == ["burst"]


def test_the_middle_round_counts() -> None:
    told = middle([figures(3.0), figures(1.0), figures(2.0)])
    assert (told.cpu_us_per_delivery, told.p50_ms, told.rounds) == (2.0, 20.0, 3)
    assert (told.cpu_us_least, told.cpu_us_most) == (1.0, 3.0)
    assert middle([figures(1.0), figures(5.0)]).cpu_us_per_delivery == 1.0
    faulty = middle([figures(1.0), figures(2.0), figures(3.0, lost=1)])
    assert not faulty.fine and faulty.cpu_us_most == 3.0


def test_the_table_has_its_place_in_a_page() -> None:
    page = "# Title\n<!-- table -->\nold\n<!-- end of table -->\nend\n"
    once = put_into(page, [row(OWN, 0.3)])
    assert "Measured 2026-01-02, 400 clients, on a machine." in once
    assert "old" not in once and once.endswith("<!-- end of table -->\nend\n")
    assert put_into(once, [row(OWN, 0.3)]) == once
    full = replace(figures(0.2), generator_busy=0.95)
    told = put_into(once, [row(OWN, 0.3), row("quick", 0.2, 9.0, full)])
    assert "could carry more, and sooner: Quick (burst)." in told
    busy = replace(full, cpu_us_per_delivery=2.4)
    assert busy.server_busy == pytest.approx(0.96)
    assert full.held_up and not busy.held_up and not figures(0.2).held_up
    with pytest.raises(ValueError, match="no place"):
        put_into("# Title\n", [row(OWN, 0.3)])


def test_the_picture_shows_every_row(tmp_path: Path) -> None:
    one, two = tmp_path / "one.png", tmp_path / "two.png"
    draw([row(OWN, 0.3)], one)
    draw([row(OWN, 0.3), row("quick", 0.1, 0.0)], two)
    with Image.open(one) as first, Image.open(two) as second:
        assert first.format == second.format == "PNG"
        assert second.height > first.height and second.width == first.width
        colours = first.convert("RGB").getcolors(1 << 20)
        assert colours is not None
        assert (255, 243, 205) in {colour for _, colour in colours}  # our row's field


def test_a_log_scale_holds_its_values() -> None:
    scale = axis([0.0, 0.05, 7.0, 300.0], 100, 500)
    assert (scale.low, scale.high) == (0.01, 1_000)
    assert scale.at(0.01) == 100 and scale.at(1_000) == 500
    assert scale.at(0.0) == 100 and scale.at(1e9) == 500
    assert scale.at(0.1) - scale.at(0.01) == pytest.approx(scale.at(100) - scale.at(10))
    assert axis([], 0, 1).ticks() == [1.0, 10.0]


@LINUX
def test_the_command_prints_and_draws_what_was_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, picture = tmp_path / "all.json", tmp_path / "all.png"
    write(path, [row(OWN, 0.3), row("quick", 0.1)])
    assert main(["--peers", "", "--json", str(path), "--picture", str(picture)]) == 0
    assert "Quick, 1.2" in capsys.readouterr().out
    assert picture.stat().st_size > 0
    words = ["--peers", "threads", "--clients", "3", "--messages", "5", "--loads", "burst"]
    assert main([*words, "--json", str(path)]) == 0
    assert [one.key for one in read(path)] == [OWN, "quick", "threads"]


@pytest.mark.parametrize("words", [["--peers", "icq"], ["--loads", "0"], ["--clients", "0"]])
def test_unknown_words_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)


def test_the_lock_holds_versions_and_hashes_alone() -> None:
    folder = Path(environment.__file__).parent
    lock = (folder / "requirements.lock").read_text(encoding="ascii")
    assert "/" not in lock
    entries = re.split(r"(?m)^(?=\S)", lock)[1:]
    for entry in entries:
        first, *rest = entry.rstrip("\n").split("\n")
        assert re.fullmatch(r"[a-z0-9-]+==\S+ \\", first), first
        assert rest
        for line in rest:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line
    wanted = (folder / "requirements.in").read_text(encoding="ascii").split()
    assert set(wanted) <= {entry.partition("==")[0] for entry in entries}
    for name in wanted:
        assert environment.entry(lock, name).startswith(f"{name}==")
        assert environment.entry(lock, name).count("==") == 1
    with pytest.raises(Unavailable):
        environment.entry(lock, "nothing")
