"""The petstore, the Collector and Jaeger, all real, on the files of ops/observability: a request's trace is found
through Jaeger's API, its metrics at the Collector's page for Prometheus, its lines in the Collector's file.
Exits with 77 where a program is missing. Usage: petstore_test.py PETSTORE PETSTORE_FOLDER
"""

import json
import pathlib
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from collector_test import ServersTest, eventually, tags  # noqa: E402
from otlp import new_trace_id  # noqa: E402
from peer import Skip  # noqa: E402
from running_service import RunningService  # noqa: E402
from secret_server import send  # noqa: E402
from trace_servers import Collector, Jaeger  # noqa: E402


class PetstoreTest(ServersTest):
    def run_petstore(self, protocol, endpoint):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        variables = {
            "MARTY_ENV": "testing",
            "MARTY_DATABASE__SQLITE__PATH": f"{folder}/petstore.db",
            "MARTY_TELEMETRY__OTLP__ENDPOINT": endpoint,
            "MARTY_TELEMETRY__OTLP__PROTOCOL": protocol,
            "MARTY_TELEMETRY__OTLP__LOGS": "true",
            "MARTY_TELEMETRY__OTLP__METRICS_INTERVAL": "200ms",
        }
        self.petstore = self.enterContext(RunningService(PETSTORE, FOLDER, variables))

    def request(self, path, trace_id):
        headers = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
        request = urllib.request.Request(self.petstore.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.loads(reply.read())

    def span_of(self, trace_id, operation):
        """Its spans may come in several batches: the trace once it has the one of that name."""
        found = {}

        def look():
            found.update({span["operationName"]: span for span in self.jaeger.get(f"traces/{trace_id}")[0]["spans"]})
            return operation in found

        eventually(look)
        return found[operation]

    def check_trace(self):
        trace_id = new_trace_id()
        self.request("/api/v1/pets", trace_id)
        span = self.span_of(trace_id, "GET /api/v1/pets")
        said = tags(span)
        self.assertEqual(said["http.route"], "/api/v1/pets")
        self.assertEqual(said["http.response.status_code"], 200)
        self.assertEqual(said["span.kind"], "server")
        trace = self.jaeger.trace(trace_id)
        process = trace["processes"][span["processID"]]
        self.assertEqual(process["serviceName"], "petstore")
        self.assertEqual(tags(process)["deployment.environment.name"], "testing")
        children = [child for child in trace["spans"] if child["spanID"] != span["spanID"]]
        self.assertIn("sqlite", [tags(child).get("db.system.name") for child in children])
        parents = {reference["spanID"] for child in children for reference in child["references"]}
        self.assertIn(span["spanID"], parents)

    def test_traces_metrics_and_lines_by_http(self):
        self.run_petstore("http", self.collector.url("OTLP_HTTP"))
        self.check_trace()
        page = f"{self.collector.url('PROMETHEUS')}/metrics"
        shown = eventually(lambda: [line for line in send("GET", page).splitlines() if '"/api/v1/pets"' in line])
        self.assertTrue(any('job="petstore"' in line for line in shown), shown[:3])
        self.assertIn("petstore", self.jaeger.get("services"))
        eventually(lambda: '"stringValue":"petstore"' in self.collector.log_file.read_text())

    def test_traces_by_grpc(self):
        self.run_petstore("grpc", self.collector.url("OTLP_GRPC"))
        self.check_trace()


def main():
    try:
        for server in (Collector("127.0.0.1:4317"), Jaeger()):
            server._require()
    except Skip as reason:
        print(f"skipped: {reason}")
        return 77
    return 0 if unittest.main(argv=sys.argv[:1], exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    PETSTORE, FOLDER = sys.argv[1:3]
    sys.exit(main())
