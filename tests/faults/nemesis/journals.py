"""Faults of the journal while the broker stands still: damaged, torn, or an older one brought back.

A damaged journal must be refused: the broker says so and ends, or does not serve the damaged part,
and "cleans up" nothing. So it holds nothing newer than what was put aside, and putting that
back loses nothing. Bringing back an older one is what people do by ``zviazok restore``.
"""

import contextlib
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import ClassVar

from tests.faults.nemesis.cluster import BROKER, Cluster
from tests.faults.nemesis.fault import Fault
from tests.server import ROOT

_WORDS_S = 60.0
_PAGE_BYTES = 4_096
_KNOWN_BYTES = 24
_SCHEMA_PLACES = (100, 103, 104)
"""In the first page, which lists the tables: its type, and how many entries it has."""


class _Damage(Fault):
    acts_on = "journal"
    hold_s = (0.0, 1.0)

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self._aside = cluster.folder / "aside"
        self._began = False
        self.refused = False
        """The broker did not serve the damaged journal."""
        self.complaint = ""
        """What it said of it."""

    @property
    def _files(self) -> list[Path]:
        """The journal and what belongs to it, whatever of it is there."""
        return sorted(self.cluster.data.glob(self.cluster.journal.name + "*"))

    def begin(self) -> None:
        cluster = self.cluster
        cluster.hold(BROKER)
        assert cluster.process(BROKER).stop() == 0
        shutil.rmtree(self._aside, ignore_errors=True)
        self._aside.mkdir()
        for file in self._files:
            shutil.copy2(file, self._aside)
        self._began = True
        self.damage()
        damaged = {file.name: file.read_bytes() for file in self._files}
        self.refused = not cluster.serves_again()
        process = cluster.process(BROKER)
        if not self.refused:
            process.kill()
        assert self.refused, f"a damaged journal was served: {self.describe()}"
        self.complaint = process.complained()
        after = {file.name: file.read_bytes() for file in self._files}
        assert after[cluster.journal.name] == damaged[cluster.journal.name], "it was changed"

    def damage(self) -> None:
        """Do it to the files; nobody has them open."""
        raise NotImplementedError

    def heal(self) -> None:
        cluster = self.cluster
        if self._began:
            self._began = False
            if cluster.process(BROKER).runs:
                cluster.process(BROKER).kill()
            for file in self._files:
                file.unlink()
            for file in self._aside.iterdir():
                shutil.copy2(file, cluster.data)
        shutil.rmtree(self._aside, ignore_errors=True)
        if not cluster.process(BROKER).runs:
            cluster.start(BROKER)
        cluster.release(BROKER)

    def describe(self) -> dict[str, object]:
        return {"refused": self.refused}


class FlippedJournal(_Damage):
    """Bits are flipped where the whole journal depends on them."""

    name = "flipped-journal"

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self._places: dict[str, Callable[[], list[int]]] = {
            "magic": lambda: [random.randrange(16)],
            "schema": lambda: [random.choice(_SCHEMA_PLACES)],
            "head": self._in_a_head,
        }
        self.place = random.choice(sorted(self._places))

    def damage(self) -> None:
        flip = 1 << self.random.randrange(8)
        with self.cluster.journal.open("r+b") as file:
            for offset in self._places[self.place]():
                file.seek(offset)
                byte = file.read(1)[0]
                file.seek(offset)
                file.write(bytes([byte ^ flip]))

    def _in_a_head(self) -> list[int]:
        """Return places in the last block of a room, on which the next number depends.

        Pages that were split hold old copies of it: one of the places is the one that counts.
        """
        with contextlib.closing(sqlite3.connect(self.cluster.journal)) as db:
            rows = db.execute("SELECT data FROM block GROUP BY id >> 40 HAVING id = max(id)")
            heads: list[bytes] = [data for (data,) in rows]
        whole = self.cluster.journal.read_bytes()
        data = self.random.choice(heads)[:_KNOWN_BYTES]
        within = self.random.randrange(len(data))
        return [found.start() + within for found in re.finditer(re.escape(data), whole)]

    def describe(self) -> dict[str, object]:
        return {**super().describe(), "place": self.place}


