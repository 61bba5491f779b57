"""The servers: how each is started, stopped and asked for its figures. A server runs with the settings it has by default."""
import contextlib
import json
import os
import re
import socket
import subprocess
import time
from pathlib import Path

from . import processes
from .processes import first_line, run, uninterrupted

ROOT = Path(__file__).resolve().parent.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
READY_SECONDS = 60
MEMBERS = 4
OURS, RAW, CEILING, BEFORE = "kiobd", "kiobd raw", "no storage", "kiobd before"


def java():
    return os.path.join(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else "java"


class Server:
    """One server process that serves one volume on one unix socket, with a folder of its own."""

    stores = True
    export = ""

    def __init__(self, name, folder, size, java_options=""):
        self.name, self.size, self.process, self.log = name, size, None, None
        self.folder = folder / re.sub(r"[^a-z0-9]+", "-", name.lower())
        self.folder.mkdir()
        self.socket, self.image = self.folder / "s", self.folder / "image"
        self.uri = "nbd+unix:///%s?socket=%s" % (self.export, self.socket)
        self.env = {**os.environ, "KIOBD_JAVA_OPTS": java_options} if java_options else None

    def command(self):
        raise NotImplementedError

    def prepare(self):
        with open(self.image, "wb") as image:
            image.truncate(self.size)

    def start(self):
        """Starts the server and waits until it answers."""
        self.prepare()
        with uninterrupted():
            self.log = open(self.folder / "log", "w+")
            words = [str(word) for word in self.command()]
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.env)
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            # The exit code 0 is no failure: nbd-server goes into the background.
            if self.process.poll() or time.monotonic() > deadline:
                self.log.seek(0)
                processes.fail("%s did not start:\n%s" % (self.name, self.log.read()))
            time.sleep(0.05)

    def _answers(self):
        return processes.Client(["nbdinfo", "--size", self.uri], 30).wait()[0] == 0

    def stop(self):
        """Ends the server by its process id, and waits until it is gone."""
        if self.process is not None:
            processes.end_pid(self.process.pid, lambda: self.process.poll() is None)
            self.process.wait(processes.GRACE_SECONDS)
        if self.log is not None:
            self.log.close()

    def pid(self):
        return self.process.pid

    def pids(self):
        """Returns the process and its living children."""
        found, left = [], [self.pid()]
        while left:
            pid = left.pop()
            found.append(pid)
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for task in os.listdir("/proc/%d/task" % pid):
                    left += [int(child) for child in Path("/proc/%d/task/%s/children" % (pid, task)).read_text().split()]
        return found

    def cpu_seconds(self):
        """Returns user and system time of the process, its living children, and those it has waited for."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
                total += sum(int(field) for field in fields[11:15])
        return total / TICKS

    def proc(self, file, key):
        """Returns a number from /proc/PID/FILE, or 0."""
        found = re.search(r"^%s:\s+([0-9]+)" % key, Path("/proc/%d/%s" % (self.pid(), file)).read_text(), re.M)
        return int(found.group(1)) if found else 0

    def peak_mib(self):
        return self.proc("status", "VmHWM") / 1024

    def files(self):
        """Returns the files that hold the volume."""
        return sorted(self.folder.glob("*.img")) + sorted(self.folder.glob("image"))

    def command_line(self):
        """Returns the command as it was started, with DIR for the folder."""
        return self._short(" ".join(self.process.args))

    def _short(self, text):
        return text.replace(str(self.folder), "DIR").replace(str(ROOT) + "/", "")


class Nbdkit(Server):
    def command(self):
        return ["nbdkit", "-f", "-U", self.socket, "file", self.image]

    @staticmethod
    def version():
        return first_line(["nbdkit", "--version"])


class QemuNbd(Server):
    aio, form, clients = "io_uring", "raw", 16

    def command(self):
        return ["qemu-nbd", "-f", self.form, "-t", "-e", self.clients, "--cache=writeback", "-k", self.socket, self.image, "--aio=" + self.aio]

    @staticmethod
    def version():
        return first_line(["qemu-nbd", "--version"])


class QemuThreads(QemuNbd):
    aio = "threads"


class Qcow2(QemuNbd):
    form, clients = "qcow2", 32

    def prepare(self):
        run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=64K", self.image, self.size])


class NbdServer(Server):
    export = "disk"

    def command(self):
        # nbd-server cannot serve a second client in the foreground, nor run without a TCP port.
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        config = self.folder / "config"
        config.write_text(
            "[generic]\nunixsock = %s\nlistenaddr = 127.0.0.1\nport = %d\n[disk]\nexportname = %s\nflush = true\nfua = true\ntrim = true\n"
            % (self.socket, port, self.image))
        return ["nbd-server", "-C", config, "-p", self.folder / "pid"]

    def pid(self):
        return int((self.folder / "pid").read_text())

    def stop(self):
        if (self.folder / "pid").exists():
            pid = self.pid()
            processes.end_pid(pid, lambda: Path("/proc/%d" % pid).exists())
        super().stop()

    def command_line(self):
        body = self._short((self.folder / "config").read_text()).strip()
        lines = [re.sub(r"^port = .*", "port = any", line) for line in body.splitlines()]
        return super().command_line() + "; its config: " + ", ".join(lines)

    @staticmethod
    def version():
        return "nbd-server " + first_line(["dpkg-query", "-W", "-f", "${Version}", "nbd-server"])


class Kiobd(Server):
    """A volume "v" of four members, by default files; options are those of kiobd serve."""

    export, scheme, suffix, options = "v", "file", ".img", ()
    program = ROOT / "kiobd"

    def kiobd(self, *words):
        return [self.program, *words, "--home", self.folder / "home"]

    def create_words(self, name, size):
        members = []
        for member in range(MEMBERS):
            members += ["--member", "%s:%s/%s%d%s" % (self.scheme, self.folder, "m" if name == "v" else name, member, self.suffix)]
        return self.kiobd("create", name, "--size", size, *members)

    def prepare(self):
        run(self.create_words("v", self.size), 120)

    def command(self):
        return self.kiobd("serve", "v", "--unix", self.socket, *self.options)

    def command_line(self):
        return self._short(" ".join(str(word) for word in self.create_words("v", self.size))) + "; " + super().command_line()

    def counters(self):
        """Returns what the volume has counted so far, as kiobd info shows it."""
        return json.loads(run([*self.kiobd("info", "v"), "-o", "json"]))["live"]

    @staticmethod
    def version():
        commit = first_line(["git", "-C", ROOT, "rev-parse", "--short=10", "HEAD"])
        words = first_line([java(), "-version"]).split('"')
        return "kiobd %s on Java %s" % (commit, words[1] if len(words) > 1 else "?")


class KiobdEpoll(Kiobd):
    options = ("--engine", "epoll")


class TunedLoop(Kiobd):
    """kiobd with one loop and another policy for calls on it, which is its name: only the program itself can set that."""

    def command(self):
        classes = "%s:%s/*" % (ROOT / "it" / "target" / "classes", ROOT / "cli" / "target" / "lib")
        options = ["-XX:+UseSerialGC", "-Xmn24m", "-Xmx256m", "-XX:MaxDirectMemorySize=64g"]
        return [java(), *options, "-cp", classes, "org.kiobd.it.bench.TunedServer", self.folder / "home", "v", self.socket, self.name]


class KiobdRaw(Kiobd):
    export = ""

    def prepare(self):
        Server.prepare(self)

    def command(self):
        return self.kiobd("serve", "--raw", self.image, "--unix", self.socket, *self.options)

    def command_line(self):
        return Server.command_line(self)


class KiobdRawEpoll(KiobdRaw):
    options = ("--engine", "epoll")


class NullServer(Server):
    """Stores nothing: shows the limit of the client itself."""

    stores = False

    def command(self):
        classes = ":".join(str(ROOT / room / "target" / "classes") for room in ("it", "nbd-server"))
        return [java(), "-cp", classes, "org.kiobd.it.bench.NullServer", self.socket, self.size]


def merging(mode):
    """Returns a kiobd server with --merge MODE."""
    return type("Merging", (Kiobd,), {"options": ("--merge", mode)})


def before(checkout):
    """Returns kiobd as it is built in another checkout, on the same kind of members."""
    return type("Before", (Kiobd,), {"program": Path(checkout).resolve() / "kiobd"})


DEFAULT = {
    OURS: Kiobd,
    "nbdkit file": Nbdkit,
    "qemu-nbd io_uring": QemuNbd,
    "qemu-nbd threads": QemuThreads,
    "nbd-server": NbdServer,
    CEILING: NullServer,
}
ON_DEMAND = {RAW: KiobdRaw, "kiobd epoll": KiobdEpoll, "kiobd raw epoll": KiobdRawEpoll}
ALL = {**DEFAULT, **ON_DEMAND}


def is_ours(name):
    return name.startswith("kiobd")


def versions():
    """Returns the version of every server and client."""
    return [Kiobd.version(), Nbdkit.version(), QemuNbd.version(), NbdServer.version(),
            first_line(["fio", "--version"]), first_line(["nbdcopy", "--version"])]
