"""Starts processes pinned to a core, reads what they used from /proc, and stops them by their id whatever happens."""

import contextlib
import ctypes
import http.client
import os
import pathlib
import resource
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1


class StartError(Exception):
    """A process that was asked for did not come up."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def raise_descriptor_limit():
    """As many descriptors as this user may have; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def raise_priority():
    """As much of the core as there is, in CFS's two scales (the session's group and nice), so that other programs of
    this machine disturb less. Root may; for others nothing changes."""
    with contextlib.suppress(OSError):
        pathlib.Path("/proc/self/autogroup").write_text("-20")
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)


def _prepare_child(cpus):
    def prepare():
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # nothing outlives a killed run
        raise_descriptor_limit()
        raise_priority()
        if cpus is not None:
            os.sched_setaffinity(0, cpus)

    return prepare


class Process:
    """A child in a session of its own, with its output in a file. Use it as a context manager."""

    def __init__(self, command, log, cpus=None, environment=None, folder=None):
        self.command = [str(part) for part in command]
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as output:
            self.child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                preexec_fn=_prepare_child(cpus),
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self.child.pid

    def output(self):
        return self.log.read_text(errors="replace")

    def failure(self, what):
        last = "\n".join(self.output().splitlines()[-5:])
        return StartError(f"{self.command[0]} {what}" + (f"; it said:\n{last}" if last else ""))

    def wait_until_serving(self, port, path="/plaintext", timeout_s=20):
        """Until GET path is answered with 200."""
        give_up = time.monotonic() + timeout_s
        while time.monotonic() < give_up:
            if self.child.poll() is not None:
                raise self.failure(f"ended with {self.child.returncode} instead of serving")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if request(port, "GET", path)[0] == 200:
                    return
            time.sleep(0.005)
        raise self.failure(f"did not serve {path} within {timeout_s} s")

    def stop(self, timeout_s=10):
        """SIGTERM to its whole session, SIGKILL to what is left then. Returns the exit status of the leader."""
        _signal_group(self.pid, signal.SIGTERM)
        try:
            self.child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            pass
        _signal_group(self.pid, signal.SIGKILL)
        return self.child.wait()

    def tree(self):
        return [self.pid, *_descendants(self.pid)]

    def cpu_ns(self):
        """Nanoseconds on a core so far: every thread, ended ones as well, of the process and of its descendants."""
        return sum(_process_cpu_ns(pid) for pid in self.tree())

    def threads(self):
        return sum(len(list(pathlib.Path(f"/proc/{pid}/task").glob("*"))) for pid in self.tree())

    def memory_kib(self, field):
        """Rss, Private_Dirty, ... of smaps_rollup; kernel memory (socket buffers) is no part of it."""
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
        raise KeyError(field)


def wait_until_listening(process, port, timeout_s=10):
    give_up = time.monotonic() + timeout_s
    while time.monotonic() < give_up:
        if process.child.poll() is not None:
            raise process.failure("ended instead of listening")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.01)
    raise process.failure(f"did not listen within {timeout_s} s")


def _signal_group(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)  # the leader of a session leads a group of the same id


def _descendants(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found


def _process_cpu_ns(pid):
    with contextlib.suppress(OSError):
        return time.clock_gettime_ns(~pid << 3 | 2)  # clock_getcpuclockid(3) of that process
    return 0  # it ended between the listing and the reading


def request(port, method, path, body=None, timeout_s=5):
    """One request on a connection of its own: (status, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def stop_on_signals():
    """Turns SIGTERM and SIGHUP into SystemExit, so that context managers stop what they started."""

    def leave(number, _):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
