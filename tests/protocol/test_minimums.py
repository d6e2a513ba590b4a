"""Libraries that are too old are refused in one line, by server, client and doctor alike."""

import subprocess
import sys
import tomllib
from pathlib import Path

import msgpack
import PIL
import pytest
import zmq

from broker.upkeep.findings import Level
from broker.upkeep.machine_checks import check_versions
from protocol.errors import SetupError
from protocol.minimums import LIBZMQ, MSGPACK, PILLOW, check_client, check_server, numbers
from protocol.process import EXIT_STOP

ROOT = Path(__file__).parents[2]


def test_these_libraries_will_do() -> None:
    check_server()
    check_client()
    assert all(one.level is Level.OK for one in check_versions())


def test_a_libzmq_that_is_old_or_cannot_encrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zmq, "zmq_version_info", lambda: (4, 3, 4))
    refused(check_server, "libzmq 4.3.4", "4.3.5")
    assert told_by_the_doctor() == {"libzmq"}
    monkeypatch.undo()
    monkeypatch.setattr(zmq, "has", lambda what: what != "curve")
    refused(check_server, "libzmq", "CURVE")
    assert told_by_the_doctor() == {"libzmq"}


def test_an_old_msgpack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(msgpack, "version", (1, 2, 0))
    refused(check_server, "msgpack 1.2.0", "1.2.1")
    refused(check_client, "msgpack 1.2.0", "1.2.1")
    assert told_by_the_doctor() == {"msgpack"}


def test_an_old_pillow_is_no_matter_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PIL, "__version__", "12.2.9")
    check_server()
    refused(check_client, "Pillow 12.2.9", "12.3")


def test_numbers_of_a_version() -> None:
    assert numbers("12.3.0rc1") == (12, 3, 0)
    assert numbers("13.0") > PILLOW > numbers("12.2.99")
    assert numbers("") == numbers("unknown") == ()


def test_what_the_package_asks_for_is_no_less() -> None:
    """pip would otherwise bring what the program then refuses."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = dict(one.split(">=") for one in project["project"]["dependencies"] if ">=" in one)
    assert numbers(asked["msgpack"]) >= MSGPACK
    assert numbers(asked["Pillow"]) >= PILLOW
    assert numbers(asked["pyzmq"]) >= (26,), "the first whose wheels bring libzmq 4.3.5"
    assert LIBZMQ == (4, 3, 5)


_OLD = """
import sys
import PIL, zmq
PIL.__version__ = "9.4.0"
if sys.argv[1] in ("broker", "gateway"):
    zmq.zmq_version_info = lambda: (4, 3, 4)
import importlib
module = importlib.import_module(f"{sys.argv[1]}.__main__")
sys.exit(module.main(sys.argv[2:]))
"""
_LINK = f"zviazok://127.0.0.1:1/#{'A' * 43}"


@pytest.mark.parametrize(
    ("program", "words", "says"),
    [
        ("broker", [], "libzmq 4.3.4"),
        ("gateway", ["--broker", "127.0.0.1:1", f"--broker-key={'A' * 43}"], "libzmq 4.3.4"),
        ("protocol.terminal", [_LINK, "--nick", "Vera"], "Pillow 9.4.0"),
        ("gui", [], "Pillow 9.4.0"),
    ],
    ids=["broker", "gateway", "chat", "gui"],
)
def test_no_program_starts_with_them(
    program: str, words: list[str], says: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _OLD, program, *words, "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in (1, EXIT_STOP), done.stderr
    assert says in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr
    assert done.stdout == "" and not list(tmp_path.rglob("*.key"))


def refused(check: object, *words: str) -> None:
    assert callable(check)
    with pytest.raises(SetupError) as caught:
        check()
    text = str(caught.value)
    assert all(word in text for word in words) and "\n" not in text


def told_by_the_doctor() -> set[str]:
    bad = [one for one in check_versions() if one.level is Level.BAD]
    assert all(one.todo for one in bad)
    return {one.check for one in bad}
