#!/usr/bin/env python3
"""The budget of a request as tests: budget_test.py NAME --binaries FOLDER ... Exit status 77: skipped.

Prints every figure beside its limit, so that a look at the log shows how much room is left.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import counting                                           # noqa: E402
import startup                                            # noqa: E402
from counting import Skip, StartError, get, post          # noqa: E402
from harness.servers import ORDER_FILE                    # noqa: E402

PLAINTEXT = get("/plaintext")
ORDER = post("/orders", ORDER_FILE.read_bytes())


class Budget:
    """Collects figures and says which are over their limit."""

    def __init__(self):
        self.broken = []

    def most(self, what, value, limit, detail=""):
        print(f"{'ok  ' if value <= limit else 'OVER'} {what}: {value:.4g} (at most {limit:g}){detail}", flush=True)
        if value > limit:
            self.broken.append(what)

    def exactly(self, what, value, expected, tolerance=0.0):
        holds = abs(value - expected) <= tolerance
        print(f"{'ok  ' if holds else 'BAD '} {what}: {value:.6g} (is known to be {expected:g})", flush=True)
        if not holds:
            self.broken.append(what)


def by_name(rates):
    return "  " + ", ".join(f"{name} {rate:.3f}" for name, rate in rates.items())


def machinery(budget, options):
    """The counting itself, against a server whose costs are known."""
    pieces = re.findall(r'R"\((.*?)\)"', (ORDER_FILE.parent / "order.hpp").read_text())
    budget.exactly(
        "order.hpp and order.json hold the same text", "".join(pieces).encode() == ORDER_FILE.read_bytes(), True
    )
    known = [options.known_server]
    allocations, locks = counting.allocations_and_locks(known, PLAINTEXT, options.counters)
    budget.exactly("allocations of the known server", allocations, 5)
    budget.exactly("locks of the known server", locks, 3)
    calls = counting.system_calls_on_one_connection(known, PLAINTEXT)
    for name, expected in {"recvfrom": 1, "getppid": 1, "sendto": 1, "poll": 1}.items():
        budget.exactly(f"{name} of the known server, one connection", calls.get(name, 0), expected, 0.01)
    budget.exactly("all system calls, one connection", sum(calls.values()), 4, 0.01)
    batched = counting.system_calls_on_many_connections(known, PLAINTEXT)
    budget.exactly(
        "system calls but for the waiting, 64 connections",
        sum(batched.values()) - batched.get("poll", 0) - batched.get("restart_syscall", 0),
        3,
        0.01,
    )
    still, once, twice = (
        counting.instructions([*known, f"--spin={spin}"], PLAINTEXT)[0] for spin in (0, 20_000, 40_000)
    )
    budget.exactly("instructions: twice the loop costs twice", (twice - still) / (once - still), 2, 0.01)
    budget.most("instructions of the known server without its loop", still, 5000)


def servers(options):
    """What is measured: (name, command)."""
    marty = options.binaries / "bench_marty"
    if not marty.exists():
        raise Skip(f"{marty} was not built")
    return [
        ("telemetry on", [marty]),
        ("telemetry off", [marty, "--telemetry=off"]),
        ("spans for export", [marty, "--telemetry=spans"]),
    ]


def system_calls(budget, options):
    for name, command in servers(options):
        for what, request in (("plaintext", PLAINTEXT), ("JSON", ORDER)):
            loaded = counting.system_calls_on_many_connections(command, request)
            budget.most(f"system calls, {what}, 64 connections, {name}", sum(loaded.values()), 2.1, by_name(loaded))
            # A lone connection waits between requests, which takes a third call.
            alone = counting.system_calls_on_one_connection(command, request)
            budget.most(f"system calls, {what}, one connection, {name}", sum(alone.values()), 3.1, by_name(alone))
            # A start reads files on other threads, and wakes them a time more or less: that is no cost of requests.
            budget.most(f"futex, {what}, {name}", alone.get("futex", 0) + loaded.get("futex", 0), 0.01)


def allocations(budget, options):
    for name, command in servers(options):
        # Who collects spans looks for them some times a second and when there are many, however many requests there
        # are meanwhile: less than one in two requests, so that one for each span would show.
        now_and_then = 0.5 if name == "spans for export" else 0
        for what, request, limit in (("plaintext", PLAINTEXT, 3), ("small JSON reply", get("/greeting"), 3)):
            made, locks = counting.allocations_and_locks(command, request, options.counters)
            budget.most(f"allocations, {what}, {name}", made, limit + now_and_then)
            budget.most(f"locks, {what}, {name}", locks, now_and_then)
        made, locks = counting.allocations_and_locks(command, ORDER, options.counters)
        # The order's own strings and its list are allocations of the user's struct.
        budget.most(f"allocations, JSON order in and out, {name}", made, 3 + order_allocations() + now_and_then)
        budget.most(f"locks, JSON order in and out, {name}", locks, now_and_then)


def order_allocations():
    """Strings of the order that do not fit a std::string itself (15 bytes), and the growth of its list of two items."""
    import json

    def long_strings(value):
        if isinstance(value, str):
            return int(len(value) > 15)
        if isinstance(value, dict):
            return sum(long_strings(item) for item in value.values())
        return sum(long_strings(item) for item in value) if isinstance(value, list) else 0

    return long_strings(json.loads(ORDER_FILE.read_bytes())) + 2


def instructions(budget, options):
    limits = {("plaintext", "telemetry off"): 4000, ("JSON", "telemetry on"): 30_000}
    for name, command in servers(options):
        for what, request in (("plaintext", PLAINTEXT), ("JSON", ORDER)):
            count, profile, others = counting.instructions(command, request)
            limit = limits.get((what, name))
            if limit is None:
                print(
                    f"     user instructions, {what}, {name}: {count:.0f} (no limit); other threads {others:.0f}",
                    flush=True,
                )
                continue
            budget.most(f"user instructions, {what}, {name}", count, limit, f"; other threads {others:.0f}")
            if count > limit:
                print_top(profile)


def print_top(profile):
    with tempfile.NamedTemporaryFile("w", suffix=".callgrind") as file:
        file.write(profile)
        file.flush()
        shown = subprocess.run(["callgrind_annotate", file.name], capture_output=True, text=True).stdout
    print(
        "\n".join(line for line in shown.splitlines() if "%" in line and "PROGRAM" not in line).split("\n\n")[0][
            :4000
        ]
    )


TESTS = {
    "machinery": machinery,
    "system_calls": system_calls,
    "allocations": allocations,
    "instructions": instructions,
    "start": startup.check_start,
    "compile_time": startup.check_compile_time,
}


def absolute(path):
    return pathlib.Path(path).resolve()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("test", choices=TESTS)
    parser.add_argument("--binaries", type=absolute, help="where the optimised bench_marty is")
    parser.add_argument("--counters", type=absolute, help="the preloaded library that counts")
    parser.add_argument("--known-server", type=absolute, help="the server with known costs")
    parser.add_argument("--petstore", type=absolute, help="the optimised program")
    parser.add_argument("--petstore-source", type=absolute, help="the folder with its config and migrations")
    parser.add_argument("--hello-source", type=absolute, help="what compile_time compiles")
    parser.add_argument("--commands", type=absolute, help="compile_commands.json that says how")
    options = parser.parse_args()
    budget = Budget()
    try:
        TESTS[options.test](budget, options)
    except Skip as reason:
        print(f"skipped: {reason}")
        return 77
    except StartError as problem:
        print(f"error: {problem}")
        return 1
    if budget.broken:
        print(f"{len(budget.broken)} figures do not hold: {'; '.join(budget.broken)}")
    return 1 if budget.broken else 0


if __name__ == "__main__":
    sys.exit(main())
