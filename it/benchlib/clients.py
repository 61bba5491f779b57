"""The clients: kiobd bench, fio's nbd engine, nbdcopy. Each loads a server once and returns a sample."""
import json
import subprocess
import sys
import time

from .servers import ROOT, compare

CONNECTIONS = 4
ATTEMPTS = 5
# The kernel counts in ticks; less than half of one cannot be told from nothing.
LEAST_USED = 0.5 / compare.TICKS


class TooManyAtOnce(Exception):
    """The server's queue of connections was too short for a client's; nbd-server's is."""


def _run(words, server, timeout):
    """Runs a client; what the server used meanwhile, in microseconds, and how long it took."""
    before, began = server.cpu_seconds(), time.monotonic()
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
    seconds = time.monotonic() - began
    if done.returncode != 0 and "backlog overflowed" in done.stderr:
        raise TooManyAtOnce(server.name)
    if done.returncode != 0:
        raise SystemExit("it/bench: %s on %s failed: %s%s" % (" ".join(str(word) for word in words), server.name, done.stderr, done.stdout))
    return done.stdout, max(LEAST_USED, server.cpu_seconds() - before) * 1e6, seconds


def bench(server, workload, seconds, warm_up):
    return _at_last(lambda: _bench(server, workload, seconds, warm_up), server)


def fio(server, workload, seconds, once=False):
    return _at_last(lambda: _fio(server, workload, seconds, once), server)


def _at_last(run, server):
    """A short run that something else took the processors from may end without an answer; the rounds before it are not to be lost."""
    for _ in range(ATTEMPTS):
        sample = run()
        if sample is not None:
            return sample
        print("it/bench: %s answered nothing in one run, which is done again" % server.name, file=sys.stderr)
    raise SystemExit("it/bench: %s answered nothing, %d times" % (server.name, ATTEMPTS))


def _bench(server, workload, seconds, warm_up):
    """kiobd's own client, for which it takes a Java to start; that warms up before it measures."""
    out, used, _ = _run([ROOT / "kiobd", "bench", server.uri, *workload.bench_words(), "--overwrite", "--duration", seconds,
                         "--warm-up", warm_up, "-o", "json"], server, seconds + warm_up + 120)
    report = json.loads(out)
    parts = [report[kind] for kind in ("read", "write") if kind in report]
    if not parts:
        return None
    slowest = max(parts, key=lambda part: part["latencyUs"]["p99"])
    return {
        "rate": sum(part["requestsPerSecond"] for part in parts),
        "cpu": used / max(1, report["answeredRequests"]),
        "p50": max(part["latencyUs"]["p50"] for part in parts),
        "p99": slowest["latencyUs"]["p99"],
        "p999": slowest["latencyUs"]["p99.9"],
        "client": report["clientCpuUsPerRequest"],
    }


def _fio_side(side):
    share = side["clat_ns"]["percentile"]
    return {"iops": side["iops"], "p50": share["50.000000"] / 1000, "p99": share["99.000000"] / 1000, "p999": share["99.900000"] / 1000}


def _fio(server, workload, seconds, once):
    """fio's nbd engine; it runs for so long, or, with once, no further than to the end of the volume."""
    report = server.folder / "fio.json"
    words = ["fio", "--name=w", "--ioengine=nbd", "--uri=" + server.uri, *workload.fio_words(), "--size=%d" % server.size,
             *([] if once else ["--time_based"]), "--runtime=%dms" % (seconds * 1000), "--norandommap", "--randrepeat=1",
             "--group_reporting", "--output=%s" % report, "--output-format=json"]
    _, used, _ = _run(words, server, seconds + 120)
    text = report.read_text()
    job = json.loads(text[text.index("{"):])["jobs"][0]
    if job["error"] != 0:
        raise SystemExit("it/bench: fio failed on %s, %s: error=%d" % (server.name, workload.name, job["error"]))
    parts = [_fio_side(job[kind]) for kind in ("read", "write") if job[kind]["total_ios"]]
    if not parts:
        return None
    return {
        "rate": sum(part["iops"] for part in parts),
        "cpu": used / max(1, job["read"]["total_ios"] + job["write"]["total_ios"]),
        **{field: max(part[field] for part in parts) for field in ("p50", "p99", "p999")},
    }


def copy(server, way, image):
    """nbdcopy of the whole volume: MiB/s, and the server's time for a MiB."""
    ends = (server.uri, "null:") if way == "out" else (image, server.uri)
    _, used, seconds = _run(["nbdcopy", "--connections=%d" % CONNECTIONS, *ends], server, 600)
    size_mib = server.size / (1 << 20)
    return {"rate": size_mib / seconds, "cpu": used / size_mib}
