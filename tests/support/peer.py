"""Other people's programs beside ours in a test: servers that run while they are needed, a proxy that counts bytes,
certificates by the program openssl – and reasons to skip.
"""

import os
import pathlib
import re
import socket
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Skip(Exception):
    """What the test needs cannot be had here, with the reason."""


def require(path, what):
    """The file, which is there; otherwise the test is skipped."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise Skip(f"{what} is not here")
    return str(path)


TOOLS = os.environ.get("MARTY_TOOLS", ROOT / "build/tools")


def tool(name, program=None):
    """The program of a tool of scripts/tools.txt (of the same name, unless told), which the test has declared with
    marty_needs_tools(); the test is skipped where it is not here. scripts/test_summary.py knows the first reason.
    """
    if name not in os.environ.get("MARTY_TEST_TOOLS", name).split(","):
        raise RuntimeError(f"this test needs {name}: declare it, with marty_needs_tools() of cmake/MartyTools.cmake")
    if not TOOLS:
        raise Skip(f"left out: it needs {name}")
    return require(pathlib.Path(TOOLS) / name / "bin" / (program or name), f"{name} (scripts/tools {name})")


class Peer:
    """with Peer([program, ...], r"serves (\\d+)") as peer: peer.found[1]

    Its output is read all the time and kept in `said`. Leaving stops it, by force where it does not listen.
    """

    def __init__(self, command, pattern, variables=None, seconds=30):
        self.command, self.pattern, self.seconds = [str(word) for word in command], re.compile(pattern), seconds
        self.environment = {**os.environ, **(variables or {})}
        self.said, self.found, self.changed = "", None, threading.Condition()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.said += line
                self.found = self.found or self.pattern.search(line)
                self.changed.notify()
        with self.changed:
            self.found = self.found or False  # it has ended
            self.changed.notify()

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        with self.changed:
            self.changed.wait_for(lambda: self.found is not None, self.seconds)
        if not self.found:
            self.__exit__()
            raise RuntimeError(f"{self.command[0]} did not start; it said:\n{self.said}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join()


class CountingProxy:
    """with CountingProxy("127.0.0.1:8080") as proxy: proxy.address, proxy.sent, proxy.received: bytes, by the client"""

    def __init__(self, target):
        host, port = target.rsplit(":", 1)
        self.target, self.sent, self.received = (host, int(port)), 0, 0
        self.counting = threading.Lock()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(self.target)
            for name, source, sink in (("sent", client, server), ("received", server, client)):
                threading.Thread(target=self._forward, args=(name, source, sink), daemon=True).start()

    def _forward(self, name, source, sink):
        try:
            while data := source.recv(65536):
                with self.counting:
                    setattr(self, name, getattr(self, name) + len(data))
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Certificates:
    """An authority, and what it has issued: files in a folder. `server` is for localhost and 127.0.0.1."""

    NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.ca = self.folder / "ca.pem"
        request = ("req", "-x509", *self.NEW_KEY, "-days", "2", "-subj", "/CN=Test CA")
        self._openssl(*request, "-keyout", "ca.key", "-out", "ca.pem")
        self.server = self.issue_server("server")
        self.client = self._issue("client", "extendedKeyUsage=clientAuth")

    def issue_server(self, name):
        """(certificate, key)"""
        return self._issue(name, "subjectAltName=DNS:localhost,IP:127.0.0.1")

    def _issue(self, name, extension):
        (self.folder / f"{name}.ext").write_text(extension + "\n")
        self._openssl("req", *self.NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        issuer = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        self._openssl(
            *("x509", "-req", "-in", f"{name}.csr", *issuer, "-days", "2"),
            *("-extfile", f"{name}.ext", "-out", f"{name}.pem"),
        )
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)
