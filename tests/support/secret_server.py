"""What servers have in common in a test – those that keep secrets, and others: processes in a folder of their own, on
free ports of the loopback, which can be stopped, started again and frozen; and requests to them.
"""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

START_SECONDS = 120  # a busy machine
REQUEST_SECONDS = 30


class Refused(RuntimeError):
    """A server's answer that is not a success: `status`, `body`."""

    def __init__(self, what, status, body):
        super().__init__(f"{what}: {status} {body}")
        self.status, self.body = status, body


def command(method):
    """Marks a method that the program takes as a command."""
    method.is_command = True
    return method


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def send(method, url, body=None, headers=None, ca_file=None):
    """The body of the answer, as JSON where it is JSON, else as text; Refused unless the status is 2xx."""
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), *([urllib.request.HTTPSHandler(context=context)] if context else [])
    )
    headers = {"content-type": "application/json", **(headers or {})}
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    try:
        with opener.open(urllib.request.Request(url, data, headers, method=method), timeout=REQUEST_SECONDS) as reply:
            return read_body(reply)
    except urllib.error.HTTPError as reply:
        raise Refused(f"{method} {url}", reply.code, read_body(reply)) from None


def read_body(reply):
    text = reply.read().decode()
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def end_with_parent():
    """In a child: Linux ends it when the thread that made it ends, whatever ended that (prctl's PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Process:
    """A program that runs until it is stopped, by its id; what it says goes to a file."""

    def __init__(self, words, log, variables=None):
        self.name, self.log = pathlib.Path(str(words[0])).name, log
        with open(log, "ab") as said:
            self.process = subprocess.Popen(
                [str(word) for word in words],
                env={**os.environ, **(variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                preexec_fn=end_with_parent,
            )

    def wait_for(self, is_ready):
        """Until is_ready() neither fails nor says no."""
        deadline, why = time.monotonic() + START_SECONDS, "it was not ready in time"
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                why = f"it ended with {self.process.returncode}"
                break
            try:
                if is_ready():
                    return
            except (OSError, Refused):
                pass
            time.sleep(0.05)
        said = pathlib.Path(self.log).read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{self.name} did not start, {why}; it said:\n{said}")

    def stop(self):
        self.process.terminate()
        self.process.send_signal(signal.SIGCONT)  # a frozen one would not hear it
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Server:
    """What all of them do. A server's class starts processes in _run, and sets itself up once, in _set_up."""

    def __init__(self):
        self.processes, self.is_set_up = [], False

    def __enter__(self):
        self._require()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"marty-{type(self).__name__.lower()}-"))
        try:
            self._prepare()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @command
    def start(self):
        """Where it served before, with the secrets it had."""
        if self.processes:
            return
        self._run()
        if not self.is_set_up:
            self._set_up()
            self.is_set_up = True

    @command
    def stop(self):
        """As an outage: connections are refused until start."""
        while self.processes:
            self.processes.pop().stop()

    @command
    def freeze(self):
        """As an outage of another kind: connections are taken, and nothing answers until thaw."""
        for running in self.processes:
            running.process.send_signal(signal.SIGSTOP)

    @command
    def thaw(self):
        for running in self.processes:
            running.process.send_signal(signal.SIGCONT)

    @command
    def describe(self):
        """What a client needs."""
        return {name: str(value) if isinstance(value, pathlib.Path) else value for name, value in self._says().items()}

    def _launch(self, words, is_ready, variables=None):
        launched = Process(words, self.folder / "log", variables)
        self.processes.append(launched)
        launched.wait_for(is_ready)
