"""Kubernetes' API in a test: the real kube-apiserver, with etcd.

with KubernetesApi() as api: api.address, api.ca_file, api.token_file, api.write("db", {"password": "x"}), ...
"""

import os
import shutil
import subprocess

from peer import Certificates, Skip, tool
from secret_server import Refused, Server, command, free_port, send


class KubernetesApi(Server):
    """The API server of Kubernetes with etcd: the namespace `shop` with the service account `shop`, which may read its
    secrets, and the account `reviewer`, which may review tokens. No controller runs: nothing else comes by itself.
    """

    NAMESPACE = "shop"

    def _require(self):
        self.program = tool("kube-apiserver")
        if not shutil.which("etcd"):
            raise Skip("etcd is not here")

    def _prepare(self):
        self.port, self.etcd_port, peer_port = free_port(), free_port(), free_port()
        self.address = f"https://127.0.0.1:{self.port}"
        certificates = Certificates(self.folder / "tls")
        self.ca_file, (certificate, key) = certificates.ca, certificates.server
        self.admin_token = os.urandom(16).hex()
        (self.folder / "tokens.csv").write_text(f'{self.admin_token},admin,admin,"system:masters"\n')
        accounts = self.folder / "accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", accounts, "2048"], check=True, capture_output=True)
        self.token_file = self.folder / "token"
        etcd, peers = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{peer_port}"
        self.etcd_words = [
            *("etcd", "--data-dir", self.folder / "etcd", "--listen-client-urls", etcd),
            *("--advertise-client-urls", etcd, "--listen-peer-urls", peers),
            *("--initial-advertise-peer-urls", peers, "--initial-cluster", f"default={peers}"),
        ]
        self.words = [
            *(self.program, "--bind-address=127.0.0.1", f"--secure-port={self.port}", f"--etcd-servers={etcd}"),
            *(f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}", "--authorization-mode=RBAC"),
            *(f"--token-auth-file={self.folder / 'tokens.csv'}", "--service-account-issuer=https://kubernetes.test"),
            *(f"--service-account-key-file={accounts}", f"--service-account-signing-key-file={accounts}"),
            *("--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none"),
        ]

    def _run(self):
        health = f"http://127.0.0.1:{self.etcd_port}/health"
        self._launch(self.etcd_words, lambda: send("GET", health)["health"] == "true")
        self._launch(self.words, lambda: self._send("GET", "/readyz"))

    def _set_up(self):
        self._make("/api/v1/namespaces", "v1", "Namespace", self.NAMESPACE)
        for account in ("shop", "reviewer"):
            self._make(f"/api/v1/namespaces/{self.NAMESPACE}/serviceaccounts", "v1", "ServiceAccount", account)
        reading = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}]
        self._make(f"{self._rbac()}/roles", "rbac.authorization.k8s.io/v1", "Role", "reader", rules=reading)
        self.allow()
        reviewing = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"}
        everywhere = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
        self._bind(everywhere, "ClusterRoleBinding", "reviewer", reviewing)
        self.rotate_token()

    def _says(self):
        said = {"address": self.address, "ca_file": self.ca_file, "namespace": self.NAMESPACE}
        said.update(token=self.token_file.read_text(), token_file=self.token_file, admin_token=self.admin_token)
        return said

    def _send(self, method, path, body=None, token=None):
        headers = {"authorization": f"Bearer {token or self.admin_token}"}
        return send(method, self.address + path, body, headers, self.ca_file)

    def _make(self, path, version, kind, name, **fields):
        self._send("POST", path, {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields})

    def _rbac(self):
        return f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.NAMESPACE}"

    def _bind(self, path, kind, account, role):
        whom = [{"kind": "ServiceAccount", "name": account, "namespace": self.NAMESPACE}]
        self._make(path, "rbac.authorization.k8s.io/v1", kind, account, subjects=whom, roleRef=role)

    def _secret(self, name=""):
        return f"/api/v1/namespaces/{self.NAMESPACE}/secrets/{name}".rstrip("/")

    @command
    def write(self, path, data):
        """A secret, made or replaced, of text: {"version": its resourceVersion}"""
        wanted = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": path}, "stringData": data}
        try:
            made = self._send("POST", self._secret(), wanted)
        except Refused as refused:
            if refused.status != 409:
                raise
            made = self._send("PUT", self._secret(path), wanted)
        return {"version": made["metadata"]["resourceVersion"]}

    @command
    def read(self, path, token=None):
        """The secret as the API gives it: {"data": {key: base64}, ...}"""
        return self._send("GET", self._secret(path), token=token)

    @command
    def delete(self, path):
        self._send("DELETE", self._secret(path))

    @command
    def token(self, account="shop", seconds=3600, audiences=()):
        """A token of a service account; Kubernetes makes none that lives shorter than 600 s."""
        wanted = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        wanted["spec"] = {"expirationSeconds": seconds, **({"audiences": list(audiences)} if audiences else {})}
        path = f"/api/v1/namespaces/{self.NAMESPACE}/serviceaccounts/{account}/token"
        return self._send("POST", path, wanted)["status"]["token"]

    @command
    def rotate_token(self):
        """As the kubelet does: another token in token_file, put there in one step."""
        fresh = self.token_file.with_suffix(".new")
        fresh.write_text(self.token())
        fresh.replace(self.token_file)

    @command
    def revoke_tokens(self):
        """Of the account `shop`: they are bound to the account, which is made anew. The API server believes a token
        that it has just seen for 10 s more.
        """
        path = f"/api/v1/namespaces/{self.NAMESPACE}/serviceaccounts"
        self._send("DELETE", f"{path}/shop")
        self._make(path, "v1", "ServiceAccount", "shop")

    @command
    def allow(self):
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
        self._bind(f"{self._rbac()}/rolebindings", "RoleBinding", "shop", role)

    @command
    def forbid(self):
        """The account `shop` may read no secret, as soon as the API server's own watch tells it: 403."""
        self._send("DELETE", f"{self._rbac()}/rolebindings/shop")
