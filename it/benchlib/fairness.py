"""it/bench fairness: a client that asks for one block at a time, beside one that keeps 128 requests in flight on the same export.

kiobd and its peers take turns, round by round. Each serves one client of depth 1 alone, then the same client beside one of depth 128. The
report is about the client of depth 1.

examples:
  it/bench fairness
  it/bench fairness --rounds 1 --seconds 1 --print
"""
import time

from . import load, peers, stats
from .processes import say
from .report import Report, measured
from .run import Run, build, require, turns
from .workloads import Workload

COMPARED = (peers.RAW, "nbdkit file", "qemu-nbd threads", "nbd-server")
GREEDY_DEPTH = 128
# The greedy client runs for longer at both ends, so that the modest one is never alone.
EARLIER_SECONDS, LATER_SECONDS = 1, 1
MODEST, GREEDY = Workload("randread", 4096, 1), Workload("randread", 4096, GREEDY_DEPTH)


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=2, help="per server and round, twice (default: %(default)s)")
    parser.add_argument("--size-mib", type=int, default=256, help="size of each image (default: %(default)s)")


def run(options):
    require(["nbdkit", "qemu-nbd", "nbd-server", "fio", "nbdinfo"])
    if options.build:
        build()
    results = {"versions": [kind.version() for kind in (peers.Kiobd, peers.Nbdkit, peers.QemuNbd, peers.NbdServer)]}
    with Run(options.folder) as here:
        servers = [here.add(name, options.size_mib << 20) for name in COMPARED]
        here.start(servers)
        for server in servers:
            _sample(server, 1)
        results["servers"] = {name: [] for name in COMPARED}
        for turn in range(options.rounds):
            for server in turns(servers, turn):
                results["servers"][server.name].append(_sample(server, options.seconds))
            say("fairness: round %d of %d" % (turn + 1, options.rounds))
        results["about"] = measured("%d rounds of %g s, 4 KiB random reads by fio, medians" % (options.rounds, options.seconds),
                                    here.load_before, options.note)
    options.finish(report(results), results)
    return 0


def _sample(server, seconds):
    alone = load.take(load.FIO, server, MODEST, seconds)
    crowd = load.start_fio(server, GREEDY, seconds + EARLIER_SECONDS + LATER_SECONDS)
    time.sleep(EARLIER_SECONDS)
    beside = load.take(load.FIO, server, MODEST, seconds)
    return {"alone": alone, "beside": beside, "greedy": crowd.sample()}


def report(results):
    page = Report("fairness", "One block at a time, beside a crowd", results["about"], results["versions"])
    rows = []
    for name, samples in results["servers"].items():
        alone, beside, greedy = ([sample[which] for sample in samples] for which in ("alone", "beside", "greedy"))
        pair = lambda those: "%.0f, %.0f" % (stats.median(those, "p50"), stats.median(those, "p99"))
        rows.append([name, pair(alone), pair(beside), "%.1f" % stats.ratio(beside, alone, "p99"), stats.thousands(stats.median(greedy, "rate"))])
    page.table(["server", "depth 1 alone: p50, p99 us", "beside depth %d: p50, p99 us" % GREEDY_DEPTH, "p99 grows by",
                "IOPS of depth %d meanwhile" % GREEDY_DEPTH], rows)
    return page
