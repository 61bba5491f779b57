"""What a client asks for, and what is wanted of kiobd beside the best peer of each row."""

RATE, CPU, P50, P99 = "rate", "cpu", "p50", "p99"
AT_LEAST = {RATE}  # the goal is a minimum; for the other figures it is a maximum
FIELDS = {RATE: "throughput", CPU: "server CPU a request", P50: "p50", P99: "p99"}
# fio itself uses more CPU than some of the servers, so with fio the goal is to be as fast as the best peer, at the same cost.
FIO_RATE = 1.0


def text_of_size(size):
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit and size % unit == 0:
            return "%d %s" % (size // unit, name)
    return "%d B" % size


class Workload:
    """Requests of one kind: pattern (fio's name), block size, depth, connections, percentage of reads."""

    def __init__(self, rw, size, depth, connections=1, mix=None, wanted=None, name=None, bench_more=(), fio_more=()):
        self.rw, self.size, self.depth, self.connections, self.mix = rw, size, depth, connections, mix
        self.bench_more, self.fio_more = list(bench_more), list(fio_more)
        self.wanted = {"bench": wanted or {}, "fio": {RATE: FIO_RATE, **{k: v for k, v in (wanted or {}).items() if k == CPU}}}
        self.name = name or self._text()

    def _text(self):
        kind = {"randread": "random read", "randwrite": "random write", "read": "sequential read", "write": "sequential write",
                "randrw": "random, %s %% reads" % self.mix}[self.rw]
        many = ", %d connections" % self.connections if self.connections > 1 else ""
        return "%s %s, depth %d%s" % (text_of_size(self.size), kind, self.depth, many)

    def bench_words(self):
        words = ["--rw", self.rw, "--bs", str(self.size), "--depth", str(self.depth)]
        if self.mix is not None:
            words += ["--mix", str(self.mix)]
        return words + (["--connections", str(self.connections)] if self.connections > 1 else []) + self.bench_more

    def fio_words(self):
        words = ["--rw=" + self.rw, "--bs=%d" % self.size, "--iodepth=%d" % self.depth]
        if self.mix is not None:
            words.append("--rwmixread=%d" % self.mix)
        return words + (["--numjobs=%d" % self.connections] if self.connections > 1 else []) + self.fio_more


def _row(rw, size, depth, rate, cpu, connections=1, mix=None, **latency):
    wanted = {RATE: rate, CPU: cpu, **latency}
    return Workload(rw, size, depth, connections, mix, {field: value for field, value in wanted.items() if value is not None})


ROWS = [
    _row("randread", 4096, 32, 1.4, 0.5),
    _row("read", 4096, 32, 1.5, 0.45),
    _row("randwrite", 4096, 32, 1.1, 0.7),
    _row("write", 4096, 32, 1.5, 0.45),
    _row("randread", 4096, 32, 1.2, 0.7, connections=4),
    _row("randwrite", 4096, 32, 1.1, 0.7, connections=4),
    _row("randread", 4096, 1, None, 1.2, p50=1.0, p99=1.0),
    _row("randwrite", 4096, 1, None, 1.2, p50=1.0, p99=1.0),
    _row("read", 128 << 10, 8, 1.5, 0.35),
    _row("write", 128 << 10, 8, 1.2, 0.8),
    _row("read", 1 << 20, 4, 1.2, 0.5),
    _row("write", 1 << 20, 4, 1.1, 0.9),
    _row("randrw", 4096, 8, 1.2, 0.7, connections=16, mix=70, p99=0.8),
]
# Measured on request (--more): rows without goals.
MORE = [Workload(rw, 4096, 1, name="4 KiB sequential %s, depth 1" % rw) for rw in ("read", "write")]
for _workload in MORE:
    _workload.wanted = {"bench": {}, "fio": {}}
COLD = Workload("read", 128 << 10, 8)
COPIES = {"out": ("nbdcopy of the whole volume, 4 connections, out", {RATE: 1.3}),
          "in": ("nbdcopy of the whole volume, 4 connections, in", {RATE: 1.1})}
