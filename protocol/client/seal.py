"""What the darkroom's child may not do any more: grow, open anything, start or signal programs.

A decoder that a picture has taken over is meant to be able to count, and to write on its pipe, and
nothing else. Each limit is set where the system has it and passed over where it has not: system
calls are filtered on Linux on x86-64, Windows has none of these limits, macOS none on memory. Then
the parent's deadline is what holds. Nothing can be taken back.
"""

import ctypes
import errno
import os
import struct
import sys
import time
from contextlib import suppress
from typing import Final

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_STDIO: Final = 3
_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_AUDIT_ARCH_X86_64: Final = 0xC000003E
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
"""Instructions of a filter: load a word, compare with a number, decide."""
_NUMBER_AT, _ARCH_AT, _FIRST_AT = 0, 4, 16
"""Where a filter finds the number of a call, the machine, and the first argument (64 bits)."""
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | errno.EPERM
_PRLIMIT: Final = 302
"""prlimit64, which may bound other processes too: of itself alone."""
_CALLS: Final = (
    0,  # read
    1,  # write
    3,  # close
    5,  # fstat
    8,  # lseek
    9,  # mmap
    10,  # mprotect
    11,  # munmap
    12,  # brk
    13,  # rt_sigaction
    14,  # rt_sigprocmask
    15,  # rt_sigreturn
    24,  # sched_yield
    25,  # mremap
    28,  # madvise
    39,  # getpid
    60,  # exit
    79,  # getcwd
    96,  # gettimeofday
    97,  # getrlimit
    98,  # getrusage
    99,  # sysinfo
    131,  # sigaltstack
    160,  # setrlimit
    201,  # time
    202,  # futex
    219,  # restart_syscall
    228,  # clock_gettime
    231,  # exit_group
    318,  # getrandom
)
"""What Python, libc and the decoders need for memory, time and two pipes (x86-64)."""


def limit(memory_bytes: int) -> None:
    """Before Pillow is imported: bound the memory, forbid files, cores and other programs."""
    _set("RLIMIT_AS", memory_bytes)
    _set("RLIMIT_CORE", 0)
    _set("RLIMIT_FSIZE", 0)
    _set("RLIMIT_NOFILE", 64)
    if sys.platform == "linux":
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        # Nobody of the same user looks into it, and no core is made of it.
        _prctl(_PR_SET_DUMPABLE, 0)


def close() -> None:
    """Before the first order: no file, socket, thread or process is made from here on."""
    _set("RLIMIT_NOFILE", _STDIO)
    _set("RLIMIT_NPROC", 0)
    if sys.platform == "linux" and os.uname().machine == "x86_64" and sys.maxsize > 2**32:
        _filter()


def grant_cpu(seconds: int) -> None:
    """Give so much processor time, from now; the process ends when it is used up."""
    if resource is not None:
        with suppress(OSError, ValueError):
            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + seconds + 1, hard))


def _set(name: str, most: int) -> None:
    kind = getattr(resource, name, None)
    if kind is not None:
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


def _filter() -> None:
    """Have the kernel refuse all calls but those of the list."""
    steps = [(_EQUAL, 1, 0, _AUDIT_ARCH_X86_64), (_RETURN, 0, 0, _REFUSE)]
    steps = [(_LOAD, 0, 0, _ARCH_AT), *steps, (_LOAD, 0, 0, _NUMBER_AT)]
    for number in _CALLS:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    steps += [(_EQUAL, 1, 0, _PRLIMIT), (_RETURN, 0, 0, _REFUSE)]
    for half in (_FIRST_AT, _FIRST_AT + 4):
        steps += [(_LOAD, 0, 0, half), (_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _REFUSE)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in steps))
    program = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(code)))
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program))


def _prctl(what: int, *words: int) -> None:
    """Ask the kernel; what it does not know or allow is left."""
    padded = [ctypes.c_ulong(word) for word in (*words, 0, 0, 0, 0)[:4]]
    ctypes.CDLL(None).prctl(what, *padded)
