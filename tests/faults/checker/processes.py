"""What became of the processes of a run: how they ended, and what they printed (I11, I13).

No process may end that was not to end; none may print a traceback, nor anything that was said:
neither a canary of a private room nor a value, ``NAME-COUNTER``, of any room.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.faults.checker.records import CANARY
from tests.faults.checker.verdict import Findings, Invariant

_COMPLAINTS = re.compile(
    rb"Traceback \(most recent call last\)|Assertion failed|Fatal Python error|"
    rb"Exception ignored in|terminate called|Segmentation fault"
)
_CANARY = re.compile(CANARY.pattern.encode())
_CHUNK_BYTES = 1 << 20
_OVERLAP_BYTES = 256


@dataclass(slots=True)
class Processes:
    """The processes of a run."""

    findings: Findings

    def check_ends(self, path: Path) -> None:
        """Every process that ended was to end, or did so well. No file: nothing is known."""
        if not path.exists():
            return
        try:
            for one in json.loads(path.read_text(encoding="utf-8")):
                if one["status"] != 0 and not one["planned"]:
                    what = f"pid {one['pid']} ended with {one['status']}"
                    self.findings.add(Invariant.HEALTH, str(one["name"]), what)
        except (ValueError, KeyError, TypeError) as error:
            self.findings.add(Invariant.HISTORY, path.name, f"cannot be read: {error!r}")

    def check_logs(self, folder: Path, counters: Mapping[str, int]) -> None:
        """``counters``: the highest counter in the values of each client."""
        names = b"|".join(re.escape(name.encode()) for name in sorted(counters))
        values = re.compile(rb"(?<![\w-])(" + names + rb")-(\d{1,12})(?![\w-])") if names else None
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self._check_log(path, values, counters)

    def _check_log(
        self, path: Path, values: re.Pattern[bytes] | None, counters: Mapping[str, int]
    ) -> None:
        tell = self.findings.add
        with path.open("rb") as file:
            rest = b""
            while chunk := file.read(_CHUNK_BYTES):
                # What straddles two chunks is found in the second; what lies in both is told twice.
                text = rest + chunk
                rest = text[-_OVERLAP_BYTES:]
                for complaint in _COMPLAINTS.findall(text):
                    tell(Invariant.HEALTH, path.name, f"printed {complaint.decode()!r}")
                for found in _CANARY.findall(text):
                    tell(Invariant.PRIVACY, path.name, f"has the canary {found.decode()}")
                for name, counter in values.findall(text) if values else ():
                    if 0 < int(counter) <= counters[name.decode()]:
                        what = f"has what was said: {name.decode()}-{int(counter)}"
                        tell(Invariant.PRIVACY, path.name, what)
