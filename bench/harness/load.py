"""Puts wrk on one server and reads what the server used meanwhile."""

import dataclasses
import re
import subprocess

from .processes import StartError
from .servers import BENCH, ORDER_FILE, tool

RESULT = re.compile(r"RESULT requests=(\d+) duration_us=(\d+) p50_us=(\d+) p99_us=(\d+) errors=(\d+)")


@dataclasses.dataclass(frozen=True)
class Sample:
    requests: int
    seconds: float
    cpu_us: float  # of the server's process tree, per request
    busy: float  # share of one core that the server used; below 0.95 it was not the bottleneck
    p50_us: int
    p99_us: int
    errors: int

    @property
    def per_second(self):
        return self.requests / self.seconds


def measure(process, port, case, *, seconds, cpu, depth=1, connections=64):
    """`case` is plaintext or orders; wrk runs on core `cpu` with one thread; `depth` requests are sent at once."""
    command = [
        tool("wrk"),
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--timeout",
        "10s",
        "-s",
        str(BENCH / "load/request.lua"),
        f"http://127.0.0.1:{port}/",
        "--",
        case,
        str(depth),
        str(ORDER_FILE),
    ]
    before = process.cpu_ns()
    done = subprocess.run(["taskset", "-c", str(cpu), *command], capture_output=True, text=True, timeout=seconds + 60)
    used_ns = process.cpu_ns() - before
    found = RESULT.search(done.stdout)
    if done.returncode != 0 or not found:
        raise StartError(f"wrk failed: {(done.stderr or done.stdout).strip()[-300:]}")
    requests, duration_us, p50_us, p99_us, errors = (int(value) for value in found.groups())
    if requests == 0:
        raise StartError(f"wrk got no answer to {case} from port {port}")
    return Sample(
        requests, duration_us / 1e6, used_ns / 1e3 / requests, used_ns / 1e3 / duration_us, p50_us, p99_us, errors
    )
