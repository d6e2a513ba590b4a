"""Asks the public list of advisories (OSV) about every version in requirements.lock.

``python -m tests.security.audit``: 0 if nothing is known against them, 1 if something is. A
service that cannot be asked is told in one line and is no failure: a build must not depend on a
network. Only names and versions of the lock are sent, which are public. No library: what looks
for holes must not bring any, and pip-audit would bring twenty-eight packages.
"""

import argparse
import json
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[2] / "requirements.lock"
SERVICE = "https://api.osv.dev/v1/querybatch"
TIMEOUT_S = 10.0
ANSWER_MAX_BYTES = 16 * 1024 * 1024

ACCEPTED: dict[str, str] = {}
"""Advisory → why it does not concern this program. Each has an end: look again at a new version."""

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; .*)? \\$", re.MULTILINE)


class CannotAskError(Exception):
    """The service did not answer, or not as it promises."""


def pins(text: str) -> dict[str, str]:
    """Return name → version of everything in the text of a lock."""
    return dict(_PIN.findall(text))


def ask(found: dict[str, str], service: str = SERVICE) -> dict[str, list[str]]:
    """Return name → advisories of those against whom there is something; raise CannotAskError."""
    queries = [
        {"package": {"name": name, "ecosystem": "PyPI"}, "version": version}
        for name, version in found.items()
    ]
    request = urllib.request.Request(
        service,
        json.dumps({"queries": queries}).encode(),
        {"Content-Type": "application/json", "User-Agent": "zviazok-audit"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            said: Any = json.loads(answer.read(ANSWER_MAX_BYTES))
        results = said["results"]
        if len(results) != len(queries):
            raise ValueError("not as many answers as questions")
        ids = [[str(one["id"]) for one in result.get("vulns", [])] for result in results]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = getattr(error, "reason", error)
        raise CannotAskError(f"{type(error).__name__}: {reason}".splitlines()[0]) from None
    named = zip(found, ids, strict=True)
    open_ = {name: [one for one in some if one not in ACCEPTED] for name, some in named}
    return {name: some for name, some in open_.items() if some}


def main(argv: list[str] | None = None) -> int:
    """Ask, and print what is known; return the exit status."""
    parser = argparse.ArgumentParser(prog="audit", description=__doc__)
    parser.add_argument("--lock", type=Path, default=LOCK)
    parser.add_argument("--service", default=SERVICE, help="default: %(default)s")
    words = parser.parse_args(argv)
    found = pins(words.lock.read_text(encoding="ascii"))
    try:
        bad = ask(found, words.service)
    except CannotAskError as error:
        print(f"audit: the list of advisories could not be asked ({error}); nothing was checked")
        return 0
    for name, advisories in bad.items():
        print(f"audit: {name} {found[name]}: {', '.join(advisories)}")
    if not bad:
        print(f"audit: nothing is known against the {len(found)} packages of {words.lock.name}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
