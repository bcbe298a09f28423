"""gRPC's interoperability cases between ours and the implementations of others.

Usage: interop_test.py TEST --build FOLDER --source FOLDER
  python_client, grpcpp_client, go_client, grpcurl    somebody else's client, our server
  python_server, grpcpp_server, go_server             our client, somebody else's server
  own                                                 both are ours
FOLDER: where the programs of tests/grpc are; the repository. Over cleartext and TLS, most with the
certificates of clients as well. Each case is a line; exits with 1 where one failed, and with 77 where the other side is
not here.
"""

import argparse
import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer import Certificates, CountingProxy, Peer, Skip, require, tool  # noqa: E402
from running_service import RunningService  # noqa: E402

CASES = (
    *("empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream"),
    *("custom_metadata", "status_code_and_message", "special_status_message"),
    *("unimplemented_method", "unimplemented_service"),
    *("cancel_after_begin", "cancel_after_first_response", "timeout_on_sleeping_server"),
)
COMPRESSED = tuple(
    f"{side}_compressed_{kind}" for side in ("client", "server") for kind in ("unary", "streaming")
)
SERVER_FEATURES = ("status_details", "health_check", "health_watch", "reflection")  # of ours, besides the cases

# What may travel where messages are compressed as they should be: the sizes of those that are not, and no more.
PROBED = {  # with the message that the server refuses because it is not compressed
    "client_compressed_unary": ("sent", 2 * 271828, 3 * 271828),
    "client_compressed_streaming": ("sent", 27182 + 45904, 2 * 27182 + 45904),
    "server_compressed_unary": ("received", 314159, 2 * 314159),
    "server_compressed_streaming": ("received", 92653, 92653 + 31415),
}
UNPROBED = {
    **PROBED,
    "client_compressed_unary": ("sent", 271828, 2 * 271828),
    "client_compressed_streaming": ("sent", 45904, 27182 + 45904),
}
WHOLE_CALLS = {**PROBED, "client_compressed_streaming": ("sent", 27182, 2 * 27182)}  # a call is compressed or is not

CLEARTEXT, TLS, MUTUAL_TLS = "cleartext", "TLS", "TLS with clients' certificates"
# As our client says it, Python's and grpc++'s.
UNAVAILABLE = r"\bunavailable\b|\bStatusCode\.UNAVAILABLE\b|\bis 14, not 0\b"
PYTHON = "/usr/bin/python3"  # Debian's, which has python3-grpcio


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def add(self, good, what):
        self.passed += good
        self.failed += not good
        print("ok" if good else "FAILED", what, flush=True)


