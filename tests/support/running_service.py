"""Runs a service program for a test: on a free port, in the folder of its configuration, with its files elsewhere."""

import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import log_lines  # noqa: E402


class RunningService:
    """with RunningService(program, folder, {"MARTY_...": "..."}) as service: service.get("/path") -> (status, JSON)

    The program gets port 0 and says on stderr where it serves: `url`, `address` and, where gRPC has a port of its own,
    `grpc_address`. Leaving sends SIGTERM and expects exit code 0, and log lines as their schema says: `log`.
    """

    def __init__(self, program, folder, variables=None):
        self.program, self.folder = str(pathlib.Path(program).resolve()), str(folder)
        self.environment = {"PATH": "/usr/bin:/bin", "MARTY_SERVER__HTTP_PORT": "0", **(variables or {})}
        self.said = ""

    def __enter__(self):
        self.output = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [self.program],
            cwd=self.folder,
            env=self.environment,
            text=True,
            stderr=subprocess.PIPE,
            stdout=self.output,
        )
        for line in self.process.stderr:
            self.said += line
            found = re.search(r"serves (https?://(\S+))", line)
            if found:
                self.url, self.address = found.groups()
                grpc = re.search(r"  gRPC (\S+)", line)
                self.grpc_address = grpc.group(1) if grpc else self.address
                return self
        raise RuntimeError(f"{self.program} ended with {self.process.wait()}:\n{self.said}")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.said += self.process.communicate(timeout=30)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        if self.process.returncode != 0:
            raise RuntimeError(f"{self.program} ended with {self.process.returncode} after SIGTERM:\n{self.said}")
        with self.output:
            self.output.seek(0)
            self.log = log_lines.check(self.output.read())
        log_lines.check("".join(line for line in self.said.splitlines(True) if line.startswith("{")))

    def send(self, method, path, body=None):
        """(status, body): the body as JSON where it is JSON, else as text."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as reply:
                return self._read(reply)
        except urllib.error.HTTPError as reply:
            return self._read(reply)

    def get(self, path):
        return self.send("GET", path)

    def post(self, path, body):
        return self.send("POST", path, body)

    @staticmethod
    def _read(reply):
        text = reply.read().decode()
        is_json = "json" in reply.headers.get("content-type", "")
        return reply.status, json.loads(text) if is_json else text
