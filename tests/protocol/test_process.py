"""How a server process begins: what it lets nobody see, and how much it may take."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

if sys.platform != "win32":
    import resource

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux")

_LOOK = """
import ctypes, os, resource
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
mask = os.umask(0)
print(f"{mask:o}")
"""


def run(words: str, *, limits: Sequence[tuple[int, int]] = ()) -> list[str]:
    """Run a program in a process of its own and return the lines that it printed."""

    def prepare() -> None:
        for which, most in limits:
            resource.setrlimit(which, (most, most))

    done = subprocess.run(
        [sys.executable, "-c", words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=prepare,
    )
    return done.stdout.splitlines()


def test_a_process_with_keys_leaves_no_core_and_lets_nobody_look() -> None:
    bare = run(_LOOK)
    assert bare[0].endswith(" 1"), "otherwise this test would show nothing"
    assert run(f"import protocol.process as p; p.begin()\n{_LOOK}") == ["(0, 0) 0", "77"]
    assert run(f"import protocol.secrecy as s; s.forbid_dumps()\n{_LOOK}")[0] == "(0, 0) 0"


@pytest.mark.parametrize(
    ("begin", "shown"),
    [
        ("import zviazok; zviazok.main(['doctor', '--data', '/nowhere'])", "(0, 0) 0"),
        ("import protocol.terminal.__main__ as m; m.main(['--help'])", "(0, 0) 0"),
        # A desktop's portal looks at who asks it.
        ("import zviazok; zviazok.main(['gui', '--help'])", "(0, 0) 1"),
        ("import gui.__main__ as m; m.main(['--help'])", "(0, 0) 1"),
    ],
    ids=["zviazok", "chat", "zviazok gui", "gui"],
)
def test_every_program_begins_so(begin: str, shown: str) -> None:
    words = f"import atexit\natexit.register(lambda: exec({_LOOK!r}))\n{begin}"
    assert run(words)[-2] == shown


def test_a_gateway_may_take_half_of_the_machine_and_no_more() -> None:
    words = "import protocol.process as p, resource as r; "
    words += "print(p.limit_memory(), r.getrlimit(r.RLIMIT_DATA)[0], p._memory_bytes())"
    told, found, memory = map(int, run(words)[0].split())
    assert told == found == memory // 2
    page, pages = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")
    assert 0 < memory <= page * pages
    tight = 256 * 1024 * 1024
    told, found, _ = map(int, run(words, limits=[(resource.RLIMIT_DATA, tight)])[0].split())
    assert told == found == tight, "a limit that its owner has set is not raised"


def test_at_the_limit_memory_is_refused() -> None:
    words = "import protocol.process as p; p._memory_bytes = lambda: 1 << 29; p.limit_memory()\n"
    words += "try:\n    bytearray(1 << 29)\n    print('had')\nexcept MemoryError:\n    print('no')"
    assert run(words) == ["no"]
