#!/usr/bin/env python3
"""Servers that keep secrets, over pipes, for tests in other languages than Python (there: vault.py, kubernetes_api.py,
aws.py).

    secret_servers.py NAME...              vault, vault-tls, kubernetes, aws; a Vault beside a Kubernetes trusts it
    -> {"vault": {"address": ..., ...}}    a line as soon as all of them serve, or {"missing": "what is not here"}
    <- {"do": "write", "path": "shop/db", "data": {"password": "x"}}
    -> {"ok": {"version": 1}}              a line for each command; or {"error": "..."}

The commands are the methods marked so, with their arguments; "of" names the server, where there are several. All of it
ends with the end of the input.
"""

import json
import signal
import sys

from aws import Aws
from kubernetes_api import KubernetesApi
from peer import Skip
from vault import Vault


def make(name, running):
    if name in ("vault", "vault-tls"):
        return Vault(tls=name == "vault-tls", kubernetes=running.get("kubernetes"))
    if name in ("kubernetes", "aws"):
        return {"kubernetes": KubernetesApi, "aws": Aws}[name]()
    raise SystemExit(f"secret_servers.py: no server is called {name}")


def obey(running, line):
    wanted = json.loads(line)
    action, of = wanted.pop("do"), wanted.pop("of", next(iter(running)))
    method = getattr(running[of], action, None)
    if not getattr(method, "is_command", False):
        raise ValueError(f"{of} has no command {action}")
    return method(**wanted)


def say(words):
    print(json.dumps(words), flush=True)


def main(names):
    running = {}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        for name in sorted(names, key=lambda name: name != "kubernetes"):
            running[name] = make(name, running).__enter__()
        say({name: server.describe() for name, server in running.items()})
        for line in sys.stdin:
            try:
                say({"ok": obey(running, line)})
            except Exception as error:
                say({"error": f"{type(error).__name__}: {error}"})
    except Skip as missing:
        say({"missing": str(missing)})
    finally:
        for server in reversed(running.values()):
            server.__exit__()


if __name__ == "__main__":
    main(sys.argv[1:])
