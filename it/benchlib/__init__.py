"""The parts of it/bench.

main          the command line: one subcommand for each subject
run           one run: temporary folder, servers, packages, build; everything is gone when the run ends, however it ends
processes     child processes with a time limit; signals that wait while a process is being started or stopped
peers         how each server is started, stopped and asked for its figures
workloads     what a client asks for, and the goals of the rows
load          the clients: kiobd bench, fio's nbd engine, nbdcopy; each returns a sample
stats         median, spread, ratio, quartiles
goals         kiobd beside the best peer of a row
report        writes docs/performance/DATE-SUBJECT.md and the index of that folder
plots         the same figures as SVG
rows, sweep, stores, costs, profile, fairness, slow_disk      one subject each: measure(...) and report(...)
self_test     checks all of this with made-up figures

A sample is a dictionary of figures: rate (requests/s), cpu (server microseconds a request), p50, p99, p999 (microseconds), ...
A list of samples has one sample for each round.
"""
