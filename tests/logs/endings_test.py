"""However a process ends, its log has whole lines only, in order, and all of them unless it was killed.

Usage: endings_test.py LOG_WRITER
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
LINES = 1_000_000
FIBERS = 8
SEED = int(os.environ.get("MARTY_SEED") or random.randrange(2**32))


def count_lines(test, files):
    """Checks that lines are whole and in order per fiber, in files given oldest first; how many there are."""
    following = [0] * FIBERS
    count = 0
    for path in files:
        with open(path, "rb") as file:
            for line in file:
                test.assertTrue(line.startswith(b'{"timestamp":"') and line.endswith(b"}\n"), (path, count, line))
                fiber, number = line[line.rindex(b'"fiber":') + 8 : -2].split(b',"number":')
                test.assertEqual(int(number), following[int(fiber)], (path, count, line))
                following[int(fiber)] += 1
                count += 1
            if count:
                json.loads(line)
    return count


class Endings(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="marty-logs-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "app.log"

    def run_to_the_end(self, lines, ending, *arguments, stdout=subprocess.DEVNULL):
        done = subprocess.run(
            [PROGRAM, str(lines), ending, *map(str, arguments)], stdout=stdout, stderr=subprocess.PIPE, text=True
        )
        print(f"{ending}: {done.stderr.strip()}", flush=True)
        return done

    def test_nothing_is_lost_however_the_process_ends(self):
        endings = {
            "return": 0,
            "exit": 0,
            "quick_exit": 0,
            "abort": -signal.SIGABRT,
            "terminate": -signal.SIGABRT,
            "fault": -signal.SIGSEGV,
            "overflow": -signal.SIGSEGV,
            "late_fault": -signal.SIGSEGV,
            "late_overflow": -signal.SIGSEGV,
        }
        for ending, status in endings.items():
            lines = LINES if ending in ("exit", "abort", "fault") else LINES // 20
            with self.subTest(ending=ending):
                self.log.unlink(missing_ok=True)
                done = self.run_to_the_end(lines, ending, self.log, 1 << 30)
                self.assertEqual(done.returncode, status)
                self.assertEqual(count_lines(self, [self.log]), lines)

    def test_nothing_is_lost_on_a_pipe_that_is_read_slowly(self):
        for ending in ("exit", "abort"):
            with self.subTest(ending=ending):
                with open(self.log, "wb") as log:
                    reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log)
                    self.run_to_the_end(LINES // 10, ending, stdout=reader.stdin)
                    reader.communicate()
                self.assertEqual(count_lines(self, [self.log]), LINES // 10)

    def test_rotation_loses_nothing_and_keeps_to_its_size(self):
        max_bytes = 8 << 20
        self.run_to_the_end(100_000, "abort", self.log, max_bytes)
        files = [self.folder / f"app.log.{number}" for number in range(5, 0, -1)] + [self.log]
        files = [file for file in files if file.exists()]
        self.assertGreater(len(files), 2)
        self.assertEqual(count_lines(self, files), 100_000)
        for file in files:
            self.assertLessEqual(file.stat().st_size, max_bytes)

    def kill_at_random(self, arguments, stdout):
        """Starts it and kills it somewhere within the first second after its first bytes."""
        process = subprocess.Popen(
            [PROGRAM, str(LINES), "kill", *map(str, arguments)], stdout=stdout, stderr=subprocess.DEVNULL
        )
        try:
            while self.log.exists() is False or self.log.stat().st_size == 0:
                self.assertIsNone(process.poll())
                time.sleep(0.001)  # until another process has begun
            time.sleep(random.random())
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def test_a_killed_process_leaves_whole_lines(self):
        print(f"kill -9 at moments from the seed {SEED}", flush=True)
        random.seed(SEED)
        for _ in range(8):
            with self.subTest("file"):
                self.log.unlink(missing_ok=True)
                self.kill_at_random([self.log], subprocess.DEVNULL)
                self.run_to_the_end(0, "exit", self.log)  # opens it again, and so repairs it
                self.assertGreater(count_lines(self, [self.log]), 0)
            with self.subTest("pipe"):
                self.log.unlink(missing_ok=True)
                with open(self.log, "wb") as log:
                    reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log)
                    self.kill_at_random([], reader.stdin)
                    reader.communicate()
                self.assertGreater(count_lines(self, [self.log]), 0)

    def test_a_kill_by_a_signal_from_outside_flushes_too(self):
        for number in (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS):
            with self.subTest(signal=number):
                self.log.unlink(missing_ok=True)
                process = subprocess.Popen(
                    [PROGRAM, str(LINES // 100), "kill", self.log], stderr=subprocess.PIPE, text=True
                )
                process.stderr.readline()  # all lines are written
                process.send_signal(number)
                process.communicate()
                self.assertEqual(process.returncode, -number)
                self.assertEqual(count_lines(self, [self.log]), LINES // 100)


if __name__ == "__main__":
    unittest.main()
