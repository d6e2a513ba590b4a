"""Which gateways the broker lets in: its own key's, and the lines of a file that may change."""

import logging
import os
from pathlib import Path

import pytest

from broker.peers import Peers
from protocol.keys import load_or_make, make, to_text
from protocol.sockets import DOMAIN_CLIENT, DOMAIN_PEER


def write(data: Path, text: str) -> None:
    """Change the file so that its stamp changes, however coarse the clock of the disk is."""
    path = data / "gateways"
    before = path.stat().st_mtime_ns
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before + 1_000_000_000, before + 1_000_000_000))


def test_the_gateways_of_this_machine_may_enter(tmp_path: Path) -> None:
    peers = Peers(tmp_path)
    local = load_or_make(tmp_path / "gateway.key").public
    assert peers.allow(DOMAIN_PEER, local)
    assert not peers.allow(DOMAIN_CLIENT, local)
    assert not peers.allow("", local)
    assert not peers.allow(DOMAIN_PEER, make().public)


def test_the_file_is_made_with_a_word_of_explanation(tmp_path: Path) -> None:
    Peers(tmp_path)
    lines = (tmp_path / "gateways").read_text(encoding="utf-8").splitlines()
    assert lines and all(line.startswith("#") for line in lines)


def test_a_line_that_comes_lets_in_and_one_that_goes_shuts_out(tmp_path: Path) -> None:
    peers = Peers(tmp_path)
    one, two = make().public, make().public
    write(tmp_path, f"# ours\n\n  {to_text(one)}   # the school\nkey={to_text(two)} second\n")
    assert peers.allow(DOMAIN_PEER, one) and peers.allow(DOMAIN_PEER, two)
    write(tmp_path, f"#{to_text(one)}\n{to_text(two)}\n")
    assert not peers.allow(DOMAIN_PEER, one)
    assert peers.allow(DOMAIN_PEER, two)
    again = Peers(tmp_path)
    assert again.allow(DOMAIN_PEER, two)


def test_a_wrong_line_is_skipped_and_named_by_its_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    peers = Peers(tmp_path)
    good = make().public
    wrong = [to_text(good)[:-1], to_text(b"short"), "ключ", "!" * 43]
    with caplog.at_level(logging.WARNING):
        write(tmp_path, "\n".join([*wrong, to_text(good)]))
        assert peers.allow(DOMAIN_PEER, good)
    said = [one.getMessage() for one in caplog.records]
    assert said == [f"gateways_line_skipped line={number}" for number in (1, 2, 3, 4)]


@pytest.mark.parametrize("gone", [True, False])
def test_a_file_that_cannot_be_read_changes_nothing(
    tmp_path: Path, gone: bool, caplog: pytest.LogCaptureFixture
) -> None:
    peers = Peers(tmp_path)
    known = make().public
    write(tmp_path, to_text(known))
    assert peers.allow(DOMAIN_PEER, known)
    path = tmp_path / "gateways"
    if gone:
        path.unlink()
    else:
        path.write_bytes(b"\xff\xfe not text")
    with caplog.at_level(logging.WARNING):
        assert peers.allow(DOMAIN_PEER, known)
        assert not peers.allow(DOMAIN_PEER, make().public)
    assert "gateways_unreadable" in caplog.text
