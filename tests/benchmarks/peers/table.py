"""The table, in Markdown: figures, promises, and a mark wherever a peer does better than we do."""

from tests.benchmarks.peers.results import OWN, Figures, Row

BETTER = "▲"
BEHIND = "†"
FAULTY = "✗"
FEWER = "‡"
_START, _END = "<!-- table -->\n", "<!-- end of table -->"
_LOADS = ("burst", "1000", "100")

LEGEND = f"""\
{BETTER} better than Zviazok in this column. \
{BEHIND} did not keep up with this rate: the figure is of a server that runs behind. \
{FEWER} measured with fewer messages, because it is slow. \
{FAULTY} lost, damaged, doubled or disordered messages.
"""


def sort_rows(rows: list[Row]) -> list[Row]:
    """Order by CPU per delivery in the burst, the cheapest first."""

    def cost(row: Row) -> float:
        figures = row.loads.get("burst") or next(iter(row.loads.values()), None)
        return figures.cpu_us_per_delivery if figures else float("inf")

    return sorted(rows, key=cost)


def load_names(rows: list[Row]) -> list[str]:
    """Return the loads that somebody has been measured at; the usual ones first."""
    found = {name for row in rows for name in row.loads}
    return [one for one in _LOADS if one in found] + sorted(found - set(_LOADS))


def title_of(load: str) -> str:
    """Name a load for people."""
    return "burst" if load == "burst" else f"{int(float(load)):,} msg/s"


def is_better(row: Row, own: Row | None, load: str, name: str) -> bool:
    """Say whether a peer's figure beats ours; one that lost messages never does."""
    if own is None or row.key == OWN:
        return False
    if not load:
        return row.memory_kib_per_client < own.memory_kib_per_client
    theirs, ours = row.loads.get(load), own.loads.get(load)
    if theirs is None or ours is None or not theirs.fine:
        return False
    if name == "deliveries_per_s":
        return theirs.deliveries_per_s > ours.deliveries_per_s
    return bool(getattr(theirs, name) < getattr(ours, name))


def table(rows: list[Row]) -> str:
    """Return the whole table with its legend."""
    rows, loads = sort_rows(rows), load_names(rows)
    own = next((row for row in rows if row.key == OWN), None)
    fewest = max((one.messages for row in rows for one in row.loads.values()), default=0)
    head = ["peer, version", "stored", "fsynced", "encrypted", "ordered"]
    head += [f"µs CPU per delivery, {title_of(load)}" for load in loads]
    head += [f"deliveries/s, {title_of(load)}" for load in loads if load == "burst"]
    head += [f"p50 / p99 ms, {title_of(load)}" for load in loads]
    head += ["KiB per client"]
    lines = [_line(head), _line(["---"] * 5 + ["---:"] * (len(head) - 5))]
    for row in rows:
        promise = row.promise
        name = f"**{row.title}**" if row.key == OWN else row.title
        cells = [f"{name}, {row.version}", promise.stored, promise.fsynced]
        cells += [promise.encrypted, promise.ordered]
        for load in loads:
            figures = row.loads.get(load)
            text = three_digits(figures.cpu_us_per_delivery) if figures else "–"
            cells.append(_marked(row, own, load, ("cpu_us_per_delivery",), text, fewest))
        for load in loads:
            if load == "burst":
                figures = row.loads.get(load)
                text = f"{figures.deliveries_per_s:,}" if figures else "–"
                cells.append(_marked(row, own, load, ("deliveries_per_s",), text, fewest))
        for load in loads:
            figures = row.loads.get(load)
            text = (
                f"{three_digits(figures.p50_ms)} / {three_digits(figures.p99_ms)}"
                if figures
                else "–"
            )
            cells.append(_marked(row, own, load, ("p50_ms", "p99_ms"), text, fewest))
        memory = f"{row.memory_kib_per_client:.1f}"
        if is_better(row, own, "", ""):
            memory += f" {BETTER}"
        cells.append(memory)
        lines.append(_line(cells))
    return "\n".join(lines) + "\n\n" + LEGEND + _notes(rows, loads, fewest)


def conditions(rows: list[Row]) -> str:
    """Return when and on what was measured, in a line."""
    dates = sorted({one.measured for row in rows for one in row.loads.values()})
    clients = sorted({one.clients for row in rows for one in row.loads.values()})
    machines = sorted({row.machine for row in rows})
    when = " to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else "never"
    count = " or ".join(f"{one:,}" for one in clients)
    return f"Measured {when}, {count} clients, on {' and on '.join(machines)}.\n"


def put_into(page: str, rows: list[Row]) -> str:
    """Return a page in Markdown with its table made anew, between two comments."""
    before, start, rest = page.partition(_START)
    _, end, after = rest.partition(_END)
    if not (start and end):
        raise ValueError(f"the page has no place for the table: {_START.strip()} … {_END}")
    return f"{before}{start}\n{conditions(rows)}\n{table(rows)}\n{end}{after}"


def _marked(
    row: Row, own: Row | None, load: str, names: tuple[str, ...], text: str, fewest: int
) -> str:
    figures = row.loads.get(load)
    if figures is None:
        return text
    if all(is_better(row, own, load, name) for name in names):
        text += f" {BETTER}"
    elif any(is_better(row, own, load, name) for name in names):
        text += f" ({BETTER})"
    if not figures.kept_up:
        text += f" {BEHIND}"
    if figures.messages < fewest:
        text += f" {FEWER}"
    if not figures.fine:
        text += f" {FAULTY}"
    return text


def _notes(rows: list[Row], loads: list[str], fewest: int) -> str:
    """Say in words what the marks stand for."""
    lines = [f"({BETTER}) one of the two figures is better."]
    for row in rows:
        for load in loads:
            figures = row.loads.get(load)
            if figures is None:
                continue
            said = _said(figures, fewest)
            if said:
                lines.append(f"{row.title}, {title_of(load)}: {', '.join(said)}.")
    held_up = []
    for row in rows:
        names = [title_of(load) for load in loads if load in row.loads and row.loads[load].held_up]
        if names:
            held_up.append(f"{row.title} ({', '.join(names)})")
    if held_up:
        lines.append(
            "The generator's core was full and the server's was not, so the server could carry "
            f"more, and sooner: {'; '.join(held_up)}."
        )
    return "\n" + "\n".join(f"- {line}" for line in lines) + "\n"


def _said(figures: Figures, fewest: int) -> list[str]:
    said = []
    if figures.messages < fewest:
        said.append(f"{figures.messages} messages only")
    if not figures.kept_up:
        said.append(f"carried {figures.messages / figures.took_s:.0f} msg/s")
    if figures.lost:
        said.append(f"{figures.lost} of {figures.clients * figures.messages} lost")
    if figures.damaged:
        said.append(f"{figures.damaged} damaged")
    if figures.disordered:
        said.append(f"{figures.disordered} doubled or out of order")
    return said


def three_digits(value: float) -> str:
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
