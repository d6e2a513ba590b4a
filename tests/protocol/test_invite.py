"""Invite links and addresses: what is read, how it is written, what is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import LinkError, SetupError
from protocol.invite import Invite, endpoint, join_address, parse_address
from protocol.keys import to_text

KEY = bytes(range(32))
K = to_text(KEY)

ADDRESSES = st.one_of(
    st.tuples(st.ip_addresses(v=4).map(str), st.integers(1, 65535)),
    st.tuples(st.ip_addresses(v=6).map(str), st.integers(1, 65535)),
    st.tuples(st.from_regex(r"[a-z][a-z0-9]{0,20}(\.[a-z]{2,9}){0,3}", fullmatch=True), st.just(1)),
)
TOKENS = st.none() | st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)


@given(
    st.lists(ADDRESSES, min_size=1, max_size=5, unique=True),
    st.binary(min_size=32, max_size=32),
    TOKENS,
)
def test_round_trip(places: list[tuple[str, int]], key: bytes, token: str | None) -> None:
    invite = Invite(tuple(join_address(*place) for place in places), key, token)
    assert Invite.parse(str(invite)) == invite


def test_the_form_is_the_documented_one() -> None:
    invite = Invite(("192.168.1.5:8080", "[::1]:8081"), KEY, "abc-_1")
    assert str(invite) == f"zviazok://192.168.1.5:8080,[::1]:8081/#{K}.abc-_1"
    assert str(Invite(("chat.example:1",), KEY)) == f"zviazok://chat.example:1/#{K}"


def test_only_a_standing_token_is_passed_on_and_kept() -> None:
    bare = Invite(("chat.example:1",), KEY)
    for token in ("a", "c", "l", "1C", "-L", "_", "standing"):
        invite = replace(bare, token=token)
        assert invite.to_pass_on is invite and invite.to_keep is invite
    for token in ("C", "L", "Counted", "L" + "0" * 32):
        invite = replace(bare, token=token)
        assert invite.to_pass_on is None and invite.to_keep == bare
    assert bare.to_pass_on is None and bare.to_keep == bare


def test_a_link_as_people_paste_it() -> None:
    wanted = Invite(("chat.example:8080",), KEY, "tok")
    for text in (
        f"  zviazok://chat.example:8080/#{K}.tok\n",
        f"<zviazok://chat.example:8080/#{K}.tok>",
        f'"ZVIAZOK://Chat.Example/#{K}.tok"',
        f"zviazok://chat.example#{K}.tok",
        f"zviazok://chat.example:8080,chat.example:8080/#{K}.tok",
    ):
        assert Invite.parse(text) == wanted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "starts with zviazok://"),
        (f"https://host:1/#{K}", "starts with zviazok://"),
        ("zviazok://host:1", "no key"),
        ("zviazok://host:1/#", "no key"),
        (f"zviazok://host:1/#{K[:-1]}", "key in the invite link is damaged"),
        (f"zviazok://host:1/#{K}A", "key in the invite link is damaged"),
        (f"zviazok://host:1/#{K[:-1]}!", "key in the invite link is damaged"),
        (f"zviazok://host:1/#{K}.", "token"),
        (f"zviazok://host:1/#{K}.a b", "token"),
        (f"zviazok://host:1/#{K}.{'a' * 65}", "token"),
        (f"zviazok:///#{K}", "not an address"),
        (f"zviazok://host:0/#{K}", "port"),
        (f"zviazok://host:1,/#{K}", "not an address"),
        (f"zviazok://user@host:1/#{K}", "not an address"),
        (f"zviazok://host:1/path/#{K}", "port"),
        (f"zviazok://{','.join(f'h{n}' for n in range(65))}/#{K}", "64 addresses"),
    ],
)
def test_a_link_that_cannot_be_read_says_why(text: str, reason: str) -> None:
    with pytest.raises(LinkError, match=reason) as caught:
        Invite.parse(text)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=120))
def test_any_text_is_an_invite_or_a_link_error(text: str) -> None:
    for one in (text, f"zviazok://{text}/#{K}", f"zviazok://h:1/#{text}"):
        try:
            Invite.parse(one)
        except LinkError as error:
            assert "\n" not in str(error)


def test_neither_key_text_nor_token_is_in_an_error_or_a_repr() -> None:
    with pytest.raises(LinkError) as caught:
        Invite.parse(f"zviazok://h:1/#{K}.secret token")
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(Invite(("h:1",), KEY, "secret"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("host", ("host", 7)),
        ("Host.Example:80", ("host.example", 80)),
        ("127.0.0.1:65535", ("127.0.0.1", 65535)),
        ("0.0.0.0:1", ("0.0.0.0", 1)),
        ("::1", ("::1", 7)),
        ("[::]:9", ("::", 9)),
        ("[FE80::1]", ("fe80::1", 7)),
        (" host:8 ", ("host", 8)),
        ("чат.укр:8", ("xn--80a0bn.xn--j1amh", 8)),
        ("my_host-1:8", ("my_host-1", 8)),
    ],
)
def test_addresses(text: str, wanted: tuple[str, int]) -> None:
    assert parse_address(text, 7) == wanted


@pytest.mark.parametrize(
    "text",
    [
        *("", ":80", "8080", "host:", "host:0", "host:65536", "host:+1", "host:1:2", "host:８"),
        *("[::1", "[::1]8", "[host]:1", "999.1.1.1", "1.2.3", "a..b", "-a", "a b", "a/b", "*:1"),
        *("." * 3, "a" * 64, ".".join(["a" * 60] * 5), "http://host:80", "[::1]:99999"),
    ],
)
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(SetupError):
        parse_address(text, 7)


@given(ADDRESSES)
def test_an_address_reads_back(place: tuple[str, int]) -> None:
    assert parse_address(join_address(*place), 1) == place
    assert endpoint(*place) == f"tcp://{join_address(*place)}"
