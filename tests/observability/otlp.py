"""What a service tells of itself, made by hand: OTLP in its JSON encoding, Zipkin's JSON and Jaeger's Thrift.

request = traces("shop", Span(trace_id, "GET /pets", seconds=2.0, failed=True))
"""

import dataclasses
import os
import struct
import time

SERVER, CLIENT, ERROR = 2, 3, 2  # SpanKind and StatusCode of opentelemetry/proto/trace/v1/trace.proto


def new_trace_id():
    return os.urandom(16).hex()


@dataclasses.dataclass
class Span:
    """Ends now and took the given time."""

    trace_id: str
    name: str
    seconds: float = 0.01
    failed: bool = False
    parent_id: str = ""
    kind: int = SERVER
    attributes: dict = dataclasses.field(default_factory=dict)
    span_id: str = dataclasses.field(default_factory=lambda: os.urandom(8).hex())

    def __post_init__(self):
        self.end = time.time_ns()
        self.start = self.end - int(self.seconds * 1e9)

    def as_otlp(self):
        span = {"traceId": self.trace_id, "spanId": self.span_id, "name": self.name, "kind": self.kind}
        span.update(startTimeUnixNano=str(self.start), endTimeUnixNano=str(self.end))
        span.update(attributes=attributes(self.attributes), **({"status": {"code": ERROR}} if self.failed else {}))
        return {**span, **({"parentSpanId": self.parent_id} if self.parent_id else {})}

    def as_zipkin(self, service):
        """Zipkin API v2."""
        span = {"traceId": self.trace_id, "id": self.span_id, "name": self.name, "kind": "SERVER"}
        span.update(timestamp=self.start // 1000, duration=int(self.seconds * 1e6), tags=self.attributes)
        return {**span, "localEndpoint": {"serviceName": service}}

    def as_thrift(self):
        """jaeger.thrift, struct Span, in Thrift's binary protocol."""
        low, high = int(self.trace_id[16:], 16), int(self.trace_id[:16], 16)
        ids = ((10, 1, _i64(low)), (10, 2, _i64(high)), (10, 3, _i64(int(self.span_id, 16))), (10, 4, _i64(0)))
        times = ((10, 8, _i64(self.start // 1000)), (10, 9, _i64(int(self.seconds * 1e6))))
        tags = [_struct((11, 1, _text(k)), (8, 2, _i32(0)), (11, 3, _text(v))) for k, v in self.attributes.items()]
        return _struct(*ids, (11, 5, _text(self.name)), (8, 7, _i32(1)), *times, (15, 10, _list(tags)))


def attributes(values):
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def traces(service, *spans, **resource):
    """ExportTraceServiceRequest"""
    scope = {"scope": {"name": "test"}, "spans": [span.as_otlp() for span in spans]}
    return {"resourceSpans": [{"resource": _resource(service, resource), "scopeSpans": [scope]}]}


def logs(service, message, span, **resource):
    """ExportLogsServiceRequest: one record, with the attributes of the span in which it arose."""
    record = {"timeUnixNano": str(span.end), "severityNumber": 9, "severityText": "INFO"}
    record.update(body={"stringValue": message}, traceId=span.trace_id, spanId=span.span_id)
    record.update(attributes=attributes(span.attributes))
    scope = {"scope": {"name": "test"}, "logRecords": [record]}
    return {"resourceLogs": [{"resource": _resource(service, resource), "scopeLogs": [scope]}]}


def histogram(service, name, seconds, span, **resource):
    """ExportMetricsServiceRequest: one observation, with an exemplar."""
    point = {"startTimeUnixNano": str(span.start), "timeUnixNano": str(span.end), "count": "1", "sum": seconds}
    point.update(explicitBounds=[0.1, 1], bucketCounts=["0", "1", "0"])
    exemplar = {"timeUnixNano": str(span.end), "asDouble": seconds, "traceId": span.trace_id, "spanId": span.span_id}
    data = {"aggregationTemporality": 2, "dataPoints": [{**point, "exemplars": [exemplar]}]}
    scope = {"scope": {"name": "test"}, "metrics": [{"name": name, "unit": "s", "histogram": data}]}
    return {"resourceMetrics": [{"resource": _resource(service, resource), "scopeMetrics": [scope]}]}


def thrift_batch(service, *spans):
    """jaeger.thrift, struct Batch, as collectors take it by HTTP."""
    process = _struct((11, 1, _text(service)))
    return _struct((12, 1, process), (15, 2, _list([span.as_thrift() for span in spans])))


def _resource(service, more):
    return {"attributes": attributes({"service.name": service, **more})}


def _i32(value):
    return struct.pack(">i", value)


def _i64(value):
    return struct.pack(">Q", value)


def _text(value):
    return struct.pack(">i", len(value.encode())) + value.encode()


def _list(structs):
    return struct.pack(">bi", 12, len(structs)) + b"".join(structs)


def _struct(*fields):
    return b"".join(struct.pack(">bh", kind, number) + value for kind, number, value in fields) + b"\0"
