"""The plots, as SVG that is the same for the same figures: no date and no random names inside."""
import statistics

from .peers import CEILING, OURS, is_ours
from .report import FOLDER
from .stats import median
from .sweep import BLOCK_DEPTH, COMPARED, MERGE_MODES, WAYS
from .workloads import text_of_size

CLIENTS = {"bench": "client: kiobd bench", "fio": "client: fio"}
# One colour a server in all plots; the colours differ also for readers who do not tell red from green.
COLOURS = {OURS: "#d55e00", "nbdkit file": "#0072b2", "qemu-nbd io_uring": "#009e73", "qemu-nbd threads": "#56b4e9", "nbd-server": "#999999"}
MARKERS = {OURS: "o", "nbdkit file": "s", "qemu-nbd io_uring": "^", "qemu-nbd threads": "v", "nbd-server": "D"}


def _pyplot():
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "kiobd", "svg.fonttype": "none", "axes.grid": True, "grid.alpha": 0.3, "font.size": 9})
    from matplotlib import pyplot

    return pyplot


def _save(figure, name):
    FOLDER.mkdir(exist_ok=True)
    figure.tight_layout()
    path = FOLDER / (name + ".svg")
    figure.savefig(path, metadata={"Date": None})
    _pyplot().close(figure)
    # matplotlib leaves blanks at the ends of lines.
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def draw_rows(results, name):
    """Draws the two plots of a report of it/bench rows; name is that of the report."""
    _bars(results, "rate", "Throughput, of the fastest peer's: longer is better", max, name)
    _bars(results, "cpu", "Server CPU a request, of the most frugal peer's: shorter is better", min, name)


def draw_sweep(results, name):
    """Draws the three plots of a report of it/bench sweep."""
    _blocks(results["blocks"], name)
    _latency(results["depths"], name)
    _merging(results["merging"], name)


def _bars(results, field, title, best, name):
    clients = list(results["rows"])
    work = list(results["rows"][clients[0]])
    figure, panels = _pyplot().subplots(1, len(clients), figsize=(5 * len(clients) + 4, 0.55 * len(work) + 1.4), sharey=True, squeeze=False)
    for axes, client in zip(panels[0], clients):
        by_workload = results["rows"][client]
        bars = [server for server in by_workload[work[0]] if server != CEILING]
        height = 0.8 / len(bars)
        for place, server in enumerate(bars):
            values = [_of_best(by_workload[row], server, field, best) for row in work]
            axes.barh([row + place * height for row in range(len(work))], values, height, label=server, color=COLOURS.get(server, "#cc79a7"))
        axes.axvline(1, color="black", linewidth=0.8)
        axes.set_yticks([row + 0.4 - height / 2 for row in range(len(work))], work)
        axes.set_xlabel(CLIENTS[client])
        axes.grid(axis="y", visible=False)
    panels[0][0].invert_yaxis()
    panels[0][-1].legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    figure.suptitle(title)
    _save(figure, "%s-%s" % (name, field))


def _of_best(by_server, server, field, best):
    peers = [median(samples, field) for name, samples in by_server.items() if name != CEILING and not is_ours(name)]
    return median(by_server[server], field) / best(peers or [1]) if server in by_server else 0


def _lines(axes, by_step, value, steps):
    """Draws a line for each server, and the spread of its rounds as a shadow."""
    servers = [name for name in COMPARED if any(name in by_server for by_server in by_step.values())]
    for name in servers:
        rounds = [[value(sample, step) for sample in by_step[str(step)][name]] for step in steps]
        axes.plot(steps, [statistics.median(values) for values in rounds], marker=MARKERS[name], markersize=4, color=COLOURS[name],
                  linewidth=1.8 if name == OURS else 1.1, label=name)
        axes.fill_between(steps, [min(values) for values in rounds], [max(values) for values in rounds], color=COLOURS[name], alpha=0.12, linewidth=0)


def _log(axes):
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")


def _blocks(by_way, name):
    figure, panels = _pyplot().subplots(2, len(by_way), figsize=(10, 7.5), sharex=True, sharey="row", squeeze=False)
    for column, (way, by_size) in enumerate(by_way.items()):
        sizes = [int(size) for size in by_size]
        above, below = panels[0][column], panels[1][column]
        _lines(above, by_size, lambda sample, size: sample["rate"] * size / (1 << 20), sizes)
        _lines(below, by_size, lambda sample, size: max(sample["cpu"], 0.1), sizes)
        above.set_title("%s, depth %d" % (WAYS[way], BLOCK_DEPTH))
        for axes in (above, below):
            _log(axes)
        below.set_xticks(sizes, [text_of_size(size) for size in sizes], rotation=30)
        below.set_xlabel("block size")
    panels[0][0].set_ylabel("throughput, MiB/s")
    panels[1][0].set_ylabel("server CPU, us a request")
    panels[0][0].legend(fontsize="small")
    _save(figure, name + "-blocks")


def _latency(by_way, name):
    shares = {"p50": "p50", "p99": "p99", "p999": "p99.9"}
    figure, panels = _pyplot().subplots(len(by_way), len(shares), figsize=(12, 7.5), sharex=True, sharey=True, squeeze=False)
    for line, (way, by_depth) in enumerate(by_way.items()):
        depths = [int(depth) for depth in by_depth]
        for column, (field, text) in enumerate(shares.items()):
            axes = panels[line][column]
            _lines(axes, by_depth, lambda sample, depth, field=field: sample[field], depths)
            axes.set_title("4 KiB %s, %s" % (WAYS[way], text))
            _log(axes)
            axes.set_xticks(depths, [str(depth) for depth in depths])
        panels[line][0].set_ylabel("latency, us")
    for axes in panels[-1]:
        axes.set_xlabel("requests under way (depth)")
    panels[0][0].legend(fontsize="small")
    _save(figure, name + "-latency")


def _merging(by_direction, name):
    figure, panels = _pyplot().subplots(1, len(by_direction), figsize=(10, 4), sharey=True, squeeze=False)
    width = 0.8 / len(MERGE_MODES)
    for axes, (direction, by_pattern) in zip(panels[0], by_direction.items()):
        for place, (mode, colour) in enumerate(zip(MERGE_MODES, ("#999999", "#d55e00", "#0072b2"))):
            values = [median(by_mode[mode], "ratio") for by_mode in by_pattern.values()]
            bars = axes.bar([at + (place - 1) * width for at in range(len(values))], values, width, label="--merge " + mode, color=colour)
            axes.bar_label(bars, fmt="%.1f", fontsize=7)
        axes.set_xticks(range(len(by_pattern)), list(by_pattern))
        axes.set_yscale("log", base=2)
        axes.set_ylim(0.8, 48)
        axes.set_yticks([1, 2, 4, 8, 16, 32], ["1", "2", "4", "8", "16", "32"])
        axes.set_title("4 KiB %ss" % direction)
        axes.grid(axis="x", visible=False)
    panels[0][0].set_ylabel("requests a member operation")
    panels[0][-1].legend(fontsize="small")
    _save(figure, name + "-merge")
