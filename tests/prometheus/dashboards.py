"""What the panels of a dashboard ask Prometheus, with its variables replaced as Grafana does it."""

import json
import pathlib
import re

RATE_INTERVAL = "20s"  # Grafana: four scrapes at least


def panels_of(path):
    """Every panel that asks Prometheus, with its targets."""
    for panel in json.loads(pathlib.Path(path).read_text())["panels"]:
        if panel["type"] != "row" and panel["datasource"]["type"] == "prometheus":
            yield panel


def replaced(expression, service):
    for name, value in {"service": service, "route": ".*", "plugin": ".*", "__rate_interval": RATE_INTERVAL}.items():
        expression = expression.replace(f"${name}", value)
    return expression


def variables_of(path):
    """(name, selector, label) of every variable that asks Prometheus for the values of a label."""
    for variable in json.loads(pathlib.Path(path).read_text())["templating"]["list"]:
        if variable["type"] == "query":
            selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"]).groups()
            yield variable["name"], selector, label


def title_of(path):
    return json.loads(pathlib.Path(path).read_text())["title"]


def rows_of(path):
    """(title, y)"""
    for panel in json.loads(pathlib.Path(path).read_text())["panels"]:
        if panel["type"] == "row":
            yield panel["title"], panel["gridPos"]["y"]
