"""How long it took until everything was whole again after every fault (I12).

Recovery is counted from the last healing before the moment at which everything was whole, because
faults overlap. A fault may say how long it may take (``within_s``), since ten thousand queued
messages do not drain in ten seconds.
"""

from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.checker.history import HistoryError, Reader
from tests.faults.checker.records import Fault
from tests.faults.checker.verdict import Findings, Invariant

WITHIN_S = 10.0


@dataclass(slots=True)
class _Course:
    name: str
    begin_ns: int = 0
    heal_ns: int = 0
    whole_ns: int = 0
    within_s: float = WITHIN_S


@dataclass(slots=True)
class Recovery:
    """The faults of a run."""

    findings: Findings
    within_s: float = WITHIN_S
    """How long a recovery may take whose fault says nothing."""
    faults: dict[str, int] = field(default_factory=dict)
    recovery_ms: dict[str, list[int]] = field(default_factory=dict)

    @property
    def restored(self) -> bool:
        """Whether an older journal was brought back."""
        return any("restore" in name for name in self.faults)

    def read(self, path: Path) -> None:
        """Read what the nemesis did; no file: it did nothing."""
        if not path.exists():
            return
        courses: dict[int | str, _Course] = {}
        try:
            for record in Reader(path):
                if isinstance(record, Fault):
                    self._take(courses, record)
                else:
                    raise HistoryError(f"{path.name}: a record of a client")
        except HistoryError as error:
            self.findings.add(Invariant.HISTORY, "nemesis", str(error))
        heals = sorted(course.heal_ns for course in courses.values() if course.heal_ns)
        for id, course in courses.items():
            self._judge(f"{course.name} {id}", course, heals)

    def _take(self, courses: dict[int | str, _Course], record: Fault) -> None:
        course = courses.get(record.id)
        if course is None:
            course = courses[record.id] = _Course(record.name, within_s=self.within_s)
        course.within_s = float(record.details.get("within_s", course.within_s))
        if record.phase == "begin":
            course.begin_ns = record.t
            self.faults[record.name] = self.faults.get(record.name, 0) + 1
        elif record.phase == "heal":
            course.heal_ns = record.t
        else:
            course.whole_ns = record.t

    def _judge(self, who: str, course: _Course, heals: list[int]) -> None:
        tell = self.findings.add
        if not 0 < course.begin_ns <= course.heal_ns:
            tell(Invariant.LIVENESS, "nemesis", f"{who} has no begin, or was not healed")
        elif course.whole_ns < course.heal_ns:
            tell(Invariant.LIVENESS, "nemesis", f"not all was whole after {who}")
        else:
            healed_ns = max(ns for ns in heals if ns <= course.whole_ns)
            took_ms = (course.whole_ns - healed_ns) // 1_000_000
            self.recovery_ms.setdefault(course.name, []).append(took_ms)
            if took_ms > course.within_s * 1_000:
                what = f"{took_ms} ms after {who}, of {course.within_s:g} s that it may take"
                tell(Invariant.LIVENESS, "nemesis", what)
