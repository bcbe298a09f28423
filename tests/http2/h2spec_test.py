"""h2spec, the conformance suite of HTTP/2, against our server. Usage: h2spec_test.py SERVER

All cases on a port for HTTP/2 alone and over TLS. On a port that HTTP/1.1 shares, what does not begin as HTTP/2 does is
taken for HTTP/1.1 and gets its 400, so that the case of an invalid preface, and no other, has to fail there.
Exits with 77 where h2spec is not here.
"""

import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import Peer, Skip, tool  # noqa: E402

CASES = 145
INVALID_PREFACE = "Sends invalid connection preface"


def run(h2spec, folder, title, port, *options, expected=()):
    """True where all cases passed, but for the expected ones, which did not."""
    report = pathlib.Path(folder) / "report.xml"
    command = [h2spec, "generic", "hpack", "http2", "-h", "127.0.0.1", "-p", port, "-o", "5", "-j", str(report)]
    said = subprocess.run([*command, *options], text=True, capture_output=True, timeout=50).stdout
    cases = list(xml.parse(report).getroot().iter("testcase"))
    report.unlink()
    failed = [
        (case.get("classname"), case.get("package"))
        for case in cases
        if any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
    ]
    good = len(cases) == CASES and sorted(name for name, _ in failed) == sorted(expected)
    print(f"{'ok' if good else 'FAILED'} {title}: {len(cases)} cases, {len(failed)} failed")
    for name, package in failed:
        print(f"  {package}: {name}" + (" (as expected here)" if name in expected else ""))
    if not good:
        print(said[said.find("Failures:") :])
    return good


def main():
    server = sys.argv[1]
    try:
        h2spec = tool("h2spec")
    except Skip as reason:
        print(f"skipped: {reason}")
        return 77
    with tempfile.TemporaryDirectory() as folder, Peer([server, folder], r"serves (\d+) (\d+) (\d+)") as peer:
        alone, shared, secure = peer.found.groups()
        results = [
            run(h2spec, folder, "HTTP/2 alone", alone),
            run(h2spec, folder, "HTTP/2 over TLS", secure, "-t", "-k"),
            run(h2spec, folder, "HTTP/2 beside HTTP/1.1", shared, expected=[INVALID_PREFACE]),
        ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
