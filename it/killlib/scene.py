"""The volumes, snapshots and decoys that a command finds.

    a/home     volumes data (snapshots mon, tue), plain, other (snapshot keep)
    a/home2    a volume data with a snapshot mon, of another content
    a/cwd      where commands run; image.img to import
    b/other    members of both homes where they are not in the home

A decoy has a name that a command might use for something of its own, and belongs to somebody else. What it is - file, folder, link, pipe - is
drawn by lot from the seed.
"""
import hashlib
import json
import os
import random
import stat
from collections import namedtuple
from pathlib import Path

STORES, PLACES = ("file", "rocksdb"), ("home", "elsewhere")
SIZE, CHUNK = 1 << 20, 64 << 10
SUFFIX = {"file": ".img", "rocksdb": ".rocksdb"}
LONG_AGO_NS = 1_000_000_000 * 10**9 + 123456789
Entry = namedtuple("Entry", "type mode size content mtime")


class Scene:
    """Names and places of a scene of one store and place."""

    def __init__(self, root, store, place):
        self.root, self.store, self.place = Path(root), store, place
        self.home, self.home2 = self.root / "a/home", self.root / "a/home2"
        self.cwd, self.other = self.root / "a/cwd", self.root / "b/other"

    @property
    def name(self):
        return self.store + ":" + self.place

    def shape(self, volume, folder="other", prefix=""):
        """The words that say where a new volume's members shall be."""
        if self.place == "home":
            return ["--members", "2", "--store", self.store]
        return [word for uri in self.elsewhere(volume, folder, prefix) for word in ("--member", uri)]

    def elsewhere(self, volume, folder="other", prefix=""):
        place = self.other.with_name(folder)
        return ["%s:%s" % (self.store, place / ("%s%s-%d%s" % (prefix, volume, i, SUFFIX[self.store]))) for i in (0, 1)]

    def folder(self, name, home=None):
        volume, _, snapshot = name.partition("@")
        folder = (home or self.home) / "volumes" / volume
        return folder / "snapshots" / snapshot if snapshot else folder

    def manifest(self, name, home=None):
        try:
            return json.loads((self.folder(name, home) / "manifest.json").read_text())
        except (OSError, ValueError):
            return None

    def members(self, name, home=None):
        """Where the members are that its manifest names; nothing without one."""
        manifest = self.manifest(name, home)
        locations = [uri.split(":", 1)[1].split("?")[0] for uri in manifest["members"]] if manifest else []
        return [Path(os.path.normpath(self.folder(name, home) / location)) for location in locations]

    def snapshots(self, volume, home=None):
        folder = self.folder(volume, home) / "snapshots"
        return ["%s@%s" % (volume, entry) for entry in sorted(os.listdir(folder))] if folder.is_dir() else []


def image(rng, size=SIZE):
    """Random bytes with holes of zeros between."""
    data = bytearray(size)
    for _ in range(5):
        at = rng.randrange(0, size - (64 << 10)) & ~4095
        data[at:at + (48 << 10)] = rng.randbytes(48 << 10)
    return bytes(data)


