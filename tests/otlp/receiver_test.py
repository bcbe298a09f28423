#!/usr/bin/env python3
"""Export against a receiver that reads with OpenTelemetry's own messages: receiver_test.py SPANS SERVICE (programs)

Runs with the Python of the tool otlp-reader, which has the packages of tests/observability/requirements.txt. Exit
status 77: there is none.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from peer import Skip, tool                                        # noqa: E402

try:
    PYTHON = tool("otlp-reader", "python")
    if pathlib.Path(sys.prefix).resolve() != pathlib.Path(PYTHON).parents[1].resolve():
        os.execv(PYTHON, [PYTHON, "-B", *sys.argv])
except Skip as reason:
    print(f"skipped: {reason}")
    sys.exit(77)

import grpc                                                        # noqa: E402
from otlp_receiver import Answer, OtlpReceiver, attributes_of      # noqa: E402
from running_service import RunningService                         # noqa: E402

SPANS, SERVICE = sys.argv[1:3]
PROTOCOLS = ("http", "grpc")


def url_of(receiver, protocol):
    return receiver.http_url if protocol == "http" else receiver.grpc_url


def start_spans(endpoint, protocol, rate, seconds, compression="none", queue=8 << 20):
    words = [SPANS, endpoint, protocol, compression, str(rate), str(seconds), str(queue)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result_of(process):
    out, process.said = process.communicate(timeout=60)
    return json.loads(out)


def export_spans(*arguments, **options):
    return result_of(start_spans(*arguments, **options))


def dead_endpoint():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def lost(result):
    return sum(result[reason] for reason in ("queue_full", "rejected", "refused", "expired", "shutdown", "buffer_full"))


class Spans(unittest.TestCase):
    def test_arrive_complete_over_both_protocols(self):
        for protocol in PROTOCOLS:
            for compression in ("none", "gzip"):
                with self.subTest(protocol=protocol, compression=compression), OtlpReceiver() as receiver:
                    result = export_spans(url_of(receiver, protocol), protocol, 2000, 1.5, compression)
                    self.assertEqual(receiver.failures, [])
                    self.assertEqual(result["exported"], 3000)
                    self.assertEqual(len({span.span_id for span in receiver.spans}), 3000)
                    span = receiver.spans[0]
                    self.assertEqual(span.name, "GET /pets/{id}")
                    self.assertEqual((len(span.trace_id), len(span.span_id)), (16, 8))
                    self.assertEqual(attributes_of(span)["http.response.status_code"], 200)
                    self.assertEqual(attributes_of(receiver.resources[0]), {"service.name": "spans"})
                    self.assertEqual(receiver.requests[0].metadata["x-token"], "t0")

    def test_are_sent_again_when_the_receiver_says_so(self):
        answers = {
            "http": [Answer(status=503), Answer(status=429, retry_after=2)],
            "grpc": [
                Answer(code=grpc.StatusCode.UNAVAILABLE),
                Answer(code=grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after=2),
            ],
        }
        for protocol in PROTOCOLS:
            with self.subTest(protocol=protocol), OtlpReceiver() as receiver:
                receiver.answers += answers[protocol]
                result = export_spans(url_of(receiver, protocol), protocol, 10, 6)
                self.assertEqual(result["exported"], 60, result)
                self.assertEqual(result["failures"], 2)
                self.assertEqual(len({span.span_id for span in receiver.spans}), 60)

    def test_are_given_up_where_they_are_refused(self):
        answers = {"http": Answer(status=400), "grpc": Answer(code=grpc.StatusCode.INVALID_ARGUMENT, message="no")}
        for protocol in PROTOCOLS:
            with self.subTest(protocol=protocol), OtlpReceiver() as receiver:
                receiver.answers.append(answers[protocol])
                result = export_spans(url_of(receiver, protocol), protocol, 100, 1.5)
                self.assertEqual(result["exported"] + result["refused"], 150)
                self.assertGreater(result["refused"], 0)

    def test_that_a_receiver_rejects_are_counted(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol=protocol), OtlpReceiver() as receiver:
                receiver.answers.append(Answer(rejected=7, message="too old"))
                process = start_spans(url_of(receiver, protocol), protocol, 100, 1.5)
                result = result_of(process)
                self.assertEqual((result["exported"], result["rejected"]), (143, 7))
                self.assertIn("too old", process.said)

    def test_are_dropped_and_counted_where_nobody_listens(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol=protocol):
                process = start_spans(dead_endpoint(), protocol, 20_000, 4, queue=1 << 20)
                result = result_of(process)
                self.assertEqual(result["exported"], 0)
                self.assertEqual(lost(result), result["finished"])
                self.assertGreater(result["queue_full"], 50_000)
                self.assertIn("not exported: traces for", result["state"])
                self.assertLess(result["stop_seconds"], 2)
                self.assertEqual(process.said.count("telemetry cannot be exported"), 1)

    def test_arrive_when_the_receiver_comes_later(self):
        endpoint = dead_endpoint()
        process = start_spans(endpoint, "http", 100, 6)
        time.sleep(2)  # tidy:allow(sleep): the outage that is tested
        with OtlpReceiver(port=int(endpoint.rsplit(":", 1)[1])) as receiver:
            result = result_of(process)
            self.assertEqual(result["exported"], 600, result)
            self.assertEqual(len({span.span_id for span in receiver.spans}), 600)
            self.assertEqual(result["state"], "well")
        self.assertIn("telemetry is exported again", process.said)

    def test_do_not_hold_up_the_end_where_the_receiver_hangs(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol=protocol), OtlpReceiver() as receiver:
                receiver.answers += [Answer(delay=600)] * 10
                result = export_spans(url_of(receiver, protocol), protocol, 100, 1.5)
                self.assertGreater(result["stop_seconds"], 4)
                self.assertLess(result["stop_seconds"], 6)
                self.assertEqual(result["shutdown"], 150)


class Service(unittest.TestCase):
    def variables(self, endpoint, protocol="http"):
        return {
            "MARTY_TELEMETRY__OTLP__ENDPOINT": endpoint,
            "MARTY_TELEMETRY__OTLP__PROTOCOL": protocol,
            "MARTY_TELEMETRY__OTLP__LOGS": "true",
            "MARTY_TELEMETRY__OTLP__METRICS_INTERVAL": "1s",
        }

    def run_service(self, variables):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return RunningService(SERVICE, folder.name, variables)

    def test_exports_metrics_by_the_names_of_the_conventions(self):
        with OtlpReceiver() as receiver:
            with self.run_service(self.variables(receiver.http_url)) as service:
                for i in range(5):
                    self.assertEqual(service.get(f"/pets/{i}")[0], 200)
            self.assertEqual(receiver.failures, [])
            resource = attributes_of(receiver.resources[0])
            self.assertEqual(resource["service.name"], "pets")
            self.assertEqual(resource["deployment.environment.name"], "development")
            self.assertEqual(resource["process.pid"], service.process.pid)
            self.assertTrue(resource["service.instance.id"] and resource["host.name"])
            metrics = {metric.name: metric for metric in receiver.metrics}  # the last reading, at the end
            duration = metrics["http.server.request.duration"]
            self.assertEqual(duration.unit, "s")
            self.assertEqual(duration.histogram.aggregation_temporality, 2)
            points = [p for p in duration.histogram.data_points if attributes_of(p)["http.route"] == "/pets/{id}"]
            self.assertEqual(points[0].count, 5)
            self.assertEqual(sum(points[0].bucket_counts), 5)
            self.assertEqual(len(points[0].bucket_counts), len(points[0].explicit_bounds) + 1)
            self.assertGreater(points[0].sum, 0)
            traces = {span.trace_id for span in receiver.spans}
            exemplars = points[0].exemplars
            self.assertTrue(exemplars and all(exemplar.trace_id in traces for exemplar in exemplars))
            self.assertTrue(all(0 < exemplar.as_double <= points[0].sum for exemplar in exemplars))
            self.assertGreater(points[0].time_unix_nano, points[0].start_time_unix_nano)
            attributes = attributes_of(points[0])
            self.assertEqual(attributes["http.response.status_code"], 200)
            self.assertEqual(attributes["http.request.method"], "GET")
            self.assertFalse(metrics["http.server.active_requests"].sum.is_monotonic)
            self.assertTrue(metrics["process.cpu.time"].sum.is_monotonic)
            self.assertEqual(metrics["mmf_build_info"].gauge.data_points[0].as_double, 1)

    def exported_resources(self, variables):
        """Those of all three signals, and the log."""
        with OtlpReceiver() as receiver:
            with self.run_service({**self.variables(receiver.http_url), **variables}) as service:
                service.get("/pets/1")
            self.assertEqual(receiver.failures, [])
            self.assertTrue(receiver.spans and receiver.metrics and receiver.logs)
            return [attributes_of(resource) for resource in receiver.resources], service.log

    def test_exports_the_resource_that_variables_describe(self):
        resources, _ = self.exported_resources(
            {
                "OTEL_RESOURCE_ATTRIBUTES": "service.name=no,service.version=2.1,team=cats%20%26%20co,"
                "host.name=elsewhere,deployment.environment.name=canary,telemetry.sdk.name=other",
                "OTEL_SERVICE_NAME": "named pets",
            }
        )
        for resource in resources:
            self.assertEqual(resource["service.name"], "named pets")
            self.assertEqual(resource["service.version"], "2.1")
            self.assertEqual(resource["team"], "cats & co")
            self.assertEqual(resource["host.name"], "elsewhere")
            self.assertEqual(resource["deployment.environment.name"], "canary")
            self.assertEqual(resource["telemetry.sdk.name"], "marty")

    def test_is_what_it_is_configured_to_be_whatever_variables_describe(self):
        resources, _ = self.exported_resources(
            {
                "OTEL_RESOURCE_ATTRIBUTES": "service.version=2.1,deployment.environment.name=canary,team=cats",
                "OTEL_SERVICE_NAME": "no",
                "MARTY_SERVICE__NAME": "configured",
                "MARTY_SERVICE__VERSION": "3.0",
                "MARTY_ENV": "testing",
            }
        )
        for resource in resources:
            self.assertEqual(resource["service.name"], "configured")
            self.assertEqual(resource["service.version"], "3.0")
            self.assertEqual(resource["deployment.environment.name"], "testing")
            self.assertEqual(resource["team"], "cats")

    def test_drops_attributes_that_are_malformed_anywhere_and_says_so(self):
        resources, log = self.exported_resources({"OTEL_RESOURCE_ATTRIBUTES": "team=cats,service.name=no,bad=%zz"})
        for resource in resources:
            self.assertEqual(resource["service.name"], "pets")
            self.assertNotIn("team", resource)
        warnings = [line["message"] for line in log if line["level"] == "warning"]
        self.assertEqual(sum("OTEL_RESOURCE_ATTRIBUTES does not count" in message for message in warnings), 1)

    def test_exports_its_lines_with_what_belongs_to_them(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol=protocol), OtlpReceiver() as receiver:
                endpoint = url_of(receiver, protocol)
                with self.run_service(self.variables(endpoint, protocol)) as service:
                    service.get("/pets/unknown")
                self.assertEqual(receiver.failures, [])
                lines = {line.body.string_value: line for line in receiver.logs}
                asked = lines["pet asked for"]
                self.assertEqual((asked.severity_number, asked.severity_text), (9, "INFO"))
                self.assertEqual((len(asked.trace_id), len(asked.span_id), asked.flags), (16, 8, 1))
                attributes = attributes_of(asked)
                self.assertEqual(attributes["logger"], "test.pets")
                self.assertEqual(attributes["pet_id"], "unknown")
                self.assertEqual((attributes["attempt"], attributes["price"], attributes["is_tame"]), (1, 1.5, True))
                self.assertEqual(attributes["raw"], "\ufffd")
                self.assertEqual(attributes["api_token"], "[redacted]")
                spans = [span for span in receiver.spans if span.trace_id == asked.trace_id]
                self.assertEqual([(span.name, span.span_id) for span in spans], [("GET /pets/{id}", asked.span_id)])
                self.assertEqual(attributes["correlation_id"], asked.trace_id.hex())
                self.assertTrue(attributes["code.file.path"].endswith("service.cpp"))
                self.assertGreater(attributes["code.line.number"], 0)
                failed = attributes_of(lines["cannot look"])
                self.assertEqual(failed["exception.type"], "marty::Error")
                self.assertIn("no shelf", failed["exception.message"])
                self.assertIn("otlp_service", failed["exception.stacktrace"])

    def test_takes_the_variables_of_opentelemetry(self):
        with OtlpReceiver() as receiver:
            variables = {
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.grpc_url,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_HEADERS": "x-token=a%20b",
            }
            with self.run_service(variables):
                pass
            self.assertEqual(receiver.requests[0].metadata["x-token"], "a b")
            self.assertGreater(receiver.count("metrics"), 0)

    def test_serves_where_the_receiver_is_out_of_reach_and_says_so(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol=protocol):
                endpoint = dead_endpoint()
                with self.run_service(self.variables(endpoint, protocol)) as service:
                    self.assertEqual(service.get("/pets/1")[0], 200)
                    deadline = time.monotonic() + 20
                    while True:
                        status, report = service.get("/health")
                        component = [c for c in report["components"] if c["name"] == "telemetry"][0]
                        if component["status"] != "healthy" or time.monotonic() > deadline:
                            break
                        time.sleep(0.2)  # tidy:allow(sleep): until it is noticed
                    self.assertEqual((status, report["status"]), (200, "degraded"))
                    self.assertEqual(component["code"], "unavailable")
                    self.assertNotIn(endpoint.split("//")[1], json.dumps(report))
                    self.assertEqual(service.get("/health/ready")[0], 200)
                    service.process.send_signal(signal.SIGTERM)
                    begin = time.monotonic()
                    service.process.wait(10)
                    self.assertLess(time.monotonic() - begin, 3)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
