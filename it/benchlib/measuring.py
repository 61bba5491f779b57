"""The rows: every server takes its turn in every round, so that what else the machine does hits them alike."""
import os
import subprocess
import sys
import time

from . import clients
from .servers import BEFORE, CEILING, OURS, compare, files
from .workloads import COLD, COPIES

JVM_WARM_UP_SECONDS = {OURS: 4, BEFORE: 4, CEILING: 0.5}
FIO_WARM_UP_SECONDS = 1
BEGAN = time.monotonic()


def say(what):
    print("it/bench: %3.0f s: %s" % (time.monotonic() - BEGAN, what), file=sys.stderr, flush=True)


def turns(servers, turn):
    """Another one begins in each round."""
    shift = turn % len(servers)
    return servers[shift:] + servers[:shift]


def storing(servers):
    return [server for server in servers if server.name != CEILING]


def start(servers):
    for server in servers:
        server.start()
        if server.name != CEILING:
            compare.fill(server)


def warm_up(servers, workloads):
    """What runs on a JVM gets its code compiled: twice around, for what one workload teaches the compiler another takes back."""
    for workload in workloads + workloads:
        for server in servers:
            if server.name in JVM_WARM_UP_SECONDS:
                clients.bench(server, workload, JVM_WARM_UP_SECONDS[server.name], 0)
            if server.name in (OURS, BEFORE):
                clients.fio(server, workload, FIO_WARM_UP_SECONDS)


def rows(servers, options):
    """By client, workload and server: a sample for each round."""
    found = {client: {workload.name: {} for workload in options.workloads} for client in options.clients}
    for turn in range(options.rounds):
        for workload in options.workloads:
            for client in options.clients:
                # What the client can do without a server that matters is no row of its own: kiobd's client suffices, and half the rounds.
                with_ceiling = client == "bench" and turn % 2 == 0
                for server in turns(servers if with_ceiling else storing(servers), turn):
                    _take(found[client][workload.name], server, lambda: _one(client, server, workload, options))
        say("rows: round %d of %d" % (turn + 1, options.rounds))
    for by_workload in found.values():
        for by_server in by_workload.values():
            for name in [name for name, samples in by_server.items() if None in samples]:
                del by_server[name]
    return found


def _take(by_server, server, run):
    """A peer that cannot take a client's connections all at once, in any round, is left out of that row."""
    samples = by_server.setdefault(server.name, [])
    if None in samples:
        return
    try:
        samples.append(run())
    except clients.TooManyAtOnce:
        if server.name == OURS:
            raise
        say("%s cannot take so many connections at once, and is left out of a row" % server.name)
        samples.append(None)


def _one(client, server, workload, options):
    if client == "fio":
        return clients.fio(server, workload, options.fio_seconds)
    return clients.bench(server, workload, options.seconds, options.warm_up)


def copies(servers, options, folder):
    """By way and server. The first round warms up and does not count."""
    image = folder / "random.img"
    with open(image, "wb") as file:
        for _ in range(options.size_mib):
            file.write(os.urandom(1 << 20))
    found = {way: {server.name: [] for server in storing(servers)} for way in COPIES}
    for turn in range(-1, options.rounds):
        for way in COPIES:
            for server in turns(storing(servers), turn):
                sample = clients.copy(server, way, image)
                if turn >= 0:
                    found[way][server.name].append(sample)
    image.unlink()
    say("nbdcopy: %d rounds" % options.rounds)
    return found


def forget(server):
    """What it stores leaves the page cache; it is read from the disk again."""
    for path in files(server):
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    left = sum(int(line) for line in subprocess.run(
        ["fincore", "--bytes", "--noheadings", "--output", "RES", *files(server)], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.split())
    if left > server.size // 50:
        raise SystemExit("it/bench: %d MiB of %s would not leave the page cache; its row would not be cold" % (left >> 20, server.name))


def cold(servers, options):
    """After everything else: what it leaves in the page cache is no longer the whole volume."""
    found = {server.name: [] for server in storing(servers)}
    for turn in range(options.rounds):
        for server in turns(storing(servers), turn):
            forget(server)
            found[server.name].append(clients.fio(server, COLD, options.seconds, once=True))
    say("cold: %d rounds" % options.rounds)
    return found
