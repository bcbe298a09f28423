"""What is timed after all: start to first reply, and the compile time of the hello service. Time on the clock depends
on what else the machine does, so it is only printed; what fails is CPU time, the least of several runs, well above the
goal."""

import json
import os
import pathlib
import shlex
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

from counting import CPUS, Skip, StartError
from harness.processes import Process, free_port

LIVE = b"GET /health/live HTTP/1.1\r\nHost: budget\r\nConnection: close\r\n\r\n"


def _first_reply(port, process, timeout_s=20):
    give_up = time.monotonic() + timeout_s
    while time.monotonic() < give_up:
        if process.child.poll() is not None:
            raise process.failure(f"ended with {process.child.returncode} instead of serving")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as peer:
                peer.sendall(LIVE)
                if peer.recv(4096).startswith(b"HTTP/1.1 200"):
                    return
        except OSError:
            pass
        time.sleep(0.0005)
    raise process.failure(f"did not answer /health/live within {timeout_s} s")


def start_service(program, folder, runs):
    """From exec to the first reply, for each run: milliseconds on the clock and of CPU; and the KiB resident when idle
    after the last."""
    took_ms = []
    for number in range(runs):
        port = free_port()
        began = time.monotonic()
        # Without the introspection pages, as in production.
        variables = {"MARTY_SERVER__HTTP_PORT": str(port), "MARTY_ADMIN__ENABLED": "false"}
        with Process([program], folder / "log", CPUS, variables, folder) as process:
            _first_reply(port, process)
            took_ms.append(((time.monotonic() - began) * 1000, process.cpu_ns() / 1e6))
            if number == runs - 1:
                resident_kib = process.memory_kib("Rss")
    return took_ms, resident_kib


def petstore_start(program, source, runs=10):
    """Of the petstore with its own configuration, on a database that the first run makes: (first, others, KiB)."""
    if not program.exists():
        raise Skip(f"{program} was not built")
    with tempfile.TemporaryDirectory(prefix="marty-budget-") as folder:
        folder = pathlib.Path(folder)
        for name in ("config", "migrations"):
            if (source / name).exists():
                shutil.copytree(source / name, folder / name)
        took_ms, resident_kib = start_service(program, folder, runs + 1)
    return took_ms[0], took_ms[1:], resident_kib


def compile_seconds(commands_file, source, runs=3):
    """CPU seconds (user) of compiling `source` as the build does, but at -O0 and past the compiler cache."""
    entries = json.loads(pathlib.Path(commands_file).read_text())
    entry = next((entry for entry in entries if pathlib.Path(entry["file"]) == source), None)
    if entry is None:
        raise Skip(f"{source} is not part of this build")
    words = shlex.split(entry["command"])
    while pathlib.Path(words[0]).name == "ccache":
        words.pop(0)
    with tempfile.TemporaryDirectory(prefix="marty-budget-") as folder:
        for option in ("-o", "-MF"):
            if option in words:
                words[words.index(option) + 1] = f"{folder}/{option}"
        return min(_user_seconds([*words, "-O0"], entry["directory"]) for _ in range(runs))


def _user_seconds(command, folder):
    before = os.times().children_user
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise StartError(f"the compiler failed: {done.stderr.strip()[-500:]}")
    return os.times().children_user - before


def check_start(budget, options):
    first, others, resident_kib = petstore_start(options.petstore, options.petstore_source)
    wall = [took for took, _ in others]
    median = statistics.median(wall)
    print(f"     start to first reply (goal 30 ms): least {min(wall):.0f} ms, median {median:.0f} ms; with a new"
          f" database {first[0]:.0f} ms", flush=True)
    budget.most("start to first reply, ms of CPU (twice the goal fails)", min(cpu for _, cpu in others), 60)
    budget.most("idle petstore, MiB resident", resident_kib / 1024, 25)


def check_compile_time(budget, options):
    seconds = compile_seconds(options.commands, options.hello_source)
    budget.most("compiling hello at -O0, user CPU seconds (goal 3; half as much again fails)", seconds, 4.5)
