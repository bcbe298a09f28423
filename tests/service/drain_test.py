"""SIGTERM under load: no request is lost that a server can answer, over kept connections and over new ones.

Usage: drain_test.py PROGRAM; MARTY_SOAK=1: many rounds (scripts/soak).

64 clients in closed loops are stopped in the middle of their work. A client honours `Connection: close` and an end that
it has seen before it sends (RFC 9112 section 9.6), and what it cannot connect to counts for nobody. Lost is a request
that was sent over an open connection and got no whole reply.
"""

import collections
import json
import os
import pathlib
import select
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from running_service import RunningService  # noqa: E402

CLIENTS = 64
ROUNDS = 30 if os.environ.get("MARTY_SOAK") == "1" else 3
BODY = json.dumps({"text": "some words"}).encode()
REQUESTS = (
    b"GET /quick HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
    + b"%d\r\n\r\n%s" % (len(BODY), BODY),
    b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n",
)


class Client:
    """One after the other, until nobody lets it in. `kept`: over one connection for as long as the server keeps it."""

    def __init__(self, address, number):
        self.address, self.request, self.kept = address, REQUESTS[number % 3], number % 2 == 0
        self.served, self.lost = 0, []
        self.socket = None

    def run(self):
        while self.connect():
            try:
                last = self.ask()
            except OSError as error:
                self.lost.append(str(error))
                last = True
            if last or not self.kept:
                self.close()

    def connect(self):
        if self.socket is not None and not select.select([self.socket], [], [], 0)[0]:
            return True
        self.close()  # the server has ended it while it was idle
        try:
            self.socket = socket.create_connection(self.address, timeout=10)
        except OSError:
            return False
        return True

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def ask(self):
        """Whether the reply was the last of its connection."""
        self.socket.sendall(self.request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.more(received)
        head, body = received.split(b"\r\n\r\n", 1)
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(fields[b"content-length"]):
            body += self.more(body)
        if not head.startswith(b"HTTP/1.1 200 "):
            raise OSError(head.split(b"\r\n")[0].decode())
        self.served += 1
        return fields.get(b"connection") == b"close"

    def more(self, so_far):
        received = self.socket.recv(65536)
        if not received:
            raise OSError(f"the end after {len(so_far)} bytes of a reply")
        return received


def stop_under_load(program, delay):
    """What the clients of one round saw: (how many were served, what was lost)."""
    with RunningService(program, "/tmp", {"MARTY_SERVER__LOOPS": "2", "MARTY_SERVER__DRAIN_DELAY": delay}) as service:
        host, port = service.address.rsplit(":", 1)
        clients = [Client((host, int(port)), number) for number in range(CLIENTS)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
    for thread in threads:
        thread.join()
    return sum(client.served for client in clients), [why for client in clients for why in client.lost]


def main():
    served, lost = 0, collections.Counter()
    for number in range(ROUNDS):
        answered, failures = stop_under_load(sys.argv[1], "200ms" if number % 3 == 2 else "0s")
        served += answered
        lost.update(failures)
    print(f"{ROUNDS} stops, {served} requests served, {lost.total()} lost {dict(lost) or ''}")
    return 1 if lost or served == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