def build(scene, witness, seed, second="other"):
    """
    Makes it, but for the decoys; returns the contents by name.

    ``second``: the folder of the members that home2 has elsewhere; the same as home's, if kiobd can have two homes beside each other.
    """
    rng = random.Random("%s %s" % (seed, scene.name))
    for folder in (scene.home, scene.home2, scene.cwd, scene.other, scene.other.with_name(second)):
        folder.mkdir(parents=True, exist_ok=True)
    contents = {}

    def fill(home, volume):
        data, file = image(rng), scene.cwd / "fill.img"
        file.write_bytes(data)
        witness.must("import", file, volume, "--home", home)
        file.unlink()
        return data

    def make(home, volume, *where):
        witness.must("create", volume, "--size", SIZE, "--chunk", CHUNK, *scene.shape(volume, *where), "--home", home)
        return fill(home, volume)

    contents["data@mon"] = make(scene.home, "data")
    witness.must("snapshot", "create", "data@mon", "--home", scene.home)
    contents["data"] = contents["data@tue"] = fill(scene.home, "data")
    witness.must("snapshot", "create", "data@tue", "--home", scene.home)
    contents["plain"] = make(scene.home, "plain")
    contents["other"] = contents["other@keep"] = make(scene.home, "other")
    witness.must("snapshot", "create", "other@keep", "--home", scene.home)
    make(scene.home2, "data", second, "two-")
    witness.must("snapshot", "create", "data@mon", "--home", scene.home2)
    (scene.cwd / "image.img").write_bytes(image(rng, 3 * SIZE // 4))
    return contents


# In the way: exactly where a command might want to put something, so that it may have to refuse.
IN_THE_WAY = (
    "b/other/data@wed.member-0.{s}", "b/other/data@wed.member-1.{s}", "b/other/new.member-0.{s}", "b/other/new.member-1.{s}",
    "b/other/data-0.{s}~1", "b/other/data-1.{s}~1", "a/home/volumes/data/member-0.{s}~1", "a/home/volumes/data/member-1.{s}~1",
    "a/home/volumes/data/manifest.json.new", "a/home/volumes/plain/manifest.json.new",
)
NEARBY = (
    "b/other/plain-0.{s}~1", "b/other/plain-0.{s}.new", "b/other/data-0.{s}~2", "b/other/member-0.{s}", "b/other/member-0.rocksdb",
    "b/other/new-0.{s}.new", "b/other/new-0.{s}~1", "b/other/data@mon.member-9.{s}", "b/other/lock", "b/other/manifest.json",
    "b/other/unfinished", "b/other/change.json", "b/other/control.sock", "b/other/server.json", "b/other/foreign/manifest.json",
    "b/other/foreign/member-0.img", "b/other/new/manifest.json",
    "a/home/lock", "a/home/unfinished", "a/home/change.json", "a/home/manifest.json", "a/home/control.sock", "a/home/foreign/change.json",
    "a/home/foreign/member-0.rocksdb/CURRENT", "a/home/volumes/data~1", "a/home/volumes/new~1", "a/home/volumes/plain.new",
    "a/home/volumes/new.member-0.{s}", "a/home/volumes/data@wed.member-0.{s}", "a/home/volumes/lock", "a/home/volumes/.unfinished",
    "a/home/volumes/data/notes.new", "a/home/volumes/data/data@wed.member-0.{s}", "a/home/volumes/data/member-7.{s}~1",
    "a/home/volumes/data/foreign/lock", "a/home/volumes/plain/member-0.{s}~2", "a/home/volumes/plain/notes.new",
    "a/home/volumes/plain/lock.new", "a/cwd/out.img.new", "a/cwd/out.img~1", "a/cwd/out.img.part", "a/cwd/image.img.new", "a/cwd/lock",
    "a/cwd/manifest.json", "a/cwd/member-0.{s}", "a/cwd/member-0.rocksdb", "a/cwd/new", "a/cwd/data", "a/cwd/change.json", "a/cwd/unfinished",
)
# A volume's folder without anything in it, or with a folder in place of a file, is a question of its own.
MUST_BE_FILES = ("lock", "unfinished", "change.json", "server.json", "control.sock", "manifest.json", "plain.new")


def put(scene, names, rng):
    """Lays decoys out; returns their paths in the scene."""
    placed = []
    for name in names:
        name = name.format(s=SUFFIX[scene.store][1:])
        path = scene.root / name
        if os.path.lexists(path) or (scene.place == "home" and name.startswith("a/home/volumes/") and not path.parent.is_dir()):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        kinds = ("file", "empty") if path.name in MUST_BE_FILES else ("file", "file", "empty", "folder", "bare", "link", "dangling", "pipe")
        _make(path, rng.choice(kinds), rng)
        placed.append(name)
    return placed


def _make(path, kind, rng):
    if kind in ("file", "empty"):
        path.write_bytes(rng.randbytes(rng.randrange(1, 9000)) if kind == "file" else b"")
        path.chmod(rng.choice((0o644, 0o600, 0o440)))
    elif kind in ("folder", "bare"):
        path.mkdir()
        if kind == "folder":
            for inner in ("CURRENT", "member-0.img", "db"):
                (path / inner).write_bytes(rng.randbytes(100))
    elif kind in ("link", "dangling"):
        target = path.with_name(path.name + "-target")
        if kind == "link":
            target.write_bytes(rng.randbytes(500))
        path.symlink_to(target.name)
    else:
        os.mkfifo(path)


def age(scene, names):
    """Gives decoys a time of long ago, so that a touch shows."""
    for name in names:
        path = scene.root / name
        inner = [entry.path for entry in os.scandir(path)] if path.is_dir() and not path.is_symlink() else []
        for each in (*inner, path):
            os.utime(each, ns=(LONG_AGO_NS, LONG_AGO_NS), follow_symlinks=False)


def inventory(root):
    """Everything in a scene: type, mode, size, content and time by path."""
    found, todo = {}, [str(root)]
    while todo:
        for entry in os.scandir(todo.pop()):
            status = entry.stat(follow_symlinks=False)
            kind, content = stat.S_IFMT(status.st_mode), None
            if kind == stat.S_IFDIR:
                todo.append(entry.path)
            elif kind == stat.S_IFREG:
                with open(entry.path, "rb") as file:
                    content = hashlib.sha1(file.read()).hexdigest()
            elif kind == stat.S_IFLNK:
                content = os.readlink(entry.path)
            size = status.st_size if kind != stat.S_IFDIR else 0
            found[os.path.relpath(entry.path, root)] = Entry(kind, stat.S_IMODE(status.st_mode), size, content, status.st_mtime_ns)
    return found
