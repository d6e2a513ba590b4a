"""``python -m tests.faults``: the campaign from the command line; see ``README.md``."""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from tests.faults.campaign import NAMES, SERVERS, Plan, remove
from tests.faults.jobs import side_by_side
from tests.faults.run import Scale
from tests.faults.storms import LONG, SHORT

DEFAULT_SEED = 20261128
LONG_REPEAT = 20


def main(words: list[str] | None = None) -> int:
    """Run a campaign; 1 if anything was found, 130 after Ctrl+C."""
    options = _parse(words)
    # Also where it was started in the background, with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(f"seed {options.seed}", flush=True)
    if options.keep:
        folder = options.keep
        folder.mkdir(parents=True, exist_ok=True)
    else:
        folder = Path(tempfile.mkdtemp(prefix="zviazok-faults-"))
    began = time.monotonic()
    try:
        outcome = side_by_side(folder, _plan(options), options.jobs or _jobs(options))
    except KeyboardInterrupt:
        print("stopped", flush=True)
        if not options.keep:
            remove(folder)
        return 130
    minutes = (time.monotonic() - began) / 60
    report = outcome.report
    print(f"\nseed {options.seed}, {date.today()}, {minutes:.1f} minutes\n\n{report}")
    for name, figures in outcome.storms.items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))
    for name, reason in sorted(outcome.left_out.items()):
        print(f"left out: {name}: {reason}")
    for trouble in outcome.troubles:
        print(f"TROUBLE: {trouble}")
    if options.report:
        about = {
            "seed": options.seed,
            "date": str(date.today()),
            "command": "python -m tests.faults " + " ".join(words or sys.argv[1:]),
            "minutes": round(minutes, 1),
            "left_out": outcome.left_out,
            "troubles": outcome.troubles,
            "storms": outcome.storms,
        }
        text = json.dumps({**about, **json.loads(report.to_json())}, indent=1)
        options.report.write_text(text, encoding="utf-8")
    if outcome.sound and not options.keep:
        remove(folder)
    else:
        print(f"everything of it is in {folder}")
    return 0 if outcome.sound else 1


def _parse(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description="Real servers under faults: nothing lost, nothing doubled, or it is reported.",
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--short", action="store_true", help="everything once, as short as it goes")
    kind.add_argument(
        "--long",
        action="store_true",
        help=f"all {LONG_REPEAT} times (overload once), to the full",
    )
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, metavar="N")
    parser.add_argument(
        "--fault", action="append", choices=NAMES, metavar="NAME", help="this one; may come again"
    )
    parser.add_argument(
        "--server", action="append", choices=SERVERS, help="this kind of server; may come again"
    )
    parser.add_argument("--repeat", type=int, metavar="N", help="how often each fault comes")
    parser.add_argument("--jobs", type=int, metavar="N", help="servers at once")
    parser.add_argument("--together", type=int, default=5, metavar="N", help="most at once")
    parser.add_argument("--clients", type=int, metavar="N", help="light clients of a run")
    parser.add_argument("--messages", type=float, metavar="N", help="messages a second")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep everything there")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write figures as JSON")
    parser.add_argument("--list", action="store_true", help="name all faults")
    options = parser.parse_args(words)
    if options.list:
        print("\n".join(NAMES))
        sys.exit(0)
    return options


def _plan(options: argparse.Namespace) -> Plan:
    scale = Scale(light=40, per_s=500.0) if options.long else Scale()
    if options.short:
        # It is for machines that have other work too: late recoveries are told, and not judged.
        scale = replace(scale, within_s=SHORT.within_s)
    if options.clients:
        scale = replace(scale, light=options.clients)
    if options.messages:
        scale = replace(scale, per_s=options.messages)
    return Plan(
        options.seed,
        tuple(options.fault) if options.fault else NAMES,
        options.repeat or (LONG_REPEAT if options.long else 1),
        options.together,
        short=options.short,
        servers=tuple(options.server or SERVERS),
        storms=LONG if options.long else SHORT,
        scale=scale,
        keep=options.keep is not None,
    )


def _jobs(options: argparse.Namespace) -> int:
    return 2 if options.long or options.short else 1


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
