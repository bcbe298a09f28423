"""Tests of scripts/test_summary.py: what counts as passed, failed and skipped, and what fails the run."""

import contextlib
import io
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import test_summary  # noqa: E402

PASSES = '<testcase name="a" status="run" classname="S"/>'
FAILS = '<testcase name="b" status="run" classname="S"><failure message="x"/></testcase>'
SKIPS = '<testcase name="c" status="run" classname="S"><skipped message="x.cpp:3&#10;no server"/></testcase>'
DISABLED = '<testcase name="d" status="notrun" classname="S"/>'


def ctest(*tests):
    """The report of ctest: (name, status) of each test, with what it said, if anything."""
    rows = ""
    for name, status, *said in tests:
        skipped = '<skipped message="SKIP_RETURN_CODE=77"/>' if status == "notrun" and said else ""
        output = "".join(f"<system-out>{text}</system-out>" for text in said)
        rows += f'<testcase name="{name}" status="{status}">{skipped}{output}</testcase>'
    return f"<testsuite>{rows}</testsuite>"


class Summary(unittest.TestCase):
    def run_summary(self, report, programs=None, status=0, require_all="0"):
        """(exit status, lines printed) for a ctest report and the cases of each GoogleTest program."""
        with tempfile.TemporaryDirectory() as folder:
            results = pathlib.Path(folder)
            (results / "ctest.xml").write_text(report)
            for name, cases in (programs or {}).items():
                (results / f"{name}.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
            arguments = ["test_summary.py", folder, "--status", str(status)]
            with contextlib.redirect_stdout(io.StringIO()) as printed, mock.patch.object(sys, "argv", arguments):
                with mock.patch.dict(os.environ, {"MARTY_REQUIRE_ALL": require_all}):
                    code = test_summary.main()
            return code, printed.getvalue().splitlines()

    def test_the_cases_of_a_program_count_one_by_one_and_another_test_counts_one(self):
        code, lines = self.run_summary(ctest(("p", "run"), ("tidy", "run")), {"p": PASSES + PASSES})
        self.assertEqual((code, lines), (0, ["3 passed, 0 failed, 0 skipped"]))

    def test_a_failed_case_is_named_and_fails_the_run(self):
        code, lines = self.run_summary(ctest(("p", "fail")), {"p": PASSES + FAILS}, status=8)
        self.assertEqual((code, lines), (1, ["Failed: p: S.b", "1 passed, 1 failed, 0 skipped"]))

    def test_skipped_cases_are_named_with_their_reason_and_fail_only_where_all_are_required(self):
        programs = {"p": PASSES + SKIPS + DISABLED}
        code, lines = self.run_summary(ctest(("p", "run")), programs)
        self.assertEqual(code, 0)
        self.assertEqual(
            lines, ["Skipped: p: S.c (no server)", "Skipped: p: S.d (disabled)", "1 passed, 0 failed, 2 skipped"]
        )
        code, lines = self.run_summary(ctest(("p", "run")), programs, require_all="1")
        self.assertEqual((code, lines[-1]), (1, "1 passed, 0 failed, 2 skipped"))

    def test_a_program_that_crashed_before_its_report_or_after_its_last_case_is_a_failure(self):
        code, lines = self.run_summary(ctest(("p", "fail"), ("q", "fail")), {"q": PASSES}, status=8)
        self.assertEqual((code, lines[-1]), (1, "1 passed, 2 failed, 0 skipped"))

    def test_a_test_that_ctest_did_not_run_is_skipped(self):
        code, lines = self.run_summary(ctest(("lint", "notrun")))
        self.assertEqual((code, lines), (0, ["Skipped: lint (notrun)", "0 passed, 0 failed, 1 skipped"]))

    def test_a_test_that_skipped_itself_is_named_with_what_it_said(self):
        code, lines = self.run_summary(ctest(("h", "notrun", "begins\nskipped: curl is not here\n")))
        self.assertEqual((code, lines), (0, ["Skipped: h (curl is not here)", "0 passed, 0 failed, 1 skipped"]))

    def test_what_needs_foreign_programs_is_left_out_by_name_and_one_command_runs_it(self):
        skipped = '<skipped message="x&#10;left out: it needs vault"/>'
        left_out = f'<testcase name="e" status="run" classname="S">{skipped}</testcase>'
        report = ctest(("p", "run"), ("h", "notrun", "skipped: left out: it needs h2spec\n"))
        code, lines = self.run_summary(report, {"p": PASSES + left_out + SKIPS})
        self.assertEqual(code, 0)
        named = ["Skipped: p: S.c (no server)", "Left out: p: S.e (needs vault)", "Left out: h (needs h2spec)"]
        self.assertEqual(lines[:3], named)
        self.assertIn("2 tests were left out: they need h2spec, vault,", lines[3])
        self.assertTrue(lines[4].endswith(": .ci/run"))
        self.assertEqual(lines[-1], "1 passed, 0 failed, 3 skipped")
        self.assertEqual(self.run_summary(report, {"p": PASSES}, require_all="1")[0], 1)

    def test_cases_that_a_python_test_skipped_count_as_skipped(self):
        named = "test_x (__main__.Disk.test_x) ... skipped 'for root'\nOK (skipped=1)\n"
        code, lines = self.run_summary(ctest(("limits", "run", named), ("other", "run", "OK (skipped=1)\n")))
        self.assertEqual(code, 0)
        self.assertEqual(
            lines,
            [
                "Skipped: limits: test_x (for root)",
                "Skipped: other: a case of it (see its output)",
                "2 passed, 0 failed, 2 skipped",
            ],
        )
        self.assertEqual(self.run_summary(ctest(("limits", "run", named)), require_all="1")[0], 1)

    def test_no_report_at_all_fails_with_the_status_of_ctest(self):
        self.assertEqual(self.run_summary(ctest(), status=2)[0], 1)


if __name__ == "__main__":
    unittest.main()
