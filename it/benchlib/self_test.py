"""it/bench self-test: checks statistics, goals, reports and clean-up with made-up figures; starts no server and takes seconds.

MeasurementsIT runs it with the integration tests.
"""
import contextlib
import io
import json
import os
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

from . import costs, fairness, goals, load, peers, processes, profile, report, rows, run as runs, slow_disk, stats, stores, sweep, workloads

ABOUT = "Measured 2026-01-02: `it/bench x`, nothing. No machine."


def sample(rate, **more):
    """Returns a made-up sample."""
    return {"rate": rate, "cpu": 1e6 / rate, "p50": 10, "p99": 20, "p999": 30, "requests": rate, "writes": 0, **more}


def run(_options):
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=1).run(suite)
    print("self-test: tests=%d failures=%d" % (result.testsRun, len(result.failures) + len(result.errors)))
    return 0 if result.wasSuccessful() else 1


class StatsTest(unittest.TestCase):
    def test_a_median_ignores_samples_without_the_figure(self):
        self.assertEqual(3, stats.median([{"a": 1}, {"a": None}, {"a": 5}, {}], "a"))
        self.assertIsNone(stats.median([{}], "a"))

    def test_a_ratio_is_the_median_of_the_rounds(self):
        mine, other = [sample(rate) for rate in (10, 30, 90)], [sample(rate) for rate in (10, 10, 10)]
        self.assertEqual(3, stats.ratio(mine, other, "rate"))

    def test_spread_and_quartiles(self):
        self.assertEqual("900 – **1.5k** – 12.0k", stats.spread([12000, 900, 1500]))
        self.assertEqual([2, 3, 4], stats.quartiles([1, 2, 3, 4, 5]))
        self.assertEqual([7, 7, 7], stats.quartiles([7]))


class GoalsTest(unittest.TestCase):
    def test_a_goal_is_a_minimum_for_throughput_and_a_maximum_for_the_rest(self):
        self.assertTrue(goals.Figure("rate", 1.1, 1.2).short)
        self.assertFalse(goals.Figure("rate", 1.3, 1.2).short)
        self.assertTrue(goals.Figure("cpu", 0.6, 0.5).short)
        self.assertFalse(goals.Figure("cpu", 9, None).short)

    def test_rounding_does_not_hide_a_missed_goal(self):
        self.assertEqual("**1.002** (≤ 1.0)", goals.Figure("p50", 1.002, 1.0).text())

    def test_the_best_peer_is_neither_ours_nor_the_limit_of_the_client(self):
        found = {"kiobd": [sample(9)], "kiobd epoll": [sample(99)], "no storage": [sample(999)], "a": [sample(3)], "b": [sample(4)]}
        self.assertEqual("b", goals.best_peer(found))

    def test_the_bar_is_for_more_than_one_request_at_a_time(self):
        slow = {"kiobd": [sample(6)], "a": [sample(10)]}
        self.assertEqual(["bench, x, depth 32: 0.60 of a"], goals.below({"bench": {"x, depth 32": slow, "x, depth 1": slow}}, 0.7))

    def test_slower_than_before_only_if_three_quarters_of_the_rounds_say_so(self):
        def remark(rates):
            after, before = [sample(rate) for rate in rates], [sample(100)] * len(rates)
            return goals.before_and_after({"bench": {"w": {"kiobd": after, "kiobd before": before}}})[0][-1]

        self.assertEqual("slower dearer", remark([80, 81, 82, 83]))
        self.assertEqual("", remark([80, 99, 101, 100]))


class ClientsTest(unittest.TestCase):
    def test_the_report_of_kiobd_bench(self):
        part = {"requestsPerSecond": 5, "requests": 10, "latencyUs": {"p50": 1, "p99": 2, "p99.9": 3}}
        found = load.bench_sample({"read": part, "write": {**part, "requests": 7}, "answeredRequests": 17}, 34)
        self.assertEqual((10, 2, 7), (found["rate"], found["cpu"], found["writes"]))
        self.assertIsNone(load.bench_sample({"answeredRequests": 0}, 1))

    def test_the_report_of_fio(self):
        side = {"iops": 4, "total_ios": 8, "clat_ns": {"percentile": {"50.000000": 1000, "99.000000": 2000, "99.900000": 3000}}}
        text = "a warning\n" + json.dumps({"jobs": [{"error": 0, "read": side, "write": {"total_ios": 0}}]})
        found = load.fio_sample(text, 16)
        self.assertEqual((4, 2, 1, 3, 0), tuple(found[field] for field in ("rate", "cpu", "p50", "p999", "writes")))

    def test_words_of_a_workload(self):
        one = workloads.Workload("randrw", 4096, 8, 16, 70, fio_more=["--fsync=1"])
        self.assertEqual("--rw=randrw --bs=4096 --iodepth=8 --rwmixread=70 --numjobs=16 --fsync=1", " ".join(one.fio_words()))
        self.assertEqual("--rw randrw --bs 4096 --depth 8 --mix 70 --connections 16", " ".join(one.bench_words()))

    def test_strace_and_the_collectors_log(self):
        calls, most = costs.calls_of(" 60.00 0.1 5 20 read\n 40.00 0.1 5 10 2 write\n100.00 0.2 5 30 2 total\n", 10)
        self.assertEqual((3, ["read 2.00", "write 1.00"]), (calls, most))
        log = "Pause Young 12M->2M(64M) 1.5ms\nPause Young 14M->3M(64M) 0.5ms\n"
        self.assertEqual({"bytes": 24 << 20, "pauses": 2, "pause_ms": 1.5}, costs.collected(log, 1))

    def test_stages_of_a_profile(self):
        self.assertEqual("page cache: read", profile.stage_of(["copy", "filemap_read", "io.netty.x"]))
        self.assertEqual("split and issue", profile.stage_of(["org.kiobd.store.file.FilePort.submit"]))
        self.assertEqual("the server's own code", profile.stage_of(["main"]))
        self.assertEqual([["inner", "outer"]], list(profile.stacks("java\n  12 inner\n  34 outer\n\n")))


