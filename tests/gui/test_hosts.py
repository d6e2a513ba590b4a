"""Links in a text as they are set: what belongs to them, and the real host behind odd ones."""

import pytest

from gui.text.textlayout import wrap
from tests.gui.test_textlayout import Grid


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://uk.wikipedia.org/wiki/Зв'язок_(світ)", ["https://uk.wikipedia.org/wiki/Зв'язок_(світ)"]),
        ("['https://a.b/c','https://a.b/d']", ["https://a.b/c", "https://a.b/d"]),
        ("https://a.b/Foo_(bar)", ["https://a.b/Foo_(bar)"]),
        ("(see https://a.b/c_(d)).", ["https://a.b/c_(d)"]),
        ("(see https://a.b/c), and https://a.b/?x=(1)&y.", ["https://a.b/c", "https://a.b/?x=(1)&y"]),
        ("[word](https://a.b/c)", ["https://a.b/c"]),
        ("https://a.b/((( https://(((", ["https://a.b/"]),
        ("(mailto:anna@example.org).", ["mailto:anna@example.org"]),
        ("mailto:anna@example.org?attach=/etc/passwd", ["mailto:anna@example.org"]),
        ("mailto: mailto:x javascript:alert(1) file:///etc/passwd", []),
    ],
)  # fmt: skip
def test_brackets_and_apostrophes_within_a_link_belong_to_it(text: str, links: list[str]) -> None:
    (line,) = wrap(text, 4000, Grid()).lines
    assert [run.text for run in line.runs if run.kind == "link"] == links


def test_the_real_host_begins_its_line_without_a_space() -> None:
    text = "https://google.com@evil.example/x"
    _, second = wrap(text, 10 * len(text), Grid()).lines
    assert [(run.kind, run.x, run.text) for run in second.runs] == [("host", 0, "[evil.example]")]


def test_the_real_host_stands_behind_an_odd_link_and_is_not_part_of_the_text() -> None:
    text = "see https://google.com@evil.example/x and https://example.org."
    (line,) = wrap(text, 2000, Grid()).lines
    kinds = [(run.kind, run.text) for run in line.runs]
    assert ("host", " [evil.example]") in kinds
    assert ("link", "https://example.org") in kinds
    said = "".join(run.text for run in line.runs if run.kind != "host")
    assert said == text
    assert all(text[run.start : run.end] == run.text for run in line.runs if run.kind != "host")
    assert {run.target for run in line.runs if run.target} == {
        "https://evil.example/x", "https://example.org",
    }  # fmt: skip
