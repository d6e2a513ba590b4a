"""Addresses of this machine: where others reach what listens here, and which ports are free.

A program that listens on 0.0.0.0 or :: must name addresses that mean something
elsewhere: gateways do so when they register, invite links when they are
printed. Nothing is sent; name look-ups are those of this machine's own name.
No state; any thread.
"""

import errno
import ipaddress
import random
import socket
import sys
from collections.abc import Iterable
from contextlib import ExitStack

from protocol.errors import SetupError
from protocol.invite import join_address

# Reserved for documentation: a UDP "connection" to them only asks for the route out.
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))

# Below the ports that systems give to outgoing connections, so that none takes one from us.
_FREE_PORTS = range(20_000, 32_000)


def reachable(host: str, port: int) -> tuple[str, ...]:
    """Return ``HOST:PORT`` of what listens on ``host``, the best for other machines first.

    0.0.0.0 and :: (which listens on IPv4 too) become the addresses of this
    machine; loopback only where there is no other. Any other host is itself.
    """
    if host not in ("0.0.0.0", "::"):
        return (join_address(host, port),)
    found = own_addresses()
    if host == "0.0.0.0":
        found = [one for one in found if ":" not in one]
    return tuple(join_address(one, port) for one in found or ["127.0.0.1"])


def only_here(address_hosts: Iterable[str]) -> bool:
    """Say whether none of these hosts can be reached from another machine."""
    return all(_is_loopback(host) for host in address_hosts)


def own_addresses() -> list[str]:
    """Return this machine's addresses that others can reach, IPv4 first; perhaps none."""
    found: list[str] = []
    for family, elsewhere in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    try:
        named = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        named = []
    found += [str(place[0]) for *_, place in named]
    return sorted(
        dict.fromkeys(one for one in found if _reaches_out(one)), key=lambda one: ":" in one
    )


def check_listen(host: str, port: int) -> None:
    """Raise :class:`SetupError`, one line that says what to do, if nothing can listen there."""
    where = join_address(host, port)
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        with _bound(places[0][0], places[0][4]):
            return
    except socket.gaierror:
        raise SetupError(
            f"this machine does not know the host {host}; give its own address with --listen"
        ) from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SetupError(
                f"port {port} is in use on {host}: stop the program that uses it (another "
                f"Zviazok perhaps), or choose another port, such as --listen "
                f"{join_address(host, port + 1000 if port < 60000 else 8080)}"
            ) from None
        if error.errno == errno.EACCES:
            raise SetupError(
                f"the system lets no ordinary program listen on port {port}; "
                f"choose one above 1023, such as --listen {join_address(host, 8080)}"
            ) from None
        raise SetupError(f"cannot listen on {where}: {error.strerror}") from None


def free_ports(count: int, host: str = "127.0.0.1") -> int:
    """Return the first of ``count`` consecutive ports that are free now."""
    for _ in range(200):
        first = random.randrange(_FREE_PORTS.start, _FREE_PORTS.stop - count)
        if ports_are_free(first, count, host):
            return first
    raise SetupError(f"{host} has no {count} free ports in a row; close some programs")


def ports_are_free(first: int, count: int, host: str = "127.0.0.1") -> bool:
    """Say whether a program could listen on ``count`` ports from ``first``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as held:
        try:
            for port in range(first, first + count):
                held.enter_context(_bound(family, (host, port)))
        except OSError:
            return False
    return True


def _bound(family: int, place: tuple[object, ...]) -> socket.socket:
    """Return a socket that is bound as libzmq would bind it."""
    probe = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(place)
        # With SO_REUSEADDR only listening tells whether somebody else listens there.
        probe.listen(1)
    except OSError:
        probe.close()
        raise
    return probe


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reaches_out(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
    )
