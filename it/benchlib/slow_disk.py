"""it/bench slow-disk: what a client feels whose event loop serves another client that writes faster than the disk.

One event loop. One client reads 4 KiB at depth 1 from the page cache; the other writes 128 KiB at depth 8 elsewhere in the same volume. The first
part leaves the page cache as it is. The second leaves so little room for dirty pages (vm.dirty_bytes) that the kernel makes writers wait for the
disk. Three ways to write: never on the event loop; on it while the kernel has room (the default); always on it.

Needs root: it changes vm.dirty_* of this machine for half a minute and restores them at the end, also after Ctrl-C.

examples:
  it/bench slow-disk
  it/bench slow-disk --rounds 1 --print
"""
import os
import time
from pathlib import Path

from . import load, peers, processes, stats
from .report import Report, measured
from .run import Run, build, require
from .workloads import Workload

POLICIES = {"NEVER": "never on the loop", "WHILE_THEY_RETURN_AT_ONCE": "while there is room", "ALWAYS": "always on the loop"}
ROOM = {"as it is": None, "64 MiB of dirty pages": 64 << 20}
SETTINGS = ("dirty_background_bytes", "dirty_bytes", "dirty_background_ratio", "dirty_ratio")
WARM_BYTES, SECONDS, WARM_SECONDS = 64 << 20, 4, 3
WRITER_START_SECONDS = 0.8
READER = Workload("randread", 4096, 1, bench_more=["--size", str(WARM_BYTES)])
WRITER = Workload("write", 128 << 10, 8, bench_more=["--offset", str(2 * WARM_BYTES)])


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--size-mib", type=int, default=1024, help="size of each volume, at least 256 (default: %(default)s)")


def check(options, parser):
    if options.size_mib < 256:
        parser.error("--size-mib must be at least 256")
    if os.geteuid() != 0:
        parser.error("slow-disk changes vm.dirty_* and needs root; nothing was changed")


def _setting(name):
    return Path("/proc/sys/vm/" + name)


def _restore(old):
    for name in SETTINGS:
        if old[name] != "0":
            _setting(name).write_text(old[name])


def run(options):
    require(["fio", "nbdinfo"])
    if options.build:
        build()
    results = {"versions": [peers.Kiobd.version()], "rooms": {room: {policy: [] for policy in POLICIES} for room in ROOM}}
    old = {name: _setting(name).read_text().strip() for name in SETTINGS}
    with Run(options.folder) as here:
        here.undo.append(lambda: _restore(old))
        servers = {policy: here.add(policy, options.size_mib << 20, peers.TunedLoop) for policy in POLICIES}
        here.start(servers.values())
        for server in servers.values():
            for workload in (READER, WRITER):
                load.take(load.BENCH, server, workload, WARM_SECONDS)
        for room, dirty_bytes in ROOM.items():
            os.sync()
            if dirty_bytes:
                _setting("dirty_background_bytes").write_text(str(dirty_bytes // 2))
                _setting("dirty_bytes").write_text(str(dirty_bytes))
            for _ in range(options.rounds):
                for policy, server in servers.items():
                    os.sync()
                    results["rooms"][room][policy].append(_both(server))
            processes.say("slow-disk: " + room)
        results["about"] = measured("%d rounds, medians" % options.rounds, here.load_before, options.note)
    options.finish(report(results), results)
    return 0


def _both(server):
    writer = load.start_bench(server, WRITER, SECONDS)
    time.sleep(WRITER_START_SECONDS)
    read = load.take(load.BENCH, server, READER, SECONDS / 2, 0.3)
    return {"read": read, "write": writer.sample()}


def report(results):
    page = Report("slow-disk", "A writer that is faster than the disk", results["about"], results["versions"])
    rows = []
    for room, by_policy in results["rooms"].items():
        for policy, samples in by_policy.items():
            read, write = ([sample[which] for sample in samples] for which in ("read", "write"))
            rows.append([room, POLICIES[policy], stats.latencies(read), stats.thousands(stats.median(read, "rate")),
                         stats.thousands(stats.median(write, "rate"))])
    page.table(["room for dirty pages", "writes", "reader p50, p99, p99.9 us", "reads/s", "writes/s"], rows)
    return page
