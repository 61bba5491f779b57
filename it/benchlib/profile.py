"""it/bench profile: where the time of a request goes.

perf samples the servers under load. Each sample belongs to one stage, by the functions on its stack; the shares become microseconds of server CPU
a request. kiobd serves four file members in the page cache. Java keeps its frame pointers for this (-XX:+PreserveFramePointer), which costs a
few per cent.

examples:
  it/bench profile --seconds 2
  it/bench profile --only "fio" --print
"""
import collections
import re
import time

from . import load, peers, processes
from .processes import say
from .report import Report, measured
from .run import Run, build, require
from .workloads import Workload

COMPARED = (peers.OURS, "nbdkit file", "qemu-nbd io_uring", "nbd-server")
SYMBOLS = "-XX:+PreserveFramePointer"
WARM_SECONDS, EARLIER_SECONDS = 10, 2
PERF_SECONDS, CLIENT_START_SECONDS = 300, 30
# Server CPU that shows that the client has begun.
BEGUN_SECONDS = 0.05

# A sample belongs to the first stage whose pattern matches any function on its stack.
STAGES = [
    ("compiler", r"CompileBroker::|Compile::Compile"),
    ("collector", r"VM_Operation|GenCollect|DefNewGeneration|SafepointSynchronize|VMThread::"),
    ("receive: copy from the socket", r"unix_stream_recvmsg|unix_stream_(splice_)?read|tcp_(recvmsg|splice_read)|sock_recvmsg|__sys_recv"),
    ("send: sendfile", r"do_sendfile|splice_direct_to_actor"),
    ("send: copy to the socket", r"unix_stream_sendmsg|tcp_sendmsg|sock_sendmsg|sock_write_iter|__sys_send"),
    ("page cache: write", r"ext4_buffered_write|generic_perform_write|ext4_file_write|xfs_file_write|vfs_writev?$|ksys_pwrite|do_pwritev"),
    ("page cache: read", r"filemap_read|ext4_file_read|xfs_file_read|do_preadv|ksys_pread|vfs_readv?$"),
    ("page cache: is it there", r"cachestat|lseek"),
    ("wake, sleep, switch", r"schedule|futex|sched_yield|epoll_wait|ppoll|try_to_wake_up|io_cqring_wait|exit_to_user_mode_loop"),
    ("ring and other calls", r"entry_SYSCALL_64|do_syscall_64"),
    ("decode, validate, admit", r"transmission\.(ConnectionBudget|RequestIntake|RequestDecoder|RequestValidator|WritePayload|RequestExecutor)"
                                r".*(header|advance|admission|payload|read|offer|check)\("),
    ("reply", r"transmission\.(Repl\w+|ReadReply|FileReplies|ConnectionMemory|PeerSocket|RawSocket)|TransmissionHandler\.endOfIteration"),
    ("split and issue", r"org\.kiobd\.(raid|store)\."),
    ("plug and merge", r"org\.kiobd\.volume\.queue\."),
    ("event loop and channels", r"io\.netty\."),
    ("the server's own code", r""),
]
PATTERNS = [(name, re.compile(pattern)) for name, pattern in STAGES]

ROWS = [(load.BENCH, Workload("randread", 4096, 1)), (load.BENCH, Workload("randread", 4096, 32)),
        (load.BENCH, Workload("randwrite", 4096, 32)),
        (load.BENCH, Workload("write", 4096, 32)), (load.BENCH, Workload("read", 128 << 10, 8)),
        (load.BENCH, Workload("write", 128 << 10, 8)), (load.BENCH, Workload("write", 1 << 20, 4)),
        (load.FIO, Workload("randread", 4096, 32)), (load.FIO, Workload("read", 4096, 32)),
        (load.FIO, Workload("write", 4096, 32)), (load.FIO, Workload("write", 1 << 20, 4))]


def title(row):
    return "%s, with %s" % (row[1].name, row[0])


