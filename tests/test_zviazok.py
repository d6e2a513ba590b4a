"""The command line: words, help, one clear line and the right status for everything wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

import zviazok
from protocol import __version__
from protocol.errors import SetupError
from tests.server import ROOT


def run(*words: str, cwd: Path = ROOT, code: str = "") -> "subprocess.CompletedProcess[str]":
    how = ["-c", code] if code else [str(ROOT / "zviazok.py")]
    return subprocess.run(
        [sys.executable, *how, *words], cwd=cwd, capture_output=True, text=True, timeout=100
    )


def test_help_names_every_word() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert all(f"\n  {word} " in done.stdout for word in zviazok.WORDS)
    assert done.stderr == ""


def test_the_version() -> None:
    assert run("--version").stdout == f"zviazok {__version__}\n"


@pytest.mark.parametrize("word", zviazok.WORDS)
def test_every_word_has_help_of_its_own(word: str) -> None:
    done = run(word, "--help")
    assert done.returncode == 0
    assert f"zviazok {word}" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("word", zviazok.WORDS)
def test_a_wrong_word_behind_a_word_is_one_line(word: str) -> None:
    done = run(word, "--no-such-option")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize("word", ["upp", "", "--verbose", "UP"])
def test_an_unknown_word_is_one_line(word: str) -> None:
    done = run(word)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "up, invite, gui, chat" in done.stderr


def test_no_word_shows_the_help_and_fails() -> None:
    done = run()
    assert done.returncode == 2
    assert "zviazok up" in done.stdout


@pytest.mark.parametrize(
    ("word", "unneeded"),
    [
        ("invite", {"tkinter", "PIL", "customtkinter", "gateway", "gui"}),
        ("up", {"tkinter", "PIL", "customtkinter", "gateway", "gui"}),
        ("broker", {"tkinter", "customtkinter", "gateway", "gui"}),
        ("gateway", {"tkinter", "customtkinter", "broker", "gui", "sqlite3"}),
        ("chat", {"tkinter", "customtkinter", "broker", "gateway", "gui"}),
    ],
)
def test_a_word_imports_only_what_it_needs(word: str, unneeded: set[str]) -> None:
    code = (
        "import sys, zviazok\n"
        "try:\n    zviazok.main(sys.argv[1:])\n"
        "except SystemExit:\n    pass\n"
        "print('MODULES', *sys.modules)"
    )
    done = run(word, "--help", code=code)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("MODULES")[2].split())
    assert not loaded & unneeded


def test_an_error_of_ours_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise SetupError("the cat sits on the keyboard")

    monkeypatch.setattr("broker.supervisor.main", fail)
    assert zviazok.main(["up"]) == 1
    assert capsys.readouterr().err == "zviazok: the cat sits on the keyboard\n"


def test_interrupted_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("broker.supervisor.main", interrupted)
    assert zviazok.main(["up"]) == 130
    assert capsys.readouterr() == ("", "")


def test_bench_without_the_source_is_one_line(tmp_path: Path) -> None:
    for name in ("protocol", "broker", "gateway", "gui", "zviazok.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    code = f"import sys; sys.path[:] = [p for p in sys.path if p != {str(ROOT)!r}]\n" + (
        f"sys.path.insert(0, {str(tmp_path)!r}); import zviazok; sys.exit(zviazok.main(['bench']))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1
    assert "tests folder" in done.stderr
