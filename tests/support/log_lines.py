"""Checks log lines against the schema that is shipped: ops/observability/logs/log-line.schema.json."""

import functools
import json
import pathlib

import jsonschema

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "ops" / "observability" / "logs" / "log-line.schema.json"


@functools.cache
def validator():
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check(text):
    """The lines, parsed. Raises ValueError for one that is not whole or not as the schema says."""
    if text and not text.endswith("\n"):
        raise ValueError(f"the log ends within a line: {text[-1000:]!r}")
    lines = []
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
            validator().validate(lines[-1])
        except (json.JSONDecodeError, jsonschema.ValidationError) as problem:
            raise ValueError(f"log line against its schema: {problem}: {line}") from problem
    return lines
