"""it/bench stores: RocksDB members beside file members, qemu-nbd on qcow2 and nbdkit on a sparse file, on the same disk.

Servers take turns, round by round. Each gets an empty volume for each round, so that random writes go where nothing is stored yet; for the
other loads that volume is filled first. nbdcopy, 4 connections, copies a whole volume and flushes it. A kiobd serves the volumes of all
rounds, whose space is given back after each, and one more, on which its JVM is warmed up: by the same load, until that takes no less
processor time than in the run before. Bytes written are those that the server
made the kernel write (write_bytes of /proc/PID/io, from the first request to a final flush) by those that the client sent. Memory is the
server's peak.

examples:
  it/bench stores --seconds 3
  it/bench stores --only "random read" --rounds 1 --print
  it/bench stores --only nbdcopy --kinds "rocksdb,qemu-nbd qcow2" --print
"""
import os
import time

from . import load, peers, processes, stats
from .processes import say
from .report import Report, measured
from .run import Run, build, require, turns
from .workloads import Workload

REFERENCE = "qemu-nbd qcow2"
WARM_MIB = 256
# A run of the load that warms up, and the share of the processor time of the run before from which on the JVM counts as warm.
WARM_SECONDS = 2
WARM_SHARE = 0.93
COPY = "nbdcopy"
# How often a volume is written before the copy that is measured; each time with the same data.
COPIES_BEFORE = {"empty": 0, "again": 2, "full": 1}
FIO_MORE = ["--randrepeat=0", "--refill_buffers"]


def _load(name, client, state, *args, **more):
    return Workload(*args, name=name, **more), client, state


def _copy(name, way, state):
    return Workload(way, 1 << 20, 0, name=name), COPY, state


#        what is asked, the client, what is stored before
LOADS = [
    _load("4 KiB random write to an empty volume, depth 32", load.FIO, "empty", "randwrite", 4096, 32),
    _load("4 KiB random write to an empty volume, depth 1", load.FIO, "empty", "randwrite", 4096, 1),
    _load("4 KiB sequential write, depth 32", load.FIO, "empty", "write", 4096, 32),
    _load("4 KiB random write and flush, 16 connections", load.FIO, "empty", "randwrite", 4096, 1, 16, fio_more=["--fsync=1"]),
    _load("4 KiB random FUA write, 16 connections, by kiobd bench", load.BENCH, "empty", "randwrite", 4096, 1, 16, bench_more=["--fua"]),
    _load("4 KiB random read, depth 32", load.FIO, "full", "randread", 4096, 32),
    _load("4 KiB random read, depth 1", load.FIO, "full", "randread", 4096, 1),
    _load("4 KiB sequential read, depth 32", load.FIO, "full", "read", 4096, 32),
    _load("4 KiB random overwrite, depth 32", load.FIO, "full", "randwrite", 4096, 32),
    _load("64 KiB sequential overwrite, depth 8", load.FIO, "full", "write", 64 << 10, 8),
    _load("128 KiB sequential read, depth 8", load.FIO, "full", "read", 128 << 10, 8),
    _copy("nbdcopy into an empty volume", "in", "empty"),
    _copy("nbdcopy into the same volume, the third time", "in", "again"),
    _copy("nbdcopy out", "out", "full"),
]


class Files(peers.Kiobd):
    """Serves a volume for each round, and one on which the JVM is warmed up."""

    rounds = 1

    def prepare(self):
        super().prepare()
        for turn in range(1, self.rounds):
            processes.run(self.create_words("v%d" % turn, self.size), 120)
        processes.run(self.create_words("warm", WARM_MIB << 20), 120)

    def command(self):
        return self.kiobd("serve", "v", *("v%d" % turn for turn in range(1, self.rounds)), "warm", "--unix", self.socket)

    def turn(self, number):
        """Lets the next load use the volume of a round."""
        self.uri = self.uri_of("v%d" % number if number else "v")

    def uri_of(self, name):
        return "nbd+unix:///%s?socket=%s" % (name, self.socket)

    def warm_up(self, one, image, seconds):
        other = _Other(self)
        workload, client, state = one
        if state != "empty":
            load.fill(other)
        before, ends = None, time.monotonic() + seconds
        while True:
            sample = _warm_copies(other, workload, image) if client == COPY else load.take(client, other, workload, WARM_SECONDS)
            if time.monotonic() > ends or (before and sample["cpu"] > WARM_SHARE * before):
                return
            before = sample["cpu"]


def _warm_copies(other, workload, image):
    """Copies for as long as another load runs: one copy is too short to tell its processor time."""
    samples, ends = [], time.monotonic() + WARM_SECONDS
    while not samples or time.monotonic() < ends:
        samples.append(load.copy(other, workload.rw, image))
    return {"cpu": sum(one["cpu"] for one in samples) / len(samples)}


class _Other:
    """The volume "warm" of a server."""

    def __init__(self, server):
        self.name, self.size, self.cpu_seconds = server.name, WARM_MIB << 20, server.cpu_seconds
        self.uri = server.uri_of("warm")


class DataFiles(Files):
    scheme, suffix = "rocksdb", ""


class RocksDb(Files):
    scheme, suffix = "rocksdb", "?data=database"


class Compact(RocksDb):
    suffix = "?profile=compact&compression=lz4"


