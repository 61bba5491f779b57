"""Holds what is found against what must be true. A finding is a kind of violation and a sentence."""
import re
from collections import namedtuple

from . import calls
from .witness import digest

Finding = namedtuple("Finding", "kind text")
# What a volume is found to be.
ABSENT, UNFINISHED, REFUSED = "absent", "unfinished", "refused"
OWN_FILES = {"lock", "manifest.json"}


class Expected:
    """What a command must leave: the contents before and after, by name, as digests."""

    def __init__(self, command, scene, contents):
        self.command = command
        # A volume that is to be assembled has no manifest yet.
        self.before = {name: digest(data) for name, data in contents.items() if scene.manifest(name) is not None}
        self.after = {name: digest(data) for name, data in command.after(contents, scene).items()}

    @property
    def names(self):
        return [name for name in sorted({*self.before, *self.after}) if name in self.command.names]


def look(scene, witness, expected):
    """What kiobd says is there: by name ABSENT, UNFINISHED, REFUSED or the digest of its content; and findings."""
    listed, wrong = witness.listed(scene.home)
    findings = [Finding("list", text) for text in wrong]
    found = {}
    for name in sorted({*expected.before, *expected.after}):
        entry = listed.get(name)
        if entry is None:
            found[name] = ABSENT
        elif str(entry.get("state", "")).startswith("unfinished"):
            found[name] = UNFINISHED
            findings += _unfinished(scene, witness, name)
        elif name in expected.command.names:
            found[name] = _content(scene, witness, name, entry, findings)
        else:
            found[name] = expected.before[name]  # its files are looked at
            if entry.get("state") != "idle":
                findings.append(Finding("list", "%s, which was not named, is shown as state=%s" % (name, entry.get("state"))))
    return found, findings


def _content(scene, witness, name, entry, findings):
    check = witness.ask("check", name, "--home", scene.home)
    content, export = witness.content(scene.home, name)
    if check.exit != 0 or entry.get("state") != "idle":
        findings.append(Finding("refused", "%s: state=%s, check exit=%d: %s" % (name, entry.get("state"), check.exit, _short(check))))
    if content is None:
        findings.append(Finding("refused", "%s: export exit=%d: %s" % (name, export.exit, _short(export))))
        return REFUSED
    return content


def _unfinished(scene, witness, name):
    for words in (("check", name), ("export", name, scene.root.parent / "never.img")):
        answer = witness.ask(*words, "--home", scene.home)
        lines = answer.err.strip().splitlines()
        if answer.exit != 1 or len(lines) != 1 or "unfinished" not in lines[0]:
            text = "%s is unfinished, and %s does not say so in one line: exit=%d %s"
            yield Finding("unfinished", text % (name, words[0], answer.exit, _short(answer)))


def _short(answer):
    return (answer.err.strip() or answer.out.strip()).replace("\n", " | ")[:300]


def between(expected, found):
    """Findings where a volume is neither as before nor as after."""
    findings, command = [], expected.command
    for name in expected.names:
        before, after, now = expected.before.get(name), expected.after.get(name), found[name]
        if now == ABSENT and before is not None and after is not None:
            findings.append(Finding("lost", "%s is not listed" % name))
        elif now == UNFINISHED and before is not None and after is not None and name not in command.half:
            findings.append(Finding("unfinished", "%s is unfinished, though the command did not have to touch its data" % name))
        elif now not in (ABSENT, UNFINISHED, REFUSED, before, after):
            findings.append(Finding("mixture", "%s has neither its old nor its new content: %s" % (name, now)))
    if command.name == "rename" and (found["data"] == ABSENT) == (found["renamed"] == ABSENT):
        findings.append(Finding("lost", "data is %s and renamed is %s" % (found["data"], found["renamed"])))
    return findings


def done(expected, found):
    """What is not as after an undisturbed command."""
    wrong = []
    for name in sorted({*expected.before, *expected.after}):
        if found[name] != expected.after.get(name, ABSENT):
            wrong.append("%s is %s, not %s" % (name, found[name], expected.after.get(name, ABSENT)))
    return wrong


def output(expected, scene, contents):
    """The file that a command writes: None if it is absent, true if it is whole."""
    path = scene.root / expected.command.output
    return None if not path.exists() else path.read_bytes() == contents["data"]


# A server that ends in trouble may log what it did about it for each of two members, and what it means.
MOST_LOG_LINES = 6


