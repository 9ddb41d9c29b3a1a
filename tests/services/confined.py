"""Runs a program as a unit's sandbox would have it, where no systemd runs: `confined.py UNIT WORDS…`.

System call filter and address families come from the unit itself; systemd-analyze says what its sets hold.
The caller has made the file system read-only (`unshare -m`) and taken the capabilities (`setpriv`).
"""

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

ALLOW, EPERM = 0x7FFF0000, 0x00050001
EQUAL = 4
PR_SET_NO_NEW_PRIVS, PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 38, 65, 1
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}


class Compare(ctypes.Structure):
    _fields_ = [
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    ]


def members(name):
    """The system calls of a set, its own sets opened."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, check=True)
    found = set()
    for line in listed.stdout.decode().splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            found |= members(word) if word.startswith("@") else {word}
    return found


def values(unit, key):
    return re.findall(rf"^{key}=(.*)$", Path(unit).read_text(), re.MULTILINE)


def allowed(unit):
    """What the filter lets through, line after line as systemd.exec(5) reads it."""
    found = set()
    for line in values(unit, "SystemCallFilter"):
        words = line.removeprefix("~").split()
        named = set().union(*(members(word) if word.startswith("@") else {word} for word in words))
        found = found - named if line.startswith("~") else found | named
    return found


def confine(unit):
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(EPERM))
    (families,) = values(unit, "RestrictAddressFamilies")
    for name in sorted(allowed(unit)):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            continue  # another architecture's
        if name == "socket":
            for family in families.split():
                equal = Compare(0, EQUAL, FAMILIES[family], 0)
                assert library.seccomp_rule_add(context, ALLOW, number, 1, equal) == 0
        else:
            assert library.seccomp_rule_add(context, ALLOW, number, 0) == 0
    c = ctypes.CDLL(None, use_errno=True)
    assert c.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    if values(unit, "MemoryDenyWriteExecute") == ["yes"]:
        # A kernel before 6.3 does not know it and says so; systemd uses a filter there.
        c.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
    assert library.seccomp_load(context) == 0
    os.umask(int(values(unit, "UMask")[0], 8))


if __name__ == "__main__":
    confine(sys.argv[1])
    os.execvp(sys.argv[2], sys.argv[2:])