class Interop:
    """The programs of both sides, in a folder of their own with certificates."""

    def __init__(self, build, source, folder):
        self.build, self.source, self.folder = build, source, folder
        self.certificates = Certificates(folder)
        self.strangers = Certificates(folder / "strangers")
        self.report = Report()

    def our_server(self, transport):
        variables = {}
        if transport != CLEARTEXT:
            certificate, key = self.certificates.server
            variables = {"MARTY_SECURITY__TLS__CERTIFICATE": str(certificate), "MARTY_SECURITY__TLS__KEY": str(key)}
        if transport == MUTUAL_TLS:
            variables["MARTY_SECURITY__TLS__CLIENT_CERTIFICATES"] = "required"
            variables["MARTY_SECURITY__TLS__CLIENT_CA"] = str(self.certificates.ca)
        return RunningService(self.build / "grpc_interop_server", self.folder, variables)

    def client_options(self, transport):
        certificate, key = self.certificates.client
        return {
            CLEARTEXT: [],
            TLS: ["--ca", self.certificates.ca],
            MUTUAL_TLS: ["--ca", self.certificates.ca, "--certificate", certificate, "--key", key],
        }[transport]

    def server_options(self, transport):
        certificate, key = self.certificates.server
        return {
            CLEARTEXT: [],
            TLS: ["--certificate", certificate, "--key", key],
            MUTUAL_TLS: ["--certificate", certificate, "--key", key, "--client-ca", self.certificates.ca],
        }[transport]

    def python_variables(self):
        """The environment of Debian's Python, with the messages generated into the folder."""
        require("/usr/bin/grpc_python_plugin", "protobuf-compiler-grpc")
        if subprocess.run([PYTHON, "-c", "import grpc, google.protobuf"], capture_output=True).returncode != 0:
            raise Skip("python3-grpcio is not here")
        protos = self.source / "src/marty/grpc/proto"
        for folder, name in (
            (self.source / "tests/grpc", "interop"),
            (protos / "grpc/health/v1", "health"),
            (protos / "grpc/reflection/v1", "reflection"),
            (protos / "google/rpc", "status"),
        ):
            plugin = "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin"
            out = [f"--python_out={self.folder}", f"--grpc_python_out={self.folder}", plugin]
            subprocess.run(["protoc", f"-I{folder}", *out, f"{name}.proto"], check=True)
        return {"PYTHONPATH": str(self.folder), "PATH": "/usr/bin:/bin"}

    def run(self, title, command, cases, variables=None):
        """A client that does all cases in one go."""
        print(f"== {title}", flush=True)
        words = [str(word) for word in (*command, *cases)]
        result = subprocess.run(
            words, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=50
        )
        lines = result.stdout.splitlines()
        for case in cases:
            found = [line for line in lines if line == f"ok {case}" or line.startswith(f"FAILED {case}:")]
            said = found[0].split(" ", 1)[1] if found else f"{case}: the client said nothing"
            self.report.add(found == [f"ok {case}"], said)
        stray = [line for line in lines if not line.startswith(("ok ", "FAILED "))]
        if result.returncode != 0:
            print(f"the client ended with {result.returncode}", *stray, sep="\n", flush=True)

    def refuse(self, command, transport, variables=None):
        """A client that does not trust the server's authority, and one that shows no certificate where it has to."""
        refused = {}  # what it says then
        if transport != CLEARTEXT:
            refused["an unknown authority"] = (["--ca", self.strangers.ca], (UNAVAILABLE, r"\bcertificate\b"))
        if transport == MUTUAL_TLS:
            refused["no certificate"] = (self.client_options(TLS), (UNAVAILABLE,))
        for what, (options, patterns) in refused.items():
            done = self.call(command, options, variables)
            good = done.returncode == 1 and done.stdout.startswith("FAILED empty_unary:")
            good = good and all(re.search(pattern, done.stdout) for pattern in patterns)
            self.report.add(good, f"{what}, refused" if good else f"{what}: {done.stdout}{done.stderr}")
        if refused:  # and the server is not just gone
            done = self.call(command, self.client_options(transport), variables)
            good = (done.returncode, done.stdout) == (0, "ok empty_unary\n")
            self.report.add(good, "a good call after that" + ("" if good else f": {done.stdout}{done.stderr}"))

    def call(self, command, options, variables):
        words = [str(word) for word in (*command, *options, "empty_unary")]
        return subprocess.run(words, env=variables, text=True, capture_output=True, timeout=30)

    def count(self, title, command, target, limits, variables=None):
        """The compressed cases once more, and how many bytes travel."""
        print(f"== {title}: bytes", flush=True)
        for case, (direction, low, high) in limits.items():
            with CountingProxy(target) as proxy:
                words = [str(word) for word in (*command(proxy.address), case)]
                done = subprocess.run(words, env=variables, text=True, capture_output=True, timeout=30)
                size = getattr(proxy, direction)
            good = done.returncode == 0 and low < size < high
            what = f"{case}: {size} bytes {direction}, between {low} and {high}"
            self.report.add(good, what if good else f"{what}\n{done.stdout}{done.stderr}")


def test_clients(interop, name, command, transports, extra=(), limits=PROBED, variables=None):
    """Somebody's client, in every transport, and ours as the server."""
    for transport in transports:
        with interop.our_server(transport) as server:
            line = (*command, server.address, *interop.client_options(transport))
            interop.run(f"{name}, our server, {transport}", line, (*CASES, *COMPRESSED, *extra), variables)
            interop.refuse((*command, server.address), transport, variables)
            if transport == CLEARTEXT:
                interop.count(name, lambda target: (*command, target), server.address, limits, variables)


def test_servers(interop, name, serve, transports, cases=(*CASES, *COMPRESSED), limits=PROBED, options=()):
    """Our client, and somebody's server: serve(transport) runs it."""
    client = interop.build / "grpc_interop_client"
    for transport in transports:
        with serve(transport) as server:
            target = f"127.0.0.1:{server.found[1]}"
            line = (client, target, *interop.client_options(transport), *options)
            interop.run(f"our client, {name}, {transport}", line, cases)
            interop.refuse((client, target), transport)
            if transport == CLEARTEXT and limits:
                interop.count("our client", lambda to: (client, to, *options), target, limits)
        if interop.report.failed:
            print(f"what {name} said:\n{server.said}", flush=True)


def python_client(interop):
    variables = interop.python_variables()
    command = (PYTHON, "-B", interop.source / "tests/grpc/python_client.py")
    transports = (CLEARTEXT, TLS, MUTUAL_TLS)
    test_clients(interop, "python3-grpcio", command, transports, SERVER_FEATURES, WHOLE_CALLS, variables)


