"""Links: only http, https and mailto, the host that is really opened, tricks shown as tricks."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.hosts import link_of, with_hosts


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://example.org/a?b#c", "example.org"),
        ("http://Example.ORG", "example.org"),
        ("https://example.org:8443/x", "example.org:8443"),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
        ("https://uk.wikipedia.org/wiki/Київ", "uk.wikipedia.org"),
        ("https://xn--e1afmkfd.xn--p1ai/", "xn--e1afmkfd.xn--p1ai"),
        ("mailto:olena.k+x@example.org", "olena.k+x@example.org"),
    ],
)
def test_an_honest_address_is_left_as_it_is(text: str, host: str) -> None:
    link = link_of(text)
    assert link is not None
    assert (link.host, link.odd) == (host, False)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://google.com@evil.example/login", "evil.example"),
        ("https://google.com:443@evil.example", "evil.example"),
        ("https://a@b@evil.example", "evil.example"),
        ("https://evil.example\\@google.com/", "evil.example"),
        ("https://\u0430pple.com/", "xn--pple-43d.com"),
        ("https://пример.рф/x", "xn--e1afmkfd.xn--p1ai"),
        ("https://evil\u3002example/", "evil.example"),
        ("https://bank.example\u2044x.evil.example/", "bank.xn--examplex-k03d.evil.example"),
        ("https://2130706433/", "2130706433"),
        ("https://0x7f.1/", "0x7f.1"),
        ("https://010.0.0.1/", "010.0.0.1"),
    ],
)
def test_a_trick_shows_the_real_host(text: str, host: str) -> None:
    link = link_of(text)
    assert link is not None
    assert (link.host, link.odd) == (host, True)
    assert urlsplit(link.url).netloc == host
    assert urlsplit(link.url).scheme == "https"


@pytest.mark.parametrize(
    "text",
    ["ftp://example.org", "javascript:alert(1)", "https://", "https:///x", "https://a b/",
     "https://exa%6dple.org/", "https://[::1]/", "https://x:99999/", "https://x:8a/",
     "https://-x-/", "file:///etc/passwd", "mailto:a", "mailto:a@b@c", "mailto:a@b c",
     "mailto:a@b?attach=/etc/passwd", "data:text/html,x", "smb://x/y", "vbscript:x", "https://a..b/",
     "https://\u202egro.example/", "https://" + "a" * 300],
)  # fmt: skip
def test_what_cannot_be_opened_safely_is_no_link(text: str) -> None:
    assert link_of(text) is None


@given(st.text(max_size=40), st.text(max_size=20))
def test_what_is_opened_is_what_is_shown(authority: str, rest: str) -> None:
    link = link_of(f"https://{authority}/{rest}")
    if link is not None:
        assert link.host.isascii() and link.host == link.host.lower()
        assert link.url.startswith(f"https://{link.host}")
        assert urlsplit(link.url).netloc == link.host


def test_a_trailing_dot_and_a_backslash_do_not_hide_the_host() -> None:
    link = link_of("https://evil.example.\\@google.com")
    assert link is not None and link.odd
    assert (link.host, link.url) == ("evil.example", "https://evil.example/@google.com")


def test_a_homograph_in_a_mail_address_is_shown() -> None:
    link = link_of("mailto:olena@\u0430pple.com")
    assert link is not None and (link.host, link.odd) == ("olena@xn--pple-43d.com", True)


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        ("https://a.b/c?d=e&f=%20#g", "https://a.b/c?d=e&f=%20#g"),
        ("https://a.b/їж", "https://a.b/%D1%97%D0%B6"),
        ("https://a.b/`x`$(y)|{z}\\^", "https://a.b/%60x%60$(y)%7C%7Bz%7D%5C%5E"),
        ("mailto:a@b.example", "mailto:a@b.example"),
    ],
)
def test_another_program_is_given_an_address_and_nothing_else(text: str, argument: str) -> None:
    link = link_of(text)
    assert link is not None
    assert link.argument.isascii() and not set(link.argument) & set(' "`\\<>{}|^')
    assert link.argument == argument


def test_a_terminal_is_told_where_odd_links_lead() -> None:
    said = (
        "see https://google.com@evil.example/x, (https://example.org) and https://\u0430pple.com."
    )
    assert with_hosts(said) == (
        "see https://google.com@evil.example/x [evil.example], (https://example.org) and "
        "https://\u0430pple.com [xn--pple-43d.com]."
    )
    assert (
        with_hosts("nothing here: javascript:x https://") == "nothing here: javascript:x https://"
    )
