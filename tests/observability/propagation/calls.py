"""Talks to propagation_server in a test, and is what it calls.

with Propagation(program) as service: service.send([("traceparent", "00-...")]) -> the headers of the call it makes
"""

import http.client
import http.server
import json
import pathlib
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from running_service import RunningService  # noqa: E402


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps the headers of each call, in order."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append([(name.lower(), value) for name, value in self.headers.items()])
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Propagation:
    """The service, and a receiver of its calls."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory()
        self.service = RunningService(program, self.folder.name)

    def __enter__(self):
        self.receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.thread = threading.Thread(target=self.receiver.serve_forever)
        self.thread.start()
        self.service.__enter__()
        self.url = f"{self.service.url}/calls"
        return self

    def __exit__(self, *reason):
        self.service.__exit__(*reason)
        self.receiver.shutdown()
        self.thread.join()
        self.receiver.server_close()
        self.folder.cleanup()

    def send(self, headers, calls=1):
        """The headers of each call that the service makes for a request with these, in lower case."""
        self.receiver.received = []
        url = f"http://127.0.0.1:{self.receiver.server_port}/"
        body = json.dumps([{"url": url, "arguments": []}] * calls).encode()
        connection = http.client.HTTPConnection(self.service.address, timeout=30)
        connection.putrequest("POST", "/calls")
        for name, value in [*headers, ("content-type", "application/json"), ("content-length", str(len(body)))]:
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders(body)
        reply = connection.getresponse()
        said = reply.read()
        connection.close()
        if reply.status >= 300 or len(self.receiver.received) != calls:
            raise AssertionError(f"{reply.status} {said}; {len(self.receiver.received)} calls")
        return self.receiver.received


def values(headers, name):
    return [value for found, value in headers if found == name]
