"""Items of ASVS 5.0 that hold as long as nobody writes a certain line, read off the source.

Statements of SQL, patterns, templates, hashes, random numbers; asvs.md names the items.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from broker.invites import draw
from broker.tokens import standing_token
from protocol.codes import Role
from tests.security.test_source import PACKAGES, ROOT, begins, called, imported, nodes, none

sre: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")
"""What Python makes of a pattern."""

_BITS_OF_A_LETTER = 6
"""base64url."""

# --- SQL ---------------------------------------------------------------------------------------

_OF_OURS = {
    "EventKind", "check", "columns", "condition", "ends", "insert", "int", "missing", "name",
    "newest", "order", "rest", "select", "sql", "statement", "table", "where",
}  # fmt: skip
"""What may stand in a statement that is put together: tables, columns and conditions, all of them
from the source. Whoever adds one has looked where it comes from."""
_SQL = re.compile(
    r"\s*(SELECT|INSERT|REPLACE|UPDATE|DELETE|PRAGMA|CREATE|DROP|WITH|BEGIN|VACUUM)\b"
)


def test_statements_are_our_own_and_values_are_bound() -> None:
    """1.2.4: what others write comes in by a question mark."""
    statements = 0
    for place, name, call in called(*PACKAGES):
        if name in ("execute", "executemany", "executescript") and call.args:
            statements += 1
            _look_at(place.path, call.args[0])
    assert statements > 60
    for path in (path for one in PACKAGES for path in sorted((ROOT / one).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            first = node.values[0] if isinstance(node, ast.JoinedStr) else None
            if isinstance(first, ast.Constant) and _SQL.match(str(first.value)):
                statements += 1
                _look_at(path.name, node)
    assert statements > 80


def _look_at(place: str, statement: ast.AST) -> None:
    called_ones = {id(one.func) for one in ast.walk(statement) if isinstance(one, ast.Call)}
    for node in ast.walk(statement):
        where = f"{place} {ast.unparse(node)}"
        assert not isinstance(node, ast.Mod), where
        if isinstance(node, ast.Subscript):
            assert ast.unparse(node.value).isupper(), where
        if isinstance(node, ast.Attribute):
            joins = id(node) in called_ones and node.attr == "join"
            assert joins or node.attr.isupper(), where
        if isinstance(node, ast.Name):
            assert node.id in _OF_OURS or node.id.strip("_").isupper(), where


# --- patterns ----------------------------------------------------------------------------------


def patterns() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Yield every pattern that a module keeps."""
    modules = {place.path for place, name, _ in called(*PACKAGES) if name == "compile"}
    for path in sorted(modules):
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                yield f"{path} {name}", value


_PUTS_TOGETHER = ("emoji", "map", "re", "escape", "join")


def test_patterns_are_constant() -> None:
    """What others write is searched, and is never a pattern itself."""
    for place, name, call in called(*PACKAGES):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(owner, ast.Name) and owner.id == "re":
            for node in ast.walk(call.args[0]):
                if isinstance(node, ast.Name | ast.Attribute):
                    word = node.id if isinstance(node, ast.Name) else node.attr
                    # Constants; and what puts letters together, each escaped.
                    fine = word.strip("_").isupper() or word in _PUTS_TOGETHER
                    assert fine or name == "escape", f"{place} {word}"


def test_no_pattern_tries_the_same_text_in_ever_more_ways() -> None:
    """A repeat without end in another one, unless a sign of its own begins each round."""
    found = dict(patterns())
    assert len(found) > 30
    none(name for name, one in found.items() if _is_nested(one.pattern, one.flags))
    for bad in (r"(a+)+$", r"(?:[a-z]*x?)*y", r"(\w+\s?)*!", r"(?:\.[\w.]*)*z"):
        assert _is_nested(bad, 0), bad
    assert not _is_nested(r"\d+(\.\d+)*", 0)


def _is_nested(pattern: str | bytes, flags: int) -> bool:
    return _walk(
        parser.parse(pattern, flags & ~re.UNICODE if isinstance(pattern, bytes) else flags)
    )


def _walk(tree: Any) -> bool:
    return any(_loops(what, value) or any(map(_walk, _inner(value))) for what, value in tree)


def _loops(what: Any, value: Any) -> bool:
    if what not in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return False
    _, most, body = value
    if most is not sre.MAXREPEAT or not _repeats(body):
        return False
    ways = list(_ways(body))
    for way in filter(_repeats, ways):
        what, sign = way[0]
        others = [one for other in ways for one in _flat(other)]
        if what is not sre.LITERAL or sum(_takes(one, sign) for one in others) != 1:
            return True
    return False


def _ways(body: Any) -> Iterator[Any]:
    """Yield the ways in which a round may go."""
    if len(body) == 1 and body[0][0] is sre.SUBPATTERN:
        yield from _ways(body[0][1][-1])
    elif len(body) == 1 and body[0][0] is sre.BRANCH:
        for one in body[0][1][1]:
            yield from _ways(one)
    else:
        yield body


