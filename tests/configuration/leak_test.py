"""No secret shows in anything that a service says: its log, its errors, its replies, its commands.

Usage: leak_test.py PROGRAM
"""

import base64
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import log_lines  # noqa: E402

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
SECRETS = ["hunter2-in-a-file", "hunter2-in-a-variable", "hunter2-as-a-default", "hunter2-rotated", "hunter2-sent"]

BASE = """
secrets:
  order: [file, environment]
  refresh_interval: 200ms
  file: {directory: secrets}
mail:
  password: ${SECRET:mail/password}
  url: smtp://ann:${SECRET:mail/other}@relay.example
  old_passwords: ["${SECRET:mail/other}", "${SECRET:mail/none:-hunter2-as-a-default}"]
"""
PAGES = ["/", "/routes", "/requests", "/traces", "/dependencies", "/configuration", "/log-levels", "/runtime"]
BROKEN = [
    "  port: ${SECRET:mail/password}\n",
    "  port: x${SECRET:mail/other}\n",
    "  prt: ${SECRET:mail/password}\n",
    "  relay: [\"${SECRET:mail/password}\"]\n",
    "  relay: ${SECRET:mail/missing}\n",
]

# As variables.
BROKEN_SECTIONS = {
    "MARTY_MAIL__OLD_PASSWORDS": "[hunter2-sent",
    "MARTY_MAIL__PORT": "{token: hunter2-sent",
    "MARTY_SECRETS__ORDER": "[{api-key: *hunter2-sent}]",
}


def forms_of(secret):
    """The secret as it may come out."""
    raw = secret.encode()
    yield from (secret, urllib.parse.quote(secret, safe=""), raw.hex(), base64.b64encode(raw).decode().rstrip("="))


