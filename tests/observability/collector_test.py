"""The shipped configuration of the OpenTelemetry Collector and of Jaeger (ops/observability), in the real programs:
what they take, keep, drop, add and show. Exits with 77 where one of them is not here.
"""

import json
import pathlib
import random
import re
import shutil
import sys
import tempfile
import time
import unittest
import urllib.parse

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / name) for name in ("support", "prometheus")]
from alert_cases import copy_configuration  # noqa: E402
from otlp import CLIENT, Span, histogram, logs, new_trace_id, thrift_batch, traces  # noqa: E402
from peer import Peer, Skip  # noqa: E402
from secret_server import Refused, free_port, send  # noqa: E402
from trace_servers import SHIPPED, Collector, Jaeger  # noqa: E402

PATIENCE_SECONDS = 60  # a busy machine
ENVIRONMENT = "deployment.environment.name"


def eventually(look):
    """What look() gives as soon as it gives something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            found = look()
        except (OSError, Refused):
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come about in time")


def tags(holder):
    return {tag["key"]: tag["value"] for tag in holder["tags"]}


class ServersTest(unittest.TestCase):
    SAMPLING_PERCENTAGE = None  # the shipped one

    @classmethod
    def setUpClass(cls):
        cls.jaeger = cls.enterClassContext(Jaeger())
        collector = Collector(cls.jaeger.address("OTLP_GRPC"), cls.SAMPLING_PERCENTAGE)
        cls.collector = cls.enterClassContext(collector)

    def send(self, signal, request):
        send("POST", f"{self.collector.url('OTLP_HTTP')}/v1/{signal}", request)

    def trace(self, trace_id):
        return eventually(lambda: self.jaeger.trace(trace_id))

    def log_lines(self):
        return self.collector.log_file.read_text().splitlines()

    def shown(self):
        """The lines of the Collector's page for Prometheus."""
        accept = {"accept": "application/openmetrics-text"}
        return send("GET", f"{self.collector.url('PROMETHEUS')}/metrics", headers=accept).splitlines()

    def counted(self, name, labels=""):
        """The sum over a counter of the collector's own with these labels."""
        text = send("GET", f"{self.collector.url('METRICS')}/metrics")
        lines = re.findall(rf"^{name}\w*{{([^}}]*)}} (\S+)$", text, re.MULTILINE)
        return sum(float(value) for found, value in lines if labels in found)


class NoneOfTheRestTest(ServersTest):
    SAMPLING_PERCENTAGE = 0

    def test_failed_and_slow_traces_are_kept_and_the_others_not(self):
        plain, failed, slow, late = (new_trace_id() for _ in range(4))
        self.send("traces", traces("shop", Span(plain, "plain"), Span(failed, "failed", failed=True)))
        self.send("traces", traces("shop", Span(slow, "slow", seconds=1.5)))
        parent = Span(late, "parent")
        self.send("traces", traces("shop", parent))
        child = Span(late, "child", failed=True, parent_id=parent.span_id)
        self.send("traces", traces("stock", child))
        self.assertEqual(tags(self.trace(failed)["spans"][0])["error"], True)
        self.assertEqual(self.trace(slow)["spans"][0]["operationName"], "slow")
        self.assertEqual({span["operationName"] for span in self.trace(late)["spans"]}, {"parent", "child"})
        counter = "otelcol_processor_tail_sampling_global_count_traces_sampled"
        eventually(lambda: self.counted(counter, 'sampled="false"') == 1)
        self.assertEqual(self.counted(counter, 'sampled="true"'), 3)
        self.assertIsNone(self.jaeger.trace(plain))

    def test_what_the_tail_sampling_of_a_service_has_kept_is_kept(self):
        reasons = {reason: new_trace_id() for reason in ("error", "slow", "slowest")}
        for reason, trace_id in reasons.items():
            self.send("traces", traces("shop", Span(trace_id, reason, attributes={"mmf.sampling_reason": reason})))
        for reason, trace_id in reasons.items():
            self.assertEqual(tags(self.trace(trace_id)["spans"][0])["mmf.sampling_reason"], reason)


class AQuarterOfTheRestTest(ServersTest):
    SAMPLING_PERCENTAGE = 25

    def test_of_the_others_the_given_percentage_is_kept(self):
        ids = [random.Random(number).randbytes(16).hex() for number in range(400)]
        self.send("traces", traces("shop", *(Span(trace_id, "plain") for trace_id in ids)))
        counter = "otelcol_processor_tail_sampling_global_count_traces_sampled"
        eventually(lambda: self.counted(counter) == len(ids))
        sampled = int(self.counted(counter, 'sampled="true"'))
        self.assertTrue(70 <= sampled <= 130, sampled)
        eventually(lambda: len(self.jaeger.get("traces?service=shop&limit=1000")) == sampled)


