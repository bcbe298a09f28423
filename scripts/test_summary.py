"""Counts what a ctest run did: GoogleTest cases one by one, every other ctest as one.

Usage: test_summary.py RESULTS_FOLDER --status CTEST_EXIT_STATUS
The folder holds ctest.xml (ctest --output-junit) and NAME.xml of each GoogleTest program (GTEST_OUTPUT=xml:FOLDER/).
Prints the skipped and failed tests and, last, "N passed, N failed, N skipped". Exits 1 when a test failed, when ctest
itself did, or when one was skipped and MARTY_REQUIRE_ALL=1.
"""

import argparse
import os
import pathlib
import sys
import xml.etree.ElementTree as xml


class Counts:
    def __init__(self):
        self.passed = 0
        self.failed = []  # (name, reason)
        self.skipped = []  # (name, reason)


def last_line(text):
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[-1] if lines else ""


def count_google_test(program, file, counts):
    """Counts the cases of one program; returns how many failed."""
    before = len(counts.failed)
    for case in xml.parse(file).getroot().iter("testcase"):
        name = f"{program}: {case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None:
            counts.failed.append((name, ""))
        elif skipped is not None:
            counts.skipped.append((name, last_line(skipped.get("message"))))
        elif case.get("status") == "notrun":
            counts.skipped.append((name, "disabled"))
        else:
            counts.passed += 1
    return len(counts.failed) - before


def count(results):
    counts = Counts()
    report = results / "ctest.xml"
    if not report.exists():
        return counts
    for test in xml.parse(report).getroot().iter("testcase"):
        name, status = test.get("name"), test.get("status")
        cases = results / f"{name}.xml"
        if cases.exists():
            failed = count_google_test(name, cases, counts)
            if status == "fail" and failed == 0:
                counts.failed.append((name, "the program ended badly after its last case"))
        elif status == "run":
            counts.passed += 1
        elif status == "fail":
            counts.failed.append((name, "no result of its cases: it crashed, timed out, or is one test"))
        else:
            skipped = test.find("skipped")
            counts.skipped.append((name, last_line(skipped.get("message")) if skipped is not None else status))
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--status", type=int, required=True)
    arguments = parser.parse_args()
    counts = count(arguments.results)
    for title, tests in (("Skipped", counts.skipped), ("Failed", counts.failed)):
        for name, reason in tests:
            print(f"{title}: {name}" + (f" ({reason})" if reason else ""))
    require_all = os.environ.get("MARTY_REQUIRE_ALL") == "1"
    if require_all and counts.skipped:
        print("MARTY_REQUIRE_ALL=1: a skipped test fails the run")
    print(f"{counts.passed} passed, {len(counts.failed)} failed, {len(counts.skipped)} skipped")
    return 1 if arguments.status or counts.failed or (require_all and counts.skipped) else 0


if __name__ == "__main__":
    sys.exit(main())
