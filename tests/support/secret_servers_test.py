#!/usr/bin/env python3
"""secret_servers.py itself: what each server serves and refuses, an outage and after it, and the program over pipes."""

import base64
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.parse

from aws import Aws
from kubernetes_api import KubernetesApi
from peer import Skip
from secret_server import Refused, send
from vault import Vault

PROGRAM = pathlib.Path(__file__).with_name("secret_servers.py")


class ServerTest(unittest.TestCase):
    def run_here(self, server):
        try:
            running = self.enterContext(server)
        except Skip as missing:
            self.skipTest(str(missing))
        return running

    def refuses(self, status, action, *arguments, **named):
        with self.assertRaises(Refused) as caught:
            action(*arguments, **named)
        self.assertEqual(caught.exception.status, status)
        return caught.exception.body

    def refuses_soon(self, status, action, *arguments, **named):
        """Where a server remembers its last answer for some seconds."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                action(*arguments, **named)
            except Refused as refused:
                return self.assertEqual(refused.status, status)
            time.sleep(0.05)
        self.fail("it is not refused")

    def is_down(self, action, *arguments):
        with self.assertRaises(OSError):
            action(*arguments)


class VaultTest(ServerTest):
    def log_in(self, vault, method="approle", **fields):
        return vault._send("POST", f"auth/{method}/login", fields, token=None)["auth"]

    def test_versions_of_a_secret(self):
        vault = self.run_here(Vault())
        self.assertEqual(vault.write("shop/db", {"password": "x"}), {"version": 1})
        self.assertEqual(vault.write("shop/db", {"password": "y"}), {"version": 2})
        self.assertEqual(vault.read("shop/db")["data"], {"password": "y"})
        self.assertEqual(vault._send("GET", "secret/data/shop/db?version=1")["data"]["data"], {"password": "x"})
        vault.delete("shop/db")
        self.refuses(404, vault.read, "shop/db")

    def test_tokens(self):
        vault = self.run_here(Vault())
        vault.write("shop/db", {"password": "x"})
        self.refuses(403, vault.read, "shop/db", token="s.wrong")
        token = vault.token()["token"]
        self.assertEqual(vault.read("shop/db", token)["data"], {"password": "x"})
        self.refuses(403, vault._send, "POST", "secret/data/shop/db", {"data": {}}, token=token)
        vault.revoke(token)
        self.refuses(403, vault.read, "shop/db", token)

    def test_approle(self):
        vault = self.run_here(Vault())
        vault.write("shop/db", {"password": "x"})
        login = self.log_in(vault, role_id=vault.role_id, secret_id=vault.secret_id)
        self.assertEqual((login["lease_duration"], login["renewable"]), (3600, True))
        self.assertEqual(vault.read("shop/db", login["client_token"])["data"], {"password": "x"})
        self.refuses(400, self.log_in, vault, role_id=vault.role_id, secret_id="wrong")

    def test_a_short_role(self):
        vault = self.run_here(Vault())
        vault.write("shop/db", {"password": "x"})
        login = self.log_in(vault, **vault.role("short", ttl="1s", max_ttl="3s", secret_id_uses=1))
        self.assertEqual(login["lease_duration"], 1)
        renewed = vault._send("POST", "auth/token/renew-self", {}, token=login["client_token"])["auth"]
        self.assertEqual(renewed["lease_duration"], 1)
        time.sleep(1.5)
        self.refuses(403, vault.read, "shop/db", login["client_token"])

    def test_sealed(self):
        vault = self.run_here(Vault())
        vault.write("shop/db", {"password": "x"})
        vault.seal()
        self.refuses(503, vault.read, "shop/db")
        vault.unseal()
        self.assertEqual(vault.read("shop/db")["data"], {"password": "x"})

    def test_outage(self):
        vault = self.run_here(Vault(tls=True))
        vault.write("shop/db", {"password": "x"})
        token, address = vault.token()["token"], vault.address
        vault.stop()
        self.is_down(vault.read, "shop/db", token)
        vault.start()
        self.assertEqual(vault.address, address)
        self.assertEqual(vault.read("shop/db", token)["data"], {"password": "x"})

    def test_tls(self):
        vault = self.run_here(Vault(tls=True))
        self.is_down(send, "GET", f"{vault.address}/v1/sys/health")  # an authority that nobody knows

    def test_kubernetes_login(self):
        api = self.run_here(KubernetesApi())
        vault = self.run_here(Vault(kubernetes=api))
        vault.write("shop/db", {"password": "x"})
        login = self.log_in(vault, "kubernetes", role="reader", jwt=api.token_file.read_text())
        self.assertEqual(vault.read("shop/db", login["client_token"])["data"], {"password": "x"})
        self.refuses(403, self.log_in, vault, "kubernetes", role="reader", jwt=api.token("reviewer"))
        api.revoke_tokens()
        token = api.token_file.read_text()
        self.refuses_soon(403, self.log_in, vault, "kubernetes", role="reader", jwt=token)


class KubernetesApiTest(ServerTest):
    def test_all(self):
        api = self.run_here(KubernetesApi())
        token = api.token_file.read_text()
        before = api.write("db", {"password": "x"})["version"]
        read = api.read("db", token)
        self.assertEqual(base64.b64decode(read["data"]["password"]), b"x")
        self.assertEqual(read["metadata"]["resourceVersion"], before)
        self.assertNotEqual(api.write("db", {"password": "y"})["version"], before)
        self.refuses(404, api.read, "other", token)
        self.refuses(401, api.read, "db", "wrong")
        self.refuses(403, api._send, "DELETE", api._secret("db"), token=token)

        api.forbid()
        self.refuses_soon(403, api.read, "db", token)
        api.allow()

        api.rotate_token()
        self.assertNotEqual(api.token_file.read_text(), token)
        api.stop()
        self.is_down(api.read, "db")
        api.start()
        self.assertEqual(base64.b64decode(api.read("db")["data"]["password"]), b"y")
        api.revoke_tokens()
        self.refuses(401, api.read, "db", token)


class AwsTest(ServerTest):
    def assume(self, aws, token):
        fields = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": aws.role_arn}
        fields.update(RoleSessionName="test", WebIdentityToken=token)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        given = send("POST", aws.address + "/", urllib.parse.urlencode(fields).encode(), headers)
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return [given.split(f"<{name}>")[1].split(f"</{name}>")[0] for name in names]

    def test_all(self):
        aws = self.run_here(Aws())
        first = aws.write("shop/db", {"password": "x"})["version"]
        self.assertEqual(aws.read("shop/db")["SecretString"], '{"password": "x"}')
        second = aws.write("shop/db", "y")["version"]
        read = aws.read("shop/db")
        self.assertEqual((read["SecretString"], read["VersionId"]), ("y", second))
        wanted = {"SecretId": "shop/db"}
        before = aws.call("GetSecretValue", {**wanted, "VersionId": first}, aws.keys["reader"])
        self.assertEqual(before["SecretString"], '{"password": "x"}')

        key, secret = aws.keys["reader"]
        wrong = self.refuses(403, aws.call, "GetSecretValue", wanted, (key, "wrong"))
        self.assertEqual(wrong["__type"], "SignatureDoesNotMatch")
        unknown = self.refuses(403, aws.call, "GetSecretValue", wanted, ("AKIAWRONG", secret))
        self.assertEqual(unknown["__type"], "InvalidClientTokenId")
        denied = self.refuses(403, aws.call, "GetSecretValue", wanted, aws.keys["stranger"])
        self.assertEqual(denied["__type"], "AccessDenied")
        missing = self.refuses(404, aws.call, "GetSecretValue", {"SecretId": "other"}, (key, secret))  # AWS: 400
        self.assertEqual(missing["__type"], "ResourceNotFoundException")

        *role, session = self.assume(aws, aws.token_file.read_text())
        self.assertEqual(aws.call("GetSecretValue", wanted, role, session)["SecretString"], "y")
        self.refuses(403, aws.call, "GetSecretValue", wanted, role, "wrong")
        self.assertIn("InvalidIdentityToken", self.refuses(400, self.assume, aws, "wrong"))
        before = aws.token_file.read_text()
        aws.rotate_token()
        self.refuses(400, self.assume, aws, before)
        aws.forbid()
        forbidden = self.refuses(403, aws.call, "GetSecretValue", wanted, role, session)
        self.assertEqual(forbidden["__type"], "AccessDenied")
        aws.allow()

    def test_outages(self):
        aws = self.run_here(Aws())
        version = aws.write("shop/db", "y")["version"]
        aws.freeze()
        with socket.create_connection(("127.0.0.1", aws.port)) as client:
            client.sendall(b"GET /moto-api/data.json HTTP/1.0\r\n\r\n")
            client.settimeout(0.5)
            with self.assertRaises(TimeoutError):
                client.recv(1)
            aws.thaw()
            client.settimeout(30)
            self.assertTrue(client.recv(1))

        described, role = aws.describe(), self.assume(aws, aws.token_file.read_text())
        aws.stop()
        self.is_down(aws.read, "shop/db")
        aws.start()
        self.assertEqual(aws.describe(), described)
        again = aws.read("shop/db")
        self.assertEqual((again["SecretString"], again["VersionId"]), ("y", version))
        self.refuses(403, aws.call, "GetSecretValue", {"SecretId": "shop/db"}, role[:2], role[2])  # STS's are gone


class ProgramTest(unittest.TestCase):
    def start(self, *names):
        words = [sys.executable, PROGRAM, *names]
        program = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, program)
        ready = json.loads(program.stdout.readline())
        if "missing" in ready:
            self.skipTest(ready["missing"])
        return program, ready

    @staticmethod
    def end(program):
        program.stdin.close()
        program.wait(30)
        program.stdout.close()

    def ask(self, program, **words):
        print(json.dumps(words), file=program.stdin, flush=True)
        return json.loads(program.stdout.readline())

    def test_commands(self):
        program, ready = self.start("aws")
        self.assertEqual(self.ask(program, do="write", path="a", data="b")["ok"].keys(), {"version"})
        self.assertIn("error", self.ask(program, do="read", path="other"))
        self.assertIn("error", self.ask(program, do="_run"))
        self.assertEqual(self.ask(program, do="stop"), {"ok": None})
        self.assertEqual(self.ask(program, do="start"), {"ok": None})
        self.assertEqual(self.ask(program, do="read", path="a")["ok"]["SecretString"], "b")
        self.assertEqual(self.ask(program, do="describe")["ok"], ready["aws"])

    def test_it_leaves_nothing(self):
        for end in (lambda program: program.stdin.close(), lambda program: program.send_signal(signal.SIGTERM)):
            program, ready = self.start("aws")
            end(program)
            program.wait(30)
            with self.assertRaises(OSError):
                send("GET", ready["aws"]["address"])
            self.assertFalse(pathlib.Path(ready["aws"]["token_file"]).parent.exists())

    def test_killed(self):
        program, ready = self.start("aws")
        program.kill()
        program.wait()
        self.addCleanup(shutil.rmtree, pathlib.Path(ready["aws"]["token_file"]).parent)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                send("GET", ready["aws"]["address"] + "/moto-api/data.json")
            except OSError:
                return
            time.sleep(0.05)
        self.fail("the server outlives the program")


if __name__ == "__main__":
    unittest.main()
