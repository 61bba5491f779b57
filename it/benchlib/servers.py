"""The servers that are compared, each with the settings it has by default, and what they say of themselves."""
import importlib.machinery
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
_loader = importlib.machinery.SourceFileLoader("compare", str(ROOT / "it" / "compare"))
compare = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", _loader))
_loader.exec_module(compare)

OURS = "kiobd"
CEILING = "no storage"
BEFORE = "kiobd before"
VOLUME = "v"


class QemuThreads(compare.QemuNbd):
    def command(self):
        return super().command() + ["--aio=threads"]


class QemuRing(compare.QemuNbd):
    def command(self):
        return super().command() + ["--aio=io_uring"]


class NullServer(compare.Server):
    """Stores nothing: the client's own ceiling."""

    def command(self):
        java = os.path.join(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else "java"
        classes = ":".join(str(ROOT / room / "target" / "classes") for room in ("it", "nbd-server"))
        return [java, "-cp", classes, "org.kiobd.it.bench.NullServer", self.socket, str(self.size)]


class Merging(compare.KiobdStriped):
    """kiobd that merges in another way; what it counts is asked of it."""

    def __init__(self, mode, folder, size):
        super().__init__("merge-" + mode.replace("+", "-"), folder, size)
        self.engine = ("--merge", mode)


def before(folder_of_checkout):
    """kiobd as it is built in another checkout, on the same members."""

    class Before(compare.KiobdStriped):
        def kiobd(self, *arguments):
            return [Path(folder_of_checkout).resolve() / "kiobd", *arguments, "--home", self.folder / "home"]

    return Before


PEERS = {
    "nbdkit file": compare.Nbdkit,
    "qemu-nbd io_uring": QemuRing,
    "qemu-nbd threads": QemuThreads,
    "nbd-server": compare.NbdServer,
}
SERVERS = {OURS: compare.KiobdStriped, **PEERS, CEILING: NullServer}


def make(name, folder, size):
    server = SERVERS[name](name.replace(" ", "-"), folder, size)
    server.name = name
    return server


def files(server):
    """Where it keeps what it is given."""
    return sorted(server.folder.glob("*.img")) + sorted(server.folder.glob("image"))


def versions():
    return [compare.Kiobd.version(), compare.Nbdkit.version(), compare.QemuNbd.version(), compare.NbdServer.version(),
            compare.text_of(["fio", "--version"]), compare.text_of(["nbdcopy", "--version"])]


def command_lines(servers):
    """As they were started, with DIR for the folder of each."""
    lines = {}
    for server in servers:
        text = " ".join(str(word) for word in server.process.args).replace(str(server.folder), "DIR").replace(str(ROOT) + "/", "")
        lines[server.name] = text
        config = server.folder / "config"
        if config.exists():
            body = config.read_text().replace(str(server.folder), "DIR").strip()
            lines[server.name] += "; its config: " + ", ".join(re.sub(r"^port = .*", "port = any", line) for line in body.splitlines())
        if server.name == OURS:
            members = " ".join("--member file:DIR/m%d.img" % member for member in range(4))
            lines[server.name] = "kiobd create v --size %d %s --home DIR/home; " % (server.size, members) + lines[server.name]
    return lines


def counters(server):
    """What a kiobd's volume has counted so far, as kiobd info says."""
    done = subprocess.run(
        [*server.kiobd("info", VOLUME), "-o", "json"], check=True, stdout=subprocess.PIPE, text=True, timeout=60)
    return json.loads(done.stdout)["live"]
