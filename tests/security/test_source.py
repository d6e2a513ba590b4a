"""What the program must not even contain, read off its source: calls that open holes elsewhere.

Rules 1, 4 and 11 of design.md, section 5, and the classes of holes of systems like this one, are
of this sort: they hold as long as nobody writes a certain line. README.md names the classes.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("broker", "gateway", "gui", "protocol")
SERVERS = ("broker", "gateway", "protocol")


_KINDS = (ast.Import, ast.ImportFrom, ast.Call, ast.Attribute, ast.FunctionDef)


class Place(NamedTuple):
    """A node of a module's tree, and where it is."""

    path: str
    node: ast.AST

    def __str__(self) -> str:
        return f"{self.path}:{getattr(self.node, 'lineno', 0)}"


@cache
def _of(package: str) -> list[Place]:
    files = sorted((ROOT / package).rglob("*.py")) or [ROOT / f"{package}.py"]
    return [
        Place(path.relative_to(ROOT).as_posix(), node)
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, _KINDS)
    ]


def nodes(*packages: str) -> Iterator[Place]:
    for package in ("zviazok", *packages):
        yield from _of(package)


def imported(*packages: str) -> Iterator[tuple[Place, str]]:
    for place in nodes(*packages):
        if isinstance(place.node, ast.Import):
            for one in place.node.names:
                yield place, one.name
        elif isinstance(place.node, ast.ImportFrom) and place.node.module:
            for one in place.node.names:
                yield place, f"{place.node.module}.{one.name}"


def called(*packages: str) -> Iterator[tuple[Place, str, ast.Call]]:
    """Yield every call with the last word of what is called."""
    for place in nodes(*packages):
        if isinstance(place.node, ast.Call):
            what = place.node.func
            if isinstance(what, ast.Attribute):
                yield place, what.attr, place.node
            elif isinstance(what, ast.Name):
                yield place, what.id, place.node


def attributes(*packages: str) -> Iterator[tuple[Place, str]]:
    for place in nodes(*packages):
        if isinstance(place.node, ast.Attribute):
            yield place, place.node.attr


def begins(name: str, *modules: str) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in modules)


def none(found: Iterator[str]) -> None:
    assert list(found) == []


def test_it_reads_the_whole_program() -> None:
    """Else all of these tests would pass on nothing."""
    names = {place.path for place in nodes(*PACKAGES)}
    assert {"zviazok.py", "gateway/server.py", "protocol/client/network.py"} <= names
    assert len(names) > 150
    assert any(name == "Poller" for _, name, _ in called(*SERVERS))


# --- ZeroMQ rules ------------------------------------------------------------------------------


