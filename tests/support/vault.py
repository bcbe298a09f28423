"""HashiCorp Vault in a test: the real server, as tests/secrets/vault_server makes it.

with Vault() as vault: vault.address, vault.root_token, vault.write("shop/db", {"password": "x"}), vault.stop(), ...
"""

import base64
import json
import time

from peer import Certificates, tool
from secret_server import START_SECONDS, Refused, Server, command, free_port, send


class Vault(Server):
    """The real Vault, with a KV engine of version 2 at `secret`, and AppRole; with Kubernetes' login if given an API.

    The policy `reader` reads below secret/; the role `reader` of AppRole and of Kubernetes gives it.
    """

    def __init__(self, tls=False, kubernetes=None):
        super().__init__()
        self.tls, self.kubernetes, self.ca_file = tls, kubernetes, None

    def _require(self):
        self.program = tool("vault_server")

    def _prepare(self):
        self.port, self.words = free_port(), []
        self.address = f"http://127.0.0.1:{self.port}"
        if self.tls:
            certificates = Certificates(self.folder / "tls")
            self.address, self.ca_file = f"https://127.0.0.1:{self.port}", certificates.ca
            self.words = ["-certificate", certificates.server[0], "-key", certificates.server[1]]

    def _run(self):
        words = [self.program, "-address", f"127.0.0.1:{self.port}", "-folder", self.folder, *self.words]
        self._launch(words, lambda: self._send("GET", "sys/health", token=None))
        keys = json.loads((self.folder / "keys.json").read_text())
        self.root_token, self.unseal_key = keys["root_token"], base64.b64decode(keys["unseal_key"]).hex()

    def _set_up(self):
        self._send("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        self._until_upgraded()
        rules = 'path "secret/*" { capabilities = ["read", "list"] }'
        self._send("PUT", "sys/policies/acl/reader", {"policy": rules})
        self._send("POST", "sys/auth/approle", {"type": "approle"})
        self.role_id, self.secret_id = self.role("reader").values()
        if self.kubernetes:
            self._send("POST", "sys/auth/kubernetes", {"type": "kubernetes"})
            trusted = {
                "kubernetes_host": self.kubernetes.address,
                "kubernetes_ca_cert": self.kubernetes.ca_file.read_text(),
                "token_reviewer_jwt": self.kubernetes.token("reviewer"),
                "disable_local_ca_jwt": True,
            }
            self._send("POST", "auth/kubernetes/config", trusted)
            self.kubernetes_role("reader")

    def _until_upgraded(self):
        """A new KV engine refuses requests for a moment."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return self.write("set-up", {"done": "yes"})
            except Refused:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _says(self):
        said = {"address": self.address, "ca_file": self.ca_file, "mount": "secret", "root_token": self.root_token}
        said.update(unseal_key=self.unseal_key, role="reader", role_id=self.role_id, secret_id=self.secret_id)
        return said

    def _send(self, method, path, body=None, token="root"):
        headers = {"x-vault-token": self.root_token if token == "root" else token} if token else {}
        return send(method, f"{self.address}/v1/{path}", body, headers, self.ca_file)

    @command
    def write(self, path, data, mount="secret"):
        """{"version": N}"""
        return {"version": self._send("POST", f"{mount}/data/{path}", {"data": data})["data"]["version"]}

    @command
    def read(self, path, token="root", mount="secret"):
        """{"data": {...}, "metadata": {"version": N, ...}}"""
        return self._send("GET", f"{mount}/data/{path}", token=token)["data"]

    @command
    def delete(self, path, mount="secret"):
        """With all its versions."""
        self._send("DELETE", f"{mount}/metadata/{path}")

    @command
    def role(self, name, ttl="1h", max_ttl="24h", secret_id_ttl="0", secret_id_uses=0, policies=("reader",)):
        """A role of AppRole, made or changed, with a new secret id: {"role_id": ..., "secret_id": ...}"""
        limits = {"token_ttl": ttl, "token_max_ttl": max_ttl, "token_policies": list(policies)}
        limits.update(secret_id_ttl=secret_id_ttl, secret_id_num_uses=secret_id_uses)
        self._send("POST", f"auth/approle/role/{name}", limits)
        role_id = self._send("GET", f"auth/approle/role/{name}/role-id")["data"]["role_id"]
        secret_id = self._send("POST", f"auth/approle/role/{name}/secret-id")["data"]["secret_id"]
        return {"role_id": role_id, "secret_id": secret_id}

    @command
    def kubernetes_role(self, name, ttl="1h", max_ttl="24h", account="shop", namespace="shop", audience=None):
        """A role of Kubernetes' login, for a service account."""
        limits = {"bound_service_account_names": [account], "bound_service_account_namespaces": [namespace]}
        limits.update(token_ttl=ttl, token_max_ttl=max_ttl, token_policies=["reader"])
        if audience:
            limits["audience"] = audience
        self._send("POST", f"auth/kubernetes/role/{name}", limits)

    @command
    def token(self, ttl="1h", policies=("reader",), renewable=True):
        """{"token": ...}: a token as one that somebody else made."""
        wanted = {"ttl": ttl, "policies": list(policies), "renewable": renewable, "no_default_policy": False}
        return {"token": self._send("POST", "auth/token/create", wanted)["auth"]["client_token"]}

    @command
    def revoke(self, token):
        self._send("POST", "auth/token/revoke", {"token": token})

    @command
    def seal(self):
        """Every request is refused with 503 then."""
        self._send("PUT", "sys/seal")

    @command
    def unseal(self):
        self._send("PUT", "sys/unseal", {"key": self.unseal_key}, token=None)
