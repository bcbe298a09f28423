"""The examples as a user runs them: the programs themselves, over a socket.

Usage: examples_test.py EXAMPLES_SOURCE_FOLDER EXAMPLES_BUILD_FOLDER
"""

import pathlib
import subprocess
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


class GrpcOrders(unittest.TestCase):
    def test_the_client_calls_every_kind_of_method(self):
        with RunningService(build / "grpc_orders/grpc_orders", source / "grpc_orders") as orders:
            target = orders.url.removeprefix("http://")
            client = subprocess.run(
                [build / "grpc_orders/grpc_orders_client", target], capture_output=True, text=True, timeout=60
            )
            self.assertEqual((client.returncode, client.stderr), (0, ""))
            self.assertEqual(
                client.stdout.splitlines(),
                [
                    "placed order-1 for Ada",
                    "refused: 1 field is invalid: /customer is required",
                    "order-1 is STATE_PLACED",
                    "order-1 is STATE_SHIPPED",
                    "imported 3 orders",
                    "cup: 500 cents",
                ],
            )
            self.assertNotIn('code="cancelled"', orders.get("/metrics")[1])  # it reads its streams to the end

    def test_a_client_says_why_it_cannot_reach_the_service(self):
        client = subprocess.run(
            [build / "grpc_orders/grpc_orders_client", "127.0.0.1:1"], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(client.returncode, 1)
        self.assertIn("orders.v1.Orders/PlaceOrder at 127.0.0.1:1: cannot be reached", client.stderr)


class Hybrid(unittest.TestCase):
    def test_rest_and_connect_see_the_same(self):
        with RunningService(build / "hybrid/hybrid", source / "hybrid") as stock:
            self.assertEqual(stock.get("/api/v1/items/cup"), (200, {"sku": "cup", "quantity": 12}))
            self.assertEqual(
                stock.post("/stock.v1.Stock/SetQuantity", {"sku": "cup", "quantity": 7}),
                (200, {"sku": "cup", "quantity": 7}),
            )
            self.assertEqual(stock.get("/api/v1/items/cup"), (200, {"sku": "cup", "quantity": 7}))
            self.assertEqual(stock.send("PUT", "/api/v1/items/cup", {"quantity": 0})[0], 200)
            self.assertEqual(stock.post("/stock.v1.Stock/GetItem", {"sku": "cup"}), (200, {"sku": "cup"}))

    def test_each_way_in_has_its_own_errors(self):
        with RunningService(build / "hybrid/hybrid", source / "hybrid") as stock:
            status, problem = stock.send("PUT", "/api/v1/items/cup", {"quantity": -1})
            self.assertEqual((status, problem["errors"][0]["pointer"]), (400, "/quantity"))
            status, error = stock.post("/stock.v1.Stock/SetQuantity", {"sku": "cup", "quantity": -1})
            self.assertEqual((status, error["code"]), (400, "invalid_argument"))
            self.assertEqual(stock.post("/stock.v1.Stock/GetItem", {"sku": "pot"})[0], 404)

    def test_the_page_and_the_documentation_are_there(self):
        with RunningService(build / "hybrid/hybrid", source / "hybrid") as stock:
            self.assertIn("/stock.v1.Stock/", stock.get("/")[1])
            paths = set(stock.get("/openapi.json")[1]["paths"])
            self.assertLessEqual({"/api/v1/items/{sku}", "/stock.v1.Stock/GetItem", "/stock.v1.Stock/WatchItem"}, paths)


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
