"""What a service shows under /metrics, judged by Prometheus' strict parser of OpenMetrics, promtool and its server.

Usage: prometheus_test.py PROGRAM
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
except ImportError:
    print("python3-prometheus-client is not here")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from running_service import RunningService  # noqa: E402
from secret_server import free_port         # noqa: E402

PROGRAM = sys.argv.pop(1)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OF_PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
CONFIGURATION = """
global: {scrape_interval: 200ms}
scrape_configs:
  - job_name: measured
    static_configs: [{targets: ["%s"]}]
"""


def ask(url, headers=None, method="GET"):
    """(content type, body)"""
    request = urllib.request.Request(url, headers=headers or {}, method=method)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as reply:
        return reply.headers["content-type"], reply.read().decode()


def exemplars_of(families):
    return [
        sample.exemplar
        for family in families.values()
        for sample in family.samples
        if sample.exemplar is not None and sample.labels.get("route") == "/orders/{kind}"
    ]


class PrometheusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        (pathlib.Path(cls.folder) / "config").mkdir()
        variables = {"MARTY_ENV": "testing", "MARTY_SERVICE__VERSION": "1.2.3"}
        cls.service = cls.enterClassContext(RunningService(PROGRAM, cls.folder, variables))
        for _ in range(20):
            ask(cls.service.url + "/orders/book", {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, "POST")
        for _ in range(5):
            cls.service.get("/fail")

    def scrape(self, accept):
        return ask(self.service.url + "/metrics", {"accept": accept})

    def test_negotiates_the_format(self):
        for accept, expected in (
            ("", TEXT),
            ("*/*", TEXT),
            ("text/html, */*;q=0.1", TEXT),
            ("text/plain", TEXT),
            ("application/openmetrics-text;q=0.4, text/plain;q=0.5", TEXT),
            ("application/openmetrics-text;q=0, */*", TEXT),
            ("application/openmetrics-text", OPENMETRICS),
            ("application/openmetrics-text;q=0.5, text/plain;q=0.4", OPENMETRICS),
            (OF_PROMETHEUS, OPENMETRICS),
        ):
            with self.subTest(accept=accept):
                self.assertEqual(self.scrape(accept)[0], expected)

    def test_the_strict_parser_reads_it_with_exemplars(self):
        families = {family.name: family for family in text_string_to_metric_families(self.scrape(OF_PROMETHEUS)[1])}
        self.assertEqual(families["mmf_request_duration_seconds"].unit, "seconds")
        self.assertEqual(families["orders"].type, "counter")
        self.assertEqual([(s.labels, s.value) for s in families["orders"].samples], [({"kind": "book"}, 20.0)])
        found = exemplars_of(families)
        self.assertTrue(found)
        for exemplar in found:
            self.assertEqual(exemplar.labels["trace_id"], TRACE)
            self.assertEqual(len(exemplar.labels["span_id"]), 16)
            self.assertLess(abs(time.time() - float(exemplar.timestamp)), 60)

    def test_promtool_finds_nothing_to_say(self):
        text = self.scrape("")[1]
        done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_the_server_scrapes_it_and_finds_the_traces(self):
        with Prometheus(self.service.address) as prometheus:
            value = prometheus.query('sum(mmf_requests_total{route="/orders/{kind}",status="200"})')
            self.assertEqual(value, "20")
            found = prometheus.get("query_exemplars", query="mmf_request_duration_seconds_bucket", **prometheus.span())
            labels = [exemplar["labels"] for series in found for exemplar in series["exemplars"]]
            self.assertIn(TRACE, [each["trace_id"] for each in labels])
            bounds = prometheus.get("series", **{"match[]": 'mmf_request_duration_seconds_bucket{status="500"}'})
            self.assertIn("1.0", [each["le"] for each in bounds])

    def test_the_server_has_the_objectives_as_calculated_by_hand(self):
        with Prometheus(self.service.address) as prometheus:
            # 5 of 25 failed, where one in a thousand may.
            for _ in range(50):
                rate = float(prometheus.query('mmf_slo_burn_rate{slo="availability",window="5m"}'))
                if rate > 0:
                    break
                time.sleep(0.2)
            self.assertAlmostEqual(rate, 200, places=6)
            self.assertAlmostEqual(
                float(prometheus.query('mmf_slo_error_budget_remaining_ratio{slo="availability"}')), -199, places=6
            )
            self.assertAlmostEqual(float(prometheus.query('mmf_slo_compliance_ratio{slo="latency"}')), 1, places=9)

    def test_the_runtime_shows_itself(self):
        with Prometheus(self.service.address) as prometheus:
            for name in ("mmf_fibers", "mmf_connections", "mmf_anonymous_memory_bytes"):
                self.assertGreater(float(prometheus.query(f"sum({name})")), 0, name)


class Prometheus:
    """The server, which scrapes one target; as a context, once it has done so."""

    def __init__(self, target):
        self.target, self.started = target, time.time()

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        (folder / "prometheus.yml").write_text(CONFIGURATION % self.target)
        self.url = f"http://127.0.0.1:{free_port()}"
        words = [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={self.url[7:]}",
            "--enable-feature=exemplar-storage",
        ]
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=log)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.folder.cleanup()

    def _wait(self):
        for _ in range(300):
            try:
                targets = self.get("targets")["activeTargets"]
                if targets and targets[0]["health"] == "up":
                    return
                if targets and targets[0]["lastError"]:
                    raise AssertionError(targets[0]["lastError"])
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError((pathlib.Path(self.folder.name) / "log").read_text())

    def get(self, path, **query):
        return json.loads(ask(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}")[1])["data"]

    def query(self, expression):
        """The value of the one series that it gives."""
        result = self.get("query", query=expression)["result"]
        if len(result) != 1:
            raise AssertionError(f"{expression} gives {result}")
        return result[0]["value"][1]

    def span(self):
        return {"start": self.started - 60, "end": time.time() + 60}


if __name__ == "__main__":
    unittest.main(verbosity=2)
