"""Many idle keep-alive connections: what each costs in user memory, and whether active requests suffer."""

import contextlib
import dataclasses
import selectors
import socket
import statistics

from .load import measure
from .processes import StartError, raise_descriptor_limit

REQUEST = b"GET /plaintext HTTP/1.1\r\nHost: bench\r\nConnection: Keep-Alive\r\n\r\n"
SPARE_DESCRIPTORS = 200


@dataclasses.dataclass(frozen=True)
class Idle:
    connections: int
    bytes_each: float  # Private_Dirty of the server: user memory, no socket buffers of the kernel
    threads_added: int
    p99_us_without: float
    p99_us_with: float


def _open_batch(port, count):
    """`count` connections, each of which has had one answer and now waits."""
    opened = []
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            peer = socket.create_connection(("127.0.0.1", port), timeout=10)
            opened.append(peer)
            peer.sendall(REQUEST)
            selector.register(peer, selectors.EVENT_READ)
        waiting = count
        while waiting:
            ready = selector.select(timeout=10)
            if not ready:
                raise StartError(f"{waiting} of {count} connections got no answer within 10 s")
            for key, _ in ready:
                if not key.fileobj.recv(4096).startswith(b"HTTP/1.1 200"):
                    raise StartError("an idle connection got no 200")
                selector.unregister(key.fileobj)
                waiting -= 1
    return opened


@contextlib.contextmanager
def held_open(port, count):
    opened = []
    try:
        while len(opened) < count:
            opened += _open_batch(port, min(200, count - len(opened)))
        yield
    finally:
        for peer in opened:
            peer.close()


def possible_connections(wanted):
    return min(wanted, raise_descriptor_limit() - SPARE_DESCRIPTORS)


def measure_idle(process, port, *, connections, rounds, seconds, load_cpu):
    """Active load without, then with the idle connections, `rounds` times; memory at the first time."""

    def p99():
        return measure(process, port, "plaintext", seconds=seconds, cpu=load_cpu).p99_us

    p99()  # pools and caches fill before anything is compared
    without, beside = [], []
    bytes_each = threads_added = None
    for _ in range(rounds):
        without.append(p99())
        memory, threads = process.memory_kib("Private_Dirty"), process.threads()
        with held_open(port, connections):
            if bytes_each is None:
                bytes_each = (process.memory_kib("Private_Dirty") - memory) * 1024 / connections
                threads_added = process.threads() - threads
            beside.append(p99())
    return Idle(connections, bytes_each, threads_added, statistics.median(without), statistics.median(beside))
