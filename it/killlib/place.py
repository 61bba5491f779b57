"""The file systems a scene lies on, each worker's own view of them, and the copies of a scene.

A scene holds absolute paths, so every copy has to be found under the same path: each worker has a mount namespace of its own, where ROOT is its
copy. ROOT/a and ROOT/b are two file systems (xfs, which can share blocks): homes are on a, members "elsewhere" on b.
"""
import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SIDES = ("a", "b")
IMAGE_BYTES = 700 << 20
_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18


class Place:
    """Two mounted images and a folder for everything else; the process that made it closes it, when all workers have ended."""

    def __init__(self):
        if os.geteuid() != 0:
            raise SystemExit("it/kill-points: euid=%d, and it mounts file systems of its own; nothing was run: run it as root" % os.geteuid())
        self.folder = Path(tempfile.mkdtemp(prefix="kiobd-kill-"))
        self.folder.chmod(0o755)
        self.root = self.folder / "scene"
        self.mounted = []
        try:
            for side in SIDES:
                image, point = self.folder / (side + ".img"), self.folder / ("disk-" + side)
                point.mkdir()
                (self.root / side).mkdir(parents=True)
                with open(image, "wb") as file:
                    file.truncate(IMAGE_BYTES)
                subprocess.run(["mkfs.xfs", "-q", "-m", "reflink=1", str(image)], check=True)
                subprocess.run(["mount", "-o", "loop,nodiscard", str(image), str(point)], check=True)
                self.mounted.append(point)
        except BaseException:
            self.close()
            raise

    def disk(self, side):
        return self.folder / ("disk-" + side)

    def close(self):
        for point in self.mounted:
            # The kernel is not always done with it when the last process that used it has ended.
            subprocess.run(["sh", "-c", 'for i in $(seq 50); do umount "$0" 2>/dev/null && exit 0; sleep 0.2; done; umount -l "$0"', str(point)],
                           check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class View:
    """A worker's own copy of a scene, at the path all workers have it at."""

    def __init__(self, place, number):
        self.place, self.root, self.number = place, place.root, number
        self.temporary = place.folder / ("worker-%d" % number)
        self.temporary.mkdir(exist_ok=True)
        _check(_LIBC.unshare(_CLONE_NEWNS), "unshare")
        _mount(b"none", b"/", _MS_REC | _MS_PRIVATE)
        for side in SIDES:
            own = place.disk(side) / ("worker-%d" % number)
            own.mkdir(exist_ok=True)
            _mount(os.fsencode(own), os.fsencode(self.root / side), _MS_BIND)

    def clear(self):
        for side in SIDES:
            for entry in os.scandir(self.root / side):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    os.unlink(entry.path)

    def load(self, name):
        """Makes the view a copy of the scene that was kept under this name."""
        self.clear()
        for side in SIDES:
            self._copy(self.place.disk(side) / ("kept-" + name), self.root / side)

    def keep(self, name):
        for side in SIDES:
            to = self.place.disk(side) / ("kept-" + name)
            to.mkdir()
            self._copy(self.root / side, to)

    @staticmethod
    def _copy(source, target):
        subprocess.run(["cp", "-a", "--reflink=auto", str(source) + "/.", str(target)], check=True)


def _mount(source, target, flags):
    _check(_LIBC.mount(source, target, None, flags, None), "mount %s" % os.fsdecode(target))


def _check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)
