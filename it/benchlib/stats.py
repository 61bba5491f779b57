"""Statistics: median, spread, ratio, quartiles, and how a number is printed."""
import statistics


def median(samples, field):
    """Returns the median of a figure, over the samples that have it; None if none has."""
    values = [sample[field] for sample in samples if sample.get(field) is not None]
    return statistics.median(values) if values else None


def ratios(mine, other, field):
    """Returns the ratio of each round: both sides of it were measured within seconds of each other."""
    return [one[field] / two[field] for one, two in zip(mine, other)]


def ratio(mine, other, field):
    """Returns the median of the rounds' ratios."""
    return statistics.median(ratios(mine, other, field))


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3


def thousands(value):
    """Returns 12.3k for 12345."""
    return "%.1fk" % (value / 1000) if value >= 1000 else "%.0f" % value


def two_digits(value):
    return "%.2f" % value


def spread(values, form=thousands):
    """Returns minimum, **median** and maximum."""
    return "%s – **%s** – %s" % (form(min(values)), form(statistics.median(values)), form(max(values)))


def latencies(samples):
    """Returns the medians of p50, p99 and p99.9."""
    return ", ".join("%.0f" % median(samples, field) for field in ("p50", "p99", "p999"))