def add_options(parser):
    parser.add_argument("--seconds", type=float, default=3, help="seconds of samples a server and workload (default: %(default)s)")
    parser.add_argument("--size-mib", type=int, default=1024, help="size of each volume (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="WORDS", help="only workloads with these words in their title")


def check(options, parser):
    options.rows = [row for row in ROWS if options.only in title(row)]
    if not options.rows:
        parser.error("no workload has %r in its title" % options.only)


def run(options):
    require(["nbdkit", "qemu-nbd", "nbd-server", "fio", "nbdinfo", "perf"])
    if options.build:
        build()
    results = {"versions": [kind.version() for kind in (peers.Kiobd, peers.Nbdkit, peers.QemuNbd, peers.NbdServer)],
               "rows": {title(row): {} for row in options.rows}}
    with Run(options.folder) as here:
        servers = [here.add(name, options.size_mib << 20, java_options=SYMBOLS if peers.is_ours(name) else "") for name in COMPARED]
        here.start(servers)
        for row in options.rows:
            for server in servers:
                results["rows"][title(row)][server.name] = _profile(server, row, options.seconds, here.folder / "perf.data")
            say("profile: " + title(row))
        results["about"] = measured("%g s of samples a server and workload, volumes of %d MiB in the page cache" % (
            options.seconds, options.size_mib), here.load_before, options.note)
    options.finish(report(results), results)
    return 0


def stage_of(stack):
    """Returns the stage of a stack, whose innermost function comes first."""
    for name, pattern in PATTERNS:
        if any(pattern.search(function) for function in stack):
            return name
    return STAGES[-1][0]


def stacks(text):
    """Yields the stacks in the output of perf script."""
    for block in text.split("\n\n"):
        lines = block.strip("\n").split("\n")
        if len(lines) > 1:
            yield [line.strip().split(" ", 1)[-1] for line in lines[1:]]


def _wait_for_client(server):
    """Waits until the server is at work: a client takes a while to start, and an idle server has no samples."""
    before, began = server.cpu_seconds(), time.monotonic()
    while server.cpu_seconds() - before < BEGUN_SECONDS:
        if time.monotonic() - began > CLIENT_START_SECONDS:
            processes.fail("no client reached %s in time" % server.name)
        time.sleep(0.02)


def _profile(server, row, seconds, data):
    """Returns microseconds of server CPU a request, by stage and in all."""
    client, workload = row
    ours = peers.is_ours(server.name)
    if ours:
        load.take(client, server, workload, WARM_SECONDS)
    under_way = load.start(client, server, workload, seconds + EARLIER_SECONDS, 0.5)
    _wait_for_client(server)
    # nbd-server has a process for each client.
    pids = ",".join(str(pid) for pid in server.pids())
    processes.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "2000", "-g", "-o", data, "-p", pids, "--", "sleep", seconds], PERF_SECONDS)
    found = under_way.sample()
    if found is None:
        processes.fail("%s answered nothing while it was sampled" % server.name)
    if ours:
        processes.run(["jcmd", server.pid(), "Compiler.perfmap"])
    text = processes.run(["perf", "script", "-i", data, "-F", "comm,ip,sym"], PERF_SECONDS, check=False)
    counts = collections.Counter(stage_of(stack) for stack in stacks(text))
    total = sum(counts.values())
    if total == 0:
        processes.fail("perf took no samples of %s" % server.name)
    return {"cpu": found["cpu"], "rate": found["rate"], "stages": {name: found["cpu"] * count / total for name, count in counts.items()}}


def report(results):
    page = Report("profile", "Where the time of a request goes", results["about"], results["versions"])
    page.add("What the kernel copies, looks up and waits for is the same for every server; the rest is the server's own. The compiler's share goes away"
             " when the JVM has run for longer. splice(2) counts as receiving and as writing to the page cache.")
    for name, by_server in results["rows"].items():
        page.add("**%s**" % name)
        rows = []
        for stage, _ in STAGES:
            values = [found["stages"].get(stage, 0) for found in by_server.values()]
            if max(values) >= 0.005 * max(found["cpu"] for found in by_server.values()):
                rows.append([stage] + ["%.2f" % value for value in values])
        rows.append(["**all**"] + ["**%.2f**" % found["cpu"] for found in by_server.values()])
        page.table(["us a request", *by_server], rows)
    return page
