"""gRPC's interoperability cases, and what else a server of ours offers, with the client of python3-grpcio.

Usage: python_client.py HOST:PORT [--ca FILE] [--certificate FILE --key FILE] CASE...
PYTHONPATH names the folder of the messages (interop_pb2, health_pb2, reflection_pb2, status_pb2). Prints "ok CASE" or
"FAILED CASE: why" for each, and exits with 1 where one failed.
"""

import argparse
import pathlib
import sys
import threading

import grpc
import health_pb2
import interop_pb2 as interop
import interop_pb2_grpc
import reflection_pb2
import status_pb2
from google.protobuf import descriptor_pb2

REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
LARGE_REQUEST, LARGE_RESPONSE = 271828, 314159
TIMEOUT = 15
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def expect_equal(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what} is {got!r}, not {wanted!r}")


def expect_error(code, call, details=None):
    """The error that the call ends with; a stream is read to its end."""
    try:
        result = call()
        for _ in result if hasattr(result, "__next__") else ():
            pass
    except grpc.RpcError as error:
        expect_equal(error.code(), code, f"the code (with {error.details()!r})")
        if details is not None:
            expect_equal(error.details(), details, "the message")
        return error
    raise AssertionError("the call went well")


def payload(size):
    return interop.Payload(body=bytes(size))


def unary_request(request_size, response_size, **more):
    return interop.SimpleRequest(payload=payload(request_size), response_size=response_size, **more)


def output_request(request_size, *response_sizes):
    parameters = [interop.ResponseParameters(size=size) for size in response_sizes]
    return interop.StreamingOutputCallRequest(payload=payload(request_size), response_parameters=parameters)


def sizes(responses):
    return [len(response.payload.body) for response in responses]


def yes(value):
    return interop.BoolValue(value=value)


class PingPong:
    """An iterator of requests that waits until the response to the one before has come."""

    def __init__(self):
        self.next_sizes, self.closed, self.ready = [], False, threading.Condition()

    def send(self, *request_and_response_sizes):
        with self.ready:
            self.next_sizes.append(request_and_response_sizes)
            self.ready.notify()

    def close(self):
        with self.ready:
            self.closed = True
            self.ready.notify()

    def __iter__(self):
        return self

    def __next__(self):
        with self.ready:
            self.ready.wait_for(lambda: self.next_sizes or self.closed, TIMEOUT)
            if not self.next_sizes:
                raise StopIteration
            return output_request(*self.next_sizes.pop(0))


@case
def empty_unary(stub, _):
    expect_equal(stub.EmptyCall(interop.Empty(), timeout=TIMEOUT), interop.Empty(), "the response")


@case
def large_unary(stub, _):
    response = stub.UnaryCall(unary_request(LARGE_REQUEST, LARGE_RESPONSE), timeout=TIMEOUT)
    expect_equal(response.payload.body, bytes(LARGE_RESPONSE), "the body")


@case
def client_streaming(stub, _):
    requests = (interop.StreamingInputCallRequest(payload=payload(size)) for size in REQUEST_SIZES)
    response = stub.StreamingInputCall(requests, timeout=TIMEOUT)
    expect_equal(response.aggregated_payload_size, sum(REQUEST_SIZES), "the sum")


@case
def server_streaming(stub, _):
    responses = stub.StreamingOutputCall(output_request(0, *RESPONSE_SIZES), timeout=TIMEOUT)
    expect_equal(sizes(responses), list(RESPONSE_SIZES), "the sizes")


@case
def ping_pong(stub, _):
    requests = PingPong()
    responses = stub.FullDuplexCall(requests, timeout=TIMEOUT)
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.send(request_size, response_size)
        expect_equal(len(next(responses).payload.body), response_size, "the size")
    requests.close()
    expect_equal(list(responses), [], "what is left")


@case
def empty_stream(stub, _):
    expect_equal(list(stub.FullDuplexCall(iter(()), timeout=TIMEOUT)), [], "the responses")


@case
def custom_metadata(stub, _):
    initial = ("x-grpc-test-echo-initial", "test_initial_metadata_value")
    trailing = ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")

    def check(call):
        expect_equal([each for each in call.initial_metadata() if each[0] == initial[0]], [initial], "the head's")
        expect_equal([each for each in call.trailing_metadata() if each[0] == trailing[0]], [trailing], "the trailers'")

    request = unary_request(LARGE_REQUEST, LARGE_RESPONSE)
    check(stub.UnaryCall.with_call(request, metadata=(initial, trailing), timeout=TIMEOUT)[1])
    request = output_request(LARGE_REQUEST, LARGE_RESPONSE)
    call = stub.FullDuplexCall(iter([request]), metadata=(initial, trailing), timeout=TIMEOUT)
    expect_equal(sizes(call), [LARGE_RESPONSE], "the sizes")
    check(call)


