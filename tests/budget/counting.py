"""Counts what one request costs a server: system calls, allocations, locks, user instructions.

Nothing here is timed. Each figure is what more requests cost more, so that starting and stopping do not count. The
server runs on one core, hence on one loop.
"""

import collections
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
sys.dont_write_bytecode = True

from harness.processes import Process, StartError, free_port  # noqa: E402

CPUS = {min(os.sched_getaffinity(0))}
BATCH = 64  # connections


class Skip(Exception):
    """What this machine lacks; the test reports it as skipped."""


def need(tool):
    if not shutil.which(tool):
        raise Skip(f"{tool} is not installed")
    return tool


class Client:
    """One keep-alive connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request):
        self.socket.sendall(request)

    def repeat(self, request, count):
        """Each is sent after the answer to the one before."""
        for _ in range(count):
            self.send(request)
            self.receive()

    def receive(self):
        """One reply with Content-Length; anything but 200 is an error."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more(received)
        head, _, body = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise StartError(f"the server answered {head.splitlines()[0]!r} {body[:200]!r}")
        length = next(
            int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length:")
        )
        while len(body) < length:
            body += self._more(received)

    def _more(self, received):
        part = self.socket.recv(65536)
        if not part:
            raise StartError(f"the server closed the connection after {received[-200:]!r}")
        return part

    def close(self):
        self.socket.close()


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: budget\r\nAccept: */*\r\n\r\n".encode()


def post(path, body):
    head = f"POST {path} HTTP/1.1\r\nHost: budget\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def one_by_one(port, request, count):
    client = Client(port)
    client.repeat(request, count)
    return [client]


@contextlib.contextmanager
def started(command, *, prefix=(), environment=None):
    """The server's command plus a free port, wrapped by `prefix`; stopped at the end. Gives (process, port)."""
    port = free_port()
    program, *rest = command
    with tempfile.TemporaryDirectory(prefix="marty-budget-") as folder:
        with Process([*prefix, program, port, *rest], f"{folder}/log", CPUS, environment, folder) as process:
            wait_for_listener(process, port)
            yield process, port


def wait_for_listener(process, port, timeout_s=180):
    give_up = time.monotonic() + timeout_s
    while time.monotonic() < give_up:
        if process.child.poll() is not None:
            raise process.failure(f"ended with {process.child.returncode} instead of listening")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=60).close()
            return
        time.sleep(0.01)
    raise process.failure(f"did not listen within {timeout_s} s")


# --- system calls -----------------------------------------------------------------------------------------------------

SYSTEM_CALL = re.compile(r"^(\d+) +(\w+)\(")  # the line on which a call begins


def _strace_totals(command, load):
    """Calls by thread and name, from start to stop. The connections that `load` gives back stay open until the server
    has stopped: how many of their ends it would still have read is chance."""
    with tempfile.TemporaryDirectory(prefix="marty-budget-") as folder:
        trace = pathlib.Path(folder) / "strace"
        with started(command, prefix=[need("strace"), "-f", "-qq", "-o", trace]) as (process, port):
            clients = load(process, port)
        for client in clients:
            client.close()
        calls = [
            match.groups()
            for match in map(SYSTEM_CALL.match, trace.read_text(errors="replace").splitlines())
            if match
        ]
        if not calls:
            raise Skip(f"strace traced nothing (is tracing allowed here?): {process.output()[:200]}")
        return collections.Counter(calls)


def _serving_thread(totals):
    """By name, of the thread that sends most; and how many calls the others made: they follow the clock (the stall
    detector), so their calls are no cost of a request."""
    sends = collections.Counter()
    for (thread, name), count in totals.items():
        if name in ("sendto", "sendmsg", "write", "writev"):
            sends[thread] += count
    serving = sends.most_common(1)[0][0]
    mine = {name: count for (thread, name), count in totals.items() if thread == serving}
    return mine, sum(totals.values()) - sum(mine.values())


def _slope(few, many, requests):
    """Per request and by name, of the serving thread; what both runs have in common cancels out."""
    (few, _), (many, _) = _serving_thread(few), _serving_thread(many)
    rates = {name: (many.get(name, 0) - few.get(name, 0)) / requests for name in {*few, *many}}
    return {name: rate for name, rate in sorted(rates.items(), key=lambda item: -item[1]) if rate != 0}


def system_calls_on_one_connection(command, request, few=200, many=1200):
    few_totals, many_totals = (
        _strace_totals(command, lambda process, port: one_by_one(port, request, count)) for count in (few, many)
    )
    return _slope(few_totals, many_totals, many - few)


def system_calls_on_many_connections(command, request, few=4, many=36):
    """64 connections, all of which have sent their request before the server gets to run: a loaded server's turn."""
    few_totals, many_totals = (
        _strace_totals(command, lambda process, port: _batches(process, port, request, count))
        for count in (few, many)
    )
    return _slope(few_totals, many_totals, (many - few) * BATCH)


def _batches(process, port, request, count):
    server = process.tree()[1]  # the child of strace
    clients = []
    for _ in range(BATCH):  # one after the other: how many the server accepts at once would be chance
        clients.append(Client(port))
        clients[-1].repeat(request, 1)
    for _ in range(count):
        os.kill(server, signal.SIGSTOP)
        _wait_until_stopped(server)
        for client in clients:
            client.send(request)
        os.kill(server, signal.SIGCONT)
        for client in clients:
            client.receive()
    return clients


def _wait_until_stopped(pid):
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        if pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt":
            return
        time.sleep(0.001)
    raise StartError(f"process {pid} does not stop on SIGSTOP")


# --- allocations and locks --------------------------------------------------------------------------------------------


def allocations_and_locks(command, request, counters, warm_up=200, count=1000):
    """Per request, by the preloaded library `counters`."""
    with tempfile.TemporaryDirectory(prefix="marty-budget-") as folder:
        file = pathlib.Path(folder) / "counters"
        file.write_bytes(bytes(16))
        with started(command, environment={"LD_PRELOAD": str(counters), "MARTY_COUNTERS": str(file)}) as (_, port):
            client = Client(port)
            client.repeat(request, warm_up)
            before = struct.unpack("QQ", file.read_bytes())
            client.repeat(request, count)
            after = struct.unpack("QQ", file.read_bytes())
            client.close()
        if after[0] == 0:
            raise StartError("not one allocation was counted since the start: the library is not loaded")
        return tuple((late - early) / count for early, late in zip(before, after))


# --- instructions -----------------------------------------------------------------------------------------------------


def instructions(command, request):
    """The same as _instructions(), tried again where valgrind itself fell over, as it does once in a while."""
    try:
        return _instructions(command, request)
    except StartError as error:
        if "www.valgrind.org" not in str(error):
            raise
        print(f"valgrind failed by itself, once more: {error}", flush=True)
        return _instructions(command, request)


def _instructions(command, request, warm_up=200, count=1000):
    """User-mode instructions per request on one connection, and their profile (callgrind's format): of the thread that
    serves. Others, such as the stall detector, follow the clock; what they did meanwhile is the third value."""
    with tempfile.TemporaryDirectory(prefix="marty-budget-") as folder:
        file = pathlib.Path(folder) / "callgrind"
        prefix = [
            need("valgrind"),
            "-q",
            "--tool=callgrind",
            "--separate-threads=yes",
            "--fair-sched=try",  # else a busy thread can keep the others from starting for a minute
            "--compress-strings=no",  # a name may be spelled out in the file of another thread only
            f"--callgrind-out-file={file}",
        ]
        with started(command, prefix=prefix) as (process, port):
            client = Client(port)
            client.repeat(request, warm_up)
            _control(process, "--zero")
            client.repeat(request, count)
            _control(process, "--dump")
            profiles = {
                _total(profile): profile
                for profile in (path.read_text() for path in file.parent.glob("callgrind.1-*"))
            }
            client.close()
    if not profiles:
        raise StartError(f"callgrind dumped nothing: {process.output()[-300:]}")
    most = max(profiles)
    return most / count, profiles[most], (sum(profiles) - most) / count


def _control(process, what):
    done = subprocess.run(
        [need("callgrind_control"), what, str(process.pid)], capture_output=True, text=True, timeout=120
    )
    if done.returncode != 0 or "OK" not in done.stdout:
        raise StartError(f"callgrind_control {what} failed: {(done.stderr or done.stdout).strip()[-300:]}")


def _total(profile):
    return max(int(line.split()[1]) for line in profile.splitlines() if line.startswith(("totals:", "summary:")))
