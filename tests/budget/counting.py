"""Counts what one request costs a server: system calls, allocations, locks, user instructions.

Nothing here is timed. Each figure is a slope: what more requests cost, so that starting and stopping cancel out. The
server runs on one core, hence on one loop.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import struct
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

    def receive(self):
        """One reply with Content-Length; anything but 200 is an error."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more(received)
        head, _, body = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise StartError(f"the server answered {head.splitlines()[0]!r} {body[:200]!r}")
        length = next(int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length:"))
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
    head = f"POST {path} HTTP/1.1\r\nHost: budget\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def one_by_one(port, request, count):
    """`count` requests on one connection, each sent after the answer to the one before."""
    client = Client(port)
    for _ in range(count):
        client.send(request)
        client.receive()
    client.close()


@contextlib.contextmanager
def started(command, *, prefix=(), environment=None):
    """The server's command plus a free port, wrapped by `prefix`; stopped at the end. Gives (process, port)."""
    port = free_port()
    program, *rest = command
    with tempfile.TemporaryDirectory(prefix="marty-budget-") as folder:
        with Process([*prefix, program, port, *rest], f"{folder}/log", CPUS, environment, folder) as process:
            wait_for_listener(process, port)
            yield process, port


def wait_for_listener(process, port, timeout_s=60):
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

def _strace_totals(command, load):
    with tempfile.TemporaryDirectory(prefix="marty-budget-") as folder:
        table = pathlib.Path(folder) / "strace"
        prefix = [need("strace"), "-f", "-c", "-U", "calls,name", "-o", table]
        with started(command, prefix=prefix) as (process, port):
            load(process, port)
        totals = {}
        for line in table.read_text().splitlines():
            words = line.split()
            if len(words) == 2 and words[0].isdigit() and words[1] != "total":
                totals[words[1]] = totals.get(words[1], 0) + int(words[0])
        if not totals:
            raise Skip(f"strace counted nothing: {table.read_text()[:200] or process.output()[:200]}")
        return totals


def _slope(few, many, requests):
    """Per request and by name; what both runs have in common cancels out."""
    rates = {name: (many.get(name, 0) - few.get(name, 0)) / requests for name in {*few, *many}}
    return {name: rate for name, rate in sorted(rates.items(), key=lambda item: -item[1]) if rate != 0}


def system_calls_on_one_connection(command, request, few=200, many=1200):
    few_totals, many_totals = (
        _strace_totals(command, lambda process, port: one_by_one(port, request, count)) for count in (few, many))
    return _slope(few_totals, many_totals, many - few)


def system_calls_on_many_connections(command, request, few=4, many=20):
    """64 connections, all of which have sent their request before the server gets to run: a loaded server's turn."""
    few_totals, many_totals = (
        _strace_totals(command, lambda process, port: _batches(process, port, request, count)) for count in (few, many))
    return _slope(few_totals, many_totals, (many - few) * BATCH)


def _batches(process, port, request, count):
    server = process.tree()[1]  # the child of strace
    clients = [Client(port) for _ in range(BATCH)]
    for client in clients:
        client.send(request)
        client.receive()
    for _ in range(count):
        os.kill(server, signal.SIGSTOP)
        _wait_until_stopped(server)
        for client in clients:
            client.send(request)
        os.kill(server, signal.SIGCONT)
        for client in clients:
            client.receive()
    for client in clients:
        client.close()


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
            for number in range(warm_up + count):
                if number == warm_up:
                    before = struct.unpack("QQ", file.read_bytes())
                client.send(request)
                client.receive()
            after = struct.unpack("QQ", file.read_bytes())
            client.close()
        if after[0] == 0:
            raise StartError("not one allocation was counted since the start: the library is not loaded")
        return tuple((late - early) / count for early, late in zip(before, after))


# --- instructions -----------------------------------------------------------------------------------------------------

def instructions(command, request, few=200, many=1200):
    """User-mode instructions per request on one connection, and the profile of the longer run (callgrind's file)."""
    (few_total, _), (many_total, profile) = (_callgrind(command, request, count) for count in (few, many))
    return (many_total - few_total) / (many - few), profile


def _callgrind(command, request, count):
    with tempfile.TemporaryDirectory(prefix="marty-budget-") as folder:
        file = pathlib.Path(folder) / "callgrind.out"
        prefix = [need("valgrind"), "-q", "--tool=callgrind", f"--callgrind-out-file={file}"]
        with started(command, prefix=prefix) as (process, port):
            one_by_one(port, request, count)
        if not file.exists():
            raise process.failure("left no profile")
        profile = file.read_text()
        totals = [int(line.split()[1]) for line in profile.splitlines() if line.startswith(("totals:", "summary:"))]
        return max(totals), profile
