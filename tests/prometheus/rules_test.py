"""Every shipped rule, judged by promtool: each alert of each environment fires just above its limit and not below.

Usage: rules_test.py OPS_FOLDER      Exit status 77: skipped.
"""

import dataclasses
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import alert_cases

FOLDER = pathlib.Path(sys.argv.pop(1)).resolve()
RULES = FOLDER / "rules"


def promtool(*arguments, cwd=None):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=120)


def alerts_of(path):
    return set(re.findall(r"^ +- alert: (\w+)$", path.read_text(), re.MULTILINE))


def firing(name, labels):
    """How many of an alert's instances fire, by the labels that are given."""
    matchers = "".join(f', {label}="{value}"' for label, value in labels.items())
    return f'count(ALERTS{{alertname="{name}", alertstate="firing"{matchers}}})'


def unit_test(interval, series, checks):
    """A test of promtool: at the time of a check its alert is there once, or not at all."""
    return {
        "interval": interval,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": firing(check.alert, check.labels),
                "eval_time": check.time,
                "exp_samples": [{"labels": "{}", "value": 1}] if check.fires else [],
            }
            for check in checks
        ],
    }


class Rules(unittest.TestCase):
    def judge(self, rules, tests):
        document = {"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": tests}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "cases.json"  # JSON is YAML, too
            path.write_text(json.dumps(document))
            result = promtool("test", "rules", path)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("SUCCESS", result.stdout)

    def test_promtool_accepts_all_files(self):
        files = sorted(RULES.glob("*.yaml"))
        self.assertEqual([path.stem for path in files], ["development", "production", "slo", "staging", "testing"])
        result = promtool("check", "rules", "--lint=all", "--lint-fatal", *files)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_promtool_accepts_the_scrape_configuration(self):
        with tempfile.TemporaryDirectory() as folder:
            alert_cases.copy_configuration(FOLDER, pathlib.Path(folder), "production")
            shutil.copytree(FOLDER / "prometheus/backends", pathlib.Path(folder) / "backends")
            result = promtool("check", "config", pathlib.Path(folder) / "prometheus.yml")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("2 rule files found", result.stdout)
        self.assertNotIn("WARNING", result.stdout + result.stderr)  # of files that are not there

    def test_every_alert_fires_above_its_limit_and_only_there(self):
        for environment in alert_cases.ENVIRONMENTS:
            with self.subTest(environment):
                path = RULES / f"{environment}.yaml"
                cases = list(alert_cases.alerts_in(environment))
                for fires in (True, False):
                    self.assertEqual({check.alert for _, check in cases if check.fires == fires}, alerts_of(path))
                self.judge(path, [unit_test("1m", series, [check]) for series, check in cases])

    def test_the_error_budgets_burn_at_the_rates_of_the_workbook(self):
        self.assertEqual(alerts_of(RULES / "slo.yaml"), {"MMFErrorBudgetBurn"})
        series, checks = alert_cases.burn_cases()
        self.judge(RULES / "slo.yaml", [unit_test("15s", series, checks)])

    def test_a_limit_that_moved_is_noticed(self):
        """The cases are near enough to the limits to tell: another environment's rules fail each of them."""
        moved = set(alert_cases.LIMITS)
        for series, check in alert_cases.alerts_in("production"):
            if check.alert not in moved or not check.fires:
                continue
            labels = {"service": "petstore"}
            test = unit_test("1m", series, [dataclasses.replace(check, labels=labels)])
            with self.subTest(check.alert), self.assertRaises(AssertionError):
                self.judge(RULES / "staging.yaml", [test])


if __name__ == "__main__":
    alert_cases.skip_without("promtool")
    unittest.main()
