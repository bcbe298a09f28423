"""The rules of the house, checked: prints every violation as file:line: what and why; what to do. Exits 1 on any.

Usage: tidy.py REPOSITORY MODULE_TABLE     (the table is modules.txt in the build folder)
"""

import pathlib
import sys

import layers
import notices
import rules
from cpp_source import CppSource

FOLDERS = ("src", "drivers", "cli", "examples", "bench", "tests", "cmake", "scripts", "docs", "ops", ".ci")
SKIPPED_FOLDERS = {"build", "node_modules", "__pycache__", "corpus", "golden"}
CPP = {".cpp", ".hpp"}
CODE = CPP | {".py", ".cmake", ".sh", ".txt", ""}
TEXT = CODE | {".md", ".yaml", ".yml", ".json", ".js", ".ts", ".css", ".html", ".sql", ".proto", ".in"}


def files(root):
    """Every text file of the tree, in order."""
    found = [path for path in root.iterdir() if path.is_file() and path.name != "package-lock.json"]
    for folder in FOLDERS:
        found += [path for path in (root / folder).rglob("*") if path.is_file()]
    for path in sorted(found):
        relative = path.relative_to(root)
        if path.suffix in TEXT and not path.name.startswith(".git") and not SKIPPED_FOLDERS & set(relative.parts):
            yield relative.as_posix(), path


def is_test(relative):
    return (
        relative.startswith(("tests/", "bench/"))
        or relative.endswith(("_test.cpp", "_bench.cpp", "_fuzz.cpp"))
        or "/tests/" in relative
    )


def check_cpp(modules, relative, source):
    yield from rules.check_columns(source.text, source.raw_string_lines)
    yield from rules.check_functions(source)
    yield from rules.check_test_names(source)
    if not relative.startswith(("src/marty/runtime/", "bench/")):
        yield from rules.check_calls(source, is_test(relative))
    if not relative.startswith(("src/", "drivers/")):
        return
    module = layers.module_of_file(modules, relative)
    if module is None:
        yield 1, "no marty_module() holds this file", "move it into a module's folder or its internal/"
        return
    yield from layers.check_includes(modules, module, source)
    if not is_test(relative):
        yield from rules.check_codes(source)
    if not is_test(relative) and not pathlib.PurePosixPath(relative).name.startswith("test_"):
        yield from rules.check_list_fields(source)
    if relative.endswith(".hpp") and "/internal/" not in relative:
        yield from rules.check_public_header(source, module.name)


def check_file(modules, relative, text):
    if not relative.startswith("tests/tidy/"):  # the rules' own sources name what they forbid
        yield from rules.check_words(text)
    suffix = pathlib.PurePosixPath(relative).suffix
    if suffix not in CODE or text.startswith("-----BEGIN"):
        return
    if suffix in CPP:
        yield from check_cpp(modules, relative, CppSource(text))
    elif suffix != ".txt" or relative.endswith("CMakeLists.txt"):
        yield from rules.check_columns(text)
    yield from rules.check_file_length(text)


def check_tree(root, modules):
    """Every violation of the tree, as printable lines."""
    violations = [
        f"{module.folder}/CMakeLists.txt:1: {what}; {advice}" for module, what, advice in layers.check_table(modules)
    ]
    for relative, path in files(root):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            violations.append(f"{relative}:1: not UTF-8; save it as UTF-8, or give it a binary suffix")
            continue
        violations += [
            f"{relative}:{line}: {what}; {advice}" for line, what, advice in check_file(modules, relative, text)
        ]
    return violations


def main():
    root, table = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    violations = check_tree(root, layers.read_modules(table)) + list(notices.check(root))
    for violation in violations:
        print(violation)
    print(f"tidy: {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
