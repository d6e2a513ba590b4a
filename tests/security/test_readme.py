"""The tables of README.md and asvs.md: every test that they name exists, no item is left out."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "tests" / "security" / "README.md").read_text(encoding="utf-8")
ASVS = (ROOT / "tests" / "security" / "asvs.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
TEST = r"`(tests/[\w/]+\.py)::(test_\w+)`"
NAMED = sorted(set(re.findall(TEST, TEXT + ASVS)))
ITEMS = """
1.1.1-2 1.2.1-2 1.2.4-5 1.2.9-10 1.3.2-3 1.3.6 1.3.10 1.3.12 1.4.2 1.5.2-3
2.1.1 2.1.3 2.2.1-3 2.3.1-3 2.4.1 5.1.1 5.2.1-6 5.3.2-3 5.4.1-2
6.1.1 6.3.1-2 6.3.4 6.3.8 6.5.1-3 6.5.5-6 7.4.1-3 7.4.5 8.1.1 8.2.1-3 8.3.1-3
11.2.1-5 11.3.3-4 11.4.1 11.5.1 11.6.1-2 12.3.1 12.3.5 13.1.2-4 13.2.1-3 13.2.6
14.2.4 14.2.7-8 15.1.1-5 15.2.1-5 15.3.1 15.3.3 15.3.5 15.4.1-4
16.1.1 16.2.1-5 16.3.1-4 16.4.1-2 16.5.1-4
"""
"""Those of ASVS 5.0 that mean something for a chat over ZeroMQ."""


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_there_are_many() -> None:
    assert len(NAMED) > 60
    for text in (TEXT, ASVS):
        assert text.count("::test_") == len(re.findall(TEST, text))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_what_the_tables_name_is_there(path: str, name: str) -> None:
    assert name in functions_of(path)


def test_the_files_that_security_md_names_are_there() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.(?:py|md))`", SECURITY))
    assert len(named) > 15
    assert [one for one in named if not (ROOT / one).is_file()] == []


def test_every_rule_has_a_row() -> None:
    rules = TEXT.split("## The ZeroMQ rules", 1)[1].split("\n## ", 1)[0]
    found = [int(one) for one in re.findall(r"^\| (\d+)\. ", rules, re.MULTILINE)]
    assert found == list(range(1, 13))


def test_every_file_of_the_folder_has_a_row() -> None:
    files = {path.name for path in (ROOT / "tests" / "security").glob("*.py")} - {"conftest.py"}
    listed = TEXT.split("## Files", 1)[1].split("\n## ", 1)[0]
    assert files <= set(re.findall(r"`(\w+\.py)`", listed))


# --- asvs.md -----------------------------------------------------------------------------------


def wanted() -> list[str]:
    """Return the ids of all items, ``1.1.1-2`` standing for two."""
    found = []
    for word in ITEMS.split():
        chapter, numbers = word.rsplit(".", 1)
        first, _, last = numbers.partition("-")
        found += [f"{chapter}.{one}" for one in range(int(first), int(last or first) + 1)]
    return found


def rows() -> list[list[str]]:
    """Return id, item, state and reason of each row."""
    lines = re.findall(r"^\| (\d.*) \|$", ASVS, re.MULTILINE)
    return [line.split(" | ") for line in lines]


def test_every_item_has_one_row_in_its_order() -> None:
    assert len(wanted()) > 100
    assert [row[0] for row in rows()] == wanted()


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_every_row_shows_what_it_says(row: list[str]) -> None:
    _, item, state, reason = row
    assert item and state in ("met", "partly", "not met", "nothing to meet")
    documents = re.findall(r"\]\(([^)]+)\)", reason)
    words = re.sub(TEST, "", re.sub(r"\[[^]]*\]\([^)]*\)", "", reason))
    if state in ("met", "nothing to meet"):
        assert re.search(TEST, reason) or documents or "`broker/" in reason
    else:
        assert len(words.split()) > 8, "why not"
    for one in documents:
        assert (ROOT / "tests" / "security" / one).is_file()
    for title in re.findall(r"\.md\)[^`;|]*?\"([^\"]+)\"", reason):
        named = [(ROOT / "tests" / "security" / one).read_text("utf-8") for one in documents]
        assert any(re.search(rf"(#+ |\*\*){re.escape(title)}", one) for one in named), title
