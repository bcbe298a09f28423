"""Services under load, and a real Prometheus that scrapes them by the shipped configuration.

with Watched("prometheus", ops, petstore, petstore_folder, plugin_host) as watched:
    watched.query("up")                 # instant
    watched.over_the_run("up")          # every second since the start

The load is bounded, and holds what dashboards are there for: answers of all kinds, an order twice, pages that do not
exist, a database that is locked or damaged for a while, plugins that fail and that are slow.
"""

import itertools
import json
import pathlib
import random
import shutil
import socket
import sqlite3
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import alert_cases

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import Peer  # noqa: E402
from running_service import RunningService  # noqa: E402

ENVIRONMENT = "production"
REQUESTS_PER_SECOND = 60
DISTURBED_SECONDS = 2.0
LOCK = ("BEGIN EXCLUSIVE", "ROLLBACK")
RENAME = ("ALTER TABLE orders RENAME TO orders_away", "ALTER TABLE orders_away RENAME TO orders")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Load:
    """Requests to both services at a steady pace, until it is stopped."""

    def __init__(self, petstore, plugin_host, database, quiet_seconds):
        self.petstore, self.plugin_host, self.database = petstore, plugin_host, database
        self.quiet_seconds = quiet_seconds
        self.stopped = threading.Event()
        self.dice = random.Random(7)
        self.failure = None
        self.pets = []
        works = (self._buy, self._look, self._plugins)
        self.threads = [threading.Thread(target=self._run, args=[work]) for work in works]
        self.threads.append(threading.Thread(target=self._disturb))

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def _run(self, work):
        try:
            while not self.stopped.wait(3 / REQUESTS_PER_SECOND):
                work()
        except Exception as failure:  # the test has to hear of it
            self.failure = failure

    def _buy(self):
        pet = {"name": "Rex", "species": "dog", "price": "10.00"}
        status, added = self.petstore.post("/api/v1/pets", pet)
        if status != 201:
            return
        order = {"pet_id": added["id"], "customer": "kim"}
        self.petstore.post("/api/v1/orders", order)
        if self.dice.random() < 0.2:
            self.petstore.post("/api/v1/orders", order)  # sold already: 409
        self.pets = [*self.pets[-50:], added["id"]]

    def _look(self):
        what = self.dice.random()
        if what < 0.1:
            self.petstore.get("/api/v1/nothing-here")
        elif what < 0.2:
            self.petstore.post("/api/v1/pets", {"name": ""})
        elif what < 0.5 and self.pets:
            self.petstore.get("/api/v1/pets/" + self.dice.choice(self.pets))
        else:
            self.petstore.get("/api/v1/pets?limit=5")

    def _plugins(self):
        fail = "true" if self.dice.random() < 0.2 else "false"
        plugin, operation, wait = self.dice.choice(
            [("payments", "charge", 3), ("payments", "refund", 1), ("search", "index", 40)]
        )
        self.plugin_host.send("POST", f"/run?plugin={plugin}&operation={operation}&wait_ms={wait}&fail={fail}")

    def _disturb(self):
        """Another program, in turns, locks the database for longer than the petstore waits and takes a table away,
        with quiet_seconds between."""
        other = sqlite3.connect(self.database, timeout=10, isolation_level=None, check_same_thread=False)
        for begin, end in itertools.cycle((LOCK, RENAME)):
            if self.stopped.wait(self.quiet_seconds):
                break
            other.execute(begin)
            self.stopped.wait(DISTURBED_SECONDS)
            other.execute(end)
        other.close()


class Watched:
    def __init__(self, prometheus, ops, petstore, petstore_folder, plugin_host, quiet_seconds=2):
        self.program, self.ops, self.quiet_seconds = prometheus, pathlib.Path(ops), quiet_seconds
        self.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(self.folder.name)
        for name in ("petstore", "plugin_host", "prometheus"):
            (root / name).mkdir()
        for name in ("config", "migrations"):
            shutil.copytree(pathlib.Path(petstore_folder) / name, root / "petstore" / name)
        self.petstore = RunningService(petstore, root / "petstore", {"MARTY_DATABASE__SQLITE__BUSY_TIMEOUT_MS": "700"})
        self.plugin_host = RunningService(plugin_host, root / "plugin_host")
        self.database = root / "petstore" / "petstore.db"
        self.entered = []

    def __enter__(self):
        try:
            for service in (self.petstore, self.plugin_host):
                self._enter(service)
            self._enter(self._prometheus())
            self.load = Load(self.petstore, self.plugin_host, self.database, self.quiet_seconds)
            self.started = time.time()
            self.load.start()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, *_):
        self.load.stop()
        self._leave()
        if self.load.failure is not None:
            raise self.load.failure

    def _enter(self, what):
        what.__enter__()
        self.entered.append(what)

    def _leave(self):
        while self.entered:
            self.entered.pop().__exit__(None, None, None)
        self.folder.cleanup()

    def _prometheus(self):
        folder = pathlib.Path(self.folder.name) / "prometheus"
        alert_cases.copy_configuration(self.ops, folder, ENVIRONMENT)
        targets = {"petstore": self.petstore.address, "plugin_host": self.plugin_host.address, "gone": "127.0.0.1:1"}
        faster = {"__scrape_interval__": "1s", "__scrape_timeout__": "1s"}  # than the shipped 15 s
        groups = [{"labels": {"service": name, **faster}, "targets": [at]} for name, at in targets.items()]
        (folder / "targets" / "test.yaml").write_text(json.dumps(groups))
        self.url = f"http://127.0.0.1:{free_port()}"
        return Peer(
            [
                self.program,
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address={self.url.removeprefix('http://')}",
                "--enable-feature=exemplar-storage",
            ],
            r"Server is ready to receive web requests",
        )

    def ask(self, path, **parameters):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=30) as reply:
            return json.load(reply)["data"]

    def query(self, expression):
        """[(labels, value)] of now."""
        return [(each["metric"], float(each["value"][1])) for each in self.ask("query", query=expression)["result"]]

    def over_the_run(self, expression):
        """[(labels, [(seconds, value)])] since the start of the load, a point each second."""
        result = self.ask("query_range", query=expression, start=self.started, end=time.time(), step="1s")["result"]
        return [(each["metric"], [(when, float(value)) for when, value in each["values"]]) for each in result]
