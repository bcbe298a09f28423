"""The examples as a user runs them: the programs themselves, over a socket.

Usage: examples_test.py EXAMPLES_SOURCE_FOLDER EXAMPLES_BUILD_FOLDER
"""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from running_service import RunningService  # noqa: E402

build = pathlib.Path(sys.argv.pop())
source = pathlib.Path(sys.argv.pop())


class Hello(unittest.TestCase):
    def test_it_greets_whom_the_path_names(self):
        with RunningService(build / "hello/hello", source / "hello") as hello:
            self.assertEqual(hello.get("/hello/Ada"), (200, {"message": "Hello, Ada!"}))


class Tasks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.variables = {"MARTY_DATABASE__SQLITE__PATH": folder.name + "/tasks.db"}

    def running(self):
        return RunningService(build / "tasks/tasks", source / "tasks", self.variables)

    def test_a_task_outlives_the_service(self):
        with self.running() as tasks:
            status, added = tasks.post("/tasks", {"title": "Feed the cat"})
            self.assertEqual(status, 201)
        with self.running() as tasks:
            self.assertEqual(
                tasks.get("/tasks/" + added["id"]), (200, {**added, "title": "Feed the cat", "priority": 3})
            )

    def test_a_bad_request_gets_every_wrong_field_and_an_unknown_task_404(self):
        with self.running() as tasks:
            status, problem = tasks.post("/tasks", {"title": "", "priority": 9})
            self.assertEqual(status, 400)
            self.assertEqual(sorted(error["pointer"] for error in problem["errors"]), ["/priority", "/title"])
            self.assertEqual(tasks.get("/tasks/01890a5d-ac96-774b-bcce-b302099a8057")[0], 404)

    def test_what_the_readme_promises_is_there(self):
        with self.running() as tasks:
            for path in ("/docs", "/health", "/metrics", "/info"):
                self.assertEqual(tasks.get(path)[0], 200, path)
            self.assertLessEqual({"/tasks", "/tasks/{id}"}, set(tasks.get("/openapi.json")[1]["paths"]))


if __name__ == "__main__":
    unittest.main()