class ReportTest(unittest.TestCase):
    def test_every_subject_makes_a_report(self):
        names = ("kiobd", "nbdkit file", "qemu-nbd io_uring", "nbd-server")
        by_server = {name: [sample(100 + i)] * 2 for i, name in enumerate(names)}
        base = {"about": ABOUT, "versions": ["v1"]}
        row = workloads.ROWS[0]
        made = {
            "rows": rows.report({**base, "commands": {"kiobd": "serve"}, "rows": {"bench": {row.name: by_server}}, "workloads": {
                row.name: {"wanted": row.wanted, "bench": "b", "fio": "f"}}, "copies": {way: by_server for way in workloads.COPIES}, "cold": by_server}),
            "sweep": sweep.report({
                **base, "blocks": {way: {"4096": by_server} for way in sweep.WAYS}, "depths": {way: {"1": by_server} for way in sweep.WAYS},
                "merging": {way: {"random": {mode: [sample(5, ratio=2)] for mode in sweep.MERGE_MODES}} for way in ("read", "write")}}),
            "stores": stores.report({**base, "loads": {"w": {name: [sample(9, amplification=None, peak=7)] for name in stores.KINDS}}}),
            "costs": costs.report({
                **base, "seconds": 1, "start": [0.1], "steady": {**costs.collected("", 1), "rate": 5, "resident_mib": 6},
                "calls": {name: {way: (1.5, ["read 1.00"]) for way in costs.WAYS} for name in names}}),
            "profile": profile.report({**base, "rows": {"w": {name: {"cpu": 2, "rate": 3, "stages": {"reply": 1}} for name in names}}}),
            "fairness": fairness.report({**base, "servers": {name: [{key: sample(4) for key in ("alone", "beside", "greedy")}] for name in names}}),
            "slow-disk": slow_disk.report({
                **base, "rooms": {"as it is": {policy: [{"read": sample(4), "write": sample(5)}] for policy in slow_disk.POLICIES}}}),
        }
        for name, page in made.items():
            with self.subTest(name):
                self.assertEqual(name, page.subject)
                self.assertIn(ABOUT, page.text())
                widths = [line.count("|") for line in page.text().split("\n") if line.startswith("|")]
                self.assertTrue(widths)
        text = made["rows"].text()
        self.assertIn("**0.97** (≥ 1.4)", text)
        self.assertIn("Of 4 figures with a goal, 0 reach it and 4 are short.", text)

    def test_no_report_replaces_another_and_the_index_has_both(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "README.md").write_text("# Runs\n\n%s%s" % (report.BEGIN, report.END))
            for _ in range(2):
                page = report.Report("x", "An x", ABOUT, date="2026-01-02")
                page.choose_name(folder)
                page.write(folder)
            index = (folder / "README.md").read_text()
            self.assertIn("| 2026-01-02 | [An x](2026-01-02-x.md) | `it/bench x` |", index)
            self.assertIn("(2026-01-02-x-2.md)", index)

    def test_the_index_in_the_repository_is_the_one_of_its_files(self):
        page = (report.FOLDER / "README.md").read_text()
        kept = page[page.index(report.BEGIN) + len(report.BEGIN):page.index(report.END)].strip()
        self.assertEqual("\n".join(report.index(report.FOLDER)), kept)


class CommandLineTest(unittest.TestCase):
    def test_every_subject_explains_itself_with_an_example(self):
        from . import main

        for name in [*main.SUBJECTS, "self-test"]:
            out = io.StringIO()
            with self.subTest(name), contextlib.redirect_stdout(out), self.assertRaises(SystemExit) as ended:
                main.main("x", [name, "--help"])
            self.assertEqual(0, ended.exception.code)
            if name in main.SUBJECTS:
                self.assertIn("it/bench " + name, out.getvalue().split("examples:")[1])

    def test_a_server_that_is_not_known_is_refused(self):
        from . import main

        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), self.assertRaises(SystemExit) as ended:
            main.main("x", ["rows", "--servers", "kiobd,apache"])
        self.assertEqual(2, ended.exception.code)
        self.assertIn("unknown servers: apache", errors.getvalue())


class CleanUpTest(unittest.TestCase):
    def test_a_client_that_does_not_end_in_time_is_killed(self):
        client = processes.Client(["sleep", "60"], 0.1)
        with self.assertRaises(SystemExit):
            client.wait()
        self.assertIsNotNone(client.process.poll())

    def test_an_interrupted_run_ends_servers_and_clients_and_removes_its_folder(self):
        class Sleeper(peers.Server):
            stores = False

            def command(self):
                return ["sleep", "60"]

            def _answers(self):
                return True

        old = {number: signal.getsignal(number) for number in processes.SIGNALS}
        processes.install_handlers()
        try:
            with self.assertRaises(SystemExit) as ended, runs.Run() as here:
                server = here.add("sleeper", 0, Sleeper)
                here.start([server])
                client = processes.Client(["sleep", "60"], 60)
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(5)
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
        self.assertIn("SIGINT", str(ended.exception.code))
        self.assertIsNotNone(server.process.poll())
        self.assertIsNotNone(client.process.poll())
        self.assertFalse(here.folder.exists())
