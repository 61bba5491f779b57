"""it/bench rows: kiobd beside the fastest C servers on the same disk, workload by workload.

All servers run at the same time and take turns round by round, so that what else the machine does affects them alike. The volumes are in the
page cache, except in one row. Two clients: kiobd bench, and fio's nbd engine, which costs more CPU than some of the servers; a server that
stores nothing shows how far kiobd bench is from being the bottleneck. Server CPU is user and system time of all threads and children.

examples:
  it/bench rows                                         everything: about half an hour
  it/bench rows --only "random read" --client kiobd     some rows, one client
  it/bench rows --before ../kiobd-main                  this kiobd beside the one of another checkout; nothing is written
  it/bench rows --servers "kiobd,kiobd epoll,nbdkit file" --print
  it/bench rows --bar 0.7 --print                       exit code 1 if a row has less than 0.7 of the best peer's throughput
"""
import json
import os
from pathlib import Path

from . import goals, load, peers, processes
from .peers import BEFORE, CEILING, OURS
from .processes import say
from .report import measured, table
from .rows_report import report
from .run import Run, build, require, storing, turns
from .workloads import COLD, COPIES, MORE, ROWS

KEPT = peers.ROOT / "target" / "bench-rows.json"
FIO_WARM_UP_SECONDS = 1
CEILING_WARM_UP_SECONDS = 0.5


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=7, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=0.8, help="per workload, server and round, with kiobd bench (default: %(default)s)")
    parser.add_argument("--warm-up", type=float, default=0.3, help="seconds that kiobd bench runs before it measures (default: %(default)s)")
    parser.add_argument("--jvm-warm-up", type=float, default=4, help="seconds of each workload before the first round (default: %(default)s)")
    parser.add_argument("--fio-seconds", type=float, default=0.6, help="per workload, server and round, with fio (default: %(default)s)")
    parser.add_argument("--client", choices=("kiobd", "fio", "both"), default="both", help="default: %(default)s")
    parser.add_argument("--size-mib", type=int, default=1024, help="size of each volume (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="WORDS", help="only workloads with these words in their name; no copies and no cold row")
    parser.add_argument("--more", action="store_true", help="also measure sequential rows of depth 1, which have no goals")
    parser.add_argument("--servers", default=",".join(peers.DEFAULT), help="default: %%(default)s; also: %s" % ", ".join(peers.ON_DEMAND))
    parser.add_argument("--before", metavar="CHECKOUT", help="compare with the kiobd built in another checkout instead of with peers; write nothing")
    parser.add_argument("--bar", type=float, help="exit code 1 if kiobd has less than this ratio of the best peer's throughput at depth 4 or more")
    parser.add_argument("--from", dest="kept", metavar="FILE", help="measure nothing; make the report again from a file that was kept (%s)"
                        % KEPT.relative_to(peers.ROOT))


def check(options, parser):
    options.workloads = [workload for workload in ROWS + (MORE if options.more else []) if options.only in workload.name]
    if not options.workloads:
        parser.error("no workload has %r in its name" % options.only)
    options.kinds = dict(peers.ALL)
    if options.before:
        if not (Path(options.before) / "kiobd").exists():
            parser.error("%s is not a checkout of kiobd" % options.before)
        options.kinds[BEFORE] = peers.before(options.before)
        options.servers = "%s,%s" % (OURS, BEFORE)
    options.names = options.servers.split(",")
    unknown = [name for name in options.names if name not in options.kinds]
    if unknown:
        parser.error("unknown servers: %s; choose from %s" % (", ".join(unknown), ", ".join(options.kinds)))
    if OURS not in options.names:
        parser.error("%s must be among the servers" % OURS)
    options.rows_only = bool(options.only or options.before)
    options.clients = {"kiobd": ["bench"], "fio": ["fio"], "both": ["bench", "fio"]}[options.client]


def run(options):
    if options.kept:
        results = json.loads(Path(options.kept).read_text())
    else:
        require(["nbdkit", "qemu-nbd", "nbd-server", "nbdcopy", "fio", "fincore"], plots=not options.print)
        if options.build:
            build("cli,it")
        results = measured_results(options)
    if options.before:
        print("\n".join([results["about"], ""] + table(["client", "work", "rate, after / before", "CPU a request, after / before", ""],
                                                       goals.before_and_after(results["rows"]))))
        return 0
    missed = goals.below(results["rows"], options.bar) if options.bar else []
    for line in missed:
        say("below the bar of %.2f: %s" % (options.bar, line))
    options.finish(report(results), results)
    return 1 if missed else 0


def measured_results(options):
    results = {"versions": peers.versions(), "about": "Not finished."}
    with Run(options.folder) as here:
        servers = [here.add(name, options.size_mib << 20, options.kinds[name]) for name in options.names]
        measure(options, here, servers, results)
        how = "%d rounds, %g s (fio: %g s) a server and round, volumes of %d MiB, %.0f minutes in all" % (
            options.rounds, options.seconds, options.fio_seconds, options.size_mib, here.minutes())
        results["about"] = measured(how, here.load_before, options.note)
    keep(results)
    return results


def keep(results):
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(results))


