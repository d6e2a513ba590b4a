"""The figures as Markdown: what was measured, beside ours, and what an ack means."""

from collections.abc import Sequence

from tests.benchmarks.durable.bench import OWN, Measured
from tests.benchmarks.durable.peer import Promise

OWN_PROMISE = Promise(
    synced="yes, before the ack",
    encrypted="yes (CURVE)",
    ordered="yes, in a room",
    dedupes="yes, for ever",
)
OWN_CONFIGURATION = (
    "broker and gateway, as `zviazok up` starts them, without limits of rate; SQLite with "
    "`synchronous=FULL`; a room for each sender"
)


def beside(row: Measured, own: Measured) -> str:
    """Say how a peer does beside ours: rate and CPU, and which of them is better."""
    rate = row.acked_per_s / own.acked_per_s
    cpu = row.server_cpu_us_per_message / own.server_cpu_us_per_message
    faster = "**faster**" if rate > 1 else "slower"
    cheaper = "**cheaper**" if cpu < 1 else "dearer"
    return f"{rate:.2f} × the rate: {faster}; {cpu:.2f} × the CPU: {cheaper}"


def figures(rows: Sequence[Measured]) -> str:
    """Return the table of figures; rows of a load stand together, ours first."""
    lines = [
        "| load | | acknowledged/s | µs of server CPU a message | p50 ms | p99 ms | beside ours |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in dict.fromkeys(row.case for row in rows):
        of_case = [row for row in rows if row.case == case]
        own = next((row for row in of_case if row.peer == OWN), None)
        for row in sorted(of_case, key=lambda one: one.peer != OWN):
            words = "" if own is None or row is own else beside(row, own)
            lines.append(
                f"| {case} | {row.peer} | {row.acked_per_s:,} | {row.server_cpu_us_per_message:.2f}"
                f" | {row.p50_ms:.2f} | {row.p99_ms:.2f} | {words} |"
            )
    return "\n".join(lines)


def promises(peers: Sequence[tuple[str, str, Promise, str]]) -> str:
    """Return the table of promises: of name, version, promise and configuration."""
    lines = [
        "| | version | stored | on the disk | encrypted | in order | dedupes | configuration |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, version, promise, configuration in peers:
        words = (promise.stored, promise.synced, promise.encrypted, promise.ordered)
        cells = (name, version, *words, promise.dedupes, configuration)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
