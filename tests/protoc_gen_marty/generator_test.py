"""Runs protoc with our plugin as users do: what it writes is what stands in names.golden; what it refuses, it names.

Usage: generator_test.py PLUGIN FOLDER_OF_THIS_TEST [--update]
"""

import pathlib
import subprocess
import sys
import tempfile

CLASH = 'syntax = "proto3";\nmessage M {}\nservice S { rpc GetIt(M) returns (M); rpc get_it(M) returns (M); }\n'
LITE = 'syntax = "proto3";\noption optimize_for = LITE_RUNTIME;\nmessage M {}\nservice S { rpc Do(M) returns (M); }\n'


def protoc(plugin, folder, name, out, parameter=""):
    command = ["protoc", f"-I{folder}", f"--plugin=protoc-gen-marty={plugin}", f"--marty_out={parameter}{out}", name]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def main():
    plugin, here = sys.argv[1], pathlib.Path(sys.argv[2])
    failed = []

    def expect(good, what):
        print("ok" if good else "FAILED", what)
        failed.extend([] if good else [what])

    with tempfile.TemporaryDirectory() as temporary:
        out = pathlib.Path(temporary)
        done = protoc(plugin, here, "names.proto", out)
        expect(done.returncode == 0 and not done.stderr, f"protoc takes names.proto {done.stderr}")
        written = (out / "names.marty.hpp").read_text()
        golden = here / "names.golden"
        if sys.argv[3:] == ["--update"]:
            golden.write_text(written)
        expect(written == golden.read_text(), "the same as names.golden (else see --update, and git diff)")

        done = protoc(plugin, here, "names.proto", out, "fast=true:")
        wanted = 'protoc-gen-marty has no parameters, but got "fast=true"'
        expect(done.returncode != 0 and wanted in done.stderr, f"refuses parameters: {done.stderr.strip()}")

        (out / "lite.proto").write_text(LITE)
        done = protoc(plugin, out, "lite.proto", out)
        wanted = "lite.proto: optimize_for = LITE_RUNTIME leaves out"
        expect(done.returncode != 0 and wanted in done.stderr, f"refuses lite messages: {done.stderr.strip()}")

        (out / "clash.proto").write_text(CLASH)
        done = protoc(plugin, out, "clash.proto", out)
        wanted = "clash.proto: S.get_it and GetIt would both be the function get_it: rename one"
        expect(done.returncode != 0 and wanted in done.stderr, f"refuses names that clash: {done.stderr.strip()}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
