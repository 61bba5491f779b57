"""Child processes with a time limit. A signal that arrives while a process is being started or stopped waits until that is done."""
import contextlib
import os
import signal
import subprocess
import sys
import time

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 30
BEGAN = time.monotonic()
_clients = set()
_depth = 0
_pending = None


def say(what):
    """Prints a line of progress to standard error."""
    print("it/bench: %3.0f s: %s" % (time.monotonic() - BEGAN, what), file=sys.stderr, flush=True)


def fail(what):
    """Ends the program with a message."""
    raise SystemExit("it/bench: " + what)


def _interrupt(number):
    raise SystemExit("it/bench: ended by %s; nothing was written" % signal.Signals(number).name)


def _on_signal(number, _frame):
    global _pending
    if _depth:
        _pending = number
    else:
        _interrupt(number)


def install_handlers():
    """Makes Ctrl-C, SIGTERM and SIGHUP end the program by way of its clean-up."""
    for number in SIGNALS:
        signal.signal(number, _on_signal)


@contextlib.contextmanager
def uninterrupted():
    """Holds signals back; one that came meanwhile takes effect at the end."""
    global _depth, _pending
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if not _depth and _pending is not None:
            number, _pending = _pending, None
            _interrupt(number)


class Client:
    """A client under way; wait() returns its output."""

    def __init__(self, words, timeout, env=None):
        self.words, self.deadline = [str(word) for word in words], time.monotonic() + timeout
        with uninterrupted():
            self.process = subprocess.Popen(
                self.words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
            _clients.add(self)

    def wait(self):
        """Returns (exit code, standard output, standard error); kills the process when its time is up."""
        try:
            out, errors = self.process.communicate(timeout=max(0.1, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.end()
            fail("%s did not end in time and was killed" % " ".join(self.words))
        _clients.discard(self)
        return self.process.returncode, out, errors

    def end(self):
        """Kills the process if it is still there."""
        with uninterrupted():
            _clients.discard(self)
            if self.process.poll() is None:
                self.process.kill()
            self.process.communicate()


def end_clients():
    """Kills every client that is still there."""
    for client in list(_clients):
        client.end()


def run(words, timeout=60, check=True, env=None):
    """Runs a program to its end and returns its standard output; with check, a failure ends it/bench."""
    code, out, errors = Client(words, timeout, env).wait()
    if check and code != 0:
        fail("%s failed with exit code %d: %s%s" % (" ".join(str(word) for word in words), code, errors, out))
    return out


def first_line(words):
    """Returns the first line that a program prints, on either stream, or "?"."""
    try:
        _, out, errors = Client(words, 60).wait()
    except OSError:
        return "?"
    lines = [line for line in (out + errors).splitlines() if line.strip()]
    return lines[0].strip() if lines else "?"


def end_pid(pid, still_there):
    """Asks the process to end, waits for it, and kills it when its time is up."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while still_there():
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.02)
