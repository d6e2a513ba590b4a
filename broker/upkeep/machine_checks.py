"""The doctor's look at the machine: disk, memory, limits, clock, versions. Reads only."""

import importlib.metadata
import importlib.util
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgpack
import zmq

from broker.durable import megabytes
from broker.upkeep.findings import Finding, bad, ok, warn
from protocol.minimums import LIBZMQ, MSGPACK, PILLOW, numbers

_GIB = 1024**3
_DISK_BAD_BYTES = 64 * 1024 * 1024
_DISK_WARN_BYTES = _GIB
_INODES_WARN = 10_000
_MEMORY_WARN_BYTES = 256 * 1024 * 1024
_FILES_WARN = 4_096
_PYTHON = (3, 11)
_MENDED_SQLITE = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""Releases without the WAL-reset bug, the newest line first (sqlite.org/wal.html)."""


def check_disk(folder: Path) -> Iterator[Finding]:
    """Look at free room and free inodes."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        yield warn("disk", f"{folder} does not say how much is free ({error.strerror})", "see df")
        return
    room = "make room: nothing is deleted by itself, so move old backups elsewhere first"
    if free < _DISK_BAD_BYTES:
        yield bad("disk", f"{megabytes(free)} are free, and nobody can write soon", room)
    elif free < _DISK_WARN_BYTES:
        yield warn("disk", f"only {megabytes(free)} are free", room)
    else:
        yield ok("disk", f"{free / _GIB:,.1f} GiB are free")
    if hasattr(os, "statvfs"):
        status = os.statvfs(folder)
        if status.f_files and status.f_favail < _INODES_WARN:
            yield warn(
                "inodes",
                f"only {status.f_favail:,} more files fit on the disk",
                "delete many small files elsewhere on it",
            )
        elif status.f_files:
            yield ok("inodes", f"{status.f_favail:,} more files fit")


def check_memory() -> Iterator[Finding]:
    """Look at what memory there is, where the system says it (Linux)."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        values = dict(line.split(":", 1) for line in lines)
        free = int(values["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return
    if free < _MEMORY_WARN_BYTES:
        yield warn(
            "memory",
            f"only {megabytes(free)} are available",
            "end other programs; a gateway takes about 30 kB a client, a broker 100 MB",
        )
    else:
        yield ok("memory", f"{free / _GIB:,.1f} GiB are available")


def check_limits() -> Iterator[Finding]:
    """Look at how many connections a process may have."""
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < _FILES_WARN:
        yield warn(
            "files",
            f"a process may open {hard:,}, one a client",
            "raise the limit (ulimit -Hn, LimitNOFILE= of a service, limits.conf)",
        )
    else:
        shown = "any number" if hard == resource.RLIM_INFINITY else f"{hard:,}"
        yield ok("files", f"a process may open {shown}")


def check_time() -> Finding:
    """Look whether the clock can be right at all."""
    year = time.gmtime().tm_year
    before = time.monotonic_ns()
    time.sleep(0.01)
    if time.monotonic_ns() <= before:
        return bad("time", "the machine's steady clock stands still", "restart the machine")
    if not 2025 <= year <= 2100:
        return bad("time", f"the clock says the year {year}", "set it: timedatectl set-ntp true")
    return ok("time", time.strftime("%Y-%m-%d %H:%M:%S %z"))


def check_versions() -> Iterator[Finding]:
    """Look at what the program stands on."""
    pip = "install what requirements.lock names: make setup"
    python = sys.version_info
    yield _version("python", python[:3], _PYTHON, "install a newer Python and run make setup")
    if not zmq.has("curve"):
        yield bad("libzmq", f"{zmq.zmq_version()} cannot encrypt (it has no CURVE)", pip)
    else:
        yield _version("libzmq", zmq.zmq_version_info(), LIBZMQ, pip, "with CURVE")
    yield _version("msgpack", msgpack.version[:3], MSGPACK, pip)
    if importlib.util.find_spec("PIL") is None:
        yield ok("pillow", "not installed; a server needs none")
    else:
        yield _version("pillow", numbers(importlib.metadata.version("Pillow")), PILLOW, pip)
    mended = is_mended(sqlite3.sqlite_version_info)
    yield ok(
        "sqlite",
        sqlite3.sqlite_version
        if mended
        else f"{sqlite3.sqlite_version}, which has the WAL-reset bug; it cannot strike, because "
        "the broker alone writes: let no other program write into the journal",
    )
    if importlib.util.find_spec("customtkinter") is None:
        yield ok("window", "customtkinter is not installed; a server needs none")
    elif importlib.util.find_spec("_tkinter") is None:
        yield ok("window", "this Python has no tkinter; a server needs none")
    else:
        yield ok("window", f"customtkinter {importlib.metadata.version('customtkinter')}")


def is_mended(version: tuple[int, ...]) -> bool:
    """Whether a version of SQLite is without the WAL-reset bug. Pure."""
    if version >= _MENDED_SQLITE[0]:
        return True
    return any(version[:2] == one[:2] and version >= one for one in _MENDED_SQLITE)


def _version(
    name: str, found: tuple[int, ...], least: tuple[int, ...], todo: str, more: str = ""
) -> Finding:
    text = ".".join(map(str, found))
    if found < least:
        return bad(name, f"{text} is older than {'.'.join(map(str, least))}", todo)
    return ok(name, f"{text} {more}".strip())
