"""The report of it/bench rows: what was reached and what is short of its goal, then every figure."""
from . import goals, load, stats
from .report import Report
from .workloads import COLD, COPIES, CPU, FIELDS

CLIENTS = {"bench": load.BENCH, "fio": load.FIO}


def report(results):
    page = Report("rows", "kiobd beside the best peer of each workload", results["about"], results["versions"])
    page.add("Ratios to the best peer, which is the one with the most throughput in that row: medians of the rounds' ratios. The goal is in brackets;"
             " a figure that misses its goal is bold.")
    summaries(page, results)
    page.plot("Throughput beside the fastest peer", "rate")
    page.plot("Server CPU beside the most frugal peer", "cpu")
    page.add("Commands; DIR is a folder of each server's own:")
    page.add(*["- %s: `%s`" % (name, line) for name, line in results["commands"].items()])
    row_tables(page, results)
    copy_table(page, results)
    cold_table(page, results)
    return page


def _summary(name, by_server, wanted, tally):
    best, found = goals.figures(by_server, wanted)
    if best is None:
        return []
    tally += [figure for figure in found if figure.wanted is not None]
    short = [FIELDS[figure.field].replace("server CPU a request", "CPU") for figure in found if figure.short]
    cells = [figure.text() for figure in found] + ["–"] * (len(FIELDS) - len(found))
    verdict = "short: " + ", ".join(short) if short else "held" if any(figure.wanted is not None for figure in found) else "–"
    return [[name, best, *cells, verdict]]


def summaries(page, results):
    tally, head = [], ["workload", "best peer", *FIELDS.values(), ""]
    for client, by_workload in results["rows"].items():
        page.add("**With %s**" % CLIENTS[client])
        page.table(head, [row for name, by_server in by_workload.items()
                          for row in _summary(name, by_server, results["workloads"][name]["wanted"][client], tally)])
    others = [row for way, by_server in results.get("copies", {}).items() for row in _summary(COPIES[way][0], by_server, COPIES[way][1], tally)]
    if "cold" in results:
        others += _summary("cold: %s, fio" % COLD.name, results["cold"], {}, tally)
    if others:
        page.add("**Whole volumes, and a cold one**; the server CPU of `nbdcopy` is per MiB")
        page.table(head, others)
    short = sum(figure.short for figure in tally)
    page.add("Of %d figures with a goal, %d reach it and %d are short." % (len(tally), len(tally) - short, short))


def _figures_of(samples):
    return [stats.spread([sample["rate"] for sample in samples]), "%.2f" % stats.median(samples, CPU), stats.latencies(samples)]


def row_tables(page, results):
    clients = list(results["rows"])
    for name, first in results["rows"][clients[0]].items():
        words = results["workloads"][name]
        page.add("**%s**: %s" % (name, "; ".join("`%s`" % words[client] for client in clients)))
        head = ["server"]
        for client in clients:
            head += ["%s: requests/s, min – median – max" % CLIENTS[client], "CPU us", "p50, p99, p99.9 us"]
        rows = []
        for server in first:
            samples = [results["rows"][client][name].get(server) for client in clients]
            rows.append([server] + [cell for one in samples for cell in (_figures_of(one) if one else ["–"] * 3)])
        page.table(head, rows)


def copy_table(page, results):
    if "copies" in results:
        page.add("**`nbdcopy --connections=%d`, the whole volume, MiB/s: min – median – max**; server CPU us a MiB" % load.CONNECTIONS)
        rows = []
        for server in results["copies"]["out"]:
            row = [server]
            for way in COPIES:
                samples = results["copies"][way][server]
                row += [stats.spread([sample["rate"] for sample in samples], "{:.0f}".format), "%.0f" % stats.median(samples, CPU)]
            rows.append(row)
        page.table(["server", "out, to null", "CPU", "in, from a file in the page cache", "CPU"], rows)


def cold_table(page, results):
    if "cold" in results:
        page.add("**%s, from the disk**: `fio --ioengine=nbd %s`, one pass; what the server stores leaves the page cache before each run" % (
            COLD.name, " ".join(COLD.fio_words())))
        rows = []
        for server, samples in results["cold"].items():
            rate, cpu, latencies = _figures_of(samples)
            rows.append([server, rate, "%.0f" % (stats.median(samples, "rate") * COLD.size / (1 << 20)), cpu, latencies])
        page.table(["server", "requests/s: min – median – max", "MiB/s", "CPU us", "p50, p99, p99.9 us"], rows)