class TornJournal(_Damage):
    """The file ends in its middle, within a page or behind one."""

    name = "torn-journal"

    def damage(self) -> None:
        size = self.cluster.journal.stat().st_size
        kept = self.random.randrange(1, size)
        if self.random.random() < 0.5:
            kept = max(_PAGE_BYTES, kept // _PAGE_BYTES * _PAGE_BYTES)
        with self.cluster.journal.open("r+b") as file:
            file.truncate(kept)


class DamagedBlock(Fault):
    """A block in the middle of a room's history is not what was written; all else is served.

    It is damaged and mended where it lies, so what is said meanwhile is kept.
    """

    name = "damaged-block"
    acts_on = "journal"
    hold_s = (1.0, 4.0)
    _place: int | None = None
    _data = b""

    def begin(self) -> None:
        cluster = self.cluster
        with cluster.holding(BROKER):
            assert cluster.process(BROKER).stop() == 0
            with contextlib.closing(sqlite3.connect(cluster.journal)) as db, db:
                found = db.execute(
                    "SELECT id, data FROM block WHERE id NOT IN"
                    " (SELECT max(id) FROM block GROUP BY id >> 40)"
                ).fetchall()
                assert found, "no room has more than one block"
                self._place, self._data = self.random.choice(found)
                wrong = bytearray(self._data)
                wrong[self.random.randrange(len(wrong))] ^= 1 << self.random.randrange(8)
                self._put(db, bytes(wrong))
            cluster.start(BROKER)

    def heal(self) -> None:
        cluster = self.cluster
        with cluster.holding(BROKER):
            if self._place is not None:
                if cluster.process(BROKER).runs:
                    assert cluster.process(BROKER).stop() == 0
                with contextlib.closing(sqlite3.connect(cluster.journal)) as db, db:
                    self._put(db, self._data)
                self._place = None
            if not cluster.process(BROKER).runs:
                cluster.start(BROKER)

    def _put(self, db: sqlite3.Connection, data: bytes) -> None:
        db.execute("UPDATE block SET data = ? WHERE id = ?", (data, self._place))

    @property
    def room(self) -> bytes:
        """The room whose history is damaged."""
        assert self._place is not None
        with contextlib.closing(sqlite3.connect(self.cluster.journal)) as db:
            no = self._place >> 40
            room: bytes = db.execute("SELECT room FROM room WHERE no = ?", (no,)).fetchone()[0]
            return room

    def describe(self) -> dict[str, object]:
        return {"place": self._place}


class RestoreOlder(Fault):
    """A backup is made, some time goes by, and it is brought back: what was said since is lost."""

    name = "restore-older"
    acts_on = "journal"
    hold_s = (0.0, 0.0)
    age_s: ClassVar[tuple[float, float]] = (0.5, 2.0)

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self._backup = cluster.folder / "backup"

    def begin(self) -> None:
        self.back_up()
        time.sleep(self.random.uniform(*self.age_s))
        self.bring_back()

    def back_up(self) -> None:
        """Make the backup, while the server runs."""
        shutil.rmtree(self._backup, ignore_errors=True)
        self._run("backup", "--data", str(self.cluster.data), str(self._backup))

    def bring_back(self) -> None:
        """Bring it back; the journal that it replaces goes to the run's folder ``old``."""
        cluster = self.cluster
        with cluster.holding(BROKER):
            assert cluster.process(BROKER).stop() == 0
            number = len(list(cluster.folder.glob("old/*")))
            replaced = cluster.folder / "old" / str(number)
            replaced.mkdir(parents=True)
            shutil.copy2(cluster.journal, replaced)
            self._run("restore", "--data", str(cluster.data), "--yes", str(self._backup))
            cluster.start(BROKER)

    def heal(self) -> None:
        shutil.rmtree(self._backup, ignore_errors=True)
        if not self.cluster.process(BROKER).runs:
            self.cluster.start(BROKER)

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-P", str(ROOT / "zviazok.py"), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=_WORDS_S,
            env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PATH": ""},
        )
        assert done.returncode == 0, f"zviazok {words[0]}: {done.stdout}{done.stderr}"