def measure(options, here, servers, results):
    """Fills results with plain values, which are kept after each part."""
    results["workloads"] = {workload.name: {
        "wanted": workload.wanted,
        "bench": "kiobd bench URI " + " ".join(workload.bench_words()),
        "fio": "fio --ioengine=nbd " + " ".join(workload.fio_words()),
    } for workload in options.workloads}
    here.start(servers)
    results["commands"] = {server.name: server.command_line() for server in storing(servers)}
    warm_up(servers, options)
    results["rows"] = measure_rows(servers, options)
    keep(results)
    if not options.rows_only:
        results["copies"] = measure_copies(servers, options, here.folder)
        results["cold"] = measure_cold(servers, options)
        keep(results)


def warm_up(servers, options):
    """Lets the JVM compile: twice around, because one workload can undo what the compiler learned from another."""
    for workload in options.workloads * 2:
        for server in servers:
            if peers.is_ours(server.name):
                load.take(load.BENCH, server, workload, options.jvm_warm_up)
                if "fio" in options.clients:
                    load.take(load.FIO, server, workload, min(FIO_WARM_UP_SECONDS, options.jvm_warm_up))
            elif server.name == CEILING:
                load.take(load.BENCH, server, workload, min(CEILING_WARM_UP_SECONDS, options.jvm_warm_up))


def measure_rows(servers, options):
    """Returns, by client, workload and server, a sample for each round."""
    found = {client: {workload.name: {} for workload in options.workloads} for client in options.clients}
    for turn in range(options.rounds):
        for workload in options.workloads:
            for client in options.clients:
                # The client's limit needs kiobd's client only, and half of the rounds.
                with_ceiling = client == "bench" and turn % 2 == 0
                for server in turns(servers if with_ceiling else storing(servers), turn):
                    _add(found[client][workload.name], server, lambda: _one(client, server, workload, options))
        say("rows: round %d of %d" % (turn + 1, options.rounds))
    for by_workload in found.values():
        for by_server in by_workload.values():
            for name in [name for name, samples in by_server.items() if None in samples]:
                del by_server[name]
    return found


def _add(by_server, server, take):
    """A peer that cannot take all connections of a client at once, in any round, is left out of that row."""
    samples = by_server.setdefault(server.name, [])
    if None in samples:
        return
    try:
        samples.append(take())
    except load.TooManyAtOnce:
        if peers.is_ours(server.name):
            raise
        say("%s cannot take so many connections at once, and is left out of a row" % server.name)
        samples.append(None)


def _one(client, server, workload, options):
    if client == "fio":
        return load.take(load.FIO, server, workload, options.fio_seconds)
    return load.take(load.BENCH, server, workload, options.seconds, options.warm_up)


def measure_copies(servers, options, folder):
    """Returns samples by way and server. The first round warms up and does not count."""
    image = folder / "random.img"
    with open(image, "wb") as file:
        for _ in range(options.size_mib):
            file.write(os.urandom(1 << 20))
    found = {way: {server.name: [] for server in storing(servers)} for way in COPIES}
    for turn in range(-1, options.rounds):
        for way in COPIES:
            for server in turns(storing(servers), turn):
                sample = load.copy(server, way, image)
                if turn >= 0:
                    found[way][server.name].append(sample)
    image.unlink()
    say("nbdcopy: %d rounds" % options.rounds)
    return found


def forget(server):
    """Drops what the server stores from the page cache, so that it is read from the disk again."""
    for path in server.files():
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    left = sum(int(line) for line in processes.run(["fincore", "--bytes", "--noheadings", "--output", "RES", *server.files()]).split())
    if left > server.size // 50:
        processes.fail("%d MiB of %s stay in the page cache; its row would not be cold" % (left >> 20, server.name))


def measure_cold(servers, options):
    """Comes last, because afterwards the page cache no longer holds whole volumes."""
    found = {server.name: [] for server in storing(servers)}
    for turn in range(options.rounds):
        for server in turns(storing(servers), turn):
            forget(server)
            found[server.name].append(load.take(load.FIO, server, COLD, options.seconds, once=True))
    say("cold: %d rounds" % options.rounds)
    return found


def plots(results, name):
    from . import plots as drawing  # matplotlib is needed for this alone

    drawing.draw_rows(results, name)
