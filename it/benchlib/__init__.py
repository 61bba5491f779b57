"""What it/bench is made of: servers, workloads, clients, measuring, sweeps, verdicts, plots and the section of docs/PERFORMANCE.md.

Everything measured goes into one dictionary of plain values, which can be kept as JSON and be drawn again (it/bench --from FILE).
A sample is a dictionary of figures: rate, cpu, p50, ... A list of samples is one server's, one for each round.
"""
