"""A hundred certificates, one after the other, in a service under load, and not one failed request.

Usage: rolling_certificates_test.py SERVER CLIENT

The load: HTTPS on connections that stay, HTTPS on a new connection for each request, and gRPC calls of a client that
comes and goes; all of them verify the server. Files change as tools change them: a link to another folder (Kubernetes),
a rename of each file, and – the certificate is there before its key – files that do not belong together meanwhile.
"""

import http.client
import os
import pathlib
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import Certificates  # noqa: E402
from running_service import RunningService  # noqa: E402

RELOADS = 100
REQUEST = ("POST", "/grpc.testing.TestService/EmptyCall", "{}", {"content-type": "application/json"})


class Load:
    """Threads that ask until they are told to stop, or one of them fails."""

    def __init__(self, server, client, ca):
        self.port, self.client, self.ca = int(server.address.rsplit(":", 1)[1]), client, ca
        self.context = ssl.create_default_context(cafile=str(ca))
        self.stop, self.failures = threading.Event(), []
        self.requests, self.seen = {"kept": 0, "new": 0, "gRPC": 0}, set()
        ways = (self.kept, self.kept, self.new, self.new, self.grpc)
        self.threads = [threading.Thread(target=self.run, args=(way,), daemon=True) for way in ways]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)

    def run(self, way):
        try:
            way()
        except Exception as failure:  # each one ends the test
            self.failures.append(f"{way.__name__}: {failure!r}")
            self.stop.set()

    def ask(self, connection, name):
        connection.request(*REQUEST)
        reply = connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise RuntimeError(f"{reply.status} {body[:200]!r}")
        self.requests[name] += 1

    def connection(self):
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.context)

    def kept(self):
        connection = self.connection()
        connection.connect()
        first = connection.sock
        while not self.stop.is_set():
            self.ask(connection, "kept")
            if connection.sock is not first:
                raise RuntimeError("the connection did not stay")
        connection.close()

    def new(self):
        while not self.stop.is_set():
            connection = self.connection()
            self.ask(connection, "new")
            self.seen.add(connection.sock.getpeercert()["serialNumber"])
            connection.close()

    def grpc(self):
        calls = ["empty_unary"] * 50 + ["ping_pong"]
        while not self.stop.is_set():
            command = [self.client, f"127.0.0.1:{self.port}", "--ca", str(self.ca), *calls]
            done = subprocess.run(command, capture_output=True, text=True, timeout=30)
            if done.returncode != 0:
                raise RuntimeError(done.stdout + done.stderr)
            self.requests["gRPC"] += len(calls)


class Files:
    """live/tls.pem and live/tls.key, as the service has them in its configuration."""

    def __init__(self, folder, certificates):
        self.folder, self.certificates, self.live = folder, certificates, folder / "live"
        self.turn = 0
        self.use_folder()

    def contents(self):
        certificate, key = self.certificates.issue_server(f"server{self.turn}")
        return {"tls.pem": certificate.read_bytes(), "tls.key": key.read_bytes()}

    def use_folder(self):
        """As Kubernetes does: another folder, and the link to it in one step."""
        folder = self.folder / f"files{self.turn}"
        folder.mkdir()
        for name, content in self.contents().items():
            (folder / name).write_bytes(content)
        link = self.folder / "link"
        link.symlink_to(folder.name)
        os.replace(link, self.live)

    def rename_each(self, pause_s=0.0):
        for name, content in self.contents().items():
            new = self.folder / "new"
            new.write_bytes(content)
            os.replace(new, self.live / name)
            time.sleep(pause_s)

    def change(self):
        self.turn += 1
        (self.use_folder, self.rename_each, lambda: self.rename_each(0.03))[self.turn % 3]()


def serial_of(file):
    said = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", file], capture_output=True, text=True)
    return re.search(r"serial=(\w+)", said.stdout)[1]


def wait_until_seen(load, serial):
    give_up = time.monotonic() + 10
    while serial not in load.seen and not load.stop.is_set():
        if time.monotonic() > give_up:
            load.failures.append(f"certificate {serial} is not shown")
            load.stop.set()
        time.sleep(0.002)


def main():
    program, client = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        certificates = Certificates(folder / "authority")
        files = Files(folder, certificates)
        variables = {
            "MARTY_SECURITY__TLS__CERTIFICATE": str(files.live / "tls.pem"),
            "MARTY_SECURITY__TLS__KEY": str(files.live / "tls.key"),
            "MARTY_SECURITY__TLS__RELOAD_INTERVAL": "10ms",
        }
        with RunningService(program, folder, variables) as server, Load(server, client, certificates.ca) as load:
            while files.turn < RELOADS and not load.stop.is_set():
                files.change()
                wait_until_seen(load, serial_of(files.live / "tls.pem"))
    done = ", ".join(f"{count} {name}" for name, count in load.requests.items())
    print(f"{files.turn} certificates, {len(load.seen)} of them seen; requests: {done}")
    if load.failures:
        print("failed:", *load.failures, sep="\n  ")
    good = not load.failures and len(load.seen) == RELOADS + 1 and min(load.requests.values()) > 0
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
