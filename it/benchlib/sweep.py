"""it/bench sweep: throughput and CPU by block size, latency by depth, and how many requests are merged by pattern.

The runs are short and the rounds few: the curves show a shape; the rows decide.

examples:
  it/bench sweep                        about ten minutes
  it/bench sweep --rounds 1 --print     a rough look; nothing is written
"""
from . import load, peers, stats
from .peers import OURS
from .processes import say
from .report import Report, measured
from .run import Run, build, require, turns
from .workloads import CPU, Workload, text_of_size

# qemu-nbd with threads is left out: it is never the best peer beside io_uring.
COMPARED = (OURS, "nbdkit file", "qemu-nbd io_uring", "nbd-server")
BLOCKS = [512, 1024, 4096, 16 << 10, 64 << 10, 256 << 10, 1 << 20]
BLOCK_DEPTH = 16
DEPTHS = [1, 2, 4, 8, 16, 32, 64]
WAYS = {"randread": "random read", "randwrite": "random write"}
WARM_UP_SECONDS = 1
MERGE_MODES = ("off", "plug", "plug+50")
MERGE_MIB = 256
PATTERNS = {"sequential": ("", 32, 1), "4 streams": ("", 32, 4), "16 streams": ("", 8, 16), "random": ("rand", 32, 1)}


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=0.3, help="per step, server and round (default: %(default)s)")
    parser.add_argument("--size-mib", type=int, default=1024, help="size of each volume (default: %(default)s)")


def run(options):
    require(["nbdkit", "qemu-nbd", "nbd-server", "nbdcopy", "fio"], plots=not options.print)
    if options.build:
        build()
    results = {"versions": peers.versions()}
    with Run(options.folder) as here:
        servers = [here.add(name, options.size_mib << 20) for name in COMPARED]
        here.start(servers)
        steps = lambda make, values: [(way, value, make(way, value)) for way in WAYS for value in values]
        results["blocks"] = _sweep(servers, options, steps(lambda way, size: Workload(way, size, BLOCK_DEPTH), BLOCKS), "block sizes")
        results["depths"] = _sweep(servers, options, steps(lambda way, depth: Workload(way, 4096, depth), DEPTHS), "depths")
        for server in servers:
            here.drop(server)
        results["merging"] = _merging(here, options)
        results["about"] = measured("%d rounds, %g s a step, server and round, volumes of %d MiB, %.0f minutes in all" % (
            options.rounds, options.seconds, options.size_mib, here.minutes()), here.load_before, options.note)
    options.finish(report(results), results)
    return 0


def _take(server, workload, options):
    return load.take(load.BENCH, server, workload, options.seconds, options.seconds / 2)


def _sweep(servers, options, steps, what):
    """Returns samples by direction, step and server; steps is a list of (direction, step, workload)."""
    found = {way: {} for way in WAYS}
    # A step that the rows do not have is new to the compiler.
    for _, _, workload in steps:
        load.take(load.BENCH, servers[0], workload, WARM_UP_SECONDS)
    for turn in range(options.rounds):
        for way, step, workload in steps:
            for server in turns(servers, turn):
                found[way].setdefault(str(step), {}).setdefault(server.name, []).append(_take(server, workload, options))
    say("%s: %d rounds" % (what, options.rounds))
    return found


def _merging(here, options):
    """Returns, by direction, pattern and mode, the requests a member operation and the sample of each run."""
    servers = {mode: here.add("merge " + mode, MERGE_MIB << 20, peers.merging(mode)) for mode in MERGE_MODES}
    here.start(servers.values())
    last = {mode: server.counters() for mode, server in servers.items()}
    found = {way: {pattern: {mode: [] for mode in MERGE_MODES} for pattern in PATTERNS} for way in ("read", "write")}
    for turn in range(options.rounds):
        for way, by_pattern in found.items():
            for pattern, (prefix, depth, connections) in PATTERNS.items():
                for mode in turns(list(MERGE_MODES), turn):
                    sample = _take(servers[mode], Workload(prefix + way, 4096, depth, connections), options)
                    now = servers[mode].counters()
                    done = {field: now[field] - last[mode][field] for field in ("requests", "chains", "memberOps")}
                    last[mode] = now
                    by_pattern[pattern][mode].append({**sample, **done, "ratio": done["requests"] / max(1, done["memberOps"])})
    say("merging: %d rounds" % options.rounds)
    return found


def report(results):
    page = Report("sweep", "Block sizes, depths and merging", results["about"], results["versions"])
    page.heading("By block size")
    page.plot("Throughput and server CPU by block size", "blocks")
    for way, by_size in results["blocks"].items():
        page.add("**%s, depth %d**: requests/s; server CPU us a request" % (WAYS[way].capitalize(), BLOCK_DEPTH))
        cell = lambda samples: "%s; %.1f" % (stats.thousands(stats.median(samples, "rate")), stats.median(samples, CPU))
        _grid(page, by_size, "block", cell, text_of_size)
    page.heading("By depth")
    page.plot("Latency by depth", "latency")
    for way, by_depth in results["depths"].items():
        page.add("**4 KiB %s**: p50, p99, p99.9 us" % WAYS[way])
        _grid(page, by_depth, "depth", stats.latencies, str)
    page.heading("What is merged")
    page.plot("Requests a member operation by pattern", "merge")
    page.add("4 KiB blocks, a volume of %d MiB, `kiobd serve v --merge …`: requests a member operation, as `kiobd info` counts both; requests/s."
             % MERGE_MIB)
    page.table(["pattern", *MERGE_MODES], [
        ["%s, %s" % (way, pattern)] + ["%.2f; %s" % (stats.median(by_mode[mode], "ratio"), stats.thousands(stats.median(by_mode[mode], "rate")))
                                       for mode in MERGE_MODES]
        for way, by_pattern in results["merging"].items() for pattern, by_mode in by_pattern.items()])
    return page


def _grid(page, by_step, label, cell, form):
    names = [name for name in COMPARED if any(name in by_server for by_server in by_step.values())]
    page.table([label, *names], [[form(int(step))] + [cell(by_server[name]) for name in names] for step, by_server in by_step.items()])


def plots(results, name):
    from . import plots as drawing  # matplotlib is needed for this alone

    drawing.draw_sweep(results, name)
