"""kiobd beside the best peer of a row, figure by figure."""
import statistics

from .servers import BEFORE, CEILING, OURS
from .workloads import AT_LEAST, CPU, FIELDS, RATE


class Figure:
    """One ratio, what is wanted of it (or nothing), and whether that is reached."""

    def __init__(self, field, ratio, wanted):
        self.field, self.ratio, self.wanted = field, ratio, wanted

    @property
    def short(self):
        if self.wanted is None:
            return False
        return self.ratio < self.wanted if self.field in AT_LEAST else self.ratio > self.wanted

    def text(self):
        if self.wanted is None:
            return "%.2f" % self.ratio
        digits = 2
        while digits < 4 and self._reads_other(round(self.ratio, digits)):
            digits += 1
        value = "%.*f" % (digits, self.ratio)
        return "%s (%s %s)" % ("**%s**" % value if self.short else value, "≥" if self.field in AT_LEAST else "≤", self.wanted)

    def _reads_other(self, rounded):
        return Figure(self.field, rounded, self.wanted).short != self.short


def median(samples, field):
    return statistics.median(sample[field] for sample in samples)


def best_peer(by_server):
    """The one with the most throughput, over all rounds."""
    peers = [name for name in by_server if name not in (OURS, CEILING)]
    return max(peers, key=lambda name: median(by_server[name], "rate")) if peers else None


def figures(by_server, wanted):
    """Medians of the rounds' ratios: both sides of a ratio were measured within seconds of each other."""
    fastest = best_peer(by_server)
    if fastest is None or OURS not in by_server:
        return None, []
    pairs = list(zip(by_server[OURS], by_server[fastest]))
    return fastest, [
        Figure(field, statistics.median(mine[field] / other[field] for mine, other in pairs), wanted.get(field))
        for field in FIELDS if field in pairs[0][0]
    ]


# What a row may lose, beside the spread of its rounds.
TOLERANCE = 0.03


def before_and_after(results):
    """A table of kiobd against the kiobd of another checkout: medians of the rounds' ratios, the quartiles beside them."""
    lines = [results["about"], "", "| client | work | rate, after / before | CPU a request, after / before | |", "|---|---|---|---|---|"]
    for client, by_workload in results["rows"].items():
        for name, by_server in by_workload.items():
            if BEFORE not in by_server:
                continue
            pairs = list(zip(by_server[OURS], by_server[BEFORE]))
            rate = _quartiles(after[RATE] / before[RATE] for after, before in pairs)
            cpu = _quartiles(after[CPU] / before[CPU] for after, before in pairs)
            # Slower only if three quarters of the rounds say so.
            slower, dearer = rate[2] < 1 - TOLERANCE, cpu[0] > 1 + TOLERANCE
            remark = " ".join(word for word, holds in (("slower", slower), ("dearer", dearer)) if holds)
            lines.append("| %s | %s | %.2f (%.2f-%.2f) | %.2f (%.2f-%.2f) | %s |" % (
                client, name, rate[1], rate[0], rate[2], cpu[1], cpu[0], cpu[2], remark))
    return "\n".join(lines)


def _quartiles(ratios):
    return statistics.quantiles(ratios, n=4, method="inclusive")
