"""Holds THIRD_PARTY.md against what the build asks for: a library that nobody named is a licence that nobody read."""

import json
import re

PAGE = "THIRD_PARTY.md"
DEPENDENCIES = "cmake/MartyDependencies.cmake"
OF_THE_SYSTEM = {"Threads", "PkgConfig"}


def asked_for(cmake, package):
    """The names that the two files ask for: (name, file)."""
    for name in re.findall(r"^(?:find_dependency|pkg_check_modules)\((\S+?)[\s)]", cmake, re.MULTILINE):
        if name not in OF_THE_SYSTEM:
            yield name, DEPENDENCIES
    for name in json.loads(package).get("dependencies", {}):
        yield name, "package.json"


def check(root):
    """Violations, as printable lines."""
    named = set(re.findall(r"^\| `([^`]+)` \|", (root / PAGE).read_text(encoding="utf-8"), re.MULTILINE))
    asked = dict(asked_for((root / DEPENDENCIES).read_text(), (root / "package.json").read_text()))
    for name in sorted(asked.keys() - named):
        yield f"{asked[name]}:1: {name} is used, but {PAGE} does not name its licence; add a row"
    for name in sorted(named - asked.keys()):
        yield f"{PAGE}:1: {name} is named, but nothing asks for it; take the row out"
