"""The manifests of ops/observability: kubectl builds them as kustomize does, the real API server of Kubernetes takes
every object and a pod of every template, and what they name is there. Exits with 77 where a program is missing.
"""

import fnmatch
import itertools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from kubernetes_api import KubernetesApi  # noqa: E402
from peer import ROOT, Skip, tool  # noqa: E402
from secret_server import Refused, send  # noqa: E402

SHIPPED = ROOT / "ops/observability"
SERVERS = ROOT / "tests/observability/servers/go.mod"
JAEGER_2_IS_BEHIND = 63  # minor versions: 2.13 is 1.76


def templates(objects):
    """(name, pod template, claims) of each workload."""
    for thing in objects:
        if template := thing.get("spec", {}).get("template"):
            yield thing["metadata"]["name"], template, thing["spec"].get("volumeClaimTemplates", [])


def selects(selector, labels):
    """As a LabelSelector does."""
    fits = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    for expression in selector.get("matchExpressions", []):
        if expression["operator"] != "In":
            raise ValueError(f"the operator {expression['operator']} is not known here")
        fits = fits and labels.get(expression["key"]) in expression["values"]
    return fits


class Cluster:
    """The API server, for server-side apply without effect."""

    def __init__(self, api):
        self.api = api

    def _send(self, method, path, body=None, content_type="application/json"):
        headers = {"authorization": f"Bearer {self.api.admin_token}", "content-type": content_type}
        return send(method, self.api.address + path, body, headers, self.api.ca_file)

    def path(self, thing):
        """Of the collection that it belongs to."""
        version = thing["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        kinds = {kind["kind"]: kind for kind in self._send("GET", root)["resources"] if "/" not in kind["name"]}
        kind = kinds[thing["kind"]]
        namespace = f"/namespaces/{thing['metadata']['namespace']}" if kind["namespaced"] else ""
        return f"{root}{namespace}/{kind['name']}"

    def apply(self, thing, keep=False):
        options = "?fieldManager=test&fieldValidation=Strict" + ("" if keep else "&dryRun=All")
        path = f"{self.path(thing)}/{thing['metadata']['name']}"
        return self._send("PATCH", path + options, json.dumps(thing).encode(), "application/apply-patch+yaml")

    def make(self, thing):
        """As a controller does, to the rules of the namespace: for a pod, its level of security."""
        return self._send("POST", f"{self.path(thing)}?dryRun=All&fieldValidation=Strict", thing)


class ManifestsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        built = subprocess.run([tool("kubectl"), "kustomize", SHIPPED], text=True, capture_output=True, check=False)
        if built.returncode != 0:
            raise AssertionError(built.stderr)
        cls.objects = list(yaml.safe_load_all(built.stdout))
        cls.compose = yaml.safe_load((SHIPPED / "compose.yaml").read_text())["services"]

    def of_kind(self, kind):
        return {thing["metadata"]["name"]: thing for thing in self.objects if thing["kind"] == kind}

    def test_the_api_server_takes_every_object_and_a_pod_of_every_template(self):
        cluster = Cluster(self.enterContext(KubernetesApi()))
        namespace = next(iter(self.of_kind("Namespace").values()))
        cluster.apply(namespace, keep=True)
        place = {"namespace": namespace["metadata"]["name"]}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", **place}}
        cluster.apply(account, keep=True)
        for thing in self.objects:
            with self.subTest(f"{thing['kind']} {thing['metadata']['name']}"):
                cluster.apply(thing)
        for name, template, claims in templates(self.objects):
            with self.subTest(f"pod {name}"):
                cluster.make(self.pod(name, template, claims, place))
        privileged = {"name": "broken", "image": "broken", "securityContext": {"privileged": True}}
        broken = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "broken", **place}}
        with self.assertRaises(Refused):
            cluster.make({**broken, "spec": {"containers": [privileged]}})

    @staticmethod
    def pod(name, template, claims, place):
        """What the controller of the workload makes of the template."""
        names = [claim["metadata"]["name"] for claim in claims]
        claimed = [{"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{name}-0"}} for claim in names]
        spec = {**template["spec"], "volumes": template["spec"].get("volumes", []) + claimed}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **place}, "spec": spec}

    def test_what_is_mounted_is_there_and_is_the_file_that_is_shipped(self):
        maps = self.of_kind("ConfigMap")
        for name, template, _ in templates(self.objects):
            volumes = template["spec"].get("volumes", [])
            sources = [source for volume in volumes for source in volume.get("projected", {}).get("sources", [volume])]
            for mounted in (source["configMap"] for source in sources if "configMap" in source):
                data = maps[mounted["name"]]["data"]
                for item in mounted.get("items", []):
                    self.assertIn(item["key"], data, f"{name}: {mounted['name']}")
        for thing in maps.values():
            for key, text in thing["data"].items():
                shipped = [path.read_text() for path in SHIPPED.rglob(key)]
                self.assertIn(text, shipped, f"{thing['metadata']['name']}: {key}")

    def test_prometheus_finds_all_that_its_configuration_names_and_no_service_by_default(self):
        configuration = yaml.safe_load((SHIPPED / "prometheus/prometheus.yml").read_text())
        jobs = configuration["scrape_configs"] + configuration["alerting"]["alertmanagers"]
        wanted = configuration["rule_files"] + [name for job in jobs for name in job["file_sd_configs"][0]["files"]]
        template = next(template for name, template, _ in templates(self.objects) if name == "prometheus")
        sources = template["spec"]["volumes"][0]["projected"]["sources"]
        paths = [item["path"] for source in sources for item in source["configMap"].get("items", [])]
        for pattern in wanted:
            self.assertTrue(fnmatch.filter(paths, pattern), pattern)
        for name in ("targets/services.yaml", "alertmanagers/alertmanagers.yaml"):
            self.assertEqual(yaml.safe_load((SHIPPED / "prometheus" / name).read_text()), [])
        services = {name: thing["spec"]["ports"] for name, thing in self.of_kind("Service").items()}
        for name in ("own", "exported"):
            for group in yaml.safe_load((SHIPPED / f"prometheus/backends/{name}.yaml").read_text()):
                for service, port in (target.split(":") for target in group["targets"]):
                    self.assertIn((service, port), self.scraped(services))

    def scraped(self, services):
        """What the network policies let Prometheus read: {(service, port number)}."""
        open_to_it = {(to, port) for who, to, port in self.allowed() if who == "prometheus"}
        ports = ((name, port) for name in services for port in services[name])
        return {(name, str(port["port"])) for name, port in ports if (name, port["name"]) in open_to_it}

    def test_services_and_probes_name_ports_of_their_pods(self):
        pods = {name: template for name, template, _ in templates(self.objects)}
        for name, service in self.of_kind("Service").items():
            ports = {port["name"] for port in pods[name]["spec"]["containers"][0]["ports"]}
            self.assertEqual(service["spec"]["selector"], self.selected(pods[name]))
            for port in service["spec"]["ports"]:
                self.assertIn(port["targetPort"], ports, name)
        for name, template in pods.items():
            container = template["spec"]["containers"][0]
            ports = {port["name"] for port in container["ports"]}
            for probe in ("readinessProbe", "livenessProbe"):
                asked = container[probe].get("httpGet") or container[probe]["tcpSocket"]
                self.assertIn(asked["port"], ports, name)

    @staticmethod
    def selected(template):
        return {"app.kubernetes.io/name": template["metadata"]["labels"]["app.kubernetes.io/name"]}

    def allowed(self):
        """What the network policies let through: {(who, workload, port)}."""
        place = next(iter(self.of_kind("Namespace")))
        pods = {name: template["metadata"]["labels"] for name, template, _ in templates(self.objects)}
        senders = {name: (place, labels) for name, labels in pods.items()}
        senders["ingress"] = ("ingress-nginx", {"app.kubernetes.io/component": "controller"})
        senders["service"] = ("shop", {"app.kubernetes.io/name": "petstore"})
        senders["stranger"] = (place, {"app.kubernetes.io/name": "stranger"})
        links = set()
        for policy in (thing["spec"] for thing in self.of_kind("NetworkPolicy").values()):
            self.assertEqual(policy["policyTypes"], ["Ingress"])
            receivers = [name for name, labels in pods.items() if selects(policy["podSelector"], labels)]
            self.assertTrue(receivers, policy)
            for rule in policy.get("ingress", []):
                # An empty list, or none, of peers or ports lets in everything.
                self.assertTrue(rule.get("from") and rule.get("ports"), policy)
                peers, ports = rule["from"], [port["port"] for port in rule["ports"]]
                who = [name for name in senders if any(self.is_from(senders[name], peer, place) for peer in peers)]
                links |= set(itertools.product(who, receivers, ports))
        return links

    @staticmethod
    def is_from(sender, peer, place):
        namespace, labels = sender
        if "namespaceSelector" in peer:
            near = selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": namespace})
        else:
            near = namespace == place
        return near and selects(peer.get("podSelector", {}), labels)

    def test_network_policies_let_in_what_is_needed_and_nothing_else(self):
        denied = self.of_kind("NetworkPolicy")["default-deny"]["spec"]
        self.assertEqual(denied, {"podSelector": {}, "policyTypes": ["Ingress"]})
        links = self.allowed()
        pods = {name: template["spec"]["containers"][0]["ports"] for name, template, _ in templates(self.objects)}
        self.assertEqual({to for _, to, _ in links}, set(pods))
        for _, to, port in links:
            self.assertIn(port, {port["name"] for port in pods[to]})
        telemetry = {"otlp-grpc", "otlp-http", "jaeger-grpc", "jaeger-http", "zipkin"}
        everybody = {*pods, "ingress", "service", "stranger"}
        wanted = {(who, "otel-collector", port) for who in everybody for port in telemetry}
        wanted |= {("prometheus", "otel-collector", port) for port in ("prometheus", "metrics")}
        wanted |= {("otel-collector", "jaeger", "otlp-grpc"), ("prometheus", "jaeger", "metrics")}
        wanted |= {("grafana", "jaeger", "ui"), ("grafana", "prometheus", "http")}
        wanted |= {(who, "elasticsearch", "http") for who in ("otel-collector", "kibana", "grafana")}
        wanted |= {("ingress", to, "http") for to in ("grafana", "kibana")}
        self.assertEqual(links, wanted)

    def test_compose_is_valid_starts_the_same_images_and_mounts_what_is_there(self):
        images = {name: template["spec"]["containers"][0]["image"] for name, template, _ in templates(self.objects)}
        self.assertEqual({name: service["image"] for name, service in self.compose.items()}, images)
        said = subprocess.run(
            ["docker-compose", "-f", SHIPPED / "compose.yaml", "config", "--quiet"], text=True, capture_output=True
        )
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        template = next(template for name, template, _ in templates(self.objects) if name == "prometheus")
        self.assertEqual(self.compose["prometheus"]["command"], template["spec"]["containers"][0]["args"])
        for service in self.compose.values():
            for source in (volume.split(":")[0] for volume in service.get("volumes", [])):
                self.assertTrue(not source.startswith(".") or (SHIPPED / source).exists(), source)

    def test_the_images_are_of_the_versions_that_are_tested(self):
        versions = dict(re.findall(r"^\s+(\S+) v(\S+)", SERVERS.read_text(), re.MULTILINE))
        contrib = "github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"
        self.assertEqual(self.compose["otel-collector"]["image"].split(":")[1], versions[contrib])
        minor = int(versions["github.com/jaegertracing/jaeger"].split(".")[1]) - JAEGER_2_IS_BEHIND
        self.assertEqual(self.compose["jaeger"]["image"].split(":")[1], f"2.{minor}.0")

    def test_the_pipelines_of_the_collector_name_what_is_configured(self):
        """With elasticsearch.yaml over it, whose exporter cannot be run here."""
        files = [SHIPPED / "collector" / name for name in ("otel-collector.yaml", "elasticsearch.yaml")]
        base, over = (yaml.safe_load(file.read_text()) for file in files)
        exporters = {**base["exporters"], **over["exporters"]}
        pipelines = {**base["service"]["pipelines"]}
        for name, changes in over["service"]["pipelines"].items():
            pipelines[name] = {**pipelines[name], **changes}
        for pipeline in pipelines.values():
            self.assertLessEqual(set(pipeline["exporters"]), set(exporters))


def main():
    try:
        tool("kubectl")
        if not shutil.which("docker-compose"):
            raise Skip("docker-compose is not here")
        KubernetesApi()._require()
    except Skip as reason:
        print(f"skipped: {reason}")
        return 77
    return 0 if unittest.main(argv=sys.argv[:1], exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