@case
def status_code_and_message(stub, _):
    status = interop.EchoStatus(code=2, message="test status message")
    unary = interop.SimpleRequest(response_status=status)
    expect_error(grpc.StatusCode.UNKNOWN, lambda: stub.UnaryCall(unary, timeout=TIMEOUT), status.message)
    stream = interop.StreamingOutputCallRequest(response_status=status)
    expect_error(
        grpc.StatusCode.UNKNOWN, lambda: stub.FullDuplexCall(iter([stream]), timeout=TIMEOUT), status.message
    )


@case
def special_status_message(stub, _):
    message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
    request = interop.SimpleRequest(response_status=interop.EchoStatus(code=2, message=message))
    expect_error(grpc.StatusCode.UNKNOWN, lambda: stub.UnaryCall(request, timeout=TIMEOUT), message)


@case
def unimplemented_method(stub, _):
    expect_error(grpc.StatusCode.UNIMPLEMENTED, lambda: stub.UnimplementedCall(interop.Empty(), timeout=TIMEOUT))


@case
def unimplemented_service(_, channel):
    stub = interop_pb2_grpc.UnimplementedServiceStub(channel)
    expect_error(grpc.StatusCode.UNIMPLEMENTED, lambda: stub.UnimplementedCall(interop.Empty(), timeout=TIMEOUT))


@case
def cancel_after_begin(stub, _):
    requests = PingPong()
    call = stub.StreamingInputCall.future(requests, timeout=TIMEOUT)
    call.cancel()
    requests.close()
    expect_equal(call.cancelled(), True, "that the call is cancelled")
    expect_equal(call.code(), grpc.StatusCode.CANCELLED, "the code")


@case
def cancel_after_first_response(stub, _):
    requests = PingPong()
    call = stub.FullDuplexCall(requests, timeout=TIMEOUT)
    requests.send(27182, 31415)
    expect_equal(len(next(call).payload.body), 31415, "the size")
    call.cancel()
    requests.close()
    expect_error(grpc.StatusCode.CANCELLED, lambda: call)


@case
def timeout_on_sleeping_server(stub, _):
    requests = PingPong()
    requests.send(27182, 1)
    expect_error(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: stub.FullDuplexCall(requests, timeout=0.001))
    requests.close()


@case
def client_compressed_unary(stub, _):
    request = unary_request(LARGE_REQUEST, LARGE_RESPONSE, expect_compressed=yes(True))
    expect_error(grpc.StatusCode.INVALID_ARGUMENT, lambda: stub.UnaryCall(request, timeout=TIMEOUT))
    response = stub.UnaryCall(request, compression=grpc.Compression.Gzip, timeout=TIMEOUT)
    expect_equal(len(response.payload.body), LARGE_RESPONSE, "the size")
    request.expect_compressed.value = False
    response = stub.UnaryCall(request, timeout=TIMEOUT)
    expect_equal(len(response.payload.body), LARGE_RESPONSE, "the size")


@case
def server_compressed_unary(stub, _):
    for compressed in (True, False):
        request = unary_request(0, LARGE_RESPONSE, response_compressed=yes(compressed))
        response = stub.UnaryCall(request, timeout=TIMEOUT)
        expect_equal(response.payload.body, bytes(LARGE_RESPONSE), "the body")


@case
def client_compressed_streaming(stub, _):
    """This client compresses all messages of a call, or none."""

    def requests(*request_sizes):
        for size in request_sizes:
            yield interop.StreamingInputCallRequest(payload=payload(size), expect_compressed=yes(True))

    expect_error(
        grpc.StatusCode.INVALID_ARGUMENT, lambda: stub.StreamingInputCall(requests(27182), timeout=TIMEOUT)
    )
    response = stub.StreamingInputCall(requests(27182, 45904), compression=grpc.Compression.Gzip, timeout=TIMEOUT)
    expect_equal(response.aggregated_payload_size, 73086, "the sum")


@case
def server_compressed_streaming(stub, _):
    parameters = [
        interop.ResponseParameters(size=31415, compressed=yes(True)),
        interop.ResponseParameters(size=92653, compressed=yes(False)),
    ]
    request = interop.StreamingOutputCallRequest(response_parameters=parameters)
    expect_equal(sizes(stub.StreamingOutputCall(request, timeout=TIMEOUT)), [31415, 92653], "the sizes")


