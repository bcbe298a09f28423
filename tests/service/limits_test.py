"""The petstore where something runs out: memory under load, a disk, descriptors, the right to write. It is never ended
by a signal, says in clear words what is wrong, and recovers.

Usage: limits_test.py PETSTORE PETSTORE_FOLDER [--sanitized]. A sanitizer takes descriptors of its own: that limit is
left out then, as are those of the address space, of which a sanitizer needs terabytes. What needs root is skipped by
name for others. MARTY_SOAK=1 (scripts/soak): the whole ladder of limits of the address space instead of some rungs.
"""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

MIB = 1 << 20
PET = json.dumps({"name": "Rex", "species": "dog", "price": "10"}).encode()


class Petstore:
    """A petstore in a folder of its own, under limits. `said` is what it wrote to stderr, `log` to stdout."""

    def __init__(self, folder, limits=(), user=None, variables=None):
        def limit():
            for what, most in limits:
                resource.setrlimit(what, (most, most))

        self.folder = folder
        environment = {"PATH": "/usr/bin:/bin", "MARTY_SERVER__HTTP_PORT": "0", **(variables or {})}
        self.output, self.errors = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [PETSTORE],
            cwd=folder,
            env=environment,
            stdout=self.output,
            stderr=self.errors,
            preexec_fn=limit,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )

    def _read(self, file):
        return os.pread(file.fileno(), 1 << 24, 0).decode(errors="replace")

    @property
    def said(self):
        return self._read(self.errors)

    @property
    def log(self):
        return self._read(self.output)

    def starts(self):
        """True once it serves; False where it has ended."""
        for _ in range(300):
            found = re.search(r"serves http://(\S+):(\d+)", self.said)
            if found:
                self.address = found.group(1), int(found.group(2))
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.1)
        raise AssertionError(f"neither serves nor ends: {self.said}")

    def ask(self, path, body=None, timeout=20):
        """(status, text, headers); status 0: the connection was closed."""
        url = "http://{}:{}{}".format(*self.address, path)
        request = urllib.request.Request(url, body, {"content-type": "application/json"} if body else {})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=timeout) as reply:
                return reply.status, reply.read().decode(), reply.headers
        except urllib.error.HTTPError as reply:
            return reply.code, reply.read().decode(), reply.headers
        except OSError:
            return 0, "", {}

    def end(self):
        """The exit code after SIGTERM."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


    def close(self):
        self.end()
        self.output.close()
        self.errors.close()


class LimitsTest(unittest.TestCase):
    def folder_of_its_own(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        self.fill(folder)
        return folder

    def fill(self, folder):
        for part in ("config", "migrations"):
            shutil.copytree(FOLDER / part, folder / part)

    def run_petstore(self, *args, **kwargs):
        petstore = Petstore(*args, **kwargs)
        self.addCleanup(petstore.close)
        return petstore

    def load(self, petstore, connections, seconds):
        """Closed loops of clients; returns how often each status came."""
        seen, lock, end = {}, threading.Lock(), time.monotonic() + seconds

        def client():
            while time.monotonic() < end:
                status = petstore.ask("/api/v1/pets?limit=10", timeout=10)[0]
                with lock:
                    seen[status] = seen.get(status, 0) + 1

        threads = [threading.Thread(target=client) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return seen

    def eventually(self, holds):
        for _ in range(50):
            if holds():
                return True
            time.sleep(0.1)
        return False

    def answers_again(self, petstore, path="/api/v1/pets?limit=10"):
        return self.eventually(lambda: petstore.ask(path)[0] == 200)


class Memory(LimitsTest):
    def test_little_address_space_under_load_ends_nothing_and_all_is_well_after_it(self):
        if SANITIZED:
            self.skipTest("a sanitizer needs terabytes of address space")
        rungs, seconds = (range(100, 601, 20), 3) if WHOLE_LADDER else ((100, 120, 200, 350, 500), 1.5)
        for mebibytes in rungs:
            with self.subTest(mebibytes=mebibytes):
                petstore = self.run_petstore(self.folder_of_its_own(), [(resource.RLIMIT_AS, mebibytes * MIB)])
                if not petstore.starts():
                    self.assertEqual(petstore.process.returncode, 1, petstore.said)
                    self.assertRegex(petstore.said, "memory|address space")
                    print(f"{mebibytes} MiB: does not start: {petstore.said.splitlines()[-1]}")
                    continue
                for pet in range(20):
                    petstore.ask("/api/v1/pets", PET)
                seen = self.load(petstore, 64, seconds)
                print(f"{mebibytes} MiB: statuses {dict(sorted(seen.items()))}")
                self.assertIsNone(petstore.process.poll(), petstore.said)
                self.assertLessEqual(set(seen), {0, 200, 503, 507})
                self.assertTrue(self.answers_again(petstore), petstore.said)
                self.assertEqual(petstore.end(), 0, petstore.said)


class Disk(LimitsTest):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("a small disk is mounted by root")
        self.disk = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", self.disk], capture_output=True)
        if mount.returncode != 0:
            self.skipTest(f"no disk can be mounted here: {mount.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk])
        self.fill(self.disk)

    def component(self, petstore):
        time.sleep(1.1)  # an answer is kept for a second
        health = json.loads(petstore.ask("/health")[1])
        return next(each for each in health["components"] if each["name"] == "database")

    def test_a_full_disk_is_507_in_log_health_and_metrics_until_there_is_room(self):
        filler = self.disk / "filler"
        filler.write_bytes(b"x" * 800_000)
        petstore = self.run_petstore(self.disk)
        self.assertTrue(petstore.starts(), petstore.said)
        status = 201
        for _ in range(5000):
            status, text, _ = petstore.ask("/api/v1/pets", PET)
            if status != 201:
                break
        self.assertEqual(status, 507, text)
        self.assertEqual(json.loads(text)["code"], "resource_exhausted")
        self.assertNotIn("sqlite", text)
        self.assertNotIn("disk", text)
        self.assertTrue(self.eventually(lambda: "make room" in petstore.log), petstore.log)
        self.assertEqual(self.component(petstore)["status"], "degraded")
        self.assertEqual(petstore.ask("/health/ready")[0], 200, "what is there can be read")
        self.assertEqual(petstore.ask("/api/v1/pets?limit=10")[0], 200)
        self.assertRegex(petstore.ask("/metrics")[1], r'mmf_errors_total\{[^}]*code="resource_exhausted"')
        filler.unlink()
        self.assertEqual(petstore.ask("/api/v1/pets", PET)[0], 201)
        self.assertEqual(self.component(petstore)["status"], "healthy")
        self.assertEqual(petstore.end(), 0)

    def test_a_full_disk_takes_no_log_and_stops_nothing(self):
        log = self.disk / "petstore.log"
        variables = {
            "MARTY_LOGGING__OUTPUT": "file",
            "MARTY_LOGGING__FILE__PATH": str(log),
            "MARTY_LOGGING__ACCESS_LOG": "true",
        }
        folder = self.folder_of_its_own()
        petstore = self.run_petstore(folder, variables=variables)
        self.assertTrue(petstore.starts(), petstore.said)
        filler = self.disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        for _ in range(200):
            self.assertEqual(petstore.ask("/api/v1/pets?limit=10")[0], 200)
        filler.unlink()
        self.assertEqual(petstore.ask("/api/v1/pets?limit=10")[0], 200)
        self.assertEqual(petstore.end(), 0)
        last = [line for line in log.read_text().splitlines() if line][-1]
        self.assertEqual(json.loads(last)["message"], "stopped")


class Descriptors(LimitsTest):
    def test_with_64_descriptors_those_that_find_one_are_served_and_all_are_again(self):
        if SANITIZED:
            self.skipTest("UndefinedBehaviorSanitizer takes descriptors of its own")
        petstore = self.run_petstore(self.folder_of_its_own(), [(resource.RLIMIT_NOFILE, 64)])
        self.assertTrue(petstore.starts(), petstore.said)
        self.assertEqual(petstore.ask("/api/v1/pets", PET)[0], 201)
        held = []
        for _ in range(150):
            client = socket.create_connection(petstore.address, 5)
            held.append(client)
        time.sleep(0.5)
        self.assertIsNone(petstore.process.poll(), petstore.said)
        for client in held:
            client.close()
        self.assertTrue(self.answers_again(petstore))
        self.assertEqual(petstore.ask("/api/v1/pets", PET)[0], 201)
        self.assertEqual(petstore.end(), 0)


class ReadOnly(LimitsTest):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("acting as somebody who may not write is for root")
        self.folder = self.folder_of_its_own()
        petstore = Petstore(self.folder)
        self.assertTrue(petstore.starts(), petstore.said)
        self.database = next(self.folder.glob("*.db"))
        petstore.close()

    def refused(self):
        petstore = self.run_petstore(self.folder, user=65534)
        self.assertFalse(petstore.starts())
        self.assertEqual(petstore.process.returncode, 1, petstore.said)
        print(petstore.said.splitlines()[-1])
        self.assertIn(str(self.database), petstore.said)
        self.assertIn("folder", petstore.said)

    def test_a_folder_that_may_not_be_written_to_is_named(self):
        self.database.chmod(0o666)
        self.refused()

    def test_a_file_that_may_not_be_written_to_is_named(self):
        self.folder.chmod(0o777)
        self.refused()


if __name__ == "__main__":
    SANITIZED = "--sanitized" in sys.argv
    PETSTORE, FOLDER = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    WHOLE_LADDER = os.environ.get("MARTY_SOAK") == "1"
    unittest.main(argv=sys.argv[:1], verbosity=2)
