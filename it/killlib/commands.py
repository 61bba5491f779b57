"""The commands: what each is given, which volumes it names, and what must be true afterwards.

To add one: a Command at the end. ``names`` are the volumes and snapshots whose files it may change; ``after`` says from the state before (a
dictionary of contents by name) what the state afterwards must be.
"""
import os
from collections import namedtuple

from . import scene as scenes

Command = namedtuple("Command", "name words names after prepare output serves half")


def command(name, words, names, after, prepare=None, output=None, serves=False, half=()):
    """
    ``output``: a file it writes. ``serves``: it runs a server, so it needs a process of its own. ``half``: what may be unfinished although it was
    there.
    """
    return Command(name, words, names, after, prepare or (lambda scene: None), output, serves, half)


def _with(**more):
    return lambda before, scene: {**before, **{name: of(before, scene) for name, of in more.items()}}


def _without(*gone):
    return lambda before, scene: {name: content for name, content in before.items() if name not in gone}


def _renamed(before, scene):
    return {("renamed" + name[4:] if name.split("@")[0] == "data" else name): content for name, content in before.items()}


def _zeros(before, scene):
    return bytes(scenes.SIZE)


def _imported(before, scene):
    data = (scene.cwd / "image.img").read_bytes()
    return data + bytes(scenes.SIZE - len(data))


def _grown(before, scene):
    return before["data"] + bytes(scenes.SIZE)


def _lose_manifest(scene):
    (scene.folder("plain") / "manifest.json").unlink()


def _plain_members(scene):
    if scene.place == "elsewhere":
        return scene.elsewhere("plain")
    return ["%s:%s" % (scene.store, scene.folder("plain") / ("member-%d%s" % (i, scenes.SUFFIX[scene.store]))) for i in (0, 1)]


def socket(scene):
    """Where a command serves. Workers have a mount of their own at the scene's path, but one folder around it."""
    return scene.root.parent / ("served-%d.sock" % os.getpid())


def _served(scene, *words):
    return [*words, "--unix", str(socket(scene)), "--run", "true"]


_DATA = ("data", "data@mon", "data@tue")
SIZE = str(scenes.SIZE)

COMMANDS = (
    command("create", lambda s: ["create", "new", "--size", SIZE, "--chunk", "64K", *s.shape("new")], ("new",), _with(new=_zeros)),
    command("resize", lambda s: ["resize", "data", "--size", str(2 * scenes.SIZE)], ("data",), _with(data=_grown)),
    command("rename", lambda s: ["rename", "data", "renamed"], (*_DATA, "renamed", "renamed@mon", "renamed@tue"), _renamed),
    command("delete", lambda s: ["delete", "plain", "--yes"], ("plain",), _without("plain")),
    command("delete-with-snapshots", lambda s: ["delete", "data", "--with-snapshots", "--yes"], _DATA, _without(*_DATA)),
    command("snapshot-create", lambda s: ["snapshot", "create", "data@wed"], ("data", "data@wed"),
            lambda before, scene: {**before, "data@wed": before["data"]}),
    command("snapshot-delete", lambda s: ["snapshot", "delete", "data@mon"], ("data", "data@mon"), _without("data@mon")),
    command("snapshot-rollback", lambda s: ["snapshot", "rollback", "data@mon", "--yes"], ("data",),
            lambda before, scene: {**before, "data": before["data@mon"]}),
    command("clone", lambda s: ["clone", "data@mon", "new"], ("new",), lambda before, scene: {**before, "new": before["data@mon"]}),
    command("copy", lambda s: ["copy", "data", "new", "--chunk", "128K", *s.shape("new")], ("new",),
            lambda before, scene: {**before, "new": before["data"]}),
    command("import", lambda s: ["import", str(s.cwd / "image.img"), "plain"], ("plain",), _with(plain=_imported), half=("plain",)),
    command("export", lambda s: ["export", "data", str(s.cwd / "out.img")], (), lambda before, scene: before, output="a/cwd/out.img"),
    command("assemble", lambda s: ["assemble", *_plain_members(s)], ("plain",), lambda before, scene: before, prepare=_lose_manifest),
    command("up", lambda s: _served(s, "up", "new", "--size", SIZE, "--chunk", "64K", *s.shape("new")), ("new",), _with(new=_zeros), serves=True),
    command("serve", lambda s: _served(s, "serve", "plain"), ("plain",), lambda before, scene: before, serves=True),
)
BY_NAME = {each.name: each for each in COMMANDS}
