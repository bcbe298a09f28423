"""The rules of the house that one file can break by itself. Each yields (line, what and why, what to do)."""

import re

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
MAX_COLUMNS = 120

BANNED_WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE_PATH = re.compile(r"(?:^|[^\w.])/(?:work|farm|home|root)/")

HEAVY_HEADER = re.compile(
    r"^(?:asio|boost|nlohmann|grpc|grpcpp|google/protobuf|yaml-cpp|fmt|openssl|simdjson|re2|brotli|nghttp2)/"
    r"|^(?:regex|iostream|sqlite3\.h|ares\.h|zlib\.h|gtest/.*|gmock/.*)$"
)

# (name, what it is, pattern, applies to tests as well)
BANNED_CALLS = (
    (
        "clock",
        "the clock",
        re.compile(
            r"\b\w*_clock::now\b|\b(?:gettimeofday|clock_gettime)\s*\("
            r"|(?<![\w.>:])(?:::|std::)?time\s*\(\s*(?:nullptr|NULL|0)\s*\)"
        ),
        False,
    ),
    (
        "random",
        "randomness",
        re.compile(r"(?<![\w.>:])(?:::|std::)?s?rand\s*\(|\brandom_device\b|\b(?:getrandom|getentropy)\s*\("),
        True,
    ),
    ("thread", "threads", re.compile(r"\bstd::(?:jthread|thread|async)\b|\bpthread_create\s*\("), False),
    (
        "sleep",
        "sleeping",
        re.compile(r"\bthis_thread::\w+|\b(?:usleep|nanosleep)\s*\(|(?<![\w>])::sleep\s*\("),
        True,
    ),
    (
        "socket",
        "sockets",
        re.compile(
            r"(?<![\w>])::(?:socket|connect|bind|listen|accept4?|recv(?:msg|from)?|send(?:msg|to)?|poll|select)\s*\("
            r"|\b(?:epoll_(?:create1?|ctl|p?wait)|getaddrinfo|timerfd_create|eventfd)\s*\("
        ),
        False,
    ),
)

# Header fields whose grammar is a list (RFC 9110 section 5.6.1, and the specifications of the others): read with
# header(), get() or find() the first line would pass for all of it.
LIST_FIELD_READ = re.compile(
    r"\b(?:header|get|find)\(\s*\"(?:accept(?:-charset|-encoding|-language|-ranges)?|allow|baggage|cache-control"
    r"|access-control-(?:allow|request)-headers|connection|content-(?:encoding|language)|expect|forwarded|if-match"
    r"|if-none-match|(?:connect|grpc)-accept-encoding|link|proxy-authenticate|te|tracestate|trailer"
    r"|transfer-encoding|upgrade|vary|via|www-authenticate|x-forwarded-for)\"\s*\)",
    re.IGNORECASE,
)


def check_file_length(text):
    lines = text.count("\n")
    if lines > MAX_FILE_LINES:
        yield 1, f"the file has {lines} lines; past {MAX_FILE_LINES} it is more than one concept", "split it by concept"


def check_words(text):
    for number, line in enumerate(text.splitlines(), 1):
        word = BANNED_WORDS.search(line)
        if word:
            yield number, f"'{word.group()}' marks unfinished work", "finish it, or leave it out and say so"
        if MACHINE_PATH.search(line):
            yield number, "a path of one machine", "use a path relative to the repository or to a temporary folder"


def check_columns(text, exempt_lines=frozenset()):
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MAX_COLUMNS and number not in exempt_lines:
            yield number, f"the line has {len(line)} columns; {MAX_COLUMNS} fit", "break it (make format does most)"


def check_functions(source):
    text = source.text.splitlines()
    for first, lines in source.functions():
        if lines > MAX_FUNCTION_LINES and "tidy:allow(function)" not in text[first - 1]:
            yield (
                first,
                f"the function has {lines} lines; past {MAX_FUNCTION_LINES} it is not seen at once",
                "take out steps with names of their own",
            )


def check_public_header(source, module):
    if not source.text.startswith("//"):
        yield 1, "a public header opens with a comment: what it is, when to use it, an example", "see STYLE.md"
    if not re.search(r"^#pragma once$", source.text, re.MULTILINE):
        yield 1, "a header without #pragma once", "add it below the opening comment"
    for line, path in source.includes:
        if module == "reflect" and path.startswith("boost/pfr"):
            continue
        if HEAVY_HEADER.search(path):
            yield (
                line,
                f"<{path}> in a public header costs every user compile time or a dependency",
                "move it into the source, behind a forward declaration or a pimpl",
            )
        if "internal/" in path:
            yield line, f"<{path}> is not installed, but this public header is", "make it public, or use it in a source"


def check_calls(source, is_test):
    lines = source.text.splitlines()
    for name, what, pattern, for_tests in BANNED_CALLS:
        if is_test and not for_tests:
            continue
        for match in pattern.finditer(source.code):
            number = source.line_at(match.start())
            if f"tidy:allow({name})" in lines[number - 1]:
                continue
            yield (
                number,
                f"'{match.group().strip()}': {what} is behind the runtime, so that a simulated world can stand in",
                f"use marty/runtime (or say why not on this line: tidy:allow({name}))",
            )


# Error(Code::resource_exhausted, ...) is 429: it blames the caller. Error(error.code(), ...) forgets the status.
CODES = (
    (
        "caller",
        re.compile(r"\bError\s*\(\s*Code::resource_exhausted\b"),
        "tells the caller to send less (429), and no failure of the service is counted or logged",
        "use Error::exhausted() where it is ours",
    ),
    (
        "status",
        re.compile(r"\bError\s*\(\s*\w+\.code\(\)\s*,"),
        "an error made of another one's code alone loses its HTTP status",
        "use with_message()",
    ),
)


def check_codes(source):
    lines = source.text.splitlines()
    for name, pattern, what, advice in CODES:
        for match in pattern.finditer(source.code):
            number = source.line_at(match.start())
            if f"tidy:allow({name})" not in lines[number - 1]:
                yield number, f"'{match.group()}' {what}", f"{advice} (or say why not on this line: tidy:allow({name}))"


def check_list_fields(source):
    for number, line in enumerate(source.text.splitlines(), 1):
        match = LIST_FIELD_READ.search(line.split("//")[0])
        if match and "tidy:allow(list)" not in line:
            yield (
                number,
                f"'{match.group().strip()}': the field is a list, and this is its first line alone",
                "read it with list(...), see http/list_field.hpp; has(...) says whether it is there",
            )


# A test's name is a function's: a sentence in snake_case.
TEST_NAME = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*\w+,\s*(\w+)\)")


def check_test_names(source):
    for match in TEST_NAME.finditer(source.code):
        if match.group(1) != match.group(1).lower():
            yield (
                source.line_at(match.start(1)),
                f"the test's name '{match.group(1)}' is not in snake_case",
                "write what holds as a sentence: refuses_a_port_that_is_no_number",
            )