def error_text(run, kind, is_server):
    """How a command that was failed says so. A server has its log on standard error as well, in lines with a time, and may say it there."""
    lines = [line for line in run.err.splitlines() if line.strip()]
    logged = [line for line in lines if is_server and re.match(r"\d\d:\d\d:\d\d\.\d{3} ", line)]
    said = len(lines) - len(logged)
    text = run.err + run.out
    if re.search(r"^\s+at [\w.$]+\(", text, re.M) or "Exception in thread" in text or "SIGSEGV" in text or "SIGABRT" in text:
        yield Finding("stack trace", "exit=%d: %s" % (run.exit, " | ".join(lines)[:300]))
    elif re.search(r"\bbug\b", text):
        yield Finding("bug", "exit=%d: %s" % (run.exit, " | ".join(lines)[:300]))
    elif run.exit != 0 and (said > 1 or not lines or len(logged) > MOST_LOG_LINES):
        yield Finding("lines", "exit=%d and lines=%d on standard error: %s" % (run.exit, len(lines), " | ".join(lines)[:300]))
    if kind != "full" and (run.exit == 3 or re.search(r"\bdamaged?\b", text)):
        yield Finding("false damage", "exit=%d: %s" % (run.exit, " | ".join(lines)[:300]))


class Files:
    """The files of a scene before a command: which of them are foreign to it, and what it left."""

    def __init__(self, scene, command, inventory, decoys):
        self.scene, self.command, self.decoys = scene, command, {calls.plain(name) for name in decoys}
        own = set()
        for name in command.names:
            own |= self._own(name)
        self.before = inventory
        self.foreign = {path: entry for path, entry in inventory.items() if self.is_decoy(path) or not self._is_under(path, own)}

    def is_decoy(self, path):
        return path in self.decoys or any(path.startswith(decoy + "/") or path == decoy + "-target" for decoy in self.decoys)

    def _own(self, name):
        scene = self.scene
        places = [scene.folder(name), *scene.members(name)]
        if "@" not in name:
            # Snapshots are named for themselves.
            inner = scene.folder(name) / "snapshots"
            entries = [each for each in scene.folder(name).iterdir() if each != inner] if scene.folder(name).is_dir() else []
            places = [*entries, *scene.members(name)]
        return {self._relative(path) for path in places}

    def _relative(self, path):
        return str(path.relative_to(self.scene.root))

    @staticmethod
    def _is_under(path, roots):
        while path:
            if path in roots:
                return True
            path = path.rpartition("/")[0]
        return False

    def changed(self, inventory):
        """Findings about what is foreign and not as it was."""
        findings = []
        for path, was in sorted(self.foreign.items()):
            now = inventory.get(path)
            if now is None and self.command.name == "rename":
                now = inventory.get(path.replace("a/home/volumes/data", "a/home/volumes/renamed", 1))
            what = None
            if now is None:
                if was.type == 0o040000 and not self.is_decoy(path) and self._is_emptied(path, inventory):
                    continue
                what = "is gone"
            elif now[:4] != was[:4]:
                differing = [field for field in now._fields[:4] if getattr(now, field) != getattr(was, field)]
                what = "has another " + ", ".join("%s (%s, was %s)" % (field, getattr(now, field), getattr(was, field)) for field in differing)
            elif self.is_decoy(path) and now.mtime != was.mtime:
                what = "has another time of change"
            if what:
                findings.append(Finding("foreign", "%s %s" % (path, what)))
        return findings

    def _is_emptied(self, path, inventory):
        """A folder of a volume goes away with the last thing in it."""
        return path.startswith("a/home/volumes/") and not any(each.startswith(path + "/") and self.is_decoy(each) for each in self.before)

    def litter(self, inventory):
        """What belongs neither to a volume that is there nor to somebody else."""
        scene, explained = self.scene, {"a", "b"}
        roots = set()
        for home in (scene.home, scene.home2):
            volumes = sorted(each.name for each in (home / "volumes").iterdir() if each.is_dir())
            for volume in volumes:
                for name in (volume, *scene.snapshots(volume, home)):
                    if scene.manifest(name, home) is not None:
                        folder = scene.folder(name, home)
                        explained |= {self._relative(folder / own) for own in OWN_FILES}
                        roots |= {self._relative(path) for path in scene.members(name, home)}
        if self.command.output:
            explained.add(self.command.output)
        explained |= set(self.foreign)
        if self.command.name == "rename":
            explained |= {path.replace("a/home/volumes/data", "a/home/volumes/renamed", 1) for path in self.foreign}
        left = [path for path in inventory if path not in explained and not self._is_under(path, roots)]
        parents = set()
        for path in [path for path in inventory if path in explained or self._is_under(path, roots)]:
            while path:
                path = path.rpartition("/")[0]
                parents.add(path)
        return [Finding("litter", calls.plain(path)) for path in sorted(left) if path not in parents]
