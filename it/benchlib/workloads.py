"""What the clients ask for, and what is wanted of kiobd beside the best peer of each row."""

RATE, CPU, P50, P99 = "rate", "cpu", "p50", "p99"
AT_LEAST = {RATE}  # the other figures are wanted to be at most this
FIELDS = {RATE: "throughput", CPU: "server CPU a request", P50: "p50", P99: "p99"}
# fio itself takes more than some of the servers, so with it no more is wanted than not to be behind, at the same cost.
FIO_RATE = 1.0


def text_of_size(size):
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit and size % unit == 0:
            return "%d %s" % (size // unit, name)
    return "%d B" % size


class Workload:
    def __init__(self, rw, size, depth, connections=1, mix=None, wanted=None, name=None):
        self.rw, self.size, self.depth, self.connections, self.mix = rw, size, depth, connections, mix
        self.wanted = {"bench": wanted or {}, "fio": {RATE: FIO_RATE, **{k: v for k, v in (wanted or {}).items() if k == CPU}}}
        self.name = name or self.text()

    def text(self):
        kind = {"randread": "random read", "randwrite": "random write", "read": "sequential read", "write": "sequential write",
                "randrw": "random, %s %% reads" % self.mix}[self.rw]
        many = ", %d connections" % self.connections if self.connections > 1 else ""
        return "%s %s, depth %d%s" % (text_of_size(self.size), kind, self.depth, many)

    def bench_words(self):
        words = ["--rw", self.rw, "--bs", str(self.size), "--depth", str(self.depth)]
        if self.mix is not None:
            words += ["--mix", str(self.mix)]
        return words + (["--connections", str(self.connections)] if self.connections > 1 else [])

    def fio_words(self):
        words = ["--rw=" + self.rw, "--bs=%d" % self.size, "--iodepth=%d" % self.depth]
        if self.mix is not None:
            words.append("--rwmixread=%d" % self.mix)
        return words + (["--numjobs=%d" % self.connections] if self.connections > 1 else [])


def row(rw, size, depth, rate, cpu, connections=1, mix=None, **latency):
    wanted = {RATE: rate, CPU: cpu, **latency}
    return Workload(rw, size, depth, connections, mix, {field: value for field, value in wanted.items() if value is not None})


ROWS = [
    row("randread", 4096, 32, 1.4, 0.5),
    row("read", 4096, 32, 1.5, 0.45),
    row("randwrite", 4096, 32, 1.1, 0.7),
    row("write", 4096, 32, 1.5, 0.45),
    row("randread", 4096, 32, 1.2, 0.7, connections=4),
    row("randwrite", 4096, 32, 1.1, 0.7, connections=4),
    row("randread", 4096, 1, None, 1.2, p50=1.0, p99=1.0),
    row("randwrite", 4096, 1, None, 1.2, p50=1.0, p99=1.0),
    row("read", 128 << 10, 8, 1.5, 0.35),
    row("write", 128 << 10, 8, 1.2, 0.8),
    row("read", 1 << 20, 4, 1.2, 0.5),
    row("write", 1 << 20, 4, 1.1, 0.9),
    row("randrw", 4096, 8, 1.2, 0.7, connections=16, mix=70, p99=0.8),
]
COLD = Workload("read", 128 << 10, 8)
COPIES = {"out": ("nbdcopy of the whole volume, 4 connections, out", {RATE: 1.3}),
          "in": ("nbdcopy of the whole volume, 4 connections, in", {RATE: 1.1})}
