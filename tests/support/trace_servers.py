"""What receives traces in a test, on the configuration that ops/observability ships: the real OpenTelemetry Collector
and the real Jaeger.

with Jaeger() as jaeger, Collector(jaeger.otlp_address) as collector:
    send("POST", f"{collector.url('OTLP_HTTP')}/v1/traces", {...})
    jaeger.trace("0af7651916cd43dd8448eb211c80319c")
"""

from peer import ROOT, tool
from secret_server import Refused, Server, free_port, send

SHIPPED = ROOT / "ops/observability"


class TraceServer(Server):
    """A program with the file that configures it; the variables NAME_HOST and NAME_*_PORT say where it listens."""

    NAME, TOOL, CONFIGURATION, PORTS = "", None, None, ()

    def __init__(self, **variables):
        super().__init__()
        self.variables = {name: str(value) for name, value in variables.items()}

    def _require(self):
        self.program = tool(self.TOOL)

    def _prepare(self):
        self.ports = {name: free_port() for name in self.PORTS}
        listening = {f"{self.NAME}_{name}_PORT": str(port) for name, port in self.ports.items()}
        self.variables = {f"{self.NAME}_HOST": "127.0.0.1", **listening, **self.variables}

    def _run(self):
        words = [self.program, "--config", SHIPPED / self.CONFIGURATION]
        self._launch(words, self._is_ready, self.variables)

    def _set_up(self):
        pass

    def _is_ready(self):
        return send("GET", self.url("HEALTH") + self.HEALTH_PATH) is not None

    def address(self, port):
        return f"127.0.0.1:{self.ports[port]}"

    def url(self, port):
        return f"http://{self.address(port)}"


class Collector(TraceServer):
    """Judges a trace after half a second; keeps all that are slow, failed or kept by their service, and of the others
    the percentage that is given, or the shipped one.
    """

    NAME, TOOL, CONFIGURATION = "COLLECTOR", "otel-collector", "collector/otel-collector.yaml"
    PORTS = ("HEALTH", "OTLP_GRPC", "OTLP_HTTP", "JAEGER_GRPC", "JAEGER_HTTP", "ZIPKIN", "PROMETHEUS", "METRICS")
    HEALTH_PATH = "/"

    def __init__(self, jaeger_address, sampling_percentage=None, environment="testing"):
        rest = {"JAEGER_ADDRESS": jaeger_address, "MARTY_ENV": environment}
        if sampling_percentage is not None:
            rest["COLLECTOR_SAMPLING_PERCENTAGE"] = sampling_percentage
        super().__init__(COLLECTOR_DECISION_WAIT="500ms", **rest)

    def _prepare(self):
        super()._prepare()
        self.log_file = self.folder / "logs.json"
        self.variables["COLLECTOR_LOG_FILE"] = str(self.log_file)


class Jaeger(TraceServer):
    """Keeps its traces in its folder, over a stop and a start, too."""

    NAME, TOOL, CONFIGURATION = "JAEGER", "jaeger", "jaeger/jaeger.yaml"
    PORTS = ("HEALTH", "QUERY_HTTP", "QUERY_GRPC", "OTLP_GRPC", "OTLP_HTTP", "METRICS")
    HEALTH_PATH = "/status"

    def _prepare(self):
        super()._prepare()
        self.variables["JAEGER_FOLDER"] = str(self.folder / "traces")

    def get(self, path):
        """What its API gives for a path below /api: the member `data`."""
        return send("GET", f"{self.url('QUERY_HTTP')}/api/{path}")["data"]

    def trace(self, trace_id):
        """The trace as its API gives it, or None."""
        try:
            return self.get(f"traces/{trace_id}")[0]
        except Refused as refused:
            if refused.status != 404:
                raise
            return None
