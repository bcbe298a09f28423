"""AWS in a test, as the independent emulator moto has it (tests/secrets/moto_server.py).

with Aws() as aws: aws.address, aws.keys["reader"], aws.token_file, aws.write("shop/db", {"password": "x"}), ...
"""

import datetime
import hashlib
import hmac
import json
import time
import urllib.parse

from peer import ROOT, tool
from secret_server import Server, command, free_port, send


class Aws(Server):
    """AWS as moto emulates it: Secrets Manager and STS, which check signatures and policies, at one address.

    The user `reader` with its access key, and the role `reader` that STS gives for the token in token_file, may read
    secrets. Its data does not outlive it: start puts users, keys and secrets back, but not what STS had given.
    """

    PROGRAM = ROOT / "tests/secrets/moto_server.py"
    REGION, ACCOUNT = "eu-central-1", "123456789012"

    def __init__(self):
        super().__init__()
        self.kept = {}  # the versions of each secret: [(id, value), ...]

    def _require(self):
        self.python = tool("moto", "python")

    def _prepare(self):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.token_file = self.folder / "token"
        self.token_file.write_text("web-identity-1")

    def _run(self):
        words = [self.python, self.PROGRAM, self.port, self.token_file]
        self._launch(words, lambda: send("GET", f"{self.address}/moto-api/data.json"), {"PYTHONDONTWRITEBYTECODE": "1"})
        self._allow_all("inf")
        self._seed(self.port)  # for the same keys after each start
        trust = self._policy("sts:AssumeRoleWithWebIdentity", Principal={"Federated": "*"})
        made = self._iam("CreateRole", RoleName="reader", AssumeRolePolicyDocument=trust)
        self.role_arn = made.split("<Arn>")[1].split("</Arn>")[0]
        self.keys = {name: self._user(name, actions) for name, actions in self._users().items()}
        reading = self._policy(self._users()["reader"], Resource="*")
        self._iam("PutRolePolicy", RoleName="reader", PolicyName="reader", PolicyDocument=reading)
        self._allow_all("0")
        self._seed(time.time_ns())
        for name, versions in self.kept.items():
            for number, (version, value) in enumerate(versions):
                self._put(name, version, value, is_new=number == 0)

    def _set_up(self):
        pass

    @staticmethod
    def _users():
        return {"admin": ["*"], "reader": ["secretsmanager:GetSecretValue"], "stranger": ["s3:GetObject"]}

    @staticmethod
    def _policy(actions, effect="Allow", **more):
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": actions, **more}]})

    def _user(self, name, actions):
        self._iam("CreateUser", UserName=name)
        self._iam("PutUserPolicy", UserName=name, PolicyName=name, PolicyDocument=self._policy(actions, Resource="*"))
        made = self._iam("CreateAccessKey", UserName=name)
        return [made.split(f"<{field}>")[1].split(f"</{field}>")[0] for field in ("AccessKeyId", "SecretAccessKey")]

    def _seed(self, number):
        send("POST", f"{self.address}/moto-api/seed?a={number}")

    def _allow_all(self, count):
        send("POST", f"{self.address}/moto-api/reset-auth", count.encode(), {"content-type": "text/plain"})

    def _iam(self, action, **fields):
        body = urllib.parse.urlencode({"Action": action, "Version": "2010-05-08", **fields}).encode()
        scope = f"Credential=none/20260101/{self.REGION}/iam/aws4_request"
        headers = {"content-type": "application/x-www-form-urlencoded"}
        headers["authorization"] = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"
        return send("POST", self.address + "/", body, headers)

    def _says(self):
        said = {"address": self.address, "region": self.REGION, "role_arn": self.role_arn}
        for name, prefix in (("reader", ""), ("stranger", "stranger_")):
            said[prefix + "access_key_id"], said[prefix + "secret_access_key"] = self.keys[name]
        said.update(token=self.token_file.read_text(), token_file=self.token_file)
        return said

    def call(self, target, fields, keys, session_token=None):
        """An action of Secrets Manager, signed (Signature Version 4)."""
        body, now = json.dumps(fields).encode(), datetime.datetime.now(datetime.timezone.utc)
        day, stamp = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
        signed = {
            "content-type": "application/x-amz-json-1.1",
            "host": f"127.0.0.1:{self.port}",
            "x-amz-date": stamp,
            **({"x-amz-security-token": session_token} if session_token else {}),
            "x-amz-target": f"secretsmanager.{target}",
        }
        names, scope = ";".join(signed), f"{day}/{self.REGION}/secretsmanager/aws4_request"
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = ("AWS4" + keys[1]).encode()
        for word in scope.split("/"):
            key = hmac.digest(key, word.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        credential = f"AWS4-HMAC-SHA256 Credential={keys[0]}/{scope}"
        signed["authorization"] = f"{credential}, SignedHeaders={names}, Signature={signature}"
        return send("POST", self.address + "/", body, signed)

    def _put(self, name, version, value, is_new):
        fields = {"ClientRequestToken": version, "SecretString": value}
        fields["Name" if is_new else "SecretId"] = name
        self.call("CreateSecret" if is_new else "PutSecretValue", fields, self.keys["admin"])

    @command
    def write(self, path, data):
        """A secret, made or with a new version, of JSON, or of the text itself: {"version": its id}"""
        value = data if isinstance(data, str) else json.dumps(data)
        versions = self.kept.setdefault(path, [])
        version = f"00000000-0000-4000-8000-{len(versions) + 1:012}"
        self._put(path, version, value, is_new=not versions)
        versions.append((version, value))
        return {"version": version}

    @command
    def read(self, path):
        """The answer of GetSecretValue, for the user `reader`."""
        return self.call("GetSecretValue", {"SecretId": path}, self.keys["reader"])

    @command
    def delete(self, path):
        fields = {"SecretId": path, "ForceDeleteWithoutRecovery": True}
        self.call("DeleteSecret", fields, self.keys["admin"])
        self.kept.pop(path, None)

    @command
    def rotate_token(self):
        """Another web identity token in token_file; STS refuses the one before."""
        before = int(self.token_file.read_text().rsplit("-", 1)[1])
        self.token_file.write_text(f"web-identity-{before + 1}")

    @command
    def forbid(self, actions=("secretsmanager:GetSecretValue",)):
        """The role and the user `reader` are denied these from now on."""
        self._allow_all("inf")
        denied = self._policy(list(actions), "Deny", Resource="*")
        self._iam("PutRolePolicy", RoleName="reader", PolicyName="denied", PolicyDocument=denied)
        self._iam("PutUserPolicy", UserName="reader", PolicyName="denied", PolicyDocument=denied)
        self._allow_all("0")

    @command
    def allow(self):
        """Takes back what forbid did."""
        self._allow_all("inf")
        self._iam("DeleteRolePolicy", RoleName="reader", PolicyName="denied")
        self._iam("DeleteUserPolicy", UserName="reader", PolicyName="denied")
        self._allow_all("0")
