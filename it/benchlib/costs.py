"""it/bench costs: what a server costs besides time.

System calls a request, beside the peers; of kiobd alone, the bytes it allocates a request, the longest pause of its collector, its resident
memory, and how soon it serves. The volumes are in the page cache. strace counts the system calls of all threads, which slows a server down, so
requests may arrive in larger batches than without it.

examples:
  it/bench costs
  it/bench costs --rounds 3 --seconds 5 --size-mib 256 --print
"""
import os
import re
import signal
import socket
import subprocess
import time

from . import load, peers, processes, stats
from .processes import say, uninterrupted
from .report import Report, measured
from .run import Run, build, require
from .workloads import Workload

COMPARED = (peers.OURS, "nbdkit file", "qemu-nbd io_uring", "nbd-server")
WAYS = ("randread", "randwrite")
BUSY = Workload("randrw", 4096, 8, 16, 70)
TRACED_SECONDS, WARM_SECONDS, TRACER_SECONDS = 3, 5, 30


class Logged(peers.Kiobd):
    """Keeps the collector's log."""

    def __init__(self, *args):
        super().__init__(*args)
        self.collector_log = self.folder / "gc.log"
        self.env = {**os.environ, "KIOBD_JAVA_OPTS": "-Xlog:gc:file=%s" % self.collector_log}


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=7, help="starts (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20, help="seconds of full load (default: %(default)s)")
    parser.add_argument("--size-mib", type=int, default=1024, help="size of each volume (default: %(default)s)")


def run(options):
    require(["nbdkit", "qemu-nbd", "nbd-server", "fio", "nbdinfo", "strace"])
    if options.build:
        build()
    results = {"versions": [kind.version() for kind in (peers.Kiobd, peers.Nbdkit, peers.QemuNbd, peers.NbdServer)], "seconds": options.seconds}
    with Run(options.folder) as here:
        starts = [_start_seconds(here) for _ in range(options.rounds + 1)]
        results["start"] = starts[1:]  # the first one warms up
        kinds = {**peers.ALL, peers.OURS: Logged}
        servers = [here.add(name, options.size_mib << 20, kinds[name]) for name in COMPARED]
        here.start(servers)
        results["steady"] = _steady(servers[0], options.seconds)
        say("full load")
        results["calls"] = {server.name: {way: _system_calls(server, way) for way in WAYS} for server in servers}
        results["about"] = measured("volumes of %d MiB" % options.size_mib, here.load_before, options.note)
    options.finish(report(results), results)
    return 0


def _system_calls(server, way):
    """Returns the calls a request, and the three that were made most."""
    counts = server.folder / "strace"
    with uninterrupted():
        tracer = subprocess.Popen(["strace", "-f", "-c", "-p", str(server.pid()), "-o", counts], stderr=subprocess.PIPE, text=True)
    try:
        tracer.stderr.readline()  # strace says that it has attached
        requests = load.take(load.BENCH, server, Workload(way, 4096, 16), TRACED_SECONDS)["requests"]
    finally:
        with uninterrupted():
            tracer.send_signal(signal.SIGINT)
            try:
                tracer.wait(TRACER_SECONDS)
            except subprocess.TimeoutExpired:
                tracer.kill()
    return calls_of(counts.read_text(), requests)


def calls_of(text, requests):
    """Reads the table of strace -c."""
    calls = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 5 and re.fullmatch(r"[0-9.]+", fields[0]) and fields[-1] != "total":
            calls[fields[-1]] = int(fields[3])
    most = sorted(calls, key=calls.get, reverse=True)[:3]
    return sum(calls.values()) / requests, ["%s %.2f" % (name, calls[name] / requests) for name in most]


def _steady(server, seconds):
    """Loads the server fully on sixteen connections."""
    load.take(load.BENCH, server, BUSY, WARM_SECONDS)
    before = server.collector_log.stat().st_size
    sample = load.take(load.BENCH, server, BUSY, seconds)
    with open(server.collector_log) as file:
        file.seek(before)
        return {**collected(file.read(), sample["requests"]), "rate": sample["requests"] / seconds, "resident_mib": server.peak_mib()}


def collected(log, requests):
    """Returns the bytes allocated a request, the number of collections and the longest pause."""
    pauses = re.findall(r"Pause .* ([0-9]+)M->([0-9]+)M\([0-9]+M\) ([0-9.]+)ms", log)
    # What is there before a pause and was not left by the pause before it was allocated in between.
    allocated = sum(int(now[0]) - int(last[1]) for last, now in zip(pauses, pauses[1:])) << 20
    share = (len(pauses) - 1) / len(pauses) if len(pauses) > 1 else 1
    return {"bytes": allocated / share / requests, "pauses": len(pauses), "pause_ms": max((float(pause[2]) for pause in pauses), default=0)}


def _start_seconds(here):
    """Returns the time from the start of the process until its socket takes a client."""
    server = here.add("start", 1 << 30, peers.KiobdRaw)
    server.prepare()
    began = time.monotonic()
    with uninterrupted():
        server.process = subprocess.Popen([str(word) for word in server.command()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(server.socket)) == 0:
                seconds = time.monotonic() - began
                break
        if server.process.poll() is not None or time.monotonic() - began > peers.READY_SECONDS:
            processes.fail("kiobd serve did not start")
        time.sleep(0.002)
    here.drop(server)
    return seconds


def report(results):
    page = Report("costs", "What a server costs besides time", results["about"], results["versions"])
    page.add("**System calls a 4 KiB request, depth 16, one connection** (strace)")
    page.table(["server", "random read", "most of them", "random write", "most of them"], [
        [name] + [cell for way in WAYS for cell in ("%.2f" % by_way[way][0], ", ".join(by_way[way][1]))] for name, by_way in results["calls"].items()])
    busy = results["steady"]
    page.add("**Full load**, `kiobd bench %s` for %g s: %s requests/s, %.0f bytes allocated a request; %d collections, the longest pause %.1f ms;"
             " %.0f MiB resident at most." % (" ".join(BUSY.bench_words()), results["seconds"], stats.thousands(busy["rate"]), busy["bytes"],
                                               busy["pauses"], busy["pause_ms"], busy["resident_mib"]))
    page.add("**Start**, from `kiobd serve` to a socket that takes a client, %d times: %s ms." % (
        len(results["start"]), stats.spread([seconds * 1000 for seconds in results["start"]], "{:.0f}".format)))
    return page
