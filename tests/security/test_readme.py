"""The tables of README.md: every test that they name exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "tests" / "security" / "README.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TEXT)))


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_there_are_many() -> None:
    assert len(NAMED) > 60
    assert TEXT.count("::test_") == len(re.findall(r"`tests/[\w/]+\.py::test_\w+`", TEXT))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_what_the_tables_name_is_there(path: str, name: str) -> None:
    assert name in functions_of(path)


def test_every_rule_has_a_row() -> None:
    rules = TEXT.split("## The ZeroMQ rules", 1)[1].split("\n## ", 1)[0]
    found = [int(one) for one in re.findall(r"^\| (\d+)\. ", rules, re.MULTILINE)]
    assert found == list(range(1, 13))


def test_every_file_of_the_folder_has_a_row() -> None:
    files = {path.name for path in (ROOT / "tests" / "security").glob("*.py")} - {"conftest.py"}
    listed = TEXT.split("## Files", 1)[1].split("\n## ", 1)[0]
    assert files <= set(re.findall(r"`(\w+\.py)`", listed))
