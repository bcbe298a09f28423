"""Counts what a ctest run did: GoogleTest cases one by one, every other ctest as one.

Usage: test_summary.py RESULTS_FOLDER --status CTEST_EXIT_STATUS
The folder holds ctest.xml (ctest --output-junit) and NAME.xml of each GoogleTest program (GTEST_OUTPUT=xml:FOLDER/).
Prints the tests that were left out, skipped and failed and, last, "N passed, N failed, N skipped". Exits 1 when a test
failed, when ctest itself did, or when one was skipped or left out and MARTY_REQUIRE_ALL=1.
"""

import argparse
import os
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

# What tool() of tests/support/peer.py says where foreign programs are left out, and a Python test of a case in it.
LEFT_OUT = re.compile(r"left out: it needs (\S+)")
SKIPPED_CASE = re.compile(r"^(\w+) \(.*\.\.\. skipped ['\"](.*)['\"]$", re.MULTILINE)
SKIPPED_CASES = re.compile(r"^OK \(.*?skipped=(\d+)", re.MULTILINE)


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


def skipped_within(name, said):
    """The cases that a Python test, which passed, has skipped: (name, reason) of each."""
    named = [(f"{name}: {case}", reason) for case, reason in SKIPPED_CASE.findall(said)]
    number = sum(map(int, SKIPPED_CASES.findall(said)))
    return named or [(f"{name}: a case of it", "see its output")] * number


def reason_of(test):
    """Why ctest did not run a test, or what the test said before it skipped itself."""
    skipped = test.find("skipped")
    message = last_line(skipped.get("message")) if skipped is not None else test.get("status")
    if not message.startswith("SKIP_RETURN_CODE"):
        return message
    return last_line(test.findtext("system-out")).removeprefix("skipped: ") or message


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
            counts.skipped += skipped_within(name, test.findtext("system-out") or "")
        elif status == "fail":
            counts.failed.append((name, "no result of its cases: it crashed, timed out, or is one test"))
        else:
            counts.skipped.append((name, reason_of(test)))
    return counts


def print_left_out(left_out):
    """By name, with the tool, and how to run all of it."""
    for name, tool in left_out:
        print(f"Left out: {name} (needs {tool})")
    tools = sorted({tool for _, tool in left_out})
    print(
        f"{len(left_out)} tests were left out: they need {', '.join(tools)}, which neither Debian nor npm has "
        "(scripts/tools.txt).\nTo run everything, these and the sanitizers too: .ci/run"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--status", type=int, required=True)
    arguments = parser.parse_args()
    counts = count(arguments.results)
    found = [(name, reason, LEFT_OUT.search(reason)) for name, reason in counts.skipped]
    skipped = [(name, reason) for name, reason, left_out in found if not left_out]
    for title, tests in (("Skipped", skipped), ("Failed", counts.failed)):
        for name, reason in tests:
            print(f"{title}: {name}" + (f" ({reason})" if reason else ""))
    if len(skipped) < len(found):
        print_left_out([(name, left_out[1]) for name, _, left_out in found if left_out])
    require_all = os.environ.get("MARTY_REQUIRE_ALL") == "1"
    if require_all and counts.skipped:
        print("MARTY_REQUIRE_ALL=1: a skipped test fails the run")
    print(f"{counts.passed} passed, {len(counts.failed)} failed, {len(counts.skipped)} skipped")
    return 1 if arguments.status or counts.failed or (require_all and counts.skipped) else 0


if __name__ == "__main__":
    sys.exit(main())