def test_1_sockets_are_made_in_one_place_and_of_few_kinds() -> None:
    """No client meets a PUB: what a gateway has towards them is the ROUTER of ``sockets.py``."""
    places = {
        place.path: [one.attr for one in call.args if isinstance(one, ast.Attribute)]
        for place, name, call in called(*PACKAGES)
        if name == "socket" and call.args and "zmq" in ast.dump(call.args[0])
    }
    del places["protocol/sockets.py"]
    inside = {"protocol/zap.py": ["REP"], "gateway/door.py": ["PAIR"]}  # inproc, of one process
    assert places == inside
    of = {
        node.name: {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
        for place, node in nodes("protocol")
        if place == "protocol/sockets.py" and isinstance(node, ast.FunctionDef)
    }
    kinds = {"ROUTER", "DEALER", "XPUB", "PUB", "SUB", "XSUB", "PULL", "PUSH", "REP", "REQ"}
    made = {name: used & kinds for name, used in of.items() if used & kinds}
    assert made == {
        "frontend": {"ROUTER"},
        "ingress": {"ROUTER"},
        "egress": {"XPUB"},
        "backend": {"DEALER"},
        "feed": {"SUB"},
        "client": {"DEALER"},
    }


@pytest.mark.parametrize(
    "option",
    [
        "XPUB_MANUAL",  # no access control: an ordinary message shifts approvals (rule 1)
        "XPUB_MANUAL_LAST_VALUE",
        "ROUTER_HANDOVER",  # hands a routing id, and what waits for it, to who takes it (rule 5)
        "ROUTING_ID",
        "IDENTITY",
        "PLAIN_SERVER",
        "plain_username",
        "CURVE_ALLOW_ANY",
        "CONFLATE",
    ],
)
def test_1_and_5_options_that_open_holes_are_not_used(option: str) -> None:
    none(str(place) for place, name in attributes(*PACKAGES) if name == option)


def test_4_no_asyncio_around_a_socket() -> None:
    wrong = ("zmq.asyncio", "zmq.green", "zmq.eventloop", "zmq.auth.asyncio", "zmq.auth.thread")
    none(f"{place} {name}" for place, name in imported(*PACKAGES) if begins(name, *wrong))
    none(f"{place} {name}" for place, name in imported(*SERVERS) if begins(name, "asyncio"))


def test_11_nothing_forks_and_a_process_has_one_context() -> None:
    wrong = ("fork", "forkpty", "fork_exec", "set_start_method")
    none(f"{place} {name}" for place, name, _ in called(*PACKAGES) if name in wrong)
    pools = ("Process", "Pool", "ProcessPoolExecutor", "Manager")
    for place, name in imported(*PACKAGES):
        # By get_context("spawn") alone: the default forks.
        assert name.rsplit(".")[-1] not in pools, f"{place} {name}"
    for place, name, call in called(*PACKAGES):
        if name == "get_context":
            assert [one.value for one in call.args if isinstance(one, ast.Constant)] == ["spawn"], (
                place
            )
    contexts = [place.path for place, name, _ in called(*PACKAGES) if name == "Context"]
    assert sorted(contexts) == [
        "broker/server.py",
        "broker/upkeep/port_checks.py",
        "gateway/server.py",
        "protocol/client/network.py",
    ], "one in each program"
    none(
        str(place)
        for place, name, call in called(*PACKAGES)
        if name == "instance" and "Context" in ast.dump(call.func)
    )


# --- classes of holes of other systems ---------------------------------------------------------


def test_no_bytes_become_objects_or_programs() -> None:
    """ShadowMQ (CVE-2024-50050 and its copies): what a peer sends is msgpack, checked; no more."""
    wrong = ("pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle", "yaml")
    none(f"{place} {name}" for place, name in imported(*PACKAGES) if begins(name, *wrong))
    calls = ("recv_pyobj", "send_pyobj", "recv_serialized", "eval", "exec", "compile")
    # Tcl is asked for one constant thing, and patterns are compiled.
    none(
        f"{place} {name}"
        for place, name, call in called(*PACKAGES)
        if name in calls and not _is_harmless(call)
    )
    hooks = [
        f"{place} {word.arg}"
        for place, name, call in called(*PACKAGES)
        if name in ("unpackb", "Unpacker")
        for word in call.keywords
        if word.arg in ("object_hook", "object_pairs_hook", "list_hook", "ext_hook")
    ]
    assert hooks == []
    msgpack = {place.path for place, name, _ in called(*PACKAGES) if name == "unpackb"}
    own = {f"protocol/client/{name}.py" for name in ("library", "store", "orders")}
    assert msgpack - own == {"protocol/backplane.py", "protocol/frames.py"}, "where limits are"
    none(str(place) for place, name, _ in called(*PACKAGES) if name == "Unpacker")


def _is_harmless(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    owner = call.func.value
    if isinstance(owner, ast.Name) and owner.id == "re":
        return True
    return call.func.attr == "eval" and all(isinstance(one, ast.Constant) for one in call.args)


def test_a_command_s_name_never_picks_a_method() -> None:
    """Salt (CVE-2020-11651): a kind is looked up in a table, and never becomes ``getattr``."""
    dynamic = [
        place.path
        for place, name, call in called(*SERVERS)
        if name in ("getattr", "setattr", "globals", "locals", "vars", "methodcaller")
        and len(call.args) > 1
        and not isinstance(call.args[1], ast.Constant)
    ]
    # Names of signals, limits and flags of a message: all lists stand in the source.
    known = {"protocol/process.py", "protocol/terminal/reports.py", "protocol/client/seal.py"}
    assert set(dynamic) <= known


def test_no_shell_is_asked() -> None:
    """Words of others are arguments: no shell, no string that is taken apart again."""
    wrong = ("system", "popen", "getoutput", "getstatusoutput", "spawnl", "spawnv", "startfile")
    found = {place.path for place, name, _ in called(*PACKAGES) if name in wrong}
    assert found <= {"gui/views/viewing/files.py"}, "opens a file that somebody has saved"
    none(
        str(place)
        for place, _, call in called(*PACKAGES)
        for word in call.keywords
        if word.arg == "shell"
    )


def test_no_archive_is_unpacked() -> None:
    """Zip slip: nothing unpacks a tar or zip, so no name in one is a path here."""
    wrong = ("zipfile", "tarfile", "shutil.unpack_archive", "gzip", "bz2", "lzma")
    none(f"{place} {name}" for place, name in imported(*PACKAGES) if begins(name, *wrong))
    none(str(place) for place, name, _ in called(*PACKAGES) if name == "unpack_archive")


def test_nothing_is_fetched_from_the_web() -> None:
    """No preview, no update, no font: a message cannot make a machine call somewhere (SSRF)."""
    wrong = ("urllib.request", "http.client", "requests", "httpx", "aiohttp", "ftplib", "smtplib")
    none(f"{place} {name}" for place, name in imported(*PACKAGES) if begins(name, *wrong))


def test_nobody_s_name_is_looked_up() -> None:
    """InspIRCd (CVE-2015-8702): what a stranger's name server answers would come in unasked."""
    wrong = ("gethostbyaddr", "getnameinfo", "getfqdn", "gethostbyname_ex")
    none(f"{place} {name}" for place, name, _ in called(*PACKAGES) if name in wrong)


def test_compressed_bytes_are_unpacked_only_where_there_is_a_limit() -> None:
    """XMPP (2014): a few bytes that become gigabytes. On the wire nothing is compressed."""
    wrong = ("decompress", "decompressobj")
    found = {place.path for place, name, _ in called(*PACKAGES) if name in wrong}
    # In the child process that decodes pictures, piece by piece and to a size that was told.
    assert found <= {"protocol/client/residue.py"}


def test_no_xml_is_parsed() -> None:
    wrong = ("xml", "lxml", "defusedxml", "html.parser")
    none(f"{place} {name}" for place, name in imported(*PACKAGES) if begins(name, *wrong))


def test_libraries_of_strangers_are_few() -> None:
    """Every one that the servers load is in the list of those that somebody watches."""
    known = set(sys.stdlib_module_names) | {*PACKAGES, "zmq", "msgpack", "platformdirs", "PIL"}
    seen = {name.split(".")[0] for place, name in imported(*SERVERS)}
    assert seen - known - {"zviazok"} == set()
