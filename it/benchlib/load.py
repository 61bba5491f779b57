"""The load runner: kiobd bench, fio's nbd engine, nbdcopy. Each loads one server once and returns a sample; each has a time limit."""
import json
import time

from . import processes
from .peers import ROOT, TICKS
from .processes import Client, fail, say

CONNECTIONS = 4
ATTEMPTS = 5
SLACK_SECONDS = 120
COPY_SECONDS = 600
# The kernel counts in ticks; less than half of one cannot be told from nothing.
LEAST_USED = 0.5 / TICKS
BENCH, FIO = "kiobd bench", "fio's nbd engine"


class TooManyAtOnce(Exception):
    """The server's queue of connections is too short for the client; nbd-server's is."""


class Load:
    """A client under way on a server; sample() waits for it."""

    def __init__(self, server, words, limit, read):
        self.server, self.before, self.read = server, server.cpu_seconds(), read
        self.client = Client(words, limit)
        self.began = time.monotonic()

    def sample(self):
        """Returns what the client measured, or None if it got no answer."""
        code, out, errors = self.client.wait()
        seconds = time.monotonic() - self.began
        if code != 0 and "backlog overflowed" in errors:
            raise TooManyAtOnce(self.server.name)
        if code != 0:
            fail("%s on %s failed: %s%s" % (" ".join(self.client.words), self.server.name, errors, out))
        used_us = max(LEAST_USED, self.server.cpu_seconds() - self.before) * 1e6
        return self.read(out, used_us, seconds)

    def end(self):
        self.client.end()


def start_bench(server, workload, seconds, warm_up=0.0):
    """Starts kiobd's own client, which warms up before it measures."""
    words = [ROOT / "kiobd", "bench", server.uri, *workload.bench_words(), "--overwrite", "--duration", seconds, "--warm-up", warm_up, "-o", "json"]
    return Load(server, words, seconds + warm_up + SLACK_SECONDS, lambda out, used_us, _: bench_sample(json.loads(out), used_us))


def bench_sample(report, used_us):
    """Returns the sample of kiobd bench's JSON report."""
    parts = [report[kind] for kind in ("read", "write") if kind in report]
    if not parts:
        return None
    slowest = max(parts, key=lambda part: part["latencyUs"]["p99"])
    return {
        "rate": sum(part["requestsPerSecond"] for part in parts),
        "cpu": used_us / max(1, report["answeredRequests"]),
        "p50": max(part["latencyUs"]["p50"] for part in parts),
        "p99": slowest["latencyUs"]["p99"],
        "p999": slowest["latencyUs"]["p99.9"],
        "client": report.get("clientCpuUsPerRequest"),
        "requests": report["answeredRequests"],
        "writes": report["write"]["requests"] if "write" in report else 0,
    }


def start_fio(server, workload, seconds, once=False, more=()):
    """Starts fio for a time, or, with once, for one pass over the volume at most."""
    words = ["fio", "--name=w", "--ioengine=nbd", "--uri=" + server.uri, *workload.fio_words(), "--size=%d" % server.size,
             *([] if once else ["--time_based"]), "--runtime=%dms" % (seconds * 1000), "--norandommap", "--randrepeat=1", *more,
             "--group_reporting", "--output-format=json"]
    return Load(server, words, seconds + SLACK_SECONDS, lambda out, used_us, _: fio_sample(out, used_us))


def fio_sample(text, used_us):
    """Returns the sample of fio's JSON report."""
    job = json.loads(text[text.index("{"):])["jobs"][0]
    if job["error"] != 0:
        fail("fio failed: error=%d" % job["error"])
    sides = [job[kind] for kind in ("read", "write") if job[kind]["total_ios"]]
    if not sides:
        return None
    requests = sum(side["total_ios"] for side in sides)
    shares = {"p50": "50.000000", "p99": "99.000000", "p999": "99.900000"}
    return {
        "rate": sum(side["iops"] for side in sides),
        "cpu": used_us / requests,
        **{field: max(side["clat_ns"]["percentile"][share] for side in sides) / 1000 for field, share in shares.items()},
        "requests": requests,
        "writes": job["write"]["total_ios"],
    }


def start(client, server, workload, seconds, warm_up=0.0, **more):
    """Starts one of the two clients."""
    return start_bench(server, workload, seconds, warm_up) if client == BENCH else start_fio(server, workload, seconds, **more)


def take(client, server, workload, seconds, warm_up=0.0, **more):
    """Returns a sample; a short run that gets no answer, because others had the processors, is repeated."""
    for _ in range(ATTEMPTS):
        sample = start(client, server, workload, seconds, warm_up, **more).sample()
        if sample is not None:
            return sample
        say("%s answered nothing in one run, which is repeated" % server.name)
    fail("%s answered nothing, %d times" % (server.name, ATTEMPTS))


def copy(server, way, image, more=()):
    """Returns MiB/s of nbdcopy over the whole volume, and the server's time per MiB."""
    ends = (server.uri, "null:") if way == "out" else (image, server.uri)
    size_mib = server.size / (1 << 20)
    read = lambda _, used_us, seconds: {"rate": size_mib / seconds, "cpu": used_us / size_mib}
    return Load(server, ["nbdcopy", "--connections=%d" % CONNECTIONS, *more, *ends], COPY_SECONDS, read).sample()


def fill(server):
    """Writes every block once: no holes, everything in the page cache."""
    processes.run(["fio", "--name=f", "--ioengine=nbd", "--uri=" + server.uri, "--rw=write", "--bs=1M", "--iodepth=8",
                   "--size=%d" % server.size, "--refill_buffers", "--output=/dev/null"], COPY_SECONDS)