class ScriptedVault(http.server.BaseHTTPRequestHandler):
    """Has the secret `mail` under every path."""

    def do_GET(self):
        data = {"data": {"password": "hunter2-in-a-file"}, "metadata": {"version": 1}}
        body = json.dumps({"data": data, "auth": None}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Leaks(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        (self.path / "config").mkdir()
        (self.path / "secrets" / "mail").mkdir(parents=True)
        self.write_secret("hunter2-in-a-file")
        self.configure("")
        self.said = []
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "MARTY_SERVER__HTTP_PORT": "0",
            "MARTY_LOGGING__LEVEL": "trace",
            "MARTY_LOGGING__ACCESS_LOG": "true",
            "SECRET_MAIL__OTHER": "hunter2-in-a-variable",
        }

    def write_secret(self, text):
        path = self.path / "secrets" / "mail" / "password"
        path.write_text(text + "\n")
        path.chmod(0o600)

    def configure(self, more):
        new = self.path / "config" / "base.next"
        new.write_text(BASE + more)
        new.rename(self.path / "config" / "base.yaml")

    def run_command(self, *arguments):
        result = subprocess.run(
            [PROGRAM, *arguments], cwd=self.path, env=self.environment, capture_output=True, text=True, timeout=60
        )
        self.said += [result.stdout, result.stderr]
        return result

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            reply = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30)
        except urllib.error.HTTPError as error:
            reply = error
        text = reply.read().decode()
        self.said += [text, str(reply.headers)]
        return reply.status, text

    def wait_for(self, text):
        for _ in range(1000):
            if text in self.output.read_text():
                return
            time.sleep(0.01)
        self.fail(f"the log never says {text!r}:\n{self.output.read_text()}")

    def look_at_introspection_pages(self):
        service = self.url
        self.url = re.search(r"  admin (http://\S+)", self.output.read_text())[1]
        self.wait_for_trace()
        for page in PAGES:
            self.assertEqual(self.send("GET", page)[0], 200, page)
            self.send("GET", page + "?format=json")
        self.url = service

    def wait_for_trace(self):
        for _ in range(100):
            traces = json.loads(self.send("GET", "/traces?reason=error&format=json")[1])["traces"]
            if traces:
                return self.assertIn("/fail", self.send("GET", "/traces/" + traces[0]["trace_id"])[1])
            time.sleep(0.05)
        self.fail("the failed request is on no page")

    def assert_nothing_leaked(self):
        everything = "\n".join(self.said)
        self.assertGreater(len(everything), 1000)
        for secret in SECRETS:
            for form in forms_of(secret):
                self.assertNotIn(form, everything)

    def test_commands(self):
        for arguments in (["show"], ["show", "--output", "json"], ["validate"], ["schema"]):
            self.assertEqual(self.run_command("config", *arguments).returncode, 0)
        for key in ("mail", "mail.password", "mail.url", "mail.old_passwords"):
            self.assertEqual(self.run_command("config", "explain", key).returncode, 0)
            self.assertEqual(self.run_command("config", "explain", key, "--output", "json").returncode, 0)
        self.run_command("openapi")
        for name, broken in BROKEN_SECTIONS.items():
            self.environment[name] = broken
            for arguments in (["show"], ["show", "--output", "json"], ["explain", "mail"], ["explain", "mail.relay"]):
                self.run_command("config", *arguments)
            self.assertEqual(self.run_command("config", "validate", "--output", "json").returncode, 1)
            self.assertEqual(self.run_command().returncode, 1)
            del self.environment[name]
        for more in BROKEN:
            self.configure(more)
            self.assertEqual(self.run_command("config", "validate").returncode, 1)
            self.assertEqual(self.run_command("config", "validate", "--output", "json").returncode, 1)
            self.assertEqual(self.run_command().returncode, 1)
            self.run_command("config", "show")
        self.assertIn("mail.port must be an integer", "".join(self.said))
        self.assert_nothing_leaked()

    def test_a_store_with_connections(self):
        """What has connections goes before the world does, whatever the program was asked to do."""
        vault = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ScriptedVault)
        threading.Thread(target=vault.serve_forever, daemon=True).start()
        self.addCleanup(vault.server_close)
        self.addCleanup(vault.shutdown)
        address = f"http://127.0.0.1:{vault.server_port}"
        base = f"secrets: {{order: [vault], vault: {{address: '{address}', token: hunter2-sent}}}}\n"
        (self.path / "config" / "base.yaml").write_text(base + "mail: {password: '${SECRET:mail#password}'}\n")
        self.assertEqual(self.run_command("config", "show").returncode, 0)
        self.assertEqual(self.run_command("config", "validate").returncode, 0)
        (self.path / "config" / "base.yaml").write_text(base + "mail: {password: '${SECRET:mail#none}'}\n")
        self.assertEqual(self.run_command().returncode, 1)
        self.assertIn("has no field none", self.said[-1])
        self.assert_nothing_leaked()

    def test_a_running_service(self):
        self.output = self.path / "output"
        with open(self.output, "w") as output:
            service = subprocess.Popen(
                [PROGRAM], cwd=self.path, env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            self.wait_for(" serves ")
            self.url = next(w for w in self.output.read_text().split() if w.startswith("http://127"))
            status, text = self.send("POST", "/login", {"user": "ann", "password": "hunter2-in-a-file"})
            self.assertEqual((status, json.loads(text)["known"]), (200, True))
            self.send("POST", "/login", {"user": "ann", "password": "hunter2-sent", "more": "x"})
            self.send("POST", "/login", {"user": 5, "password": "hunter2-sent"})
            self.assertEqual(self.send("GET", "/fail")[0], 503)
            for path in ("/health", "/health/ready", "/info", "/metrics", "/openapi.json", "/docs"):
                self.send("GET", path)
            self.look_at_introspection_pages()
            self.write_secret("hunter2-rotated")
            self.wait_for("rotation of the secret mail/password")
            status, text = self.send("POST", "/login", {"user": "ann", "password": "hunter2-rotated"})
            self.assertTrue(json.loads(text)["known"])
            for more in BROKEN:
                self.configure(more)
                self.send("POST", "/reload")
                os.kill(service.pid, signal.SIGHUP)
            self.wait_for("was not reloaded")
            self.send("GET", "/health")
        finally:
            service.send_signal(signal.SIGTERM)
            self.assertEqual(service.wait(30), 0)
        said = self.output.read_text()
        log_lines.check("".join(line for line in said.splitlines(True) if line.startswith("{")))
        self.said.append(said)
        self.assert_nothing_leaked()


if __name__ == "__main__":
    unittest.main()
