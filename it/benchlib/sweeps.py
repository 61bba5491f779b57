"""What the plots show: throughput and CPU by block size, latency by depth, what is merged by pattern. Short runs, few rounds."""
from . import clients
from .measuring import say, turns
from .servers import OURS, Merging, compare, counters
from .workloads import Workload

# qemu-nbd with threads is left out: beside io_uring it is never the best peer.
COMPARED = (OURS, "nbdkit file", "qemu-nbd io_uring", "nbd-server")
BLOCKS = [512, 1024, 4096, 16 << 10, 64 << 10, 256 << 10, 1 << 20]
BLOCK_DEPTH = 16
DEPTHS = [1, 2, 4, 8, 16, 32, 64]
DIRECTIONS = ("randread", "randwrite")
WARM_UP_SECONDS = 1
MERGE_MODES = ("off", "plug", "plug+50")
MERGE_MIB = 256
PATTERNS = {
    "sequential": ("", 32, 1),
    "4 streams": ("", 32, 4),
    "16 streams": ("", 8, 16),
    "random": ("rand", 32, 1),
}


def _sweep(servers, options, workloads):
    """By direction, step and server; workloads is a list of (direction, step, workload)."""
    compared = [server for server in servers if server.name in COMPARED]
    found = {direction: {} for direction in DIRECTIONS}
    # A step that the rows did not have is new to the compiler.
    ours = next(server for server in compared if server.name == OURS)
    for _, _, workload in workloads:
        clients.bench(ours, workload, WARM_UP_SECONDS, 0)
    for turn in range(options.sweep_rounds):
        for direction, step, workload in workloads:
            for server in turns(compared, turn):
                sample = clients.bench(server, workload, options.sweep_seconds, options.sweep_seconds / 2)
                found[direction].setdefault(str(step), {}).setdefault(server.name, []).append(sample)
    return found


def blocks(servers, options):
    found = _sweep(servers, options, [(rw, size, Workload(rw, size, BLOCK_DEPTH)) for rw in DIRECTIONS for size in BLOCKS])
    say("block sizes: %d rounds" % options.sweep_rounds)
    return found


def depths(servers, options):
    found = _sweep(servers, options, [(rw, depth, Workload(rw, 4096, depth)) for rw in DIRECTIONS for depth in DEPTHS])
    say("depths: %d rounds" % options.sweep_rounds)
    return found


class _Counted:
    """A kiobd that is asked what it has done since it was asked last."""

    def __init__(self, server):
        self.server, self.last = server, None

    def since(self):
        live = counters(self.server)
        last, self.last = self.last or live, live
        return {field: live[field] - last[field] for field in ("requests", "chains", "memberOps")}


def merging(folder, options):
    """By direction, pattern and mode: requests a member operation, and what a run did."""
    servers = [Merging(mode, folder, MERGE_MIB << 20) for mode in MERGE_MODES]
    found = {direction: {pattern: {mode: [] for mode in MERGE_MODES} for pattern in PATTERNS} for direction in ("read", "write")}
    try:
        for server in servers:
            server.start()
            compare.fill(server)
        counted = [_Counted(server) for server in servers]
        for one in counted:
            one.since()
        for turn in range(options.sweep_rounds):
            for direction in found:
                for pattern, (prefix, depth, connections) in PATTERNS.items():
                    workload = Workload(prefix + direction, 4096, depth, connections)
                    for one in turns(counted, turn):
                        sample = clients.bench(one.server, workload, options.sweep_seconds, options.sweep_seconds / 2)
                        done = one.since()
                        mode = one.server.engine[1]
                        found[direction][pattern][mode].append(
                            {**done, "rate": sample["rate"], "cpu": sample["cpu"], "ratio": done["requests"] / max(1, done["memberOps"])})
    finally:
        for server in servers:
            server.stop()
    say("merging: %d rounds" % options.sweep_rounds)
    return found
