"""Runs a program and holds it at system calls on paths of the scene: all its threads and children are counted together, in order of arrival.

The kernel asks this process about each such call (seccomp user notification, Linux 5.19): the rest runs at full speed, and nothing is preloaded,
so calls from any library are seen. A program killed at a call has not made it.
"""
import collections
import ctypes
import errno
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import threading

from . import calls

_LIBC = ctypes.CDLL(None, use_errno=True)
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_CONTINUE = 1
_NEW_LISTENER, _WAIT_KILLABLE = 1 << 3, 1 << 5
_NO_NEW_PRIVS, _FILTER_MODE = 38, 1
_PATH_MAX = 4096
_AT_FDCWD = -100

Call = collections.namedtuple("Call", "name path")
Run = collections.namedtuple("Run", "exit out err calls hit hung")


def key(call, count):
    return "%s %s#%d" % (call.name, call.path, count)


class Fault:
    """What is done to a program: at the call with this key, or of this number, what its kind says. None of both: it is only watched."""

    def __init__(self, at=None, kind=None):
        self.at, self.kind = at, calls.KINDS[kind] if kind else None


class _Supervisor(threading.Thread):
    """Answers for one program, until its last thread has ended."""

    def __init__(self, receiver, root, fault):
        super().__init__(daemon=True)
        self.receiver, self.root, self.fault = receiver, root.rstrip("/") + "/", fault
        self.calls, self.counts, self.hit = [], collections.Counter(), None
        self.ended = threading.Event()
        self.trouble = None

    def run(self):
        listener = None
        try:
            _, descriptors, _, _ = socket.recv_fds(self.receiver, 16, 1)
            if descriptors:
                listener = descriptors[0]
                self.listen(listener)
        except Exception as e:  # noqa: BLE001 - told to who waits
            self.trouble = e
        finally:
            # With the listener closed every call that still waits fails; nothing hangs.
            if listener is not None:
                os.close(listener)

    def listen(self, listener):
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while not self.ended.is_set():
            for _, event in poll.poll(200):
                if event & select.POLLIN:
                    self.answer(listener)
                elif event & (select.POLLHUP | select.POLLERR):
                    return

    def answer(self, listener):
        notice = bytearray(80)
        try:
            fcntl.ioctl(listener, _RECEIVE, notice)
        except OSError as e:
            if e.errno in (errno.ENOENT, errno.EINTR):
                return
            raise
        ident, pid, _, number, _, _ = struct.unpack_from("QIIiIQ", notice)
        args = struct.unpack_from("6Q", notice, 32)
        error = self.decide(pid, number, args)
        if error is None:
            return
        answer = struct.pack("QqiI", ident, 0, -error, 0 if error else _CONTINUE)
        try:
            fcntl.ioctl(listener, _SEND, answer)
        except OSError as e:
            if e.errno != errno.ENOENT:  # the thread was killed meanwhile
                raise

    def decide(self, pid, number, args):
        """The error the call is answered with, 0 to let it happen, None if nobody waits for an answer any more."""
        name = calls.name_of(number, args)
        try:
            path = self.path(pid, calls.NAME[number], args)
        except OSError:
            return 0
        if path is None:
            return 0
        call = Call(name, path)
        self.counts[call] += 1
        at = key(call, self.counts[call])
        self.calls.append(at)
        kind = self.fault.kind
        if kind is None:
            return 0
        if self.hit is None and self.fault.at in (at, len(self.calls)):
            self.hit = at
            if kind.error is None:
                os.killpg(os.getpgid(pid), signal.SIGKILL)
                return None
            return kind.error
        if self.hit is not None and kind.sticky and kind.applies(name) and self.takes_space(pid, number, args):
            return kind.error
        return 0

    def takes_space(self, pid, number, args):
        """Opening what is there takes none."""
        if calls.NAME[number] not in ("open", "openat"):
            return True
        where = self.absolute(pid, "d" if calls.NAME[number] == "openat" else "p", list(args))
        return not os.path.lexists(where)

    def path(self, pid, name, args):
        """The path of the call in the scene, without what differs from run to run; None if it is elsewhere."""
        rest, found = list(args), None
        for letter in calls.SHAPES[name]:
            if letter == ".":
                rest.pop(0)
                continue
            where = self.absolute(pid, letter, rest)
            if where.startswith(self.root):
                found = where
        return None if found is None else calls.plain(found[len(self.root):])

    def absolute(self, pid, letter, rest):
        if letter == "f":
            return os.readlink("/proc/%d/fd/%d" % (pid, rest.pop(0) & 0x7FFFFFFF))
        folder = ctypes.c_int(rest.pop(0) & 0xFFFFFFFF).value if letter == "d" else _AT_FDCWD
        path = self.text(pid, rest.pop(0))
        if not path.startswith("/"):
            base = "/proc/%d/cwd" % pid if folder == _AT_FDCWD else "/proc/%d/fd/%d" % (pid, folder)
            path = os.path.join(os.readlink(base), path)
        return os.path.normpath(path)

    def text(self, pid, address):
        # Opened each time: after an exec it is another memory.
        memory = os.open("/proc/%d/mem" % pid, os.O_RDONLY | os.O_CLOEXEC)
        try:
            found = b""
            while len(found) < _PATH_MAX and b"\0" not in found:
                at = address + len(found)
                # Not across a page that may not be there.
                more = os.pread(memory, 4096 - at % 4096, at)
                if not more:
                    raise OSError(errno.ESRCH, "its memory is gone")
                found += more
        finally:
            os.close(memory)
        return os.fsdecode(found.split(b"\0", 1)[0])


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def _enter(sender):
    """In the child, before exec: installs the filter and hands its listener to the supervisor."""
    code, length = calls.program()
    if _LIBC.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
    listener = _LIBC.syscall(calls.SECCOMP, _FILTER_MODE, _NEW_LISTENER | _WAIT_KILLABLE, ctypes.byref(_Program(length, code)))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp with a listener; Linux 5.19 or newer is needed")
    socket.send_fds(sender, [b"l"], [listener])
    os.close(listener)


def run(command, root, fault, folder, environment, timeout_s):
    """Runs a command in ``folder``; its standard streams are files, so that nobody who lives on can hold them."""
    receiver, sender = socket.socketpair()
    supervisor = _Supervisor(receiver, root, fault)
    out, err = os.memfd_create("out"), os.memfd_create("err")
    hung = False
    supervisor.start()
    try:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   start_new_session=True, preexec_fn=lambda: _enter(sender))
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            hung = True
        _end(process)
        exit_code = process.wait(30)
    finally:
        supervisor.ended.set()
        sender.close()
        supervisor.join(10)
        receiver.close()
        texts = _text(out), _text(err)
    if supervisor.trouble is not None:
        raise RuntimeError("the supervisor of %s failed" % command) from supervisor.trouble
    return Run(exit_code, texts[0], texts[1], supervisor.calls, supervisor.hit, hung)


def _end(process):
    """Whatever the command has left in its group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _text(descriptor):
    with os.fdopen(descriptor, "rb") as stream:
        stream.seek(0)
        return stream.read().decode(errors="replace")
