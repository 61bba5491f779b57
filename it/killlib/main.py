"""The command line of it/kill-points: scenes, points, workers, report."""
import argparse
import collections
import json
import multiprocessing
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

from . import calls, commands, report, scene as scenes, trap
from .oracle import Finding
from .place import Place
from .trial import Outcome, Point, Trial, Worker
from .witness import ROOT

SCENES = [store + ":" + place for store in scenes.STORES for place in scenes.PLACES]
Record = collections.namedtuple("Record", "points findings outcomes")
_worker = None


def options_of(arguments, text):
    parser = argparse.ArgumentParser(prog="it/kill-points", description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commands", default=",".join(commands.BY_NAME), help="of: %(default)s")
    parser.add_argument("--scenes", default=",".join(SCENES), help="of: %(default)s; with :clear behind, without decoys in the way")
    parser.add_argument("--kinds", default=",".join(calls.KINDS), help="of: %(default)s")
    parser.add_argument("--points", type=int, default=8, help="kills, and as many errors, of each command in each scene (default: %(default)s)")
    parser.add_argument("--pick", type=int, metavar="N", help="only N pairs of a command and a scene, drawn by lot")
    parser.add_argument("--full", action="store_true", help="every point there is")
    parser.add_argument("--minutes", type=float, default=0, help="begin nothing after that time (default: no bound)")
    parser.add_argument("--seed", default="1", help="decides the scenes' contents, the decoys and the sample (default: %(default)s)")
    parser.add_argument("-j", type=int, default=os.cpu_count(), dest="workers", help="points at a time (default: one a core)")
    parser.add_argument("--json", metavar="FILE", help="write everything that was found there, too")
    parser.add_argument("--list", action="store_true", help="print the points of the commands, and do nothing to them")
    parser.add_argument("--at", metavar="POINT", help="this point alone, as --list or a violation names it")
    parser.add_argument("--again-first", action="store_true", help="with --at: the same command comes again before anybody looks")
    parser.add_argument("--second", type=int, metavar="N", help="with --at: the same command is killed again, at its Nth call")
    parser.add_argument("--launcher", default=str(ROOT / "kiobd"), help="the kiobd to test (default: %(default)s)")
    return parser.parse_args(arguments)


# --- in a worker


def _begin(place, numbers, seed, launcher):
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _worker = Worker(place, numbers.get(), seed, launcher)


def _build(name):
    """Makes a scene; if that shows that something is wrong, a trial of its own says so."""
    began = time.monotonic()
    trouble = _worker.build(name)
    findings = [Finding("undisturbed", trouble)] if trouble else []
    return Outcome(Point("scene", name, None, None), None, 0, trouble or "", findings, time.monotonic() - began)


def _once(point):
    began = time.monotonic()
    try:
        trial = Trial(_worker, point)
        run = trial.run()
        return Outcome(point, run.hit, run.exit, run.err, trial.findings, time.monotonic() - began), run.calls
    except Exception:  # noqa: BLE001 - one trial must not end the others
        text = traceback.format_exc(limit=-3).replace("\n", " | ")
        return Outcome(point, None, None, "", [Finding("harness", text)], time.monotonic() - began), []


def _record(job):
    """Runs a command undisturbed: with everything in its way, and if that is not as it should be, with less."""
    command, name, deadline = job
    if time.monotonic() > deadline:
        return (command, name), name, [], []
    outcome, made = _once(Point(command, name, None, None))
    outcomes = [outcome]
    if (outcome.findings or outcome.exit != 0) and not name.endswith(":clear"):
        if outcome.exit != 0 and not outcome.findings:
            outcome.findings.append(Finding("undisturbed", "exit=%s %s" % (outcome.exit, outcome.err.strip()[:300])))
        outcome, made = _once(Point(command, name + ":clear", None, None))
        outcomes.append(outcome)
    if outcome.exit != 0 and not outcome.findings:
        outcome.findings.append(Finding("undisturbed", "exit=%s %s" % (outcome.exit, outcome.err.strip()[:300])))
    return (command, name), outcome.point.scene, made, outcomes


def _try(point):
    return _once(point)[0]


# --- in the one that has the workers


def sample(options, command, variant, made):
    """The points of a command that are to be tried."""
    rng = random.Random("%s %s %s" % (options.seed, command, variant))
    chosen = []
    kills = [at for at in made if calls.KINDS["kill"].applies(at.split(" ")[0])] if "kill" in options.kinds.split(",") else []
    for at in kills if options.full else rng.sample(kills, min(options.points, len(kills))):
        second = rng.randrange(1, len(made) + 1) if rng.random() < 0.25 else None
        chosen.append(Point(command, variant, at, "kill", second is None and rng.random() < 0.4, second))
    errors = []
    for kind in options.kinds.split(","):
        if kind != "kill":
            applying = [at for at in made if calls.KINDS[kind].applies(at.split(" ")[0])]
            rng.shuffle(applying)
            errors += [(turn, kind, at) for turn, at in enumerate(applying)]
    errors.sort(key=lambda each: each[0])  # all kinds take turns
    for _, kind, at in errors if options.full else errors[:options.points]:
        chosen.append(Point(command, variant, at, kind, rng.random() < 0.4))
    return chosen


def say(text):
    print(text, file=sys.stderr, flush=True)


def work(options, pool, place):
    jobs = [(name, each) for each in options.scenes.split(",") for name in options.commands.split(",")]
    if options.pick:
        jobs = random.Random("pick %s" % options.seed).sample(jobs, min(options.pick, len(jobs)))
    deadline = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    bare = list(dict.fromkeys(":".join(each.split(":")[:2]) for _, each in jobs))
    outcomes = pool.map(_build, bare, 1)
    say("scenes are made: %s" % ", ".join(bare))
    recorded, points = {}, []
    if options.at:
        at = int(options.at) if options.at.isdigit() else options.at
        points = [Point(*job, at, kind, options.again_first, options.second) for job in jobs for kind in options.kinds.split(",")]
        recorded = {job: Record([], [], []) for job in jobs}
    else:
        for job, variant, made, tried in pool.imap(_record, [(*job, deadline) for job in jobs], 1):
            recorded[job] = Record(made, [each for outcome in tried for each in outcome.findings], tried)
            outcomes += tried
            points += sample(options, job[0], variant, made)
        say("commands are recorded: points=%d, to be tried=%d" % (sum(len(each.points) for each in recorded.values()), len(points)))
    if options.list:
        for (name, each), record in recorded.items():
            print("\n".join("%s %s: %s" % (name, each, point) for point in record.points))
        return recorded, outcomes
    # In an order by lot: a run that is cut short has seen something of everything.
    random.Random(str(options.seed)).shuffle(points)
    if len(points) > 0:
        outcomes += tried_in_time(pool, points, deadline)
    return recorded, outcomes


def tried_in_time(pool, points, deadline):
    found, began, told = [], time.monotonic(), time.monotonic()
    waiting = (point for point in points if time.monotonic() < deadline)
    running = []
    try:
        while True:
            while len(running) < pool._processes * 2:
                point = next(waiting, None)
                if point is None:
                    break
                running.append(pool.apply_async(_try, (point,)))
            if not running:
                return found
            found.append(running.pop(0).get())
            if time.monotonic() - told > 60:
                told = time.monotonic()
                say("tried=%d of %d, violations=%d, s each=%.1f" % (
                    len(found), len(points), sum(1 for each in found if each.findings), (told - began) / len(found)))
    except KeyboardInterrupt:
        say("interrupted; what follows is what was found until then")
        return found


def _end(*_):
    # Once: timeout(1) sends it twice, and what is mounted has to be unmounted.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(143)


def main(text, arguments=None):
    options = options_of(arguments, text)
    for value, known in ((options.commands, commands.BY_NAME), (options.kinds, calls.KINDS)):
        unknown = set(value.split(",")) - set(known)
        if unknown:
            raise SystemExit("it/kill-points: unknown: %s; there are: %s" % (", ".join(sorted(unknown)), ", ".join(known)))
    signal.signal(signal.SIGTERM, _end)
    began = time.monotonic()
    place = Place()
    pool = None
    try:
        numbers = multiprocessing.SimpleQueue()
        for number in range(options.workers * 100):  # a worker that dies is replaced
            numbers.put(number)
        pool = multiprocessing.Pool(options.workers, _begin, (place, numbers, options.seed, str(Path(options.launcher).resolve())))
        recorded, outcomes = work(options, pool, place)
        pool.close()
        pool.join()
        pool = None
    finally:
        if pool is not None:
            pool.terminate()
            pool.join()
        place.close()
    if options.list:
        return 0
    bad = [outcome for outcome in outcomes if outcome.findings]
    print(report.table(recorded, outcomes))
    if bad:
        print(report.violations(outcomes, place.root, options.seed))
    seconds = time.monotonic() - began
    print("\nseed=%s trials=%d violations=%d seconds=%.0f seconds a trial=%.1f" % (
        options.seed, len(outcomes), len(bad), seconds, sum(each.seconds for each in outcomes) / max(1, len(outcomes))))
    if options.json:
        Path(options.json).write_text(json.dumps(report.as_json(options, recorded, outcomes, place.root), indent=1) + "\n")
    return 1 if bad else 0
