"""The report writer: a report is a file docs/performance/DATE-SUBJECT.md; the index of that folder is made from the files in it."""
import datetime
import os
import platform
import re
import sys
from pathlib import Path

from .peers import ROOT

FOLDER = ROOT / "docs" / "performance"
BEGIN, END = "<!-- reports: begin -->\n", "<!-- reports: end -->\n"


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def command_line():
    return "it/bench" + "".join(" " + ("'%s'" % word if " " in word else word) for word in sys.argv[1:])


def measured(what, load_before, note=""):
    """Returns the first paragraph of a report: date, command, how long, machine."""
    return "Measured %s: `%s`, %s. %s, %d cores, Linux %s; load average before: %.1f.%s" % (
        datetime.date.today(), command_line(), what, cpu_model(), os.cpu_count(), platform.release(), load_before, " " + note if note else "")


def table(head, rows):
    """Returns the lines of a table; head and rows are lists of cells."""
    return ["| %s |" % " | ".join(head), "|" + "---|" * len(head)] + ["| %s |" % " | ".join(str(cell) for cell in row) for row in rows]


class Report:
    """Paragraphs and tables of one run."""

    def __init__(self, subject, title, about, versions=(), date=None):
        self.subject, self.date = subject, date or str(datetime.date.today())
        self.lines = ["# " + title, "", about]
        if versions:
            self.lines += ["", "Versions: " + "; ".join(versions) + "."]

    def add(self, *lines):
        self.lines += ["", *lines]

    def table(self, head, rows):
        self.add(*table(head, rows))

    def heading(self, text):
        self.add("## " + text)

    def plot(self, title, name):
        """Adds a reference to a plot that plots.py saves."""
        self.add("![%s](%s-%s.svg)" % (title, self.name, name))

    @property
    def name(self):
        return "%s-%s" % (self.date, self.subject)

    def text(self):
        return "\n".join(self.lines) + "\n"

    def choose_name(self, folder=FOLDER):
        """Gives a second run of one day a number, so that no report replaces another."""
        subject, number = self.subject, 1
        while (folder / (self.name + ".md")).exists():
            number += 1
            self.subject = "%s-%d" % (subject, number)

    def write(self, folder=FOLDER):
        """Writes the file and the index; returns the path."""
        path = folder / (self.name + ".md")
        path.write_text(self.text())
        write_index(folder)
        return path


def entry(path):
    """Returns the line of the index for one report: date, title, command."""
    text = path.read_text()
    title = re.match(r"# (.*)", text).group(1)
    command = re.search(r"Measured [0-9-]+[^`]*`(it/[^`]*)`", text)
    words = "`%s`" % command.group(1).replace("|", "\\|") if command else "by hand"
    return "| %s | [%s](%s) | %s |" % (path.name[:10], title, path.name, words)


def index(folder):
    """Returns the lines of the index, the newest report first."""
    paths = sorted(folder.glob("[0-9]*.md"), key=lambda path: (path.name[:10], path.name), reverse=True)
    return table(["date", "subject", "command"], []) + [entry(path) for path in paths]


def write_index(folder):
    page = folder / "README.md"
    text = page.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    page.write_text(text[:begin] + "\n" + "\n".join(index(folder)) + "\n\n" + text[end:])
