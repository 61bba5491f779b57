"""One run: its temporary folder, its servers, the packages it needs, the build."""
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from . import load, peers, processes
from .processes import first_line, say, uninterrupted

PACKAGES = {"nbdkit": "nbdkit", "qemu-nbd": "qemu-utils", "nbd-server": "nbd-server", "nbdcopy": "libnbd-bin", "nbdinfo": "libnbd-bin",
            "fio": "fio", "fincore": "util-linux", "strace": "strace", "perf": "linux-perf"}
MINUTE = 60
# The first use of a page of memory since a virtual machine was started takes several times as long as a copy into it.
TOUCH = """
import mmap, pathlib
free = next(int(line.split()[1]) << 10 for line in open("/proc/meminfo") if line.startswith("MemAvailable"))
limit = pathlib.Path("/sys/fs/cgroup/memory.max")
if limit.exists() and limit.read_text().strip().isdigit():
    free = min(free, int(limit.read_text()))
size = min(free * 8 // 10, 32 << 30)
memory = mmap.mmap(-1, size)
for at in range(0, size, mmap.PAGESIZE):
    memory[at] = 1
"""


def require(programs, plots=False):
    """Installs the Debian packages of these programs that are missing."""
    missing = sorted({PACKAGES[program] for program in programs if shutil.which(program) is None})
    if plots and "installed" not in first_line(["dpkg-query", "-W", "-f", "${db:Status-Status}", "python3-matplotlib"]):
        missing.append("python3-matplotlib")
    if missing:
        say("installing " + " ".join(missing))
        processes.run(["apt-get", "-y", "-q", "--no-install-recommends", "--no-remove", "install", *missing], 20 * MINUTE,
                      env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"})


def build(rooms="cli"):
    """Builds the program as it is in the sources, without tests."""
    done = subprocess.run([peers.ROOT / "mvnw", "-B", "-q", "-Dkiobd.quick", "-pl", rooms, "-am", "package"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=peers.ROOT, timeout=30 * MINUTE)
    if done.returncode != 0:
        processes.fail("the build failed; nothing was measured:\n" + done.stdout[-4000:])


class Run:
    """A context: on leaving it, clients and servers are ended by process id and the folder is removed."""

    def __init__(self, folder=None):
        self.parent, self.folder, self.servers, self.undo = folder, None, [], []
        self.load_before, self.began = os.getloadavg()[0], time.monotonic()

    def __enter__(self):
        subprocess.run(["/usr/bin/python3", "-c", TOUCH], check=False, timeout=5 * MINUTE)
        with uninterrupted():
            self.folder = Path(tempfile.mkdtemp(prefix="kiobd-bench-", dir=self.parent))
        return self

    def __exit__(self, *_):
        with uninterrupted():
            processes.end_clients()
            for undo in self.undo:
                undo()
            for server in self.servers:
                server.stop()
            shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, name, size, kind=None, java_options=""):
        """Makes a server that ends with this run."""
        server = (kind or peers.ALL[name])(name, self.folder, size, java_options)
        self.servers.append(server)
        return server

    def drop(self, server):
        """Stops a server and removes its folder before the run ends."""
        with uninterrupted():
            server.stop()
            self.servers.remove(server)
            shutil.rmtree(server.folder, ignore_errors=True)

    def start(self, servers):
        """Starts servers, and writes every block once: no holes, everything in the page cache."""
        for server in servers:
            server.start()
            if server.stores:
                load.fill(server)

    def minutes(self):
        return (time.monotonic() - self.began) / 60


def turns(servers, turn):
    """Returns the servers in the order of a round: another one begins in each."""
    shift = turn % len(servers)
    return servers[shift:] + servers[:shift]


def storing(servers):
    return [server for server in servers if server.stores]