KINDS = {"rocksdb": DataFiles, "rocksdb data=database": RocksDb, "rocksdb compact lz4": Compact, "files": Files, REFERENCE: peers.Qcow2, "nbdkit sparse file": peers.Nbdkit}


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=4, help="per load, server and round (default: %(default)s)")
    parser.add_argument("--jvm-warm-up", type=float, default=40, metavar="SECONDS", help="at most; the JVM of kiobd is mostly warm before (default: %(default)s)")
    parser.add_argument("--size-mib", type=int, default=1024, help="size of each volume (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="WORDS", help="only loads with these words in their name")
    parser.add_argument("--kinds", default=",".join(KINDS), help="servers, separated by commas (default: %(default)s)")


def check(options, parser):
    options.loads = [one for one in LOADS if options.only in one[0].name]
    if not options.loads:
        parser.error("no load has %r in its name" % options.only)
    options.kinds = [name.strip() for name in options.kinds.split(",")]
    unknown = [name for name in options.kinds if name not in KINDS]
    if unknown or REFERENCE not in options.kinds:
        parser.error("--kinds has %s; the kinds are %s, and %s is needed" % (unknown, list(KINDS), REFERENCE))


def run(options):
    require(["nbdkit", "qemu-nbd", "fio", "nbdinfo", "nbdcopy"])
    if options.build:
        build()
    results = {"versions": [peers.Kiobd.version(), peers.QemuNbd.version(), peers.Nbdkit.version()], "loads": {}}
    with Run(options.folder) as here:
        here.image = _random_image(here.folder / "random.img", options, options.size_mib)
        here.warm_image = _random_image(here.folder / "warm.img", options, WARM_MIB)
        for one in options.loads:
            by_server = results["loads"].setdefault(one[0].name, {name: [] for name in options.kinds})
            kept = {name: _warm(here, name, one, options) for name in options.kinds if issubclass(KINDS[name], Files)}
            for turn in range(options.rounds):
                for name in turns(options.kinds, turn):
                    by_server[name].append(_sample(here, name, kept.get(name), one, turn, options))
                say("stores: round %d of %d: %s" % (turn + 1, options.rounds, one[0].name))
            for server in kept.values():
                here.drop(server)
        results["about"] = measured("%d rounds, %g s a server and round, volumes of %d MiB" % (
            options.rounds, options.seconds, options.size_mib), here.load_before, options.note)
    options.finish(report(results), results)
    return 0


def _warm(here, name, one, options):
    server = here.add(name, options.size_mib << 20, type("Served", (KINDS[name],), {"rounds": options.rounds}))
    server.start()
    server.warm_up(one, here.warm_image, options.jvm_warm_up)
    return server


def _sample(here, name, kept, one, turn, options):
    workload, client, state = one
    server = kept or here.add(name, options.size_mib << 20, KINDS[name])
    if kept:
        kept.turn(turn)
    else:
        server.start()
    sample = _copied(here, server, workload, state) if client == COPY else _loaded(server, workload, client, state, options)
    sample["peak"] = server.peak_mib()
    if kept:
        _ask(server, FORGET)
    else:
        here.drop(server)
    return sample


def _loaded(server, workload, client, state, options):
    if state == "full":
        load.fill(server)
    before = server.proc("io", "write_bytes")
    sample = load.take(client, server, workload, options.seconds, **({"more": FIO_MORE} if client == load.FIO else {}))
    # What is still in the server's memory has to be written, too.
    _ask(server, "h.flush()")
    sent = sample["writes"] * workload.size
    sample["amplification"] = (server.proc("io", "write_bytes") - before) / sent if sent else None
    return sample


# Trims all, so that memory and disk are as free as they were before, and waits until that has been done.
FORGET = """
import time
for at in range(0, h.get_size(), 32 << 20):
    h.trim(min(32 << 20, h.get_size() - at), at)
h.flush()
time.sleep(2)
"""


def _ask(server, words):
    processes.run(["/usr/bin/python3", "-c", "import nbd\nh = nbd.NBD()\nh.connect_uri('%s')\n%s\nh.shutdown()" % (server.uri, words)])


def _random_image(image, options, size_mib):
    """Makes and returns a file of random data; None if no load copies."""
    if all(client != COPY for _, client, _ in options.loads):
        return None
    with open(image, "wb") as file:
        for _ in range(size_mib):
            file.write(os.urandom(1 << 20))
    return image


def _copied(here, server, workload, state):
    for _ in range(COPIES_BEFORE[state]):
        load.copy(server, "in", here.image, ["--flush"])
    before = server.proc("io", "write_bytes")
    sample = load.copy(server, workload.rw, here.image, ["--flush"] if workload.rw == "in" else [])
    written = server.proc("io", "write_bytes") - before
    sample["amplification"] = written / server.size if workload.rw == "in" else None
    return sample


def report(results):
    page = Report("stores", "Stores beside each other", results["about"], results["versions"])
    page.add("A kiobd of this run serves a volume for each round and one more, of four members each; its memory is that of all of them.")
    for name, by_server in results["loads"].items():
        page.add("**%s**" % name)
        rows = []
        for server, samples in by_server.items():
            ratios = stats.ratios(samples, by_server[REFERENCE], "rate")
            amplification = stats.median(samples, "amplification")
            rows.append([server, stats.spread([one["rate"] for one in samples]), stats.spread(ratios, stats.two_digits),
                         "%.1f" % stats.median(samples, "cpu"), "–" if amplification is None else "%.2f" % amplification,
                         "%.0f" % stats.median(samples, "peak")])
        page.table(["server", "IOPS (nbdcopy: MiB/s): min – median – max", "of qcow2: min – median – max", "CPU us per request (nbdcopy: per MiB)",
                    "bytes written per byte", "peak MiB"], rows)
    return page
