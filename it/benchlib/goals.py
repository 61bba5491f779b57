"""kiobd beside the best peer of a row, figure by figure; and kiobd beside an older kiobd."""
from . import stats
from .peers import BEFORE, CEILING, OURS, is_ours
from .workloads import AT_LEAST, CPU, FIELDS, RATE

# What a row may lose, beside the spread of its rounds.
TOLERANCE = 0.03


class Figure:
    """One ratio, its goal (or None), and whether the goal is reached."""

    def __init__(self, field, ratio, wanted):
        self.field, self.ratio, self.wanted = field, ratio, wanted

    @property
    def short(self):
        if self.wanted is None:
            return False
        return self.ratio < self.wanted if self.field in AT_LEAST else self.ratio > self.wanted

    def text(self):
        """Returns the ratio with its goal, with as many digits as are needed to tell them apart."""
        if self.wanted is None:
            return "%.2f" % self.ratio
        digits = 2
        while digits < 4 and self._reads_other(round(self.ratio, digits)):
            digits += 1
        value = "%.*f" % (digits, self.ratio)
        return "%s (%s %s)" % ("**%s**" % value if self.short else value, "≥" if self.field in AT_LEAST else "≤", self.wanted)

    def _reads_other(self, rounded):
        return Figure(self.field, rounded, self.wanted).short != self.short


def best_peer(by_server):
    """Returns the peer with the most throughput over all rounds, or None."""
    peers = [name for name in by_server if not is_ours(name) and name != CEILING]
    return max(peers, key=lambda name: stats.median(by_server[name], RATE)) if peers else None


def figures(by_server, wanted):
    """Returns the best peer and the figures of kiobd beside it."""
    best = best_peer(by_server)
    if best is None or OURS not in by_server:
        return None, []
    mine, other = by_server[OURS], by_server[best]
    return best, [Figure(field, stats.ratio(mine, other, field), wanted.get(field)) for field in FIELDS if field in mine[0]]


def below(rows, bar):
    """Returns the rows of more than one request at a time in which kiobd has less than bar of the best peer's throughput."""
    missed = []
    for client, by_workload in rows.items():
        for name, by_server in by_workload.items():
            best, found = figures(by_server, {})
            if best and "depth 1" not in name.split(", ") and found[0].ratio < bar:
                missed.append("%s, %s: %.2f of %s" % (client, name, found[0].ratio, best))
    return missed


def before_and_after(rows):
    """Returns the rows of a table: medians of the rounds' ratios to the other checkout, with their quartiles."""
    lines = []
    for client, by_workload in rows.items():
        for name, by_server in by_workload.items():
            if BEFORE not in by_server:
                continue
            rate, cpu = (stats.quartiles(stats.ratios(by_server[OURS], by_server[BEFORE], field)) for field in (RATE, CPU))
            # Slower only if three quarters of the rounds say so.
            slower, dearer = rate[2] < 1 - TOLERANCE, cpu[0] > 1 + TOLERANCE
            remark = " ".join(word for word, holds in (("slower", slower), ("dearer", dearer)) if holds)
            lines.append([client, name, *("%.2f (%.2f-%.2f)" % (q[1], q[0], q[2]) for q in (rate, cpu)), remark])
    return lines
