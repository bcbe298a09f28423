"""The suites of W3C against propagation_server: Trace Context (https://github.com/w3c/trace-context), all its tests at
level 2, and Baggage (https://github.com/w3c/baggage), whose every text goes through the service on its way.
Usage: w3c_suites_test.py PROPAGATION_SERVER SUITES     SUITES/{trace-context,baggage}/test are the suites'
Exits with 77 where the suites, or the tool otlp-reader, which has aiohttp, are not here.
"""

import os
import pathlib
import re
import subprocess
import sys
import unittest

from calls import Propagation, values
from peer import Skip, require, tool
from secret_server import free_port

TRACE_CONTEXT_TESTS, BAGGAGE_TESTS = 41, 24


def run_trace_context(service, python, suite):
    variables = {"HARNESS_PORT": str(free_port()), "HARNESS_TIMEOUT": "20", "SPEC_LEVEL": "2", "STRICT_LEVEL": "2"}
    run = subprocess.run(
        [python, "-B", "test.py", service.url],
        cwd=suite,
        env={**os.environ, **variables},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )
    count = re.search(r"^Ran (\d+) tests", run.stdout, re.MULTILINE)
    good = run.returncode == 0 and count and int(count[1]) == TRACE_CONTEXT_TESTS and "skipped" not in run.stdout
    print(f"{'ok' if good else 'FAILED'} Trace Context: {count[1] if count else 0} tests")
    if not good:
        print(run.stdout[-8000:])
    return good


def run_baggage(service, suite):
    sys.path.insert(0, str(suite))
    import baggage  # noqa: PLC0415
    import test_baggage  # noqa: PLC0415

    def handed_on(text):
        if len(text) > 8192:
            raise AssertionError(f"the suite sends {len(text)} bytes")
        return ",".join(values(service.send([("baggage", text)])[0], "baggage"))

    def through_the_service(kind):
        read, write = kind.from_string.__func__, kind.to_string
        kind.from_string = classmethod(lambda cls, text: read(cls, handed_on(text)))
        kind.to_string = lambda self: handed_on(write(self))

    for kind in (baggage.Baggage, baggage.BaggageEntry):
        through_the_service(kind)
    tests = unittest.defaultTestLoader.loadTestsFromModule(test_baggage)
    result = unittest.TextTestRunner().run(tests)
    good = result.wasSuccessful() and result.testsRun == BAGGAGE_TESTS and not result.skipped
    print(f"{'ok' if good else 'FAILED'} Baggage: {result.testsRun} tests")
    return good


def main():
    program, suites = sys.argv[1], pathlib.Path(sys.argv[2])
    try:
        for suite in ("trace-context/test/test.py", "baggage/test/test_baggage.py"):
            require(suites / suite, f"{suite} of W3C")
        python = tool("otlp-reader", "python")
    except Skip as reason:
        print(f"skipped: {reason}")
        return 77
    with Propagation(program) as service:
        results = [
            run_trace_context(service, python, suites / "trace-context/test"),
            run_baggage(service, suites / "baggage/test"),
        ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