class EverythingTest(ServersTest):
    def test_what_services_have_sampled_is_not_sampled_again(self):
        ids = [random.Random(number).randbytes(16).hex() for number in range(100)]
        self.send("traces", traces("sampled-shop", *(Span(trace_id, "plain") for trace_id in ids)))
        eventually(lambda: len(self.jaeger.get("traces?service=sampled-shop&limit=1000")) == len(ids))

    def test_the_environment_is_added_where_none_is_named(self):
        bare, named = new_trace_id(), new_trace_id()
        self.send("traces", traces("shop", Span(bare, "bare", attributes={"http.route": "/pets"})))
        self.send("traces", traces("shop", Span(named, "named", attributes={ENVIRONMENT: "canary"})))
        said = tags(self.trace(bare)["spans"][0])
        self.assertEqual(said[ENVIRONMENT], "testing")
        self.assertEqual(said["http.route"], "/pets")
        self.assertEqual(tags(self.trace(named)["spans"][0])[ENVIRONMENT], "canary")

    def test_headers_that_carry_secrets_are_taken_away_and_others_stay(self):
        headers = (
            *("request.header.authorization", "request.header.Proxy-Authorization", "request.header.cookie"),
            *("request.header.x-api-key", "request.header.x_api_key", "request.header.x-shop-session-token"),
            *("response.header.set-cookie", "response.header.X-CSRF-Token"),
        )
        secrets = {f"http.{name}": "hunter2" for name in headers}
        secrets["rpc.grpc.request.metadata.x-refresh-token"] = "hunter2"
        harmless = {"http.request.header.accept": "text/html", "http.response.header.etag": "7", "token.kind": "jwt"}
        span = Span(new_trace_id(), "GET /pets", attributes={**secrets, **harmless})
        self.send("traces", traces("shop", span))
        said = tags(self.trace(span.trace_id)["spans"][0])
        self.assertEqual(secrets.keys() & said.keys(), set())
        self.assertEqual({name: said.get(name) for name in harmless}, harmless)
        self.send("logs", logs("careful-shop", "a header was seen", span))
        line = eventually(lambda: next((line for line in self.log_lines() if "a header was seen" in line), None))
        self.assertNotIn("hunter2", line)
        self.assertIn("text/html", line)

    def test_no_second_environment_is_added_to_what_the_resource_says(self):
        staging, span = {ENVIRONMENT: "staging"}, Span(new_trace_id(), "GET /pets")
        self.send("traces", traces("shop", span, **staging))
        self.send("logs", logs("staged-shop", "staged", span, **staging))
        instance = {"service.instance.id": "7", **staging}
        self.send("metrics", histogram("staged-shop", "staged.duration", 0.25, span, **instance))
        trace = self.trace(span.trace_id)
        self.assertEqual(tags(trace["processes"]["p1"])[ENVIRONMENT], "staging")
        self.assertNotIn(ENVIRONMENT, tags(trace["spans"][0]))
        line = eventually(lambda: next((line for line in self.log_lines() if '"staged"' in line), None))
        self.assertEqual(re.findall(rf'"{ENVIRONMENT}","value":{{"stringValue":"(\w+)"', line), ["staging"])
        shown = eventually(lambda: [line for line in self.shown() if 'job="staged-shop"' in line])
        said = {re.sub(r"{.*", "", line): set(re.findall(r'environment_name="(\w+)"', line)) for line in shown}
        self.assertEqual(said.pop("target_info"), {"staging"})
        self.assertIn("staged_duration_seconds_bucket", said)
        self.assertEqual(set().union(*said.values()), set())

    def test_zipkin_and_jaeger_clients_are_heard(self):
        zipkin, thrift = new_trace_id(), new_trace_id()
        span = Span(zipkin, "get /pets", attributes={"http.path": "/pets"})
        send("POST", f"{self.collector.url('ZIPKIN')}/api/v2/spans", [span.as_zipkin("zipkin-shop")])
        batch = thrift_batch("jaeger-shop", Span(thrift, "get /orders", attributes={"http.method": "GET"}))
        content_type = {"content-type": "application/x-thrift"}
        send("POST", f"{self.collector.url('JAEGER_HTTP')}/api/traces?format=jaeger.thrift", batch, content_type)
        for trace_id, service, operation in (
            (zipkin, "zipkin-shop", "get /pets"),
            (thrift, "jaeger-shop", "get /orders"),
        ):
            found = self.trace(trace_id)
            self.assertEqual(found["spans"][0]["operationName"], operation)
            self.assertEqual(found["processes"]["p1"]["serviceName"], service)
            self.assertEqual(tags(found["spans"][0])[ENVIRONMENT], "testing")

    def test_jaeger_knows_services_operations_and_who_calls_whom_after_a_restart_too(self):
        trace_id = new_trace_id()
        call = Span(trace_id, "POST", kind=CLIENT)
        self.send("traces", traces("till", call, **{ENVIRONMENT: "production"}))
        self.send("traces", traces("stock", Span(trace_id, "POST /reservations", parent_id=call.span_id)))
        self.trace(trace_id)
        self.jaeger.stop()
        self.jaeger.start()
        self.assertEqual(len(self.jaeger.trace(trace_id)["spans"]), 2)
        self.assertLessEqual({"till", "stock"}, set(self.jaeger.get("services")))
        self.assertEqual(self.jaeger.get("services/stock/operations"), ["POST /reservations"])
        links = self.jaeger.get(f"dependencies?endTs={int(time.time() * 1000)}&lookback=3600000")
        self.assertIn(("till", "stock", 1), [(link["parent"], link["child"], link["callCount"]) for link in links])
        processes = {process["serviceName"]: process for process in self.jaeger.trace(trace_id)["processes"].values()}
        self.assertEqual(tags(processes["till"])[ENVIRONMENT], "production")

    def test_metrics_are_shown_to_prometheus_with_their_exemplars(self):
        span = Span(new_trace_id(), "GET /pets")
        self.send("metrics", histogram("shop", "http.server.request.duration", 0.25, span))
        name = "http_server_request_duration_seconds_bucket"
        bucket = eventually(lambda: [line for line in self.shown() if name in line and 'le="1.0"' in line])[0]
        self.assertIn('job="shop"', bucket)
        self.assertIn(f'trace_id="{span.trace_id}"', bucket)

    def test_log_records_are_written_one_a_line_with_their_trace(self):
        span = Span(new_trace_id(), "GET /pets")
        self.send("logs", logs("shop", "a pet was sold", span))
        line = eventually(lambda: next((line for line in self.log_lines() if "a pet was sold" in line), None))
        record = json.loads(line)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
        self.assertEqual(record["body"]["stringValue"], "a pet was sold")
        self.assertEqual(record["traceId"], span.trace_id)
        added = {"key": ENVIRONMENT, "value": {"stringValue": "testing"}}
        self.assertIn(added, record["attributes"])

    def test_what_comes_while_jaeger_is_away_arrives_when_it_is_back(self):
        self.jaeger.stop()
        trace_id = new_trace_id()
        self.send("traces", traces("shop", Span(trace_id, "GET /pets")))
        eventually(lambda: self.counted("otelcol_exporter_queue_size", "otlp/jaeger") == 1)
        self.jaeger.start()
        self.trace(trace_id)


