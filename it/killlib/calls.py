"""Which system calls are points, what may go wrong at each, and how a call is named."""
import collections
import errno
import os
import platform
import re
import struct

# Numbers by machine; a name that a machine lacks is left out.
NUMBERS = {
    "x86_64": (0xC000003E, {
        "write": 1, "open": 2, "ioctl": 16, "pwrite64": 18, "writev": 20, "msync": 26, "sendfile": 40, "fsync": 74, "fdatasync": 75,
        "truncate": 76, "ftruncate": 77, "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87, "symlink": 88,
        "chmod": 90, "fchmod": 91, "openat": 257, "mkdirat": 258, "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266,
        "fchmodat": 268, "splice": 275, "fallocate": 285, "pwritev": 296, "renameat2": 316, "copy_file_range": 326, "pwritev2": 328,
        "io_uring_setup": 425,
    }),
    "aarch64": (0xC00000B7, {
        "ioctl": 29, "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38, "truncate": 45, "ftruncate": 46,
        "fallocate": 47, "fchmod": 52, "fchmodat": 53, "openat": 56, "write": 64, "writev": 66, "pwrite64": 68, "pwritev": 70,
        "sendfile": 71, "splice": 76, "fsync": 82, "fdatasync": 83, "msync": 227, "renameat2": 276, "copy_file_range": 285,
        "pwritev2": 287, "io_uring_setup": 425,
    }),
}
SECCOMP_CALL = {"x86_64": 317, "aarch64": 277}
if platform.machine() not in NUMBERS:
    raise SystemExit("it/kill-points: machine=%s has no table of system calls in it/killlib/calls.py; nothing was run" % platform.machine())
ARCH, NUMBER = NUMBERS[platform.machine()]
SECCOMP = SECCOMP_CALL[platform.machine()]

# Where the paths are among the arguments: "f" a descriptor, "p" a path, "d" a folder's descriptor and a path behind it.
# Of a call with two the second names the point: where something comes to be.
SHAPES = {
    "open": "p", "creat": "p", "openat": "d", "mkdir": "p", "mkdirat": "d", "rmdir": "p", "unlink": "p", "unlinkat": "d", "truncate": "p",
    "chmod": "p", "fchmodat": "d", "rename": "pp", "renameat": "dd", "renameat2": "dd", "link": "pp", "linkat": "dd", "symlink": ".p",
    "symlinkat": ".d", "write": "f", "writev": "f", "pwrite64": "f", "pwritev": "f", "pwritev2": "f", "fsync": "f", "fdatasync": "f",
    "ftruncate": "f", "fallocate": "f", "fchmod": "f", "ioctl": "f", "sendfile": "f", "splice": "..f", "copy_file_range": "..f",
    "msync": "",
}
WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | (os.O_TMPFILE & ~os.O_DIRECTORY)
FICLONE, FICLONERANGE = 0x40049409, 0x4020940D

_OPENS = {"open", "openat", "creat", "look"}
_NAMES = {"mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat",
          "chmod", "fchmod", "fchmodat"}
_SPACE = {"open", "openat", "creat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat",
          "write", "writev", "pwrite64", "pwritev", "pwritev2", "fallocate", "copy_file_range", "ioctl", "sendfile", "splice"}

Kind = collections.namedtuple("Kind", "name error sticky applies")
# How a point is treated. To add one: its name, the error (None kills), whether it stays from there on, and the calls it makes sense for.
KINDS = {kind.name: kind for kind in (
    Kind("kill", None, False, lambda call: call != "look"),
    Kind("eio", errno.EIO, False, lambda call: True),
    Kind("enospc", errno.ENOSPC, False, lambda call: call in _SPACE | {"fsync", "fdatasync"}),
    Kind("full", errno.ENOSPC, True, lambda call: call in _SPACE),
    Kind("eacces", errno.EACCES, False, lambda call: call in _OPENS | _NAMES),
    Kind("emfile", errno.EMFILE, False, lambda call: call in _OPENS),
)}

_VARIABLE = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"), "UUID"),
    (re.compile(r"LOG\.old\.[0-9]+"), "LOG.old.N"),
)


def plain(path):
    """A path without what differs from run to run."""
    for pattern, word in _VARIABLE:
        path = pattern.sub(word, path)
    return path


def program():
    """The filter, in classic BPF: opens, ioctls and what writes are told to the listener, an io_uring is refused, the rest goes on."""
    allow, notify = 0x7FFF0000, 0x7FC00000
    refuse = 0x00050000 | errno.ENOSYS  # what goes through a ring could be neither seen nor failed
    code = [(0x20, 0, 0, 4), (0x15, 1, 0, ARCH), (0x06, 0, 0, allow), (0x20, 0, 0, 0)]
    for name, number in NUMBER.items():
        if name == "io_uring_setup":
            code += [(0x15, 0, 1, number), (0x06, 0, 0, refuse)]
        elif name == "ioctl":
            code += [(0x15, 0, 5, number), (0x20, 0, 0, 24), (0x15, 1, 0, FICLONE), (0x15, 0, 1, FICLONERANGE), (0x06, 0, 0, notify),
                     (0x06, 0, 0, allow)]
        else:
            code += [(0x15, 0, 1, number), (0x06, 0, 0, notify)]
    code.append((0x06, 0, 0, allow))
    return b"".join(struct.pack("HBBI", *step) for step in code), len(code)


NAME = {number: name for name, number in NUMBER.items()}


def name_of(number, args):
    """The call's name; an open that only reads is a "look": nothing to be killed at, but it can fail."""
    name = NAME[number]
    flags = {"open": args[1], "openat": args[2]}.get(name, WRITE_FLAGS)
    return name if flags & WRITE_FLAGS else "look"
