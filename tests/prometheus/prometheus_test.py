"""The shipped configuration, rules and dashboards in a real Prometheus that scrapes services under load.

Usage: prometheus_test.py OPS_FOLDER PETSTORE PETSTORE_FOLDER PLUGIN_HOST      Exit status 77: skipped.
"""

import math
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

import alert_cases
import dashboards
from watched import Watched

OPS, PETSTORE, PETSTORE_FOLDER, PLUGIN_HOST = (pathlib.Path(sys.argv.pop(1)).resolve() for _ in range(4))
SERVICES = ("petstore", "plugin_host")
SECONDS = 60  # for all to have data; rules are evaluated every 15 s


def finite(series):
    return [value for _, values in series for _, value in values if math.isfinite(value)]


class RealPrometheus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.watched = Watched("prometheus", OPS, PETSTORE, PETSTORE_FOLDER, PLUGIN_HOST)
        cls.watched.__enter__()
        cls.addClassCleanup(cls.watched.__exit__)
        cls.missing = cls.wait_for_data()

    @classmethod
    def wait_for_data(cls):
        """What has none when the time is up: [(where, expression)]."""
        records = re.findall(r"- record: (\S+)", (OPS / "rules" / "slo.yaml").read_text())
        wanted = [("rules/slo.yaml", name, ["{__name__=\"%s\"}" % name]) for name in sorted(set(records))]
        for path in sorted((OPS / "dashboards").glob("*.json")):
            for panel in dashboards.panels_of(path):
                for target in panel["targets"]:
                    asked = [dashboards.replaced(target["expr"], service) for service in SERVICES]
                    wanted.append((f"{path.stem}: {panel['title']}", target["expr"], asked))
        cls.counted = len(wanted)
        end = time.time() + SECONDS
        while wanted and time.time() < end:
            time.sleep(2)
            wanted = [each for each in wanted if not any(finite(cls.watched.over_the_run(q)) for q in each[2])]
        return [(where, expression) for where, expression, _ in wanted]

    def value(self, expression):
        values = finite(self.watched.over_the_run(expression))
        self.assertTrue(values, expression)
        return values

    def test_every_panel_and_every_recording_rule_has_data(self):
        self.assertEqual(self.missing, [])
        self.assertGreater(self.counted, 60)

    def test_every_rule_is_evaluated_without_an_error(self):
        groups = self.watched.ask("rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        self.assertEqual([rule for rule in rules if rule["health"] != "ok" or rule.get("lastError")], [])
        alerts = {rule["name"] for rule in rules if rule["type"] == "alerting"}
        self.assertLessEqual({"MMFServiceDown", "MMFHighErrorRate", "MMFErrorBudgetBurn"}, alerts)

    def test_the_variables_of_the_dashboards_have_values(self):
        for path in sorted((OPS / "dashboards").glob("*.json")):
            for name, selector, label in dashboards.variables_of(path):
                found = set()
                for service in SERVICES:
                    match = dashboards.replaced(selector, service)
                    found |= set(self.watched.ask(f"label/{label}/values", **{"match[]": match}))
                expected = {"service": "petstore", "route": "/api/v1/pets/{id}", "plugin": "payments"}[name]
                self.assertIn(expected, found, path.name)

    def test_the_targets_are_the_services(self):
        up = {labels["service"]: value for labels, value in self.watched.query("up")}
        self.assertEqual(up, {"petstore": 1, "plugin_host": 1, "gone": 0})

    def test_the_numbers_are_those_of_the_load(self):
        self.assertGreater(max(self.value('sum(mmf_requests_total{service="petstore",status="201"})')), 100)
        for status in ("400", "404", "409", "500"):
            self.assertGreater(max(self.value(f'sum(mmf_requests_total{{service="petstore",status="{status}"}})')), 0)
        slow = 'mmf_request_duration_seconds_count{service="petstore"}'
        fast = 'mmf_request_duration_seconds_bucket{service="petstore",le="0.5"}'
        self.assertGreater(max(self.value(f"sum({slow}) - sum({fast})")), 0)
        self.assertGreater(max(self.value('slo:sli_error:ratio_rate5m{service="petstore",slo="availability"}')), 0.001)
        self.assertLess(min(self.value('slo:period_error_budget_remaining:ratio{slo="availability"}')), 1)

    def test_an_alert_comes_with_its_words(self):
        wanted = {"MMFServiceDown", "MMFHighErrorRate", "MMFPluginErrors", "MMFErrorBudgetBurn"}
        end = time.time() + SECONDS
        alerts = {}
        while not wanted <= set(alerts) and time.time() < end:
            alerts = {alert["labels"]["alertname"]: alert for alert in self.watched.ask("alerts")["alerts"]}
            time.sleep(1)
        self.assertLessEqual(wanted, set(alerts))
        down = alerts["MMFServiceDown"]
        self.assertEqual(down["annotations"]["summary"], "gone does not answer on 127.0.0.1:1")
        self.assertEqual((down["labels"]["severity"], down["labels"]["environment"]), ("critical", "production"))
        self.assertIn("/health/live", down["annotations"]["runbook"])


class Commands(unittest.TestCase):
    """PROGRAM observability, as the user of a service runs it."""

    def write(self, what, *options, program=PETSTORE):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        command = [program, "observability", what, *options, "--output", "made"]
        result = subprocess.run(command, cwd=folder.name, capture_output=True, text=True, timeout=30)
        made = {path.name: path for path in pathlib.Path(folder.name).glob("made/*/*")}
        return result, made

    def test_rules_of_one_service_and_environment(self):
        result, made = self.write("rules", "--environment", "staging")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(set(made), {"staging.yaml", "slo.yaml"})
        command = ["promtool", "check", "rules", *made.values()]
        check = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(check.returncode, 0, check.stderr)
        alerts = made["staging.yaml"].read_text()
        self.assertIn('absent(up{service="petstore"})', alerts)
        self.assertIn("MMFDatabaseConnectionFailure", alerts)  # it has a database
        self.assertNotIn("MMFPlugin", alerts)  # and no plugins

    def test_dashboards_and_what_a_service_measures_besides(self):
        _, made = self.write("dashboards")
        shipped = {path.name: path.read_text() for path in (OPS / "dashboards").glob("*.json")}
        self.assertEqual(set(made), set(shipped))  # no metric of the framework's that the reference does not know
        self.assertEqual({name: path.read_text() for name, path in made.items()}, shipped)
        _, made = self.write("dashboards", program=PLUGIN_HOST)
        self.assertIn("plugin_host_items", made["plugin_host-metrics.json"].read_text())

    def test_an_environment_that_there_is_not(self):
        result, made = self.write("rules", "--environment", "prod")
        self.assertEqual((result.returncode, made), (1, {}))
        self.assertIn("production", result.stderr)


if __name__ == "__main__":
    alert_cases.skip_without("prometheus", "promtool")
    unittest.main()