@unittest.skipUnless(shutil.which("prometheus"), "prometheus is not here (Debian's package prometheus)")
class PrometheusTest(ServersTest):
    """A real one, on the shipped configuration with other addresses."""

    def start_prometheus(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        copy_configuration(SHIPPED, folder, "production")
        configuration = folder / "prometheus.yml"
        configuration.write_text(configuration.read_text().replace("scrape_interval: 15s", "scrape_interval: 1s"))
        shutil.copytree(SHIPPED / "prometheus/backends", folder / "backends")
        addresses = {
            "otel-collector:8888": self.collector.address("METRICS"),
            "otel-collector:8889": self.collector.address("PROMETHEUS"),
            "jaeger:8888": self.jaeger.address("METRICS"),
        }
        for path in (folder / "backends").iterdir():
            path.write_text(re.sub(r"- (\S+:\d+)$", lambda at: f"- {addresses[at[1]]}", path.read_text(), flags=re.M))
        self.address = f"127.0.0.1:{free_port()}"
        words = ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder}/data"]
        peer = Peer([*words, f"--web.listen-address={self.address}"], r"Server is ready to receive web requests")
        self.enterContext(peer)

    def query(self, expression):
        url = f"http://{self.address}/api/v1/query?query={urllib.parse.quote(expression)}"
        return [each["metric"] for each in send("GET", url)["data"]["result"]]

    def test_it_reads_the_collector_and_jaeger_and_of_what_services_exported_nothing_that_it_scrapes(self):
        self.start_prometheus()
        for name in ("orders.duration", "mmf.request.duration"):
            self.send("metrics", histogram("shop", name, 0.25, Span(new_trace_id(), "GET /pets")))
        eventually(lambda: any("mmf_request_duration_seconds_count" in line for line in self.shown()))
        found = eventually(lambda: self.query("orders_duration_seconds_count"))
        self.assertEqual([(series["job"], "service" in series) for series in found], [("shop", False)])
        self.assertEqual(self.query('{__name__=~"mmf_.*"}'), [])
        up = eventually(lambda: found if len(found := self.query("up == 1")) == 3 else None)
        said = sorted((series["job"], series.get("service")) for series in up)
        self.assertEqual(said, [("backends", "jaeger"), ("backends", "otel-collector"), ("exported", None)])
        eventually(lambda: self.query('{__name__=~"otelcol_process_uptime.*",service="otel-collector"}'))


def main():
    try:
        for server in (Collector("127.0.0.1:4317"), Jaeger()):
            server._require()
    except Skip as reason:
        print(f"skipped: {reason}")
        return 77
    return 0 if unittest.main(exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
