"""Asks kiobd what is there, in one resident JVM: a JVM a question would take most of the time there is."""
import base64
import hashlib
import json
import os
import select
import subprocess
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
Answer = namedtuple("Answer", "exit out err")
TIMEOUT_S = 60


def java():
    home = os.environ.get("JAVA_HOME")
    return home + "/bin/java" if home else "java"


class Refused(Exception):
    """A command that had to work did not."""


class Witness:
    """One JVM, started when it is asked first, and again after it has hung or died. Owned by one worker."""

    def __init__(self, folder):
        self.folder, self.process, self.questions = folder, None, 0

    def start(self):
        jar = ROOT / "cli" / "target" / "kiobd.jar"
        command = [java(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-Djava.io.tmpdir=" + str(self.folder), "-cp", str(jar),
                   str(Path(__file__).with_name("Witness.java"))]
        self.log = open(self.folder / "witness.log", "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, bufsize=0, cwd=self.folder)
        self.buffer = b""

    def stop(self):
        if self.process is not None:
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            self.log.close()
            self.process = None

    def ask(self, *words):
        """The answer to a command; exit code -1 if it hung, and -2 if the JVM died of it."""
        if self.process is None:
            self.start()
        line = " ".join(base64.b64encode(str(word).encode()).decode() for word in words) + "\n"
        self.process.stdin.write(line.encode())
        while b"\n" not in self.buffer:
            if not select.select([self.process.stdout], [], [], TIMEOUT_S)[0]:
                self.process.kill()
                self.stop()
                return Answer(-1, "", "no answer for %d s" % TIMEOUT_S)
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                self.stop()
                return Answer(-2, "", "the JVM died")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        code, out, err = line.decode().split(" ")
        return Answer(int(code), *(base64.b64decode(text[1:]).decode() for text in (out, err)))

    def must(self, *words):
        answer = self.ask(*words)
        if answer.exit != 0:
            raise Refused("kiobd %s: exit=%d %s" % (" ".join(map(str, words)), answer.exit, answer.err.strip()))
        return answer.out

    def listed(self, home):
        """What list and snapshot list show, by name, and what is wrong with their answers."""
        found, wrong = {}, []
        for words, field in ((("list",), "volumes"), (("snapshot", "list"), "snapshots")):
            answer = self.ask(*words, "-o", "json", "--home", home)
            if answer.exit != 0:
                wrong.append("%s: exit=%d %s" % (" ".join(words), answer.exit, answer.err.strip()))
                continue
            for entry in json.loads(answer.out)[field]:
                found[entry["volume"]] = entry
        return found, wrong

    def content(self, home, name):
        """The SHA-256 of a volume's content behind its size, or the answer that refused it."""
        image = self.folder / "content.img"
        image.unlink(missing_ok=True)
        answer = self.ask("export", name, image, "--home", home)
        if answer.exit != 0:
            return None, answer
        data = image.read_bytes()
        image.unlink()
        return digest(data), answer


def digest(data):
    return "%d:%s" % (len(data), hashlib.sha256(data).hexdigest()[:16])
