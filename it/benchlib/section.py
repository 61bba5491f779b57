"""The section of docs/PERFORMANCE.md: what was reached and what is short, then every figure behind it."""

from .servers import CEILING, OURS, compare
from .sweeps import BLOCK_DEPTH, COMPARED, MERGE_MIB, MERGE_MODES
from .verdicts import figures, median
from .workloads import COLD, COPIES, CPU, FIELDS, text_of_size

CLIENTS = {"bench": "kiobd bench", "fio": "fio's nbd engine"}
WAYS = {"randread": "random read", "randwrite": "random write"}


def spread(samples, field="rate"):
    return compare.spread([sample[field] for sample in samples])


def thousands(value):
    return compare.thousands(value)


def _summary_line(name, by_server, wanted, tally):
    fastest, found = figures(by_server, wanted)
    if fastest is None:
        return []
    tally += [(name, figure) for figure in found if figure.wanted is not None]
    short = [FIELDS[figure.field].replace("server CPU a request", "CPU") for figure in found if figure.short]
    cells = [figure.text() for figure in found] + ["–"] * (len(FIELDS) - len(found))
    verdict = "short: " + ", ".join(short) if short else "held" if any(figure.wanted is not None for figure in found) else "–"
    return ["| %s | %s | %s | %s |" % (name, fastest, " | ".join(cells), verdict)]


def summaries(results):
    """What is wanted and what is, by client."""
    page, tally = [], []
    head = ["| workload | best peer | %s | |" % " | ".join(FIELDS.values()), "|---|---|" + "---|" * len(FIELDS) + "---|"]
    for client, by_workload in results["rows"].items():
        lines = [line for name, by_server in by_workload.items()
                 for line in _summary_line(name, by_server, results["workloads"][name]["wanted"][client], tally)]
        page += ["", "**With %s**" % CLIENTS[client], "", *head, *lines]
    others = []
    for way, by_server in results.get("copies", {}).items():
        others += _summary_line(COPIES[way][0], by_server, COPIES[way][1], tally)
    if "cold" in results:
        others += _summary_line("cold: %s, fio" % COLD.name, results["cold"], {}, tally)
    if others:
        page += ["", "**Whole volumes, and a cold one**; the server's CPU of `nbdcopy` is that of a MiB", "", *head, *others]
    short = [(name, figure) for name, figure in tally if figure.short]
    page += ["", "Of %d figures that something is wanted of, %d are held and %d are short." % (len(tally), len(tally) - len(short), len(short))]
    return page


def row_tables(results):
    page = []
    clients = list(results["rows"])
    for name in results["rows"][clients[0]]:
        words = results["workloads"][name]
        heads = "".join(" %s: requests/s, min – median – max | CPU us | p50, p99, p99.9 us |" % CLIENTS[client] for client in clients)
        page += ["", "**%s**: %s" % (name, "; ".join("`%s`" % words[client] for client in clients)), "", "| server |" + heads,
                 "|---|" + "---|---|---|" * len(clients)]
        for server in results["rows"][clients[0]][name]:
            cells = [server]
            for client in clients:
                samples = results["rows"][client][name].get(server)
                cells += [spread(samples), "%.2f" % median(samples, CPU), _latencies(samples)] if samples else ["–"] * 3
            page.append("| %s |" % " | ".join(cells))
    return page


def _latencies(samples):
    return ", ".join("%.0f" % median(samples, field) for field in ("p50", "p99", "p999"))


def copy_table(results):
    if "copies" not in results:
        return []
    page = ["", "**`nbdcopy --connections=4`, the whole volume, MiB/s: min – median – max**; server CPU us a MiB", "",
            "| server | out, to null | CPU | in, from a file in the page cache | CPU |", "|---|---|---|---|---|"]
    for server in results["copies"]["out"]:
        cells = []
        for way in COPIES:
            samples = results["copies"][way][server]
            cells += [compare.spread([sample["rate"] for sample in samples], "{:.0f}".format), "%.0f" % median(samples, CPU)]
        page.append("| %s | %s |" % (server, " | ".join(cells)))
    return page


def cold_table(results):
    if "cold" not in results:
        return []
    page = ["", "**%s, from the disk**: `fio --ioengine=nbd %s`, once through; what the server stores leaves the page cache before each run" % (
        COLD.name, " ".join(COLD.fio_words())), "", "| server | requests/s: min – median – max | MiB/s | CPU us | p50, p99, p99.9 us |",
        "|---|---|---|---|---|"]
    for server, samples in results["cold"].items():
        page.append("| %s | %s | %.0f | %.2f | %s |" % (
            server, spread(samples), median(samples, "rate") * COLD.size / (1 << 20), median(samples, CPU), _latencies(samples)))
    return page


def _grid(by_step, label, cell, form):
    servers = [name for name in COMPARED if any(name in by_server for by_server in by_step.values())]
    page = ["| %s | %s |" % (label, " | ".join(servers)), "|---|" + "---|" * len(servers)]
    for step, by_server in by_step.items():
        page.append("| %s | %s |" % (form(int(step)), " | ".join(cell(by_server[name]) for name in servers)))
    return page


def sweep_tables(results):
    if "blocks" not in results:
        return []
    page = ["", "### By block size", "", "![Throughput and server CPU by block size](performance/blocks.svg)"]
    for way, by_size in results["blocks"].items():
        page += ["", "**%s, depth %d**: requests/s; server CPU us a request" % (WAYS[way].capitalize(), BLOCK_DEPTH), ""]
        page += _grid(by_size, "block", lambda samples: "%s; %.1f" % (thousands(median(samples, "rate")), median(samples, CPU)), text_of_size)
    page += ["", "### By depth", "", "![Latency by depth](performance/latency.svg)"]
    for way, by_depth in results["depths"].items():
        page += ["", "**4 KiB %s**: p50, p99, p99.9 us" % WAYS[way], ""]
        page += _grid(by_depth, "depth", _latencies, str)
    return page


def merge_table(results):
    if "merging" not in results:
        return []
    page = ["", "### What is merged", "", "![Requests a member operation by pattern](performance/merge.svg)", "",
            "4 KiB blocks, a volume of %d MiB, `kiobd serve v --merge …`: requests a member operation, as `kiobd info` counts both; requests/s."
            % MERGE_MIB, "", "| pattern |" + "".join(" %s |" % mode for mode in MERGE_MODES), "|---|" + "---|" * len(MERGE_MODES)]
    for direction, by_pattern in results["merging"].items():
        for pattern, by_mode in by_pattern.items():
            page.append("| %s, %s | %s |" % (direction, pattern, " | ".join(
                "%.2f; %s" % (median(by_mode[mode], "ratio"), thousands(median(by_mode[mode], "rate"))) for mode in MERGE_MODES)))
    return page


def section(results):
    page = [results["about"], "", "Versions: " + "; ".join(results["versions"]) + ".", "",
            "Of the best peer, which is the one with the most throughput in that row: medians of the rounds' ratios. In brackets what is"
            " wanted; what is short of it is bold.", *summaries(results), "",
            "![Throughput beside the fastest peer](performance/rate.svg)", "", "![Server CPU beside the most frugal peer](performance/cpu.svg)", "",
            "What was started, DIR being a folder of each server's own:", ""]
    page += ["- %s: `%s`" % (name, line) for name, line in results["commands"].items()]
    page += row_tables(results) + copy_table(results) + cold_table(results) + sweep_tables(results) + merge_table(results)
    return "\n".join(page) + "\n"