@case
def status_details(stub, _):
    """Errors come with google.rpc details: why, of which service, and the correlation."""
    status = interop.EchoStatus(code=9, message="not now")
    request = interop.SimpleRequest(response_status=status)
    error = expect_error(
        grpc.StatusCode.FAILED_PRECONDITION,
        lambda: stub.UnaryCall(request, metadata=(("x-correlation-id", "interop-1"),), timeout=TIMEOUT),
    )
    found = dict(error.trailing_metadata())["grpc-status-details-bin"]
    details = status_pb2.Status.FromString(found)
    expect_equal((details.code, details.message), (9, "not now"), "code and message of the details")
    expect_equal([each.type_url for each in details.details], ["type.googleapis.com/google.rpc.ErrorInfo"], "details")
    info = status_pb2.ErrorInfo.FromString(details.details[0].value)
    expect_equal((info.reason, info.domain), ("FAILED_PRECONDITION", "grpc.testing.TestService"), "reason and service")
    expect_equal(info.metadata["correlation_id"], "interop-1", "the correlation")


HEALTH = {
    "request_serializer": health_pb2.HealthCheckRequest.SerializeToString,
    "response_deserializer": health_pb2.HealthCheckResponse.FromString,
}


@case
def health_check(_, channel):
    check = channel.unary_unary("/grpc.health.v1.Health/Check", **HEALTH)
    for service in ("", "grpc.testing.TestService"):
        response = check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT)
        expect_equal(response.status, health_pb2.HealthCheckResponse.SERVING, f"the state of {service!r}")
    unknown = health_pb2.HealthCheckRequest(service="no.such.Service")
    expect_error(grpc.StatusCode.NOT_FOUND, lambda: check(unknown, timeout=TIMEOUT))


@case
def health_watch(_, channel):
    watch = channel.unary_stream("/grpc.health.v1.Health/Watch", **HEALTH)
    for service, state in (("grpc.testing.TestService", "SERVING"), ("no.such.Service", "SERVICE_UNKNOWN")):
        call = watch(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT)
        expect_equal(next(call).status, health_pb2.HealthCheckResponse.ServingStatus.Value(state), service)
        call.cancel()
        expect_error(grpc.StatusCode.CANCELLED, lambda: call)


@case
def reflection(_, channel):
    for version in ("v1", "v1alpha"):
        reflect = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        requests = [
            reflection_pb2.ServerReflectionRequest(list_services="*"),
            reflection_pb2.ServerReflectionRequest(file_containing_symbol="grpc.testing.TestService"),
            reflection_pb2.ServerReflectionRequest(file_containing_symbol="no.such.Service"),
        ]
        services, file, unknown = reflect(iter(requests), timeout=TIMEOUT)
        names = {service.name for service in services.list_services_response.service}
        missing = {"grpc.testing.TestService", "grpc.health.v1.Health"} - names
        expect_equal(missing, set(), f"what is missing among {names}")
        found = descriptor_pb2.FileDescriptorProto.FromString(file.file_descriptor_response.file_descriptor_proto[0])
        expect_equal(found.package, "grpc.testing", "the package")
        methods = [method.name for method in found.service[0].method]
        expect_equal("FullDuplexCall" in methods, True, f"that FullDuplexCall is among {methods}")
        expect_equal(unknown.error_response.error_code, 5, "the code for what is unknown")


def open_channel(line):
    if not line.ca:
        return grpc.insecure_channel(line.target)
    ca, certificate, key = (
        pathlib.Path(name).read_bytes() if name else None for name in (line.ca, line.certificate, line.key)
    )
    return grpc.secure_channel(line.target, grpc.ssl_channel_credentials(ca, key, certificate))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    for option in ("--ca", "--certificate", "--key"):
        parser.add_argument(option)
    parser.add_argument("cases", nargs="+", metavar="CASE")
    line = parser.parse_args()
    failed = False
    with open_channel(line) as channel:
        stub = interop_pb2_grpc.TestServiceStub(channel)
        for name in line.cases:
            try:
                CASES[name](stub, channel)
                print(f"ok {name}", flush=True)
            except Exception as problem:  # noqa: BLE001 – whatever it is, it is this case's failure
                print(f"FAILED {name}: {type(problem).__name__}: {problem}", flush=True)
                failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
