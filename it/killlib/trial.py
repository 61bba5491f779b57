"""One point: a scene, a command with a fault, questions, the same command again, questions."""
import os
import pickle
import random
import shutil
from collections import namedtuple

from . import commands, oracle, scene as scenes, trap
from .place import View
from .witness import Refused, Witness

# second: at which call the same command is killed when it runs again; None: it is not.
Point = namedtuple("Point", "command scene at kind again_first second", defaults=(False, None))
Outcome = namedtuple("Outcome", "point hit exit err findings seconds")
TIMEOUT_S = 120


def environment(folder):
    kept = {name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ}
    options = "-XX:-UsePerfData -XX:-CreateCoredumpOnCrash -Djava.io.tmpdir=%s -XX:ErrorFile=%s/hs_err.log" % (folder, folder)
    return {**kept, "LANG": "C.UTF-8", "HOME": str(folder), "TMPDIR": str(folder), "KIOBD_JAVA_OPTS": options}


class Worker:
    """A view, a witness and what they have prepared. One a process."""

    def __init__(self, place, number, seed, launcher):
        self.place, self.seed, self.launcher = place, seed, launcher
        self.view = View(place, number)
        self.witness = Witness(self.view.temporary)
        self.temporary = self.view.temporary / "tmp"

    def scene(self, name):
        return scenes.Scene(self.place.root, *name.split(":"))

    # --- a scene

    def build(self, name):
        """
        Makes a scene and keeps it, once without the decoys that may be in the way, and once with them; returns what went wrong with two homes
        beside each other.
        """
        scene, rng, trouble = self.scene(name), random.Random("%s decoys %s" % (self.seed, name)), None
        self.view.clear()
        try:
            contents = scenes.build(scene, self.witness, self.seed)
        except Refused as e:
            trouble = str(e)
            self.view.clear()
            contents = scenes.build(scene, self.witness, self.seed, "other2")
        nearby = scenes.put(scene, scenes.NEARBY, rng)
        scenes.age(scene, nearby)
        self.view.keep(name + ":clear")
        in_the_way = scenes.put(scene, scenes.IN_THE_WAY, rng)
        scenes.age(scene, in_the_way)
        self.view.keep(name)
        for variant, decoys in ((name + ":clear", nearby), (name, nearby + in_the_way)):
            with open(self.place.folder / ("known-" + variant), "wb") as file:
                pickle.dump((contents, decoys), file)
        return trouble

    def known(self, variant):
        with open(self.place.folder / ("known-" + variant), "rb") as file:
            return pickle.load(file)

    # --- a command

    def words(self, scene, command):
        return [*command.words(scene), "--home", str(scene.home)]

    def run(self, scene, command, fault):
        if self.temporary.exists():
            shutil.rmtree(self.temporary)
        self.temporary.mkdir()
        commands.socket(scene).unlink(missing_ok=True)
        line = [self.launcher, *self.words(scene, command)]
        try:
            return trap.run(line, str(scene.root), fault, scene.cwd, environment(self.temporary), TIMEOUT_S)
        finally:
            shutil.rmtree(self.temporary)

    def again(self, scene, command):
        """The same command, undisturbed: exit code and error text."""
        if command.serves:
            return self.run(scene, command, trap.Fault())
        return self.witness.ask(*self.words(scene, command))


class Trial:
    def __init__(self, worker, point):
        self.worker, self.point = worker, point
        self.command = commands.BY_NAME[point.command]
        store, place, *_ = point.scene.split(":")
        self.scene = scenes.Scene(worker.place.root, store, place)
        self.contents, self.decoys = worker.known(point.scene)
        worker.view.load(point.scene)
        self.command.prepare(self.scene)
        self.expected = oracle.Expected(self.command, self.scene, self.contents)
        self.files = oracle.Files(self.scene, self.command, scenes.inventory(self.scene.root), self.decoys)
        self.findings, self.said = [], set()

    def say(self, findings, when):
        """Adds findings; what was found before already is not said again."""
        for kind, text in findings:
            if (kind, text) not in self.said:
                self.said.add((kind, text))
                self.findings.append(oracle.Finding(kind, when + ": " + text))

    def run(self):
        """Runs it; returns the run, and findings in ``self.findings``."""
        run = self.worker.run(self.scene, self.command, trap.Fault(self.point.at, self.point.kind))
        if self.point.at is not None and run.hit is None:
            return run  # other threads, another order: the call did not come
        self.after(run)
        if self.point.again_first:
            self.again()
        else:
            self.look("then")
            if self.point.second is not None:
                self.second()
            self.again()
        return run

    def after(self, run):
        self.say(self.files.changed(scenes.inventory(self.scene.root)), "at once")
        if run.hung:
            self.say([oracle.Finding("hang", "still running after %d s" % TIMEOUT_S)], "the command")
        elif self.point.kind != "kill":
            self.say(oracle.error_text(run, self.point.kind, self.command.name in ("serve", "up")), "the command")
            if run.exit == 0:
                found, findings = self.look("after exit code 0", judged=False)
                self.say([oracle.Finding("exit 0", text) for text in self.not_done(found)], "after exit code 0")

    def look(self, when, judged=True):
        found, findings = oracle.look(self.scene, self.worker.witness, self.expected)
        self.say(findings, when)
        if judged:
            self.say(oracle.between(self.expected, found), when)
            if self.command.output and oracle.output(self.expected, self.scene, self.contents) is False:
                self.say([oracle.Finding("mixture", "%s is there and not whole" % self.command.output)], when)
        return found, findings

    def not_done(self, found):
        wrong = oracle.done(self.expected, found)
        if self.command.output and oracle.output(self.expected, self.scene, self.contents) is not True:
            wrong.append("%s is not there, whole" % self.command.output)
        return wrong

    def second(self):
        """The same command again is killed, too."""
        run = self.worker.run(self.scene, self.command, trap.Fault(self.point.second, "kill"))
        self.say(self.files.changed(scenes.inventory(self.scene.root)), "killed again")
        if run.hit is not None:
            self.look("killed again at %s" % run.hit)

    def again(self):
        answer = self.worker.again(self.scene, self.command)
        found, _ = self.look("after the same again", judged=False)
        wrong = self.not_done(found)
        if wrong and answer.exit != 0 and self.command.name in ("create", "copy", "clone", "snapshot-create", "up"):
            name = self.command.names[-1]
            delete = ["snapshot", "delete", name] if "@" in name else ["delete", name, "--yes"]
            deleted = self.worker.witness.ask(*delete, "--home", self.scene.home)
            second = self.worker.again(self.scene, self.command)
            found, _ = self.look("after delete and the same again", judged=False)
            wrong = ["%s (delete exit=%d %s, again exit=%d %s)" % (
                text, deleted.exit, deleted.err.strip()[:200], second.exit, second.err.strip()[:200]) for text in self.not_done(found)]
        if wrong:
            text = "exit=%d %s; %s" % (answer.exit, answer.err.strip()[:300], "; ".join(wrong))
            self.say([oracle.Finding("again", text)], "the same command again")
        now = scenes.inventory(self.scene.root)
        self.say(self.files.changed(now), "in the end")
        if not wrong:
            self.say(self.files.litter(now), "in the end")
