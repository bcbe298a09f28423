"""Connect's conformance suite. Usage: conformance_test.py server|client PROGRAM

Our server for Connect, gRPC and gRPC-Web over HTTP/1.1 and HTTP/2, our client for gRPC; both with and without TLS,
clients' certificates and compression. Exits with 77 where the suite is not here.
"""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import log_lines  # noqa: E402
from peer import Skip, require, tool  # noqa: E402

SERVER = """\
features:
  versions: [HTTP_VERSION_1, HTTP_VERSION_2]
  protocols: [PROTOCOL_CONNECT, PROTOCOL_GRPC, PROTOCOL_GRPC_WEB]
  codecs: [CODEC_PROTO, CODEC_JSON]
  compressions: [COMPRESSION_IDENTITY, COMPRESSION_GZIP]
  supportsH2c: true
  supportsTls: true
  supportsTlsClientCerts: true
  supportsHalfDuplexBidiOverHttp1: true
"""
CLIENT = """\
features:
  versions: [HTTP_VERSION_2]
  protocols: [PROTOCOL_GRPC]
  codecs: [CODEC_PROTO]
  compressions: [COMPRESSION_IDENTITY, COMPRESSION_GZIP]
  supportsH2c: true
  supportsTls: true
  supportsTlsClientCerts: true
"""
SIDES = {"server": (SERVER, 3820), "client": (CLIENT, 646)}  # what there is to it, and how many cases that makes


def main():
    side, program = sys.argv[1:3]
    try:
        suite = tool("connectconformance")
        require(program, f"{program}, compiled of connectconformance's messages,")
    except Skip as reason:
        print(f"skipped: {reason}")
        return 77
    features, cases = SIDES[side]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as configuration:
        configuration.write(features)
        configuration.flush()
        command = [suite, "--mode", side, "--conf", configuration.name, "--", program]
        done = subprocess.run(
            command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=110
        )
    told = [line for line in done.stdout.splitlines() if not line.startswith("{")]  # without our log
    log_lines.check("".join(line for line in done.stdout.splitlines(True) if line.startswith('{"timestamp"')))
    print(*told[-200:], sep="\n")
    if f"{cases} passed, 0 failed" not in told:
        print(f"not all of {cases} cases passed")
        return 1
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
