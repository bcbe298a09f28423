"""The server of gRPC's interoperability cases with python3-grpcio.

Usage: python_server.py [--certificate FILE --key FILE]
PYTHONPATH names the folder of interop_pb2 and interop_pb2_grpc. Says "serves PORT" and serves until it is told to stop.
It cannot see whether a message came compressed, and refuses none.
"""

import argparse
import concurrent.futures
import pathlib
import signal

import grpc
import interop_pb2 as interop
import interop_pb2_grpc


def echo_metadata(context):
    metadata = dict(context.invocation_metadata())
    initial, trailing = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
    if initial in metadata:
        context.send_initial_metadata(((initial, metadata[initial]),))
    if trailing in metadata:
        context.set_trailing_metadata(((trailing, metadata[trailing]),))


def end_with(context, status):
    if status.code != 0:
        codes = {code.value[0]: code for code in grpc.StatusCode}
        context.abort(codes[status.code], status.message)


def outputs(request, context):
    for parameters in request.response_parameters:
        if not parameters.compressed.value:
            context.disable_next_message_compression()
        yield interop.StreamingOutputCallResponse(payload=interop.Payload(body=bytes(parameters.size)))


class TestService(interop_pb2_grpc.TestServiceServicer):
    def EmptyCall(self, request, context):
        return interop.Empty()

    def UnaryCall(self, request, context):
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        echo_metadata(context)
        end_with(context, request.response_status)
        return interop.SimpleResponse(payload=interop.Payload(body=bytes(request.response_size)))

    def StreamingOutputCall(self, request, context):
        context.set_compression(grpc.Compression.Gzip)
        yield from outputs(request, context)

    def StreamingInputCall(self, requests, context):
        total = sum(len(request.payload.body) for request in requests)
        return interop.StreamingInputCallResponse(aggregated_payload_size=total)

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            end_with(context, request.response_status)
            yield from outputs(request, context)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    line = parser.parse_args()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=8))
    interop_pb2_grpc.add_TestServiceServicer_to_server(TestService(), server)
    if line.certificate:
        pair = tuple(pathlib.Path(name).read_bytes() for name in (line.key, line.certificate))
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(0))
    print(f"serves {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