def grpcpp_client(interop):
    program = require(interop.build / "grpcpp_client", "grpc++ (libgrpc++-dev, protobuf-compiler-grpc)")
    test_clients(interop, "grpc++", (program,), (CLEARTEXT, TLS, MUTUAL_TLS))


def go_client(interop):
    program = tool("grpc-interop-client")
    for transport in (CLEARTEXT, TLS):
        secure = ["-use_tls", "-use_test_ca", f"-ca_file={interop.certificates.ca}"] if transport == TLS else []
        with interop.our_server(transport) as server:
            print(f"== the official client (Go), our server, {transport}", flush=True)
            host, port = server.address.split(":")
            for case in CASES:
                words = [program, "-server_host", host, "-server_port", port, "-test_case", case, *secure]
                # Go's client cancels and half-closes at once; about one time in 600 the latter is first, the request
                # is a whole one then, and its reply arrives.
                for _ in range(3 if case == "cancel_after_begin" else 1):
                    done = subprocess.run(words, text=True, capture_output=True, timeout=30)
                    if done.returncode == 0:
                        break
                interop.report.add(done.returncode == 0, case if done.returncode == 0 else f"{case}: {done.stderr}")


def grpcurl(interop):
    program = tool("grpcurl")
    for transport in (CLEARTEXT, TLS):
        secure = ["-cacert", interop.certificates.ca] if transport == TLS else ["-plaintext"]
        with interop.our_server(transport) as server:
            print(f"== grpcurl, which knows the methods by reflection only, our server, {transport}", flush=True)

            def ask(*words, data="{}", server=server, secure=secure):
                command = [program, *secure, "-d", data, server.address, *words]
                return subprocess.run(list(map(str, command)), text=True, capture_output=True, timeout=30)

            listed = ask("list").stdout
            wanted = {"grpc.testing.TestService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"}
            interop.report.add(wanted <= set(listed.split()), f"list: {listed.split()}")
            described = ask("describe", "grpc.testing.TestService").stdout
            known = "rpc FullDuplexCall ( stream .grpc.testing.StreamingOutputCallRequest )" in described
            interop.report.add(known, "describe" if known else f"describe: {described}")
            health = ask("grpc.health.v1.Health/Check").stdout
            interop.report.add('"SERVING"' in health, f"health: {health.split()}")
            reply = ask("grpc.testing.TestService/UnaryCall", data='{"response_size": 3}').stdout
            interop.report.add('{"payload":{"body":"AAAA"}}' == "".join(reply.split()), f"unary: {reply.split()}")
            refused = ask("grpc.testing.TestService/UnaryCall", data='{"response_status": {"code": 5}}').stderr
            interop.report.add("Code: NotFound" in refused, f"status: {refused.split()}")


def python_server(interop):
    variables = interop.python_variables()
    program = (PYTHON, "-B", interop.source / "tests/grpc/python_server.py")

    def serve(transport):
        return Peer([*program, *interop.server_options(transport)], r"serves (\d+)", variables)

    test_servers(interop, "python3-grpcio", serve, (CLEARTEXT, TLS), limits=UNPROBED, options=("--no-probe",))


def grpcpp_server(interop):
    program = require(interop.build / "grpcpp_server", "grpc++ (libgrpc++-dev, protobuf-compiler-grpc)")

    def serve(transport):
        return Peer([program, *interop.server_options(transport)], r"serves (\d+)")

    test_servers(interop, "grpc++", serve, (CLEARTEXT, TLS, MUTUAL_TLS))


def go_server(interop):
    """It knows no gzip."""
    program = tool("grpc-interop-server")
    certificate, key = interop.certificates.server

    def serve(transport):
        secure = [] if transport == CLEARTEXT else ["-use_tls", "-tls_cert_file", certificate, "-tls_key_file", key]
        return Peer([program, "-port", "0", *secure], r"listening on \S*:(\d+)", {"GRPC_GO_LOG_SEVERITY_LEVEL": "info"})

    test_servers(interop, "the official server (Go)", serve, (CLEARTEXT, TLS), CASES, None)


def own(interop):
    test_clients(interop, "our client", (interop.build / "grpc_interop_client",), (CLEARTEXT, TLS, MUTUAL_TLS))


TESTS = (python_client, grpcpp_client, go_client, grpcurl, python_server, grpcpp_server, go_server, own)


def main():
    tests = {test.__name__: test for test in TESTS}
    parser = argparse.ArgumentParser()
    parser.add_argument("test", choices=tests)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        interop = Interop(options.build, options.source, folder)
        try:
            tests[options.test](interop)
        except Skip as reason:
            print(f"skipped: {reason}")
            return 77
    print(f"{interop.report.passed} passed, {interop.report.failed} failed")
    return 1 if interop.report.failed or not interop.report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