def _repeats(tree: Any) -> bool:
    for what, value in tree:
        if what in (sre.MAX_REPEAT, sre.MIN_REPEAT) and value[1] is sre.MAXREPEAT:
            return True
        if any(map(_repeats, _inner(value))):
            return True
    return False


def _inner(value: Any) -> Iterator[Any]:
    """Yield the patterns within a node."""
    if isinstance(value, parser.SubPattern):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _inner(one)


def _flat(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield what takes a sign, in order; a branch counts as all that it may be."""
    for what, value in tree:
        inner = list(_inner(value))
        if inner:
            for one in inner:
                yield from _flat(one)
        elif what is not sre.AT:
            yield what, value


def _takes(item: tuple[Any, Any], sign: int) -> bool:
    """Whether an item could take this sign too; in doubt, yes."""
    what, value = item
    if what is sre.LITERAL:
        return bool(value == sign)
    if what is not sre.IN:
        return True
    negated = value[0][0] is sre.NEGATE
    return negated is not any(_is_of(one, chr(sign)) for one in value[negated:])


def _is_of(part: tuple[Any, Any], sign: str) -> bool:
    what, value = part
    if what is sre.LITERAL:
        return bool(value == ord(sign))
    if what is sre.RANGE:
        return bool(value[0] <= ord(sign) <= value[1])
    of = {
        sre.CATEGORY_DIGIT: sign.isdigit(),
        sre.CATEGORY_SPACE: sign.isspace(),
        sre.CATEGORY_WORD: sign.isalnum() or sign == "_",
    }
    return of[value]


# --- templates ---------------------------------------------------------------------------------


def test_templates_are_our_own() -> None:
    """What others write is put into a sentence, and is never the sentence (format strings)."""
    for place, name, call in called(*PACKAGES):
        if name not in ("format", "format_map") or not isinstance(call.func, ast.Attribute):
            continue
        owner = call.func.value
        constant = isinstance(owner, ast.Constant) or (
            isinstance(owner, ast.Name) and owner.id.strip("_").isupper()
        )
        # Sentences of gui/words; and the log's own lines, in the class that makes them.
        mine = place.path in ("gui/words/i18n.py", "protocol/plain.py")
        assert constant or mine, str(place)


def test_no_spreadsheet_is_written() -> None:
    """1.2.10: whoever adds one has to keep formulas out of it."""
    wrong = ("csv", "openpyxl", "xlsxwriter", "odf", "pandas")
    none(f"{place} {name}" for place, name in imported(*PACKAGES) if begins(name, *wrong))
    for place in nodes(*PACKAGES):
        if isinstance(place.node, ast.Call):
            texts = [one.value for one in place.node.args if isinstance(one, ast.Constant)]
            names = [one for one in texts if isinstance(one, str)]
            assert not any(one.endswith((".csv", ".tsv", ".xls", ".xlsx")) for one in names), place


_LEVELS = ("debug", "info", "warning", "error", "critical", "exception")


def test_a_log_s_event_is_no_value() -> None:
    logs = 0
    for place, name, call in called(*PACKAGES):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if name in _LEVELS and isinstance(owner, ast.Name) and owner.id == "log":
            logs += 1
            assert isinstance(call.args[0], ast.Constant), str(place)
    assert logs > 70


# --- cryptography ------------------------------------------------------------------------------


def test_one_hash_function() -> None:
    """11.4.1: SHA-256; BLAKE2 names pictures in the memory of one process, and is no weaker."""
    named = {
        (name.split(".")[1], place.path)
        for place, name in imported(*PACKAGES)
        if name.startswith("hashlib.")
    } | {
        (call.func.attr, "")
        for _, _, call in called(*PACKAGES)
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "hashlib"
    }
    others = {one for one in named if one[0] not in ("sha256", "_Hash")}
    assert others <= {("blake2b", "gui/paint/faces.py")}
    assert ("sha256", "") in named


def test_no_cryptography_of_our_own() -> None:
    """Keys and handshakes are libsodium's, by libzmq; only hashing and comparing are Python's."""
    known = ("cryptography", "Crypto", "nacl", "ecdsa", "rsa", "ssl", "crypt", "hmac.new")
    none(f"{place} {name}" for place, name in imported(*PACKAGES) if name.startswith(known))
    assert {place.path for place, name, _ in called(*PACKAGES) if name == "curve_keypair"} == {
        "protocol/keys.py"
    }


def test_what_must_not_be_guessed_is_drawn_from_the_system(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """``random`` draws delays and orders of trying; a server's is the system's in any case."""
    users = {place.path for place, name in imported("broker") if name.startswith("random")}
    assert users == set()
    made = {place.path for place, name, _ in called("gateway") if name in ("Random", "randbytes")}
    assert made <= {"gateway/core.py"}, "it is given one"
    assert [place.path for place, name, _ in called("gateway") if name == "SystemRandom"] == [
        "gateway/server.py"
    ]
    token, _ = draw(Role.MEMBER, 1, 1, "", 0)
    assert len(token) * _BITS_OF_A_LETTER >= 128
    standing = {standing_token(tmp_path_factory.mktemp("data")) for _ in range(20)}
    assert len(standing) == 20
    assert all(len(one) * _BITS_OF_A_LETTER >= 128 for one in standing)
