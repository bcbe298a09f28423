"""A receiver of OTLP, over HTTP and gRPC, that reads with OpenTelemetry's own messages (PyPI: opentelemetry-proto).

    with OtlpReceiver() as receiver:
        ... export to receiver.http_url or receiver.grpc_url ...
        receiver.spans, receiver.metrics, receiver.logs     # as messages, in order of arrival
        receiver.requests                                   # what was sent around them
        receiver.answers.append(Answer(status=503))         # for the next request, of either kind

A request that cannot be read is in `failures`.
"""

import concurrent.futures
import dataclasses
import gzip
import http.server
import threading
import time

import grpc
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


@dataclasses.dataclass
class Answer:
    """What the next request gets. `status` is of HTTP; `code` a grpc.StatusCode. Both None: it is taken."""

    status: int | None = None
    code: grpc.StatusCode | None = None
    retry_after: float | None = None  # seconds
    rejected: int = 0
    message: str = ""
    delay: float = 0  # seconds, before the answer


@dataclasses.dataclass
class Request:
    signal: str
    metadata: dict
    items: int
    at: float


# By signal: the messages, and the way from a request to its items.
SIGNALS = {
    "traces": (
        trace_service_pb2.ExportTraceServiceRequest,
        trace_service_pb2.ExportTraceServiceResponse,
        lambda request: [s for r in request.resource_spans for scope in r.scope_spans for s in scope.spans],
    ),
    "metrics": (
        metrics_service_pb2.ExportMetricsServiceRequest,
        metrics_service_pb2.ExportMetricsServiceResponse,
        lambda request: [m for r in request.resource_metrics for scope in r.scope_metrics for m in scope.metrics],
    ),
    "logs": (
        logs_service_pb2.ExportLogsServiceRequest,
        logs_service_pb2.ExportLogsServiceResponse,
        lambda request: [g for r in request.resource_logs for scope in r.scope_logs for g in scope.log_records],
    ),
}
REJECTED = {"traces": "rejected_spans", "metrics": "rejected_data_points", "logs": "rejected_log_records"}


def attributes_of(holder):
    """The attributes of a resource, span, data point or log record as a dictionary."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in holder.attributes}


class OtlpReceiver:
    def __init__(self, port=0):
        self.answers, self.requests, self.failures = [], [], []
        self.spans, self.metrics, self.logs, self.resources = [], [], [], []
        self._arrived = threading.Condition()
        self._ended = threading.Event()
        self._http = _HttpServer(("127.0.0.1", port), self)
        self._grpc = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
        for name, module in (
            ("Trace", trace_service_pb2_grpc),
            ("Metrics", metrics_service_pb2_grpc),
            ("Logs", logs_service_pb2_grpc),
        ):
            signal = {"Trace": "traces"}.get(name, name.lower())
            servicer = type("Servicer", (getattr(module, f"{name}ServiceServicer"),), {"Export": self._export(signal)})
            getattr(module, f"add_{name}ServiceServicer_to_server")(servicer(), self._grpc)
        self._grpc_port = self._grpc.add_insecure_port("127.0.0.1:0")
        self.http_url = f"http://127.0.0.1:{self._http.server_port}"
        self.grpc_url = f"http://127.0.0.1:{self._grpc_port}"

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self._grpc.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._http.shutdown()
        self._http.server_close()
        self._grpc.stop(0).wait()

    def wait_for(self, condition, timeout=20):
        """Until condition() holds, which is asked after each request."""
        with self._arrived:
            if not self._arrived.wait_for(condition, timeout):
                raise AssertionError(f"it did not come; requests: {self.requests}, failures: {self.failures}")

    def count(self, signal):
        return sum(request.items for request in self.requests if request.signal == signal)

    def take(self, signal, message, metadata):
        """Records a request and returns what it is answered with, and the response to one that is taken."""
        with self._arrived:
            answer = self.answers.pop(0) if self.answers else Answer()
        self._ended.wait(answer.delay)
        _, response_type, items_of = SIGNALS[signal]
        items = items_of(message)
        response = response_type()
        if answer.rejected or answer.message:
            setattr(response.partial_success, REJECTED[signal], answer.rejected)
            response.partial_success.error_message = answer.message
        with self._arrived:
            taken = answer.status is None and answer.code is None
            self.requests.append(Request(signal, metadata, len(items) if taken else 0, time.monotonic()))
            if taken:
                getattr(self, "spans" if signal == "traces" else signal).extend(items)
                groups = next(value for _, value in message.ListFields())
                self.resources.extend(group.resource for group in groups)
            self._arrived.notify_all()
        return answer, response

    def _export(self, signal):
        def export(_, request, context):
            answer, response = self.take(signal, request, dict(context.invocation_metadata()))
            if answer.code is None:
                return response
            if answer.retry_after is not None:
                context.set_trailing_metadata((("grpc-status-details-bin", _retry_info(answer)),))
            context.abort(answer.code, answer.message or "as told")

        return export


def _retry_info(answer):
    delay = duration_pb2.Duration(nanos=int(answer.retry_after % 1 * 1e9), seconds=int(answer.retry_after))
    status = status_pb2.Status(code=answer.code.value[0])
    status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return status.SerializeToString()


class _HttpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, receiver):
        self.receiver = receiver
        super().__init__(address, _HttpHandler)


class _HttpHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        signal = self.path.removeprefix("/v1/")
        try:
            message = SIGNALS[signal][0].FromString(body)
            assert self.headers["content-type"] == "application/x-protobuf", self.headers["content-type"]
        except Exception as error:  # pylint: disable=broad-except
            self.server.receiver.failures.append(f"{self.path}: {error}")
            return self._answer(400, b"")
        metadata = {name.lower(): value for name, value in self.headers.items()}
        answer, response = self.server.receiver.take(signal, message, metadata)
        if answer.status is None:
            return self._answer(200, response.SerializeToString())
        return self._answer(answer.status, status_pb2.Status(message=answer.message).SerializeToString(), answer)

    def _answer(self, status, body, answer=None):
        self.send_response(status)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(body)))
        if answer is not None and answer.retry_after is not None:
            self.send_header("retry-after", str(int(answer.retry_after)))
        try:
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True  # the exporter did not wait

    def log_message(self, *_):
        pass
